//! The callbacks that have not returned yet, counted for each handle and for a client with all handles
//! that were made from it, so that a program can wait for them.

use std::sync::Arc;
use std::time::Instant;

use crate::sys::count::{Count, Counted};
use crate::sys::per_process::PerProcess;

/// Those of one handle. A forked child has none of its parent's.
#[derive(Clone)]
pub(super) struct Callbacks {
    own: Arc<PerProcess<Count>>,
    whole_client: Arc<PerProcess<Count>>,
    is_root: bool,
}

impl Callbacks {
    /// For a client.
    pub(super) fn new() -> Self {
        let whole_client = Arc::new(PerProcess::new());
        Self { own: Arc::new(PerProcess::new()), whole_client, is_root: true }
    }

    /// For a handle that is made from this one.
    pub(super) fn of_another_handle(&self) -> Self {
        let whole_client = Arc::clone(&self.whole_client);
        Self { own: Arc::new(PerProcess::new()), whole_client, is_root: false }
    }

    /// Counts one until what is returned is dropped.
    pub(super) fn begin(&self) -> [Counted; 2] {
        [&self.own, &self.whole_client].map(|count| count.get(Count::default).begin())
    }

    /// Waits for those that closing this handle cancels: its own, and for a client also those of all
    /// handles that were made from it. False if one still runs at `deadline`.
    pub(super) fn wait(&self, deadline: Option<Instant>) -> bool {
        let count = if self.is_root { &self.whole_client } else { &self.own };
        count.current().is_none_or(|count| count.wait(deadline))
    }

    /// Waits for this handle's own, however long it takes.
    pub(super) fn wait_for_own(&self) {
        if let Some(count) = self.own.current() {
            count.wait(None);
        }
    }
}
