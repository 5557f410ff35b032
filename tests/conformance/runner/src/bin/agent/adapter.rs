//! Requests to the API in the two ways that a Rust program has: the client's own `send`, and the
//! client as a middleware of an HTTP client of the program's own.

use std::collections::HashMap;
use std::time::Duration;

use futures_util::future::join_all;
use futures_util::stream;
use reqwest::redirect::Policy;
use reqwest::{Body, Certificate, Method, Request, Response};
use reqwest_middleware::ClientWithMiddleware;
use seekauth::{Client, Error};
use seekauth_runner::kind::FOREIGN;
use seekauth_runner::wire::{Reply, decode_form};

use crate::ask::{Ask, misuse};
use crate::failed;

const PATIENCE: Duration = Duration::from_secs(15);
/// How much of an answer's body is reported, from either end.
const SHOWN: (usize, usize) = (2_000, 100);

/// Why there is no answer: by the library's account or by the HTTP client's.
pub(crate) enum Failure {
    Ours(Error),
    Foreign(String),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Ours(error)
    }
}

impl From<reqwest::Error> for Failure {
    fn from(error: reqwest::Error) -> Self {
        Self::Foreign(format!("{error:?}"))
    }
}

impl From<reqwest_middleware::Error> for Failure {
    fn from(error: reqwest_middleware::Error) -> Self {
        match error {
            reqwest_middleware::Error::Reqwest(error) => error.into(),
            reqwest_middleware::Error::Middleware(error) => match error.downcast::<Error>() {
                Ok(error) => Self::Ours(error),
                Err(other) => Self::Foreign(format!("{other:?}")),
            },
        }
    }
}

impl Failure {
    pub(crate) fn reply(&self) -> Reply {
        match self {
            Self::Ours(error) => failed(error),
            Self::Foreign(message) => Reply::error()
                .with("code", FOREIGN.code.to_string())
                .with("name", FOREIGN.name)
                .with("message", message.as_str()),
        }
    }

    fn name(&self) -> &str {
        match self {
            Self::Ours(error) => error.kind().name(),
            Self::Foreign(_) => FOREIGN.name,
        }
    }
}

/// An answer, read as far as was asked.
struct Answer {
    status: u16,
    header: Option<String>,
    body: Vec<u8>,
}

/// The HTTP clients of a handle, by what sets them apart.
#[derive(Default)]
pub(crate) struct Adapters(HashMap<(String, bool), ClientWithMiddleware>);

/// The adapters' names, and of which library they are.
pub(crate) fn names() -> Reply {
    let lock = include_str!("../../../../../../Cargo.lock");
    let version = |library: &str| {
        let entry = lock.split_once(&format!("name = \"{library}\"\nversion = \""));
        entry.and_then(|(_, rest)| rest.split('"').next()).unwrap_or("?")
    };
    let versions =
        ["reqwest", "reqwest-middleware"].map(|name| format!("{name} {}", version(name)));
    Reply::ok()
        .with("names", "send send-http2 middleware")
        .with("http2", "send-http2")
        .with("versions", versions.join(", "))
}

impl Adapters {
    /// Forgets the HTTP clients of a handle.
    pub(crate) fn free(&mut self, handle: &str) {
        self.0.retain(|(owner, _), _| owner != handle);
    }

    /// One request.
    pub(crate) async fn send(&mut self, client: &Client, ask: Ask<'_>) -> Result<Reply, Failure> {
        let http = self.http(client, ask)?;
        let answer = exchange(client, &http, ask).await?;
        let text = String::from_utf8_lossy(&answer.body);
        let letters: Vec<char> = text.chars().collect();
        let end = letters.len().saturating_sub(SHOWN.1);
        Ok(Reply::ok()
            .with("status", answer.status.to_string())
            .with("body", letters.iter().take(SHOWN.0).collect::<String>())
            .with("body_size", answer.body.len().to_string())
            .with("body_end", letters[end..].iter().collect::<String>())
            .with_some("header", answer.header))
    }

    /// Many of the same request at once.
    pub(crate) async fn burst(&mut self, client: &Client, ask: Ask<'_>) -> Result<Reply, Failure> {
        let http = self.http(client, ask)?;
        let calls = (0..ask.count("n")?).map(|_| exchange(client, &http, ask));
        let (mut statuses, mut names, mut bodies) = (Vec::new(), Vec::new(), Vec::new());
        let (mut answers, mut errors) = (0, 0);
        for outcome in join_all(calls).await {
            match outcome {
                Ok(answer) => {
                    answers += 1;
                    statuses.push(answer.status);
                    bodies.push(answer.body);
                }
                Err(failure) => {
                    errors += 1;
                    names.push(failure.name().to_owned());
                }
            }
        }
        statuses.sort_unstable();
        statuses.dedup();
        names.sort_unstable();
        names.dedup();
        bodies.sort_unstable();
        bodies.dedup();
        let statuses: Vec<String> = statuses.iter().map(u16::to_string).collect();
        Ok(Reply::ok()
            .with("answers", answers.to_string())
            .with("errors", errors.to_string())
            .with("statuses", statuses.join(" "))
            .with("names", names.join(" "))
            .with("bodies", bodies.len().to_string()))
    }

    fn http(&mut self, client: &Client, ask: Ask<'_>) -> Result<ClientWithMiddleware, Failure> {
        let key = (ask.text("client")?.to_owned(), ask.is("follow"));
        if let Some(made) = self.0.get(&key) {
            return Ok(made.clone());
        }
        let redirects = if key.1 { Policy::default() } else { Policy::none() };
        let mut http = reqwest::Client::builder().no_proxy().redirect(redirects).timeout(PATIENCE);
        if let Some(file) = ask.some("ca_file") {
            let pem = std::fs::read(file).map_err(misuse)?;
            http = http.tls_certs_only([Certificate::from_pem(&pem)?]);
        }
        let http =
            reqwest_middleware::ClientBuilder::new(http.build()?).with(client.clone()).build();
        self.0.insert(key, http.clone());
        Ok(http)
    }
}

async fn exchange(
    client: &Client,
    http: &ClientWithMiddleware,
    ask: Ask<'_>,
) -> Result<Answer, Failure> {
    let request = request(ask)?;
    let mut response = match ask.text("via")? {
        "send" | "send-http2" => client.send(request).await?,
        "middleware" => http.execute(request).await?,
        other => return Err(misuse(format!("unknown adapter {other}")).into()),
    };
    let mut body = Vec::new();
    while let Some(piece) = response.chunk().await? {
        body.extend_from_slice(&piece);
        if ask.is("part") && !body.is_empty() {
            break;
        }
    }
    let header = ask.some("header").and_then(|name| header(&response, name));
    Ok(Answer { status: response.status().as_u16(), header, body })
}

fn header(response: &Response, name: &str) -> Option<String> {
    let values = response.headers().get_all(name).iter();
    let values: Vec<_> = values.map(|value| String::from_utf8_lossy(value.as_bytes())).collect();
    (!values.is_empty()).then(|| values.join(", "))
}

fn request(ask: Ask<'_>) -> Result<Request, Failure> {
    let method: Method = ask.text("method")?.parse().map_err(misuse)?;
    let url =
        ask.text("url")?.parse().map_err(|problem| Failure::Foreign(format!("{problem:?}")))?;
    let mut request = Request::new(method, url);
    for (name, value) in
        ask.some("headers").map(decode_form).transpose().map_err(misuse)?.iter().flatten()
    {
        let name: reqwest::header::HeaderName = name.parse().map_err(misuse)?;
        request.headers_mut().insert(name, value.parse().map_err(misuse)?);
    }
    let body = match (ask.some("body"), ask.some("body_size")) {
        (Some(text), _) => Some(text.as_bytes().to_vec()),
        (None, Some(_)) => Some(vec![b'x'; ask.count("body_size")?]),
        (None, None) => None,
    };
    *request.body_mut() =
        body.map(|body| if ask.is("stream") { streamed(&body) } else { body.into() });
    *request.timeout_mut() = ask.timeout()?;
    Ok(request)
}

fn streamed(body: &[u8]) -> Body {
    let pieces: Vec<_> =
        body.chunks(16 << 10).map(|piece| Ok::<_, Failed>(piece.to_vec())).collect();
    Body::wrap_stream(stream::iter(pieces))
}

type Failed = std::convert::Infallible;
