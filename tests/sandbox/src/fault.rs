//! The errors that the real endpoints are documented to return, in one table: status, code and what goes with them.
//! The endpoints answer from it by themselves, scripts name its rows.

use hyper::StatusCode;
use serde_json::json;

use crate::control::Now;
use crate::reply::Reply;
use crate::script::Endpoint;

/// One documented error of one endpoint.
#[derive(Debug)]
pub(crate) struct Fault {
    endpoint: Endpoint,
    /// What scripts call it.
    name: &'static str,
    status: u16,
    /// The `error` member, or the GraphQL `extensions.code`.
    code: &'static str,
    description: &'static str,
}

const fn fault(
    endpoint: Endpoint,
    name: &'static str,
    status: u16,
    code: &'static str,
    description: &'static str,
) -> Fault {
    Fault { endpoint, name, status, code, description }
}

#[rustfmt::skip]
static TABLE: [Fault; 30] = {
    use Endpoint::{BrowserToken as B, Graphql as G, SeekApiToken as A, SeekPassApi as R, SeekPassToken as P};
    [
        fault(A, "invalid_request", 400, "invalid_request", "A required parameter is missing"),
        fault(A, "unsupported_grant_type", 400, "unsupported_grant_type", "This grant type is not supported"),
        fault(A, "access_denied", 401, "access_denied", "Unauthorized"),
        fault(A, "invalid_client", 401, "invalid_client", "Unauthorized"),
        fault(A, "audience_not_granted", 403, "access_denied", "This client has no grant for the audience"),
        fault(A, "unknown_audience", 403, "access_denied", "The audience is not a service enabled within the domain"),
        fault(A, "unauthorized_client", 403, "unauthorized_client", "This grant type is not allowed for the client"),
        fault(A, "too_many_requests", 429, "too_many_requests", "Too many requests"),
        fault(A, "global_limit", 500, "access_denied", "Global limit has been reached"),
        fault(A, "server_error", 500, "server_error", "Something went wrong"),
        fault(P, "invalid_client", 401, "invalid_client", "Client authentication failed"),
        fault(P, "invalid_scope", 400, "invalid_scope", "The requested scope is invalid, unknown or malformed"),
        fault(P, "unauthorized_client", 400, "unauthorized_client", "The client may not use this method"),
        fault(P, "invalid_request", 400, "invalid_request", "The request is malformed"),
        fault(P, "unsupported_grant_type", 400, "unsupported_grant_type", "The grant type is not supported"),
        fault(P, "unsupported_media_type", 415, "", ""),
        fault(P, "server_error", 400, "server_error", "The server met an unexpected condition"),
        fault(P, "temporarily_unavailable", 400, "temporarily_unavailable", "The server is overloaded"),
        fault(P, "invalid_token_reuse", 400, "invalid_token_reuse", "The token was already used"),
        fault(G, "UNAUTHENTICATED", 200, "UNAUTHENTICATED", "A valid access token is required"),
        fault(G, "FORBIDDEN", 200, "FORBIDDEN", "Access to this field is not allowed"),
        fault(G, "BAD_USER_INPUT", 200, "BAD_USER_INPUT", "The input is not acceptable"),
        fault(G, "INTERNAL_SERVER_ERROR", 200, "INTERNAL_SERVER_ERROR", "Something went wrong"),
        fault(G, "RATE_LIMITED", 200, "RATE_LIMITED", "Too many requests"),
        fault(B, "BAD_USER_INPUT", 400, "BAD_USER_INPUT", "The input is not acceptable"),
        fault(B, "UNAUTHENTICATED", 401, "UNAUTHENTICATED", "A valid partner token is required"),
        fault(B, "FORBIDDEN", 403, "FORBIDDEN", "There is no relationship with this hirer"),
        fault(B, "RATE_LIMITED", 429, "RATE_LIMITED", "Too many requests"),
        fault(R, "invalid_token", 401, "invalid_token", "The access token is invalid"),
        fault(R, "insufficient_scope", 403, "insufficient_scope", "Access to this resource requires another scope"),
    ]
};

/// Seconds that a scripted 429 asks to wait; `headers` may say otherwise.
const SCRIPTED_WAIT_S: u64 = 60;

impl Fault {
    /// The row of that name.
    pub(crate) fn find(endpoint: Endpoint, name: &str) -> Option<&'static Fault> {
        TABLE.iter().find(|fault| fault.endpoint == endpoint && fault.name == name)
    }

    /// The names that scripts may use at `endpoint`.
    pub(crate) fn names(endpoint: Endpoint) -> Vec<&'static str> {
        TABLE.iter().filter(|fault| fault.endpoint == endpoint).map(|fault| fault.name).collect()
    }

    /// The reply, with a description that says more than the table's.
    pub(crate) fn reply(&self, description: Option<&str>, now: Now) -> Reply {
        let status = StatusCode::from_u16(self.status).unwrap_or_default();
        let description = description.unwrap_or(self.description);
        let body = json!({"error": self.code, "error_description": description});
        match self.endpoint {
            Endpoint::SeekApiToken => self.as_auth0(status, body, now),
            Endpoint::SeekPassToken => {
                let body = if self.code.is_empty() { json!({}) } else { body };
                Reply::json(status, &body)
                    .header("content-type", "application/json; charset=utf-8")
                    .header("cache-control", "no-store, no-cache")
                    .header("pragma", "no-cache")
                    .header("www-authenticate", &self.challenge(description))
            }
            Endpoint::Graphql | Endpoint::BrowserToken => {
                let error = json!({"message": description, "extensions": {"code": self.code}});
                Reply::json(status, &json!({"errors": [error], "data": null}))
                    .header("content-type", "application/json; charset=utf-8")
            }
            Endpoint::SeekPassApi | Endpoint::Foreign | Endpoint::Other => {
                Reply::empty(status).header("www-authenticate", &self.challenge(description))
            }
        }
    }

    fn as_auth0(&self, status: StatusCode, mut body: serde_json::Value, now: Now) -> Reply {
        if self.name == "unauthorized_client" {
            body["error_uri"] = json!("https://auth0.com/docs/clients/client-grant-types");
        }
        let reply = Reply::json(status, &body).header("cache-control", "no-store");
        match self.name {
            "too_many_requests" => limited(reply, 0, 0, SCRIPTED_WAIT_S, now)
                .header("retry-after", &SCRIPTED_WAIT_S.to_string()),
            "global_limit" => limited(reply, 0, 0, SCRIPTED_WAIT_S, now),
            _ => reply,
        }
    }

    fn challenge(&self, description: &str) -> String {
        format!(
            r#"Bearer realm="Doorkeeper", error="{}", error_description="{description}""#,
            self.code
        )
    }
}

/// The reply of the error that scripts call `name`.
pub(crate) fn refuse(endpoint: Endpoint, name: &str, description: Option<&str>, now: Now) -> Reply {
    match Fault::find(endpoint, name) {
        Some(fault) => fault.reply(description, now),
        None => Reply::empty(StatusCode::INTERNAL_SERVER_ERROR),
    }
}

/// With Auth0's rate-limit headers.
pub(crate) fn limited(reply: Reply, limit: u64, left: u64, wait_s: u64, now: Now) -> Reply {
    reply
        .header("x-ratelimit-limit", &limit.to_string())
        .header("x-ratelimit-remaining", &left.to_string())
        .header("x-ratelimit-reset", &now.unix_s().saturating_add(wait_s).to_string())
}
