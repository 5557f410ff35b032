//! Plays the endpoint that changes a partner token for a browser token, bound to one hirer, its scopes and one user.
//! What it answers to a request that it refuses is not documented; the codes are those of GraphQL.

use std::collections::BTreeSet;

use hyper::StatusCode;
use serde_json::{Map, Value, json};

use crate::control::{Now, State};
use crate::fault::refuse;
use crate::reply::Reply;
use crate::request::{Received, text};
use crate::script::Endpoint;
use crate::seek_api::overridden;
use crate::settings::PLAYGROUND_AUDIENCE;
use crate::tokens::{BROWSER, Grant, Issued};

/// The longest hirer id taken.
const HIRER_ID_LIMIT: usize = 255;

/// Answers a request for a browser token.
pub(crate) fn token(state: &mut State, now: Now, received: &Received) -> Reply {
    match request(state, now, received) {
        Ok((client_id, grant)) => grant_token(state, now, &client_id, grant),
        Err((code, text)) => refuse(Endpoint::BrowserToken, code, Some(&text), now),
    }
}

/// The code of an error in the table, and what it says.
type Refusal = (&'static str, String);

fn request(state: &State, now: Now, received: &Received) -> Result<(String, Grant), Refusal> {
    let unauthenticated = || ("UNAUTHENTICATED", "A valid partner token is required".to_owned());
    let issued = state.tokens.check(received.bearer(), now.age).map_err(|_| unauthenticated())?;
    let audience = partner_audience(issued).ok_or_else(unauthenticated)?;
    let bad = |text: &str| ("BAD_USER_INPUT", text.to_owned());
    if received.media_type() != "application/json" {
        return Err(bad("The request must be application/json"));
    }
    let members = received.json().ok_or_else(|| bad("The body must be a JSON object"))?;
    let required =
        |name: &str| text(&members, name).ok_or_else(|| bad(&format!("{name} is required")));
    let hirer_id = required("hirerId")?;
    if hirer_id.len() > HIRER_ID_LIMIT {
        return Err(bad("hirerId is longer than 255 bytes"));
    }
    let scopes: BTreeSet<String> =
        required("scope")?.split_ascii_whitespace().map(str::to_owned).collect();
    if scopes.is_empty() {
        return Err(bad("scope is required"));
    }
    let user_id = required("userId")?;
    let scheme = hirer_id.split(':').next().unwrap_or_default();
    if scheme.ends_with("PublicTest") != (audience == PLAYGROUND_AUDIENCE) {
        let text = "The partner token belongs to the other environment".to_owned();
        return Err(("UNAUTHENTICATED", text));
    }
    if !state.settings.hirers.iter().any(|hirer| hirer == hirer_id) {
        return Err(("FORBIDDEN", "There is no relationship with this hirer".to_owned()));
    }
    let grant = Grant::Browser {
        audience: audience.to_owned(),
        hirer_id: hirer_id.to_owned(),
        scopes,
        user_id: user_id.to_owned(),
    };
    Ok((issued.client_id.clone(), grant))
}

/// The audience of a partner token; browser tokens and those of SEEK Pass are none.
fn partner_audience(issued: &Issued) -> Option<&str> {
    match &issued.grant {
        Grant::Audience(audience) => Some(audience),
        Grant::Scopes(_) | Grant::Browser { .. } => None,
    }
}

fn grant_token(state: &mut State, now: Now, client_id: &str, grant: Grant) -> Reply {
    let lifetime_s = state.settings.browser_token_lifetime_s;
    let value = state.tokens.issue(BROWSER, client_id, grant, now.age, lifetime_s);
    let mut members = Map::new();
    members.insert("access_token".to_owned(), Value::String(value));
    members.insert("expires_in".to_owned(), json!(lifetime_s));
    members.insert("token_type".to_owned(), json!("Bearer"));
    let body = overridden(members, &state.settings.browser_token_reply);
    Reply::json(StatusCode::OK, &body).header("cache-control", "no-store")
}
