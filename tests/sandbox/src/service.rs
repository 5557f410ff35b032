//! The way of a request through the sandbox: read whole, journalled, answered by script or by the endpoint it reached,
//! and delayed, held or cut on its way out.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use hyper::body::Incoming;
use hyper::{Method, Request, Response, StatusCode};
use serde_json::json;

use crate::connection::Cut;
use crate::control::{Control, Now, State};
use crate::fault::Fault;
use crate::indexing::Seen;
use crate::reply::{Body, End, Keep, Reply, Then};
use crate::request::Received;
use crate::sandbox::Urls;
use crate::script::{Drop, Endpoint, Scripted};
use crate::{admin, browser_token, graphql, seek_api, seek_pass, seek_pass_resource};

/// The part a listener plays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Service {
    Auth,
    Graphql,
    Pass,
    Foreign,
    Admin,
}

impl Service {
    /// All of them, in the order of their URLs.
    pub(crate) const ALL: [Service; 5] =
        [Service::Auth, Service::Graphql, Service::Pass, Service::Foreign, Service::Admin];

    /// Whether it speaks https when the sandbox does.
    pub(crate) fn is_secured(self) -> bool {
        matches!(self, Service::Auth | Service::Graphql | Service::Pass)
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Service::Auth => "auth",
            Service::Graphql => "graphql",
            Service::Pass => "pass",
            Service::Foreign => "foreign",
            Service::Admin => "admin",
        }
    }

    fn endpoint(self, path: &str) -> Endpoint {
        match (self, path) {
            (Service::Auth, "/oauth/token") => Endpoint::SeekApiToken,
            (Service::Graphql, "/graphql") => Endpoint::Graphql,
            (Service::Graphql, "/auth/token") => Endpoint::BrowserToken,
            (Service::Pass, "/api/partner/v1/oauth/token.json" | "/api/partner/v1/oauth/token") => {
                Endpoint::SeekPassToken
            }
            (Service::Pass, path) if path.starts_with("/api/partner/") => Endpoint::SeekPassApi,
            (Service::Foreign, _) => Endpoint::Foreign,
            _ => Endpoint::Other,
        }
    }
}

/// The server's half of HTTP looks for the reason of a reset among the causes of an error.
#[derive(Debug, thiserror::Error)]
#[error("refused")]
struct Refused(#[source] h2::Error);

/// Answers one request. An error ends the connection: the request was too long or did not come whole.
pub(crate) async fn answer(
    control: &Control,
    service: Service,
    request: Request<Incoming>,
    connection: u64,
    seen: &Seen,
    cut: Arc<Cut>,
) -> io::Result<Response<Body>> {
    let received = Received::read(request).await?;
    if service == Service::Admin {
        return Ok(admin::answer(control, &received).await.into_response(None, None));
    }
    let endpoint = service.endpoint(received.path());
    let mut entry = received.entry(endpoint, service, connection);
    entry.token_indexing = seen.worst();
    if endpoint == Endpoint::Graphql {
        entry.operation = graphql::operation_name(&received);
    }
    let (number, scripted, mut held) = control.arrived(entry);
    let script = scripted.unwrap_or_else(|| Scripted::on(endpoint));
    // The answer is made before it is delayed, so that a token's life runs while its reply is on the way.
    if script.drop == Some(Drop::Refuse) {
        control.answered(number, None, script.drop);
        return Err(io::Error::other(Refused(h2::Reason::REFUSED_STREAM.into())));
    }
    let mut reply = control.with(|state, now| {
        laid_down(&script, control.urls(), now)
            .unwrap_or_else(|| played(endpoint, state, now, &received))
    });
    for (name, value) in &script.headers {
        reply = reply.header(name, value);
    }
    if script.gzip && received.accepts_gzip() {
        reply = reply.gzip()?;
    }
    if received.method() == Method::HEAD {
        reply = reply.headers_only();
    }
    for (endpoint, count) in &script.after {
        control.wait_for(*endpoint, *count).await;
    }
    if script.hold && held.changed().await.is_err() {
        return Err(io::ErrorKind::ConnectionAborted.into());
    }
    if script.delay_ms > 0 {
        tokio::time::sleep(Duration::from_millis(script.delay_ms)).await;
    }
    let status = Some(reply.status.as_u16());
    let with = script.drop_with.unwrap_or_default();
    let keep = match script.drop {
        Some(Drop::Before) => {
            control.answered(number, None, script.drop);
            cut.now(with);
            // The connection ends, and this answer with it.
            return std::future::pending().await;
        }
        Some(Drop::AfterHeaders) => Some(Keep::Nothing),
        Some(Drop::MidBody) => Some(Keep::Half),
        Some(Drop::Refuse) | None => None,
    };
    control.answered(number, status, script.drop);
    let stalled = script.stall_at.map(|size| End { keep: Keep::Bytes(size), then: Then::Stall });
    let end = keep.map(|keep| End { keep, then: Then::Cut(with, cut) }).or(stalled);
    Ok(reply.into_response(script.drip_ms.map(Duration::from_millis), end))
}

/// The answer a script gives, unless it leaves that to the endpoint.
fn laid_down(script: &Scripted, urls: &Urls, now: Now) -> Option<Reply> {
    let given = script.status.and_then(|status| StatusCode::from_u16(status).ok());
    let status = given.unwrap_or(StatusCode::OK);
    if let Some(json) = &script.json {
        Some(Reply::json(status, json))
    } else if let Some(body) = &script.body {
        Some(Reply::text(status, "text/plain; charset=utf-8", body.clone()))
    } else if let Some(html) = &script.html {
        Some(Reply::text(status, "text/html; charset=utf-8", html.clone()))
    } else if let Some(size) = script.body_size {
        Some(Reply::filler(status, size).between(&script.body_start, &script.body_end))
    } else if let Some(target) = &script.redirect {
        let location = target
            .replace("{auth}", &urls.auth)
            .replace("{graphql}", &urls.graphql)
            .replace("{pass}", &urls.pass)
            .replace("{foreign}", &urls.foreign);
        let status = given.unwrap_or(StatusCode::TEMPORARY_REDIRECT);
        Some(Reply::empty(status).header("location", &location))
    } else if let Some(fault) =
        script.error.as_deref().and_then(|name| Fault::find(script.endpoint, name))
    {
        let mut reply = fault.reply(None, now);
        reply.status = given.unwrap_or(reply.status);
        Some(reply)
    } else {
        given.map(Reply::empty)
    }
}

/// The answer the endpoint itself gives.
fn played(endpoint: Endpoint, state: &mut State, now: Now, received: &Received) -> Reply {
    let posted = received.method() == Method::POST;
    match endpoint {
        Endpoint::SeekApiToken if posted => seek_api::token(state, now, received),
        Endpoint::SeekPassToken if posted => seek_pass::token(state, now, received),
        Endpoint::Graphql if posted => graphql::answer(state, now, received),
        Endpoint::BrowserToken if posted => browser_token::token(state, now, received),
        Endpoint::SeekPassApi => seek_pass_resource::answer(state, now, received),
        Endpoint::Foreign => Reply::json(StatusCode::OK, &json!({"foreign": true})),
        Endpoint::SeekApiToken
        | Endpoint::SeekPassToken
        | Endpoint::Graphql
        | Endpoint::BrowserToken
        | Endpoint::Other => not_found(),
    }
}

pub(crate) fn not_found() -> Reply {
    Reply::json(StatusCode::NOT_FOUND, &json!({"error": "not_found"}))
}
