//! What follows when the API rejects a token: a renewal, unless the rejection proves too little.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use crate::cache::policy;
use crate::cache::slot::Slot;
use crate::cache::slot_state::lock;
use crate::error::Error;
use crate::sys::clock::Moment;
use crate::token::Token;

/// What follows from the rejection of a token.
#[derive(Debug)]
pub(crate) enum Rejection {
    /// The token is set aside, and the next call renews it.
    SetAside,
    /// The token is not the current one, or no longer: another is there or on its way.
    Superseded,
    /// The token is too young for a rejection to prove anything. The request is sent once more with
    /// this token, not before this moment of the monotonic clock.
    Resend(Arc<Token>, u64),
    /// The API accepted the token with a request sent later, so the rejection is about the request.
    Disproved,
    /// The last renewal failed, and its pause is not over.
    Failing(Error),
    /// Rejections have forced too many renewals lately.
    Limited,
}

impl Slot {
    /// Decides what follows from the rejection of the token `value` that a request carried which was
    /// sent at `sent`.
    pub(crate) fn reject(&self, value: &str, sent: Moment, now: Moment) -> Rejection {
        let owned = self.state(now);
        let mut state = lock(&owned);
        let Some(token) = self.live(now).filter(|token| token.is(value)) else {
            return Rejection::Superseded;
        };
        if token.was_accepted_after(sent) {
            return Rejection::Disproved;
        }
        if self.is_set_aside(&token) {
            return Rejection::Superseded;
        }
        let trusted_from = policy::trusted_from(token.issued_at());
        if sent.monotonic < trusted_from {
            let before = state.predecessor.clone();
            return match before.filter(|token| !token.windows().expires_at.reached(now)) {
                Some(predecessor) => Rejection::Resend(predecessor, now.monotonic),
                None => Rejection::Resend(token, trusted_from),
            };
        }
        let failure = state.failure.as_ref().filter(|failure| !failure.until.reached(now));
        if let Some(failure) = failure {
            return Rejection::Failing(failure.report(now));
        }
        if !state.limiter.take(now) {
            return Rejection::Limited;
        }
        self.set_aside.store(token.generation(), Ordering::Release);
        self.update_recheck(&state, now);
        Rejection::SetAside
    }
}
