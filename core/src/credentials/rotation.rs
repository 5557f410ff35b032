//! What the client remembers of secrets while they are rotated: which one worked last, and when the
//! source was last asked for others. What was refused is kept by the failure that says so. No lock,
//! so that a forked child may go on at any moment.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::sys::clock::Moment;

/// A provider that is asked whether anything has changed is asked no more often than this.
const CHECK_INTERVAL: Duration = Duration::from_secs(1);

#[derive(Debug, Default)]
pub(crate) struct Rotation {
    /// The fingerprint of the secret that worked last.
    worked: AtomicU64,
    /// By the monotonic clock.
    next_check: AtomicU64,
}

impl Rotation {
    /// Says whether another one worked before.
    pub(crate) fn note_worked(&self, fingerprint: u64) -> bool {
        let before = self.worked.swap(fingerprint, Ordering::Relaxed);
        before != 0 && before != fingerprint
    }

    pub(crate) fn worked_last(&self, fingerprint: u64) -> bool {
        self.worked.load(Ordering::Relaxed) == fingerprint
    }

    pub(crate) fn note_refused(&self, now: Moment) {
        self.next_check.store(now.plus(CHECK_INTERVAL).monotonic, Ordering::Relaxed);
    }

    /// Whether it is time to ask the provider again. `true` is returned once per interval.
    pub(crate) fn is_time_to_check(&self, now: Moment) -> bool {
        let next = self.next_check.load(Ordering::Relaxed);
        let later = now.plus(CHECK_INTERVAL).monotonic;
        let (relaxed, cell) = (Ordering::Relaxed, &self.next_check);
        next <= now.monotonic && cell.compare_exchange(next, later, relaxed, relaxed).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_secret_than_before_is_noticed() {
        let rotation = Rotation::default();
        let noticed = [7, 7, 8, 8, 7].map(|fingerprint| rotation.note_worked(fingerprint));
        assert_eq!(noticed, [false, false, true, false, true]);
    }

    #[test]
    fn the_provider_is_asked_once_per_interval() {
        let rotation = Rotation::default();
        let at = |milliseconds| Moment::PAST.plus(Duration::from_millis(milliseconds));
        rotation.note_refused(at(5_000));
        assert!(!rotation.is_time_to_check(at(5_999)));
        assert!(rotation.is_time_to_check(at(6_000)) && !rotation.is_time_to_check(at(6_999)));
        assert!(rotation.is_time_to_check(at(60_000)));
    }
}
