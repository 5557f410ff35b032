//! Plays SEEK Pass's resource of webhooks: made, listed, removed, and given another secret. A secret is shown when it is
//! made and never again. The shape of bodies beyond that is the sandbox's own.

use hyper::{Method, StatusCode};
use serde_json::{Value, json};

use crate::reply::Reply;
use crate::request::Received;
use crate::seek_pass_resource::unprocessable;
use crate::service::not_found;

/// The webhooks of all clients.
#[derive(Debug, Default)]
pub(crate) struct Webhooks {
    made: Vec<Registered>,
    last: u64,
}

#[derive(Debug)]
struct Registered {
    id: String,
    client_id: String,
    url: String,
    secret: String,
}

impl Registered {
    fn shown(&self) -> Value {
        json!({"id": self.id, "url": self.url})
    }

    fn with_secret(&self) -> Value {
        json!({"id": self.id, "url": self.url, "secret": self.secret})
    }
}

impl Webhooks {
    /// The secret of the webhook with that address that was made last.
    pub(crate) fn secret_of(&self, url: &str) -> Option<&str> {
        let found = self.made.iter().rev().find(|webhook| webhook.url == url)?;
        Some(&found.secret)
    }

    /// What the client is shown of a new one, this once with its secret.
    fn make(&mut self, client_id: &str, url: &str) -> Value {
        self.last += 1;
        let webhook = Registered {
            id: self.last.to_string(),
            client_id: client_id.to_owned(),
            url: url.to_owned(),
            secret: secret(),
        };
        let shown = webhook.with_secret();
        self.made.push(webhook);
        shown
    }

    fn of<'a>(&'a self, client_id: &'a str) -> impl Iterator<Item = &'a Registered> {
        self.made.iter().filter(move |webhook| webhook.client_id == client_id)
    }

    fn place(&self, client_id: &str, id: &str) -> Option<usize> {
        self.made.iter().position(|webhook| webhook.client_id == client_id && webhook.id == id)
    }
}

/// As SEEK Pass makes them: 64 hexadecimal digits.
fn secret() -> String {
    format!("{:032x}{:032x}", fastrand::u128(..), fastrand::u128(..))
}

/// Answers a request for what lies under `webhooks`.
pub(crate) fn answer(
    webhooks: &mut Webhooks,
    client_id: &str,
    received: &Received,
    rest: &[&str],
) -> Reply {
    match (received.method(), rest) {
        (&Method::GET, []) => {
            let all: Vec<Value> = webhooks.of(client_id).map(Registered::shown).collect();
            Reply::json(StatusCode::OK, &json!({"webhooks": all}))
        }
        (&Method::POST, []) => {
            let body = received.json().unwrap_or_default();
            match body.get("url").and_then(Value::as_str) {
                Some(url) => Reply::json(StatusCode::CREATED, &webhooks.make(client_id, url)),
                None => unprocessable("url must be a string"),
            }
        }
        (method, [id, more @ ..]) => match webhooks.place(client_id, id) {
            Some(at) => one(webhooks, at, method, more),
            None => not_found(),
        },
        _ => not_found(),
    }
}

fn one(webhooks: &mut Webhooks, at: usize, method: &Method, more: &[&str]) -> Reply {
    match (method, more) {
        (&Method::GET, []) => Reply::json(StatusCode::OK, &webhooks.made[at].shown()),
        (&Method::DELETE, []) => {
            webhooks.made.remove(at);
            Reply::empty(StatusCode::NO_CONTENT)
        }
        (&Method::PUT, ["secret"]) => {
            webhooks.made[at].secret = secret();
            Reply::json(StatusCode::OK, &webhooks.made[at].with_secret())
        }
        _ => not_found(),
    }
}
