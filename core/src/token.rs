//! An immutable snapshot of one token and its facts. The header value is built once, when the
//! token arrives, so that handing it out costs nothing.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

mod provider;
mod windows;

use crate::sys::clock::{Clock, Moment};
use crate::sys::secret::Secret;

pub(crate) use provider::by_hand;
pub use provider::{StaticToken, TokenFuture, TokenProvider};
pub(crate) use windows::Windows;

const PREFIX: &str = "Bearer ";

static GENERATIONS: AtomicU64 = AtomicU64::new(1);

/// A partner token as the server issued it, with the times that follow from its lifetime. It is
/// shared as `Arc<Token>`; its `Debug` shows the facts and never the value.
pub struct Token {
    header: Secret,
    scopes: Vec<String>,
    generation: u64,
    /// Its place among the tokens of all processes that share it; 0 for one that is not shared.
    number: u64,
    windows: Windows,
    clock: Clock,
    /// When it arrived, by the monotonic clock.
    issued_at: u64,
    /// When the latest request was sent that the API accepted with it, by the monotonic clock.
    accepted_at: AtomicU64,
}

impl Token {
    pub(crate) fn new(value: &Secret, scopes: Vec<String>, windows: Windows, clock: Clock) -> Self {
        let mut header = String::with_capacity(PREFIX.len() + value.expose().len());
        header.push_str(PREFIX);
        header.push_str(value.expose());
        Self {
            header: Secret::new(header),
            scopes,
            generation: GENERATIONS.fetch_add(1, Ordering::Relaxed),
            number: 0,
            windows,
            issued_at: clock.now().monotonic,
            clock,
            accepted_at: AtomicU64::new(0),
        }
    }

    /// The access token itself. It reaches the data of every hirer the partner works with: keep it
    /// on the backend.
    #[must_use]
    pub fn value(&self) -> &str {
        &self.header.expose()[PREFIX.len()..]
    }

    /// The whole value of the `Authorization` header: `Bearer …`.
    #[must_use]
    #[inline]
    pub fn authorization(&self) -> &str {
        self.header.expose()
    }

    /// When the token expires by the wall clock: the moment it was asked for plus the lifetime
    /// that the response gave it. It is renewed before that.
    #[must_use]
    pub fn expires_at(&self) -> SystemTime {
        self.windows.expires_at.system_time()
    }

    /// [`expires_at`](Self::expires_at) in milliseconds since 1970.
    #[must_use]
    pub fn expires_at_unix_ms(&self) -> u64 {
        self.windows.expires_at.wall / 1_000_000
    }

    /// How long until it expires, by whichever of the monotonic and the wall clock comes first;
    /// zero once it has.
    #[must_use]
    pub fn remaining(&self) -> Duration {
        self.windows.expires_at.remaining(self.clock.now())
    }

    /// The scopes granted, sorted: those the response named, or those asked for when it named none
    /// (RFC 6749, 5.1). Empty for the SEEK API, whose tokens have no scopes.
    #[must_use]
    pub fn scopes(&self) -> &[String] {
        &self.scopes
    }

    /// A number that no other token in this process has, never 0. For caches of what was made of
    /// the token, such as a header value in another language's string type.
    #[must_use]
    #[inline]
    pub fn generation(&self) -> u64 {
        self.generation
    }

    pub(crate) fn windows(&self) -> &Windows {
        &self.windows
    }

    /// The same token, shared under this number.
    pub(crate) fn numbered(self, number: u64) -> Self {
        Self { number, ..self }
    }

    pub(crate) fn number(&self) -> u64 {
        self.number
    }

    /// When the token arrived, by the monotonic clock.
    pub(crate) fn issued_at(&self) -> u64 {
        self.issued_at
    }

    /// Records that the API accepted the token with a request sent at `sent`.
    pub(crate) fn record_accepted(&self, sent: Moment) {
        self.accepted_at.fetch_max(sent.monotonic, Ordering::Relaxed);
    }

    /// Whether the API accepted the token with any request.
    pub(crate) fn was_accepted(&self) -> bool {
        self.accepted_at.load(Ordering::Relaxed) > 0
    }

    /// Whether the API accepted the token with a request sent after `sent`.
    pub(crate) fn was_accepted_after(&self, sent: Moment) -> bool {
        self.accepted_at.load(Ordering::Relaxed) > sent.monotonic
    }

    /// Whether `value` is this token, bare or as the whole header value.
    pub(crate) fn is(&self, value: &str) -> bool {
        value == self.value() || value == self.authorization()
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Token")
            .field("value", &self.header)
            .field("scopes", &self.scopes)
            .field("expires_at_unix_ms", &self.expires_at_unix_ms())
            .finish_non_exhaustive()
    }
}
