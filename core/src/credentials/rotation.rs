//! What the client remembers of secrets while they are rotated: which one worked last, and which
//! ones the server refused. Only keyed fingerprints are kept.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::clock::Moment;

/// A provider that is asked whether anything has changed is asked no more often than this.
const LOOK: Duration = Duration::from_secs(1);

#[derive(Debug, Default)]
pub(crate) struct Rotation {
    worked: AtomicU64,
    refused: Mutex<Refused>,
}

#[derive(Debug, Default)]
struct Refused {
    prints: Vec<u64>,
    next_look: Option<Moment>,
}

impl Rotation {
    pub(crate) fn note_worked(&self, print: u64) {
        self.worked.store(print, Ordering::Relaxed);
    }

    pub(crate) fn worked_last(&self, print: u64) -> bool {
        self.worked.load(Ordering::Relaxed) == print
    }

    pub(crate) fn note_refused(&self, prints: Vec<u64>, now: Moment) {
        self.change(|refused| *refused = Refused { prints, next_look: Some(now.plus(LOOK)) });
    }

    pub(crate) fn was_refused(&self, print: u64) -> bool {
        self.change(|refused| refused.prints.contains(&print))
    }

    /// Whether it is time to ask the provider again; if so, it is not for a while.
    pub(crate) fn is_time_to_look(&self, now: Moment) -> bool {
        self.change(|refused| match refused.next_look {
            Some(moment) if moment.monotonic <= now.monotonic => {
                refused.next_look = Some(now.plus(LOOK));
                true
            }
            _ => false,
        })
    }

    /// Held for moments only, and nothing under it can panic.
    fn change<T>(&self, work: impl FnOnce(&mut Refused) -> T) -> T {
        work(&mut self.refused.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
