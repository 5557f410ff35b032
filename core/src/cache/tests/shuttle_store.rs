//! Three engines as they ship and one store, in thousands of interleavings. Time moves only when whoever
//! has reached its deadline has been told.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use shuttle::future::block_on;
use shuttle::rand::{Rng, thread_rng};
use shuttle::thread::{self, JoinHandle};

use crate::cache::key::Key;
use crate::cache::refresher::Refresher;
use crate::cache::rejection::Rejection;
use crate::cache::slot::Slot;
use crate::cache::tests::model_server::ModelServer;
use crate::cache::tests::model_store::{Fate, Health, ModelStore, Pause, View};
use crate::cache::tests::shuttle_explore::explore_some;
use crate::config::{Config, ResolvedConfig};
use crate::credentials::Credentials;
use crate::error::{Error, ErrorKind};
use crate::events::Events;
use crate::store::SharedSource;
use crate::sys::clock::manual::{ManualClock, Which};
use crate::sys::clock::{Clock, Moment};
use crate::sys::secret::Secret;
use crate::token::Token;
use crate::token_endpoint::source::{Grant, Granting, Issuer};

const LIFETIME: Duration = Duration::from_secs(1_800);
/// As far as time moves at once while somebody waits, in milliseconds.
const STEP: i64 = 100;
/// Who was held up between reading the clock and beginning to wait waits for longer by as much.
const GRACE: Duration = Duration::from_secs(3);
const ENGINES: usize = 3;
/// Each is long, and seals and opens many records.
const INTERLEAVINGS: usize = 600;

/// Shuttle draws, so that a schedule brings its draws along.
struct Drawn;

impl Fate for Drawn {
    fn draw(&self, end: usize) -> usize {
        thread_rng().gen_range(0..end)
    }

    fn pause(&self) -> Pause {
        Box::pin(shuttle::future::yield_now())
    }
}

/// The server, as all engines see it.
#[derive(Default)]
struct Server {
    /// How it responds, drawn anew for each request; it is well where there is nothing to draw from.
    responses: Mutex<Vec<Result<Duration, ErrorKind>>>,
    asking: AtomicUsize,
    most_at_once: AtomicUsize,
    requests: AtomicUsize,
    refusals: AtomicUsize,
    expiries: Mutex<HashMap<String, Moment>>,
}

/// The server, as one engine sees it.
struct Endpoint {
    server: Arc<Server>,
    clock: ManualClock,
    failures: AtomicUsize,
}

impl ModelServer for Endpoint {
    fn respond(&self, credentials: Credentials) -> Granting<'_> {
        Box::pin(async move {
            let server = &self.server;
            let at_once = server.asking.fetch_add(1, Ordering::SeqCst) + 1;
            server.most_at_once.fetch_max(at_once, Ordering::SeqCst);
            let number = server.requests.fetch_add(1, Ordering::SeqCst) + 1;
            let sent = self.clock.now();
            shuttle::future::yield_now().await;
            server.asking.fetch_sub(1, Ordering::SeqCst);
            let secret = credentials.secrets().next().map(|one| credentials.fingerprint(one));
            let response = {
                let responses = server.responses.lock().unwrap();
                match responses.len() {
                    0 => Ok(LIFETIME),
                    length => responses[thread_rng().gen_range(0..length)],
                }
            };
            match response {
                Ok(lifetime) => {
                    let value = format!("token-{number}");
                    server.expiries.lock().unwrap().insert(value.clone(), sent.plus(lifetime));
                    let grant = Grant::new(Secret::new(value), lifetime, Vec::new());
                    Ok(Grant { accepted: secret.unwrap(), ..grant })
                }
                Err(kind) => {
                    self.failures.fetch_add(1, Ordering::SeqCst);
                    let mut error = Error::new(kind, "scripted");
                    if kind == ErrorKind::InvalidCredentials {
                        server.refusals.fetch_add(1, Ordering::SeqCst);
                        error = error.with_response(401, None).with_refused(vec![secret.unwrap()]);
                    }
                    Err(error)
                }
            }
        })
    }
}

struct Engine {
    refresher: Arc<Refresher>,
    slot: Arc<Slot>,
    endpoint: Arc<Endpoint>,
    /// The highest number of a token that it served.
    served: AtomicUsize,
}

struct World {
    engines: Vec<Engine>,
    server: Arc<Server>,
    store: Arc<ModelStore>,
    clock: ManualClock,
    /// The deadlines of the calls under way.
    waiting: Mutex<BTreeMap<usize, Moment>>,
    calls: AtomicUsize,
    /// How long a call waits at most, in seconds: one of these.
    timeouts: [u64; 2],
}

impl World {
    fn new(health: Health, timeouts: [u64; 2]) -> Arc<Self> {
        let clock = ManualClock::unskipping();
        let store = ModelStore::new(Arc::new(Drawn), clock.clone());
        store.set_health(health);
        let server = Arc::new(Server::default());
        let config = Config::oauth("http://127.0.0.1/token").user_agent("Test/1").store("local");
        let config = config.credentials("id", "secret");
        let (config, scopes) = ResolvedConfig::new(&config).unwrap();
        let (config, key) = (Arc::new(config), |config: &_| Key::new(config, Arc::clone(&scopes)));
        let engine = |process| {
            let endpoint = Arc::new(Endpoint {
                server: Arc::clone(&server),
                clock: clock.clone(),
                failures: AtomicUsize::new(0),
            });
            let issuer = Arc::clone(&endpoint) as Arc<dyn Issuer>;
            let own = Clock::Manual(clock.clone());
            let view = View { store: Arc::clone(&store), process, clock: own.clone() };
            let (settings, place) = (Arc::clone(&config), config.store.clone().unwrap());
            let events = Arc::new(Events::new(own.clone(), settings.names()));
            let told = Arc::clone(&events);
            let source =
                SharedSource::new(settings, place, issuer, Arc::new(view), own.clone(), told);
            let refresher =
                Arc::new(Refresher::new(Arc::clone(&config), own, Arc::new(source), events));
            let slot = refresher.slots.slot(&key(&config));
            Engine { refresher, slot, endpoint, served: AtomicUsize::new(0) }
        };
        Arc::new(Self {
            engines: (0..ENGINES).map(engine).collect(),
            server,
            store,
            clock,
            waiting: Mutex::default(),
            calls: AtomicUsize::new(0),
            timeouts,
        })
    }

    /// A call in one engine, and what nobody may get from it.
    fn call(&self, engine: &Engine) -> Result<Arc<Token>, Error> {
        let call = self.calls.fetch_add(1, Ordering::SeqCst);
        let served = engine.served.load(Ordering::SeqCst);
        let began = self.clock.now();
        let timeout = Duration::from_secs(self.timeouts[thread_rng().gen_range(0..2)]);
        let result = block_on(async {
            let deadline = self.clock.now().plus(timeout);
            self.waiting.lock().unwrap().insert(call, deadline);
            let result = engine.refresher.get(&engine.slot, timeout).await;
            self.waiting.lock().unwrap().remove(&call);
            result
        });
        match &result {
            Ok(token) => {
                let expiry = self.server.expiries.lock().unwrap()[token.value()];
                let has_life = token.windows().usable_until != token.windows().expires_at;
                assert!(
                    !has_life || !expiry.reached(began),
                    "{} was served after its expiry",
                    token.value()
                );
                let number = usize::try_from(token.number()).unwrap();
                assert!(number >= served, "an older token than before: {number} after {served}");
                // One without life is none to the slot.
                if has_life {
                    engine.served.fetch_max(number, Ordering::SeqCst);
                }
            }
            Err(error) => {
                let refused = error.kind() == ErrorKind::InvalidCredentials
                    && self.server.refusals.load(Ordering::SeqCst) > 0;
                let failed = engine.endpoint.failures.load(Ordering::SeqCst) > 0;
                assert!(refused || failed, "without a store it would have been served: {error}");
            }
        }
        result
    }

    fn reject(&self, engine: &Engine, token: &Token) -> bool {
        let now = self.clock.now();
        matches!(engine.slot.reject(token.value(), now, now), Rejection::SetAside)
    }

    /// Time goes by until `done`, with `between` whenever nobody waits.
    fn pass(&self, done: impl Fn() -> bool, between: impl Fn()) {
        let (mut idle, mut turns) = (0, 0);
        while !done() {
            turns += 1;
            assert!(turns < 20_000, "what is waited for never comes");
            let now = self.clock.now();
            let (waiting, is_late) = {
                let waiting = self.waiting.lock().unwrap();
                let is_late = |deadline: &Moment| deadline.plus(GRACE).reached(now);
                (waiting.len(), waiting.values().any(is_late))
            };
            // Whoever is late is told before time moves on, and the server takes no time.
            if is_late || self.server.asking.load(Ordering::SeqCst) > 0 {
                idle += 1;
                assert!(idle < 10_000, "a call outlives its deadline");
            } else {
                idle = 0;
                if waiting == 0 {
                    between();
                }
                self.clock.advance(Which::Both, STEP);
            }
            thread::yield_now();
        }
    }

    fn advance(&self, span: Duration) {
        self.clock.advance(Which::Both, i64::try_from(span.as_millis()).unwrap());
    }
}

/// Runs `work` in each engine on a thread of its own, `times` over, and lets time go by meanwhile.
fn everywhere(world: &Arc<World>, times: usize, work: fn(&World, &Engine), between: impl Fn()) {
    let running = Arc::new(AtomicUsize::new(times * ENGINES));
    let threads: Vec<JoinHandle<()>> = (0..times * ENGINES)
        .map(|index| {
            let (world, running) = (Arc::clone(world), Arc::clone(&running));
            thread::spawn(move || {
                work(&world, &world.engines[index % ENGINES]);
                running.fetch_sub(1, Ordering::SeqCst);
            })
        })
        .collect();
    world.pass(|| running.load(Ordering::SeqCst) == 0, between);
    for thread in threads {
        thread.join().unwrap();
    }
}

#[test]
fn while_the_store_is_honest_one_asks_and_all_others_adopt() {
    explore_some(INTERLEAVINGS, || {
        let world = World::new(Health::Honest, [30, 30]);
        let requests = |count| {
            let server = &world.server;
            assert_eq!(server.requests.load(Ordering::SeqCst), count);
            assert_eq!(server.most_at_once.load(Ordering::SeqCst), 1, "two requests at once");
        };
        let call = |world: &World, engine: &Engine| {
            world.call(engine).unwrap();
        };
        everywhere(&world, 2, call, || {});
        requests(1);
        // The fleet's point is over, the token is good.
        world.advance(Duration::from_secs(1_600));
        everywhere(&world, 1, call, || {});
        let now = || world.clock.now();
        let number = |engine: &Engine| engine.slot.live(now()).map_or(0, |token| token.number());
        world.pass(|| world.engines.iter().all(|engine| number(engine) == 2), || {});
        requests(2);
        // The API rejects it, wherever it is sent.
        world.advance(Duration::from_secs(60));
        let rejected = |world: &World, engine: &Engine| {
            let token = world.call(engine).unwrap();
            world.reject(engine, &token);
            assert_ne!(world.call(engine).unwrap().value(), "token-2");
        };
        everywhere(&world, 1, rejected, || {});
        requests(3);
    });
}

/// What may become of the store, while nobody waits and else.
fn turn(world: &World) {
    let healths = [
        Health::Honest,
        Health::Faulty,
        Health::Faulty,
        Health::TakesNoWrites,
        Health::TakesNothingElse,
        Health::Away,
    ];
    world.store.set_health(healths[thread_rng().gen_range(0..healths.len())]);
    let seconds = [1, 10, 300, 1_600, 2_000];
    world.advance(Duration::from_secs(seconds[thread_rng().gen_range(0..seconds.len())]));
}

fn call_and_reject(world: &World, engine: &Engine) {
    for _ in 0..3 {
        if let Ok(token) = world.call(engine)
            && thread_rng().gen_range(0..4) == 0
        {
            world.reject(engine, &token);
        }
    }
}

#[test]
fn whatever_the_store_does_nobody_is_late_or_fails_while_the_server_is_well() {
    explore_some(INTERLEAVINGS, || {
        let world = World::new(Health::Faulty, [8, 30]);
        *world.server.responses.lock().unwrap() = vec![Ok(LIFETIME), Ok(Duration::from_secs(10))];
        everywhere(&world, 1, call_and_reject, || turn(&world));
    });
}

#[test]
fn whatever_the_store_does_nobody_fails_but_for_what_the_server_said() {
    explore_some(INTERLEAVINGS, || {
        let world = World::new(Health::Faulty, [8, 30]);
        *world.server.responses.lock().unwrap() = vec![
            Ok(LIFETIME),
            Ok(LIFETIME),
            Ok(Duration::ZERO),
            Err(ErrorKind::Unavailable),
            Err(ErrorKind::InvalidCredentials),
        ];
        everywhere(&world, 1, call_and_reject, || turn(&world));
    });
}
