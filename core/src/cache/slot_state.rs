//! What the lock of a slot guards: the flight under way, how the last one failed, when the next is due.

use std::sync::{Arc, PoisonError};
use std::time::Duration;

use crate::cache::policy::{self, RenewalLimiter};
use crate::cache::sync::{Mutex, MutexGuard, watch};
use crate::error::Error;
use crate::sys::clock::Moment;
use crate::sys::random;
use crate::token::Token;

/// How far a flight has come, as its waiters see it.
#[derive(Debug, Clone)]
pub(crate) enum Progress {
    Fetching,
    /// The last attempt failed; the next one is made at `until`.
    Pausing {
        until: Moment,
        error: Error,
    },
    Done(Result<Arc<Token>, Error>),
}

#[derive(Debug)]
pub(super) struct State {
    pub(super) flight: Option<watch::Receiver<Progress>>,
    /// The latest deadline of any caller of this flight.
    pub(super) latest_deadline: Moment,
    /// From when on a caller of this flight must not wait for another process any more, by the
    /// monotonic clock.
    pub(super) alone_at: u64,
    /// Whether the renewal of the current token was put off once, for want of the store.
    pub(super) was_postponed: bool,
    pub(super) refresh_at: Moment,
    pub(super) failures: u32,
    pub(super) failure: Option<Failure>,
    pub(super) limiter: RenewalLimiter,
    /// The token before this one, unless it was rejected.
    pub(super) predecessor: Option<Arc<Token>>,
}

/// The last failure, and how long it stands for further callers.
#[derive(Debug, Clone)]
pub(super) struct Failure {
    pub(super) error: Error,
    pub(super) until: Moment,
    /// When the server wants to be asked again, which may be later than we wait.
    again_at: Moment,
}

impl Failure {
    pub(super) fn report(&self, now: Moment) -> Error {
        if self.error.retryable() {
            self.error.clone().with_retry_after(Some(self.again_at.remaining(now)))
        } else {
            self.error.clone()
        }
    }
}

impl State {
    /// The state of a process that has not used this slot before. A token that is there already
    /// was inherited by a fork.
    pub(super) fn new(inherited: Option<&Token>, now: Moment) -> Self {
        Self {
            flight: None,
            latest_deadline: Moment::PAST,
            alone_at: u64::MAX,
            was_postponed: false,
            refresh_at: inherited.map_or(Moment::PAST, |token| match token.number() {
                0 => token.windows().with_new_jitter(now, random::fraction()),
                // All processes renew it at the same moment, and one of them asks.
                _ => token.windows().refresh_at,
            }),
            failures: 0,
            failure: None,
            limiter: RenewalLimiter::new(),
            predecessor: None,
        }
    }

    /// The flight under way. One whose task is gone, with the runtime that ran it, does not count.
    pub(super) fn in_flight(&self) -> Option<watch::Receiver<Progress>> {
        self.flight.clone().filter(|flight| flight.has_changed().is_ok())
    }

    pub(super) fn begin_flight(
        &mut self,
        latest_deadline: Moment,
    ) -> (watch::Sender<Progress>, watch::Receiver<Progress>) {
        let (progress, flight) = watch::channel(Progress::Fetching);
        self.flight = Some(flight.clone());
        self.latest_deadline = latest_deadline;
        self.alone_at = u64::MAX;
        (progress, flight)
    }

    pub(super) fn fail(&mut self, error: &Error, life: Option<Duration>, now: Moment) -> Failure {
        self.failures = self.failures.saturating_add(1);
        let until = now.plus(policy::pause(error, self.failures, life, random::fraction()));
        let retry_at = now.plus(error.retry_after().unwrap_or_default());
        let again_at = if retry_at.monotonic > until.monotonic { retry_at } else { until };
        let failure = Failure { error: error.clone(), until, again_at };
        self.failure = Some(failure.clone());
        failure
    }
}

/// Nothing under this lock can panic halfway through a change, so a poisoned lock is still good.
pub(super) fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}
