//! The same fleet with a store: engines as they ship, on one clock, and a store that is away around the
//! moment at which all of them renew.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::future::ready;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use fastrand::Rng;
use tokio::task::JoinHandle;

use super::{LATENCY, SECOND, SEED, TIMEOUT};
use crate::cache::key::Key;
use crate::cache::refresher::Refresher;
use crate::cache::slot::Slot;
use crate::cache::tests::model_server::ModelServer;
use crate::cache::tests::model_store::{Fate, Health, ModelStore, Pause, View};
use crate::config::{Config, ResolvedConfig};
use crate::credentials::Credentials;
use crate::error::Error;
use crate::events::Events;
use crate::store::SharedSource;
use crate::sys::clock::Clock;
use crate::sys::clock::manual::{ManualClock, Which};
use crate::sys::random::seeded;
use crate::sys::secret::Secret;
use crate::token::Token;
use crate::token_endpoint::source::{Grant, Granting, Issuer};

pub(super) const LIFETIME: Duration = Duration::from_secs(1_800);
/// Milliseconds.
const STEP: u64 = 100;
const ROLL_OUT: u64 = 60_000;
/// Its renewal is the one that the store misses.
const MISSED: u64 = 3;

/// What the endpoint saw.
pub(super) struct Shared {
    pub(super) processes: usize,
    /// For how many seconds the store was away.
    pub(super) away: u64,
    /// Requests until then, and the renewals that they were for.
    pub(super) before: usize,
    pub(super) renewals: u64,
    /// Requests in each second from when it went away until all had renewed.
    pub(super) during: Vec<u32>,
    /// Calls that failed, or waited although their process had a token.
    pub(super) disturbed: usize,
}

impl Shared {
    pub(super) fn extra(&self) -> u32 {
        self.during.iter().sum::<u32>() - 1
    }

    pub(super) fn peak(&self) -> u32 {
        self.during.iter().copied().max().unwrap_or_default()
    }
}

struct Calm;

impl Fate for Calm {
    fn draw(&self, _end: usize) -> usize {
        unreachable!("nothing is left to chance")
    }

    fn pause(&self) -> Pause {
        Box::pin(ready(()))
    }
}

struct Endpoint {
    clock: ManualClock,
    requests: Arc<Mutex<Vec<u64>>>,
}

impl ModelServer for Endpoint {
    fn respond(&self, credentials: Credentials) -> Granting<'_> {
        Box::pin(async move {
            let number = {
                let mut requests = self.requests.lock().unwrap();
                requests.push(millis(&self.clock));
                requests.len()
            };
            self.clock.sleep(Duration::from_nanos(LATENCY)).await;
            let accepted = credentials.secrets().next().map(|one| credentials.fingerprint(one));
            let grant = Grant::new(Secret::new(format!("token-{number}")), LIFETIME, Vec::new());
            Ok(Grant { accepted: accepted.unwrap(), ..grant })
        })
    }
}

struct Engine {
    refresher: Arc<Refresher>,
    slot: Arc<Slot>,
}

type Call = (bool, JoinHandle<Result<Arc<Token>, Error>>);

fn millis(clock: &ManualClock) -> u64 {
    clock.now().monotonic / 1_000_000
}

fn engines(processes: usize, store: &Arc<ModelStore>, endpoint: &Arc<Endpoint>) -> Vec<Engine> {
    let config = Config::oauth("http://127.0.0.1/token").user_agent("Fleet/1").store("local");
    let (config, scopes) = ResolvedConfig::new(&config.credentials("id", "secret")).unwrap();
    let (key, config) = (Key::new(&config, scopes), Arc::new(config));
    let engine = |process| {
        let clock = Clock::Manual(endpoint.clock.clone());
        let view = View { store: Arc::clone(store), process, clock: clock.clone() };
        let (settings, place) = (Arc::clone(&config), config.store.clone().unwrap());
        let issuer = Arc::clone(endpoint) as Arc<dyn Issuer>;
        let events = Arc::new(Events::new(clock.clone(), settings.names()));
        let told = Arc::clone(&events);
        let source =
            SharedSource::new(settings, place, issuer, Arc::new(view), clock.clone(), told);
        let refresher =
            Arc::new(Refresher::new(Arc::clone(&config), clock, Arc::new(source), events));
        let slot = refresher.slots.slot(&key);
        Engine { refresher, slot }
    };
    (0..processes).map(engine).collect()
}

/// A fleet whose store is away for so many seconds, half of them before the moment of a renewal.
pub(super) fn play(processes: usize, away: u64) -> Shared {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(run(processes, away))
}

async fn run(processes: usize, away: u64) -> Shared {
    seeded::seed(SEED);
    let mut rng = Rng::with_seed(SEED);
    let clock = ManualClock::unskipping();
    let store = ModelStore::new(Arc::new(Calm), clock.clone());
    let requests = Arc::new(Mutex::new(Vec::new()));
    let endpoint = Arc::new(Endpoint { clock: clock.clone(), requests: Arc::clone(&requests) });
    let engines = engines(processes, &store, &endpoint);
    let mut events: BinaryHeap<Reverse<(u64, usize)>> =
        (0..processes).map(|index| Reverse((1_000 + rng.u64(0..ROLL_OUT), index))).collect();
    let mut calls: Vec<Call> = Vec::new();
    let (mut disturbed, mut before) = (0, 0);
    // When the store goes away, and when it is back.
    let mut outage: Option<(u64, u64)> = None;
    loop {
        let now = millis(&clock);
        while let Some(&Reverse((at, index))) = events.peek()
            && at <= now
        {
            events.pop();
            let Engine { refresher, slot } = &engines[index];
            let at = clock.now();
            if slot.fresh(&Clock::Manual(clock.clone())).is_none() {
                let (refresher, call) = (Arc::clone(refresher), Arc::clone(slot));
                let has_token = slot.live(at).is_some();
                let work = async move { refresher.get(&call, Duration::from_nanos(TIMEOUT)).await };
                calls.push((has_token, tokio::spawn(work)));
            }
            for _ in 0..4 {
                tokio::task::yield_now().await;
            }
            let refresh = slot.next_refresh_at(at).monotonic / 1_000_000;
            events.push(Reverse((refresh.max(now + 1_000), index)));
        }
        for _ in 0..8 {
            tokio::task::yield_now().await;
        }
        for index in (0..calls.len()).rev() {
            let (has_token, call) = &calls[index];
            if !call.is_finished() {
                assert!(!has_token, "a caller waits although there is a token");
                continue;
            }
            disturbed += usize::from(calls.swap_remove(index).1.await.unwrap().is_err());
        }
        let count = requests.lock().unwrap().len();
        let number = |engine: &Engine| engine.slot.live(clock.now()).map_or(0, |one| one.number());
        let oldest = || engines.iter().map(number).min().unwrap();
        match outage {
            None if now > ROLL_OUT && oldest() == MISSED => {
                let point = engines[0].slot.next_refresh_at(clock.now()).monotonic / 1_000_000;
                outage = Some((point - away * 500, point + away * 500));
                before = count;
            }
            Some((from, to)) => {
                let is_away = (from..to).contains(&now);
                store.set_health(if is_away { Health::Away } else { Health::Honest });
                if now > to && oldest() > MISSED {
                    let mut during = vec![0; usize::try_from((now - from) / 1_000 + 1).unwrap()];
                    for at in &requests.lock().unwrap()[before..] {
                        during[usize::try_from((at - from) / 1_000).unwrap()] += 1;
                    }
                    let renewals = MISSED - 1;
                    return Shared { processes, away, before, renewals, during, disturbed };
                }
            }
            None => {}
        }
        let next = events.peek().map_or(now, |Reverse((at, _))| *at);
        let change =
            outage.map_or(u64::MAX, |(from, to)| if now < from { from } else { to.max(now) });
        let quiet = calls.is_empty() && next > now + SECOND / 1_000_000;
        let step = if quiet { next.min(change.max(now + STEP)) - now } else { STEP };
        clock.advance(Which::Both, step.max(1).cast_signed());
    }
}

#[test]
fn a_store_that_is_away_for_a_minute_costs_no_request_and_ten_minutes_no_herd() {
    let short = play(200, 60);
    assert_eq!((short.before, short.renewals), (3, 2), "one request for each token");
    assert_eq!((short.extra(), short.disturbed), (0, 0));
    let long = play(200, 600);
    assert_eq!(long.disturbed, 0);
    assert!(long.extra() <= 200 && long.peak() <= 12, "{} in one second", long.peak());
}
