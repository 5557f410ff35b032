//! What readers without the lock get, by the system's own clocks.

use std::sync::Arc;
use std::time::Duration;

use crate::cache::key::Key;
use crate::cache::slot::Slot;
use crate::config::{Config, ResolvedConfig};
use crate::sys::clock::Clock;
use crate::sys::secret::Secret;
use crate::token::{Token, Windows};

/// The coarse clock lags by a tick, and must not lend a token for as long.
#[test]
fn nothing_is_lent_after_its_expiry() {
    let config =
        Config::oauth("http://127.0.0.1/token").credentials("id", "secret").user_agent("Test/1");
    let (config, scopes) = ResolvedConfig::new(&config).unwrap();
    let key = Key::new(&config, scopes);
    let clock = Clock::System;
    let mut lent = 0_u32;
    for _ in 0..50 {
        let slot = Slot::new(key.clone());
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
