//! A clock that is set by hand: that of a fake client, and of this library's own tests.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::sync::watch;

use super::Moment;

/// Which of the two clocks to move.
#[cfg_attr(
    not(any(test, feature = "manual-clock")),
    expect(unreachable_pub, reason = "bindings move the clock of all clients by it")
)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    /// Time passes.
    Both,
    /// The wall clock lags behind: it was stepped back by as much.
    Monotonic,
    /// The wall clock is stepped, or the machine was suspended.
    Wall,
}

/// Where its monotonic clock begins, in nanoseconds.
const START: u64 = 1_000_000_000;

#[derive(Debug, Clone)]
pub(crate) struct ManualClock(Arc<Hands>);

#[derive(Debug)]
struct Hands {
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
        let wall = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self(Arc::new(Hands {
            monotonic: AtomicU64::new(START),
            wall: AtomicU64::new(u64::try_from(wall.as_nanos()).unwrap_or(u64::MAX)),
            moves: watch::Sender::new(0),
            skips,
        }))
    }

    /// Milliseconds since it was made.
    #[cfg(any(test, feature = "manual-clock"))]
    pub(crate) fn elapsed_ms(&self) -> u64 {
        (self.now().monotonic - START) / 1_000_000
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
