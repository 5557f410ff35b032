//! Seeded random histories of thirty virtual days with twenty engines and one store: processes that are
//! killed and start on machines that have just booted, wall clocks that are hours apart, a store whose
//! clock is set, and all that [`model_store`](super::model_store) can do. `SEEKAUTH_SHARED_HISTORIES`
//! sets how many; `SEEKAUTH_SHARED_SEED` plays one again, but for the order in which tokio wakes tasks.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use fastrand::Rng;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::cache::key::Key;
use crate::cache::refresher::Refresher;
use crate::cache::rejection::Rejection;
use crate::cache::slot::Slot;
use crate::cache::slot_state::lock;
use crate::cache::tests::model_server::ModelServer;
use crate::cache::tests::model_store::{Fate, Health, ModelStore, Pause, View};
use crate::config::{Config, ResolvedConfig};
use crate::credentials::Credentials;
use crate::error::{Error, ErrorKind};
use crate::events::Events;
use crate::store::SharedSource;
use crate::sys::clock::Clock;
use crate::sys::clock::manual::{ManualClock, Which};
use crate::sys::random::seeded;
use crate::sys::secret::Secret;
use crate::token::{Token, Windows};
use crate::token_endpoint::source::{Grant, Granting};

const DAYS: u64 = 30;
const ENGINES: usize = 20;
/// As far as time moves at once while something is under way, in milliseconds.
const STEP: u64 = 250;
const HOUR: i64 = 3_600_000;
/// What looks at the store and the steps of time add to a wait, in milliseconds.
const SLACK: u64 = 3_000;
/// How far wall clocks may be apart before a record is not believed.
const SKEW: Duration = Duration::from_secs(300);

/// Draws, and holds steps up for a while.
struct Dice {
    rng: Mutex<Rng>,
    clock: ManualClock,
}

impl Fate for Dice {
    fn draw(&self, end: usize) -> usize {
        self.rng.lock().unwrap().usize(0..end)
    }

    fn pause(&self) -> Pause {
        let (clock, milliseconds) = (self.clock.clone(), self.draw(300));
        Box::pin(async move {
            match milliseconds {
                0..250 => tokio::task::yield_now().await,
                _ => clock.sleep(Duration::from_millis(milliseconds as u64 - 200)).await,
            }
        })
    }
}

/// A request to the server. All times are those of the world, in milliseconds.
struct Request {
    engine: usize,
    sent: u64,
    due: u64,
    credentials: Credentials,
    /// Whether its process may have waited for another for long enough.
    is_alone: bool,
    response: oneshot::Sender<Result<Grant, Error>>,
}

/// Where the requests of all engines arrive.
struct Desk {
    dice: Arc<Dice>,
    /// Whether callers may get tired of waiting for the request of another process.
    may_be_slow: bool,
    open: Mutex<Vec<Request>>,
    new: Mutex<Vec<usize>>,
}

struct Endpoint {
    desk: Arc<Desk>,
    engine: usize,
}

impl ModelServer for Endpoint {
    fn respond(&self, credentials: Credentials) -> Granting<'_> {
        Box::pin(async move {
            let (response, received) = oneshot::channel();
            let sent = millis(&self.desk.dice.clock);
            let is_slow = self.desk.may_be_slow && self.desk.dice.draw(20) == 0;
            let longest = if is_slow { 10_000 } else { 500 };
            let due = sent + self.desk.dice.draw(longest) as u64;
            let (engine, is_alone) = (self.engine, false);
            let request = Request { engine, sent, due, credentials, is_alone, response };
            self.desk.open.lock().unwrap().push(request);
            self.desk.new.lock().unwrap().push(self.engine);
            received.await.unwrap()
        })
    }
}

struct Engine {
    /// Which process it is, to the store.
    process: usize,
    refresher: Arc<Refresher>,
    slot: Arc<Slot>,
    clock: ManualClock,
    /// When its last request was sent, and when the server last failed it.
    asked: Option<u64>,
    failed: Option<u64>,
    /// The highest number of a token that it served.
    served: u64,
}

impl Engine {
    fn is_flying(&self) -> bool {
        lock(&self.slot.state(self.clock.now())).in_flight().is_some()
    }
}

struct Call {
    engine: usize,
    began: u64,
    timeout: u64,
    served: u64,
    task: JoinHandle<Result<Arc<Token>, Error>>,
}

/// A token, as the server knows it.
struct Issued {
    sent: u64,
    lifetime: Duration,
    value: String,
}

/// What a history has in it.
#[derive(Debug, Clone, Copy)]
#[expect(clippy::struct_excessive_bools, reason = "each is drawn by itself")]
struct Setting {
    /// The store loses nothing, and nobody is killed with a request under way.
    is_honest: bool,
    /// The server does not fail.
    is_well: bool,
    /// Wall clocks are up to an hour off.
    is_skewed: bool,
    /// The store's clock is set now and then.
    is_stepped: bool,
}

struct History {
    setting: Setting,
    dice: Arc<Dice>,
    config: Arc<ResolvedConfig>,
    key: Key,
    store: Arc<ModelStore>,
    desk: Arc<Desk>,
    engines: Vec<Engine>,
    calls: Vec<Call>,
    issued: Vec<Issued>,
    by_value: HashMap<String, usize>,
    rejected: HashSet<String>,
    /// When the store's clock was set back, and how far.
    set_back: Vec<(u64, u64)>,
    refused: Option<u64>,
    is_down: bool,
    lifetimes: Vec<u64>,
    killed: usize,
    requests: u64,
    /// Requests that one process would not have made.
    extra: u64,
}

fn millis(clock: &ManualClock) -> u64 {
    clock.now().monotonic / 1_000_000
}

impl History {
    fn new(seed: u64) -> Self {
        seeded::seed(seed);
        let mut rng = Rng::with_seed(seed);
        let setting = Setting {
            is_honest: seed.is_multiple_of(2),
            is_well: rng.bool(),
            is_skewed: rng.u32(0..3) == 0,
            is_stepped: !seed.is_multiple_of(2) && rng.bool(),
        };
        let config = Config::oauth("http://127.0.0.1/token").user_agent("Test/1").store("local");
        // More than an honest store takes where time goes by in such steps.
        let config = config.store_timeout(Duration::from_millis(8 * STEP));
        let config = config.credentials("id", "secret");
        let (config, scopes) = ResolvedConfig::new(&config).unwrap();
        let key = Key::new(&config, scopes);
        let lifetimes = [60, 300, 1_800, 7_199, 86_400];
        let first = rng.usize(0..lifetimes.len());
        let world = ManualClock::unskipping();
        let dice = Arc::new(Dice { rng: Mutex::new(rng), clock: world.clone() });
        let store = ModelStore::new(Arc::clone(&dice) as Arc<dyn Fate>, world);
        let desk = Arc::new(Desk {
            dice: Arc::clone(&dice),
            may_be_slow: !setting.is_honest,
            open: Mutex::default(),
            new: Mutex::default(),
        });
        let mut history = Self {
            setting,
            dice,
            config: Arc::new(config),
            key,
            store,
            desk,
            engines: Vec::new(),
            calls: Vec::new(),
            issued: Vec::new(),
            by_value: HashMap::new(),
            rejected: HashSet::new(),
            set_back: Vec::new(),
            refused: None,
            is_down: false,
            lifetimes: lifetimes[first..].to_vec(),
            killed: 0,
            requests: 0,
            extra: 0,
        };
        for index in 0..ENGINES {
            let engine = history.engine(index);
            history.engines.push(engine);
        }
        history
    }

    fn now(&self) -> u64 {
        millis(&self.dice.clock)
    }

    fn draw(&self, end: usize) -> usize {
        self.dice.draw(end)
    }

    /// A process on a machine that has just booted, whatever the age of what lies in the store.
    fn engine(&self, index: usize) -> Engine {
        let clock = ManualClock::unskipping();
        let world = self.dice.clock.now().wall.cast_signed();
        let behind = (world - clock.now().wall.cast_signed()) / 1_000_000;
        let skew = if self.setting.is_skewed {
            self.draw(2 * 3_600_000).cast_signed() as i64 - HOUR
        } else {
            0
        };
        clock.advance(Which::Wall, behind + skew);
        let own = Clock::Manual(clock.clone());
        let process = index + ENGINES * self.killed;
        let view = View { store: Arc::clone(&self.store), process, clock: own.clone() };
        let issuer = Arc::new(Endpoint { desk: Arc::clone(&self.desk), engine: index });
        let (config, place) = (Arc::clone(&self.config), self.config.store.clone().unwrap());
        let events = Arc::new(Events::new(own.clone(), config.names()));
        let told = Arc::clone(&events);
        let source = SharedSource::new(config, place, issuer, Arc::new(view), own.clone(), told);
        let refresher =
            Arc::new(Refresher::new(Arc::clone(&self.config), own, Arc::new(source), events));
        let slot = refresher.slots.slot(&self.key);
        Engine { process, refresher, slot, clock, asked: None, failed: None, served: 0 }
    }

    async fn run(mut self) -> Self {
        let end = self.now() + DAYS * 86_400_000;
        while self.now() < end {
            match self.draw(100) {
                0..30 => self.call(),
                30..32 => self.reject(),
                32..35 => self.restart(),
                35..39 => self.change_health(),
                39..40 => self.step_clock(),
                40..42 => self.is_down = !self.setting.is_well && !self.is_down,
                _ => self.pass().await,
            }
            self.look().await;
        }
        self
    }

    /// Some or all want a token.
    fn call(&mut self) {
        let several = [1, ENGINES][self.draw(2)];
        let first = self.draw(ENGINES);
        for index in (first..first + several).map(|index| index % ENGINES) {
            let timeout = [8_000, 30_000][self.draw(2)];
            let engine = &self.engines[index];
            let (refresher, slot) = (Arc::clone(&engine.refresher), Arc::clone(&engine.slot));
            let began = self.now();
            let work = async move { refresher.get(&slot, Duration::from_millis(timeout)).await };
            let (task, served) = (tokio::spawn(work), engine.served);
            self.calls.push(Call { engine: index, began, timeout, served, task });
        }
    }

    fn reject(&mut self) {
        let engine = &self.engines[self.draw(ENGINES)];
        let at = engine.clock.now();
        if let Some(token) = engine.slot.live(at)
            && matches!(engine.slot.reject(token.value(), at, at), Rejection::SetAside)
        {
            self.rejected.insert(token.value().to_owned());
        }
    }

    /// A process ends, and one on another machine takes its place.
    fn restart(&mut self) {
        let index = self.draw(ENGINES);
        let is_busy = self.is_busy(index);
        if self.setting.is_honest && is_busy {
            return;
        }
        for call in self.calls.extract_if(.., |call| call.engine == index) {
            call.task.abort();
        }
        self.store.bury(self.engines[index].process);
        self.desk.open.lock().unwrap().retain(|request| request.engine != index);
        self.engines[index].refresher.closed.set();
        self.killed += 1;
        self.engines[index] = self.engine(index);
    }

    fn is_busy(&self, index: usize) -> bool {
        self.store.is_leased() || self.store.is_busy() || self.engines[index].is_flying()
    }

    fn change_health(&mut self) {
        let healths = [
            Health::Honest,
            Health::Honest,
            Health::Faulty,
            Health::Faulty,
            Health::TakesNoWrites,
            Health::TakesNothingElse,
            Health::Away,
        ];
        if !self.setting.is_honest {
            self.store.set_health(healths[self.draw(healths.len())]);
        }
    }

    fn step_clock(&mut self) {
        if self.setting.is_stepped {
            let step = self.draw(2 * 3_600_000).cast_signed() as i64 - HOUR;
            self.store.step_clock(step);
            if step < 0 {
                self.set_back.push((self.now(), step.unsigned_abs()));
            }
        }
    }

    /// Time goes by: in small steps while something is under way.
    async fn pass(&mut self) {
        let longest = [1_000, 10_000, 60_000, 600_000, 7_200_000, 20_000_000][self.draw(6)];
        let end = self.now() + 1 + self.draw(longest) as u64;
        while self.now() < end {
            let is_quiet = self.calls.is_empty()
                && !self.store.is_busy()
                && !self.engines.iter().any(Engine::is_flying);
            let left = end - self.now();
            let step = if is_quiet { left } else { left.min(STEP) }.cast_signed();
            self.dice.clock.advance(Which::Both, step);
            for engine in &self.engines {
                engine.clock.advance(Which::Both, step);
            }
            self.look().await;
        }
    }

    /// Lets all that can happen now happen, and checks it.
    async fn look(&mut self) {
        loop {
            for _ in 0..8 {
                tokio::task::yield_now().await;
            }
            self.check_requests();
            if !self.respond() {
                break;
            }
        }
        self.collect().await;
    }

    /// One process asks at a token's point, after a failure, and for a rejected token.
    fn check_requests(&mut self) {
        let now = self.now();
        for index in std::mem::take(&mut *self.desk.new.lock().unwrap()) {
            self.requests += 1;
            self.engines[index].asked = Some(now);
            let is_due = self.issued.last().is_none_or(|last| {
                let point = Windows::shared_refresh_age(last.lifetime, None, 0.0);
                let age = Duration::from_millis(now - last.sent);
                age >= point || self.rejected.contains(&last.value)
            });
            // While the server fails, or records are not believed for their wall clocks, one asks after
            // the other, and whoever has waited for long enough asks too.
            let at = self.engines[index].clock.now();
            let is_tired = self.engines[index].slot.alone_at(at) <= at.monotonic;
            let is_alone = is_tired && (!self.setting.is_well || self.setting.is_skewed);
            let mut open = self.desk.open.lock().unwrap();
            if let Some(request) = open.iter_mut().find(|request| request.engine == index) {
                request.is_alone = is_alone;
            }
            drop(open);
            if self.setting.is_honest && self.setting.is_well && !is_due {
                self.extra += 1;
                let last = self.issued.last().map(|last| (now - last.sent, last.lifetime));
                assert!(
                    self.setting.is_skewed,
                    "a request of {index} that one process would not have made; tired {is_tired}, last {last:?}, {:?}",
                    self.engines[index].slot
                );
            }
        }
        let open = self.desk.open.lock().unwrap();
        let leased = open.iter().filter(|request| !request.is_alone).count();
        assert!(!self.setting.is_honest || leased <= 1, "{leased} requests at once");
    }

    /// The server responds to what is due.
    fn respond(&mut self) -> bool {
        let now = self.now();
        let due: Vec<Request> =
            self.desk.open.lock().unwrap().extract_if(.., |request| request.due <= now).collect();
        let any = !due.is_empty();
        for request in due {
            let secret = request.credentials.secrets().next();
            let fingerprint = secret.map(|one| request.credentials.fingerprint(one)).unwrap();
            let fails = self.is_down || (!self.setting.is_well && self.draw(10) == 0);
            let response = if fails {
                self.engines[request.engine].failed = Some(now);
                Err(self.failure(fingerprint))
            } else {
                let value = format!("token-{}", self.issued.len());
                let lifetime = self.lifetimes[self.draw(self.lifetimes.len())];
                let lifetime = Duration::from_secs(lifetime);
                self.by_value.insert(value.clone(), self.issued.len());
                self.issued.push(Issued { sent: request.sent, lifetime, value: value.clone() });
                let grant = Grant::new(Secret::new(value), lifetime, Vec::new());
                Ok(Grant { accepted: fingerprint, ..grant })
            };
            let _ = request.response.send(response);
        }
        any
    }

    fn failure(&mut self, fingerprint: u64) -> Error {
        match self.draw(4) {
            0 => {
                self.refused = Some(self.now());
                let error = Error::new(ErrorKind::InvalidCredentials, "scripted");
                error.with_response(401, None).with_refused(vec![fingerprint])
            }
            1 => Error::new(ErrorKind::Network, "scripted"),
            _ => Error::new(ErrorKind::Unavailable, "scripted"),
        }
    }

    /// Looks at every call that has ended.
    async fn collect(&mut self) {
        let now = self.now();
        for index in (0..self.calls.len()).rev() {
            let call = &self.calls[index];
            if !call.task.is_finished() {
                assert!(now < call.began + call.timeout, "a call outlives its deadline");
                continue;
            }
            let mut call = self.calls.swap_remove(index);
            match (&mut call.task).await.unwrap() {
                Ok(token) => self.check_token(&token, call.served),
                Err(error) => self.check_error(&error, &call),
            }
            let engine = &mut self.engines[call.engine];
            let live = engine.slot.live(engine.clock.now());
            engine.served = live.map_or(engine.served, |token| token.number());
        }
    }

    fn check_token(&self, token: &Token, served: u64) {
        let issued = &self.issued[self.by_value[token.value()]];
        let overdue = (self.now() - issued.sent)
            .saturating_sub(u64::try_from(issued.lifetime.as_millis()).unwrap());
        // A clock that is set back makes tokens younger, as far as wall clocks do not tell.
        let since = |(at, _): &&(u64, u64)| *at >= issued.sent;
        let set_back: u64 = self.set_back.iter().filter(since).map(|(_, by)| by).sum();
        let told = u64::try_from(SKEW.min(issued.lifetime / 10).as_millis()).unwrap();
        let most = if self.setting.is_skewed { set_back } else { set_back.min(told) };
        assert!(
            overdue == 0 || overdue <= most,
            "{} was served {overdue} ms after its expiry, and not {most}",
            token.value()
        );
        assert!(token.number() >= served, "number {} after {served}", token.number());
    }

    fn check_error(&self, error: &Error, call: &Call) {
        let (now, engine) = (self.now(), &self.engines[call.engine]);
        let lately = |at: Option<u64>| at.is_some_and(|at| at + 130_000 >= call.began);
        let is_permanent = error.kind() == ErrorKind::InvalidCredentials;
        let at = engine.clock.now();
        let good = if is_permanent { engine.slot.cached(at) } else { engine.slot.live(at) };
        // A token may arrive in the very step in which time is up.
        let is_late = error.kind() == ErrorKind::Timeout;
        assert!(good.is_none() || is_late, "{error} although a token is alive");
        // Without a store, its own request would have been sent at once.
        let half = call.began + call.timeout / 2 + SLACK;
        let has_asked = is_late && engine.asked.is_some_and(|at| at <= half);
        let was_refused = is_permanent && lately(self.refused);
        assert!(
            has_asked || was_refused || lately(engine.failed),
            "without a store it would have been served: {error}, after {} of {} ms",
            now - call.began,
            call.timeout
        );
    }
}

fn run(seed: u64) -> History {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    runtime.block_on(History::new(seed).run())
}

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok().and_then(|text| text.parse().ok())
}

#[test]
fn every_shared_history_keeps_the_promises() {
    if let Some(seed) = number("SEEKAUTH_SHARED_SEED") {
        run(seed);
        return;
    }
    let histories = number("SEEKAUTH_SHARED_HISTORIES").unwrap_or(24);
    let first = fastrand::u64(..1 << 48);
    for seed in first..first + histories {
        let outcome = std::panic::catch_unwind(|| run(seed));
        let history = outcome.unwrap_or_else(|_| {
            panic!("play this history again with SEEKAUTH_SHARED_SEED={seed}");
        });
        println!(
            "{seed}: {:?}, {} processes, {} requests, {} for clocks that disagree, {} tokens",
            history.setting,
            ENGINES + history.killed,
            history.requests,
            history.extra,
            history.issued.len(),
        );
    }
}
