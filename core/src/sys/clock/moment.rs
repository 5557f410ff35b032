//! A reading of both clocks.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// One reading of both clocks, in nanoseconds; also used for deadlines on both.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Moment {
    pub(crate) monotonic: u64,
    pub(crate) wall: u64,
}

impl Moment {
    /// A deadline that has always passed.
    pub(crate) const PAST: Moment = Moment { monotonic: 0, wall: 0 };

    pub(crate) fn plus(self, span: Duration) -> Self {
        let span = nanoseconds(span);
        Self {
            monotonic: self.monotonic.saturating_add(span),
            wall: self.wall.saturating_add(span),
        }
    }

    pub(crate) fn minus(self, span: Duration) -> Self {
        let span = nanoseconds(span);
        Self {
            monotonic: self.monotonic.saturating_sub(span),
            wall: self.wall.saturating_sub(span),
        }
    }

    /// Whether this deadline has passed at `now`.
    pub(crate) fn reached(self, now: Moment) -> bool {
        now.monotonic >= self.monotonic || now.wall >= self.wall
    }

    /// How long from `now` until this deadline; zero when it has passed.
    pub(crate) fn remaining(self, now: Moment) -> Duration {
        let monotonic = self.monotonic.saturating_sub(now.monotonic);
        let wall = self.wall.saturating_sub(now.wall);
        Duration::from_nanos(monotonic.min(wall))
    }

    /// How long from `now` until this deadline by age alone, for waits that a step of the wall
    /// clock must not cut short.
    pub(crate) fn monotonic_remaining(self, now: Moment) -> Duration {
        Duration::from_nanos(self.monotonic.saturating_sub(now.monotonic))
    }

    /// How long ago by age alone.
    pub(crate) fn monotonic_since(self, then: Moment) -> Duration {
        Duration::from_nanos(self.monotonic.saturating_sub(then.monotonic))
    }

    /// Whichever deadline each clock reaches first.
    pub(crate) fn earlier(self, other: Moment) -> Self {
        Self { monotonic: self.monotonic.min(other.monotonic), wall: self.wall.min(other.wall) }
    }

    pub(crate) fn system_time(self) -> SystemTime {
        UNIX_EPOCH + Duration::from_nanos(self.wall)
    }
}

pub(super) fn nanoseconds(span: Duration) -> u64 {
    u64::try_from(span.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deadline_passes_when_either_clock_says_so() {
        let now = Moment { monotonic: 1_000, wall: 9_000 };
        let deadline = now.plus(Duration::from_nanos(10));
        assert!(!deadline.reached(now));
        assert!(deadline.reached(Moment { monotonic: 1_010, wall: 9_000 }));
        assert!(deadline.reached(Moment { monotonic: 1_000, wall: 9_010 }));
        assert_eq!(
            deadline.remaining(Moment { monotonic: 1_004, wall: 9_008 }),
            Duration::from_nanos(2)
        );
        assert_eq!(deadline.remaining(Moment { monotonic: 0, wall: 9_999 }), Duration::ZERO);
    }
}
