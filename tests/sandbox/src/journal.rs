//! What arrived, in order of arrival, and counts of it that outlive the journal's bound.
//! Unless the sandbox is told to show them, secrets and tokens are hidden before a request is recorded.

use std::collections::{BTreeMap, VecDeque};

use serde::Serialize;
use serde_json::Value;

use crate::indexing::Indexing;
use crate::script::{Drop, Endpoint};

/// Entries kept; older ones are forgotten first.
const CAPACITY: usize = 200_000;

/// One request that arrived.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Entry {
    /// Number of the request in this sandbox, from 1.
    pub number: u64,
    /// Where it arrived.
    pub endpoint: Endpoint,
    /// Which server it reached: `auth`, `graphql`, `pass` or `foreign`.
    pub service: &'static str,
    /// Its method.
    pub method: String,
    /// Its path, as sent.
    pub path: String,
    /// Its query, without the question mark.
    pub query: Option<String>,
    /// The name of its GraphQL operation.
    pub operation: Option<String>,
    /// Its headers, names in lower case; several of one name joined by `, `. `host` is there over HTTP/2 too.
    pub headers: BTreeMap<String, String>,
    /// Its body, with what is not UTF-8 replaced.
    pub body: String,
    /// `HTTP/1.1` or `HTTP/2.0`.
    pub http_version: String,
    /// Number of the connection it came on, from 1.
    pub connection: u64,
    /// Whether header tables may keep the tokens that came on this connection so far; over HTTP/2 only.
    pub token_indexing: Option<Indexing>,
    /// Milliseconds of real time between the start of the sandbox and the arrival of the whole request.
    pub at_ms: u64,
    /// The status answered; absent while no answer was sent.
    pub status: Option<u16>,
    /// Where the script cut the connection.
    pub dropped: Option<Drop>,
}

impl Entry {
    /// A header by its lower-case name.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }

    /// The body read as JSON.
    #[must_use]
    pub fn json(&self) -> Option<Value> {
        serde_json::from_str(&self.body).ok()
    }

    /// The body read as a form, in order.
    #[must_use]
    pub fn form(&self) -> Vec<(String, String)> {
        form_urlencoded::parse(self.body.as_bytes()).into_owned().collect()
    }

    /// The product name of the user agent: what stands before its first `/`, or nothing.
    #[must_use]
    pub fn product(&self) -> &str {
        let agent = self.header("user-agent").unwrap_or_default();
        agent.split('/').next().unwrap_or_default()
    }
}

/// How many requests arrived since the start or the last clearing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// By endpoint name.
    pub endpoints: BTreeMap<String, u64>,
    /// By user agent product name, then by endpoint name.
    pub user_agents: BTreeMap<String, BTreeMap<String, u64>>,
}

impl Counts {
    /// Requests that arrived at `endpoint`.
    #[must_use]
    pub fn at(&self, endpoint: Endpoint) -> u64 {
        self.endpoints.get(endpoint.name()).copied().unwrap_or(0)
    }
}

/// The entries and their counts.
#[derive(Debug, Default)]
pub(crate) struct Journal {
    entries: VecDeque<Entry>,
    counts: Counts,
    last: u64,
}

impl Journal {
    /// Records an arrival and gives it its number.
    pub(crate) fn arrived(&mut self, mut entry: Entry) -> u64 {
        self.last += 1;
        entry.number = self.last;
        let endpoint = entry.endpoint.name().to_owned();
        let agents = self.counts.user_agents.entry(entry.product().to_owned()).or_default();
        *agents.entry(endpoint.clone()).or_default() += 1;
        *self.counts.endpoints.entry(endpoint).or_default() += 1;
        if self.entries.len() == CAPACITY {
            self.entries.pop_front();
        }
        self.entries.push_back(entry);
        self.last
    }

    /// Notes how the request with that number was answered; it may have been cleared away meanwhile.
    pub(crate) fn answered(&mut self, number: u64, status: Option<u16>, dropped: Option<Drop>) {
        if let Ok(index) = self.entries.binary_search_by_key(&number, |entry| entry.number)
            && let Some(entry) = self.entries.get_mut(index)
        {
            entry.status = status;
            entry.dropped = dropped;
        }
    }

    pub(crate) fn entries(&self) -> Vec<Entry> {
        self.entries.iter().cloned().collect()
    }

    pub(crate) fn counts(&self) -> &Counts {
        &self.counts
    }

    /// Forgets entries and counts; numbers go on.
    pub(crate) fn clear(&mut self) {
        self.entries.clear();
        self.counts = Counts::default();
    }
}
