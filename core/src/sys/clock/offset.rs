//! How far apart the two clocks are, to notice that the wall clock was set or that the machine slept.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::sys::clock::Moment;

/// Clocks that are kept right by the network drift apart by less than this between two looks.
const JUMP: Duration = Duration::from_secs(10);

/// The offset of the wall clock from the monotonic one, in nanoseconds, when they were last looked at.
#[derive(Debug)]
pub(crate) struct ClockOffset(AtomicU64);

impl ClockOffset {
    pub(crate) fn new(now: Moment) -> Self {
        Self(AtomicU64::new(offset(now)))
    }

    /// By how much the wall clock jumped since the last look, and whether back, if it did.
    pub(crate) fn jump(&self, now: Moment) -> Option<(Duration, bool)> {
        let offset = offset(now);
        let last = self.0.swap(offset, Ordering::Relaxed);
        // The offset may be below zero and wraps then, so only the difference has a sign.
        let step = offset.wrapping_sub(last).cast_signed();
        let span = Duration::from_nanos(step.unsigned_abs());
        (span >= JUMP).then_some((span, step < 0))
    }
}

fn offset(now: Moment) -> u64 {
    now.wall.wrapping_sub(now.monotonic)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_is_set_is_noticed_once_and_drift_is_not() {
        let at = |monotonic: u64, wall: u64| Moment {
            monotonic: monotonic * 1_000_000_000,
            wall: wall * 1_000_000_000,
        };
        let clocks = ClockOffset::new(at(1_000, 5));
        assert_eq!(clocks.jump(at(2_000, 1_008)), None);
        assert_eq!(clocks.jump(at(2_010, 2_008)), Some((Duration::from_secs(990), false)));
        assert_eq!(clocks.jump(at(2_020, 2_018)), None);
        assert_eq!(clocks.jump(at(2_030, 1_968)), Some((Duration::from_secs(60), true)));
    }
}
