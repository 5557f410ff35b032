//! The seam through which tokens come: over HTTP in the product, scripted in tests.

use std::future::Future;
use std::pin::Pin;

use crate::error::Error;
use crate::reply::Grant;

pub(crate) type Fetch<'a> = Pin<Box<dyn Future<Output = Result<Grant, Error>> + Send + 'a>>;

pub(crate) type Renewed<'a> = Pin<Box<dyn Future<Output = bool> + Send + 'a>>;

pub(crate) trait Source: Send + Sync {
    /// Asks for a token with these scopes once. Bounded in time; never retries on its own.
    fn fetch<'a>(&'a self, scopes: &'a [String]) -> Fetch<'a>;

    /// Whether the credentials have changed since the server refused them.
    fn renewed(&self) -> Renewed<'_> {
        Box::pin(std::future::ready(false))
    }

    /// Lets go of connections; nothing is fetched any more.
    fn close(&self) {}
}
