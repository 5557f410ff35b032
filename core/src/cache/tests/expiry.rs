//! What readers without the lock get, by the system's own clocks.

use std::sync::Arc;
use std::time::Duration;

use crate::cache::key::Key;
use crate::cache::rejection::Rejection;
use crate::cache::slot::Slot;
use crate::config::{Config, ResolvedConfig};
use crate::sys::clock::Clock;
use crate::sys::secret::Secret;
use crate::token::{Token, Windows};

fn key() -> Key {
    let config =
        Config::oauth("http://127.0.0.1/token").credentials("id", "secret").user_agent("Test/1");
    let (config, scopes) = ResolvedConfig::new(&config).unwrap();
    Key::new(&config, scopes)
}

/// Whoever has nothing to go back to must not be told that it is not renewed again so soon.
#[test]
fn a_rejected_token_counts_as_rejected_until_it_ends() {
    let (slot, issued) = (Slot::new(key(), true), Clock::System.now());
    let windows = Windows::new(issued, Duration::from_secs(10), None, 0.0);
    let token = Token::new(&Secret::new("token"), Vec::new(), windows, Clock::System);
    slot.store(Arc::new(token.numbered(1)), issued);
    let rejected = issued.plus(Duration::from_secs(3));
    assert!(matches!(slot.reject("token", rejected, rejected), Rejection::SetAside));
    let is_rejected = |now| slot.wanted(&|| u64::MAX, now).is_rejected;
    assert!(is_rejected(rejected));
    assert!(!is_rejected(windows.expires_at));
}

/// The coarse clock lags by a tick, and must not lend a token for as long.
#[test]
fn nothing_is_lent_after_its_expiry() {
    let (key, clock) = (key(), Clock::System);
    let mut lent = 0_u32;
    for _ in 0..50 {
        let slot = Slot::new(key.clone(), true);
        let issued = clock.now();
        let windows = Windows::new(issued, Duration::from_millis(40), Some(Duration::ZERO), 0.9);
        let token = Token::new(&Secret::new("token"), Vec::new(), windows, clock.clone());
        let expires_at = windows.expires_at;
        slot.store(Arc::new(token), issued);
        while !expires_at.reached(clock.now()) {
            lent += u32::from(slot.with_fresh(&clock, |_| ()).is_some());
        }
        assert!(slot.with_fresh(&clock, |_| ()).is_none(), "lent after its expiry");
    }
    assert!(lent > 0, "the token was lent at all");
}
