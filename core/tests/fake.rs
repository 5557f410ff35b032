//! What a program's own tests can do with a client that never touches the network.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails there")]

use std::sync::{Mutex, mpsc};
use std::time::Duration;

use seekauth::testing::{Fake, JournalEntry, Request, Response, graphql_response, token};
use seekauth::{Client, Error, ErrorKind, Graphql, blocking};

fn json(status: u16, body: &str) -> Response {
    Response::new(status, body)
}

fn tokens(fake: &Fake) -> usize {
    fake.journal().iter().filter(|asked| matches!(asked, JournalEntry::Token { .. })).count()
}

fn requests(fake: &Fake) -> Vec<Request> {
    fake.journal()
        .into_iter()
        .filter_map(|asked| match asked {
            JournalEntry::Api(request) => Some(request),
            _ => None,
        })
        .collect()
}

fn header<'a>(request: &'a Request, name: &str) -> Option<&'a str> {
    request.headers.iter().find(|(given, _)| given == name).map(|(_, value)| value.as_str())
}

#[tokio::test]
async fn it_caches_and_renews_as_time_is_moved() {
    let fake = Fake::new().token("t").lifetime(Duration::from_secs(60));
    let client = Client::fake(&fake).unwrap();
    for _ in 0..3 {
        assert_eq!(&*client.authorization().await.unwrap(), "Bearer t");
    }
    assert_eq!(tokens(&fake), 1);
    let token = client.get_token().await.unwrap();
    assert_eq!(token.remaining(), Duration::from_secs(60));
    fake.advance(Duration::from_secs(59));
    assert_eq!(token.remaining(), Duration::from_secs(1));
    fake.advance(Duration::from_secs(1));
    assert_eq!(&*client.authorization().await.unwrap(), "Bearer t-2");
    assert_eq!(tokens(&fake), 2);
    assert!(client.stats().tokens[0].remaining > Some(Duration::from_secs(50)));
}

#[tokio::test]
async fn failures_are_made_and_a_good_token_outlives_them() {
    let fake = Fake::new().lifetime(Duration::from_secs(600));
    let client = Client::fake(&fake).unwrap();
    fake.fail_with(ErrorKind::InvalidCredentials, None);
    let error = client.get_token().await.unwrap_err();
    assert_eq!((error.kind(), error.retryable()), (ErrorKind::InvalidCredentials, false));
    fake.succeed();
    fake.advance(Duration::from_secs(3_600));
    let first = client.get_token().await.unwrap();
    fake.fail_with(ErrorKind::Unavailable, None);
    fake.advance(Duration::from_secs(595));
    assert_eq!(client.get_token().await.unwrap().value(), first.value(), "its life is left");
    fake.advance(Duration::from_secs(3_600));
    assert_eq!(client.get_token().await.unwrap_err().kind(), ErrorKind::Unavailable);
    fake.fail_with(ErrorKind::Throttled, Some(Duration::from_secs(7_200)));
    fake.advance(Duration::from_secs(3_600));
    let error = client.get_token().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Throttled);
    assert_eq!(error.retry_after(), Some(Duration::from_secs(7_200)));
}

#[tokio::test]
async fn a_rejected_token_is_renewed_and_the_request_sent_again() {
    let fake = Fake::new().token("t");
    let client = Client::fake(&fake).unwrap();
    client.get_token().await.unwrap();
    fake.advance(Duration::from_secs(10));
    let rejected = r#"{"errors":[{"message":"no","extensions":{"code":"UNAUTHENTICATED"}}]}"#;
    fake.respond([json(200, rejected), json(200, r#"{"data":{"self":{"id":"1"}}}"#)]);
    let operation = || Graphql::new("query Me { self { id } }").operation_name("Me");
    let response = client.graphql(operation()).await.unwrap();
    assert!(response.errors().is_empty());
    let sent = requests(&fake);
    let tokens: Vec<_> =
        sent.iter().map(|request| header(request, "authorization").unwrap()).collect();
    assert_eq!(tokens, ["Bearer t", "Bearer t-2"]);
    assert_eq!(header(&sent[0], "x-request-id"), header(&sent[1], "x-request-id"));
    assert!(String::from_utf8(sent[0].body.clone()).unwrap().contains(r#""operationName":"Me""#));
    // The last response stands.
    assert!(client.graphql(operation()).await.unwrap().errors().is_empty());
}

#[tokio::test]
async fn a_function_responds_too() {
    let fake = Fake::new().scopes(["read.employment"]);
    let client = Client::fake(&fake).unwrap();
    let url = format!("{}/echo", client.api_url().unwrap());
    let missing = client.get(&url).send().await.unwrap_err();
    assert_eq!(missing.kind(), ErrorKind::InvalidArgument);
    fake.respond_with(|request| {
        let (status, headers) = (201, vec![("x-method".to_owned(), request.method.into_bytes())]);
        Box::pin(async move { Ok(Response { headers, ..Response::new(status, request.body) }) })
    });
    let response = client.post(&url).body("hello").send().await.unwrap();
    assert_eq!(
        (response.status().as_u16(), &response.headers()["x-method"]),
        (201, &"POST".parse().unwrap())
    );
    assert_eq!(response.text().await.unwrap(), "hello");
    fake.respond([]);
    let gone = client.get(&url).send().await.unwrap_err();
    assert_eq!(gone.message(), missing.message());
    assert_eq!(client.get_token().await.unwrap().scopes(), ["read.employment"]);
    let other = client.with_scopes(["write.education"]).unwrap();
    assert_eq!(other.get_token().await.unwrap().scopes(), ["write.education"]);
}

#[test]
fn a_token_is_made_by_hand() {
    let made = token("t", Some(Duration::from_secs(60)), ["b", "a"]).unwrap();
    assert_eq!(
        (made.authorization(), made.scopes()),
        ("Bearer t", &["a".to_owned(), "b".to_owned()][..])
    );
    assert!(
        made.remaining() > Duration::from_secs(50) && made.remaining() <= Duration::from_secs(60)
    );
    let usual = token("t", None, [""; 0]).unwrap();
    assert!(usual.remaining() > Duration::from_secs(1_700) && usual.scopes().is_empty());
    assert_eq!(token("Bearer t", None, [""; 0]).unwrap_err().kind(), ErrorKind::InvalidArgument);
}

#[test]
fn what_other_clients_send_is_in_the_journal() {
    let fake = Fake::new();
    let request = Request {
        method: "GET".to_owned(),
        url: "http://127.0.0.1:9/x".to_owned(),
        ..Request::default()
    };
    let error = fake.record(request.clone()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidArgument);
    fake.respond([json(200, "{}")]);
    fake.record(request.clone()).unwrap();
    assert_eq!(requests(&fake).len(), 2);
    assert_eq!(requests(&fake)[0].url, "http://127.0.0.1:9/x");
    fake.respond([]);
    assert_eq!(fake.record(request).unwrap_err().message(), error.message());
}

/// Readers who must not wait get it in every build, though it is not to be had without the lock.
#[test]
fn its_token_is_fresh_until_its_renewal_is_due() {
    let fake = Fake::new().lifetime(Duration::from_secs(600));
    let client = blocking::Client::fake(&fake).unwrap();
    assert!(client.fresh_token().is_none());
    let token = client.get_token(None).unwrap();
    assert_eq!(client.fresh_token().unwrap().generation(), token.generation());
    fake.advance(Duration::from_secs(590));
    assert!(client.fresh_token().is_none() && client.cached_token().is_some());
    client.close();
    assert!(client.fresh_token().is_none());
}

#[tokio::test]
async fn a_function_that_blocks_holds_up_nothing_else() {
    let fake = Fake::new();
    let client = Client::fake(&fake).unwrap();
    let (open, gate) = mpsc::channel();
    let gate = Mutex::new(gate);
    fake.respond_from_blocking(move |_| {
        gate.lock().unwrap().recv().unwrap();
        Ok(json(200, r#"{"data":{"self":null}}"#))
    });
    let blocked = client.graphql(Graphql::new("{ self { id } }"));
    let other = async {
        // Were the function called on this thread, this would not be reached.
        client.get_token_within(Duration::from_secs(60)).await.unwrap();
        open.send(()).unwrap();
    };
    let (response, ()) = tokio::join!(blocked, other);
    assert!(response.unwrap().errors().is_empty());
    fake.respond_from_blocking(|_| Err(Error::new(ErrorKind::Network, "no way")));
    let error = client.graphql(Graphql::new("{ self { id } }")).await.unwrap_err();
    assert_eq!((error.kind(), error.message()), (ErrorKind::Network, "no way"));
}

#[tokio::test]
async fn a_call_that_gets_no_response_times_out() {
    let fake = Fake::new();
    let client = Client::fake(&fake).unwrap();
    fake.respond_with(|_| Box::pin(std::future::pending()));
    let operation = Graphql::new("{ a }").timeout(Duration::from_millis(20));
    assert_eq!(client.graphql(operation).await.unwrap_err().kind(), ErrorKind::Timeout);
}

#[test]
fn a_response_is_made_by_hand() {
    let response = graphql_response(200, r#"{"errors":[{"message":"no"}]}"#).unwrap();
    assert_eq!((response.status(), response.errors()[0].message()), (200, "no"));
    let error = graphql_response(200, "<html>").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Protocol);
}

#[test]
fn its_tokens_stay_on_this_machine() {
    let client = blocking::Client::fake(&Fake::new()).unwrap();
    for url in ["http://127.0.0.1:8080/graphql", "http://localhost/", "https://[::1]:9/x"] {
        assert!(client.auth_flow(url, true).is_ok(), "{url}");
    }
    for url in [
        "https://graphql.seek.com/graphql",
        "http://127.0.0.1.evil.example/",
        "http://127.0.0.1@evil.example/",
        "http://localhost\\@evil.example/",
        "http://10.0.0.1/",
    ] {
        let error = client.auth_flow(url, true).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ForbiddenOrigin, "{url}");
    }
    let elsewhere = Fake::new().api_url("https://graphql.seek.com/graphql");
    let error = blocking::Client::fake(&elsewhere).unwrap_err();
    assert!(error.message().contains("api_url"), "{error}");
    assert_eq!(
        blocking::Client::fake(&Fake::new().token("a b")).unwrap_err().kind(),
        ErrorKind::InvalidArgument
    );
}

#[test]
fn it_says_what_it_is_and_hides_what_it_holds() {
    let fake = Fake::new().token("a-real-one-by-mistake");
    let client = blocking::Client::fake(&fake).unwrap();
    fake.respond([json(200, r#"{"data":null}"#)]);
    client.start_graphql(Graphql::new("{ a }")).unwrap().wait().unwrap();
    let shown = format!("{client:?}{fake:?}{:?}", fake.journal());
    assert!(shown.contains("Client::fake") && !shown.contains("a-real-one"), "{shown}");
}

#[test]
fn nothing_is_shared_between_two_fakes() {
    let (one, other) = (Fake::new().token("one"), Fake::new().token("other"));
    let clients = [&one, &other].map(|fake| blocking::Client::fake(fake).unwrap());
    one.advance(Duration::from_secs(1_000));
    let remaining = clients.each_ref().map(|client| client.get_token(None).unwrap().remaining());
    assert_eq!(remaining, [Duration::from_secs(1_800); 2]);
    one.advance(Duration::from_secs(1_000));
    let remaining = clients.each_ref().map(|client| client.get_token(None).unwrap().remaining());
    assert_eq!(remaining[0].as_secs(), 800);
    assert_eq!(remaining[1].as_secs(), 1_800);
    clients[0].close();
    assert_eq!(clients[0].get_token(None).unwrap_err().kind(), ErrorKind::Closed);
}

#[test]
fn a_callback_has_the_token_that_needs_no_waiting() {
    let fake = Fake::new().token("t");
    let client = blocking::Client::fake(&fake).unwrap();
    let in_a_callback = |client: &blocking::Client| {
        let (sender, receiver) = std::sync::mpsc::channel();
        let again = client.clone();
        let done = move |_| sender.send(again.get_token(None)).unwrap();
        client.get_token_then(None, done).unwrap();
        receiver.recv().unwrap()
    };
    assert_eq!(in_a_callback(&client).unwrap().value(), "t");
    fake.fail_with(ErrorKind::Unavailable, None);
    fake.advance(Duration::from_secs(1_800));
    assert_eq!(in_a_callback(&client).unwrap_err().kind(), ErrorKind::InvalidArgument);
}
