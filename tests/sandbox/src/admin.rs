//! The same controls over HTTP, for tests that are not written in Rust. Plain HTTP on loopback, JSON in and out.

use hyper::{Method, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::announcement::Announcement;
use crate::control::Control;
use crate::reply::Reply;
use crate::request::Received;
use crate::script::Scripted;
use crate::service::not_found;
use crate::trouble::Trouble;
use crate::webhook::Webhook;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Revoke {
    token: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Advance {
    ms: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Made {
    service: String,
    trouble: Trouble,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Answers {
    Many(Vec<Value>),
    One(Value),
}

/// Answers an admin request.
pub(crate) async fn answer(control: &Control, received: &Received) -> Reply {
    let done = || Ok(json!({"ok": true}));
    let outcome = match (received.method(), received.path()) {
        (&Method::GET, "/urls") => Ok(json!(Announcement::of(control))),
        (&Method::GET, "/journal") => Ok(journal(control, received)),
        (&Method::DELETE, "/journal") => {
            control.clear_journal();
            done()
        }
        (&Method::GET, "/counts") => Ok(json!(control.counts())),
        (&Method::GET, "/settings") => Ok(json!(control.settings())),
        (&Method::PATCH, "/settings") => body(received).and_then(|patch: Value| {
            control.configure_json(&patch).map_err(|error| error.to_string())?;
            Ok(json!(control.settings()))
        }),
        (&Method::GET, "/script") => Ok(json!({"left": control.script_left()})),
        (&Method::POST, "/script") => body(received).and_then(|answers| script(control, answers)),
        (&Method::DELETE, "/script") => {
            control.clear_script();
            done()
        }
        (&Method::POST, "/revoke") => {
            body(received).map(|revoke: Revoke| json!({"revoked": control.revoke(&revoke.token)}))
        }
        (&Method::POST, "/forget") => {
            control.forget_tokens();
            done()
        }
        (&Method::POST, "/advance") => body(received).and_then(|advance: Advance| {
            control.advance_ms(advance.ms);
            done()
        }),
        (&Method::POST, "/release") => {
            control.release();
            done()
        }
        (&Method::GET, "/webhooks") => Ok(json!(control.webhooks())),
        (&Method::POST, "/webhooks") => deliver(control, received).await,
        (&Method::GET, "/ca.pem") => return authority(control),
        (&Method::POST, "/trouble") => body(received).and_then(|made: Made| {
            let known = control.trouble(&made.service, made.trouble);
            if known { done() } else { Err("service: auth, graphql, pass or foreign".to_owned()) }
        }),
        (&Method::POST, "/certificate") => {
            control.renew_certificate().map_err(|error| error.to_string()).and_then(|()| done())
        }
        (&Method::POST, "/reset") => {
            control.reset();
            done()
        }
        _ => return not_found(),
    };
    match outcome {
        Ok(value) => Reply::json(StatusCode::OK, &value),
        Err(text) => Reply::json(StatusCode::BAD_REQUEST, &json!({"error": text})),
    }
}

/// The entries; with `?endpoint=…` those of one endpoint, with `?operation=…` those with that GraphQL operation.
fn journal(control: &Control, received: &Received) -> Value {
    let mut entries = control.journal();
    if let Some(endpoint) = received.query("endpoint") {
        entries.retain(|entry| entry.endpoint.name() == endpoint);
    }
    if let Some(name) = received.query("operation") {
        entries.retain(|entry| entry.operation.as_ref() == Some(&name));
    }
    json!(entries)
}

/// Sends webhooks: how the attempts went, or with `?wait=false` nothing of that.
async fn deliver(control: &Control, received: &Received) -> Result<Value, String> {
    let order: Webhook = body(received)?;
    let attempts = if received.query("wait").as_deref() == Some("false") {
        control.start_delivery(order).map(|_| Vec::new())
    } else {
        control.deliver(order).await
    };
    attempts.map(|attempts| json!(attempts)).map_err(|error| error.to_string())
}

/// The certificate of the authority, for those who do not share a file system with the sandbox.
fn authority(control: &Control) -> Reply {
    let file = control.urls().ca_file.as_ref();
    match file.and_then(|file| std::fs::read_to_string(file).ok()) {
        Some(pem) => Reply::text(StatusCode::OK, "application/x-pem-file", pem),
        None => not_found(),
    }
}

fn script(control: &Control, answers: Answers) -> Result<Value, String> {
    let answers = match answers {
        Answers::Many(answers) => answers,
        Answers::One(answer) => vec![answer],
    };
    // One by one, because an untagged enum would not say which member is wrong.
    let answers: Vec<Scripted> = answers
        .into_iter()
        .map(serde_json::from_value)
        .collect::<Result<_, _>>()
        .map_err(|error| format!("script: {error}"))?;
    control.script(answers).map_err(|error| error.to_string())?;
    Ok(json!({"left": control.script_left()}))
}

fn body<'a, T: Deserialize<'a>>(received: &'a Received) -> Result<T, String> {
    serde_json::from_slice(&received.body).map_err(|error| format!("body: {error}"))
}
