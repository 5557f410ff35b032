//! What the store did for a client, in numbers.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arc_swap::ArcSwapOption;

use crate::config::{Language, spelled};
use crate::store::backend::Trouble;
use crate::sys::counter::count;

/// How the shared store of a client fares; see [`crate::Client::store_status`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct StoreStatus {
    /// Which store it is: `none`, `local` or `redis`.
    pub kind: &'static str,
    /// Whether it is used now. One that failed is left alone for a second at first, and a minute at
    /// most.
    pub usable: bool,
    /// The last problem with it, in one line that is safe to log.
    pub last_problem: Option<String>,
    /// How often it was read.
    pub reads: u64,
    /// Tokens taken over that another process, or another client of this one, had got.
    pub adopted: u64,
    /// Requests for a token made on behalf of all.
    pub claimed: u64,
    /// Times that this process waited for the request of another.
    pub waited: u64,
    /// Tokens put into it.
    pub published: u64,
    /// Requests made without it: it failed, rested, or another process took too long.
    pub alone: u64,
    /// Records that did not open: damaged, or of another secret.
    pub unreadable: u64,
    /// Refusals of the secret that another process had met.
    pub notes: u64,
    /// Steps that failed.
    pub failures: u64,
    /// Records that were left alone because two clocks disagree about them by more than five minutes.
    pub clock_disagreements: u64,
}

/// The numbers as they are counted.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    pub(crate) reads: AtomicU64,
    pub(crate) adopted: AtomicU64,
    pub(crate) claimed: AtomicU64,
    pub(crate) waited: AtomicU64,
    pub(crate) published: AtomicU64,
    pub(crate) alone: AtomicU64,
    pub(crate) unreadable: AtomicU64,
    pub(crate) notes: AtomicU64,
    pub(crate) failures: AtomicU64,
    pub(crate) clock_disagreements: AtomicU64,
    pub(crate) last_problem: ArcSwapOption<String>,
}

impl Counts {
    pub(crate) fn note_trouble(&self, trouble: &Trouble) {
        count(&self.failures);
        self.last_problem.store(Some(Arc::new(trouble.to_string())));
    }

    pub(crate) fn status(&self, kind: &'static str, usable: bool) -> StoreStatus {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        StoreStatus {
            kind,
            usable,
            last_problem: self.last_problem.load().as_deref().cloned(),
            reads: read(&self.reads),
            adopted: read(&self.adopted),
            claimed: read(&self.claimed),
            waited: read(&self.waited),
            published: read(&self.published),
            alone: read(&self.alone),
            unreadable: read(&self.unreadable),
            notes: read(&self.notes),
            failures: read(&self.failures),
            clock_disagreements: read(&self.clock_disagreements),
        }
    }
}

impl StoreStatus {
    /// The counts with their names, for bindings.
    #[doc(hidden)]
    #[must_use]
    pub fn counts(&self) -> [(&'static str, u64); 10] {
        [
            ("reads", self.reads),
            ("adopted", self.adopted),
            ("claimed", self.claimed),
            ("waited", self.waited),
            ("published", self.published),
            ("alone", self.alone),
            ("unreadable", self.unreadable),
            ("notes", self.notes),
            ("failures", self.failures),
            ("clock_disagreements", self.clock_disagreements),
        ]
    }

    /// That of a client without a store.
    pub(crate) fn none() -> Self {
        Counts::default().status("none", false)
    }

    /// The same with the settings in its problem spelled as that language has them.
    pub(crate) fn spelled(mut self, language: Option<Language>) -> Self {
        self.last_problem = self.last_problem.map(|told| spelled(&told, language));
        self
    }
}
