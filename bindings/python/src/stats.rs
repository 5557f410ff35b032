//! `seekauth.Stats`: what a client did so far, in numbers, and how its tokens stand.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::SystemTime;

use pyo3::prelude::*;
use pyo3::types::PyTuple;

use crate::panic::guard;

/// What a client did so far in this process, and how its tokens stand. It never changes.
#[pyclass(frozen, module = "seekauth", name = "Stats")]
pub(crate) struct Stats {
    /// Token requests that ended with a token.
    #[pyo3(get)]
    requests_succeeded: u64,
    /// Token requests that failed, by the error's `kind`; kinds that never came are absent.
    #[pyo3(get)]
    requests_failed: BTreeMap<&'static str, u64>,
    /// Tokens taken over from the store.
    #[pyo3(get)]
    tokens_adopted: u64,
    /// Rejections of a token by the API.
    #[pyo3(get)]
    rejections: u64,
    /// Calls that got a token although its renewal had failed.
    #[pyo3(get)]
    stale_served: u64,
    /// Calls that wait for a token now.
    #[pyo3(get)]
    waiting: u64,
    /// The most calls that ever waited at once.
    #[pyo3(get)]
    waiting_max: u64,
    /// Calls that had to wait.
    #[pyo3(get)]
    waits: u64,
    /// Seconds that calls waited, all together.
    #[pyo3(get)]
    waited: f64,
    /// Events that were lost because nobody took them in time.
    #[pyo3(get)]
    events_dropped: u64,
    /// How each token stands, one for each set of scopes.
    #[pyo3(get)]
    tokens: Vec<TokenStats>,
    /// The plain counts with the core's names.
    counts: String,
}

impl From<seekauth::Stats> for Stats {
    fn from(stats: seekauth::Stats) -> Self {
        let failed = stats.requests_failed.iter();
        Self {
            requests_succeeded: stats.requests_succeeded,
            requests_failed: failed.map(|(kind, count)| (kind.name(), *count)).collect(),
            tokens_adopted: stats.tokens_adopted,
            rejections: stats.rejections,
            stale_served: stats.stale_served,
            waiting: stats.waiting,
            waiting_max: stats.waiting_max,
            waits: stats.waits,
            waited: stats.waited.as_secs_f64(),
            events_dropped: stats.events_dropped,
            tokens: stats.tokens.iter().map(TokenStats::from).collect(),
            counts: stats.counts().map(|(name, count)| format!("{name}={count}")).join(" "),
        }
    }
}

#[pymethods]
impl Stats {
    fn __repr__(&self) -> String {
        format!("<seekauth.Stats {}>", self.counts)
    }
}

/// How one token of a client stands. It never changes.
#[pyclass(frozen, module = "seekauth", name = "TokenStats")]
#[derive(Clone)]
pub(crate) struct TokenStats {
    scopes: Arc<[String]>,
    /// What it is good for: `none`, `fresh`, `ahead`, `margin`, `expired` or `rejected`.
    ///
    /// `fresh` is given out; `ahead` too, and renewed in the background; in `margin` calls wait for
    /// the next one if it is to be had; one that is `rejected` is being renewed.
    #[pyo3(get)]
    state: &'static str,
    /// Seconds until it expires; None without a token.
    #[pyo3(get)]
    remaining: Option<f64>,
    /// When it arrived: an aware `datetime` in UTC, or None if none ever did.
    #[pyo3(get)]
    obtained_at: Option<SystemTime>,
    /// Whether a token is being asked for.
    #[pyo3(get)]
    is_requesting: bool,
    /// The `kind` of error that the last request failed with; None if it did not fail.
    #[pyo3(get)]
    last_failure: Option<&'static str>,
}

impl From<&seekauth::TokenStats> for TokenStats {
    fn from(token: &seekauth::TokenStats) -> Self {
        Self {
            scopes: Arc::clone(&token.scopes),
            state: token.state.name(),
            remaining: token.remaining.map(|remaining| remaining.as_secs_f64()),
            obtained_at: token.obtained_at,
            is_requesting: token.is_requesting,
            last_failure: token.last_failure.map(seekauth::ErrorKind::name),
        }
    }
}

#[pymethods]
impl TokenStats {
    /// The scopes that are asked for; empty for the SEEK API, whose tokens have none.
    #[getter]
    fn scopes<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        guard(py, || PyTuple::new(py, self.scopes.iter()))
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        let (state, scopes) = (self.state, self.scopes(py)?.repr()?);
        Ok(format!("<seekauth.TokenStats state='{state}' scopes={scopes}>"))
    }
}
