//! The engine against a scripted source and a manual clock: counts, who waits, who is told what.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::Semaphore;

use crate::cache::key::Key;
use crate::cache::refresher::Refresher;
use crate::cache::rejection::Rejection;
use crate::cache::slot::Slot;
use crate::cache::stats::TokenState;
use crate::config::Config;
use crate::config::ResolvedConfig;
use crate::error::{Error, ErrorKind};
use crate::events::{EventKind, EventLevel, Events, Reason, Subscription};
use crate::sys::clock::Clock;
use crate::sys::clock::manual::{ManualClock, Which};
use crate::sys::secret::Secret;
use crate::token::Token;
use crate::token_endpoint::source::{CredentialsChanged, Fetch, Grant, TokenSource, Wanted};

const PATIENT: Duration = Duration::from_secs(30);

/// Responds to each request with the next of its script, or with the last lifetime given, once a
/// permit is there.
struct Script {
    responses: Mutex<VecDeque<Result<u64, Error>>>,
    lifetime: u64,
    requests: AtomicUsize,
    permits: Semaphore,
    has_other_credentials: AtomicBool,
}

impl TokenSource for Script {
    fn credentials_changed<'a>(&'a self, _failure: &'a Error) -> CredentialsChanged<'a> {
        Box::pin(async { self.has_other_credentials.load(Ordering::SeqCst) })
    }

    fn fetch<'a>(&'a self, wanted: Wanted<'a>) -> Fetch<'a> {
        Box::pin(async move {
            let number = self.requests.fetch_add(1, Ordering::SeqCst) + 1;
            self.permits.acquire().await.unwrap().forget();
            let response = self.responses.lock().unwrap().pop_front().unwrap_or(Ok(self.lifetime));
            response.map(|lifetime| {
                let value = Secret::new(format!("token-{number}"));
                Grant::new(value, Duration::from_secs(lifetime), wanted.scopes.to_vec()).into()
            })
        })
    }
}

struct Harness {
    refresher: Arc<Refresher>,
    slot: Arc<Slot>,
    script: Arc<Script>,
    clock: ManualClock,
}

impl Harness {
    fn new(lifetime: u64) -> Self {
        Self::with(lifetime, |config| config)
    }

    fn with(lifetime: u64, configure: impl FnOnce(Config) -> Config) -> Self {
        let config = Config::oauth("http://127.0.0.1/token")
            .credentials("id", "secret")
            .user_agent("Test/1");
        let (config, scopes) = ResolvedConfig::new(&configure(config)).unwrap();
        let config = Arc::new(config);
        let clock = ManualClock::new();
        let script = Arc::new(Script {
            responses: Mutex::default(),
            lifetime,
            requests: AtomicUsize::new(0),
            permits: Semaphore::new(1_000_000),
            has_other_credentials: AtomicBool::new(false),
        });
        let source = Arc::clone(&script) as Arc<dyn TokenSource>;
        let time = Clock::Manual(clock.clone());
        let events = Arc::new(Events::new(time.clone(), config.names()));
        let refresher = Arc::new(Refresher::new(Arc::clone(&config), time.clone(), source, events));
        let slot = refresher.slots.slot(&Key::new(&config, scopes));
        Self { refresher, slot, script, clock }
    }

    async fn get(&self) -> Result<Arc<Token>, Error> {
        self.refresher.get(&self.slot, PATIENT).await
    }

    async fn value(&self) -> String {
        self.get().await.unwrap().value().to_owned()
    }

    fn respond(&self, response: Result<u64, Error>) {
        self.script.responses.lock().unwrap().push_back(response);
    }

    fn requests(&self) -> usize {
        self.script.requests.load(Ordering::SeqCst)
    }

    /// Holds requests back until [`release`](Self::release).
    fn hold(&self) {
        self.script.permits.forget_permits(usize::MAX);
    }

    fn release(&self) {
        self.script.permits.add_permits(1_000_000);
    }

    fn pass(&self, seconds: i64) {
        self.clock.advance(Which::Both, seconds * 1_000);
    }

    /// Rejects a token with a request that was sent now; whether it is renewed.
    fn reject(&self, value: &str) -> bool {
        let now = self.refresher.clock.now();
        matches!(self.slot.reject(value, now, now), Rejection::SetAside)
    }

    /// Lets tasks run until a condition of theirs holds.
    async fn until(&self, condition: impl Fn(&Self) -> bool) {
        while !condition(self) {
            tokio::task::yield_now().await;
        }
    }
}

/// Lets every task of this single-threaded runtime run until it waits for something.
async fn settle() {
    for _ in 0..20 {
        tokio::task::yield_now().await;
    }
}

fn unavailable() -> Error {
    Error::new(ErrorKind::Unavailable, "scripted")
}

fn throttled(seconds: u64) -> Error {
    Error::new(ErrorKind::Throttled, "scripted")
        .with_retry_after(Some(Duration::from_secs(seconds)))
}

fn refused() -> Error {
    Error::new(ErrorKind::InvalidCredentials, "scripted")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_callers_at_once_make_one_request() {
    let harness = Arc::new(Harness::new(1_800));
    let calls: Vec<_> = (0..10_000)
        .map(|_| {
            let harness = Arc::clone(&harness);
            tokio::spawn(async move { harness.value().await })
        })
        .collect();
    for call in calls {
        assert_eq!(call.await.unwrap(), "token-1");
    }
    assert_eq!(harness.requests(), 1);
}

#[tokio::test]
async fn short_tokens_are_cached_too() {
    for lifetime in [30, 60, 225, 300, 1_800, 7_199, 86_400] {
        let harness = Harness::new(lifetime);
        for _ in 0..100 {
            harness.value().await;
        }
        assert_eq!(harness.requests(), 1, "lifetime {lifetime}");
    }
}

#[tokio::test]
async fn nobody_waits_while_the_token_is_usable() {
    let harness = Harness::new(1_800);
    harness.value().await;
    harness.pass(1_739);
    harness.hold();
    for _ in 0..50 {
        assert_eq!(harness.value().await, "token-1");
    }
    harness.until(|harness| harness.requests() == 2).await;
    harness.release();
    harness
        .until(|harness| {
            harness.slot.fresh(&harness.refresher.clock).is_some_and(|t| t.value() == "token-2")
        })
        .await;
    assert_eq!(harness.requests(), 2);
}

#[tokio::test]
async fn readers_look_again_while_a_renewal_is_under_way() {
    let harness = Harness::new(1_800);
    harness.value().await;
    harness.pass(1_700);
    harness.hold();
    for _ in 0..3 {
        // A forked child has no renewal under way, and must notice before the margin.
        harness.value().await;
        assert!(harness.slot.fresh(&harness.refresher.clock).is_some());
        harness.pass(6);
        assert!(harness.slot.fresh(&harness.refresher.clock).is_none());
    }
    harness.until(|harness| harness.requests() == 2).await;
}

#[tokio::test]
async fn an_outage_is_not_seen_while_the_token_lives() {
    let harness = Harness::new(1_800);
    harness.value().await;
    for _ in 0..1_000 {
        harness.respond(Err(unavailable()));
    }
    for second in 1..1_800 {
        harness.pass(1);
        assert_eq!(harness.value().await, "token-1", "at {second} s");
        tokio::task::yield_now().await;
    }
    harness.pass(1);
    let error = harness.get().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert!(error.retry_after().is_some());
    let requests = harness.requests();
    assert!((8..=60).contains(&requests), "{requests} requests during the outage");
}

#[tokio::test]
async fn a_server_that_hangs_does_not_use_up_a_live_token() {
    let harness = Arc::new(Harness::new(30));
    harness.value().await;
    harness.hold();
    harness.pass(28);
    let caller = Arc::clone(&harness);
    let call = tokio::spawn(async move { caller.value().await });
    settle().await;
    assert!(!call.is_finished(), "in the margin a caller waits for the renewal");
    harness.pass(1);
    assert_eq!(call.await.unwrap(), "token-1", "but not until the token is dead");
}

#[tokio::test]
async fn a_permanent_failure_does_not_take_a_live_token_away() {
    let harness = Harness::new(1_800);
    harness.value().await;
    harness.respond(Err(refused()));
    harness.pass(1_790);
    assert_eq!(harness.value().await, "token-1");
    assert_eq!(harness.requests(), 2);
}

#[tokio::test]
async fn a_caller_that_gives_up_cancels_nobody() {
    let harness = Arc::new(Harness::new(1_800));
    harness.hold();
    let start = |timeout| {
        let harness = Arc::clone(&harness);
        tokio::spawn(async move { harness.refresher.get(&harness.slot, timeout).await })
    };
    let leader = start(PATIENT);
    harness.until(|harness| harness.requests() == 1).await;
    let hasty = start(Duration::from_millis(1));
    let patient = start(PATIENT);
    settle().await;
    harness.clock.advance(Which::Both, 1);
    assert_eq!(hasty.await.unwrap().unwrap_err().kind(), ErrorKind::Timeout);
    leader.abort();
    assert!(leader.await.unwrap_err().is_cancelled());
    harness.release();
    assert_eq!(patient.await.unwrap().unwrap().value(), "token-1");
    assert_eq!(harness.requests(), 1);
}

#[tokio::test]
async fn all_callers_share_a_failure() {
    let harness = Arc::new(Harness::new(1_800));
    harness.respond(Err(refused()));
    let calls: Vec<_> = (0..100)
        .map(|_| {
            let harness = Arc::clone(&harness);
            tokio::spawn(async move { harness.get().await.unwrap_err().kind() })
        })
        .collect();
    for call in calls {
        assert_eq!(call.await.unwrap(), ErrorKind::InvalidCredentials);
    }
    assert_eq!(harness.requests(), 1);
}

#[tokio::test]
async fn a_permanent_failure_is_forgotten_when_the_credentials_change() {
    let harness = Harness::new(1_800);
    harness.respond(Err(Error::new(ErrorKind::InvalidCredentials, "refused")));
    assert!(harness.get().await.is_err());
    assert!(harness.get().await.is_err());
    assert_eq!(harness.requests(), 1);
    harness.script.has_other_credentials.store(true, Ordering::SeqCst);
    assert_eq!(harness.value().await, "token-2");
    // However often it is told so, one call tries once.
    harness.pass(2);
    assert!(harness.reject("token-2"));
    harness.respond(Err(Error::new(ErrorKind::InvalidCredentials, "refused")));
    assert!(harness.get().await.is_err());
    harness.respond(Err(Error::new(ErrorKind::InvalidCredentials, "refused")));
    assert!(harness.get().await.is_err());
    assert_eq!(harness.requests(), 4);
}

#[tokio::test]
async fn a_permanent_failure_is_remembered_briefly() {
    let harness = Harness::new(1_800);
    harness.respond(Err(refused()));
    for _ in 0..1_000 {
        let error = harness.get().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidCredentials);
        assert!(error.target().is_some_and(|target| target.contains("client_id=id")));
    }
    assert_eq!(harness.requests(), 1);
    harness.pass(10);
    assert_eq!(harness.value().await, "token-2");
}

#[tokio::test]
async fn transient_failures_are_retried_within_the_callers_time() {
    let harness = Harness::new(1_800);
    harness.respond(Err(unavailable()));
    harness.respond(Err(throttled(5)));
    let start = harness.clock.now();
    assert_eq!(harness.value().await, "token-3");
    let waited = harness.clock.now().monotonic - start.monotonic;
    assert!((5_500_000_000..=6_100_000_000).contains(&waited), "{waited}");
}

#[tokio::test]
async fn a_wait_beyond_the_deadline_fails_at_once() {
    let harness = Harness::new(1_800);
    harness.respond(Err(throttled(40)));
    let start = harness.clock.now();
    let error = harness.get().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Throttled);
    assert_eq!(error.retry_after(), Some(Duration::from_secs(40)));
    assert_eq!(harness.clock.now(), start);
    harness.pass(1);
    let again = harness.get().await.unwrap_err();
    assert_eq!(again.retry_after(), Some(Duration::from_secs(39)));
    assert_eq!(harness.requests(), 1);
    // A caller with enough time waits for the server's own moment and is served.
    let token = harness.refresher.get(&harness.slot, Duration::from_secs(60)).await.unwrap();
    assert_eq!(token.value(), "token-2");
}

#[tokio::test]
async fn a_wish_for_a_whole_day_does_not_freeze_the_client() {
    let harness = Harness::new(1_800);
    harness.respond(Err(throttled(86_400)));
    let error = harness.get().await.unwrap_err();
    assert_eq!(error.retry_after(), Some(Duration::from_secs(86_400)));
    harness.pass(300);
    assert_eq!(harness.value().await, "token-2");
}

#[tokio::test]
async fn a_hundred_rejections_of_one_token_cause_one_renewal() {
    let harness = Harness::new(1_800);
    let rejected = harness.value().await;
    harness.pass(2);
    let acted = (0..100).filter(|_| harness.reject(&rejected)).count();
    assert_eq!(acted, 1);
    assert_eq!(harness.value().await, "token-2");
    assert!(!harness.reject(&rejected), "a late rejection of an old token changes nothing");
    assert!(!harness.reject("Bearer unknown"));
    assert_eq!(harness.value().await, "token-2");
    assert_eq!(harness.requests(), 2);
}

#[tokio::test]
async fn an_api_that_rejects_every_token_causes_no_storm() {
    let harness = Harness::new(1_800);
    for _ in 0..60 {
        for _ in 0..10 {
            let token = harness.get().await.unwrap();
            let _ = harness.reject(token.authorization());
        }
        harness.pass(1);
    }
    assert!(harness.requests() <= 11, "{} requests in a minute", harness.requests());
}

#[tokio::test]
async fn the_earlier_expiry_of_two_clocks_wins() {
    let harness = Harness::new(1_800);
    let events = &harness.refresher.observer.events;
    let mut subscription = Subscription::new(events, EventLevel::Info);
    harness.value().await;
    assert_eq!(subscription.next().await.unwrap().name(), "token_obtained");
    harness.clock.advance(Which::Wall, 3_600_000);
    assert_eq!(harness.value().await, "token-2", "suspended, or stepped forward");
    harness.clock.advance(Which::Wall, -7_200_000);
    for _ in 0..100 {
        assert_eq!(harness.value().await, "token-2");
    }
    harness.clock.advance(Which::Monotonic, 1_800_000);
    assert_eq!(harness.value().await, "token-3", "the age counts whatever the wall clock says");
    assert_eq!(harness.requests(), 3);
    let jump = |seconds, is_backward| EventKind::ClockJumped {
        step: Duration::from_secs(seconds),
        is_backward,
    };
    assert_eq!(subscription.next().await.unwrap().kind, jump(3_600, false));
    // The clock was set back, and then the monotonic one went on without it.
    assert_eq!(subscription.next().await.unwrap().kind, jump(9_000, true));
}

#[tokio::test]
async fn a_token_without_life_serves_its_waiters_and_is_damped() {
    let harness = Harness::new(0);
    let start = harness.clock.now();
    for call in 1..=10 {
        assert_eq!(harness.value().await, format!("token-{call}"));
        assert!(harness.slot.fresh(&harness.refresher.clock).is_none());
    }
    let waited = harness.clock.now().monotonic - start.monotonic;
    assert!((4_500_000_000..=9_100_000_000).contains(&waited), "{waited}");
}

#[tokio::test]
async fn a_flight_whose_runtime_is_gone_is_started_again() {
    let harness = Arc::new(Harness::new(1_800));
    harness.hold();
    let other = tokio::runtime::Builder::new_multi_thread().worker_threads(1).build().unwrap();
    let elsewhere = Arc::clone(&harness);
    other.spawn(async move { elsewhere.get().await });
    harness.until(|harness| harness.requests() == 1).await;
    other.shutdown_background();
    harness.release();
    assert!(["token-1", "token-2"].contains(&harness.value().await.as_str()));
}

#[tokio::test]
async fn an_idle_client_fetches_nothing() {
    let harness = Harness::new(60);
    harness.value().await;
    harness.pass(86_400);
    settle().await;
    assert_eq!(harness.requests(), 1);
}

#[tokio::test]
async fn a_client_that_stays_warm_renews_without_being_asked() {
    let harness = Harness::with(60, |config| config.stay_warm(true));
    harness.value().await;
    for renewal in 2..=5 {
        // The timer starts once the flight has ended; until then time stands still for it.
        while harness.requests() < renewal {
            harness.pass(1);
            settle().await;
        }
        assert!(harness.slot.live(harness.refresher.clock.now()).is_some(), "renewal {renewal}");
    }
}

#[tokio::test]
async fn a_rejected_token_is_served_again_when_it_cannot_be_renewed() {
    let harness = Harness::new(3_600);
    let token = harness.value().await;
    harness.pass(2);
    assert!(harness.reject(&token));
    assert!(harness.slot.cached(harness.refresher.clock.now()).is_none());
    for _ in 0..100 {
        harness.respond(Err(unavailable()));
    }
    for _ in 0..1_000 {
        assert_eq!(harness.value().await, token, "an outage, and 3,598 seconds of life left");
        harness.pass(1);
    }
    assert!(harness.slot.cached(harness.refresher.clock.now()).is_some());
}

#[tokio::test]
async fn a_rejected_token_is_not_served_when_the_server_refuses_another() {
    let harness = Harness::new(3_600);
    let token = harness.value().await;
    harness.pass(2);
    harness.respond(Err(refused()));
    assert!(harness.reject(&token));
    assert_eq!(harness.get().await.unwrap_err().kind(), ErrorKind::InvalidCredentials);
}

#[tokio::test]
async fn a_server_that_hangs_keeps_a_rejected_token_from_nobody() {
    let harness = Arc::new(Harness::new(3_600));
    let token = harness.value().await;
    harness.pass(2);
    harness.hold();
    assert!(harness.reject(&token));
    let caller = Arc::clone(&harness);
    let call = tokio::spawn(async move { caller.value().await });
    settle().await;
    assert!(!call.is_finished(), "a caller waits for the renewal");
    harness.pass(16);
    assert_eq!(call.await.unwrap(), token, "but not for more than half of its time");
}

#[tokio::test]
async fn the_request_that_was_rejected_gets_another_token_or_the_failure() {
    let harness = Harness::new(3_600);
    let token = harness.get().await.unwrap();
    harness.pass(2);
    assert!(harness.reject(token.value()));
    harness.respond(Err(unavailable()));
    let again = |harness: &Harness| {
        let (refresher, slot) = (Arc::clone(&harness.refresher), Arc::clone(&harness.slot));
        let generation = token.generation();
        async move { refresher.get_other_than(generation, &slot, PATIENT).await }
    };
    assert_eq!(again(&harness).await.unwrap_err().kind(), ErrorKind::Unavailable);
    assert_eq!(harness.value().await, "token-1", "others are served");
    harness.pass(2);
    let other = again(&harness).await;
    assert!(other.is_err() || other.unwrap().value() == "token-3");
}

#[tokio::test]
async fn a_token_that_a_later_request_passed_with_is_not_renewed() {
    let harness = Harness::new(3_600);
    let token = harness.get().await.unwrap();
    harness.pass(2);
    let now = harness.refresher.clock.now();
    harness.pass(1);
    token.record_accepted(harness.refresher.clock.now());
    let rejection = harness.slot.reject(token.value(), now, harness.refresher.clock.now());
    assert!(matches!(rejection, Rejection::Disproved));
    assert_eq!(harness.value().await, "token-1");
    harness.pass(1);
    assert!(harness.reject(token.value()), "one sent later counts");
}

#[tokio::test]
async fn a_rejection_of_a_young_token_proves_nothing() {
    let harness = Harness::new(1_800);
    let now = || harness.refresher.clock.now();
    let first = harness.get().await.unwrap();
    match harness.slot.reject(first.value(), now(), now()) {
        Rejection::Resend(token, at) => {
            assert_eq!(token.value(), "token-1");
            assert_eq!(at - now().monotonic, 2_000_000_000);
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(harness.value().await, "token-1");
    harness.pass(1_730);
    harness.value().await;
    harness.until(|harness| harness.requests() == 2).await;
    settle().await;
    let second = harness.get().await.unwrap();
    assert_eq!(second.value(), "token-2");
    match harness.slot.reject(second.value(), now(), now()) {
        Rejection::Resend(token, at) => {
            assert_eq!((token.value(), at), ("token-1", now().monotonic));
        }
        other => panic!("{other:?}"),
    }
    // The time counts at which the request was sent, however late its response.
    let early = now();
    harness.pass(5);
    let rejection = harness.slot.reject(second.value(), early, now());
    assert!(matches!(rejection, Rejection::Resend(..)));
    assert!(harness.reject(second.value()));
}

/// Takes all events that have come so far and are to come for sure, by their names.
async fn names_until(subscription: &mut Subscription, last: &str) -> Vec<&'static str> {
    let mut names = Vec::new();
    while names.last() != Some(&last) {
        names.push(subscription.next().await.unwrap().name());
    }
    names
}

#[tokio::test]
async fn an_outage_is_told_while_nobody_notices_it_and_counted() {
    let harness = Harness::new(60);
    let events = &harness.refresher.observer.events;
    let mut subscription = Subscription::new(events, EventLevel::Debug);
    harness.value().await;
    assert_eq!(
        names_until(&mut subscription, "token_obtained").await,
        ["token_request", "token_obtained"]
    );
    harness.respond(Err(unavailable().with_response(503, None)));
    harness.pass(53);
    harness.value().await;
    let event = subscription.next().await.unwrap();
    assert_eq!((event.name(), event.level), ("token_request", EventLevel::Warning));
    let EventKind::TokenRequest { reason, failure, status, life_left, retry_in, .. } = event.kind
    else {
        panic!("{event:?}")
    };
    assert_eq!((reason, failure, status), (Reason::Ahead, Some(ErrorKind::Unavailable), Some(503)));
    assert_eq!((life_left.unwrap().as_secs(), retry_in.is_some()), (7, true));

    // Callers wait now, and get the old token.
    harness.respond(Err(unavailable()));
    harness.pass(4);
    harness.value().await;
    assert_eq!(
        names_until(&mut subscription, "serving_stale").await,
        ["token_request", "serving_stale"]
    );

    // And now there is nothing left.
    for _ in 0..3 {
        harness.respond(Err(refused()));
    }
    harness.pass(60);
    assert!(harness.get().await.is_err());
    assert_eq!(subscription.next().await.unwrap().level, EventLevel::Error);
    assert_eq!(names_until(&mut subscription, "refused").await, ["refused"]);

    let stats = harness.refresher.stats();
    assert_eq!((stats.requests_succeeded, stats.stale_served, stats.waiting), (1, 1, 0));
    let failed = [(ErrorKind::InvalidCredentials, 1), (ErrorKind::Unavailable, 2)];
    assert_eq!(stats.requests_failed, failed);
    assert_eq!((stats.waits, stats.waiting_max), (3, 1));
    let token = &stats.tokens[0];
    assert_eq!((token.state, token.remaining), (TokenState::Expired, Some(Duration::ZERO)));
    assert_eq!(token.last_failure, Some(ErrorKind::InvalidCredentials));
}

#[tokio::test]
async fn an_end_is_told_once() {
    let harness = Harness::new(60);
    let mut subscription = Subscription::new(&harness.refresher.observer.events, EventLevel::Debug);
    for _ in 0..3 {
        harness.refresher.close();
    }
    assert_eq!(subscription.next().await.unwrap().name(), "closed");
    drop(harness);
    assert_eq!(subscription.next().await, None);
}

#[tokio::test]
async fn a_failure_that_no_caller_outlasts_is_told_as_theirs() {
    let harness = Harness::new(60);
    let events = &harness.refresher.observer.events;
    let mut subscription = Subscription::new(events, EventLevel::Debug);
    harness.respond(Err(unavailable()));
    assert!(harness.refresher.get(&harness.slot, Duration::from_millis(1)).await.is_err());
    let event = subscription.next().await.unwrap();
    assert_eq!((event.name(), event.level), ("token_request", EventLevel::Error));
    assert_eq!(harness.requests(), 1);
}
