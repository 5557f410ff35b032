//! The engine as it ships, in thousands of interleavings of its callers and its flights.

use std::collections::{HashSet, VecDeque};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use shuttle::future::block_on;
use shuttle::rand::{Rng, thread_rng};
use shuttle::thread::{self, JoinHandle};

use super::*;
use crate::config::Config;
use crate::key::Key;
use crate::manual_clock::{ManualClock, Which};
use crate::reply::Grant;
use crate::secret::Secret;
use crate::source::Fetch;
use crate::sync::explore::explore;
use crate::sync::turn;

const PATIENCE: Duration = Duration::from_secs(30);
const LIFETIME: u64 = 1_800;

/// A server that notices when it is asked twice at once.
#[derive(Default)]
struct Server {
    answers: Mutex<VecDeque<Result<u64, ErrorKind>>>,
    is_busy: AtomicBool,
    requests: AtomicUsize,
}

impl Source for Server {
    fn fetch<'a>(&'a self, _scopes: &'a [String]) -> Fetch<'a> {
        Box::pin(async move {
            assert!(!self.is_busy.swap(true, Ordering::SeqCst), "two requests at once");
            shuttle::future::yield_now().await;
            self.is_busy.store(false, Ordering::SeqCst);
            let number = self.requests.fetch_add(1, Ordering::SeqCst) + 1;
            let answer = self.answers.lock().unwrap().pop_front().unwrap_or(Ok(LIFETIME));
            match answer {
                Ok(lifetime) => Ok(Grant {
                    access_token: Secret::new(format!("token-{number}")),
                    lifetime: Duration::from_secs(lifetime),
                    scopes: Vec::new(),
                }),
                Err(kind) => Err(Error::new(kind, "scripted")),
            }
        })
    }
}

struct Bench {
    engine: Arc<Engine>,
    slot: Arc<Slot>,
    server: Arc<Server>,
    clock: ManualClock,
    /// Tokens that were rejected: from then on nobody may get them.
    rejected: Mutex<HashSet<u64>>,
}

impl Bench {
    fn new() -> Arc<Self> {
        let config = Config::oauth("http://127.0.0.1/token")
            .credentials("id", "secret")
            .user_agent("Test/1");
        let (profile, scopes) = Profile::new(&config).unwrap();
        let profile = Arc::new(profile);
        let clock = ManualClock::new();
        let server = Arc::new(Server::default());
        let source = Arc::clone(&server) as Arc<dyn Source>;
        let engine =
            Arc::new(Engine::new(Arc::clone(&profile), Clock::Manual(clock.clone()), source));
        let slot = engine.cache.slot(&Key::new(&profile, scopes));
        Arc::new(Self { engine, slot, server, clock, rejected: Mutex::default() })
    }

    fn answer(&self, answers: impl IntoIterator<Item = Result<u64, ErrorKind>>) {
        self.server.answers.lock().unwrap().extend(answers);
    }

    fn get(&self, timeout: Duration) -> Result<Arc<Token>, Error> {
        let rejected = self.rejected.lock().unwrap().clone();
        let result = block_on(self.engine.get(&self.slot, timeout));
        if let Ok(token) = &result {
            assert!(!rejected.contains(&token.generation()), "{} was rejected", token.value());
        }
        result
    }

    fn reject(&self, token: &Token) {
        if self.slot.invalidate(token.value(), self.engine.clock.now()) {
            self.rejected.lock().unwrap().insert(token.generation());
        }
    }

    fn pass(&self, milliseconds: i64) {
        turn();
        self.clock.advance(Which::Both, milliseconds);
    }
}

fn on_thread(bench: &Arc<Bench>, work: impl FnOnce(&Bench) + Send + 'static) -> JoinHandle<()> {
    let bench = Arc::clone(bench);
    thread::spawn(move || work(&bench))
}

fn join(threads: impl IntoIterator<Item = JoinHandle<()>>) {
    for thread in threads {
        thread.join().unwrap();
    }
}

#[test]
fn one_flight_at_a_time_and_whoever_waits_is_told() {
    explore(|| {
        let bench = &Bench::new();
        let answers = [
            Err(ErrorKind::Unavailable),
            Err(ErrorKind::InvalidCredentials),
            Ok(0),
            Ok(10),
            Ok(LIFETIME),
        ];
        bench.answer([(); 4].map(|()| answers[thread_rng().gen_range(0..answers.len())]));
        let callers = [(); 3].map(|()| {
            on_thread(bench, |bench| {
                for _ in 0..2 {
                    if let Ok(token) = bench.get(PATIENCE) {
                        bench.reject(&token);
                    }
                }
            })
        });
        let time = on_thread(bench, |bench| (0..3).for_each(|_| bench.pass(9_000)));
        join(callers);
        join([time]);
    });
}

#[test]
fn whoever_joins_a_flight_that_is_being_abandoned_gets_a_token() {
    explore(|| {
        let bench = &Bench::new();
        bench.answer([Err(ErrorKind::Unavailable)]);
        // The first caller starts a flight and gives up.
        block_on(async {
            tokio::select! {
                biased;
                _ = bench.engine.get(&bench.slot, PATIENCE) => {}
                () = shuttle::future::yield_now() => {}
            }
        });
        let patient = [(); 2].map(|()| {
            on_thread(bench, |bench| {
                bench.get(PATIENCE).unwrap();
            })
        });
        join(patient);
    });
}

#[test]
fn closing_ends_a_flight_and_whoever_waits_is_told() {
    explore(|| {
        let bench = &Bench::new();
        let callers = [(); 3].map(|()| {
            on_thread(bench, |bench| {
                if let Err(error) = bench.get(PATIENCE) {
                    assert_eq!(error.kind(), ErrorKind::Cancelled);
                }
            })
        });
        let closer = on_thread(bench, |bench| {
            turn();
            bench.engine.closed.set();
            turn();
            bench.engine.cache.clear();
        });
        join(callers);
        join([closer]);
    });
}
