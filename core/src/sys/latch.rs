//! A switch that is thrown once and can be waited for. Reading it is one atomic load.

use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::Notify;

use crate::sys::per_process::PerProcess;

#[derive(Debug)]
pub(crate) struct Latch {
    set: AtomicBool,
    waiters: PerProcess<Notify>,
}

impl Latch {
    pub(crate) const fn new() -> Self {
        Self { set: AtomicBool::new(false), waiters: PerProcess::new() }
    }

    #[inline]
    pub(crate) fn is_set(&self) -> bool {
        self.set.load(Ordering::Acquire)
    }

    /// Says whether it was not set before.
    pub(crate) fn set(&self) -> bool {
        let is_first = !self.set.swap(true, Ordering::AcqRel);
        self.waiters.get(Notify::new).notify_waiters();
        is_first
    }

    pub(crate) async fn wait(&self) {
        let waiters = self.waiters.get(Notify::new);
        // Made before the look at the switch, so that a throw in between is not missed.
        let thrown = waiters.notified();
        if !self.is_set() {
            thrown.await;
        }
    }
}
