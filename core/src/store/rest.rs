//! A store that failed is left alone for a while, which doubles: callers must not pay for it again and
//! again.

use std::time::Duration;

use crate::sys::clock::Moment;

const FIRST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(60);

/// Belongs into a `PerProcess` cell.
#[derive(Debug)]
pub(crate) struct Rest {
    failures: u32,
    until: Moment,
    /// Whether nothing is known about it yet.
    pub(crate) is_untried: bool,
}

impl Rest {
    pub(crate) fn new() -> Self {
        Self { failures: 0, until: Moment::PAST, is_untried: true }
    }

    /// Until when the store is left alone, if it is.
    pub(crate) fn until(&self, now: Moment) -> Option<Moment> {
        (!self.until.reached(now)).then_some(self.until)
    }

    /// It failed, and is left alone for so long. `jitter`, from 0 to 1, tells processes apart.
    pub(crate) fn begin(&mut self, now: Moment, jitter: f64) -> Duration {
        let full = FIRST.saturating_mul(1 << self.failures.min(6)).min(LONGEST);
        self.failures = self.failures.saturating_add(1);
        self.is_untried = false;
        let pause = full / 2 + (full / 2).mul_f64(jitter.clamp(0.0, 1.0));
        self.until = now.plus(pause);
        pause
    }

    /// It works. Says whether it failed the last time.
    pub(crate) fn end(&mut self) -> bool {
        let failures = self.failures;
        *self = Self { is_untried: false, ..Self::new() };
        failures > 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rests_double_up_to_a_minute_and_end_with_success() {
        let now = Moment { monotonic: 1, wall: 1 };
        let mut rest = Rest::new();
        let next = |rest: &mut Rest| {
            let pause = rest.begin(now, 1.0);
            assert_eq!(rest.until(now), Some(now.plus(pause)));
            pause.as_secs()
        };
        let spans: Vec<u64> = (0..8).map(|_| next(&mut rest)).collect();
        assert_eq!(spans, [1, 2, 4, 8, 16, 32, 60, 60]);
        assert!(rest.end() && !rest.end());
        assert_eq!((rest.until(now), next(&mut rest)), (None, 1));
    }
}
