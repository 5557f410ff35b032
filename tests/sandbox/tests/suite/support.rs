//! What the sandbox's own tests share: a client, the ordinary requests, and a look at a connection below HTTP.

use reqwest::{Client, RequestBuilder, Response};
use seekauth_sandbox::{LIVE_AUDIENCE, Options, PLAYGROUND_AUDIENCE, Sandbox};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

pub(crate) const PASS_SECRET: &str = "sandbox-pass-secret & more=100%";

pub(crate) async fn sandbox() -> Sandbox {
    Sandbox::start(Options { show_secrets: true, ..Options::default() }).await.unwrap()
}

/// A client that follows no redirect, uses no proxy and names itself.
pub(crate) fn client() -> Client {
    builder().build().unwrap()
}

pub(crate) fn builder() -> reqwest::ClientBuilder {
    // Other tests of the same process may have installed it already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .user_agent("SandboxTests/1.0")
}

/// The body of a good SEEK API token request.
pub(crate) fn live() -> Value {
    json!({
        "audience": LIVE_AUDIENCE,
        "client_id": "sandbox-live",
        "client_secret": "sandbox-live-secret",
        "grant_type": "client_credentials",
    })
}

pub(crate) fn playground() -> Value {
    json!({
        "audience": PLAYGROUND_AUDIENCE,
        "client_id": "sandbox-playground",
        "client_secret": "sandbox-playground-secret",
        "grant_type": "client_credentials",
    })
}

/// The form of a good SEEK Pass token request.
pub(crate) fn pass(scope: &str) -> Vec<(&str, &str)> {
    vec![
        ("grant_type", "client_credentials"),
        ("client_id", "sandbox-pass"),
        ("client_secret", PASS_SECRET),
        ("scope", scope),
    ]
}

pub(crate) fn seek_api(sandbox: &Sandbox, body: &Value) -> RequestBuilder {
    client().post(&sandbox.urls().token_url).json(body)
}

pub(crate) fn seek_pass(sandbox: &Sandbox, form: &[(&str, &str)]) -> RequestBuilder {
    client().post(&sandbox.urls().pass_token_url).form(form)
}

pub(crate) async fn seek_api_token(sandbox: &Sandbox, body: &Value) -> String {
    token_of(seek_api(sandbox, body)).await
}

pub(crate) async fn seek_pass_token(sandbox: &Sandbox, scope: &str) -> String {
    token_of(seek_pass(sandbox, &pass(scope))).await
}

async fn token_of(request: RequestBuilder) -> String {
    let response = request.send().await.unwrap();
    assert_eq!(response.status(), 200);
    let reply: Value = response.json().await.unwrap();
    reply["access_token"].as_str().unwrap().to_owned()
}

/// Sends `query` with a token and gives the status and the body.
pub(crate) async fn graphql(sandbox: &Sandbox, token: &str, query: &str) -> (u16, Value) {
    let request = client()
        .post(&sandbox.urls().graphql_url)
        .bearer_auth(token)
        .json(&json!({"query": query}));
    status_and_json(request).await
}

pub(crate) async fn status_and_json(request: RequestBuilder) -> (u16, Value) {
    let response = request.send().await.unwrap();
    (response.status().as_u16(), response.json().await.unwrap())
}

/// The names of an object's members, sorted.
pub(crate) fn members(object: &Value) -> Vec<&str> {
    let mut names: Vec<_> = object.as_object().unwrap().keys().map(String::as_str).collect();
    names.sort_unstable();
    names
}

/// A header as text, empty when absent.
pub(crate) fn header<'a>(response: &'a Response, name: &str) -> &'a str {
    response.headers().get(name).map_or("", |value| value.to_str().unwrap())
}

/// Sends a POST of `body` on a connection of its own and reads what comes, with how the reading ended.
pub(crate) async fn raw(url: &str, body: &str) -> (String, std::io::Result<()>) {
    let url: reqwest::Url = url.parse().unwrap();
    let address = (url.host_str().unwrap(), url.port().unwrap());
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = format!(
        "POST {} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
        url.path(),
        body.len(),
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut received = Vec::new();
    let ended = stream.read_to_end(&mut received).await.map(|_| ());
    (String::from_utf8_lossy(&received).into_owned(), ended)
}
