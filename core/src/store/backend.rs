//! The seam to where records lie. A backend sees names and sealed bytes, never a token.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
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

/// What lies in one place.
#[derive(Debug, Default, Clone)]
pub(crate) struct Found {
    pub(crate) token: Option<Vec<u8>>,
    pub(crate) note: Option<Vec<u8>>,
}

/// What lies in several places, and what time it is there.
#[derive(Debug)]
pub(crate) struct Reading {
    pub(crate) found: Vec<Found>,
    /// The time by the store's clock,
    pub(crate) now: Stamp,
    /// and by this process's at the same moment, or a little before.
    pub(crate) at: Moment,
}

/// Where records lie. Every step is bounded in time, and fails by itself: one that reads may work where one
/// that writes does not.
pub(crate) trait Backend: Send + Sync {
    /// Its kind, as settings name it.
    fn kind(&self) -> &'static str;

    /// What lies in places with these names, of the token and of the note.
    fn read<'a>(&'a self, names: &'a [(String, String)]) -> Step<'a, Reading>;

    /// Takes the lease of a name, unless somebody has it.
    fn claim<'a>(&'a self, name: &'a str) -> Step<'a, bool>;

    /// Gives a lease back that this process took.
    fn release<'a>(&'a self, name: &'a str) -> Step<'a, ()>;

    /// Puts a sealed token under a name, for `life`.
    fn publish<'a>(&'a self, name: &'a str, token: Vec<u8>, life: Duration) -> Step<'a, ()>;

    /// Puts a sealed note under a name, for `life`.
    fn note<'a>(&'a self, name: &'a str, note: Vec<u8>, life: Duration) -> Step<'a, ()>;

    /// How long to wait before looking again whether somebody else has published.
    fn poll_interval(&self, looks: u32) -> Duration;
}
