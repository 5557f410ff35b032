//! What the policy promises a fleet, worked out from the windows alone, with nothing simulated.
//! It holds for a fleet whose processes are at every age of their tokens equally often.

use std::ops::Range;
use std::time::Duration;

use super::{FIXED_SEED, Nanos, moment, nanos, ns};
use crate::sys::random::{self, seeded};
use crate::token::Windows;

pub(super) struct Expected {
    lifetime: f64,
    /// Ages in seconds at which tokens are renewed, all equally likely.
    renewals: Vec<f64>,
}

impl Expected {
    pub(super) fn new(lifetime: Duration, has_jitter: bool) -> Self {
        let age = |draw| seconds(nanos(Windows::new(moment(0), lifetime, None, draw).refresh_at));
        let renewals = if has_jitter {
            (0..=1_000).map(|point| age(f64::from(point) / 1_000.0)).collect()
        } else {
            seeded::seed(FIXED_SEED);
            vec![age(random::fraction())]
        };
        Self { lifetime: seconds(ns(lifetime)), renewals }
    }

    /// The mean age at which a token is renewed, in seconds.
    pub(super) fn interval(&self) -> f64 {
        self.mean(|age| age)
    }

    /// The ages between which tokens are renewed, in seconds.
    pub(super) fn window(&self) -> Range<f64> {
        self.renewals[0]..self.renewals[self.renewals.len() - 1]
    }

    /// The shortest, median and longest life that is left of the fleet's tokens, in seconds: as
    /// long an outage stays unnoticed.
    pub(super) fn life_left(&self) -> [f64; 3] {
        let Range { start, end } = self.window();
        // Up to the first renewal all ages are equally frequent, and the median is well below it.
        let median = self.interval() / 2.0;
        assert!(median < start);
        [self.lifetime - end, self.lifetime - median, self.lifetime]
    }

    /// The share of the fleet whose tokens end within so many seconds.
    pub(super) fn exposed(&self, outage: f64) -> f64 {
        self.mean(|age| (age - (self.lifetime - outage)).max(0.0)) / self.interval()
    }

    fn mean(&self, of: impl Fn(f64) -> f64) -> f64 {
        let sum: f64 = self.renewals.iter().map(|age| of(*age)).sum();
        sum / f64::from(u32::try_from(self.renewals.len()).unwrap())
    }
}

pub(super) fn seconds(span: Nanos) -> f64 {
    Duration::from_nanos(span).as_secs_f64()
}
