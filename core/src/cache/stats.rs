//! What a client did so far, in numbers, and how its tokens stand. A snapshot costs its reader something and
//! nobody else anything.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use crate::error::ErrorKind;
use crate::sys::counter::count;
use crate::sys::per_process::{Owned, PerProcess};

/// A snapshot of what a client did in this process, and of its tokens; see [`crate::Client::stats`].
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Stats {
    /// Token requests that ended with a token.
    pub requests_succeeded: u64,
    /// Token requests that failed, by what they failed with; kinds that never came are left out.
    pub requests_failed: Vec<(ErrorKind, u64)>,
    /// Tokens taken over from the store.
    pub tokens_adopted: u64,
    /// Rejections of a token by the API.
    pub rejections: u64,
    /// Calls that got a token although its renewal had failed.
    pub stale_served: u64,
    /// Calls that wait for a token now,
    pub waiting: u64,
    /// and at most at any time.
    pub waiting_max: u64,
    /// Calls that had to wait,
    pub waits: u64,
    /// and how long, all together.
    pub waited: Duration,
    /// Events that were lost because nobody took them in time.
    pub events_dropped: u64,
    /// How each token stands.
    pub tokens: Vec<TokenStats>,
}

impl Stats {
    /// The plain counts with their names, for bindings.
    #[doc(hidden)]
    #[must_use]
    pub fn counts(&self) -> [(&'static str, u64); 8] {
        [
            ("requests_succeeded", self.requests_succeeded),
            ("tokens_adopted", self.tokens_adopted),
            ("rejections", self.rejections),
            ("stale_served", self.stale_served),
            ("waiting", self.waiting),
            ("waiting_max", self.waiting_max),
            ("waits", self.waits),
            ("events_dropped", self.events_dropped),
        ]
    }
}

/// How one token of a client stands.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct TokenStats {
    /// The scopes that are asked for.
    pub scopes: Arc<[String]>,
    /// What it is good for.
    pub state: TokenState,
    /// How long until it expires; none without a token.
    pub remaining: Option<Duration>,
    /// When it arrived; none if none ever did.
    pub obtained_at: Option<SystemTime>,
    /// Whether a token is being asked for.
    pub is_requesting: bool,
    /// What the last request failed with, if it did.
    pub last_failure: Option<ErrorKind>,
}

/// What a token is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TokenState {
    /// There is none yet.
    None,
    /// To be given out.
    Fresh,
    /// To be given out, and renewed in the background.
    Ahead,
    /// Near its end: calls wait for the next one, if it is to be had.
    Margin,
    /// It has expired.
    Expired,
    /// The API rejected it, and it is being renewed.
    Rejected,
}

impl TokenState {
    /// Its name: `none`, `fresh`, `ahead`, `margin`, `expired`, `rejected`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Fresh => "fresh",
            Self::Ahead => "ahead",
            Self::Margin => "margin",
            Self::Expired => "expired",
            Self::Rejected => "rejected",
        }
    }
}

/// The numbers as they are counted; a forked child begins anew.
#[derive(Debug)]
pub(crate) struct Counters(PerProcess<Counts>);

#[derive(Debug, Default)]
pub(crate) struct Counts {
    pub(crate) succeeded: AtomicU64,
    failed: [AtomicU64; ErrorKind::ALL.len()],
    pub(crate) adopted: AtomicU64,
    pub(crate) rejections: AtomicU64,
    pub(crate) stale_served: AtomicU64,
    waiting: AtomicU64,
    waiting_max: AtomicU64,
    waits: AtomicU64,
    waited_ns: AtomicU64,
}

/// A call that waits; counted until it is dropped.
pub(crate) struct Waiting(Arc<Owned<Counts>>);

impl Counters {
    pub(crate) fn new() -> Self {
        Self(PerProcess::new())
    }

    pub(crate) fn counts(&self) -> Arc<Owned<Counts>> {
        self.0.get(Counts::default)
    }

    /// Counts a call that waits from now on.
    pub(crate) fn begin_wait(&self) -> Waiting {
        let counts = self.counts();
        count(&counts.waits);
        let waiting = counts.waiting.fetch_add(1, Ordering::Relaxed) + 1;
        counts.waiting_max.fetch_max(waiting, Ordering::Relaxed);
        Waiting(counts)
    }

    /// The snapshot, but for what others know.
    pub(crate) fn stats(&self, events_dropped: u64, tokens: Vec<TokenStats>) -> Stats {
        let counts = self.counts();
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let failed = ErrorKind::ALL.iter().zip(&counts.failed);
        Stats {
            requests_succeeded: read(&counts.succeeded),
            requests_failed: failed
                .map(|(kind, counter)| (*kind, read(counter)))
                .filter(|(_, count)| *count > 0)
                .collect(),
            tokens_adopted: read(&counts.adopted),
            rejections: read(&counts.rejections),
            stale_served: read(&counts.stale_served),
            waiting: read(&counts.waiting),
            waiting_max: read(&counts.waiting_max),
            waits: read(&counts.waits),
            waited: Duration::from_nanos(read(&counts.waited_ns)),
            events_dropped,
            tokens,
        }
    }
}

impl Counts {
    pub(crate) fn count_failure(&self, kind: ErrorKind) {
        let all = ErrorKind::ALL.iter().zip(&self.failed);
        for (_, counter) in all.filter(|(each, _)| **each == kind) {
            count(counter);
        }
    }
}

impl Waiting {
    /// Adds how long it took.
    pub(crate) fn end(self, span: Duration) {
        let span = u64::try_from(span.as_nanos()).unwrap_or(u64::MAX);
        self.0.waited_ns.fetch_add(span, Ordering::Relaxed);
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, Ordering::Relaxed);
    }
}
