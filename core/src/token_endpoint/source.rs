//! The seam through which tokens come: over HTTP in the product, scripted in tests.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

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
    /// from then, and not from when a provider began to look for the credentials.
    pub(crate) sent: Option<Moment>,
}

pub(crate) type Fetch<'a> = Pin<Box<dyn Future<Output = Result<Grant, Error>> + Send + 'a>>;

pub(crate) type CredentialsChanged<'a> = Pin<Box<dyn Future<Output = bool> + Send + 'a>>;

pub(crate) trait TokenSource: Send + Sync {
    /// Asks for a token with these scopes once. Bounded in time; never retries on its own.
    fn fetch<'a>(&'a self, scopes: &'a [String]) -> Fetch<'a>;

    /// Whether the credentials have changed since the server refused them, if that is what the
    /// failure says.
    fn credentials_changed<'a>(&'a self, _failure: &'a Error) -> CredentialsChanged<'a> {
        Box::pin(std::future::ready(false))
    }

    /// Closes connections. Nothing is fetched any more.
    fn close(&self) {}
}
