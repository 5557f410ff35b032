//! Entry points for the fuzzers to the records of the store, with a key of their own.

use std::time::Duration;

use crate::error::Error;
use crate::store::backend::{Found, Names, Reading};
use crate::store::keys::Keys;
use crate::store::offer::Offer;
use crate::store::places::Place;
use crate::store::record::{NOTE, Stamp, TOKEN, sealed};
use crate::store::status::Counts;
use crate::sys::clock::Moment;
use crate::token::Windows;
use crate::token_endpoint::source::Wanted;

/// The clock of the stamps, and what it shows: milliseconds, by it and by the wall clock.
pub const CLOCK: &str = "boot";
/// As [`CLOCK`] says.
pub const NOW_MS: u64 = 10_000_000;
/// The number of the token that is there already.
pub const ABOVE: u64 = 7;

/// A token that was taken over from a record.
#[derive(Debug)]
pub struct Adopted {
    /// The token.
    pub access_token: String,
    /// Its place among others.
    pub number: u64,
    /// How long until it expires,
    pub expires_in: Duration,
    /// until callers wait for the next one,
    pub usable_for: Duration,
    /// and until it is renewed.
    pub renewed_in: Duration,
}

/// What whoever has the secret can put into the store: any text, under a valid tag.
#[must_use]
pub fn seal_record(is_note: bool, text: &[u8]) -> Option<Vec<u8>> {
    let place = place();
    let (kind, name) =
        if is_note { (NOTE, &place.names.note) } else { (TOKEN, &place.names.token) };
    sealed(&mut text.to_vec(), kind, [7; 16], &place.keys, name)
}

/// What ends a flight that finds these bytes, if anything does.
pub fn read_records(
    token: Option<Vec<u8>>,
    note: Option<Vec<u8>>,
) -> Option<Result<Adopted, Error>> {
    let at = Moment { monotonic: NOW_MS * 1_000_000, wall: NOW_MS * 1_000_000 };
    let now = Stamp { clock: CLOCK.to_owned(), at_ms: NOW_MS, wall_ms: NOW_MS };
    let reading = Reading {
        found: vec![Found { token, token_stays: None, note }],
        now,
        asked: at,
        answered: at,
    };
    let wanted = Wanted {
        scopes: &[],
        above: ABOVE,
        is_rejected: true,
        good_until: None,
        cool_down: Duration::ZERO,
        alone_at: &|| 0,
    };
    let counts = Counts::default();
    let outcome = Offer::new(reading, &[place()], &wanted, None, &counts).outcome(&counts)?;
    Some(outcome.map(|grant| {
        let (number, age, point) = grant.shared.map_or_else(Default::default, |shared| {
            (shared.number, shared.age, shared.refresh_at_age)
        });
        let windows = Windows::of_shared(at, age, grant.lifetime, None, point, 1.0);
        Adopted {
            access_token: grant.access_token.expose().to_owned(),
            number,
            expires_in: windows.expires_at.remaining(at),
            usable_for: windows.usable_until.remaining(at),
            renewed_in: windows.refresh_at.remaining(at),
        }
    }))
}

fn place() -> Place {
    let keys = Keys::new(b"a client secret");
    let names = Names { token: keys.name(b"token"), note: keys.name(b"note") };
    Place { keys, names, fingerprint: 1, is_of_secret: true }
}
