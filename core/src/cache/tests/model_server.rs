//! A token server that a test plays, as the source of clients that share asks it: step by step, with one
//! secret that never changes.

use std::future::ready;

use crate::credentials::Credentials;
use crate::sys::secret::Secret;
use crate::token_endpoint::source::{Asking, Fetch, Granting, Issuer, TokenSource, Wanted};

pub(super) trait ModelServer: Send + Sync {
    /// What it says to a request with these credentials.
    fn respond(&self, credentials: Credentials) -> Granting<'_>;
}

impl<T: ModelServer> TokenSource for T {
    fn fetch<'a>(&'a self, _wanted: Wanted<'a>) -> Fetch<'a> {
        unreachable!("a shared source asks step by step")
    }
}

impl<T: ModelServer> Issuer for T {
    fn credentials(&self) -> Asking<'_> {
        Box::pin(ready(Ok(Credentials::new("id", "secret"))))
    }

    fn grant<'a>(&'a self, credentials: Credentials, _scopes: &'a [String]) -> Granting<'a> {
        self.respond(credentials)
    }

    fn worked_last(&self, _fingerprint: u64) -> bool {
        false
    }

    fn note_token(&self, _token: &Secret) {}
}
