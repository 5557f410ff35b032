//! Time as the engine sees it: two clocks read together. The monotonic one measures age; the wall
//! clock notices a suspended machine, during which the monotonic one may stand still. A deadline
//! has passed as soon as either clock says so.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

#[cfg(any(test, feature = "manual-clock"))]
use crate::manual_clock::ManualClock;

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

    /// Whichever deadline each clock reaches first.
    pub(crate) fn earlier(self, other: Moment) -> Self {
        Self { monotonic: self.monotonic.min(other.monotonic), wall: self.wall.min(other.wall) }
    }

    pub(crate) fn system_time(self) -> SystemTime {
        UNIX_EPOCH + Duration::from_nanos(self.wall)
    }
}

fn nanoseconds(span: Duration) -> u64 {
    u64::try_from(span.as_nanos()).unwrap_or(u64::MAX)
}

/// Where the engine reads the time and waits. Tests put a manual clock in its place.
#[derive(Debug, Clone)]
pub(crate) enum Clock {
    System,
    #[cfg(any(test, feature = "manual-clock"))]
    Manual(ManualClock),
}

impl Clock {
    /// The precise time.
    pub(crate) fn now(&self) -> Moment {
        match self {
            Self::System => system::precise(),
            #[cfg(any(test, feature = "manual-clock"))]
            Self::Manual(clock) => clock.now(),
        }
    }

    /// The time as of the last tick, a few milliseconds old at most and several times cheaper.
    #[inline]
    pub(crate) fn coarse(&self) -> Moment {
        match self {
            Self::System => system::coarse(),
            #[cfg(any(test, feature = "manual-clock"))]
            Self::Manual(clock) => clock.now(),
        }
    }

    /// Waits for so long by the monotonic clock.
    pub(crate) async fn sleep(&self, span: Duration) {
        match self {
            Self::System => tokio::time::sleep(span).await,
            #[cfg(any(test, feature = "manual-clock"))]
            Self::Manual(clock) => clock.sleep(span).await,
        }
    }

    /// Waits out a back-off, which a manual clock may skip by moving itself forward.
    pub(crate) async fn back_off(&self, span: Duration) {
        match self {
            Self::System => tokio::time::sleep(span).await,
            #[cfg(any(test, feature = "manual-clock"))]
            Self::Manual(clock) => clock.back_off(span).await,
        }
    }

    /// Waits until a deadline, however far.
    pub(crate) async fn until(&self, deadline: Moment) {
        match self {
            Self::System => {
                while !deadline.reached(self.now()) {
                    // A timer does not see the wall clock step, so look up once a minute.
                    let remaining = deadline.remaining(self.now());
                    tokio::time::sleep(remaining.min(Duration::from_secs(60))).await;
                }
            }
            #[cfg(any(test, feature = "manual-clock"))]
            Self::Manual(clock) => clock.until(deadline).await,
        }
    }
}

#[cfg(unix)]
mod system {
    use super::Moment;
    use rustix::time::{ClockId, Timespec, clock_gettime};

    #[cfg(target_os = "linux")]
    const COARSE: (ClockId, ClockId) = (ClockId::MonotonicCoarse, ClockId::RealtimeCoarse);
    #[cfg(not(target_os = "linux"))]
    const COARSE: (ClockId, ClockId) = (ClockId::Monotonic, ClockId::Realtime);

    pub(super) fn precise() -> Moment {
        read(ClockId::Monotonic, ClockId::Realtime)
    }

    #[inline]
    pub(super) fn coarse() -> Moment {
        read(COARSE.0, COARSE.1)
    }

    #[inline]
    fn read(monotonic: ClockId, wall: ClockId) -> Moment {
        Moment {
            monotonic: nanoseconds(clock_gettime(monotonic)),
            wall: nanoseconds(clock_gettime(wall)),
        }
    }

    /// A clock set before 1970 reads as 1970: every wall deadline is then in the future, and the
    /// monotonic clock decides.
    #[inline]
    fn nanoseconds(time: Timespec) -> u64 {
        let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
        let fraction = u64::try_from(time.tv_nsec).unwrap_or(0);
        // Room until the year 2554, and this is on the way of every call.
        seconds.wrapping_mul(1_000_000_000).wrapping_add(fraction)
    }
}

#[cfg(not(unix))]
mod system {
    use super::{Moment, SystemTime, UNIX_EPOCH, nanoseconds};
    use std::sync::OnceLock;
    use std::time::Instant;

    static START: OnceLock<Instant> = OnceLock::new();

    pub(super) fn precise() -> Moment {
        // Never zero, which is kept for a deadline that has always passed.
        let age = START.get_or_init(Instant::now).elapsed();
        let wall = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Moment { monotonic: nanoseconds(age).saturating_add(1), wall: nanoseconds(wall) }
    }

    pub(super) fn coarse() -> Moment {
        precise()
    }
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

    #[test]
    fn far_deadlines_saturate() {
        let far = Clock::System.now().plus(Duration::MAX);
        assert_eq!(far.monotonic, u64::MAX);
        assert!(!far.reached(Clock::System.now()));
    }

    #[test]
    fn the_coarse_clock_is_the_same_clock_a_little_late() {
        let coarse = Clock::System.coarse();
        let precise = Clock::System.now();
        assert!(precise.monotonic >= coarse.monotonic);
        assert!(precise.monotonic - coarse.monotonic < 1_000_000_000);
    }
}
