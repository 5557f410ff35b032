//! The seam through which tokens come: over HTTP in the product, scripted in tests.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use crate::credentials::Credentials;
use crate::error::Error;
use crate::sys::clock::Moment;
use crate::sys::secret::Secret;

/// A token as granted. A zero lifetime is possible: a server that hands out one token again and
/// again counts its life down to nothing.
pub(crate) struct Grant {
    pub(crate) access_token: Secret,
    pub(crate) lifetime: Duration,
    pub(crate) scopes: Vec<String>,
    /// When its request was sent, if that was later than when the source was asked: its life counts
    /// from then, and not from when a provider began to look for the credentials. Of a token that
    /// another process asked for: when its age was read.
    pub(crate) sent: Option<Moment>,
    /// The fingerprint of the secret that the server accepted.
    pub(crate) accepted: u64,
    /// The HTTP status of the response that it came with.
    pub(crate) status: Option<u16>,
    /// What a token has that other processes use too.
    pub(crate) shared: Option<Shared>,
}

/// The place of a token among those of all processes that share it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shared {
    /// A token with a higher number was issued later.
    pub(crate) number: u64,
    /// Its age at the moment [`Grant::sent`].
    pub(crate) age: Duration,
    /// At which age all of them renew it.
    pub(crate) refresh_at_age: Duration,
}

impl Grant {
    /// A token that this process was granted.
    pub(crate) fn new(access_token: Secret, lifetime: Duration, scopes: Vec<String>) -> Self {
        Self { access_token, lifetime, scopes, sent: None, accepted: 0, status: None, shared: None }
    }
}

/// What a source gives.
pub(crate) enum Fetched {
    Grant(Grant),
    /// Nothing yet, and nobody is worse off if it is asked again at this moment.
    Postponed(Moment),
}

impl From<Grant> for Fetched {
    fn from(grant: Grant) -> Self {
        Self::Grant(grant)
    }
}

/// What a flight asks for, and what it knows.
pub(crate) struct Wanted<'a> {
    pub(crate) scopes: &'a [String],
    /// The number of the token that the slot has or had; only a higher one is of use.
    pub(crate) above: u64,
    /// Whether the API rejected that token.
    pub(crate) is_rejected: bool,
    /// If the token that the slot has is good enough to wait for its renewal: until when.
    pub(crate) good_until: Option<Moment>,
    /// How long a refusal of the secret will stand.
    pub(crate) cool_down: Duration,
    /// From when on the callers must not wait for another process, by the monotonic clock. Callers
    /// come and go, so it is read anew each time.
    pub(crate) alone_at: &'a (dyn Fn() -> u64 + Send + Sync),
}

pub(crate) type Granting<'a> = Pin<Box<dyn Future<Output = Result<Grant, Error>> + Send + 'a>>;

pub(crate) type Asking<'a> = Pin<Box<dyn Future<Output = Result<Credentials, Error>> + Send + 'a>>;

/// Whom tokens are asked of, step by step: first for the credentials to ask with.
pub(crate) trait Issuer: TokenSource {
    /// The credentials of the moment.
    fn credentials(&self) -> Asking<'_>;

    /// Asks for a token with them, and with newer ones if they are refused.
    fn grant<'a>(&'a self, credentials: Credentials, scopes: &'a [String]) -> Granting<'a>;

    /// Whether the secret with this fingerprint is the one that the server took last.
    fn worked_last(&self, fingerprint: u64) -> bool;

    /// Keeps a token that came by another way out of what is said from now on.
    fn note_token(&self, token: &Secret);
}

pub(crate) type Fetch<'a> = Pin<Box<dyn Future<Output = Result<Fetched, Error>> + Send + 'a>>;

pub(crate) type CredentialsChanged<'a> = Pin<Box<dyn Future<Output = bool> + Send + 'a>>;

pub(crate) trait TokenSource: Send + Sync {
    /// Asks for a token once. Bounded in time; never retries on its own.
    fn fetch<'a>(&'a self, wanted: Wanted<'a>) -> Fetch<'a>;

    /// Whether the credentials have changed since the server refused them, if that is what the
    /// failure says.
    fn credentials_changed<'a>(&'a self, _failure: &'a Error) -> CredentialsChanged<'a> {
        Box::pin(std::future::ready(false))
    }

    /// Closes connections. Nothing is fetched any more.
    fn close(&self) {}
}
