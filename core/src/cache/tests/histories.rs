//! Seeded random histories of thirty virtual days each, through the engine as it ships: faults,
//! lifetimes of every kind, clock steps, rejections, impatient and cancelled callers, slow and
//! out-of-order responses. The invariants are checked at every step against a record that this file
//! keeps by itself. `SEEKAUTH_HISTORIES` sets how many; `SEEKAUTH_SEED` replays one.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use fastrand::Rng;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::cache::key::Key;
use crate::cache::refresher::Refresher;
use crate::cache::rejection::Rejection;
use crate::cache::slot::Slot;
use crate::config::Config;
use crate::config::ResolvedConfig;
use crate::error::{Error, ErrorKind};
use crate::events::Events;
use crate::sys::clock::Clock;
use crate::sys::clock::Moment;
use crate::sys::clock::manual::{ManualClock, Which};
use crate::sys::random::seeded;
use crate::sys::secret::Secret;
use crate::token::Token;
use crate::token_endpoint::source::{Fetch, Fetched, Grant, TokenSource, Wanted};

const DAYS: u64 = 30;

/// A request that the engine has made and the history has yet to respond to.
struct Request {
    sent: Moment,
    response: oneshot::Sender<Result<Grant, Error>>,
}

/// Hands every request to the history and waits for its response.
#[derive(Default)]
struct Desk {
    clock: Option<ManualClock>,
    open: Mutex<Vec<Request>>,
}

impl TokenSource for Desk {
    fn fetch<'a>(&'a self, _wanted: Wanted<'a>) -> Fetch<'a> {
        Box::pin(async move {
            let (response, received) = oneshot::channel();
            let sent = self.clock.as_ref().unwrap().now();
            self.open.lock().unwrap().push(Request { sent, response });
            received.await.unwrap().map(Fetched::from)
        })
    }
}

/// A call on its way, with what was true when it was made.
struct Call {
    deadline: u64,
    task: JoinHandle<Result<Arc<Token>, Error>>,
}

struct History {
    rng: Rng,
    refresher: Arc<Refresher>,
    slot: Arc<Slot>,
    clock: ManualClock,
    desk: Arc<Desk>,
    calls: Vec<Call>,
    /// When each issued token truly expires, by both clocks.
    expiries: HashMap<String, Moment>,
    issued: u64,
    /// The token that was last put into the cache, and whether it was rejected since.
    current: Option<String>,
    usable_until: Option<Moment>,
    /// From here on, if nothing has failed since it was issued, a call starts its renewal.
    renewed_from: Option<Moment>,
    /// The API rejected the current token, and no renewal has ended since but for a permanent reason.
    is_set_aside: bool,
    /// Until when the engine promised to leave the server alone, by the monotonic clock.
    quiet_until: u64,
    is_down: bool,
}

impl History {
    fn new(seed: u64) -> Self {
        seeded::seed(seed);
        let config = Config::oauth("http://127.0.0.1/token")
            .credentials("id", "secret")
            .user_agent("Test/1");
        let (config, scopes) = ResolvedConfig::new(&config).unwrap();
        let config = Arc::new(config);
        let clock = ManualClock::unskipping();
        let desk = Arc::new(Desk { clock: Some(clock.clone()), open: Mutex::default() });
        let source = Arc::clone(&desk) as Arc<dyn TokenSource>;
        let time = Clock::Manual(clock.clone());
        let events = Arc::new(Events::new(time.clone(), config.names()));
        let refresher = Arc::new(Refresher::new(Arc::clone(&config), time.clone(), source, events));
        let slot = refresher.slots.slot(&Key::new(&config, scopes));
        Self {
            rng: Rng::with_seed(seed),
            refresher,
            slot,
            clock,
            desk,
            calls: Vec::new(),
            expiries: HashMap::new(),
            issued: 0,
            current: None,
            usable_until: None,
            renewed_from: None,
            is_set_aside: false,
            quiet_until: 0,
            is_down: false,
        }
    }

    async fn run(mut self) {
        let end = self.clock.now().monotonic + DAYS * 86_400 * 1_000_000_000;
        while self.clock.now().monotonic < end {
            match self.rng.u32(0..100) {
                0..35 => self.call().await,
                35..60 => self.respond(),
                60..64 => self.reject(),
                64..67 => self.give_up().await,
                67..69 => self.step_wall_clock(),
                69..71 => self.is_down = !self.is_down,
                _ => self.pass(),
            }
            self.settle().await;
            self.check_requests();
            self.collect().await;
        }
        self.recover().await;
    }

    /// Somebody wants a token. While the cached one is usable, nobody waits.
    async fn call(&mut self) {
        let now = self.clock.now();
        let timeout = Duration::from_millis(self.rng.u64(1..120_000));
        let must_not_wait = self.usable_until.is_some_and(|until| !until.reached(now));
        let refresher = Arc::clone(&self.refresher);
        let slot = Arc::clone(&self.slot);
        let task = tokio::spawn(async move { refresher.get(&slot, timeout).await });
        self.calls.push(Call { deadline: now.plus(timeout).monotonic, task });
        self.settle().await;
        if must_not_wait {
            let served = self.calls.last().is_some_and(|call| call.task.is_finished());
            assert!(served, "a caller waits although the token is usable");
            if self.renewed_from.is_some_and(|from| from.reached(now)) {
                let renewing = !self.desk.open.lock().unwrap().is_empty();
                assert!(renewing, "nobody renews the token ahead of its margin");
            }
        }
    }

    /// The server responds to its open request: well, badly, or (in an outage) badly for sure.
    fn respond(&mut self) {
        let Some(request) = self.desk.open.lock().unwrap().pop() else { return };
        let now = self.clock.now();
        if self.is_down || self.rng.u32(0..10) < 3 {
            let error = self.failure();
            self.renewed_from = None;
            let rest = match error.kind() {
                ErrorKind::InvalidCredentials | ErrorKind::NotGranted => 10_000,
                _ => {
                    self.is_set_aside = false;
                    500
                }
            };
            let retry_after = error.retry_after().unwrap_or_default().min(Duration::from_secs(300));
            let rest = Duration::from_millis(rest).max(retry_after);
            self.quiet_until = now.plus(rest).monotonic;
            let _ = request.response.send(Err(error));
            return;
        }
        self.issued += 1;
        let value = format!("token-{}", self.issued);
        self.is_set_aside = false;
        let seconds = self.lifetime();
        let lifetime = Duration::from_secs(seconds);
        let expiry = request.sent.plus(lifetime);
        self.expiries.insert(value.clone(), expiry);
        if seconds > 0 && !expiry.reached(now) {
            self.current = Some(value.clone());
            let margin = Duration::from_secs(60).min(lifetime / 10);
            let usable = lifetime.saturating_sub(margin);
            self.usable_until = Some(request.sent.plus(usable));
            // A tenth of the window before the margin is never drawn.
            let last_tenth = Duration::from_secs(900).min(lifetime / 5) / 10;
            self.renewed_from = Some(request.sent.plus(usable.saturating_sub(last_tenth)));
        } else {
            self.quiet_until = now.plus(Duration::from_millis(500)).monotonic;
            self.renewed_from = None;
        }
        let grant = Grant::new(Secret::new(value), lifetime, Vec::new());
        let _ = request.response.send(Ok(grant));
    }

    fn failure(&mut self) -> Error {
        let error = |kind| Error::new(kind, "scripted");
        match self.rng.u32(0..6) {
            0 => error(ErrorKind::Unavailable),
            1 => error(ErrorKind::Network),
            2 => error(ErrorKind::Protocol),
            3 => error(ErrorKind::InvalidCredentials),
            4 => error(ErrorKind::NotGranted),
            _ => {
                let retry_after = [1, 5, 30, 120, 3_600, 86_400][self.rng.usize(0..6)];
                error(ErrorKind::Throttled).with_retry_after(Some(Duration::from_secs(retry_after)))
            }
        }
    }

    fn lifetime(&mut self) -> u64 {
        [0, 1, 2, 30, 60, 225, 300, 1_800, 3_600, 7_199, 86_400, u64::MAX][self.rng.usize(0..12)]
    }

    /// The API rejects the current token, an old one, or one that never was.
    fn reject(&mut self) {
        let number = self.rng.u64(0..=self.issued);
        let value = match (&self.current, self.rng.bool()) {
            (Some(current), true) => current.clone(),
            _ => format!("token-{number}"),
        };
        let is_current = self.current.as_deref() == Some(&value);
        let now = self.clock.now();
        let acted = matches!(self.slot.reject(&value, now, now), Rejection::SetAside);
        assert!(!acted || is_current, "a token that is not current was invalidated");
        if acted {
            self.is_set_aside = true;
            self.usable_until = None;
            self.renewed_from = None;
        }
    }

    async fn give_up(&mut self) {
        if !self.calls.is_empty() {
            let index = self.rng.usize(0..self.calls.len());
            let call = self.calls.swap_remove(index);
            call.task.abort();
            let _ = call.task.await;
        }
    }

    fn step_wall_clock(&mut self) {
        let hours = self.rng.i64(-6..=6);
        self.step_wall(hours * 3_600_000);
    }

    /// Time goes by: often a little, sometimes hours.
    fn pass(&mut self) {
        let longest = [1_000, 10_000, 60_000, 600_000, 7_200_000, 40_000_000][self.rng.usize(0..6)];
        let milliseconds = self.rng.i64(1..=longest);
        // The machine is suspended now and then: the monotonic clock stands still meanwhile.
        if self.rng.u32(0..20) == 0 {
            self.step_wall(milliseconds);
        } else {
            self.clock.advance(Which::Both, milliseconds);
        }
    }

    fn step_wall(&mut self, milliseconds: i64) {
        self.clock.advance(Which::Wall, milliseconds);
        if milliseconds > 0 {
            // A pause ends when either clock says so.
            self.quiet_until = 0;
        }
    }

    /// At most one request at a time, and none before the promised quiet is over.
    fn check_requests(&mut self) {
        let open = self.desk.open.lock().unwrap();
        assert!(open.len() <= 1, "{} requests at once", open.len());
        if let Some(request) = open.first() {
            let sent = request.sent.monotonic;
            assert!(sent >= self.quiet_until, "{} ns too early", self.quiet_until - sent);
        }
    }

    /// Looks at every call that has ended.
    async fn collect(&mut self) {
        let now = self.clock.now();
        let mut index = 0;
        while index < self.calls.len() {
            if !self.calls[index].task.is_finished() {
                assert!(self.calls[index].deadline > now.monotonic, "a call outlives its deadline");
                index += 1;
                continue;
            }
            match self.calls.swap_remove(index).task.await.unwrap() {
                Ok(token) => self.check_token(&token, now),
                Err(error) => {
                    let live = self.slot.live(now).is_some();
                    let is_permanent = matches!(
                        error.kind(),
                        ErrorKind::InvalidCredentials | ErrorKind::NotGranted
                    );
                    assert!(
                        !live || (self.is_set_aside && is_permanent),
                        "{:?} although a token is alive",
                        error.kind()
                    );
                }
            }
        }
    }

    fn check_token(&self, token: &Token, now: Moment) {
        let expiry = self.expiries[token.value()];
        let had_no_life = token.windows().expires_at == token.windows().usable_until
            && token.windows().refresh_at == token.windows().expires_at;
        let expired = now.monotonic >= expiry.monotonic || now.wall >= expiry.wall;
        assert!(!expired || had_no_life, "{} was served after its expiry", token.value());
    }

    /// Once the server is well again, a token arrives within the longest pause.
    async fn recover(&mut self) {
        let refresher = Arc::clone(&self.refresher);
        let slot = Arc::clone(&self.slot);
        let timeout = Duration::from_secs(1_200);
        let mut task = tokio::spawn(async move { refresher.get(&slot, timeout).await });
        for _ in 0..1_200 {
            self.settle().await;
            if task.is_finished() {
                match (&mut task).await.unwrap() {
                    Ok(_) => return,
                    // A remembered failure is told at once; the next call comes a second later.
                    Err(error) => assert_eq!(error.retry_after().is_some(), error.retryable()),
                }
                let refresher = Arc::clone(&self.refresher);
                let slot = Arc::clone(&self.slot);
                task = tokio::spawn(async move { refresher.get(&slot, timeout).await });
            }
            let open = self.desk.open.lock().unwrap().pop();
            if let Some(request) = open {
                let lifetime = Duration::from_secs(1_800);
                let access_token = Secret::new("token-after-recovery");
                let _ = request.response.send(Ok(Grant::new(access_token, lifetime, Vec::new())));
            }
            self.clock.advance(Which::Both, 1_000);
        }
        panic!("the client never recovered");
    }

    async fn settle(&self) {
        for _ in 0..8 {
            tokio::task::yield_now().await;
        }
    }
}

fn run(seed: u64) {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(History::new(seed).run());
}

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok().and_then(|text| text.parse().ok())
}

#[test]
fn every_history_keeps_the_promises() {
    if let Some(seed) = number("SEEKAUTH_SEED") {
        return run(seed);
    }
    let histories = number("SEEKAUTH_HISTORIES").unwrap_or(2_000);
    let threads = 2;
    let first = fastrand::u64(..1 << 48);
    std::thread::scope(|scope| {
        for thread in 0..threads {
            scope.spawn(move || {
                for seed in (first..first + histories).filter(|seed| seed % threads == thread) {
                    let outcome = std::panic::catch_unwind(|| run(seed));
                    assert!(outcome.is_ok(), "replay this history with SEEKAUTH_SEED={seed}");
                }
            });
        }
    });
    println!("{histories} histories, {} virtual days, first seed {first}", histories * DAYS);
}
