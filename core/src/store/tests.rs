//! What a flight does with a store, against one in memory that fails on command and a scripted server,
//! under a clock that tests move.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::config::{Config, ResolvedConfig};
use crate::credentials::Credentials;
use crate::error::{Error, ErrorKind};
use crate::events::{EventKind, EventLevel, Events, Subscription};
use crate::store::backend::{Backend, Claim, Found, Names, Reading, Session, Step, Trouble};
use crate::store::record::Stamp;
use crate::store::shared::SharedSource;
use crate::sys::clock::Clock;
use crate::sys::clock::manual::{ManualClock, Which};
use crate::sys::secret::Secret;
use crate::token_endpoint::source::{
    Asking, Fetch, Fetched, Grant, Granting, Issuer, TokenSource, Wanted,
};

const LIFETIME: Duration = Duration::from_secs(1_800);

/// A store in memory. What is shared by all processes of a test is one of these.
struct Memory {
    tokens: Mutex<BTreeMap<String, Vec<u8>>>,
    notes: Mutex<BTreeMap<String, Vec<u8>>>,
    /// Who has a lease has it until then.
    leases: Mutex<BTreeMap<String, u64>>,
    extended: AtomicUsize,
    /// A store whose users may not ask for the time, and how long it says that records stay.
    tells_no_time: AtomicBool,
    stays: Mutex<Option<Duration>>,
    fails_reads: AtomicBool,
    fails_writes: AtomicBool,
    /// How far its clock was set back, in milliseconds.
    set_back: AtomicU64,
    /// Of tokens only.
    fails_tokens: AtomicBool,
    /// Reads come to no end.
    hangs: AtomicBool,
    clock: ManualClock,
}

const LEASE: Duration = Duration::from_secs(3);

impl Memory {
    fn reading(&self, places: &[Names]) -> Result<Reading, Trouble> {
        let at = self.clock.now();
        let tells_time = !self.tells_no_time.load(Ordering::SeqCst);
        let now = Stamp {
            clock: if tells_time { "memory".to_owned() } else { String::new() },
            at_ms: at.monotonic / 1_000_000 - self.set_back.load(Ordering::SeqCst),
            wall_ms: at.wall / 1_000_000,
        };
        step(&self.fails_reads, || {
            let (tokens, notes) = (self.tokens.lock().unwrap(), self.notes.lock().unwrap());
            let found = |place: &Names| Found {
                token: tokens.get(&place.token).cloned(),
                token_stays: *self.stays.lock().unwrap(),
                note: notes.get(&place.note).cloned(),
            };
            Reading { found: places.iter().map(found).collect(), now, asked: at, answered: at }
        })
    }

    fn lease(&self, name: &str) {
        let until = self.clock.now().plus(Duration::from_secs(3_600));
        self.leases.lock().unwrap().insert(name.to_owned(), until.monotonic);
    }
}

fn step<T>(fails: &AtomicBool, work: impl FnOnce() -> T) -> Result<T, Trouble> {
    if fails.load(Ordering::SeqCst) { Err(Trouble("scripted".to_owned())) } else { Ok(work()) }
}

/// The store as processes have it.
struct Shelf(Arc<Memory>);

impl Backend for Shelf {
    fn kind(&self) -> &'static str {
        "memory"
    }

    fn session(&self, _first_step: Duration) -> Arc<dyn Session> {
        Arc::<Memory>::clone(&self.0)
    }

    fn spread(&self, _window: Duration) -> Duration {
        Duration::ZERO
    }

    fn poll_interval(&self, _looks: u32) -> Duration {
        Duration::from_millis(10)
    }
}

impl Session for Memory {
    fn read<'a>(&'a self, places: &'a [Names]) -> Step<'a, Reading> {
        if self.hangs.load(Ordering::SeqCst) {
            return Box::pin(std::future::pending());
        }
        Box::pin(std::future::ready(self.reading(places)))
    }

    fn claim<'a>(&'a self, places: &'a [Names]) -> Step<'a, Claim> {
        let claimed = step(&self.fails_writes, || {
            let now = self.clock.now();
            let mut leases = self.leases.lock().unwrap();
            let lease = leases.entry(places[0].token.clone()).or_default();
            if *lease > now.monotonic {
                return Claim::Taken;
            }
            *lease = now.plus(LEASE).monotonic;
            Claim::Won(self.reading(places).ok())
        });
        Box::pin(std::future::ready(claimed))
    }

    fn lease_lasts(&self) -> Option<Duration> {
        Some(LEASE)
    }

    fn extend<'a>(&'a self, place: &'a Names) -> Step<'a, bool> {
        let extended = step(&self.fails_writes, || {
            let until = self.clock.now().plus(LEASE).monotonic;
            self.extended.fetch_add(1, Ordering::SeqCst);
            let mut leases = self.leases.lock().unwrap();
            leases.get_mut(&place.token).map(|lease| *lease = until).is_some()
        });
        Box::pin(std::future::ready(extended))
    }

    fn release<'a>(&'a self, place: &'a Names) -> Step<'a, ()> {
        let released = step(&self.fails_writes, || {
            self.leases.lock().unwrap().remove(&place.token);
        });
        Box::pin(std::future::ready(released))
    }

    fn publish<'a>(&'a self, place: &'a Names, token: Vec<u8>, _life: Duration) -> Step<'a, ()> {
        let fails = if self.fails_tokens.load(Ordering::SeqCst) {
            &self.fails_tokens
        } else {
            &self.fails_writes
        };
        let published = step(fails, || {
            self.tokens.lock().unwrap().insert(place.token.clone(), token);
        });
        Box::pin(std::future::ready(published))
    }

    fn note<'a>(&'a self, place: &'a Names, note: Vec<u8>, _life: Duration) -> Step<'a, ()> {
        let noted = step(&self.fails_writes, || {
            self.notes.lock().unwrap().insert(place.note.clone(), note);
        });
        Box::pin(std::future::ready(noted))
    }
}

/// The server, as one process sees it: responds with the next of the script, else with a new token. It
/// takes each of `accepts`.
struct Server {
    credentials: Mutex<Credentials>,
    accepts: Mutex<Vec<String>>,
    script: Mutex<VecDeque<Result<Duration, ErrorKind>>>,
    requests: Arc<AtomicUsize>,
    noted: Mutex<Vec<String>>,
    /// How long it takes to respond.
    takes: Mutex<Duration>,
    clock: ManualClock,
}

impl TokenSource for Server {
    fn fetch<'a>(&'a self, _wanted: Wanted<'a>) -> Fetch<'a> {
        unreachable!("a shared source asks step by step")
    }
}

impl Issuer for Server {
    fn credentials(&self) -> Asking<'_> {
        Box::pin(std::future::ready(Ok(self.credentials.lock().unwrap().clone())))
    }

    fn grant<'a>(&'a self, credentials: Credentials, scopes: &'a [String]) -> Granting<'a> {
        let accepts = self.accepts.lock().unwrap().clone();
        let mut secrets = credentials.secrets();
        let taken = secrets.find(|secret| accepts.iter().any(|one| one == secret.expose()));
        let number = self.requests.fetch_add(1, Ordering::SeqCst) + 1;
        let scripted = self.script.lock().unwrap().pop_front().unwrap_or(Ok(LIFETIME));
        let result = match (taken, scripted) {
            (None, _) => {
                let refused = credentials.secrets().map(|one| credentials.fingerprint(one));
                let error = Error::new(ErrorKind::InvalidCredentials, "refused");
                Err(error.with_response(401, None).with_refused(refused.collect()))
            }
            (_, Err(kind)) => Err(Error::new(kind, "scripted")),
            (Some(secret), Ok(lifetime)) => {
                let value = Secret::new(format!("token-{number}"));
                let accepted = credentials.fingerprint(secret);
                Ok(Grant { accepted, ..Grant::new(value, lifetime, scopes.to_vec()) })
            }
        };
        let span = *self.takes.lock().unwrap();
        Box::pin(async move {
            self.clock.sleep(span).await;
            result
        })
    }

    fn worked_last(&self, _fingerprint: u64) -> bool {
        false
    }

    fn note_token(&self, token: &Secret) {
        self.noted.lock().unwrap().push(token.expose().to_owned());
    }
}

/// Processes that share.
struct Fleet {
    memory: Arc<Memory>,
    clock: ManualClock,
    requests: Arc<AtomicUsize>,
}

struct Process {
    source: SharedSource,
    events: Arc<Events>,
    server: Arc<Server>,
    clock: ManualClock,
}

/// What a slot knows when it asks.
#[derive(Default)]
struct Slot {
    above: u64,
    is_rejected: bool,
    good_for: Option<Duration>,
    /// How long a caller is kept waiting for others.
    patience: Option<Duration>,
}

impl Fleet {
    fn new() -> Self {
        let clock = ManualClock::new();
        let memory = Arc::new(Memory {
            tokens: Mutex::default(),
            notes: Mutex::default(),
            leases: Mutex::default(),
            extended: AtomicUsize::new(0),
            tells_no_time: AtomicBool::new(false),
            stays: Mutex::default(),
            fails_reads: AtomicBool::new(false),
            fails_writes: AtomicBool::new(false),
            set_back: AtomicU64::new(0),
            fails_tokens: AtomicBool::new(false),
            hangs: AtomicBool::new(false),
            clock: clock.clone(),
        });
        Self { memory, clock, requests: Arc::default() }
    }

    fn process(&self) -> Process {
        self.process_with(Credentials::new("id", "secret"))
    }

    fn process_with(&self, credentials: Credentials) -> Process {
        let config = Config::oauth("http://127.0.0.1/token").user_agent("Test/1").store("local");
        let (config, _) = ResolvedConfig::new(&config.credentials("id", "secret")).unwrap();
        let store = config.store.clone().unwrap();
        let server = Arc::new(Server {
            credentials: Mutex::new(credentials),
            accepts: Mutex::new(vec!["secret".to_owned(), "next".to_owned()]),
            script: Mutex::default(),
            requests: Arc::clone(&self.requests),
            noted: Mutex::default(),
            takes: Mutex::default(),
            clock: self.clock.clone(),
        });
        let (issuer, backend) = (Arc::clone(&server), Arc::new(Shelf(Arc::clone(&self.memory))));
        let clock = Clock::Manual(self.clock.clone());
        let events = Arc::new(Events::new(clock.clone(), config.names()));
        let told = Arc::clone(&events);
        let source = SharedSource::new(Arc::new(config), store, issuer, backend, clock, told);
        Process { source, events, server, clock: self.clock.clone() }
    }

    fn requests(&self) -> usize {
        self.requests.load(Ordering::SeqCst)
    }

    fn pass(&self, span: Duration) {
        self.clock.advance(Which::Both, i64::try_from(span.as_millis()).unwrap());
    }
}

impl Process {
    async fn fetch(&self, slot: Slot) -> Result<Fetched, Error> {
        let now = self.clock.now();
        let alone_at =
            AtomicU64::new(slot.patience.map_or(u64::MAX, |span| now.plus(span).monotonic));
        let wanted = Wanted {
            scopes: &[],
            above: slot.above,
            is_rejected: slot.is_rejected,
            good_until: slot.good_for.map(|span| now.plus(span)),
            cool_down: Duration::from_secs(10),
            alone_at: &|| alone_at.load(Ordering::SeqCst),
        };
        self.source.fetch(wanted).await
    }

    async fn grant(&self, slot: Slot) -> Grant {
        match self.fetch(slot).await.unwrap() {
            Fetched::Grant(grant) => grant,
            Fetched::Postponed(_) => panic!("it was put off"),
        }
    }

    async fn cold(&self) -> Grant {
        self.grant(Slot::default()).await
    }

    fn respond(&self, response: Result<Duration, ErrorKind>) {
        self.server.script.lock().unwrap().push_back(response);
    }
}

fn number(grant: &Grant) -> u64 {
    grant.shared.unwrap().number
}

#[tokio::test]
async fn what_one_process_gets_the_others_take_over() {
    let fleet = Fleet::new();
    let (first, second) = (fleet.process(), fleet.process());
    let asked = first.cold().await;
    fleet.pass(Duration::from_secs(100));
    let adopted = second.cold().await;
    assert_eq!(adopted.access_token, asked.access_token);
    assert_eq!((adopted.lifetime, adopted.shared.unwrap().age.as_secs()), (LIFETIME, 100));
    let point = |grant: &Grant| grant.shared.unwrap().refresh_at_age;
    assert_eq!(point(&adopted).as_millis(), point(&asked).as_millis(), "one moment for all");
    assert_eq!(fleet.requests(), 1);
    let status = second.source.status();
    assert_eq!((status.adopted, status.claimed, status.usable), (1, 0, true));
    assert_eq!(*second.server.noted.lock().unwrap(), ["token-1"], "it is kept out of errors");
}

#[tokio::test]
async fn at_the_refresh_point_one_asks_and_the_others_adopt() {
    let fleet = Fleet::new();
    let (first, second) = (fleet.process(), fleet.process());
    let held = number(&first.cold().await);
    second.cold().await;
    fleet.pass(Duration::from_secs(1_600));
    let ahead =
        || Slot { above: held, good_for: Some(Duration::from_secs(100)), ..Slot::default() };
    let renewed = first.grant(ahead()).await;
    assert_eq!((number(&renewed), fleet.requests()), (held + 1, 2));
    assert_eq!(second.grant(ahead()).await.access_token, renewed.access_token);
    assert_eq!(fleet.requests(), 2);
}

#[tokio::test]
async fn whoever_finds_the_lease_taken_waits_and_adopts() {
    let fleet = Fleet::new();
    let (holder, waiter) = (fleet.process(), fleet.process());
    // A process that has claimed and not published yet.
    let name = {
        holder.cold().await;
        let name = fleet.memory.tokens.lock().unwrap().keys().next().unwrap().clone();
        fleet.memory.tokens.lock().unwrap().clear();
        name
    };
    fleet.memory.lease(&name);
    let waiting = waiter.grant(Slot { patience: Some(LIFETIME), ..Slot::default() });
    let publishing = async {
        for _ in 0..20 {
            tokio::task::yield_now().await;
        }
        assert_eq!(fleet.requests(), 1, "nobody asks meanwhile");
        fleet.memory.leases.lock().unwrap().remove(&name);
        holder.cold().await
    };
    let (adopted, published) = tokio::join!(waiting, publishing);
    assert_eq!(adopted.access_token, published.access_token);
    assert_eq!((fleet.requests(), waiter.source.status().waited), (2, 1));
}

#[tokio::test]
async fn nobody_waits_longer_than_a_part_of_its_time_and_what_it_gets_is_published() {
    let fleet = Fleet::new();
    let (waiter, other) = (fleet.process(), fleet.process());
    waiter.cold().await;
    let name = fleet.memory.tokens.lock().unwrap().keys().next().unwrap().clone();
    fleet.memory.tokens.lock().unwrap().clear();
    fleet.memory.lease(&name);
    let began = fleet.clock.now();
    let alone =
        waiter.grant(Slot { patience: Some(Duration::from_secs(3)), ..Slot::default() }).await;
    let span = Duration::from_nanos(fleet.clock.now().monotonic - began.monotonic);
    assert!(span >= Duration::from_secs(3) && span < Duration::from_secs(4), "{span:?}");
    assert_eq!((fleet.requests(), waiter.source.status().alone), (2, 1));
    let adopted = other.cold().await;
    assert_eq!((adopted.access_token, fleet.requests()), (alone.access_token, 2));
}

#[tokio::test]
async fn a_holder_that_stands_still_is_not_waited_for_longer_than_a_request_lasts() {
    let fleet = Fleet::new();
    let process = fleet.process();
    process.cold().await;
    let name = fleet.memory.tokens.lock().unwrap().keys().next().unwrap().clone();
    fleet.memory.tokens.lock().unwrap().clear();
    fleet.memory.lease(&name);
    let began = fleet.clock.now();
    // In the background nobody's time is short.
    process.cold().await;
    let span = Duration::from_nanos(fleet.clock.now().monotonic - began.monotonic);
    assert_eq!(span.as_secs(), 11, "request_timeout and a second");
}

#[tokio::test]
async fn a_store_that_fails_costs_no_caller_anything() {
    let fleet = Fleet::new();
    let process = fleet.process();
    fleet.memory.fails_reads.store(true, Ordering::SeqCst);
    let alone = process.cold().await;
    assert_eq!((number(&alone), fleet.requests()), (1, 1));
    let status = process.source.status();
    assert_eq!((status.usable, status.failures, status.alone), (false, 1, 1));
    assert_eq!(status.last_problem.as_deref(), Some("scripted"));
    // It rests, and is not even tried.
    process.cold().await;
    assert_eq!(process.source.status().failures, 1);
    fleet.memory.fails_reads.store(false, Ordering::SeqCst);
    fleet.pass(Duration::from_secs(2));
    process.cold().await;
    assert!(process.source.status().usable);
}

#[tokio::test]
async fn trouble_with_a_store_is_told_and_so_is_its_end() {
    let fleet = Fleet::new();
    let process = fleet.process();
    let mut events = Subscription::new(&process.events, EventLevel::Debug);
    fleet.memory.fails_reads.store(true, Ordering::SeqCst);
    process.cold().await;
    let event = events.next().await.unwrap();
    let EventKind::StoreFailed { store, pause: Some(pause) } = event.kind else {
        panic!("{event}");
    };
    assert_eq!((store, event.level), ("memory", EventLevel::Warning));
    assert!((500..=1_000).contains(&pause.as_millis()), "{pause:?}");
    fleet.memory.fails_reads.store(false, Ordering::SeqCst);
    fleet.memory.fails_writes.store(true, Ordering::SeqCst);
    fleet.pass(Duration::from_secs(2));
    process.cold().await;
    let event = events.next().await.unwrap();
    assert_eq!(event.kind, EventKind::StoreRecovered { store });
    let event = events.next().await.unwrap();
    assert_eq!(event.kind, EventKind::StoreFailed { store, pause: None });
}

#[tokio::test]
async fn a_store_that_takes_no_writes_still_gives() {
    let fleet = Fleet::new();
    let (first, second) = (fleet.process(), fleet.process());
    let held = first.cold().await;
    fleet.memory.fails_writes.store(true, Ordering::SeqCst);
    assert_eq!(second.cold().await.access_token, held.access_token);
    fleet.pass(Duration::from_secs(1_700));
    let renewed = second.grant(Slot { above: number(&held), ..Slot::default() }).await;
    assert_eq!((number(&renewed), fleet.requests()), (number(&held) + 1, 2));
}

#[tokio::test]
async fn where_no_token_can_be_published_nobody_waits_for_one() {
    let fleet = Fleet::new();
    fleet.memory.fails_tokens.store(true, Ordering::SeqCst);
    fleet.process().cold().await;
    let (other, in_time) = (fleet.process(), fleet.process());
    other.cold().await;
    assert_eq!((other.source.status().claimed, other.source.status().alone), (0, 1));
    let ahead = Slot { above: 1, good_for: Some(Duration::from_secs(200)), ..Slot::default() };
    assert!(matches!(in_time.fetch(ahead).await.unwrap(), Fetched::Postponed(_)));
    assert_eq!(fleet.requests(), 2);

    fleet.memory.fails_tokens.store(false, Ordering::SeqCst);
    fleet.pass(Duration::from_secs(1));
    fleet.process().cold().await;
    let adopter = fleet.process();
    adopter.cold().await;
    assert_eq!((adopter.source.status().adopted, fleet.requests()), (1, 3));
}

#[tokio::test]
async fn a_good_token_waits_for_the_store_and_the_fleet_spreads_out() {
    let fleet = Fleet::new();
    fleet.memory.fails_reads.store(true, Ordering::SeqCst);
    let window = Duration::from_secs(200);
    let mut moments = BTreeSet::new();
    for _ in 0..50 {
        let process = fleet.process();
        let ahead = Slot { above: 1, good_for: Some(window), ..Slot::default() };
        match process.fetch(ahead).await.unwrap() {
            Fetched::Postponed(until) => {
                let wait = until.remaining(fleet.clock.now());
                assert!(wait >= window.mul_f64(0.45) && wait <= window.mul_f64(0.9), "{wait:?}");
                moments.insert(wait);
            }
            Fetched::Grant(_) => panic!("it asked at once"),
        }
    }
    assert!(moments.len() > 40 && fleet.requests() == 0);
}

#[tokio::test]
async fn nobody_in_a_hurry_waits_for_a_look_that_takes_its_time() {
    let fleet = Fleet::new();
    fleet.memory.hangs.store(true, Ordering::SeqCst);
    let window = Some(Duration::from_secs(200));
    let (process, other) = (fleet.process(), fleet.process());
    // Its token was rejected while the flight was under way.
    let hurried = Slot { above: 1, good_for: window, patience: Some(LIFETIME), ..Slot::default() };
    let ahead = Slot { above: 1, good_for: window, ..Slot::default() };
    tokio::select! {
        biased;
        fetched = process.fetch(hurried) => assert!(matches!(fetched, Ok(Fetched::Postponed(_)))),
        () = pass_slowly(&fleet, 10) => panic!("it takes its time all the same"),
    }
    tokio::select! {
        biased;
        _ = other.fetch(ahead) => panic!("it gave up, and nobody waited"),
        () = pass_slowly(&fleet, 600) => {}
    }
    assert_eq!((fleet.requests(), process.source.status().failures), (0, 1));
}

#[tokio::test]
async fn a_rejected_token_is_replaced_once_for_all_and_not_too_soon() {
    let fleet = Fleet::new();
    let (first, second) = (fleet.process(), fleet.process());
    let held = number(&first.cold().await);
    second.cold().await;
    let rejected = || Slot { above: held, is_rejected: true, ..Slot::default() };
    fleet.pass(Duration::from_secs(3));
    let error = first.fetch(rejected()).await.err().unwrap();
    assert_eq!((error.kind(), fleet.requests()), (ErrorKind::Unavailable, 1));
    assert_eq!(error.retry_after().unwrap().as_secs(), 3);
    fleet.pass(Duration::from_secs(4));
    let renewed = first.grant(rejected()).await;
    assert_eq!(second.grant(rejected()).await.access_token, renewed.access_token);
    assert_eq!((number(&renewed), fleet.requests()), (held + 1, 2));
}

#[tokio::test]
async fn a_store_that_lost_everything_heals_with_one_request() {
    let fleet = Fleet::new();
    let (ahead, behind) = (fleet.process(), fleet.process());
    fleet.memory.tokens.lock().unwrap().clear();
    let low = behind.grant(Slot { above: 2, ..Slot::default() }).await;
    assert_eq!(number(&low), 3);
    let high = ahead.grant(Slot { above: 7, ..Slot::default() }).await;
    assert_eq!((number(&high), fleet.requests()), (8, 2));
    assert_eq!(number(&behind.grant(Slot { above: 3, ..Slot::default() }).await), 8);
}

#[tokio::test]
async fn above_the_last_number_there_is_still_a_token() {
    let fleet = Fleet::new();
    let last = Slot { above: u64::MAX, ..Slot::default() };
    assert_eq!(number(&fleet.process().grant(last).await), u64::MAX);
    fleet.memory.fails_reads.store(true, Ordering::SeqCst);
    let last = Slot { above: u64::MAX, ..Slot::default() };
    assert_eq!(number(&fleet.process().grant(last).await), u64::MAX);
}

#[tokio::test]
async fn what_lies_there_and_does_not_open_is_overwritten() {
    let fleet = Fleet::new();
    let process = fleet.process();
    process.cold().await;
    for bytes in fleet.memory.tokens.lock().unwrap().values_mut() {
        *bytes = b"garbage".to_vec();
    }
    process.cold().await;
    assert_eq!((fleet.requests(), process.source.status().unreadable > 0), (2, true));
    fleet.process().cold().await;
    assert_eq!(fleet.requests(), 2);
}

#[tokio::test]
async fn a_refused_secret_is_tried_once_by_all() {
    let fleet = Fleet::new();
    let wrong = || {
        let process = fleet.process_with(Credentials::new("id", "wrong"));
        process.server.accepts.lock().unwrap().clear();
        process
    };
    assert!(wrong().fetch(Slot::default()).await.is_err());
    fleet.pass(Duration::from_secs(4));
    let other = wrong();
    let error = other.fetch(Slot::default()).await.err().unwrap();
    assert_eq!((error.kind(), error.status()), (ErrorKind::InvalidCredentials, Some(401)));
    assert_eq!((error.refused().len(), fleet.requests()), (1, 1));
    assert_eq!(error.retry_after().unwrap().as_secs(), 6, "it stands for as long as there");
    fleet.process().cold().await;
    assert_eq!(fleet.requests(), 2, "another secret does not see it");
    fleet.pass(Duration::from_secs(11));
    assert!(wrong().fetch(Slot::default()).await.is_err());
    assert_eq!(fleet.requests(), 3);
}

#[tokio::test]
async fn a_transient_failure_is_each_processs_own() {
    let fleet = Fleet::new();
    let process = fleet.process();
    for kind in [ErrorKind::Throttled, ErrorKind::Unavailable, ErrorKind::Network] {
        process.respond(Err(kind));
        assert_eq!(process.fetch(Slot::default()).await.err().unwrap().kind(), kind);
        assert!(fleet.memory.leases.lock().unwrap().is_empty(), "the lease is given back");
    }
    fleet.process().cold().await;
    assert_eq!(fleet.requests(), 4);
}

#[tokio::test]
async fn a_token_near_its_end_is_better_than_none() {
    let fleet = Fleet::new();
    let (first, second) = (fleet.process(), fleet.process());
    let held = first.cold().await;
    fleet.pass(Duration::from_secs(1_790));
    second.respond(Err(ErrorKind::Unavailable));
    let grant = second.cold().await;
    assert_eq!((grant.access_token, fleet.requests()), (held.access_token, 2));
}

#[tokio::test]
async fn a_store_whose_clock_is_set_back_makes_no_token_live_longer() {
    let fleet = Fleet::new();
    fleet.process().cold().await;
    fleet.pass(Duration::from_secs(1_700));
    fleet.memory.set_back.store(1_700_000, Ordering::SeqCst);
    let adopted = fleet.process().cold().await;
    assert_eq!(fleet.requests(), 1);
    let left = adopted.lifetime.saturating_sub(adopted.shared.unwrap().age);
    assert_eq!(left.as_secs(), 100 + 180, "what is left, and as far as wall clocks may differ");
}

#[tokio::test]
async fn an_expired_token_is_none() {
    let fleet = Fleet::new();
    fleet.process().cold().await;
    fleet.pass(LIFETIME);
    let process = fleet.process();
    process.respond(Err(ErrorKind::Unavailable));
    assert!(process.fetch(Slot::default()).await.is_err());
}

#[tokio::test]
async fn during_a_rotation_each_secret_has_a_place_and_holders_of_both_read_both() {
    let fleet = Fleet::new();
    let both = || fleet.process_with(Credentials::new("id", "secret").next_secret("next"));
    let old = fleet.process().cold().await;
    assert_eq!(both().cold().await.access_token, old.access_token);
    // What the old secret sealed, only it opens.
    let new = fleet.process_with(Credentials::new("id", "next")).cold().await;
    assert_ne!(new.access_token, old.access_token);
    fleet.pass(Duration::from_secs(1_700));
    let process = both();
    *process.server.accepts.lock().unwrap() = vec!["next".to_owned()];
    let renewed = process.grant(Slot { above: number(&new), ..Slot::default() }).await;
    let adopted = fleet.process_with(Credentials::new("id", "next"));
    assert_eq!(
        adopted.grant(Slot { above: number(&new), ..Slot::default() }).await.access_token,
        renewed.access_token
    );
    let requests = fleet.requests();
    fleet.process().grant(Slot { above: number(&old), ..Slot::default() }).await;
    assert_eq!(fleet.requests(), requests + 1, "not published under the secret that was not used");
}

#[tokio::test]
async fn tokens_without_life_are_each_processs_own() {
    let fleet = Fleet::new();
    let (first, second) = (fleet.process(), fleet.process());
    first.respond(Ok(Duration::ZERO));
    assert!(first.cold().await.lifetime.is_zero());
    assert!(fleet.memory.tokens.lock().unwrap().is_empty());
    second.cold().await;
    assert_eq!((fleet.requests(), second.source.status().alone), (2, 1));
}

#[tokio::test]
async fn wall_clocks_that_disagree_too_much_are_a_miss() {
    let fleet = Fleet::new();
    let (first, second) = (fleet.process(), fleet.process());
    first.cold().await;
    // The wall clock is set ahead, and the monotonic one knows nothing of it.
    fleet.clock.advance(Which::Wall, 1_800_000 + 200_000);
    second.cold().await;
    assert_eq!((fleet.requests(), second.source.status().clock_disagreements > 0), (2, true));
}

/// Lets time pass in steps of a tenth of a second, with what happens in each.
async fn pass_slowly(fleet: &Fleet, tenths: u32) {
    for _ in 0..tenths {
        fleet.pass(Duration::from_millis(100));
        for _ in 0..20 {
            tokio::task::yield_now().await;
        }
    }
}

#[tokio::test]
async fn a_lease_is_kept_while_the_server_takes_its_time() {
    let fleet = Fleet::new();
    let (holder, other) = (fleet.process(), fleet.process());
    *holder.server.takes.lock().unwrap() = Duration::from_secs(8);
    let asking = holder.cold();
    let passing = async {
        pass_slowly(&fleet, 70).await;
        let names = fleet.memory.leases.lock().unwrap().keys().cloned().collect::<Vec<_>>();
        let taken = Names { token: names[0].clone(), note: String::new() };
        assert!(matches!(fleet.memory.claim(&[taken]).await.unwrap(), Claim::Taken));
        pass_slowly(&fleet, 30).await;
    };
    let (asked, ()) = tokio::join!(asking, passing);
    assert!(fleet.memory.extended.load(Ordering::SeqCst) >= 6);
    assert!(fleet.memory.leases.lock().unwrap().is_empty(), "and given back");
    assert_eq!((other.cold().await.access_token, fleet.requests()), (asked.access_token, 1));
}

#[tokio::test]
async fn a_lease_is_not_kept_for_longer_than_a_request_may_last() {
    let fleet = Fleet::new();
    let process = fleet.process();
    *process.server.takes.lock().unwrap() = Duration::from_secs(20);
    let passing = pass_slowly(&fleet, 210);
    let (_, ()) = tokio::join!(process.cold(), passing);
    let extended = fleet.memory.extended.load(Ordering::SeqCst);
    assert!((9..=11).contains(&extended), "request_timeout and a second: {extended}");
    assert!(!fleet.memory.leases.lock().unwrap().is_empty(), "it is not his to give back");
}

#[tokio::test]
async fn who_lost_the_lease_takes_what_was_issued_later_and_else_counts_on_from_there() {
    for is_revoking in [true, false] {
        let fleet = Fleet::new();
        let (holder, other) = (fleet.process(), fleet.process());
        *holder.server.takes.lock().unwrap() = Duration::from_secs(6);
        let asking = holder.cold();
        let losing = async {
            pass_slowly(&fleet, 5).await;
            // As after a flush: whoever comes finds it free.
            fleet.memory.leases.lock().unwrap().clear();
            if is_revoking {
                let published = other.cold().await;
                pass_slowly(&fleet, 70).await;
                return Some(published);
            }
            pass_slowly(&fleet, 70).await;
            None
        };
        let (asked, published) = tokio::join!(asking, losing);
        match published {
            Some(newer) => assert_eq!(asked.access_token, newer.access_token),
            None => assert_eq!(number(&asked), 1),
        }
        assert_eq!(other.cold().await.access_token, asked.access_token);
    }
}

#[tokio::test]
async fn while_the_store_takes_no_lease_a_good_token_waits_and_others_ask() {
    let fleet = Fleet::new();
    let process = fleet.process();
    let held = number(&process.cold().await);
    fleet.memory.fails_writes.store(true, Ordering::SeqCst);
    fleet.pass(Duration::from_secs(1_500));
    let good_for = Some(Duration::from_secs(200));
    let put_off = process.fetch(Slot { above: held, good_for, ..Slot::default() }).await.unwrap();
    assert!(matches!(put_off, Fetched::Postponed(_)) && fleet.requests() == 1);
    process.grant(Slot { above: held, ..Slot::default() }).await;
    assert_eq!((fleet.requests(), process.source.status().usable), (2, true), "it is still read");
}

#[tokio::test]
async fn where_the_store_tells_no_time_it_tells_what_is_left() {
    let fleet = Fleet::new();
    fleet.process().cold().await;
    fleet.memory.tells_no_time.store(true, Ordering::SeqCst);
    fleet.pass(Duration::from_secs(600));
    *fleet.memory.stays.lock().unwrap() = Some(Duration::from_secs(1_100));
    let adopted = fleet.process().cold().await;
    assert_eq!((adopted.shared.unwrap().age.as_secs(), fleet.requests()), (700, 1));
    *fleet.memory.stays.lock().unwrap() = Some(LIFETIME + Duration::from_secs(1));
    fleet.process().cold().await;
    assert_eq!(fleet.requests(), 2, "nothing has more life than it was given");
}
