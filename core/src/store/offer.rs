//! What a reading of the store offers to a flight. Pure: nothing here waits or writes.

use std::time::Duration;

use crate::error::{Error, ErrorKind};
use crate::store::backend::Reading;
use crate::store::clock::StoreClock;
use crate::store::places::Place;
use crate::store::record::{LONGEST_LIFE, NoteKind, NoteRecord, TokenRecord};
use crate::store::status::Counts;
use crate::sys::clock::Moment;
use crate::sys::counter::count;
use crate::token::Windows;
use crate::token_endpoint::codes;
use crate::token_endpoint::source::{Grant, Shared, Wanted};

/// A token that another process got less than this ago, and that the API rejects, is not renewed for
/// that: so an API that rejects everything costs all processes no more than one.
const RENEWAL_INTERVAL: Duration = Duration::from_secs(6);
/// How far the wall clocks of two processes may be apart before one of them is not believed.
const SKEW: Duration = Duration::from_secs(5 * 60);

/// A token that was read, with its age at that moment.
struct Candidate {
    record: TokenRecord,
    age: Duration,
}

pub(crate) struct Offer {
    good: Option<Candidate>,
    /// A token that is better than none, for its end is near.
    margin: Option<Candidate>,
    /// How long ago somebody renewed the token that the API rejected, if that was lately.
    renewed_ago: Option<Duration>,
    /// The refusal of a secret with this fingerprint.
    refusal: Option<(NoteRecord, u64)>,
    /// Whether each process is to ask for itself.
    pub(crate) is_for_each_alone: bool,
    /// The highest number there is.
    pub(crate) number: u64,
    /// The time there.
    pub(crate) clock: StoreClock,
}

impl Offer {
    /// What `reading` offers of these places, where `margin` is the client's setting.
    pub(crate) fn new(
        reading: Reading,
        places: &[Place],
        wanted: &Wanted<'_>,
        margin: Option<Duration>,
        counts: &Counts,
    ) -> Self {
        let Reading { found, now, asked, answered } = reading;
        let mut offer = Self {
            good: None,
            margin: None,
            renewed_ago: None,
            refusal: None,
            is_for_each_alone: false,
            number: 0,
            clock: StoreClock { now, asked, answered },
        };
        for (place, found) in places.iter().zip(found) {
            if let Some(bytes) = found.token {
                match TokenRecord::open(&bytes, &place.keys, &place.names.token) {
                    Some(record) => offer.weigh(record, found.token_stays, wanted, margin, counts),
                    None => count(&counts.unreadable),
                }
            }
            let note = found
                .note
                .and_then(|bytes| NoteRecord::open(&bytes, &place.keys, &place.names.note));
            if let Some(note) = note.filter(|note| note.rest(&offer.clock.now).is_some()) {
                match note.kind {
                    NoteKind::Alone => offer.is_for_each_alone = true,
                    // Of two secrets the other may do.
                    NoteKind::InvalidCredentials if places.len() > 1 => {}
                    NoteKind::InvalidCredentials => offer.refusal = Some((note, place.fingerprint)),
                }
            }
        }
        offer
    }

    fn weigh(
        &mut self,
        record: TokenRecord,
        stays: Option<Duration>,
        wanted: &Wanted<'_>,
        margin: Option<Duration>,
        counts: &Counts,
    ) {
        self.number = self.number.max(record.number);
        let lifetime = Duration::from_millis(record.lifetime_ms);
        let now = &self.clock.now;
        let age = match stays {
            // Where the store does not tell the time, it tells how much of the life is left.
            Some(stays) if !record.issued.is_of_the_clock(now) => {
                lifetime.min(LONGEST_LIFE).checked_sub(stays)
            }
            _ => record.issued.age(now),
        };
        let Some(age) = age.filter(|age| *age < lifetime) else { return };
        // A store whose clock was set back makes no token live longer than this.
        let doubt = SKEW.min(lifetime / 10);
        let age = age.max(record.issued.wall_age(now).saturating_sub(doubt));
        if age >= lifetime {
            count(&counts.clock_disagreements);
            return;
        }
        if record.number <= wanted.above {
            let is_rejected = wanted.is_rejected && record.number == wanted.above;
            if is_rejected && age < RENEWAL_INTERVAL {
                self.renewed_ago = Some(age);
            }
            return;
        }
        let is_good = age < Windows::usable_age(lifetime, margin);
        let best = if is_good { &mut self.good } else { &mut self.margin };
        if best.as_ref().is_none_or(|best| best.record.number < record.number) {
            *best = Some(Candidate { record, age });
        }
    }

    /// What ends the flight without a request: a token, or the reason why none should be asked for.
    pub(crate) fn outcome(&mut self, counts: &Counts) -> Option<Result<Grant, Error>> {
        if let Some(candidate) = self.good.take() {
            count(&counts.adopted);
            return Some(Ok(candidate.grant(self.clock.asked)));
        }
        if let Some(ago) = self.renewed_ago {
            let error = Error::new(
                ErrorKind::Unavailable,
                "the API rejected the token that all processes got a moment ago; it is not renewed again so soon",
            );
            return Some(Err(error.with_retry_after(Some(RENEWAL_INTERVAL.saturating_sub(ago)))));
        }
        if self.margin.is_some() {
            return None;
        }
        let (note, fingerprint) = self.refusal.take()?;
        count(&counts.notes);
        let rest = note.rest(&self.clock.now);
        Some(Err(refused(&note, fingerprint).with_retry_after(rest)))
    }

    /// A token that was issued after `sent`, when this process sent its own request: where the server revokes
    /// the previous one, it is this that lives.
    pub(crate) fn issued_after(&mut self, sent: Moment, counts: &Counts) -> Option<Grant> {
        let since = Duration::from_nanos(self.clock.asked.monotonic.saturating_sub(sent.monotonic));
        let candidate = self.good.take_if(|candidate| candidate.age < since)?;
        count(&counts.adopted);
        Some(candidate.grant(self.clock.asked))
    }

    /// A token that is better than none, for a flight whose own request failed.
    pub(crate) fn last_resort(&mut self, counts: &Counts) -> Option<Grant> {
        let candidate = self.margin.take()?;
        count(&counts.adopted);
        Some(candidate.grant(self.clock.asked))
    }
}

impl Candidate {
    fn grant(self, at: Moment) -> Grant {
        let Self { record, age } = self;
        let shared = Shared {
            number: record.number,
            age,
            refresh_at_age: Duration::from_millis(record.refresh_at_age_ms),
        };
        let lifetime = Duration::from_millis(record.lifetime_ms);
        let grant = Grant::new(record.token, lifetime, record.scopes);
        Grant { sent: Some(at), shared: Some(shared), ..grant }
    }
}

/// What another process was told, as if this one had been.
fn refused(note: &NoteRecord, fingerprint: u64) -> Error {
    let error = Error::new(
        ErrorKind::InvalidCredentials,
        "the server refused the client secret a moment ago, as another process found; check id and secret",
    );
    let error = error.with_refused(vec![fingerprint]);
    match note.status {
        Some(status) => {
            let code = note.code.as_deref().and_then(codes::registered);
            error.with_response(status, code.map(str::to_owned))
        }
        None => error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::record::Stamp;

    #[test]
    fn a_note_says_no_more_than_a_response_may() {
        let code = |code: &str| {
            let written = Stamp { clock: String::new(), at_ms: 0, wall_ms: 0 };
            let mut note = NoteRecord::new(NoteKind::InvalidCredentials, written, SKEW);
            (note.status, note.code) = (Some(401), Some(code.to_owned()));
            refused(&note, 1).server_code().map(str::to_owned)
        };
        assert_eq!(code("invalid_client").as_deref(), Some("invalid_client"));
        assert_eq!(code("the secret\n"), None);
    }
}
