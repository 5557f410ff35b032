//! Every decision about time, as pure functions of what is passed in: when a token is fresh, when
//! to renew it, how long to leave a failing server alone, how often a rejection may force a
//! renewal. No I/O, no lock, no clock and no randomness of its own.

use std::time::Duration;

use crate::clock::Moment;
use crate::error::{Error, ErrorKind};

/// The margin before expiry in which a token is no longer given out without an attempt to renew.
const MARGIN: Duration = Duration::from_secs(60);
/// The longest time before the margin at which renewal in the background may begin.
const LONGEST_AHEAD: Duration = Duration::from_secs(15 * 60);
/// Servers may say anything up to the largest integer; a century is long enough for all of them,
/// and dates this far still exist in every language.
const LONGEST_LIFETIME: Duration = Duration::from_secs(100 * 365 * 86_400);
/// The longest time that a server's wish to be left alone is followed without asking again.
const LONGEST_WISH: Duration = Duration::from_secs(5 * 60);
/// The first pauses after a passing and after a lasting failure. Both double up to the longest.
const FIRST_BACK_OFF: Duration = Duration::from_secs(1);
const FIRST_COOL_DOWN: Duration = Duration::from_secs(10);
const LONGEST_BACK_OFF: Duration = Duration::from_secs(60);
const SHORTEST_GLANCE: Duration = Duration::from_millis(50);
/// Requests that one flight makes while callers wait and nothing is left to serve.
pub(crate) const ATTEMPTS: u32 = 3;
/// Forced renewals: this many at once, then one for each interval that has passed.
const FORCED_BURST: u32 = 5;
const FORCED_INTERVAL: Duration = Duration::from_secs(12);

/// The deadlines that follow from one token's lifetime.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Windows {
    /// From here on the token is renewed in the background.
    pub(crate) refresh_at: Moment,
    /// From here on callers wait for the renewal.
    pub(crate) usable_until: Moment,
    /// From here on the token is never given out.
    pub(crate) expires_at: Moment,
}

impl Windows {
    /// The windows of a token asked for at `sent` that lives for `lifetime`. `margin` is the
    /// configured one; `draw`, from 0 to 1, places this process's own point in the window.
    pub(crate) fn new(
        sent: Moment,
        lifetime: Duration,
        margin: Option<Duration>,
        draw: f64,
    ) -> Self {
        let lifetime = lifetime.min(LONGEST_LIFETIME);
        // A margin must never eat the whole life of a short token.
        let margin = match margin {
            Some(wanted) => wanted.min(lifetime / 2),
            None => MARGIN.min(lifetime / 10),
        };
        let usable = lifetime.saturating_sub(margin);
        let ahead = (lifetime / 5).min(LONGEST_AHEAD).min(usable);
        Self {
            refresh_at: sent.plus(usable.saturating_sub(ahead) + point(ahead, draw)),
            usable_until: sent.plus(usable),
            expires_at: sent.plus(lifetime),
        }
    }

    /// When readers look again although nothing is due: a forked child inherits that moment, and
    /// has to find out in time that it has no renewal under way.
    pub(crate) fn glance(&self, now: Moment) -> Moment {
        now.plus((self.usable_until.remaining(now) / 8).max(SHORTEST_GLANCE))
            .earlier(self.usable_until)
    }

    /// Another point for background renewal in what is left of the window, for a process that
    /// inherited the token from its parent together with the parent's point.
    pub(crate) fn redrawn(&self, now: Moment, draw: f64) -> Moment {
        let from = if self.refresh_at.reached(now) { now } else { self.refresh_at };
        from.plus(point(self.usable_until.remaining(from), draw))
    }
}

/// A point in the first nine tenths of a window, so that the renewal has time to arrive before
/// anyone has to wait for it.
fn point(window: Duration, draw: f64) -> Duration {
    window.mul_f64(0.9 * draw.clamp(0.0, 1.0))
}

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
pub(crate) fn pause(error: &Error, failures: u32, life: Option<Duration>, draw: f64) -> Duration {
    let first = if is_lasting(error.kind()) { FIRST_COOL_DOWN } else { FIRST_BACK_OFF };
    let full =
        first.saturating_mul(1_u32 << failures.saturating_sub(1).min(16)).min(LONGEST_BACK_OFF);
    if is_lasting(error.kind()) {
        return full;
    }
    let jittered = full / 2 + (full / 2).mul_f64(draw.clamp(0.0, 1.0));
    // Several tries must fit into the life that is left, or a passing failure becomes an outage.
    let bounded = match life {
        Some(life) => jittered.min((life / 4).max(FIRST_BACK_OFF)),
        None => jittered,
    };
    bounded.max(error.retry_after().unwrap_or_default().min(LONGEST_WISH))
}

/// Failures that the same request will meet again until somebody changes something.
pub(crate) fn is_lasting(kind: ErrorKind) -> bool {
    matches!(
        kind,
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
pub(crate) struct Damper {
    full_at: Moment,
}

impl Damper {
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

    fn passing() -> Error {
        Error::new(ErrorKind::Unavailable, "scripted")
    }

    #[test]
    fn documented_windows() {
        let secs = Duration::from_secs;
        // Lifetime, margin, length of the window before it.
        let documented = [
            (30, 3, 6),
            (60, 6, 12),
            (600, 60, 120),
            (1_800, 60, 360),
            (7_199, 60, 900),
            (86_400, 60, 900),
        ];
        for (lifetime, margin, ahead) in documented {
            let windows = Windows::new(START, secs(lifetime), None, 0.0);
            assert_eq!(windows.expires_at, START.plus(secs(lifetime)));
            assert_eq!(windows.usable_until, START.plus(secs(lifetime - margin)));
            assert_eq!(windows.refresh_at, START.plus(secs(lifetime - margin - ahead)));
        }
        let wide = Windows::new(START, secs(100), Some(secs(3_600)), 0.0);
        assert_eq!(wide.usable_until, START.plus(secs(50)), "half the life is the widest margin");
    }

    #[test]
    fn pauses_grow_and_stop_growing() {
        let pauses: Vec<u64> =
            (1..=9).map(|failures| pause(&passing(), failures, None, 1.0).as_secs()).collect();
        assert_eq!(pauses, [1, 2, 4, 8, 16, 32, 60, 60, 60]);
        let lasting = Error::new(ErrorKind::NotGranted, "scripted");
        assert_eq!(pause(&lasting, 1, None, 0.0), Duration::from_secs(10));
        assert_eq!(pause(&lasting, u32::MAX, None, 0.0), Duration::from_secs(60));
    }

    proptest! {
        #[test]
        fn windows_are_in_order(lifetime_ms in 0_u64..=u64::MAX, margin_ms in proptest::option::of(0_u64..90_000_000), draw in 0.0..1.0) {
            let lifetime = Duration::from_millis(lifetime_ms);
            let windows = Windows::new(START, lifetime, margin_ms.map(Duration::from_millis), draw);
            let order = [START, windows.refresh_at, windows.usable_until, windows.expires_at];
            prop_assert!(order.is_sorted_by_key(|moment| moment.monotonic));
            prop_assert!(order.is_sorted_by_key(|moment| moment.wall));
            // A token just issued is good for at least a few tenths of its life.
            let usable = windows.usable_until.remaining(START);
            prop_assert!(usable >= lifetime.min(LONGEST_LIFETIME) / 2);
        }

        #[test]
        fn phases_only_move_forward(lifetime_ms in 1_u64..100_000_000, steps in proptest::collection::vec(0_u64..10_000_000, 1..50), draw in 0.0..1.0) {
            let windows = Windows::new(START, Duration::from_millis(lifetime_ms), None, draw);
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
        fn a_redrawn_point_lies_ahead_and_inside(elapsed_ms in 0_u64..1_740_000, first in 0.0..1.0, second in 0.0..1.0) {
            let windows = Windows::new(START, Duration::from_secs(1_800), None, first);
            let redrawn = windows.redrawn(at(elapsed_ms), second);
            prop_assert!(redrawn.monotonic >= windows.refresh_at.monotonic.min(at(elapsed_ms).monotonic));
            prop_assert!(redrawn.monotonic <= windows.usable_until.monotonic);
        }

        #[test]
        fn pauses_are_bounded(failures in 1_u32..=u32::MAX, life_ms in proptest::option::of(0_u64..10_000_000), wish in proptest::option::of(0_u64..1_000_000), draw in 0.0..1.0) {
            let error = passing().with_retry_after(wish.map(Duration::from_secs));
            let life = life_ms.map(Duration::from_millis);
            let pause = pause(&error, failures, life, draw);
            let wish = Duration::from_secs(wish.unwrap_or(0)).min(LONGEST_WISH);
            prop_assert!(pause >= wish && pause >= FIRST_BACK_OFF / 2);
            prop_assert!(pause <= wish.max(LONGEST_BACK_OFF));
            if let Some(life) = life {
                prop_assert!(pause <= wish.max(life / 4).max(FIRST_BACK_OFF), "several tries fit into the life left");
            }
        }

        #[test]
        fn forced_renewals_are_bounded(gaps in proptest::collection::vec(0_u64..5_000, 1..500)) {
            let mut damper = Damper::new();
            let mut taken = Vec::new();
            let mut elapsed = 0;
            for gap in gaps {
                elapsed += gap;
                if damper.take(at(elapsed)) {
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

#[cfg(test)]
mod fleet;
