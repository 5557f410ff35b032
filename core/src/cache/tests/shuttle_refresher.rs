//! The engine as it ships, in thousands of interleavings of its callers and its flights.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use shuttle::future::block_on;
use shuttle::rand::{Rng, thread_rng};
use shuttle::thread::{self, JoinHandle};

use crate::cache::key::Key;
use crate::cache::refresher::Refresher;
use crate::cache::rejection::Rejection;
use crate::cache::slot::Slot;
use crate::cache::sync::switch_point;
use crate::cache::tests::shuttle_explore::explore;
use crate::config::Config;
use crate::config::ResolvedConfig;
use crate::error::{Error, ErrorKind};
use crate::events::Events;
use crate::sys::clock::Clock;
use crate::sys::clock::manual::{ManualClock, Which};
use crate::sys::secret::Secret;
use crate::token::Token;
use crate::token_endpoint::source::Fetch;
use crate::token_endpoint::source::Grant;
use crate::token_endpoint::source::{TokenSource, Wanted};

const TIMEOUT: Duration = Duration::from_secs(30);
const LIFETIME: u64 = 1_800;

/// A server that notices when it is asked twice at once.
#[derive(Default)]
struct Server {
    responses: Mutex<VecDeque<Result<u64, ErrorKind>>>,
    is_busy: AtomicBool,
    requests: AtomicUsize,
    /// Responses after which a rejected token is served again.
    failures: AtomicUsize,
}

impl TokenSource for Server {
    fn fetch<'a>(&'a self, _wanted: Wanted<'a>) -> Fetch<'a> {
        Box::pin(async move {
            assert!(!self.is_busy.swap(true, Ordering::SeqCst), "two requests at once");
            shuttle::future::yield_now().await;
            self.is_busy.store(false, Ordering::SeqCst);
            let number = self.requests.fetch_add(1, Ordering::SeqCst) + 1;
            let response = self.responses.lock().unwrap().pop_front().unwrap_or(Ok(LIFETIME));
            if matches!(response, Ok(0) | Err(ErrorKind::Unavailable)) {
                self.failures.fetch_add(1, Ordering::SeqCst);
            }
            match response {
                Ok(lifetime) => {
                    let value = Secret::new(format!("token-{number}"));
                    Ok(Grant::new(value, Duration::from_secs(lifetime), Vec::new()).into())
                }
                Err(kind) => Err(Error::new(kind, "scripted")),
            }
        })
    }
}

struct Harness {
    refresher: Arc<Refresher>,
    slot: Arc<Slot>,
    server: Arc<Server>,
    clock: ManualClock,
    /// Tokens that were rejected, with the number of transient failures until then: nobody may get
    /// them while there are no more.
    rejected: Mutex<HashMap<u64, usize>>,
}

impl Harness {
    fn new() -> Arc<Self> {
        let config = Config::oauth("http://127.0.0.1/token")
            .credentials("id", "secret")
            .user_agent("Test/1");
        let (config, scopes) = ResolvedConfig::new(&config).unwrap();
        let config = Arc::new(config);
        let clock = ManualClock::new();
        let server = Arc::new(Server::default());
        let source = Arc::clone(&server) as Arc<dyn TokenSource>;
        let time = Clock::Manual(clock.clone());
        let events = Arc::new(Events::new(time.clone(), config.names()));
        let refresher = Arc::new(Refresher::new(Arc::clone(&config), time.clone(), source, events));
        let slot = refresher.slots.slot(&Key::new(&config, scopes));
        Arc::new(Self { refresher, slot, server, clock, rejected: Mutex::default() })
    }

    fn respond(&self, responses: impl IntoIterator<Item = Result<u64, ErrorKind>>) {
        self.server.responses.lock().unwrap().extend(responses);
    }

    fn get(&self, timeout: Duration) -> Result<Arc<Token>, Error> {
        let rejected = self.rejected.lock().unwrap().clone();
        let began = self.clock.now();
        let result = block_on(self.refresher.get(&self.slot, timeout));
        // Whoever has waited for half of the time gets what there is.
        let has_waited = began.plus(timeout / 2).reached(self.clock.now());
        if let Ok(token) = &result
            && let Some(failures) = rejected.get(&token.generation())
        {
            let has_failed = *failures < self.server.failures.load(Ordering::SeqCst);
            assert!(has_failed || has_waited, "{} was rejected", token.value());
        }
        result
    }

    fn reject(&self, token: &Token) {
        let now = self.refresher.clock.now();
        let failures = self.server.failures.load(Ordering::SeqCst);
        if matches!(self.slot.reject(token.value(), now, now), Rejection::SetAside) {
            self.rejected.lock().unwrap().insert(token.generation(), failures);
        }
    }

    fn pass(&self, milliseconds: i64) {
        switch_point();
        self.clock.advance(Which::Both, milliseconds);
    }
}

fn on_thread(
    harness: &Arc<Harness>,
    work: impl FnOnce(&Harness) + Send + 'static,
) -> JoinHandle<()> {
    let harness = Arc::clone(harness);
    thread::spawn(move || work(&harness))
}

fn join(threads: impl IntoIterator<Item = JoinHandle<()>>) {
    for thread in threads {
        thread.join().unwrap();
    }
}

#[test]
fn one_flight_at_a_time_and_whoever_waits_is_told() {
    explore(|| {
        let harness = &Harness::new();
        let responses = [
            Err(ErrorKind::Unavailable),
            Err(ErrorKind::InvalidCredentials),
            Ok(0),
            Ok(10),
            Ok(LIFETIME),
        ];
        harness.respond([(); 4].map(|()| responses[thread_rng().gen_range(0..responses.len())]));
        let callers = [(); 3].map(|()| {
            on_thread(harness, |harness| {
                for _ in 0..2 {
                    if let Ok(token) = harness.get(TIMEOUT) {
                        harness.reject(&token);
                    }
                }
            })
        });
        let time = on_thread(harness, |harness| (0..3).for_each(|_| harness.pass(9_000)));
        join(callers);
        join([time]);
    });
}

#[test]
fn whoever_joins_a_flight_that_is_being_abandoned_gets_a_token() {
    explore(|| {
        let harness = &Harness::new();
        harness.respond([Err(ErrorKind::Unavailable)]);
        // The first caller starts a flight and gives up.
        block_on(async {
            tokio::select! {
                biased;
                _ = harness.refresher.get(&harness.slot, TIMEOUT) => {}
                () = shuttle::future::yield_now() => {}
            }
        });
        let patient = [(); 2].map(|()| {
            on_thread(harness, |harness| {
                harness.get(TIMEOUT).unwrap();
            })
        });
        join(patient);
    });
}

#[test]
fn closing_ends_a_flight_and_whoever_waits_is_told() {
    explore(|| {
        let harness = &Harness::new();
        let callers = [(); 3].map(|()| {
            on_thread(harness, |harness| {
                if let Err(error) = harness.get(TIMEOUT) {
                    assert_eq!(error.kind(), ErrorKind::Cancelled);
                }
            })
        });
        let closer = on_thread(harness, |harness| {
            switch_point();
            harness.refresher.closed.set();
            switch_point();
            harness.refresher.slots.clear(harness.clock.now());
        });
        join(callers);
        join([closer]);
    });
}
