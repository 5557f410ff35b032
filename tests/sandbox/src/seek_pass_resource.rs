//! Plays SEEK Pass's partner resources as far as tokens matter: `add` per credential type, and the status of submissions.
//! The shape of bodies beyond `redirect_uri` is the sandbox's own; only who is let in is documented.

use std::collections::HashMap;
use std::time::Duration;

use hyper::{Method, StatusCode};
use serde_json::{Value, json};

use crate::control::{Now, State};
use crate::fault::refuse;
use crate::reply::Reply;
use crate::request::Received;
use crate::script::Endpoint;
use crate::seek_pass_webhooks;
use crate::service::not_found;
use crate::tokens::{Grant, Issued, Rejected};

/// How long a submission and its address are kept.
const KEPT: Duration = Duration::from_secs(48 * 3600);
/// How many ids one status request may name.
const STATUS_IDS: usize = 30;

/// Requests to add a credential, by client and id.
#[derive(Debug, Default)]
pub(crate) struct Submissions {
    made: HashMap<(String, String), Submission>,
    last: u64,
}

#[derive(Debug)]
struct Submission {
    redirect_uri: String,
    at: Duration,
}

impl Submissions {
    /// The address for that id: the one given before, if that was less than 48 hours ago.
    fn add(&mut self, client_id: &str, id: &str, credential_type: &str, now: Now) -> String {
        let key = (client_id.to_owned(), id.to_owned());
        if let Some(known) = self.made.get(&key)
            && now.age < known.at + KEPT
        {
            return known.redirect_uri.clone();
        }
        self.last += 1;
        let submission = Submission {
            redirect_uri: format!(
                "https://seekpass.sandbox.invalid/add/{credential_type}/{}",
                self.last
            ),
            at: now.age,
        };
        let redirect_uri = submission.redirect_uri.clone();
        self.made.insert(key, submission);
        redirect_uri
    }

    /// The status of a submission of that client, if it ever made one of that id.
    fn status(&self, client_id: &str, id: &str, young: &str, now: Now) -> Option<Value> {
        let submission = self.made.get(&(client_id.to_owned(), id.to_owned()))?;
        let status = if now.age < submission.at + KEPT { young } else { "canceled" };
        Some(json!({"id": id, "status": status}))
    }
}

/// Answers a request for a resource.
pub(crate) fn answer(state: &mut State, now: Now, received: &Received) -> Reply {
    let path = received.path().trim_start_matches("/api/partner/").trim_end_matches(".json");
    let parts: Vec<&str> = path.split('/').collect();
    let posted = received.method() == Method::POST;
    let read = received.method() == Method::GET;
    match parts.as_slice() {
        ["v1", "add", credential_type] if posted => {
            add(state, now, received, credential_type, "id")
        }
        ["v2", "add", "requests", "batch"] if posted => batch(state, now, received),
        ["v2", "add", "requests", credential_type] if posted => {
            add(state, now, received, credential_type, "credential_id")
        }
        ["v2", "verify", "requests", "digital_identity"] if posted => verify(state, now, received),
        ["v2", "webhooks", rest @ ..] => {
            with_token(state, now, received, &[], |state, client_id| {
                seek_pass_webhooks::answer(&mut state.pass_webhooks, client_id, received, rest)
            })
        }
        ["v1", "submissions", "status"] if posted => statuses(state, now, received),
        ["v1", "submissions", id, "status"] if read => {
            with_token(state, now, received, &[], |state, client_id| {
                let young = &state.settings.submission_status;
                match state.submissions.status(client_id, id, young, now) {
                    Some(status) => Reply::json(StatusCode::OK, &status),
                    None => not_found(),
                }
            })
        }
        _ => not_found(),
    }
}

/// The scope that a type of credential needs.
fn scope_of(credential_type: &str) -> Option<String> {
    match credential_type {
        "education"
        | "english_proficiency"
        | "microcredential"
        | "digital_identity"
        | "right_to_work"
        | "career_history" => Some(format!("write.{credential_type}")),
        "universal_credential" => Some("write.universal".to_owned()),
        _ => None,
    }
}

/// `member` is what the id is called in that version.
fn add(
    state: &mut State,
    now: Now,
    received: &Received,
    credential_type: &str,
    member: &str,
) -> Reply {
    let Some(scope) = scope_of(credential_type) else { return not_found() };
    with_token(state, now, received, &[scope], |state, client_id| {
        let body = received.json().unwrap_or_default();
        match body.get(member).and_then(Value::as_str) {
            Some(id) => {
                let redirect_uri = state.submissions.add(client_id, id, credential_type, now);
                Reply::json(StatusCode::CREATED, &json!({"redirect_uri": redirect_uri}))
            }
            None => unprocessable(&format!("{member} must be a string")),
        }
    })
}

/// A batch needs the scopes of all that is in it.
fn batch(state: &mut State, now: Now, received: &Received) -> Reply {
    let body = received.json().unwrap_or_default();
    let credentials = body.get("credentials").and_then(Value::as_array);
    let scope = |credential: &Value| scope_of(credential.get("type")?.as_str()?);
    let scopes: Option<Vec<String>> =
        credentials.and_then(|credentials| credentials.iter().map(scope).collect());
    let (Some(id), Some(scopes)) = (body.get("request_id").and_then(Value::as_str), scopes) else {
        return unprocessable("request_id must be a string, and each of credentials have a type");
    };
    with_token(state, now, received, &scopes, |state, client_id| {
        let redirect_uri = state.submissions.add(client_id, id, "batch", now);
        Reply::json(StatusCode::CREATED, &json!({"redirect_uri": redirect_uri}))
    })
}

/// Needs both scopes, for what is verified is read too.
fn verify(state: &mut State, now: Now, received: &Received) -> Reply {
    let scopes = ["write.digital_identity", "read.digital_identity"].map(str::to_owned);
    with_token(state, now, received, &scopes, |state, client_id| {
        let body = received.json().unwrap_or_default();
        match body.get("request_id").and_then(Value::as_str) {
            Some(id) => {
                let redirect_uri = state.submissions.add(client_id, id, "verify", now);
                Reply::json(StatusCode::CREATED, &json!({"redirect_uri": redirect_uri}))
            }
            None => unprocessable("request_id must be a string"),
        }
    })
}

fn statuses(state: &mut State, now: Now, received: &Received) -> Reply {
    with_token(state, now, received, &[], |state, client_id| {
        let body = received.json().unwrap_or_default();
        let ids: Option<Vec<&str>> = body
            .get("ids")
            .and_then(Value::as_array)
            .filter(|ids| ids.len() <= STATUS_IDS)
            .and_then(|ids| ids.iter().map(Value::as_str).collect());
        let Some(ids) = ids else {
            return unprocessable("ids must be at most 30 strings");
        };
        let young = &state.settings.submission_status;
        let known: Vec<Value> = ids
            .iter()
            .filter_map(|id| state.submissions.status(client_id, id, young, now))
            .collect();
        Reply::json(StatusCode::OK, &json!({"submissions": known}))
    })
}

/// Lets the request through if its token is good and has the scopes.
fn with_token(
    state: &mut State,
    now: Now,
    received: &Received,
    needed: &[String],
    then: impl FnOnce(&mut State, &str) -> Reply,
) -> Reply {
    let refuse =
        |name, description: &str| refuse(Endpoint::SeekPassApi, name, Some(description), now);
    let issued = state.tokens.check(received.bearer(), now.age).and_then(scopes_of);
    let (client_id, scopes) = match issued {
        Ok(found) => found,
        Err(Rejected::Expired) => return refuse("invalid_token", "The access token expired"),
        Err(Rejected::Revoked) => return refuse("invalid_token", "The access token was revoked"),
        Err(Rejected::Missing | Rejected::Unknown) => {
            return refuse("invalid_token", "The access token is invalid");
        }
    };
    if let Some(scope) = needed.iter().find(|scope| !scopes.contains(*scope)) {
        let description = format!("Access to this resource requires scope {scope}.");
        return refuse("insufficient_scope", &description);
    }
    let client_id = client_id.to_owned();
    then(state, &client_id)
}

/// Whose token it is and what it may do; one of the SEEK API is unknown here.
fn scopes_of(issued: &Issued) -> Result<(&str, &std::collections::BTreeSet<String>), Rejected> {
    match &issued.grant {
        Grant::Scopes(scopes) => Ok((&issued.client_id, scopes)),
        Grant::Audience(_) | Grant::Browser { .. } => Err(Rejected::Unknown),
    }
}

pub(crate) fn unprocessable(text: &str) -> Reply {
    Reply::json(
        StatusCode::UNPROCESSABLE_ENTITY,
        &json!({"error": "invalid_request", "error_description": text}),
    )
}
