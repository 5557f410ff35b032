//! Plays the token endpoint of SEEK Pass: a form in, a token for scopes out, errors and operator switches as in Doorkeeper.

use std::collections::BTreeSet;

use hyper::StatusCode;
use serde_json::{Map, Value, json};

use crate::control::{Now, State};
use crate::fault::refuse;
use crate::reply::Reply;
use crate::request::{Received, text};
use crate::script::Endpoint;
use crate::seek_api::overridden;
use crate::settings::Settings;
use crate::tokens::{Grant, SEEK_PASS};

/// Answers a token request.
pub(crate) fn token(state: &mut State, now: Now, received: &Received) -> Reply {
    match request(&state.settings, received) {
        Ok(asked) => grant(state, now, asked),
        Err((name, description)) => {
            refuse(Endpoint::SeekPassToken, name, description.as_deref(), now)
        }
    }
}

/// A request that was found in order.
struct Asked {
    client_id: String,
    scopes: BTreeSet<String>,
}

/// The name of an error in the table, and its description where that says more.
type Refusal = (&'static str, Option<String>);

fn request(settings: &Settings, received: &Received) -> Result<Asked, Refusal> {
    let members = match received.media_type().as_str() {
        "application/x-www-form-urlencoded" => received.form(),
        "application/json" if settings.seek_pass_accepts_json => {
            received.json().unwrap_or_default()
        }
        _ => return Err(("unsupported_media_type", None)),
    };
    let grant_type = text(&members, "grant_type").ok_or_else(|| {
        let description = "Missing required parameter: grant_type.".to_owned();
        ("invalid_request", Some(description))
    })?;
    if grant_type != "client_credentials" {
        return Err(("unsupported_grant_type", None));
    }
    let (client_id, secret) = credentials(&members, received)?;
    let client = settings
        .clients
        .iter()
        .find(|client| client.client_id == client_id && client.client_secret == secret)
        .ok_or(("invalid_client", None))?;
    if !client.client_credentials_allowed {
        return Err(("unauthorized_client", None));
    }
    let scopes: BTreeSet<String> =
        text(&members, "scope").unwrap_or_default().split_whitespace().map(str::to_owned).collect();
    if !scopes.iter().all(|scope| client.scopes.contains(scope)) {
        return Err(("invalid_scope", None));
    }
    Ok(Asked { client_id, scopes })
}

/// Client id and secret from the body or from HTTP Basic, never from both and never from the query.
fn credentials(
    members: &Map<String, Value>,
    received: &Received,
) -> Result<(String, String), Refusal> {
    match (received.basic(), text(members, "client_secret")) {
        (Some(_), Some(_)) => {
            let description = "The request used two methods of client authentication.".to_owned();
            Err(("invalid_request", Some(description)))
        }
        (Some(pair), None) => Ok(pair),
        (None, secret) => Ok((
            text(members, "client_id").unwrap_or_default().to_owned(),
            secret.unwrap_or_default().to_owned(),
        )),
    }
}

fn grant(state: &mut State, now: Now, asked: Asked) -> Reply {
    let lifetime_s = state.settings.seek_pass_lifetime_s;
    let scope = asked.scopes.iter().map(String::as_str).collect::<Vec<_>>().join(" ");
    let grant = Grant::Scopes(asked.scopes);
    let reused = state
        .tokens
        .reusable(&asked.client_id, &grant, now.age)
        .filter(|_| state.settings.reuse_token);
    let (value, expires_in) = reused.unwrap_or_else(|| {
        if state.settings.revoke_previous {
            state.tokens.revoke_latest(&asked.client_id, &grant);
        }
        let value = state.tokens.issue(SEEK_PASS, &asked.client_id, grant, now.age, lifetime_s);
        (value, lifetime_s)
    });
    let mut members = Map::new();
    members.insert("access_token".to_owned(), json!(value));
    members.insert("token_type".to_owned(), json!("Bearer"));
    members.insert("expires_in".to_owned(), json!(expires_in));
    if !scope.is_empty() {
        members.insert("scope".to_owned(), json!(scope));
    }
    members.insert("created_at".to_owned(), json!(now.unix_s()));
    let body = overridden(members, &state.settings.seek_pass_reply);
    Reply::json(StatusCode::OK, &body)
        .header("content-type", "application/json; charset=utf-8")
        .header("cache-control", "no-store, no-cache")
        .header("pragma", "no-cache")
}
