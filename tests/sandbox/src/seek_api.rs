//! Plays the token endpoint of auth.seek.com: JSON in, a token for one audience out, errors as Auth0 words them.

use hyper::StatusCode;
use serde_json::{Map, Value, json};

use crate::control::{Now, State};
use crate::fault::{limited, refuse};
use crate::reply::Reply;
use crate::request::{Received, text};
use crate::script::Endpoint;
use crate::settings::{Client, LIVE_AUDIENCE, PLAYGROUND_AUDIENCE, Quota, Settings, WrongSecret};
use crate::tokens::{Grant, SEEK_API};

/// Token requests in the window that is running.
#[derive(Debug, Default)]
pub(crate) struct QuotaWindow {
    /// Which window, counted from the start.
    index: u64,
    used: u64,
}

impl QuotaWindow {
    /// Counts one request: what is left, and the seconds until the next window. Refused requests count too.
    fn take(&mut self, quota: Quota, now: Now) -> (Option<u64>, u64) {
        let length = quota.per_s.max(1);
        let age = now.age.as_secs();
        if self.index != age / length {
            *self = QuotaWindow { index: age / length, used: 0 };
        }
        self.used += 1;
        (quota.requests.checked_sub(self.used), length - age % length)
    }
}

/// Answers a token request.
pub(crate) fn token(state: &mut State, now: Now, received: &Received) -> Reply {
    let quota = state.settings.seek_api_quota;
    let (left, wait_s) = state.quota.take(quota, now);
    let reply = match left {
        Some(_) => match request(&state.settings, received) {
            Ok(asked) => grant(state, now, &asked),
            Err((name, description)) => {
                refuse(Endpoint::SeekApiToken, name, description.as_deref(), now)
            }
        },
        None => refuse(Endpoint::SeekApiToken, "too_many_requests", None, now)
            .header("retry-after", &wait_s.to_string()),
    };
    let left = left.unwrap_or(0);
    limited(reply, quota.requests, left, wait_s, now).header(
        "auth0-client-quota-limit",
        &format!("b=per_hour;q={};r={left};t={wait_s}", quota.requests),
    )
}

/// A request that was found in order.
struct Asked {
    client_id: String,
    audience: String,
}

/// The name of an error in the table, and its description where that says more.
type Refusal = (&'static str, Option<String>);

fn request(settings: &Settings, received: &Received) -> Result<Asked, Refusal> {
    let members = members(settings, received)?;
    let basic = received.basic().filter(|_| settings.seek_api_accepts_form);
    let required = |name: &str| {
        text(&members, name)
            .ok_or_else(|| ("invalid_request", Some(format!("Missing required parameter: {name}"))))
    };
    let grant_type = required("grant_type")?;
    if grant_type != "client_credentials" {
        return Err(("unsupported_grant_type", None));
    }
    let (client_id, secret) = match &basic {
        Some((id, secret)) => (id.as_str(), secret.as_str()),
        None => (required("client_id")?, required("client_secret")?),
    };
    let audience = required("audience")?;
    let client = settings
        .clients
        .iter()
        .find(|client| client.client_id == client_id && client.client_secret == secret)
        .ok_or(match settings.seek_api_wrong_secret {
            WrongSecret::AccessDenied => ("access_denied", None),
            WrongSecret::InvalidClient => ("invalid_client", None),
        })?;
    granted(settings, client, audience)?;
    Ok(Asked { client_id: client_id.to_owned(), audience: audience.to_owned() })
}

fn members(settings: &Settings, received: &Received) -> Result<Map<String, Value>, Refusal> {
    let refuse = |text: &str| Err(("invalid_request", Some(text.to_owned())));
    match received.media_type().as_str() {
        "application/json" => match received.json() {
            Some(members) => Ok(members),
            None => refuse("The body is not a JSON object"),
        },
        "application/x-www-form-urlencoded" if settings.seek_api_accepts_form => {
            Ok(received.form())
        }
        _ => refuse("The body must be application/json"),
    }
}

fn granted(settings: &Settings, client: &Client, audience: &str) -> Result<(), Refusal> {
    let has = |client: &Client| client.audiences.iter().any(|granted| granted == audience);
    if !client.client_credentials_allowed {
        Err(("unauthorized_client", None))
    } else if has(client) {
        Ok(())
    } else if [LIVE_AUDIENCE, PLAYGROUND_AUDIENCE].contains(&audience)
        || settings.clients.iter().any(has)
    {
        Err(("audience_not_granted", Some(format!("This client has no grant for {audience}"))))
    } else {
        Err(("unknown_audience", Some(format!("Service not enabled within domain: {audience}"))))
    }
}

fn grant(state: &mut State, now: Now, asked: &Asked) -> Reply {
    let lifetime_s = state.settings.seek_api_lifetime_s;
    let value = state.tokens.issue(
        SEEK_API,
        &asked.client_id,
        Grant::Audience(asked.audience.clone()),
        now.age,
        lifetime_s,
    );
    let mut members = Map::new();
    members.insert("access_token".to_owned(), json!(value));
    members.insert("expires_in".to_owned(), json!(lifetime_s));
    members.insert("token_type".to_owned(), json!("Bearer"));
    let body = overridden(members, &state.settings.seek_api_reply);
    Reply::json(StatusCode::OK, &body)
        .header("cache-control", "no-store")
        .header("pragma", "no-cache")
}

/// The members of a reply with those that the settings replace or, by `null`, leave out.
pub(crate) fn overridden<'a>(
    mut members: Map<String, Value>,
    changes: impl IntoIterator<Item = (&'a String, &'a Value)>,
) -> Value {
    for (name, value) in changes {
        if value.is_null() {
            members.remove(name);
        } else {
            members.insert(name.clone(), value.clone());
        }
    }
    Value::Object(members)
}
