//! The seam to where records lie. A backend sees names and sealed bytes, never a token.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use crate::store::record::Stamp;
use crate::sys::clock::Moment;

/// Why the store could not be used, in one line without a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Trouble(pub(crate) String);

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

pub(crate) type Step<'a, T> = Pin<Box<dyn Future<Output = Result<T, Trouble>> + Send + 'a>>;

/// The names in one place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Names {
    /// Of the token, and of the right to ask for it,
    pub(crate) token: String,
    /// and of what is noted about the place's secret.
    pub(crate) note: String,
}

/// What lies in one place.
#[derive(Debug, Default, Clone)]
pub(crate) struct Found {
    pub(crate) token: Option<Vec<u8>>,
    /// How much longer the token stays there, where the store tells.
    pub(crate) token_stays: Option<Duration>,
    pub(crate) note: Option<Vec<u8>>,
}

/// What lies in several places, and what time it is there.
#[derive(Debug)]
pub(crate) struct Reading {
    pub(crate) found: Vec<Found>,
    /// The time by the store's clock.
    pub(crate) now: Stamp,
    /// By this process's it was no earlier than this,
    pub(crate) asked: Moment,
    /// and no later than this.
    pub(crate) answered: Moment,
}

/// What came of asking for the lease.
#[derive(Debug)]
pub(crate) enum Claim {
    /// Somebody has it.
    Taken,
    /// This process has it. And what lies there now, if that could be told: somebody may have published just
    /// before giving it back.
    Won(Option<Reading>),
}

/// Where records lie.
pub(crate) trait Backend: Send + Sync {
    /// Its kind, as settings name it.
    fn kind(&self) -> &'static str;

    /// What the steps of one flight go through; nothing is opened before the first, which may take
    /// `first_step` if that is longer than what the others may.
    fn session(&self, first_step: Duration) -> Arc<dyn Session>;

    /// The time in which processes that are in no hurry come one after the other, of the `window` that they
    /// have.
    fn spread(&self, window: Duration) -> Duration;

    /// How long to wait before looking again whether somebody else has published.
    fn poll_interval(&self, looks: u32) -> Duration;
}

/// The steps of one flight. Each is bounded in time, and fails by itself: one that reads may work where one
/// that writes does not.
pub(crate) trait Session: Send + Sync {
    /// What lies in places with these names.
    fn read<'a>(&'a self, places: &'a [Names]) -> Step<'a, Reading>;

    /// Takes the lease of the first place, unless somebody has it, and reads all again.
    fn claim<'a>(&'a self, places: &'a [Names]) -> Step<'a, Claim>;

    /// How long a lease lasts that nobody extends; for ever where it ends with its process.
    fn lease_lasts(&self) -> Option<Duration>;

    /// Makes a lease last for that long again, and tells whether it was still there.
    fn extend<'a>(&'a self, place: &'a Names) -> Step<'a, bool>;

    /// Gives a lease back that this process took.
    fn release<'a>(&'a self, place: &'a Names) -> Step<'a, ()>;

    /// Puts a sealed token into a place, for `life`.
    fn publish<'a>(&'a self, place: &'a Names, token: Vec<u8>, life: Duration) -> Step<'a, ()>;

    /// Puts a sealed note into a place, for `life`.
    fn note<'a>(&'a self, place: &'a Names, note: Vec<u8>, life: Duration) -> Step<'a, ()>;
}
