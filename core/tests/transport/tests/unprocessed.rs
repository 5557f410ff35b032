//! Requests that a server says it did not process are sent again, and no others.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on fails there")]

use std::thread;
use std::time::Duration;

use seekauth::{ErrorKind, blocking};
use seekauth_transport::http2::{
    HTTP_1_1_REQUIRED, Http2Server, NO_ERROR, REFUSED_STREAM, Reaction, Seen,
};
use seekauth_transport::{Authority, Certificate, ask, config};

const ENHANCE_YOUR_CALM: u32 = 11;
const INTERNAL_ERROR: u32 = 2;
const TIMEOUT: Duration = Duration::from_secs(30);

struct World {
    tokens: Http2Server,
    api: Http2Server,
    client: blocking::Client,
    _authority: Authority,
}

impl World {
    /// Tokens and API by the same script.
    fn new(script: impl Fn(Seen) -> Reaction + Clone + Send + Sync + 'static) -> Self {
        let authority = Authority::new();
        let server =
            |script| Http2Server::start(authority.server(Certificate::Good, false), script);
        let (tokens, api) = (server(script.clone()), server(script));
        let config = config(&tokens.url("/token")).ca_file(authority.ca_file());
        let client = blocking::Client::new(config.api_url(api.url("/graphql"))).unwrap();
        Self { tokens, api, client, _authority: authority }
    }
}

#[test]
fn what_was_not_looked_at_is_sent_again() {
    for reaction in [
        Reaction::GoAwayBefore(NO_ERROR),
        Reaction::GoAwayBefore(ENHANCE_YOUR_CALM),
        Reaction::Reset(REFUSED_STREAM),
    ] {
        let first = reaction.clone();
        let world = World::new(move |seen| match seen.request {
            1 | 2 | 4 => first.clone(),
            _ => Reaction::Respond,
        });
        assert_eq!(ask(&world.client, TIMEOUT).unwrap(), 200, "{reaction:?}");
        assert_eq!(ask(&world.client, TIMEOUT).unwrap(), 200, "{reaction:?}");
        assert_eq!((world.api.requests(), world.api.answered()), (5, 2), "{reaction:?}");
        assert_eq!((world.tokens.requests(), world.tokens.answered()), (3, 1), "{reaction:?}");
    }
}

#[test]
fn what_may_have_been_processed_is_not_sent_again() {
    for reaction in [
        Reaction::GoAwayAfter(NO_ERROR),
        Reaction::GoAwayAfter(INTERNAL_ERROR),
        Reaction::Reset(INTERNAL_ERROR),
    ] {
        let authority = Authority::new();
        let server = |script: Box<dyn Fn(Seen) -> Reaction + Send + Sync>| {
            Http2Server::start(authority.server(Certificate::Good, false), script)
        };
        let tokens = server(Box::new(|_| Reaction::Respond));
        let always = reaction.clone();
        let api = server(Box::new(move |_| always.clone()));
        let config = config(&tokens.url("/token")).ca_file(authority.ca_file());
        let client = blocking::Client::new(config.api_url(api.url("/graphql"))).unwrap();
        let error = ask(&client, TIMEOUT).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Network, "{reaction:?}: {error}");
        assert_eq!(api.requests(), 1, "{reaction:?}");
    }
}

#[test]
fn a_server_that_refuses_for_ever_is_left_alone_in_the_end() {
    let authority = Authority::new();
    let server = |script: fn(Seen) -> Reaction| {
        Http2Server::start(authority.server(Certificate::Good, false), script)
    };
    for (script, at_most) in [
        ((|_| Reaction::Reset(REFUSED_STREAM)) as fn(Seen) -> Reaction, 9),
        (|_| Reaction::GoAwayBefore(NO_ERROR), 31),
    ] {
        let (tokens, api) = (server(|_| Reaction::Respond), server(script));
        let config = config(&tokens.url("/token")).ca_file(authority.ca_file());
        let client = blocking::Client::new(config.api_url(api.url("/graphql"))).unwrap();
        let error = ask(&client, TIMEOUT).unwrap_err();
        assert_eq!((error.kind(), error.retryable()), (ErrorKind::Network, true), "{error}");
        assert!((2..=at_most).contains(&api.requests()), "{}", api.requests());
    }
}

#[test]
fn connections_that_end_after_a_few_requests_lose_none_under_load() {
    let world = World::new(|seen| match seen.nth {
        ..=10 => Reaction::Respond,
        _ => Reaction::GoAwayBefore(NO_ERROR),
    });
    let callers: Vec<_> = (0..16)
        .map(|_| {
            let client = world.client.clone();
            thread::spawn(move || {
                let results = (0..50).map(|_| ask(&client, TIMEOUT));
                results.filter_map(|result| result.err().map(|error| error.to_string())).collect()
            })
        })
        .collect();
    let failed: Vec<Vec<String>> =
        callers.into_iter().map(|caller| caller.join().unwrap()).collect();
    assert_eq!(failed.concat(), Vec::<String>::new());
    assert_eq!(world.api.answered(), 800);
    assert!(world.api.connections() >= 80);
}

#[test]
fn http_1_1_is_fallen_back_to_once_and_remembered() {
    let world = World::new(|_| Reaction::Reset(HTTP_1_1_REQUIRED));
    for _ in 0..3 {
        assert_eq!(ask(&world.client, TIMEOUT).unwrap(), 200);
    }
    assert_eq!((world.api.requests(), world.api.http1().len()), (1, 3));
    assert_eq!((world.tokens.requests(), world.tokens.http1().len()), (1, 1));
    // One connection each, for the one try and for all that follows.
    assert_eq!(world.api.connections(), 2);
}

#[test]
fn a_connection_that_wants_http_1_1_is_fallen_back_from_too() {
    let world = World::new(|_| Reaction::GoAwayBefore(HTTP_1_1_REQUIRED));
    assert_eq!(ask(&world.client, TIMEOUT).unwrap(), 200);
    assert_eq!((world.api.requests(), world.api.http1().len()), (1, 1));
}
