//! Answers laid down in advance: one queue per endpoint, taken before the endpoint's own behaviour.
//! A script may replace an answer, only slow it, or cut the connection under it; everything not named stays real.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::error::Error;
use crate::fault::Fault;
use crate::journal::Entry;

/// Where a request arrived, as named in scripts, journal and counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Endpoint {
    /// `POST /oauth/token` of auth.seek.com.
    SeekApiToken,
    /// `POST /graphql` of graphql.seek.com.
    Graphql,
    /// `POST /auth/token` of graphql.seek.com.
    BrowserToken,
    /// `POST /api/partner/v1/oauth/token.json` of SEEK Pass.
    SeekPassToken,
    /// Every other path under `/api/partner/` of SEEK Pass.
    SeekPassApi,
    /// Any path of the server that is not SEEK's.
    Foreign,
    /// Any other path of the three services: answered 404, never scripted.
    Other,
}

impl Endpoint {
    /// The name used in JSON.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Endpoint::SeekApiToken => "seek_api_token",
            Endpoint::Graphql => "graphql",
            Endpoint::BrowserToken => "browser_token",
            Endpoint::SeekPassToken => "seek_pass_token",
            Endpoint::SeekPassApi => "seek_pass_api",
            Endpoint::Foreign => "foreign",
            Endpoint::Other => "other",
        }
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

/// When a connection is cut under an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Drop {
    /// The request was read, nothing is sent.
    Before,
    /// Status line and headers are sent, nothing of the body.
    AfterHeaders,
    /// Headers, which announce the whole body, and the first half of it are sent.
    MidBody,
    /// HTTP/2 says `REFUSED_STREAM`, and nothing is done; HTTP/1.1 ends the connection.
    Refuse,
}

/// How a connection is cut.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DropWith {
    /// TCP RST.
    #[default]
    Reset,
    /// TCP FIN, as a crashed server's kernel sends; over TLS without `close_notify`.
    Close,
}

/// One answer in an endpoint's queue.
///
/// At most one of `status` alone, `json`, `body`, `html`, `body_size`, `redirect` and `error` says what is answered. Without
/// any of them the request is answered as if unscripted, and the other fields still apply to that answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scripted {
    /// The endpoint whose next request gets this answer.
    pub endpoint: Endpoint,
    /// Only requests with the GraphQL operation of this name get this answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operation: Option<String>,
    /// Only requests for this path get this answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// HTTP status. Default 200, with `redirect` 307, with `error` what that error has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// Headers set on the answer, replacing those of the same name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, String>,
    /// A JSON body, sent as `application/json`.
    #[serde(default, deserialize_with = "some_value", skip_serializing_if = "Option::is_none")]
    pub json: Option<Value>,
    /// A body sent as it is, as `text/plain; charset=utf-8` unless `headers` says otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
    /// A body sent as `text/html; charset=utf-8`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub html: Option<String>,
    /// A body of so many filler bytes, the letter `x`, sent as `application/json`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body_size: Option<u64>,
    /// What stands in front of the filler, and does not count for its size.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub body_start: String,
    /// What stands behind the filler.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub body_end: String,
    /// `Location` of a redirect: a URL or a path. `{auth}`, `{graphql}`, `{pass}` and `{foreign}` stand for the base
    /// URLs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub redirect: Option<String>,
    /// One of the endpoint's own errors, by name, with the status, headers and body that the real service gives it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// Milliseconds between the arrival of the request and the first byte of the answer.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub delay_ms: u64,
    /// Whether the answer waits for [`Control::release`](crate::Control::release).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub hold: bool,
    /// The answer waits until so many requests have arrived at these endpoints, since the start or the last clearing.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub after: BTreeMap<Endpoint, u64>,
    /// Whether the body is compressed with gzip, if the request accepts that.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub gzip: bool,
    /// Sends so many bytes of the body and then nothing more, with the connection left open.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stall_at: Option<u64>,
    /// Cuts the connection.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub drop: Option<Drop>,
    /// How `drop` cuts it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub drop_with: Option<DropWith>,
    /// Sends the body one byte at a time, so many milliseconds apart.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub drip_ms: Option<u64>,
    /// How many requests get this answer. Default 1; 0 is every further one.
    #[serde(default = "once")]
    pub times: u64,
}

fn once() -> u64 {
    1
}

#[allow(clippy::trivially_copy_pass_by_ref)] // the signature serde asks for
fn is_zero(number: &u64) -> bool {
    *number == 0
}

/// Keeps `"json": null` apart from no `json` at all.
fn some_value<'de, D: serde::Deserializer<'de>>(source: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(source).map(Some)
}

impl Scripted {
    /// An answer for `endpoint` that changes nothing yet; set the fields that matter:
    /// `Scripted { status: Some(503), ..Scripted::on(Endpoint::SeekApiToken) }`.
    #[must_use]
    pub fn on(endpoint: Endpoint) -> Scripted {
        Scripted {
            endpoint,
            operation: None,
            path: None,
            status: None,
            headers: BTreeMap::new(),
            json: None,
            body: None,
            html: None,
            body_size: None,
            body_start: String::new(),
            body_end: String::new(),
            redirect: None,
            error: None,
            delay_ms: 0,
            hold: false,
            after: BTreeMap::new(),
            gzip: false,
            stall_at: None,
            drop: None,
            drop_with: None,
            drip_ms: None,
            times: 1,
        }
    }

    /// Whether this answer is for that request.
    fn fits(&self, request: &Entry) -> bool {
        self.operation.as_ref().is_none_or(|name| request.operation.as_ref() == Some(name))
            && self.path.as_ref().is_none_or(|path| request.path == *path)
    }

    /// Checks what the types cannot: that at most one body is given, that the error exists there, that status and headers can be sent.
    pub(crate) fn check(&self) -> Result<(), Error> {
        let refuse = |text: String| Err(Error::Script(format!("{}: {text}", self.endpoint)));
        if self.endpoint == Endpoint::Other {
            return refuse("this endpoint cannot be scripted".to_owned());
        }
        if self.operation.is_some() && self.endpoint != Endpoint::Graphql {
            return refuse("only graphql has operations".to_owned());
        }
        if self.path.as_ref().is_some_and(|path| !path.starts_with('/')) {
            return refuse("path must start with /".to_owned());
        }
        let bodies = [
            ("json", self.json.is_some()),
            ("body", self.body.is_some()),
            ("html", self.html.is_some()),
            ("body_size", self.body_size.is_some()),
            ("redirect", self.redirect.is_some()),
            ("error", self.error.is_some()),
        ];
        let given: Vec<_> =
            bodies.iter().filter(|(_, given)| *given).map(|(name, _)| *name).collect();
        if given.len() > 1 {
            return refuse(format!("give only one of {}", given.join(", ")));
        }
        if self.status.is_some_and(|status| !(200..=999).contains(&status)) {
            return refuse("status must be from 200 to 999".to_owned());
        }
        if self.drop_with.is_some() && self.drop.is_none() {
            return refuse("drop_with needs drop".to_owned());
        }
        if self.stall_at.is_some() && self.drop.is_some() {
            return refuse("give only one of stall_at, drop".to_owned());
        }
        if self.body_size.is_none() && !(self.body_start.is_empty() && self.body_end.is_empty()) {
            return refuse("body_start and body_end need body_size".to_owned());
        }
        if self.gzip && self.body_size.is_some() {
            return refuse("a filler body is not compressed".to_owned());
        }
        if let Some(name) = &self.error
            && Fault::find(self.endpoint, name).is_none()
        {
            return refuse(format!(
                "error must be one of {}",
                Fault::names(self.endpoint).join(", ")
            ));
        }
        if let Some(target) = &self.redirect
            && hyper::header::HeaderValue::from_str(target).is_err()
        {
            return refuse("redirect cannot be sent as a header".to_owned());
        }
        for (name, value) in &self.headers {
            if hyper::header::HeaderName::from_bytes(name.as_bytes()).is_err()
                || hyper::header::HeaderValue::from_str(value).is_err()
            {
                return refuse(format!("headers: {name} cannot be sent"));
            }
        }
        Ok(())
    }
}

/// The queues.
#[derive(Debug, Default)]
pub(crate) struct Script {
    queues: HashMap<Endpoint, VecDeque<Scripted>>,
}

impl Script {
    /// Appends answers, or none of them when one makes no sense.
    pub(crate) fn append(&mut self, answers: Vec<Scripted>) -> Result<(), Error> {
        answers.iter().try_for_each(Scripted::check)?;
        for answer in answers {
            self.queues.entry(answer.endpoint).or_default().push_back(answer);
        }
        Ok(())
    }

    /// The first answer that is for `request`.
    pub(crate) fn next(&mut self, request: &Entry) -> Option<Scripted> {
        let queue = self.queues.get_mut(&request.endpoint)?;
        let at = queue.iter().position(|answer| answer.fits(request))?;
        let found = queue.get_mut(at)?;
        match found.times {
            0 => Some(found.clone()),
            1 => queue.remove(at),
            _ => {
                found.times -= 1;
                Some(found.clone())
            }
        }
    }

    /// How many answers wait in all queues, those for ever counted once.
    pub(crate) fn waiting(&self) -> u64 {
        self.queues.values().flatten().map(|answer| answer.times.max(1)).sum()
    }
}
