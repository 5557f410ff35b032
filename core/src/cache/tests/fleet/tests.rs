//! The claims about a fleet, checked with and without jitter.

use std::env;
use std::path::Path;
use std::thread;

use super::expected::{Expected, seconds};
use super::*;
use super::{report, sharing};

const LIFETIMES: [Duration; 2] = [Duration::from_secs(1_800), Duration::from_secs(7_199)];

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
        Measured { run: self.run(), scenario: self }
    }
}

impl Measured {
    fn check(&self) {
        let Self { scenario, run } = self;
        let outage = &scenario.outage;
        assert_eq!(run.needless_waits, 0, "nobody waits while the endpoint is well");

        // Errors are seen only where the token ended during the outage, and soon cease.
        for (expires, error) in run.expiries.iter().zip(&run.first_errors) {
            assert!(error.is_none_or(|error| error >= *expires && *expires < outage.end));
        }
        assert!(run.last_error.is_none_or(|error| error < outage.end + MINUTE));

        // However long the outage, a token serves its callers until it ends.
        // On paper, a token is renewed at its point; here, by the first call after that.
        let [shortest, _, longest] =
            Expected::new(scenario.lifetime, scenario.has_jitter).life_left();
        for (expires, notice) in &run.notices {
            // The first caller with nothing left to serve waits for as long as it may.
            assert!((*expires..expires + TIMEOUT + 3 * SECOND).contains(notice));
            let life_left = seconds(expires - scenario.end);
            assert!(life_left > shortest - seconds(CALL_EVERY) && life_left <= longest);
        }
        // The response takes its time too, and this counts whole seconds.
        let [least, _, most] = run.life_left();
        assert!(least > shortest - 3.0 && most <= longest);
    }

    /// The share of the fleet that renews in the busiest minute after it was started.
    fn crowding(&self) -> f64 {
        let lifetime = usize::try_from(self.scenario.lifetime.as_secs()).unwrap();
        let busiest =
            self.run.requests[60..lifetime + 60].windows(60).map(|minute| minute.iter().sum());
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
                [true, false]
                    .map(|has_jitter| scope.spawn(move || scenario(lifetime, has_jitter).measure()))
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
        let shared =
            [60, 600].map(|away| sharing::play(scenario(LIFETIMES[0], true).processes, away));
        report::write(Path::new(&folder), &fleets, &shared);
    }
}

#[test]
fn calls_that_a_fresh_token_answers_may_be_skipped() {
    let skipping = Scenario { processes: 10, ..Scenario::small(LIFETIMES[0], true) };
    let plodding = Scenario { every_call: true, ..skipping.clone() };
    assert_eq!(skipping.run(), plodding.run());
}
