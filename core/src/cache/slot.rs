//! One token and what is known about it: whether it is fresh, whether a request for the next one
//! is under way, how the last one failed. All decisions are taken here, under one short lock that
//! is never held over I/O; readers of a fresh token take no lock at all.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use crate::cache::key::Key;
use crate::cache::policy::{self, Phase};
use crate::cache::slot_state::{Progress, State, lock};
use crate::cache::stats::{TokenState, TokenStats};
use crate::cache::sync::{ArcSwapOption, AtomicU64, Mutex, watch};
use crate::error::Error;
use crate::events::Reason;
use crate::sys::clock::{COARSE_TICK, Clock, Moment};
use crate::sys::per_process::{Owned, PerProcess};
use crate::sys::random;
use crate::token::Token;
use crate::token_endpoint::source::Wanted;

/// What a caller is to do next.
#[derive(Debug)]
#[must_use]
pub(crate) struct Step {
    /// The flight that the caller must start, as a task of the core's own. Dropping it loses the flight.
    pub(crate) start_flight: Option<watch::Sender<Progress>>,
    pub(crate) action: Action,
}

#[derive(Debug)]
pub(crate) enum Action {
    Serve(Arc<Token>),
    Wait(watch::Receiver<Progress>),
    Fail(Error),
}

#[derive(Debug)]
pub(crate) struct Slot {
    key: Key,
    target: Arc<str>,
    /// Readers may skip the lock until this moment on either clock; 0 when there is no token. Written
    /// under the lock, always after `generation`.
    recheck_at_monotonic: AtomicU64,
    recheck_at_wall: AtomicU64,
    generation: AtomicU64,
    token: ArcSwapOption<Token>,
    /// The generation of the token if it was rejected and its renewal has not ended; else 0.
    pub(super) set_aside: AtomicU64,
    pub(super) state: PerProcess<Mutex<State>>,
    last_used: AtomicU64,
    is_lock_free: bool,
}

impl Slot {
    /// One that is not `is_lock_free` hands out nothing without the lock.
    pub(crate) fn new(key: Key, is_lock_free: bool) -> Self {
        Self {
            is_lock_free,
            target: key.describe(),
            key,
            recheck_at_monotonic: AtomicU64::new(0),
            recheck_at_wall: AtomicU64::new(0),
            generation: AtomicU64::new(0),
            token: ArcSwapOption::empty(),
            set_aside: AtomicU64::new(0),
            state: PerProcess::new(),
            last_used: AtomicU64::new(0),
        }
    }

    pub(crate) fn scopes(&self) -> &Arc<[String]> {
        self.key.scopes()
    }

    /// Why a token is to be asked for now.
    pub(crate) fn reason(&self, now: Moment) -> Reason {
        let owned = self.state(now);
        let state = lock(&owned);
        match (self.live(now), self.token.load().is_some()) {
            (None, false) => Reason::First,
            (None, true) => Reason::Expired,
            (Some(token), _) if self.is_set_aside(&token) => Reason::Rejected,
            (Some(token), _) => match self.phase(&state, &token, now) {
                Phase::Fresh | Phase::Ahead => Reason::Ahead,
                Phase::Margin | Phase::Expired => Reason::Margin,
            },
        }
    }

    /// How its token stands.
    pub(crate) fn stats(&self, now: Moment) -> TokenStats {
        let owned = self.state(now);
        let state = lock(&owned);
        let token = self.token.load_full();
        let standing = token.as_deref().map(|token| self.phase(&state, token, now));
        let age = |token: &Arc<Token>| {
            Duration::from_nanos(now.monotonic.saturating_sub(token.issued_at()))
        };
        TokenStats {
            scopes: Arc::clone(self.scopes()),
            state: match (&token, standing) {
                (Some(token), _) if self.is_set_aside(token) => TokenState::Rejected,
                (_, Some(Phase::Fresh)) => TokenState::Fresh,
                (_, Some(Phase::Ahead)) => TokenState::Ahead,
                (_, Some(Phase::Margin)) => TokenState::Margin,
                (_, Some(Phase::Expired)) => TokenState::Expired,
                (_, None) => TokenState::None,
            },
            remaining: token.as_ref().map(|token| token.windows().expires_at.remaining(now)),
            obtained_at: token.as_ref().and_then(|token| now.system_time().checked_sub(age(token))),
            is_requesting: state.in_flight().is_some(),
            last_failure: state.failure.as_ref().map(|failure| failure.error.kind()),
        }
    }

    /// When a failed request is repeated, if one has failed.
    pub(crate) fn retry_in(&self, now: Moment) -> Option<Duration> {
        let owned = self.state.current()?;
        let state = lock(&owned);
        state.failure.as_ref().map(|failure| failure.until.remaining(now))
    }

    /// The public parts of the key.
    pub(crate) fn target(&self) -> &Arc<str> {
        &self.target
    }

    pub(crate) fn last_used(&self) -> &AtomicU64 {
        &self.last_used
    }

    /// The generation of a token that can be given out without the lock, or 0.
    #[inline]
    pub(crate) fn fresh_generation(&self, clock: &Clock) -> u64 {
        let generation = self.generation.load(Ordering::Acquire);
        if self.is_fresh(generation, clock) { generation } else { 0 }
    }

    /// Lends a token that can be given out without the lock.
    #[inline]
    pub(crate) fn with_fresh<R>(&self, clock: &Clock, read: impl FnOnce(&Token) -> R) -> Option<R> {
        let token = self.token.load();
        let token = token.as_deref()?;
        self.is_fresh(token.generation(), clock).then(|| read(token))
    }

    /// The token while it needs nothing; under the lock for a slot that hands out nothing without.
    #[inline]
    pub(crate) fn fresh(&self, clock: &Clock) -> Option<Arc<Token>> {
        let generation = self.fresh_generation(clock);
        let token = self.token.load_full().filter(|token| token.generation() == generation);
        token.or_else(|| if self.is_lock_free { None } else { self.fresh_by_state(clock.now()) })
    }

    fn fresh_by_state(&self, now: Moment) -> Option<Arc<Token>> {
        let owned = self.state(now);
        let state = lock(&owned);
        self.live(now).filter(|token| self.phase(&state, token, now) == Phase::Fresh)
    }

    /// Whether the token of this generation, which the caller saw, can be given out without the lock.
    #[inline]
    fn is_fresh(&self, generation: u64, clock: &Clock) -> bool {
        let now = clock.coarse();
        now.monotonic < self.recheck_at_monotonic.load(Ordering::Acquire)
            && now.wall < self.recheck_at_wall.load(Ordering::Acquire)
            // Only if it still is the latest, the deadlines were its own.
            && self.generation.load(Ordering::Acquire) == generation
    }

    /// The token as long as it has not expired, renewed or not.
    pub(crate) fn live(&self, now: Moment) -> Option<Arc<Token>> {
        self.token.load_full().filter(|token| !token.windows().expires_at.reached(now))
    }

    /// The token as long as it has neither expired nor been set aside.
    pub(crate) fn cached(&self, now: Moment) -> Option<Arc<Token>> {
        self.live(now).filter(|token| !self.is_set_aside(token))
    }

    /// The token for a caller whose renewal failed with `error`. One that was rejected is served
    /// after a transient failure only.
    pub(crate) fn fallback(&self, error: &Error, now: Moment) -> Option<Arc<Token>> {
        if policy::is_refusal(error) { self.cached(now) } else { self.live(now) }
    }

    /// How long a caller waits for a flight at most: a server that hangs must not use up what is
    /// left of a token that is still good, nor all the time of a caller who can be served otherwise.
    pub(crate) fn longest_wait(&self, now: Moment, deadline: Moment) -> Duration {
        let left = deadline.monotonic_remaining(now);
        match self.live(now) {
            Some(token) => {
                let life = token.windows().expires_at.remaining(now) / 2;
                if self.is_set_aside(&token) { life.min(left / 2) } else { life.min(left) }
            }
            None => left,
        }
    }

    pub(super) fn is_set_aside(&self, token: &Token) -> bool {
        self.set_aside.load(Ordering::Acquire) == token.generation()
    }

    /// Forgets all tokens, for a client that is closed.
    pub(crate) fn clear(&self, now: Moment) {
        let owned = self.state(now);
        lock(&owned).predecessor = None;
        self.set_recheck(Moment::PAST);
        self.token.store(None);
    }

    /// Decides what a caller who can wait until `deadline` is to do.
    pub(crate) fn decide(&self, now: Moment, deadline: Moment) -> Step {
        let owned = self.state(now);
        let mut state = lock(&owned);
        let token = self.live(now);
        let pausing = state.failure.clone().filter(|failure| !failure.until.reached(now));
        if pausing.as_ref().is_some_and(|failure| !policy::is_refusal(&failure.error)) {
            // A step of the wall clock can bring a pause back that was over when the API rejected.
            self.reinstate(&mut state, now);
        }
        let phase = token.as_ref().map_or(Phase::Expired, |token| self.phase(&state, token, now));
        let (start_flight, action) = match (phase, token, pausing) {
            (Phase::Fresh, Some(token), _) => (None, Action::Serve(token)),
            (Phase::Ahead, Some(token), None) if state.in_flight().is_none() => {
                let (progress, _) = state.begin_flight(now);
                (Some(progress), Action::Serve(token))
            }
            (Phase::Ahead, Some(token), _) | (Phase::Margin, Some(token), Some(_)) => {
                (None, Action::Serve(token))
            }
            (_, _, Some(failure)) if policy::is_final(&failure.error) => {
                (None, Action::Fail(failure.report(now)))
            }
            (_, _, Some(failure)) if failure.until.monotonic > deadline.monotonic => {
                (None, Action::Fail(failure.report(now)))
            }
            _ => {
                let (start_flight, flight) = if let Some(flight) = state.in_flight() {
                    (None, flight)
                } else {
                    let (progress, flight) = state.begin_flight(deadline);
                    (Some(progress), flight)
                };
                if deadline.monotonic > state.latest_deadline.monotonic {
                    state.latest_deadline = deadline;
                }
                let time = deadline.monotonic_remaining(now);
                let alone_after = policy::alone_after(time, random::fraction());
                state.alone_at = state.alone_at.min(now.plus(alone_after).monotonic);
                (start_flight, Action::Wait(flight))
            }
        };
        self.update_recheck(&state, now);
        Step { start_flight, action }
    }

    /// How long the flight must wait before its next attempt, or the failure to end with when no
    /// caller would wait that long.
    pub(crate) fn pause_before_attempt(
        &self,
        now: Moment,
    ) -> Result<Option<(Moment, Error)>, Error> {
        let owned = self.state(now);
        let mut state = lock(&owned);
        match state.failure.clone() {
            Some(failure) if !failure.until.reached(now) => {
                if failure.until.monotonic <= state.latest_deadline.monotonic {
                    Ok(Some((failure.until, failure.report(now))))
                } else {
                    state.flight = None;
                    self.update_recheck(&state, now);
                    Err(failure.report(now))
                }
            }
            _ => Ok(None),
        }
    }

    /// Ends a flight without waiters, so that no token is asked for that no call needs.
    pub(crate) fn abandon(&self, progress: &watch::Sender<Progress>, now: Moment) -> bool {
        let owned = self.state(now);
        let mut state = lock(&owned);
        // One receiver is the slot's own.
        let abandoned = progress.receiver_count() <= 1;
        if abandoned {
            state.flight = None;
            self.update_recheck(&state, now);
        }
        abandoned
    }

    /// What the flight asks for.
    pub(crate) fn wanted<'a>(
        &'a self,
        alone_at: &'a (dyn Fn() -> u64 + Send + Sync),
        now: Moment,
    ) -> Wanted<'a> {
        let owned = self.state(now);
        let state = lock(&owned);
        let token = self.token.load_full();
        let live = token.as_deref().filter(|token| !token.windows().expires_at.reached(now));
        let is_good = |token: &&Token| {
            !state.was_postponed
                && matches!(self.phase(&state, token, now), Phase::Fresh | Phase::Ahead)
        };
        Wanted {
            scopes: self.key.scopes(),
            above: token.as_ref().map_or(0, |token| token.number()),
            is_rejected: live.is_some_and(|token| self.is_set_aside(token)),
            good_until: live.filter(is_good).map(|token| token.windows().usable_until),
            cool_down: policy::cool_down(state.failures.saturating_add(1)),
            alone_at,
        }
    }

    /// From when on no caller of the flight may be kept waiting for another process.
    pub(crate) fn alone_at(&self, now: Moment) -> u64 {
        let owned = self.state(now);
        lock(&owned).alone_at
    }

    /// Ends the flight without a result, to be begun again at `until`. Waiters start over.
    pub(crate) fn postpone(&self, until: Moment, now: Moment) {
        let owned = self.state(now);
        let mut state = lock(&owned);
        state.flight = None;
        state.refresh_at = until;
        state.was_postponed = true;
        self.update_recheck(&state, now);
    }

    /// Stores a new token and ends the flight.
    pub(crate) fn store(&self, token: Arc<Token>, now: Moment) {
        let owned = self.state(now);
        let mut state = lock(&owned);
        state.refresh_at = token.windows().refresh_at;
        state.was_postponed = false;
        state.failures = 0;
        state.failure = None;
        state.flight = None;
        state.predecessor = self.cached(now);
        // Readers that still hold the old deadlines must not see the new generation with them.
        self.set_recheck(Moment::PAST);
        self.generation.store(token.generation(), Ordering::Release);
        self.token.store(Some(token));
        self.update_recheck(&state, now);
    }

    /// Ends the flight with a token that has no life left: its waiters may use it once, and the next
    /// request pauses like one after a failure.
    pub(crate) fn serve_once(&self, error: &Error, now: Moment) {
        let owned = self.state(now);
        let mut state = lock(&owned);
        // The server did respond, so the pause does not grow.
        state.failures = 0;
        state.fail(error, None, now);
        self.reinstate(&mut state, now);
        state.flight = None;
        self.update_recheck(&state, now);
    }

    /// Records a failed attempt. Says whether the flight goes on; if not, it has ended, and the
    /// error is the one for its waiters.
    pub(crate) fn record_failure(
        &self,
        error: Error,
        attempts: u32,
        now: Moment,
    ) -> Result<(), Error> {
        let owned = self.state(now);
        let mut state = lock(&owned);
        let error = error.with_target(Arc::clone(&self.target));
        let life = self.live(now).map(|token| token.windows().expires_at.remaining(now));
        let failure = state.fail(&error, life, now);
        if !policy::is_refusal(&error) {
            self.reinstate(&mut state, now);
        }
        // Where no caller waits so long, the flight is over, and whoever hears of the failure hears that.
        let is_waited_for = failure.until.monotonic <= state.latest_deadline.monotonic;
        let may_repeat = attempts < policy::ATTEMPTS && !policy::is_final(&error);
        if life.is_none() && is_waited_for && may_repeat {
            return Ok(());
        }
        state.flight = None;
        self.update_recheck(&state, now);
        Err(failure.report(now))
    }

    /// Serves a token that was set aside again, and leaves it due for renewal: a rejection proves less
    /// than an outage costs.
    fn reinstate(&self, state: &mut State, now: Moment) {
        if self.set_aside.swap(0, Ordering::AcqRel) != 0 {
            state.refresh_at = state.refresh_at.earlier(now);
        }
    }

    /// Forgets the last failure: its cause is gone.
    pub(crate) fn clear_failure(&self, now: Moment) {
        let owned = self.state(now);
        let mut state = lock(&owned);
        state.failures = 0;
        state.failure = None;
        self.update_recheck(&state, now);
    }

    /// When the token is to be refreshed without any call, for clients that stay warm.
    pub(crate) fn next_refresh_at(&self, now: Moment) -> Moment {
        let owned = self.state(now);
        let state = lock(&owned);
        match &state.failure {
            Some(failure) => failure.until,
            None => state.refresh_at,
        }
    }

    /// The token with this value, current or the one before.
    pub(crate) fn find(&self, value: &str, now: Moment) -> Option<Arc<Token>> {
        let current = self.token.load_full().filter(|token| token.is(value));
        current.or_else(|| {
            let owned = self.state(now);
            let state = lock(&owned);
            state.predecessor.clone().filter(|token| token.is(value))
        })
    }

    /// What the last attempt failed with, if it failed.
    pub(crate) fn last_error(&self) -> Option<Error> {
        let owned = self.state.current()?;
        let state = lock(&owned);
        state.failure.as_ref().map(|failure| failure.error.clone())
    }

    /// The last failure while its pause lasts.
    pub(crate) fn failure(&self, now: Moment) -> Option<Error> {
        let owned = self.state(now);
        let state = lock(&owned);
        let failure = state.failure.as_ref().filter(|failure| !failure.until.reached(now));
        failure.map(|failure| failure.report(now))
    }

    /// What the token is good for. One that is set aside is not given out, as if it had expired.
    fn phase(&self, state: &State, token: &Token, now: Moment) -> Phase {
        if self.is_set_aside(token) {
            Phase::Expired
        } else {
            policy::phase(token.windows(), state.refresh_at, now)
        }
    }

    /// Sets the moment until which readers may skip the lock.
    pub(super) fn update_recheck(&self, state: &State, now: Moment) {
        let Some(token) = self.live(now) else {
            self.set_recheck(Moment::PAST);
            return;
        };
        let windows = token.windows();
        let phase = self.phase(state, &token, now);
        let pausing = state.failure.as_ref().filter(|failure| !failure.until.reached(now));
        self.set_recheck(match (phase, state.in_flight(), pausing) {
            (Phase::Fresh, _, _) => state.refresh_at.earlier(windows.usable_until),
            (Phase::Ahead, Some(_), _) => windows.recheck_at(now),
            (Phase::Ahead, None, Some(failure)) => failure.until.earlier(windows.recheck_at(now)),
            (Phase::Margin, None, Some(failure)) => failure.until.earlier(windows.expires_at),
            _ => Moment::PAST,
        });
    }

    fn set_recheck(&self, moment: Moment) {
        let moment = if self.is_lock_free { moment.minus(COARSE_TICK) } else { Moment::PAST };
        self.recheck_at_monotonic.store(moment.monotonic, Ordering::Release);
        self.recheck_at_wall.store(moment.wall, Ordering::Release);
    }

    pub(super) fn state(&self, now: Moment) -> Arc<Owned<Mutex<State>>> {
        self.state.get(|| Mutex::new(State::new(self.token.load().as_deref(), now)))
    }
}
