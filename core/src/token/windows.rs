//! The deadlines that follow from one token's lifetime, as pure functions of what is passed in.

use std::time::Duration;

use crate::sys::clock::Moment;

/// The margin before expiry in which a token is no longer given out without an attempt to renew.
const MARGIN: Duration = Duration::from_secs(60);
/// The longest time before the margin at which renewal in the background may begin.
const LONGEST_AHEAD: Duration = Duration::from_secs(15 * 60);
/// Servers may say anything up to the largest integer; a century is long enough for all of them,
/// and dates this far still exist in every language.
const LONGEST_LIFETIME: Duration = Duration::from_secs(100 * 365 * 86_400);
/// Over how long processes that share a token spread its renewal.
const SHARED_SPREAD: Duration = Duration::from_secs(1);
/// The shortest interval at which readers recheck a token.
const MIN_RECHECK: Duration = Duration::from_millis(50);

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
    /// configured one; `jitter`, from 0 to 1, places this process's own point in the window.
    pub(crate) fn new(
        sent: Moment,
        lifetime: Duration,
        margin: Option<Duration>,
        jitter: f64,
    ) -> Self {
        let ages = Ages::new(lifetime, margin);
        Self {
            refresh_at: sent
                .plus(ages.usable.saturating_sub(ages.ahead) + point(ages.ahead, jitter)),
            usable_until: sent.plus(ages.usable),
            expires_at: sent.plus(ages.lifetime),
        }
    }

    /// The windows of a token that several processes use, whose age was `age` at the moment `seen`.
    /// All of them renew it at the same age, but for a little `jitter` so that they do not come to the
    /// store in the same instant. Counted forward: what lies before a machine's start cannot be told
    /// on its monotonic clock.
    pub(crate) fn of_shared(
        seen: Moment,
        age: Duration,
        lifetime: Duration,
        margin: Option<Duration>,
        refresh_at_age: Duration,
        jitter: f64,
    ) -> Self {
        let ages = Ages::new(lifetime, margin);
        let after = |other: Duration| seen.plus(other.saturating_sub(age));
        let spread = (ages.ahead / 50).min(SHARED_SPREAD).mul_f64(jitter.clamp(0.0, 1.0));
        Self {
            refresh_at: after((refresh_at_age + spread).min(ages.usable)),
            usable_until: after(ages.usable),
            expires_at: after(ages.lifetime),
        }
    }

    /// The age up to which a token is given out without an attempt to renew it.
    pub(crate) fn usable_age(lifetime: Duration, margin: Option<Duration>) -> Duration {
        Ages::new(lifetime, margin).usable
    }

    /// The age at which all processes that share a token renew it: drawn by `jitter` from the first half
    /// of the window, so that half of it is left should what they share be away then.
    pub(crate) fn shared_refresh_age(
        lifetime: Duration,
        margin: Option<Duration>,
        jitter: f64,
    ) -> Duration {
        let ages = Ages::new(lifetime, margin);
        ages.usable.saturating_sub(ages.ahead) + (ages.ahead / 2).mul_f64(jitter.clamp(0.0, 1.0))
    }

    /// When readers look again although nothing is due: a forked child inherits that moment, and
    /// has to find out in time that it has no renewal under way.
    pub(crate) fn recheck_at(&self, now: Moment) -> Moment {
        now.plus((self.usable_until.remaining(now) / 8).max(MIN_RECHECK)).earlier(self.usable_until)
    }

    /// Another point for background renewal in what is left of the window, for a process that
    /// inherited the token from its parent together with the parent's point.
    pub(crate) fn with_new_jitter(&self, now: Moment, jitter: f64) -> Moment {
        let from = if self.refresh_at.reached(now) { now } else { self.refresh_at };
        from.plus(point(self.usable_until.remaining(from), jitter))
    }
}

/// A token's life as ages.
struct Ages {
    lifetime: Duration,
    usable: Duration,
    /// The length of the window, which ends with `usable`.
    ahead: Duration,
}

impl Ages {
    fn new(lifetime: Duration, margin: Option<Duration>) -> Self {
        let lifetime = lifetime.min(LONGEST_LIFETIME);
        // A margin must never eat the whole life of a short token.
        let margin = match margin {
            Some(wanted) => wanted.min(lifetime / 2),
            None => MARGIN.min(lifetime / 10),
        };
        let usable = lifetime.saturating_sub(margin);
        Self { lifetime, usable, ahead: (lifetime / 5).min(LONGEST_AHEAD).min(usable) }
    }
}

/// A point in the first nine tenths of a window, so that the renewal has time to arrive before
/// anyone has to wait for it.
fn point(window: Duration, jitter: f64) -> Duration {
    window.mul_f64(0.9 * jitter.clamp(0.0, 1.0))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const START: Moment = Moment { monotonic: 1_000_000_000_000, wall: 1_800_000_000_000_000_000 };

    fn at(millis: u64) -> Moment {
        START.plus(Duration::from_millis(millis))
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

    proptest! {
        #[test]
        fn windows_are_in_order(lifetime_ms in 0_u64..=u64::MAX, margin_ms in proptest::option::of(0_u64..90_000_000), jitter in 0.0..1.0) {
            let lifetime = Duration::from_millis(lifetime_ms);
            let windows = Windows::new(START, lifetime, margin_ms.map(Duration::from_millis), jitter);
            let order = [START, windows.refresh_at, windows.usable_until, windows.expires_at];
            prop_assert!(order.is_sorted_by_key(|moment| moment.monotonic));
            prop_assert!(order.is_sorted_by_key(|moment| moment.wall));
            // A token just issued is good for at least a few tenths of its life.
            let usable = windows.usable_until.remaining(START);
            prop_assert!(usable >= lifetime.min(LONGEST_LIFETIME) / 2);
        }

        #[test]
        fn a_redrawn_point_lies_ahead_and_inside(elapsed_ms in 0_u64..1_740_000, first in 0.0..1.0, second in 0.0..1.0) {
            let windows = Windows::new(START, Duration::from_secs(1_800), None, first);
            let with_new_jitter = windows.with_new_jitter(at(elapsed_ms), second);
            prop_assert!(with_new_jitter.monotonic >= windows.refresh_at.monotonic.min(at(elapsed_ms).monotonic));
            prop_assert!(with_new_jitter.monotonic <= windows.usable_until.monotonic);
        }
    }
}
