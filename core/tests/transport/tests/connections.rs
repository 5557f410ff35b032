//! Connections that come and go under the client.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on fails there")]

use std::net::{Ipv6Addr, TcpListener, TcpStream};
use std::time::{Duration, Instant};

use seekauth::{Config, ErrorKind, blocking};
use seekauth_transport::{After, Server, config, get};

/// A token, and one of another scope.
fn two_tokens(config: Config) -> Vec<String> {
    let client = blocking::Client::new(config).unwrap();
    let first = client.get_token(None).unwrap();
    let second = client.with_scope("another").unwrap().get_token(None).unwrap();
    vec![first.value().to_owned(), second.value().to_owned()]
}

#[test]
fn a_connection_is_used_again() {
    let server = Server::start(None, After::Keep);
    assert_eq!(two_tokens(config(&server.url())), ["token-1", "token-2"]);
    assert_eq!((server.connections(), server.requests()), (1, 2));
}

#[test]
fn a_connection_that_went_stale_is_no_ones_error() {
    for (after, requests) in [(After::Close, 2), (After::Reset, 2), (After::SwallowSecond, 3)] {
        let server = Server::start(None, after);
        assert_eq!(two_tokens(config(&server.url())).len(), 2, "{after:?}");
        assert_eq!((server.connections(), server.requests()), (2, requests), "{after:?}");
    }
}

#[test]
fn ipv6_works() {
    let Ok(server) = Server::start_at(Ipv6Addr::LOCALHOST.into(), None, After::Keep) else {
        println!("left out: this machine has no IPv6 loopback");
        return;
    };
    assert!(server.url().contains("[::1]"));
    assert!(get(config(&server.url())).is_ok());
}

#[test]
fn connecting_takes_no_longer_than_allowed() {
    // The kernel answers nobody once the queue of a listener that never accepts is full.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let mut queue = Vec::new();
    while let Ok(stream) = TcpStream::connect_timeout(&address, Duration::from_millis(300)) {
        queue.push(stream);
        assert!(queue.len() < 10_000, "the queue has no end");
    }
    let allowed = Duration::from_millis(400);
    let began = Instant::now();
    let url = format!("http://{address}/token");
    let config = config(&url).connect_timeout(allowed).timeout(Duration::from_millis(450));
    let error = get(config).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Network | ErrorKind::Timeout), "{error}");
    assert!(began.elapsed() >= Duration::from_millis(400));
}
