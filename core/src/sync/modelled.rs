//! What Shuttle does not have itself: the real thing, with a turn for the other threads before each
//! operation. Each operation takes effect at one moment, so no order is missed.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use shuttle::sync::atomic::AtomicU64;

/// Lets other threads run, as many as Shuttle likes.
pub(crate) fn turn() {
    AtomicU64::new(0).load(Ordering::SeqCst);
}

#[derive(Debug)]
pub(crate) struct ArcSwapOption<T>(arc_swap::ArcSwapOption<T>);

impl<T> ArcSwapOption<T> {
    pub(crate) fn empty() -> Self {
        Self(arc_swap::ArcSwapOption::empty())
    }

    pub(crate) fn load(&self) -> arc_swap::Guard<Option<Arc<T>>> {
        turn();
        self.0.load()
    }

    pub(crate) fn load_full(&self) -> Option<Arc<T>> {
        turn();
        self.0.load_full()
    }

    pub(crate) fn store(&self, value: Option<Arc<T>>) {
        turn();
        self.0.store(value);
    }
}
