//! Time as the engine sees it: two clocks read together. The monotonic one measures age; the wall
//! clock notices a suspended machine, during which the monotonic one may stand still. A deadline
//! has passed as soon as either clock says so.

use std::time::Duration;

pub(crate) mod manual;
mod moment;
mod offset;
#[cfg(any(test, feature = "manual-clock"))]
pub mod process;

use manual::ManualClock;
pub(crate) use moment::Moment;
pub(crate) use offset::ClockOffset;

/// How far the coarse clocks may lag behind the precise ones: a tick of the slowest kernels.
pub(crate) const COARSE_TICK: Duration = Duration::from_millis(10);

/// Where the engine reads the time and waits.
#[derive(Debug, Clone)]
pub(crate) enum Clock {
    System,
    Manual(ManualClock),
}

impl Clock {
    /// The clock of a new client.
    pub(crate) fn for_new_client() -> Self {
        #[cfg(any(test, feature = "manual-clock"))]
        if let Some(clock) = process::started() {
            return Self::Manual(clock);
        }
        Self::System
    }

    /// Whether it is the system's, and not one that a test moves by hand.
    pub(crate) fn is_system(&self) -> bool {
        matches!(self, Self::System)
    }

    /// The precise time.
    pub(crate) fn now(&self) -> Moment {
        match self {
            Self::System => system::precise(),
            Self::Manual(clock) => clock.now(),
        }
    }

    /// Whether [`coarse`](Self::coarse) is a reading of this clock.
    pub(crate) fn has_coarse(&self) -> bool {
        self.is_system() || cfg!(any(test, feature = "manual-clock"))
    }

    /// The time as of the last tick, a few milliseconds old at most and several times cheaper. It is on the
    /// way of every cached call, and therefore the system's time in a release, whatever clock this is.
    #[inline]
    pub(crate) fn coarse(&self) -> Moment {
        match self {
            #[cfg(any(test, feature = "manual-clock"))]
            Self::Manual(clock) => clock.now(),
            _ => system::coarse(),
        }
    }

    /// Waits for so long by the monotonic clock.
    pub(crate) async fn sleep(&self, span: Duration) {
        match self {
            Self::System => tokio::time::sleep(span).await,
            Self::Manual(clock) => clock.sleep(span).await,
        }
    }

    /// Waits out a back-off, which a manual clock may skip by moving itself forward.
    pub(crate) async fn back_off(&self, span: Duration) {
        match self {
            Self::System => tokio::time::sleep(span).await,
            Self::Manual(clock) => clock.back_off(span).await,
        }
    }

    /// Waits until a deadline, however far.
    pub(crate) async fn until(&self, deadline: Moment) {
        match self {
            Self::System => {
                while !deadline.reached(self.now()) {
                    // A timer does not see the wall clock step, so it is read once a minute.
                    let remaining = deadline.remaining(self.now());
                    tokio::time::sleep(remaining.min(Duration::from_secs(60))).await;
                }
            }
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
    use std::sync::OnceLock;
    use std::time::{Instant, SystemTime, UNIX_EPOCH};

    use super::Moment;
    use super::moment::nanoseconds;

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
