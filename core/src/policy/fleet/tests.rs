//! The claims about a fleet, checked with and without jitter.

use std::env;
use std::path::Path;
use std::thread;

use super::paper::{Paper, seconds};
use super::report;
use super::*;

const LIFETIMES: [Duration; 2] = [Duration::from_secs(1_800), Duration::from_secs(7_199)];

/// One fleet through its scenario, and through an outage that never ends.
pub(super) struct Measured {
    pub(super) scenario: Scenario,
    pub(super) run: Run,
    /// For each process, how long the endless outage went on before a caller got an error, in order.
    pub(super) unnoticed: Vec<Nanos>,
}

impl Scenario {
    fn small(lifetime: Duration, has_jitter: bool) -> Self {
        Self {
            processes: 300,
            lifetime,
            has_jitter,
            every_call: false,
            settled: HOUR,
            outage: 3 * HOUR..3 * HOUR + 10 * MINUTE,
            deploy: 4 * HOUR,
            end: 7 * HOUR,
        }
    }

    /// The outage begins shortly before a fleet without jitter is due.
    fn large(lifetime: Duration, has_jitter: bool) -> Self {
        Self {
            processes: 10_000,
            settled: 18 * HOUR,
            outage: 24 * HOUR - 5 * MINUTE..24 * HOUR + 5 * MINUTE,
            deploy: 36 * HOUR,
            end: 48 * HOUR,
            ..Self::small(lifetime, has_jitter)
        }
    }

    fn measure(self) -> Measured {
        let endless = Scenario {
            outage: self.outage.start..Nanos::MAX,
            deploy: Nanos::MAX,
            end: self.outage.start + ns(self.lifetime) + 2 * MINUTE,
            ..self.clone()
        };
        let errors = endless.run().first_error;
        let mut unnoticed: Vec<Nanos> =
            errors.iter().map(|error| error.unwrap() - self.outage.start).collect();
        unnoticed.sort_unstable();
        Measured { run: self.run(), scenario: self, unnoticed }
    }
}

impl Measured {
    fn check(&self) {
        let Self { scenario, run, unnoticed } = self;
        let outage = &scenario.outage;
        assert_eq!(run.needless_waits, 0, "nobody waits while the endpoint is well");

        // Errors are seen only where the token ended during the outage, and soon cease.
        for (life_left, error) in run.life_left.iter().zip(&run.first_error) {
            let end = outage.start + life_left;
            assert!(error.is_none_or(|error| error >= end && end < outage.end));
        }
        assert!(run.last_error.is_none_or(|error| error < outage.end + MINUTE));

        // In an outage of any length, a token serves its callers until it ends.
        let mut life_left = run.life_left.clone();
        life_left.sort_unstable();
        for (unnoticed, life_left) in unnoticed.iter().zip(&life_left) {
            assert!((*life_left..life_left + 3 * SECOND).contains(unnoticed));
        }
        let [shortest, _, longest] =
            Paper::new(scenario.lifetime, scenario.has_jitter).life_left();
        // A token is renewed by the first call after its point.
        let bounds = shortest - seconds(CALL_EVERY)..=longest;
        assert!(life_left.iter().all(|life_left| bounds.contains(&seconds(*life_left))));
    }

    /// The share of the fleet that renews in the busiest minute after it was started.
    fn crowding(&self) -> f64 {
        let lifetime = usize::try_from(self.scenario.lifetime.as_secs()).unwrap();
        let busiest = self.run.requests[60..lifetime + 60].windows(60).map(|minute| minute.iter().sum());
        let busiest: u32 = busiest.max().unwrap();
        f64::from(busiest) / f64::from(u32::try_from(self.scenario.processes).unwrap())
    }
}

#[test]
fn jitter_spreads_a_fleet_and_outages_stay_unnoticed_while_tokens_live() {
    let folder = env::var_os("SEEKAUTH_FLEET");
    let scenario = if folder.is_some() { Scenario::large } else { Scenario::small };
    let fleets = thread::scope(|scope| {
        LIFETIMES
            .map(|lifetime| {
                [true, false].map(|has_jitter| {
                    scope.spawn(move || scenario(lifetime, has_jitter).measure())
                })
            })
            .map(|pair| pair.map(|fleet| fleet.join().unwrap()))
    });
    for [with, without] in &fleets {
        with.check();
        without.check();
        assert!(without.crowding() > 0.95, "without jitter all renew within the same minute");
        assert!(with.crowding() < 0.25);
    }
    if let Some(folder) = folder {
        report::write(Path::new(&folder), &fleets);
    }
}

#[test]
fn calls_that_a_fresh_token_answers_may_be_skipped() {
    let skipping = Scenario { processes: 10, ..Scenario::small(LIFETIMES[0], true) };
    let plodding = Scenario { every_call: true, ..skipping.clone() };
    assert_eq!(skipping.run(), plodding.run());
}
