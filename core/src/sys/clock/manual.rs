//! A clock that tests set by hand. Only builds with the feature `manual-clock` contain it, and no
//! released artefact has that feature.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::sync::watch;

use super::Moment;

/// Which of the two clocks to move.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    /// Time passes.
    Both,
    /// The wall clock lags behind: it was stepped back by as much.
    Monotonic,
    /// The wall clock is stepped, or the machine was suspended.
    Wall,
}

static STARTED: AtomicBool = AtomicBool::new(false);
static PROCESS: OnceLock<ManualClock> = OnceLock::new();

/// Clients made from now on read the process-wide manual clock, which stands still until moved.
pub fn start() {
    process();
    STARTED.store(true, Ordering::Release);
}

/// Clients made from now on read the system's clocks again.
pub fn stop() {
    STARTED.store(false, Ordering::Release);
}

/// Moves the process-wide manual clock by so many milliseconds; a negative step is for the wall
/// clock only, since the monotonic one never goes back.
pub fn advance(which: Which, milliseconds: i64) {
    process().advance(which, milliseconds);
}

/// Milliseconds on the process-wide manual clock since it was made.
#[must_use]
pub fn elapsed_ms() -> u64 {
    let clock = process();
    (clock.now().monotonic - clock.0.start) / 1_000_000
}

/// The process-wide manual clock once a test has started it.
pub(super) fn started() -> Option<ManualClock> {
    STARTED.load(Ordering::Acquire).then(|| process().clone())
}

fn process() -> &'static ManualClock {
    PROCESS.get_or_init(ManualClock::new)
}

#[derive(Debug, Clone)]
pub(crate) struct ManualClock(Arc<Hands>);

#[derive(Debug)]
struct Hands {
    start: u64,
    monotonic: AtomicU64,
    wall: AtomicU64,
    moves: watch::Sender<u64>,
    skips: bool,
}

impl ManualClock {
    /// A clock that skips back-offs: it moves itself forward instead of waiting for somebody to.
    pub(crate) fn new() -> Self {
        Self::with(true)
    }

    /// A clock that only moves by hand.
    #[cfg(test)]
    pub(crate) fn unskipping() -> Self {
        Self::with(false)
    }

    fn with(skips: bool) -> Self {
        let start = 1_000_000_000;
        let wall = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self(Arc::new(Hands {
            start,
            monotonic: AtomicU64::new(start),
            wall: AtomicU64::new(u64::try_from(wall.as_nanos()).unwrap_or(u64::MAX)),
            moves: watch::Sender::new(0),
            skips,
        }))
    }

    pub(crate) fn now(&self) -> Moment {
        Moment {
            monotonic: self.0.monotonic.load(Ordering::SeqCst),
            wall: self.0.wall.load(Ordering::SeqCst),
        }
    }

    pub(crate) fn advance(&self, which: Which, milliseconds: i64) {
        let step = milliseconds.saturating_mul(1_000_000);
        if which != Which::Wall {
            self.0.monotonic.fetch_add(step.max(0).unsigned_abs(), Ordering::SeqCst);
        }
        if which != Which::Monotonic {
            let wall = self.0.wall.load(Ordering::SeqCst);
            self.0.wall.store(wall.saturating_add_signed(step), Ordering::SeqCst);
        }
        self.0.moves.send_modify(|count| *count += 1);
    }

    pub(crate) async fn back_off(&self, span: Duration) {
        if !self.0.skips {
            return self.sleep(span).await;
        }
        // Waiters must see that a back-off began before time jumps over it.
        tokio::task::yield_now().await;
        let milliseconds = span.as_nanos().div_ceil(1_000_000);
        self.advance(Which::Both, i64::try_from(milliseconds).unwrap_or(i64::MAX));
    }

    pub(crate) async fn sleep(&self, span: Duration) {
        let end = self.now().plus(span).monotonic;
        self.moved_until(|now| now.monotonic >= end).await;
    }

    pub(crate) async fn until(&self, deadline: Moment) {
        self.moved_until(|now| deadline.reached(now)).await;
    }

    async fn moved_until(&self, reached: impl Fn(Moment) -> bool) {
        let mut moves = self.0.moves.subscribe();
        while !reached(self.now()) {
            // The sender lives as long as this clock, so the wait cannot fail.
            let _ = moves.changed().await;
        }
    }
}
