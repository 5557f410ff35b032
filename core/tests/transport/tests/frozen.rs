//! Connections that are alive as TCP sees it, and on which nothing is answered any more.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on fails there")]

use std::thread;
use std::time::{Duration, Instant};

use seekauth::{Config, ErrorKind, blocking};
use seekauth_transport::http2::{Http2Server, Reaction};
use seekauth_transport::{Authority, Certificate, ask, config};

fn server(
    authority: &Authority,
    script: impl Fn(seekauth_transport::http2::Seen) -> Reaction + Send + Sync + 'static,
) -> Http2Server {
    Http2Server::start(authority.server(Certificate::Good, false), script)
}

fn client(authority: &Authority, tokens: &Http2Server, api: &Http2Server) -> Config {
    config(&tokens.url("/token")).ca_file(authority.ca_file()).api_url(api.url("/graphql"))
}

#[test]
fn a_frozen_connection_fails_one_call_and_no_other() {
    let authority = Authority::new();
    let tokens = server(&authority, |_| Reaction::Respond);
    let api = server(&authority, |seen| match (seen.connection, seen.nth) {
        (1 | 2, 3..) => Reaction::Freeze,
        _ => Reaction::Respond,
    });
    let client = blocking::Client::new(client(&authority, &tokens, &api)).unwrap();
    let results: Vec<_> = (0..20).map(|_| ask(&client, Duration::from_millis(700))).collect();
    let failed: Vec<_> = results.iter().filter_map(|result| result.as_ref().err()).collect();
    assert!(failed.iter().all(|error| error.kind() == ErrorKind::Timeout), "{failed:?}");
    assert_eq!((failed.len(), api.connections()), (2, 3));
}

#[test]
fn a_stream_that_is_not_answered_takes_its_connection_with_it() {
    let authority = Authority::new();
    let tokens = server(&authority, |_| Reaction::Respond);
    let api = server(&authority, |seen| match seen.connection {
        1 => Reaction::Ignore,
        _ => Reaction::Respond,
    });
    let client = blocking::Client::new(client(&authority, &tokens, &api)).unwrap();
    assert_eq!(ask(&client, Duration::from_millis(500)).unwrap_err().kind(), ErrorKind::Timeout);
    assert_eq!(ask(&client, Duration::from_secs(20)).unwrap(), 200);
    assert_eq!(api.connections(), 2);
}

#[test]
fn a_frozen_token_endpoint_costs_one_request_and_no_call() {
    let authority = Authority::new();
    let tokens = server(&authority, |seen| match (seen.connection, seen.nth) {
        (1, 2..) => Reaction::Freeze,
        _ => Reaction::Respond,
    });
    let config = config(&tokens.url("/token"))
        .ca_file(authority.ca_file())
        .request_timeout(Duration::from_millis(700));
    let client = blocking::Client::new(config).unwrap();
    let first = client.get_token(None).unwrap();
    let second = client.with_scope("another").unwrap().get_token(None).unwrap();
    assert_ne!(first.value(), second.value());
    assert_eq!((tokens.connections(), tokens.requests()), (2, 3));
}

#[test]
fn a_call_with_a_lot_of_time_learns_of_the_freeze_from_a_ping() {
    let authority = Authority::new();
    let tokens = server(&authority, |_| Reaction::Respond);
    let api = server(&authority, |seen| match seen.connection {
        1 => Reaction::Freeze,
        _ => Reaction::Respond,
    });
    let client = blocking::Client::new(client(&authority, &tokens, &api)).unwrap();
    let began = Instant::now();
    let error = ask(&client, Duration::from_secs(90)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Network, "{error}");
    assert!(began.elapsed() < Duration::from_secs(40), "{:?}", began.elapsed());
    assert_eq!(ask(&client, Duration::from_secs(20)).unwrap(), 200);
}

#[test]
fn a_connection_is_asked_for_a_sign_of_life_and_a_slow_response_arrives() {
    let authority = Authority::new();
    let tokens = server(&authority, |_| Reaction::Respond);
    let api = server(&authority, |_| {
        // The whole server sleeps, as far as this connection can tell; its pongs come late.
        thread::sleep(Duration::from_secs(14));
        Reaction::Respond
    });
    let client = blocking::Client::new(client(&authority, &tokens, &api)).unwrap();
    assert_eq!(ask(&client, Duration::from_secs(60)).unwrap(), 200);
    assert!(api.pings() > 0);
}
