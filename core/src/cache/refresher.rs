//! Single flight: one request per key, made by a task of the core's own, whose result and failure
//! all callers share. Each caller waits no longer than its own deadline, and one that gives up
//! disturbs nobody.

use std::sync::Arc;
use std::time::Duration;

use crate::cache::Cache;
use crate::clock::{Clock, Moment};
use crate::error::{Error, ErrorKind};
use crate::jitter::draw;
use crate::latch::Latch;
use crate::policy::{Windows, is_final};
use crate::profile::Profile;
use crate::slot::{Action, Progress, Slot};
use crate::source::Source;
use crate::sync::{spawn, watch};
use crate::token::Token;

/// How often a caller starts over because the task it waited for is gone.
const RESTARTS: usize = 3;

/// What all handles of one client share.
pub(crate) struct Engine {
    pub(crate) profile: Arc<Profile>,
    pub(crate) clock: Clock,
    pub(crate) cache: Cache,
    pub(crate) closed: Latch,
    source: Arc<dyn Source>,
}

impl Engine {
    pub(crate) fn new(profile: Arc<Profile>, clock: Clock, source: Arc<dyn Source>) -> Self {
        Self { profile, clock, cache: Cache::new(), closed: Latch::new(), source }
    }

    /// Ends all flights, forgets all tokens, lets go of all connections.
    pub(crate) fn close(&self) {
        self.closed.set();
        self.cache.clear();
        self.source.close();
    }

    /// A token, at the latest after `timeout`.
    pub(crate) async fn get(
        self: &Arc<Self>,
        slot: &Arc<Slot>,
        timeout: Duration,
    ) -> Result<Arc<Token>, Error> {
        let deadline = self.clock.now().plus(timeout);
        let mut lost = 0;
        let mut forgiven = false;
        while lost < RESTARTS {
            let now = self.clock.now();
            let step = slot.consult(now, deadline);
            if let Some(progress) = step.launch {
                self.launch(slot, progress);
            }
            let flight = match step.action {
                Action::Serve(token) => return Ok(token),
                Action::Fail(error) => {
                    // A lasting refusal lasts as long as the credentials that were refused.
                    if !forgiven && is_final(&error) && self.source.renewed().await {
                        forgiven = true;
                        slot.forgive(self.clock.now());
                        continue;
                    }
                    return Err(error);
                }
                Action::Wait(flight) => flight,
            };
            // A server that hangs must not use up what is left of a token that is still good.
            let left = deadline.monotonic_remaining(now);
            let patience = slot
                .live(now)
                .map_or(left, |token| left.min(token.windows().expires_at.remaining(now) / 2));
            let landing = tokio::select! {
                biased;
                landing = land(flight, deadline) => landing,
                () = self.clock.sleep(patience) => Landing::Late,
            };
            // A token that is about to expire is better than none.
            let now = self.clock.now();
            match (landing, slot.live(now)) {
                (Landing::Result(Ok(token)), _) | (_, Some(token)) => return Ok(token),
                (Landing::Result(Err(error)), None) => return Err(error),
                // The runtime that carried the task has shut down. This one can start another.
                (Landing::Lost, None) => lost += 1,
                (Landing::Late, None) if now.monotonic < deadline.monotonic => {}
                (Landing::Late, None) => {
                    return Err(Error::new(
                        ErrorKind::Timeout,
                        format!(
                            "no token within {} ms; the request goes on and a later call may find its result",
                            timeout.as_millis()
                        ),
                    )
                    .with_target(Arc::clone(slot.target())));
                }
            }
        }
        Err(Error::new(
            ErrorKind::Internal,
            "the task that asks for tokens ended without a result, several times",
        ))
    }

    /// Looks after a slot as a caller would, without waiting.
    fn tend(self: &Arc<Self>, slot: &Arc<Slot>) {
        let now = self.clock.now();
        if let Some(progress) = slot.consult(now, now).launch {
            self.launch(slot, progress);
        }
    }

    fn launch(self: &Arc<Self>, slot: &Arc<Slot>, progress: watch::Sender<Progress>) {
        let engine = Arc::clone(self);
        let slot = Arc::clone(slot);
        spawn(async move {
            let result = tokio::select! {
                biased;
                () = engine.closed.wait() => Err(Error::new(ErrorKind::Cancelled, "the client was closed")),
                result = engine.fly(&slot, &progress) => result,
            };
            // The slot knows the result by now; whoever asks anew needs no wake-up.
            progress.send_replace(Progress::Done(result));
            if engine.profile.stay_warm && !engine.closed.is_set() {
                engine.stay_warm(&slot);
            }
        });
    }

    async fn fly(
        &self,
        slot: &Slot,
        progress: &watch::Sender<Progress>,
    ) -> Result<Arc<Token>, Error> {
        let mut attempts = 0;
        loop {
            let now = self.clock.now();
            if let Some((until, error)) = slot.before_attempt(now)? {
                progress.send_replace(Progress::Pausing { until, error: error.clone() });
                self.clock.back_off(until.remaining(now)).await;
                if slot.abandon(progress, self.clock.now()) {
                    return Err(error);
                }
                progress.send_replace(Progress::Fetching);
            }
            attempts += 1;
            match self.attempt(slot).await {
                Ok(token) => return Ok(token),
                Err(error) => slot.fail(error, attempts, self.clock.now())?,
            }
        }
    }

    /// Asks for a token once. The lifetime counts from before the request was sent.
    async fn attempt(&self, slot: &Slot) -> Result<Arc<Token>, Error> {
        let sent = self.clock.now();
        let grant = self.source.fetch(slot.key().scopes()).await?;
        let now = self.clock.now();
        let windows = Windows::new(sent, grant.lifetime, self.profile.refresh_margin, draw());
        let token = Token::new(&grant.access_token, grant.scopes, windows, self.clock.clone());
        let token = Arc::new(token);
        if grant.lifetime.is_zero() {
            let error = Error::new(
                ErrorKind::Unavailable,
                "the server hands out a token with no life left; it is asked again in a moment",
            );
            slot.pass_through(&error, now);
        } else if windows.expires_at.reached(now) {
            return Err(Error::new(
                ErrorKind::Unavailable,
                "the token had expired by the time it arrived; the server is slow or a clock was set",
            ));
        } else {
            slot.accept(Arc::clone(&token), now);
        }
        Ok(token)
    }

    /// Comes back to the slot in time, unless the client is gone by then.
    fn stay_warm(self: &Arc<Self>, slot: &Arc<Slot>) {
        let look = slot.next_look(self.clock.now());
        let clock = self.clock.clone();
        let engine = Arc::downgrade(self);
        let slot = Arc::downgrade(slot);
        spawn(async move {
            clock.until(look).await;
            if let (Some(engine), Some(slot)) = (engine.upgrade(), slot.upgrade())
                && !engine.closed.is_set()
            {
                engine.tend(&slot);
            }
        });
    }
}

/// What becomes of a wait for a flight.
enum Landing {
    Result(Result<Arc<Token>, Error>),
    Late,
    Lost,
}

/// Follows a flight to its end, or until it pauses for longer than `deadline` allows.
async fn land(mut flight: watch::Receiver<Progress>, deadline: Moment) -> Landing {
    loop {
        match &*flight.borrow_and_update() {
            Progress::Done(result) => return Landing::Result(result.clone()),
            Progress::Pausing { until, error } if until.monotonic > deadline.monotonic => {
                return Landing::Result(Err(error.clone()));
            }
            Progress::Pausing { .. } | Progress::Fetching => {}
        }
        if flight.changed().await.is_err() {
            return Landing::Lost;
        }
    }
}

#[cfg(test)]
mod histories;
#[cfg(test)]
#[cfg(shuttle)]
mod model;
#[cfg(test)]
mod tests;
