//! Keeps count of what a store does for a client, and tells of its failures.

use std::sync::Arc;
use std::time::Duration;

use crate::events::{EventKind, EventLevel, Events};
use crate::store::backend::Trouble;
use crate::store::status::Counts;

pub(crate) struct Observer {
    pub(crate) counts: Counts,
    events: Arc<Events>,
    /// Which store it is.
    store: &'static str,
}

impl Observer {
    pub(crate) fn new(events: Arc<Events>, store: &'static str) -> Self {
        Self { counts: Counts::default(), events, store }
    }

    /// A step failed. `pause` is how long the store is left alone for that, if it is.
    pub(crate) fn failed(&self, trouble: &Trouble, pause: Option<Duration>) {
        self.counts.note_trouble(trouble);
        let kind = || EventKind::StoreFailed { store: self.store, pause };
        self.events.tell(EventLevel::Warning, &[].into(), kind);
    }

    /// It works again.
    pub(crate) fn recovered(&self) {
        let kind = || EventKind::StoreRecovered { store: self.store };
        self.events.tell(EventLevel::Info, &[].into(), kind);
    }
}
