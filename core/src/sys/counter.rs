//! Numbers that are counted from any thread and read now and then.

use std::sync::atomic::{AtomicU64, Ordering};

/// One more.
pub(crate) fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}
