//! Takes secrets and tokens out of what the journal records. A token keeps a name, the place in which it was issued, so
//! that a test can tell whether two requests carried the same one.

use serde_json::{Map, Value};

use crate::journal::Entry;
use crate::settings::Settings;
use crate::tokens::{PREFIXES, Tokens, VALUE_LENGTH};

const SECRET: &str = "[secret]";
const UNKNOWN: &str = "[unknown token]";
/// Members of requests whose values are secret, whatever they are.
const MEMBERS: [&str; 5] =
    ["client_secret", "client_assertion", "access_token", "refresh_token", "token"];
/// What is shorter would be found in words that are none.
const SHORTEST: usize = 6;
const HEADERS: [&str; 2] = ["authorization", "proxy-authorization"];

/// A header whose name has one of these in it is taken to be secret, whatever it is.
const SECRET_HEADERS: [&str; 3] = ["authorization", "secret", "token"];

/// Hides what `entry` has of the sort.
pub(crate) fn hide(entry: &mut Entry, settings: &Settings, tokens: &Tokens) {
    for name in HEADERS {
        if let Some(value) = entry.headers.get_mut(name) {
            *value = authorization(value, tokens);
        }
    }
    if let Some(query) = &mut entry.query {
        *query = form(query);
    }
    let is_form = entry
        .header("content-type")
        .is_some_and(|kind| kind.starts_with("application/x-www-form-urlencoded"));
    if is_form {
        entry.body = form(&entry.body);
    } else if let Ok(members) = serde_json::from_str::<Map<String, Value>>(&entry.body)
        && MEMBERS.iter().any(|name| members.contains_key(*name))
    {
        entry.body = object(members);
    } else if names_a_secret(&entry.body) && serde_json::from_str::<Value>(&entry.body).is_err() {
        entry.body = format!("[{} bytes that are neither JSON nor a form]", entry.body.len());
    }
    for (name, value) in &mut entry.headers {
        if !HEADERS.contains(&name.as_str())
            && SECRET_HEADERS.iter().any(|part| name.contains(part))
        {
            SECRET.clone_into(value);
        }
    }
    let texts = entry.headers.values_mut().chain(&mut entry.query);
    for text in texts.chain([&mut entry.path, &mut entry.body]) {
        anywhere(text, settings, tokens);
    }
}

/// Whether a body that cannot be read speaks of a value that is secret.
fn names_a_secret(body: &str) -> bool {
    MEMBERS.iter().any(|name| body.contains(name))
}

fn authorization(value: &str, tokens: &Tokens) -> String {
    let (scheme, credential) = value.split_once(' ').unwrap_or(("", value));
    let shown = match tokens.number(credential.trim()) {
        Some(number) => named(number),
        None if scheme.eq_ignore_ascii_case("bearer") => UNKNOWN.to_owned(),
        None => SECRET.to_owned(),
    };
    format!("{scheme} {shown}").trim_start().to_owned()
}

fn named(number: usize) -> String {
    format!("[token {number}]")
}

/// Pairs of a form or a query, left as they are but for secret values.
fn form(text: &str) -> String {
    let pairs = text.split('&').map(|pair| {
        let name = form_urlencoded::parse(pair.as_bytes()).next().map(|(name, _)| name);
        match (name, pair.split_once('=')) {
            (Some(name), Some((written, _))) if MEMBERS.contains(&&*name) => {
                format!("{written}={SECRET}")
            }
            _ => pair.to_owned(),
        }
    });
    pairs.collect::<Vec<_>>().join("&")
}

fn object(mut members: Map<String, Value>) -> String {
    for name in MEMBERS {
        if let Some(value) = members.get_mut(name) {
            *value = SECRET.into();
        }
    }
    Value::Object(members).to_string()
}

/// What is known to be secret, wherever it stands.
fn anywhere(text: &mut String, settings: &Settings, tokens: &Tokens) {
    for prefix in PREFIXES {
        let mut from = 0;
        while let Some(start) = text[from..].find(prefix).map(|at| from + at) {
            let digits = text[start + prefix.len()..]
                .bytes()
                .take(VALUE_LENGTH)
                .take_while(u8::is_ascii_hexdigit)
                .count();
            let end = start + prefix.len() + digits;
            let shown = tokens.number(&text[start..end]).map_or_else(|| UNKNOWN.to_owned(), named);
            text.replace_range(start..end, &shown);
            from = start + shown.len();
        }
    }
    let secrets = settings.clients.iter().map(|client| client.client_secret.as_str());
    for secret in secrets.filter(|secret| secret.len() >= SHORTEST) {
        let encoded: String = form_urlencoded::byte_serialize(secret.as_bytes()).collect();
        for written in [secret, &encoded] {
            if text.contains(written) {
                *text = text.replace(written, SECRET);
            }
        }
    }
}
