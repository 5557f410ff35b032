//! What a token endpoint's response means: a grant, or a failure that says which member was wrong or
//! what the server refused. Status and error code are read together, because servers use the same
//! code for transient and for permanent failures. No I/O; nothing of the body reaches an error.

use std::time::{Duration, SystemTime};

use serde::Deserialize;
use serde_json::Value;
use serde_json::error::Category;

use crate::config::ResolvedConfig;
use crate::credentials::known_secrets::KnownSecrets;
use crate::error::{Error, ErrorKind};
use crate::http::retry_after::{self, digits};
use crate::sys::secret::Secret;
pub(crate) use crate::token_endpoint::body::BODY_LIMIT;
use crate::token_endpoint::body::Body;
use crate::token_endpoint::codes::registered;
use crate::token_endpoint::refusal::Refusal;
use crate::token_endpoint::source::Grant;

pub(crate) struct TokenResponse {
    pub(crate) status: u16,
    pub(crate) retry_after: Option<String>,
    pub(crate) date: Option<String>,
    pub(crate) content_encoding: Option<String>,
    pub(crate) rate_limit_remaining: Option<String>,
    pub(crate) rate_limit_reset: Option<String>,
    pub(crate) body: zeroize::Zeroizing<Vec<u8>>,
}

/// Members are read one by one and not by type, so that an error can name the wrong one.
#[derive(Deserialize)]
struct Members {
    access_token: Option<Value>,
    token_type: Option<Value>,
    expires_in: Option<Value>,
    scope: Option<Value>,
}

impl Members {
    /// Whether there is something in the place of the token, be it good or not.
    fn hold_a_token(&self) -> bool {
        match &self.access_token {
            None | Some(Value::Null) => false,
            Some(Value::String(text)) => !text.is_empty(),
            Some(_) => true,
        }
    }
}

impl TokenResponse {
    /// Reads the response to a request for `scopes`; `now` is the wall clock, for `Retry-After`
    /// dates. A granted token is one more of the secrets that are `known`.
    pub(crate) fn grant(
        &self,
        config: &ResolvedConfig,
        known: &KnownSecrets,
        scopes: &[String],
        now: SystemTime,
    ) -> Result<Grant, Error> {
        let body = Body::read(&self.body, self.content_encoding.as_deref());
        if !(200..300).contains(&self.status) {
            let refusal =
                body.map_or_else(|_| Refusal::default(), |body| Refusal::read(body.bytes()));
            return Err(self.refusal(refusal, now));
        }
        let body =
            body.map_err(|problem| self.protocol(&format!("the token response {problem}")))?;
        let members = self.members(body.bytes());
        if !members.as_ref().is_ok_and(Members::hold_a_token) {
            // Some servers refuse with 200, and their reason tells more than what is missing.
            let refusal = Refusal::read(body.bytes());
            if refusal.code.is_some() {
                return Err(self.refusal(refusal, now));
            }
        }
        self.read_grant(members?, config, known, scopes)
    }

    fn read_grant(
        &self,
        members: Members,
        config: &ResolvedConfig,
        known: &KnownSecrets,
        wanted: &[String],
    ) -> Result<Grant, Error> {
        let access_token = match members.access_token {
            Some(Value::String(token)) => Secret::new(token),
            _ => return Err(self.protocol("access_token is not a string")),
        };
        // It becomes part of a header: whatever is not visible ASCII could not be sent, or worse.
        if access_token.expose().is_empty()
            || !access_token.expose().bytes().all(|byte| byte.is_ascii_graphic())
        {
            return Err(self.protocol("access_token is empty or not visible ASCII"));
        }
        known.note(&access_token);
        match members.token_type {
            Some(Value::String(kind)) if kind.eq_ignore_ascii_case("bearer") => {}
            _ => return Err(self.protocol("token_type is not Bearer")),
        }
        let lifetime = match members.expires_in {
            None | Some(Value::Null) if config.allow_non_expiring => Duration::MAX,
            None | Some(Value::Null) => {
                return Err(self.protocol(
                    "expires_in is missing; set `allow_non_expiring` if this server's tokens never expire",
                ));
            }
            Some(value) => whole_seconds(&value).ok_or_else(|| {
                self.protocol("expires_in is not a whole number of seconds, 0 or more")
            })?,
        };
        let scopes = match members.scope {
            // Left out or blank: as asked for (RFC 6749, 5.1).
            None | Some(Value::Null) => wanted.to_vec(),
            Some(Value::String(text)) => match sorted(&text) {
                granted if granted.is_empty() => wanted.to_vec(),
                granted => granted,
            },
            Some(_) => return Err(self.protocol("scope is not a string")),
        };
        // A token's scopes are shown wherever the token is described.
        if scopes.iter().any(|scope| !wanted.contains(scope) && known.show_in_sentence(scope)) {
            return Err(self.protocol("scope repeats the token or a secret"));
        }
        let lacking: Vec<&str> =
            wanted.iter().filter(|scope| !scopes.contains(scope)).map(String::as_str).collect();
        if !lacking.is_empty() {
            return Err(self.error(
                ErrorKind::NotGranted,
                format!(
                    "the token does not cover {}; ask SEEK to grant the scope to this client, or leave it out",
                    lacking.join(" ")
                ),
                None,
            ));
        }
        Ok(Grant { status: Some(self.status), ..Grant::new(access_token, lifetime, scopes) })
    }

    fn members(&self, body: &[u8]) -> Result<Members, Error> {
        let wrong = |problem: &str| self.protocol(&format!("the token response {problem}"));
        // An array would be read as the members in their order.
        match body.first() {
            None => return Err(wrong("is empty")),
            Some(b'[') => return Err(wrong("is not a JSON object")),
            Some(_) => {}
        }
        serde_json::from_slice(body).map_err(|problem| match problem.classify() {
            Category::Data => wrong("is not a JSON object with each member once"),
            _ => wrong("is not JSON"),
        })
    }

    fn refusal(&self, refusal: Refusal, now: SystemTime) -> Error {
        let Refusal { code, description } = refusal;
        let registered = code.as_deref().and_then(registered);
        let (kind, advice) = self.classify(registered, description.as_deref());
        let code = match (registered, &code) {
            (Some(code), _) => format!(" {code}"),
            // It may be anything, a token that was issued earlier included.
            (None, Some(_)) => " with an unregistered code".to_owned(),
            (None, None) => String::new(),
        };
        let message = format!("the token endpoint responded {}{code}: {advice}", self.status);
        let wait = if kind.retryable() { self.wait(now) } else { None };
        self.error(kind, message, registered).with_retry_after(wait)
    }

    #[expect(clippy::match_same_arms, reason = "earlier arms are exceptions to later ones")]
    fn classify(&self, code: Option<&str>, description: Option<&str>) -> (ErrorKind, &'static str) {
        const CREDENTIALS: (ErrorKind, &str) = (
            ErrorKind::InvalidCredentials,
            "check `client_id` and `client_secret`, and that they belong to this environment",
        );
        const THROTTLED: (ErrorKind, &str) = (ErrorKind::Throttled, "slow down");
        const UNAVAILABLE: (ErrorKind, &str) =
            (ErrorKind::Unavailable, "the server failed; the request may be repeated");
        // A refusal that calls itself a success is judged by its code.
        let status = match (self.status, code) {
            (200..=299, Some("access_denied")) => 401,
            (200..=299, _) => 400,
            (status, _) => status,
        };
        match (status, code) {
            (429, _) | (400..=499, Some("too_many_requests" | "slow_down")) => THROTTLED,
            (500..=599, _) if self.is_rate_limit(code, description) => THROTTLED,
            (500..=599 | 408 | 425, _) => UNAVAILABLE,
            // Doorkeeper responds 400 for failures of its own too.
            (
                400..=499,
                Some("server_error" | "temporarily_unavailable" | "invalid_token_reuse"),
            ) => UNAVAILABLE,
            (407, _) => (ErrorKind::Network, "a proxy wants credentials"),
            (400..=499, Some("invalid_client")) => CREDENTIALS,
            (_, Some("invalid_scope")) => {
                (ErrorKind::NotGranted, "a scope is unknown or not granted to this client")
            }
            (_, Some("unauthorized_client")) => {
                (ErrorKind::NotGranted, "this client may not use the client-credentials grant")
            }
            (_, Some("invalid_target")) => {
                (ErrorKind::NotGranted, "the audience is unknown or not granted to this client")
            }
            (403, Some("access_denied")) => {
                (ErrorKind::NotGranted, "the audience is unknown or not granted to this client")
            }
            (_, Some("invalid_grant")) => (
                ErrorKind::NotGranted,
                "the server grants this client nothing: it may be inactive, or not set up for client credentials",
            ),
            (_, Some("invalid_request" | "unsupported_grant_type")) => (
                ErrorKind::InvalidArgument,
                "the server does not take this form of request; check service and `token_url`",
            ),
            (401, _) => CREDENTIALS,
            (415, _) => (
                ErrorKind::InvalidArgument,
                "the server does not take this form of request; check service and `token_request_format`",
            ),
            (404 | 405 | 410, _) => {
                (ErrorKind::Protocol, "there is no token endpoint here; check `token_url`")
            }
            _ => (
                ErrorKind::Protocol,
                "not a response of RFC 6749; check `token_url` and what stands in between",
            ),
        }
    }

    /// Whether a 5xx is about limits. Auth0 reports its tenant-wide limit as 500 `access_denied`.
    fn is_rate_limit(&self, code: Option<&str>, description: Option<&str>) -> bool {
        matches!(code, Some("access_denied" | "too_many_requests"))
            || self.rate_limit_remaining.as_deref().is_some_and(|left| left.trim() == "0")
            || description.is_some_and(|text| {
                let text = text.to_ascii_lowercase();
                text.contains("rate limit") || text.contains("limit has been reached")
            })
    }

    fn wait(&self, now: SystemTime) -> Option<Duration> {
        let headers = retry_after::Headers {
            retry_after: self.retry_after.as_deref(),
            rate_limit_reset: self.rate_limit_reset.as_deref(),
            date: self.date.as_deref(),
        };
        headers.wait(now)
    }

    fn protocol(&self, problem: &str) -> Error {
        self.error(
            ErrorKind::Protocol,
            format!(
                "{problem} (HTTP {}); check `token_url` and what stands in between",
                self.status
            ),
            None,
        )
    }

    fn error(&self, kind: ErrorKind, message: String, code: Option<&str>) -> Error {
        Error::new(kind, message).with_response(self.status, code.map(str::to_owned))
    }
}

/// A lifetime in whole seconds. Some servers send it as a string, or with a decimal point; more
/// than fits is as good as the most that fits.
fn whole_seconds(value: &Value) -> Option<Duration> {
    match value {
        Value::Number(number) => match (number.as_u64(), number.as_f64()) {
            (Some(seconds), _) => Some(Duration::from_secs(seconds)),
            (None, Some(seconds)) if seconds >= 0.0 && seconds.fract() == 0.0 => {
                Some(Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX))
            }
            _ => None,
        },
        Value::String(text) => digits(text).map(Duration::from_secs),
        _ => None,
    }
}

fn sorted(scope: &str) -> Vec<String> {
    let mut scopes: Vec<String> = scope.split_ascii_whitespace().map(str::to_owned).collect();
    scopes.sort_unstable();
    scopes.dedup();
    scopes
}
