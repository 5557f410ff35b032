//! One request of a flight, as it is counted, and told to who listens.

use std::sync::Arc;

use crate::cache::policy;
use crate::cache::slot::Slot;
use crate::cache::stats::Counters;
use crate::error::{Error, ErrorKind};
use crate::events::{Delivery, EventKind, EventLevel, Events, Reason, TokenFrom};
use crate::sys::clock::{ClockOffset, Moment};
use crate::sys::counter::count;
use crate::token_endpoint::codes;
use crate::token_endpoint::source::Grant;

/// Who keeps count, and who is told.
pub(crate) struct Observer {
    pub(crate) counters: Counters,
    pub(crate) events: Arc<Events>,
    clocks: ClockOffset,
}

impl Observer {
    pub(crate) fn new(events: Arc<Events>, now: Moment) -> Self {
        Self { counters: Counters::new(), events, clocks: ClockOffset::new(now) }
    }

    /// Tells when the clocks have gone apart since the last look.
    pub(crate) fn look_at_clock(&self, now: Moment) {
        if let Some((step, is_backward)) = self.clocks.jump(now) {
            let kind = || EventKind::ClockJumped { step, is_backward };
            self.events.tell(EventLevel::Info, &[].into(), kind);
        }
    }
}

/// A request that has begun.
pub(crate) struct Attempt {
    number: u32,
    reason: Reason,
    began: Moment,
}

impl Attempt {
    /// The attempt with this number of a flight, from 1.
    pub(crate) fn new(number: u32, slot: &Slot, now: Moment) -> Self {
        Self { number, reason: slot.reason(now), began: now }
    }

    /// It ended with a token, which may be another process's. Those who wait for that go before who listens.
    pub(crate) fn granted(
        &self,
        observer: &Observer,
        slot: &Slot,
        grant: &Grant,
        now: Moment,
    ) -> Option<Delivery> {
        let is_own = grant.shared.is_none() || grant.accepted != 0;
        let counts = observer.counters.counts();
        count(if is_own { &counts.succeeded } else { &counts.adopted });
        let kind = || self.request(None, grant.status, slot, now);
        let first =
            is_own.then(|| observer.events.tell(EventLevel::Debug, slot.scopes(), kind)).flatten();
        let level = match self.reason {
            Reason::First => EventLevel::Info,
            _ => EventLevel::Debug,
        };
        let second = observer.events.tell(level, slot.scopes(), || EventKind::TokenObtained {
            lifetime: grant.lifetime,
            attempts: self.number,
            from: if is_own { TokenFrom::Server } else { TokenFrom::Store },
        });
        first.or(second)
    }

    /// It failed, and with it the flight if that `is_over`.
    pub(crate) fn failed(
        &self,
        observer: &Observer,
        slot: &Slot,
        error: &Error,
        is_over: bool,
        now: Moment,
    ) {
        observer.counters.counts().count_failure(error.kind());
        let live = slot.live(now);
        let level = match &live {
            None if is_over => EventLevel::Error,
            _ => EventLevel::Warning,
        };
        observer
            .events
            .tell(level, slot.scopes(), || self.request(Some(error), error.status(), slot, now));
        let pause = slot.retry_in(now).unwrap_or_default();
        if policy::is_refusal(error) {
            observer.events.tell(EventLevel::Error, slot.scopes(), || EventKind::Refused {
                failure: error.kind(),
                remembered_for: pause,
            });
        } else if error.kind() == ErrorKind::Throttled {
            observer
                .events
                .tell(EventLevel::Warning, slot.scopes(), || EventKind::Throttled { pause });
        }
        if let Some(token) = live.filter(|_| is_over && self.reason != Reason::Ahead) {
            let life_left = token.windows().expires_at.remaining(now);
            observer.events.tell(EventLevel::Warning, slot.scopes(), || EventKind::ServingStale {
                life_left,
                failure: error.kind(),
            });
        }
    }

    fn request(
        &self,
        error: Option<&Error>,
        status: Option<u16>,
        slot: &Slot,
        now: Moment,
    ) -> EventKind {
        let live = slot.live(now);
        EventKind::TokenRequest {
            reason: self.reason,
            attempt: self.number,
            started_at: self.began.system_time(),
            duration: now.monotonic_since(self.began),
            failure: error.map(Error::kind),
            status,
            server_code: error.and_then(Error::server_code).and_then(codes::registered),
            retry_in: error.and_then(|_| slot.retry_in(now)),
            life_left: live.map(|token| token.windows().expires_at.remaining(now)),
        }
    }
}
