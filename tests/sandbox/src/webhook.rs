//! What a test orders to be delivered, and the requests that follow from it: which events go together, with which
//! timestamp, signed with what.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::control::{Now, State};
use crate::error::Error;
use crate::signature::{self, SignedContent};
use crate::webhook_event::{id_of, made, unique};

/// As many events as the SEEK API sends in one request.
const BATCH: usize = 10;
/// Events of one order; a test that wants more gives another.
const MOST_EVENTS: usize = 10_000;

/// Whose webhook it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WebhookService {
    /// Up to ten events in a request, `Seek-Signature` over the body.
    SeekApi,
    /// One event in a request, `X-Signature` over `X-Timestamp` and the body.
    SeekPass,
}

/// What is special about a delivery.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Nothing.
    #[default]
    Valid,
    /// It comes twice although it was taken, as after an answer that got lost: the same events in another request.
    Duplicated,
    /// The requests of the previous delivery to the same address, byte for byte, as somebody would send who has seen them.
    Replayed,
    /// It happened, and was signed, [`Webhook::late_s`] ago.
    Late,
    /// The signature is made with another secret.
    WronglySigned,
    /// There is no signature.
    Unsigned,
}

/// An order to deliver webhooks.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Webhook {
    /// Whose it is.
    pub service: WebhookService,
    /// Where it goes, an http URL.
    pub url: String,
    /// What signs it. May be left out for the address of a webhook that was made at SEEK Pass's resource.
    #[serde(default)]
    pub secret: Option<String>,
    /// What is special about it.
    #[serde(default)]
    pub kind: Kind,
    /// The events, as they are sent. Made by the sandbox if there are none.
    #[serde(default)]
    pub events: Vec<Value>,
    /// How many events are made. Default 1.
    #[serde(default = "one")]
    pub count: usize,
    /// The type of the events that are made. Default `CandidateApplicationCreated` and `vwsp_request.verified`.
    #[serde(default)]
    pub event_type: Option<String>,
    /// The hirer of the events that are made, for the SEEK API.
    #[serde(default)]
    pub hirer_id: Option<String>,
    /// `subscriptionId` of the SEEK API.
    #[serde(default = "subscription")]
    pub subscription_id: String,
    /// How many events of the SEEK API go into one request, 1 to 10. Default 10.
    #[serde(default = "batch")]
    pub batch: usize,
    /// How SEEK Pass joins timestamp and body.
    #[serde(default)]
    pub signed_content: SignedContent,
    /// How late [`Kind::Late`] is, in seconds; less than zero is ahead of time. Default 600.
    #[serde(default = "late")]
    pub late_s: i64,
    /// How often a request is sent until it is taken. Default 3.
    #[serde(default = "attempts")]
    pub attempts: u32,
    /// Milliseconds between two attempts. Default 100.
    #[serde(default = "pause")]
    pub pause_ms: u64,
    /// Milliseconds that the receiver has to answer. Default 10,000, as SEEK gives it.
    #[serde(default = "timeout")]
    pub timeout_ms: u64,
}

fn one() -> usize {
    1
}

fn subscription() -> String {
    "seekAnz:webhookSubscription:seek:sandbox".to_owned()
}

fn batch() -> usize {
    BATCH
}

fn late() -> i64 {
    600
}

fn attempts() -> u32 {
    3
}

fn pause() -> u64 {
    100
}

fn timeout() -> u64 {
    10_000
}

/// One request as it is sent, but for what differs between attempts.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) body: String,
    pub(crate) event_ids: Vec<String>,
    pub(crate) headers: Vec<(&'static str, String)>,
}

impl Webhook {
    /// A valid delivery of one event, to be changed: `Webhook { kind: Kind::Late, ..Webhook::to(service, url, secret) }`.
    #[must_use]
    pub fn to(service: WebhookService, url: &str, secret: &str) -> Webhook {
        Webhook {
            service,
            url: url.to_owned(),
            secret: Some(secret.to_owned()),
            kind: Kind::Valid,
            events: Vec::new(),
            count: one(),
            event_type: None,
            hirer_id: None,
            subscription_id: subscription(),
            batch: batch(),
            signed_content: SignedContent::default(),
            late_s: late(),
            attempts: attempts(),
            pause_ms: pause(),
            timeout_ms: timeout(),
        }
    }

    /// The requests that deliver it, in order; those of a duplicate are in there twice.
    pub(crate) fn batches(&self, state: &mut State, now: Now) -> Result<Vec<Request>, Error> {
        self.check()?;
        let refuse = |text: &str| Err(Error::Webhook(text.to_owned()));
        if self.kind == Kind::Replayed {
            return match state.deliveries.previous(&self.url) {
                Some(requests) => Ok(requests),
                None => refuse("kind: nothing was delivered to this url before"),
            };
        }
        let registered = state.pass_webhooks.secret_of(&self.url);
        let Some(secret) = self.secret.as_deref().or(registered) else {
            return refuse("secret: is missing, and no webhook with this url was made");
        };
        let at = now.unix.as_secs().saturating_add_signed(-self.shift_s());
        let moment = std::time::Duration::new(at, now.unix.subsec_nanos());
        let events = if self.events.is_empty() {
            (0..self.count).map(|_| made(self, moment)).collect()
        } else {
            self.events.clone()
        };
        let size = if self.service == WebhookService::SeekApi { self.batch } else { 1 };
        let times = if self.kind == Kind::Duplicated { 2 } else { 1 };
        let requests: Vec<Request> = events
            .chunks(size)
            .flat_map(|events| (0..times).map(|_| self.request(events, secret, at)))
            .collect();
        state.deliveries.remember(&self.url, &requests);
        Ok(requests)
    }

    fn check(&self) -> Result<(), Error> {
        let refuse = |text: &str| Err(Error::Webhook(text.to_owned()));
        let url: Option<hyper::Uri> = self.url.parse().ok();
        if url.is_none_or(|url| url.scheme_str() != Some("http") || url.authority().is_none()) {
            return refuse("url: must be an http URL");
        }
        if !(1..=BATCH).contains(&self.batch) {
            return refuse("batch: must be from 1 to 10");
        }
        if self.attempts == 0 || (self.events.is_empty() && self.count == 0) {
            return refuse("attempts and count must be at least 1");
        }
        if self.count > MOST_EVENTS {
            return refuse("count: must be at most 10000");
        }
        if self.secret.as_deref() == Some("") {
            return refuse("secret: is empty");
        }
        Ok(())
    }

    fn shift_s(&self) -> i64 {
        if self.kind == Kind::Late { self.late_s } else { 0 }
    }

    fn request(&self, events: &[Value], secret: &str, at: u64) -> Request {
        let body = match (self.service, events) {
            (WebhookService::SeekPass, [event, ..]) => event.to_string(),
            _ => json!({
                "events": events,
                "subscriptionId": self.subscription_id,
                "url": self.url,
            })
            .to_string(),
        };
        let other = format!("not {secret}");
        let secret = if self.kind == Kind::WronglySigned { &other } else { secret };
        let mut headers = vec![("x-request-id", unique())];
        let timestamp = at.to_string();
        let (name, signature) = match self.service {
            WebhookService::SeekApi => ("seek-signature", signature::seek_api(secret, &body)),
            WebhookService::SeekPass => {
                let content = self.signed_content;
                ("x-signature", signature::seek_pass(secret, &timestamp, &body, content))
            }
        };
        if self.service == WebhookService::SeekPass {
            headers.push(("x-timestamp", timestamp));
        }
        if self.kind != Kind::Unsigned {
            headers.push((name, signature));
        }
        let event_ids = events.iter().filter_map(id_of).map(str::to_owned).collect();
        Request { body, event_ids, headers }
    }
}
