//! The tokens in circulation: issued, aged by the sandbox's clock, revoked and checked.
//! What a token is worth at an endpoint is that endpoint's business.

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

/// What the values of SEEK API tokens start with.
pub(crate) const SEEK_API: &str = "sandbox-seek-api-";
/// What those of browser tokens start with.
pub(crate) const BROWSER: &str = "sandbox-browser-";
/// What those of SEEK Pass start with: shaped like the real ones, JWTs, but none, for clients have no business reading them.
pub(crate) const SEEK_PASS: &str = "eyJhbGciOiJIUzUxMiJ9.sandbox-seek-pass.";
/// All of them.
pub(crate) const PREFIXES: [&str; 3] = [SEEK_API, BROWSER, SEEK_PASS];
/// The length of the random rest, in hexadecimal digits.
pub(crate) const VALUE_LENGTH: usize = 32;

/// What a token was issued for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Grant {
    /// A SEEK API token's audience.
    Audience(String),
    /// A SEEK Pass token's scopes.
    Scopes(BTreeSet<String>),
    /// What a browser token is bound to.
    Browser { audience: String, hirer_id: String, scopes: BTreeSet<String>, user_id: String },
}

/// A token that was issued.
#[derive(Clone, Debug)]
pub(crate) struct Issued {
    pub(crate) client_id: String,
    pub(crate) grant: Grant,
    /// Its place among the tokens issued, from 1.
    pub(crate) number: usize,
    /// `None`: beyond what the clock can count to.
    expires_at: Option<Duration>,
    revoked: bool,
}

/// Why a token is not good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rejected {
    Missing,
    Unknown,
    Expired,
    Revoked,
}

/// The store.
#[derive(Debug, Default)]
pub(crate) struct Tokens {
    issued: HashMap<String, Issued>,
    latest: HashMap<(String, Grant), String>,
}

impl Tokens {
    /// Issues a token with a new value that starts with `prefix`.
    pub(crate) fn issue(
        &mut self,
        prefix: &str,
        client_id: &str,
        grant: Grant,
        now: Duration,
        lifetime_s: i64,
    ) -> String {
        let value = format!("{prefix}{:016x}{:016x}", fastrand::u64(..), fastrand::u64(..));
        let lifetime = Duration::from_secs(u64::try_from(lifetime_s).unwrap_or(0));
        let issued = Issued {
            client_id: client_id.to_owned(),
            grant: grant.clone(),
            number: self.issued.len() + 1,
            expires_at: now.checked_add(lifetime),
            revoked: false,
        };
        self.latest.insert((client_id.to_owned(), grant), value.clone());
        self.issued.insert(value.clone(), issued);
        value
    }

    /// The token issued last for that client and grant, if it is still good, and the seconds it has left, rounded.
    pub(crate) fn reusable(
        &self,
        client_id: &str,
        grant: &Grant,
        now: Duration,
    ) -> Option<(String, i64)> {
        let value = self.latest.get(&(client_id.to_owned(), grant.clone()))?;
        let issued = self.check(Some(value), now).ok()?;
        let seconds = match issued.expires_at {
            Some(end) => {
                let left = end.saturating_sub(now) + Duration::from_millis(500);
                i64::try_from(left.as_secs()).unwrap_or(i64::MAX)
            }
            None => i64::MAX,
        };
        Some((value.clone(), seconds))
    }

    /// Revokes the token issued last for that client and grant.
    pub(crate) fn revoke_latest(&mut self, client_id: &str, grant: &Grant) {
        if let Some(value) = self.latest.get(&(client_id.to_owned(), grant.clone()))
            && let Some(issued) = self.issued.get_mut(value)
        {
            issued.revoked = true;
        }
    }

    /// Revokes one token; false if it is unknown.
    pub(crate) fn revoke(&mut self, value: &str) -> bool {
        match self.issued.get_mut(value) {
            Some(issued) => {
                issued.revoked = true;
                true
            }
            None => false,
        }
    }

    /// The place of a token among those issued.
    pub(crate) fn number(&self, value: &str) -> Option<usize> {
        self.issued.get(value).map(|issued| issued.number)
    }

    /// The token of that value if it is good.
    pub(crate) fn check(&self, value: Option<&str>, now: Duration) -> Result<&Issued, Rejected> {
        let value = value.ok_or(Rejected::Missing)?;
        let issued = self.issued.get(value).ok_or(Rejected::Unknown)?;
        if issued.revoked {
            Err(Rejected::Revoked)
        } else if issued.expires_at.is_some_and(|end| now >= end) {
            Err(Rejected::Expired)
        } else {
            Ok(issued)
        }
    }
}
