//! What a client did so far, as JavaScript reads it.

use napi_derive::napi;
use seekauth::binding::camel_case;

use crate::events::unix_milliseconds;
use crate::{milliseconds, number};

/// A snapshot.
#[napi(object, object_from_js = false)]
pub struct Stats {
    /// The counts, with the core's names.
    pub counts: Vec<Count>,
    /// Token requests that failed, by the code of the failure.
    pub requests_failed: Vec<Count>,
    /// Milliseconds that calls waited, all together.
    pub waited_ms: f64,
    /// How each token stands.
    pub tokens: Vec<TokenStats>,
}

/// One count.
#[napi(object, object_from_js = false)]
pub struct Count {
    /// `requestsSucceeded`, `network` and so on.
    pub name: String,
    /// How many.
    pub count: f64,
}

/// One token.
#[napi(object, object_from_js = false)]
pub struct TokenStats {
    /// The scopes that are asked for.
    pub scopes: Vec<String>,
    /// What it is good for.
    pub state: &'static str,
    /// Milliseconds until it expires.
    pub remaining_ms: Option<f64>,
    /// When it arrived, in milliseconds since 1970.
    pub obtained_at_ms: Option<f64>,
    /// Whether one is being asked for.
    pub is_requesting: bool,
    /// The code of what the last request failed with.
    pub last_failure: Option<&'static str>,
}

impl From<seekauth::Stats> for Stats {
    fn from(stats: seekauth::Stats) -> Self {
        let count =
            |(name, count): (&str, u64)| Count { name: camel_case(name), count: number(count) };
        let failed = |(kind, count): &(seekauth::ErrorKind, u64)| Count {
            name: kind.name().to_owned(),
            count: number(*count),
        };
        Self {
            counts: stats.counts().into_iter().map(count).collect(),
            requests_failed: stats.requests_failed.iter().map(failed).collect(),
            waited_ms: milliseconds(stats.waited),
            tokens: stats.tokens.iter().map(TokenStats::from).collect(),
        }
    }
}

impl From<&seekauth::TokenStats> for TokenStats {
    fn from(token: &seekauth::TokenStats) -> Self {
        Self {
            scopes: token.scopes.to_vec(),
            state: token.state.name(),
            remaining_ms: token.remaining.map(milliseconds),
            obtained_at_ms: token.obtained_at.map(unix_milliseconds),
            is_requesting: token.is_requesting,
            last_failure: token.last_failure.map(seekauth::ErrorKind::name),
        }
    }
}
