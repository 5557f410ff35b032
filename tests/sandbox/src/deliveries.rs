//! What became of webhooks: each attempt with the receiver's answer, and the requests as they went out, to be replayed.

use std::collections::HashMap;
use std::sync::Arc;

use serde::Serialize;

use crate::webhook::{Request, WebhookService};

/// How an attempt went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The receiver answered 2xx.
    Delivered,
    /// It answered something else.
    BadResponse,
    /// It did not answer in time.
    RequestTimeout,
    /// It could not be reached, or went away.
    Unreachable,
}

/// One attempt to deliver.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Attempt {
    /// Whose webhook it was.
    pub service: WebhookService,
    /// Where it went.
    pub url: String,
    /// Which attempt it was for this request, from 1.
    pub attempt: u32,
    /// Its `X-Request-Id`.
    pub request_id: String,
    /// The ids of the events in it.
    pub event_ids: Vec<String>,
    /// Milliseconds of real time between the start of the sandbox and the attempt.
    pub at_ms: u64,
    /// How it went.
    pub outcome: Outcome,
    /// The status that the receiver answered.
    pub status: Option<u16>,
    /// The beginning of what it answered.
    pub answer: String,
    /// Milliseconds until it had answered, or was given up.
    pub latency_ms: u64,
}

/// All of it since the start or the last reset.
#[derive(Debug, Default)]
pub(crate) struct Deliveries {
    attempts: Vec<Attempt>,
    sent: HashMap<String, Vec<Request>>,
    /// Deliveries that were ordered before a reset hold another one, and end.
    life: Arc<()>,
}

impl Deliveries {
    pub(crate) fn attempts(&self) -> Vec<Attempt> {
        self.attempts.clone()
    }

    pub(crate) fn record(&mut self, attempt: Attempt) {
        self.attempts.push(attempt);
    }

    /// What belongs to the time between two resets.
    pub(crate) fn life(&self) -> Arc<()> {
        Arc::clone(&self.life)
    }

    pub(crate) fn remember(&mut self, url: &str, requests: &[Request]) {
        self.sent.insert(url.to_owned(), requests.to_vec());
    }

    /// The requests of the delivery to that address before.
    pub(crate) fn previous(&self, url: &str) -> Option<Vec<Request>> {
        self.sent.get(url).cloned()
    }
}
