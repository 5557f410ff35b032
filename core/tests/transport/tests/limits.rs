//! Responses and requests that are larger than usual, and responses that never begin.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on fails there")]

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use seekauth::{ErrorKind, blocking};
use seekauth_transport::http2::{Http2Server, Reaction};
use seekauth_transport::{After, Authority, Certificate, Server, ask, config, get};

const GRANT: &str = r#"{"access_token":"token-1","token_type":"Bearer","expires_in":1800}"#;

/// A server of HTTP/1.1 that says `response` to each request on a connection of its own; its URL.
fn plain(
    response: impl Fn(&mut TcpStream) -> std::io::Result<()> + Send + Sync + 'static,
) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/token", listener.local_addr().unwrap());
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            // Small requests come in one piece.
            let _ = stream.read(&mut [0; 16 * 1024]);
            // The client may have seen enough.
            let _ = response(&mut stream);
        }
    });
    url
}

fn with_headers(count: usize, length: usize) -> String {
    let value = "v".repeat(length);
    plain(move |stream| {
        let headers: Vec<String> =
            (0..count).map(|number| format!("x-{number}: {value}\r\n")).collect();
        let headers = headers.concat();
        let length = GRANT.len();
        write!(
            stream,
            "HTTP/1.1 200 OK\r\n{headers}content-type: application/json\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{GRANT}"
        )
    })
}

#[test]
fn many_and_long_headers_are_read() {
    for (count, length) in [(300, 20), (1500, 20), (40, 1000), (200, 1000), (1, 60_000)] {
        let token = get(config(&with_headers(count, length)));
        assert_eq!(token.unwrap(), "token-1", "{count} of {length}");
    }
    let authority = Authority::new();
    for length in [40_000, 200_000] {
        let server = Http2Server::start(authority.server(Certificate::Good, false), move |_| {
            Reaction::Headers(length)
        });
        let token = get(config(&server.url("/token")).ca_file(authority.ca_file()));
        assert_eq!(token.unwrap(), "token-1", "{length}");
    }
}

#[test]
fn headers_beyond_all_measure_are_final_and_asked_for_once() {
    for url in [with_headers(3000, 10), with_headers(1000, 1000)] {
        let began = Instant::now();
        let error = get(config(&url)).unwrap_err();
        assert_eq!((error.kind(), error.retryable()), (ErrorKind::Protocol, false), "{error}");
        assert!(error.message().contains("256 KB"), "{error}");
        assert!(began.elapsed() < Duration::from_secs(5));
    }
    let authority = Authority::new();
    for length in [300_000, 3_000_000] {
        let server = Http2Server::start(authority.server(Certificate::Good, false), move |_| {
            Reaction::Headers(length)
        });
        let error = get(config(&server.url("/token")).ca_file(authority.ca_file())).unwrap_err();
        assert_eq!((error.kind(), error.retryable()), (ErrorKind::Protocol, false), "{error}");
        assert_eq!(server.requests(), 1, "{length}");
    }
}

#[test]
fn a_token_of_64_kib_is_read_and_sent() {
    let authority = Authority::new();
    for length in [8 * 1024, 33 * 1024, 64 * 1024] {
        let server = |script: fn(usize) -> Reaction| {
            Http2Server::start(authority.server(Certificate::Good, false), move |_| script(length))
        };
        let (tokens, api) = (server(Reaction::Token), server(|_| Reaction::Respond));
        let config = config(&tokens.url("/token")).ca_file(authority.ca_file());
        let client = blocking::Client::new(config.api_url(api.url("/graphql"))).unwrap();
        for _ in 0..3 {
            assert_eq!(ask(&client, Duration::from_secs(20)).unwrap(), 200, "{length}");
        }
        assert!(api.header_bytes() > length * 3 / 5, "{length}: {}", api.header_bytes());
    }
}

#[test]
fn interim_responses_are_skipped_and_do_not_go_on_for_ever() {
    let a_few = plain(|stream| {
        for _ in 0..20 {
            write!(stream, "HTTP/1.1 102 Processing\r\n\r\n")?;
        }
        let length = GRANT.len();
        write!(
            stream,
            "HTTP/1.1 200 OK\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{GRANT}"
        )
    });
    assert_eq!(get(config(&a_few)).unwrap(), "token-1");
    let endless = plain(|stream| {
        let flood = "HTTP/1.1 102 Processing\r\n\r\n".repeat(1000);
        loop {
            stream.write_all(flood.as_bytes())?;
        }
    });
    let authority = Authority::new();
    let tls = authority.server(Certificate::Good, false);
    let http2 = Http2Server::start(tls, |_| Reaction::Interim);
    let http2 = config(&http2.url("/token")).ca_file(authority.ca_file());
    for config in [config(&endless), http2] {
        let began = Instant::now();
        let error = get(config).unwrap_err();
        assert_eq!((error.kind(), error.retryable()), (ErrorKind::Protocol, false), "{error}");
        assert!(error.message().contains("interim"), "{error}");
        assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    }
}

#[test]
fn a_flood_of_interim_responses_delays_nobody_else() {
    let authority = Authority::new();
    let http1 = plain(|stream| {
        let flood = "HTTP/1.1 102 Processing\r\n\r\n".repeat(4000);
        loop {
            stream.write_all(flood.as_bytes())?;
        }
    });
    let http2 =
        Http2Server::start(authority.server(Certificate::Good, false), |_| Reaction::Interim);
    let floods = [config(&http1), config(&http2.url("/token")).ca_file(authority.ca_file())];
    for flood in floods {
        let client = blocking::Client::new(flood.request_timeout(Duration::from_secs(3))).unwrap();
        let flooded = {
            let client = client.clone();
            thread::spawn(move || client.get_token(Some(Duration::from_secs(4))).map(|_| ()))
        };
        let mut slowest = Duration::ZERO;
        while !flooded.is_finished() {
            let server = Server::start(None, After::Keep);
            let began = Instant::now();
            get(config(&server.url())).unwrap();
            slowest = slowest.max(began.elapsed());
        }
        assert!(flooded.join().unwrap().is_err());
        client.close();
        assert!(slowest < Duration::from_secs(1), "{slowest:?}");
    }
}
