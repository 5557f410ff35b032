//! What an agent is asked for one step: the step's arguments as texts, with what a preset, the adapter
//! and the sandbox add to them.

use serde_json::{Map, Value};

use crate::adapter::Adapter;
use crate::case::Step;
use crate::leak::Secrets;
use crate::matcher::text;
use crate::preset;
use crate::variables::Variables;
use crate::wire::{Fields, Request, encode_form};

/// The request for a step that the agent carries out, its variables replaced already. Credentials
/// in it are added to the secrets.
///
/// # Errors
/// An argument has no form in which it could travel, or there is no adapter where one is needed.
pub fn request(
    step: &Step,
    arguments: &Map<String, Value>,
    adapter: Option<&Adapter>,
    variables: &Variables,
    secrets: &mut Secrets,
) -> Result<Request, String> {
    let mut request = Request::new(step.verb.name);
    if step.verb.has_client() {
        request = request.with("client", "c1");
    }
    if step.verb.optional.contains(&"handle") {
        request = request.with("handle", "c1");
    }
    let mut headers = Fields::new();
    for (name, value) in arguments {
        match (name.as_str(), value) {
            ("use" | "with", _) => {}
            ("headers", Value::Object(pairs)) => {
                for (name, value) in pairs {
                    headers.insert(name.clone(), text(value)?);
                }
            }
            ("json", value) => {
                headers.entry("content-type".to_owned()).or_insert("application/json".into());
                request = request.with("body", value.to_string());
            }
            ("variables", value @ Value::Object(_)) => {
                request = request.with(name, value.to_string());
            }
            _ => request = request.with(name, text(value)?),
        }
    }
    if !headers.is_empty() {
        request = request.with("headers", encode_form(&headers));
    }
    if step.verb.has_adapter() {
        let adapter = adapter.ok_or("there is no adapter to send a request with")?;
        request = request.with("via", adapter.name.as_str());
    }
    let trusts = adapter.is_some() && (step.verb.has_adapter() || step.verb.name == "new");
    if let Some(ca_file) = variables.get("ca_file").filter(|_| trusts) {
        request = request.with("ca_file", ca_file);
    }
    if step.verb.name == "new" {
        request = with_settings(request, arguments, variables)?;
    }
    if matches!(step.verb.name, "new" | "provide") {
        let id = request.fields.get("client_id").map_or("", String::as_str);
        for name in ["client_secret", "client_secret_next", "fail"] {
            if let Some(secret) = request.fields.get(name) {
                secrets.add(secret);
                secrets.add_pair(id, secret);
            }
        }
    }
    Ok(request)
}

fn with_settings(
    mut request: Request,
    arguments: &Map<String, Value>,
    variables: &Variables,
) -> Result<Request, String> {
    let preset = arguments.get("use").and_then(Value::as_str).unwrap_or("none");
    for (setting, value) in preset::settings(preset)? {
        request = request.with(setting, variables.text(value)?);
    }
    let changes = arguments.get("with").and_then(Value::as_object);
    for (setting, value) in changes.into_iter().flatten() {
        if value.is_null() {
            request.fields.remove(setting);
        } else {
            request = request.with(setting, text(value)?);
        }
    }
    Ok(request)
}
