//! What the client remembers of secrets while they are rotated: which one worked last, and which
//! ones the server refused. Only keyed fingerprints are kept.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::sys::clock::Moment;
use crate::sys::per_process::PerProcess;

/// A provider that is asked whether anything has changed is asked no more often than this.
const CHECK_INTERVAL: Duration = Duration::from_secs(1);

#[derive(Debug)]
pub(crate) struct Rotation {
    worked: AtomicU64,
    refused: PerProcess<Mutex<Refused>>,
}

#[derive(Debug, Default)]
struct Refused {
    fingerprints: Vec<u64>,
    next_check: Option<Moment>,
}

impl Rotation {
    pub(crate) fn new() -> Self {
        Self { worked: AtomicU64::new(0), refused: PerProcess::new() }
    }

    pub(crate) fn note_worked(&self, fingerprint: u64) {
        self.worked.store(fingerprint, Ordering::Relaxed);
    }

    pub(crate) fn worked_last(&self, fingerprint: u64) -> bool {
        self.worked.load(Ordering::Relaxed) == fingerprint
    }

    pub(crate) fn note_refused(&self, fingerprints: Vec<u64>, now: Moment) {
        self.change(|refused| {
            *refused = Refused { fingerprints, next_check: Some(now.plus(CHECK_INTERVAL)) }
        });
    }

    pub(crate) fn was_refused(&self, fingerprint: u64) -> bool {
        self.change(|refused| refused.fingerprints.contains(&fingerprint))
    }

    /// Whether it is time to ask the provider again. `true` is returned once per interval.
    pub(crate) fn is_time_to_check(&self, now: Moment) -> bool {
        self.change(|refused| match refused.next_check {
            Some(moment) if moment.monotonic <= now.monotonic => {
                refused.next_check = Some(now.plus(CHECK_INTERVAL));
                true
            }
            _ => false,
        })
    }

    /// Held for moments only, and nothing under it can panic.
    fn change<T>(&self, work: impl FnOnce(&mut Refused) -> T) -> T {
        let refused = self.refused.get(Mutex::default);
        work(&mut refused.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
