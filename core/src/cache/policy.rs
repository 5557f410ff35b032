//! Every decision about time, as pure functions of what is passed in: when a token is fresh, when
//! to renew it, how long to leave a failing server alone, how often a rejection may force a
//! renewal. No I/O, no lock, no clock and no randomness of its own.

use std::time::Duration;

use crate::error::{Error, ErrorKind};
use crate::sys::clock::Moment;
use crate::token::Windows;

/// The longest `Retry-After` that is followed without asking again.
const MAX_RETRY_AFTER: Duration = Duration::from_secs(5 * 60);
/// The first pauses after a transient and after a permanent failure. Both double up to the longest.
const FIRST_BACK_OFF: Duration = Duration::from_secs(1);
const FIRST_COOL_DOWN: Duration = Duration::from_secs(10);
const LONGEST_BACK_OFF: Duration = Duration::from_secs(60);
/// A server may take this long to accept a token everywhere that it has issued. A rejection of a
/// younger token proves nothing.
const PROBATION: Duration = Duration::from_secs(2);
/// The longest pause while callers wait and nothing is left to serve.
const LONGEST_WAIT: Duration = Duration::from_secs(10);
/// Requests that one flight makes while callers wait and nothing is left to serve.
pub(crate) const ATTEMPTS: u32 = 3;
/// Forced renewals: this many at once, then one for each interval that has passed.
const FORCED_BURST: u32 = 5;
const FORCED_INTERVAL: Duration = Duration::from_secs(12);

/// What a token is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    Fresh,
    /// To be given out, and renewed in the background.
    Ahead,
    /// To be renewed before it is given out, and given out if that fails.
    Margin,
    Expired,
}

pub(crate) fn phase(windows: &Windows, refresh_at: Moment, now: Moment) -> Phase {
    if windows.expires_at.reached(now) {
        Phase::Expired
    } else if windows.usable_until.reached(now) {
        Phase::Margin
    } else if refresh_at.reached(now) {
        Phase::Ahead
    } else {
        Phase::Fresh
    }
}

/// How long to leave the server alone after `failures` failures in a row, the last of them
/// `error`, with a token that lives for another `life`.
pub(crate) fn pause(error: &Error, failures: u32, life: Option<Duration>, jitter: f64) -> Duration {
    if is_permanent(error) {
        // What another process met stands for no longer than it does there.
        let there = error.retry_after().map(|rest| rest.min(LONGEST_BACK_OFF));
        return there.unwrap_or_else(|| cool_down(failures));
    }
    let full = doubled(FIRST_BACK_OFF, failures);
    let jittered = full / 2 + (full / 2).mul_f64(jitter.clamp(0.0, 1.0));
    // Several tries must fit into the life that is left, or a transient failure becomes an outage.
    let bounded = match life {
        Some(life) => jittered.min((life / 4).max(FIRST_BACK_OFF)),
        None => jittered.min(LONGEST_WAIT),
    };
    bounded.max(error.retry_after().unwrap_or_default().min(MAX_RETRY_AFTER))
}

/// How long a permanent failure stands that is the last of so many in a row.
pub(crate) fn cool_down(failures: u32) -> Duration {
    doubled(FIRST_COOL_DOWN, failures)
}

fn doubled(first: Duration, failures: u32) -> Duration {
    first.saturating_mul(1_u32 << failures.saturating_sub(1).min(16)).min(LONGEST_BACK_OFF)
}

/// How long a caller with so much time waits for the request of another process at most: the store
/// must never cost more than half of anybody's time. Drawn anew for each, so that those who wait for
/// a process that stands still do not all go alone at once.
pub(crate) fn alone_after(time: Duration, jitter: f64) -> Duration {
    (time / 4).mul_f64(1.0 + jitter.clamp(0.0, 1.0))
}

/// When a rejection of a token that arrived at `issued_at` begins to count, by the monotonic clock.
pub(crate) fn trusted_from(issued_at: u64) -> u64 {
    issued_at.saturating_add(u64::try_from(PROBATION.as_nanos()).unwrap_or(u64::MAX))
}

/// Failures that the same request will meet again until somebody changes something.
pub(crate) fn is_permanent(error: &Error) -> bool {
    // TLS that a certificate stands against, a proxy that lets nobody through.
    is_refusal(error) || (error.kind() == ErrorKind::Network && !error.retryable())
}

/// Whether the server refused this client, and was not just out of reach.
pub(crate) fn is_refusal(error: &Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::InvalidArgument | ErrorKind::InvalidCredentials | ErrorKind::NotGranted
    )
}

/// Failures that callers are told of at once: waiting would not help them. `protocol` is among
/// them although the server may heal, because no wait can be named.
pub(crate) fn is_final(error: &Error) -> bool {
    !error.retryable()
}

/// Limits how often rejected tokens force a renewal: a burst, then one per interval. The state is
/// the moment at which the whole burst is available again (the generic cell rate algorithm).
#[derive(Debug, Clone, Copy)]
pub(crate) struct RenewalLimiter {
    full_at: Moment,
}

impl RenewalLimiter {
    pub(crate) const fn new() -> Self {
        Self { full_at: Moment::PAST }
    }

    /// Takes one renewal if there is one.
    pub(crate) fn take(&mut self, now: Moment) -> bool {
        let base = if self.full_at.reached(now) { now } else { self.full_at };
        let next = base.plus(FORCED_INTERVAL);
        let allowed = next.remaining(now) <= FORCED_INTERVAL * FORCED_BURST;
        if allowed {
            self.full_at = next;
        }
        allowed
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const START: Moment = Moment { monotonic: 1_000_000_000_000, wall: 1_800_000_000_000_000_000 };

    fn at(millis: u64) -> Moment {
        START.plus(Duration::from_millis(millis))
    }

    fn transient() -> Error {
        Error::new(ErrorKind::Unavailable, "scripted")
    }

    #[test]
    fn pauses_grow_and_stop_growing() {
        let pauses = |life| -> Vec<u64> {
            (1..=9).map(|failures| pause(&transient(), failures, life, 1.0).as_secs()).collect()
        };
        assert_eq!(pauses(Some(Duration::from_secs(3_600))), [1, 2, 4, 8, 16, 32, 60, 60, 60]);
        assert_eq!(pauses(None), [1, 2, 4, 8, 10, 10, 10, 10, 10], "callers are waiting");
        let permanent = Error::new(ErrorKind::NotGranted, "scripted");
        assert_eq!(pause(&permanent, 1, None, 0.0), Duration::from_secs(10));
        assert_eq!(pause(&permanent, u32::MAX, None, 0.0), Duration::from_secs(60));
    }

    #[test]
    fn a_refusal_stands_longer_each_time_and_that_of_another_process_as_long_as_there() {
        let error = Error::new(ErrorKind::InvalidCredentials, "scripted");
        let seconds = |failures| pause(&error, failures, None, 0.5).as_secs();
        assert_eq!([1, 2, 3, 4, u32::MAX].map(seconds), [10, 20, 40, 60, 60]);
        let rest = |rest| error.clone().with_retry_after(Some(Duration::from_secs(rest)));
        assert_eq!(pause(&rest(7), 3, None, 0.5).as_secs(), 7);
        assert_eq!(pause(&rest(700), 3, None, 0.5).as_secs(), 60);
    }

    proptest! {
        #[test]
        fn phases_only_move_forward(lifetime_ms in 1_u64..100_000_000, steps in proptest::collection::vec(0_u64..10_000_000, 1..50), jitter in 0.0..1.0) {
            let windows = Windows::new(START, Duration::from_millis(lifetime_ms), None, jitter);
            let (mut elapsed, mut last) = (0, 0);
            for step in steps {
                elapsed += step;
                let now = at(elapsed);
                let phase = match phase(&windows, windows.refresh_at, now) {
                    Phase::Fresh => 0,
                    Phase::Ahead => 1,
                    Phase::Margin => 2,
                    Phase::Expired => 3,
                };
                prop_assert!(phase >= last);
                prop_assert_eq!(phase == 3, elapsed >= lifetime_ms, "expired exactly when the life is over");
                last = phase;
            }
        }

        #[test]
        fn pauses_are_bounded(failures in 1_u32..=u32::MAX, life_ms in proptest::option::of(0_u64..10_000_000), retry_after in proptest::option::of(0_u64..1_000_000), jitter in 0.0..1.0) {
            let error = transient().with_retry_after(retry_after.map(Duration::from_secs));
            let life = life_ms.map(Duration::from_millis);
            let pause = pause(&error, failures, life, jitter);
            let retry_after = Duration::from_secs(retry_after.unwrap_or(0)).min(MAX_RETRY_AFTER);
            prop_assert!(pause >= retry_after && pause >= FIRST_BACK_OFF / 2);
            prop_assert!(pause <= retry_after.max(LONGEST_BACK_OFF));
            if let Some(life) = life {
                prop_assert!(pause <= retry_after.max(life / 4).max(FIRST_BACK_OFF), "several tries fit into the life left");
            }
        }

        #[test]
        fn forced_renewals_are_bounded(gaps in proptest::collection::vec(0_u64..5_000, 1..500)) {
            let mut limiter = RenewalLimiter::new();
            let mut taken = Vec::new();
            let mut elapsed = 0;
            for gap in gaps {
                elapsed += gap;
                if limiter.take(at(elapsed)) {
                    taken.push(elapsed);
                }
            }
            for (index, start) in taken.iter().enumerate() {
                let in_a_minute = taken[index..].iter().take_while(|time| **time < start + 60_000).count();
                prop_assert!(in_a_minute <= 10);
            }
        }
    }
}
