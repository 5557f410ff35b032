//! Single flight: one request per key, made by a task of the core's own, whose result and failure
//! all callers share. Each caller waits no longer than its own deadline, and one that gives up
//! disturbs nobody.

use std::sync::Arc;
use std::time::Duration;

use crate::cache::attempt::{Attempt, Observer};
use crate::cache::policy::is_final;
use crate::cache::slot::{Action, Slot};
use crate::cache::slot_state::Progress;
use crate::cache::slots::Slots;
use crate::cache::stats::Stats;
use crate::cache::sync::watch;
use crate::config::ResolvedConfig;
use crate::error::{Error, ErrorKind};
use crate::events::{Delivery, EventKind, EventLevel, Events};
use crate::sys::clock::{Clock, Moment};
use crate::sys::counter::count;
use crate::sys::latch::Latch;
use crate::sys::random;
use crate::sys::task::spawn;
use crate::sys::time_limit::TimeLimit;
use crate::token::{Token, Windows};
use crate::token_endpoint::source::{Fetched, Grant, Shared, TokenSource};

/// How long who listens waits for those who waited for the token: a thread that begins costs these more than
/// all the rest of an event.
const BEFORE_DELIVERY: Duration = Duration::from_millis(1);

/// How often a caller starts over because the task it waited for is gone.
const RESTARTS: usize = 3;

/// The machinery that all handles of one client share.
pub(crate) struct Refresher {
    pub(crate) config: Arc<ResolvedConfig>,
    pub(crate) clock: Clock,
    pub(crate) slots: Slots,
    pub(crate) closed: Latch,
    pub(crate) observer: Observer,
    source: Arc<dyn TokenSource>,
}

impl Refresher {
    pub(crate) fn new(
        config: Arc<ResolvedConfig>,
        clock: Clock,
        source: Arc<dyn TokenSource>,
        events: Arc<Events>,
    ) -> Self {
        let observer = Observer::new(events, clock.now());
        let slots = Slots::new(&clock);
        Self { config, clock, slots, closed: Latch::new(), observer, source }
    }

    /// Ends all flights, forgets all tokens, lets go of all connections.
    pub(crate) fn close(&self) {
        if !self.closed.set() {
            return;
        }
        self.slots.clear(self.clock.now());
        self.source.close();
        self.observer.events.tell(EventLevel::Debug, &[].into(), || EventKind::Closed);
    }

    /// A token, at the latest when `limit` has passed.
    pub(crate) async fn get(
        self: &Arc<Self>,
        slot: &Arc<Slot>,
        limit: impl Into<TimeLimit>,
    ) -> Result<Arc<Token>, Error> {
        self.get_other_than(0, slot, limit).await
    }

    /// A token of another generation than `rejected`, at the latest when `limit` has passed.
    pub(crate) async fn get_other_than(
        self: &Arc<Self>,
        rejected: u64,
        slot: &Arc<Slot>,
        limit: impl Into<TimeLimit>,
    ) -> Result<Arc<Token>, Error> {
        let limit = limit.into();
        let deadline = self.clock.now().plus(limit.left);
        let is_other = |token: &Arc<Token>| token.generation() != rejected;
        let mut lost = 0;
        let mut cleared = false;
        while lost < RESTARTS {
            let now = self.clock.now();
            let step = slot.decide(now, deadline);
            if let Some(progress) = step.start_flight {
                self.start_flight(slot, progress);
            }
            let flight = match step.action {
                Action::Serve(token) if is_other(&token) => return Ok(token),
                Action::Serve(_) => return Err(slot.failure(now).unwrap_or_else(not_renewed)),
                Action::Fail(error) => {
                    // A permanent refusal stands as long as the credentials that were refused.
                    if !cleared
                        && is_final(&error)
                        && self
                            .have_credentials_changed(&error, deadline.monotonic_remaining(now))
                            .await
                    {
                        cleared = true;
                        slot.clear_failure(self.clock.now());
                        continue;
                    }
                    return Err(error);
                }
                Action::Wait(flight) => flight,
            };
            let max_wait = match rejected {
                0 => slot.longest_wait(now, deadline),
                _ => deadline.monotonic_remaining(now),
            };
            let waiting = self.observer.counters.begin_wait();
            let began = now;
            let outcome = tokio::select! {
                biased;
                outcome = wait_for_flight(flight, deadline) => outcome,
                () = self.clock.sleep(max_wait) => WaitOutcome::TimedOut,
            };
            // A token that is about to expire, or that was rejected, is better than none.
            let now = self.clock.now();
            waiting.end(now.monotonic_since(began));
            match outcome {
                WaitOutcome::Done(Ok(token)) => return Ok(token),
                WaitOutcome::Done(Err(error)) => {
                    let stale = slot.fallback(&error, now).filter(is_other);
                    return stale.inspect(|_| self.count_stale()).ok_or(error);
                }
                WaitOutcome::TimedOut | WaitOutcome::Lost => {
                    if let Some(token) = slot.live(now).filter(is_other) {
                        self.count_stale();
                        return Ok(token);
                    }
                }
            }
            match outcome {
                // The runtime that carried the task has shut down. This one can start another.
                WaitOutcome::Lost => lost += 1,
                _ if now.monotonic < deadline.monotonic => {}
                _ => return Err(timed_out(slot, limit)),
            }
        }
        Err(Error::new(
            ErrorKind::Internal,
            "the task that asks for tokens ended without a result, several times",
        ))
    }

    fn count_stale(&self) {
        count(&self.observer.counters.counts().stale_served);
    }

    /// What was done so far, and how each token stands.
    pub(crate) fn stats(&self) -> Stats {
        let now = self.clock.now();
        let tokens = self.slots.all().iter().map(|slot| slot.stats(now)).collect();
        self.observer.counters.stats(self.observer.events.dropped(), tokens)
    }

    /// Whether the credentials have changed, as far as that can be told within `timeout`.
    async fn have_credentials_changed(&self, error: &Error, timeout: Duration) -> bool {
        tokio::select! {
            biased;
            changed = self.source.credentials_changed(error) => changed,
            () = self.clock.sleep(timeout) => false,
        }
    }

    /// Renews the token of a slot if it is due, as a call would, without waiting.
    fn refresh_if_due(self: &Arc<Self>, slot: &Arc<Slot>) {
        let now = self.clock.now();
        if let Some(progress) = slot.decide(now, now).start_flight {
            self.start_flight(slot, progress);
        }
    }

    fn start_flight(self: &Arc<Self>, slot: &Arc<Slot>, progress: watch::Sender<Progress>) {
        let refresher = Arc::clone(self);
        let slot = Arc::clone(slot);
        spawn(async move {
            let mut delivery = None;
            let result = tokio::select! {
                biased;
                () = refresher.closed.wait() => Err(Error::new(ErrorKind::Cancelled, "the client was closed")),
                result = refresher.run_flight(&slot, &progress, &mut delivery) => result,
            };
            // The slot has the result by now, so a new caller needs no wake-up. Where there is none,
            // the renewal was put off, and whoever waits starts over.
            if let Some(result) = result.transpose() {
                progress.send_replace(Progress::Done(result));
            }
            if refresher.config.stay_warm && !refresher.closed.is_set() {
                refresher.stay_warm(&slot);
            }
            if delivery.is_some() {
                // Those who waited are on their way by then, and have the processor to themselves.
                tokio::time::sleep(BEFORE_DELIVERY).await;
            }
        });
    }

    async fn run_flight(
        &self,
        slot: &Slot,
        progress: &watch::Sender<Progress>,
        delivery: &mut Option<Delivery>,
    ) -> Result<Option<Arc<Token>>, Error> {
        let mut attempts = 0;
        loop {
            let now = self.clock.now();
            if let Some((until, error)) = slot.pause_before_attempt(now)? {
                progress.send_replace(Progress::Pausing { until, error: error.clone() });
                self.clock.back_off(until.remaining(now)).await;
                if slot.abandon(progress, self.clock.now()) {
                    return Err(error);
                }
                progress.send_replace(Progress::Fetching);
            }
            attempts += 1;
            let now = self.clock.now();
            self.observer.look_at_clock(now);
            let attempt = Attempt::new(attempts, slot, now);
            match self.attempt(slot, &attempt, delivery).await {
                Ok(outcome) => return Ok(outcome),
                Err(error) => {
                    // A pause may follow, and who listens need not wait for its end.
                    *delivery = None;
                    let now = self.clock.now();
                    let recorded = slot.record_failure(error.clone(), attempts, now);
                    attempt.failed(&self.observer, slot, &error, recorded.is_err(), now);
                    recorded?;
                }
            }
        }
    }

    /// Asks for a token once; nothing if its renewal was put off. The lifetime counts from before the
    /// request was sent.
    async fn attempt(
        &self,
        slot: &Slot,
        attempt: &Attempt,
        delivery: &mut Option<Delivery>,
    ) -> Result<Option<Arc<Token>>, Error> {
        let asked = self.clock.now();
        let alone_at = || slot.alone_at(self.clock.now());
        let grant = match self.source.fetch(slot.wanted(&alone_at, asked)).await? {
            Fetched::Grant(grant) => grant,
            Fetched::Postponed(until) => {
                slot.postpone(until, self.clock.now());
                return Ok(None);
            }
        };
        let now = self.clock.now();
        *delivery = attempt.granted(&self.observer, slot, &grant, now);
        let windows = self.windows(&grant, asked);
        let token = Token::new(&grant.access_token, grant.scopes, windows, self.clock.clone());
        let token = Arc::new(token.numbered(grant.shared.map_or(0, |shared| shared.number)));
        if grant.lifetime.is_zero() {
            let error = Error::new(
                ErrorKind::Unavailable,
                "the server hands out a token with no life left; it is asked again in a moment",
            );
            slot.serve_once(&error, now);
        } else if windows.expires_at.reached(now) {
            return Err(Error::new(
                ErrorKind::Unavailable,
                "the token had expired by the time it arrived; the server is slow or a clock was set",
            ));
        } else {
            slot.store(Arc::clone(&token), now);
        }
        Ok(Some(token))
    }

    fn windows(&self, grant: &Grant, asked: Moment) -> Windows {
        let (sent, jitter) = (grant.sent.unwrap_or(asked), random::fraction());
        let margin = self.config.refresh_margin;
        match grant.shared {
            None => Windows::new(sent, grant.lifetime, margin, jitter),
            Some(Shared { age, refresh_at_age, .. }) => {
                Windows::of_shared(sent, age, grant.lifetime, margin, refresh_at_age, jitter)
            }
        }
    }

    /// Refreshes the slot in time, unless the client is gone by then.
    fn stay_warm(self: &Arc<Self>, slot: &Arc<Slot>) {
        let refresh_at = slot.next_refresh_at(self.clock.now());
        let clock = self.clock.clone();
        let refresher = Arc::downgrade(self);
        let slot = Arc::downgrade(slot);
        spawn(async move {
            clock.until(refresh_at).await;
            if let (Some(refresher), Some(slot)) = (refresher.upgrade(), slot.upgrade())
                && !refresher.closed.is_set()
            {
                refresher.refresh_if_due(&slot);
            }
        });
    }
}

/// The rejected token is served again, so its renewal was not to be had.
fn not_renewed() -> Error {
    Error::new(ErrorKind::Unavailable, "the API rejected the token, and no other is to be had yet")
}

fn timed_out(slot: &Slot, limit: TimeLimit) -> Error {
    let mut message = format!(
        "no token within {limit}; the request goes on and a later call may find its result"
    );
    if let Some(error) = slot.last_error() {
        message.push_str("; the last attempt failed: ");
        message.push_str(error.marked());
    }
    Error::new(ErrorKind::Timeout, message).with_target(Arc::clone(slot.target()))
}

/// The end of a wait for a flight.
enum WaitOutcome {
    Done(Result<Arc<Token>, Error>),
    TimedOut,
    Lost,
}

/// Follows a flight to its end, or until it pauses for longer than `deadline` allows.
async fn wait_for_flight(mut flight: watch::Receiver<Progress>, deadline: Moment) -> WaitOutcome {
    loop {
        match &*flight.borrow_and_update() {
            Progress::Done(result) => return WaitOutcome::Done(result.clone()),
            Progress::Pausing { until, error } if until.monotonic > deadline.monotonic => {
                return WaitOutcome::Done(Err(error.clone()));
            }
            Progress::Pausing { .. } | Progress::Fetching => {}
        }
        if flight.changed().await.is_err() {
            return WaitOutcome::Lost;
        }
    }
}
