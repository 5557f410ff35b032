//! What a client did so far, as C reads it.

use std::ffi::CString;
use std::mem::MaybeUninit;
use std::time::{Duration, SystemTime};

use seekauth_core::{ErrorKind, Stats as Snapshot, TokenStats};

use crate::client::Client;
use crate::error::{Error, SEEKAUTH_OK, c_string, catch_error};
use crate::panic::catch_panic;
use crate::pointer::{Text, required};

/// What a client did so far in this process and how its tokens stand, as it was when it was asked for. The
/// receiver frees it with seekauth_stats_free. It never changes, so any number of threads may read it at
/// once, and it outlives its client.
#[derive(Debug)]
pub struct Stats {
    snapshot: Snapshot,
    tokens: Vec<TokenTexts>,
}

#[derive(Debug)]
struct TokenTexts {
    scopes: CString,
    state: CString,
}

impl Stats {
    fn new(snapshot: Snapshot) -> Self {
        let tokens = snapshot.tokens.iter().map(|token| TokenTexts {
            scopes: c_string(&token.scopes.join(" ")),
            state: c_string(token.state.name()),
        });
        Self { tokens: tokens.collect(), snapshot }
    }
}

fn token(stats: Option<&Stats>, index: usize) -> Option<&TokenStats> {
    stats.and_then(|stats| stats.snapshot.tokens.get(index))
}

fn texts(stats: Option<&Stats>, index: usize) -> Option<&TokenTexts> {
    stats.and_then(|stats| stats.tokens.get(index))
}

/// -1 for a time that there is not.
fn milliseconds(time: Option<Duration>) -> i64 {
    time.map_or(-1, |time| i64::try_from(time.as_millis()).unwrap_or(i64::MAX))
}

/// What `client`, and the clients that share with it (see seekauth_client_with_scopes), did so far in this
/// process, and how their tokens stand. Never waits, and also tells of a client that was closed.
#[unsafe(no_mangle)]
#[must_use]
pub extern "C" fn seekauth_client_stats(
    client: Option<&Client>,
    out: Option<&mut MaybeUninit<Option<Box<Stats>>>>,
) -> Option<Box<Error>> {
    catch_error(|| {
        let client = required("client", client)?;
        let out = required("out", out)?;
        out.write(Some(Box::new(Stats::new(client.inner().stats()))));
        Ok(())
    })
}

/// One count, by its name: token requests that ended with a token ("requests_succeeded"), tokens taken over
/// from the store ("tokens_adopted"), rejections of a token by the API ("rejections"), calls that got a token
/// although its renewal had failed ("stale_served"), calls that wait for a token now ("waiting") and at most
/// at any time ("waiting_max"), calls that had to wait ("waits"), and events that were lost because their
/// callback did not take them in time ("events_dropped"). 0 for another name, and for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn seekauth_stats_count(stats: Option<&Stats>, name: Text<'_>) -> u64 {
    catch_panic(0, || {
        let Some(stats) = stats else { return 0 };
        let name = name.read("name").ok().flatten();
        let counts = stats.snapshot.counts();
        let named = counts.iter().find(|(given, _)| name == Some(*given));
        named.map_or(0, |(_, count)| *count)
    })
}

/// How many milliseconds calls waited for a token, all together; 0 for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn seekauth_stats_waited_ms(stats: Option<&Stats>) -> u64 {
    let waited = stats.map_or(0, |stats| stats.snapshot.waited.as_millis());
    u64::try_from(waited).unwrap_or(u64::MAX)
}

/// How many token requests failed with this code, such as SEEKAUTH_UNAVAILABLE; 0 for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn seekauth_stats_failures(stats: Option<&Stats>, code: i32) -> u64 {
    let mut failed = stats.into_iter().flat_map(|stats| &stats.snapshot.requests_failed);
    failed.find(|(kind, _)| kind.code() == code).map_or(0, |(_, count)| *count)
}

/// With how many different codes token requests failed; 0 for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn seekauth_stats_failure_count(stats: Option<&Stats>) -> usize {
    stats.map_or(0, |stats| stats.snapshot.requests_failed.len())
}

/// The code with this index, counted from 0, among those that token requests failed with; SEEKAUTH_OK past
/// the last one and for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn seekauth_stats_failure_code(stats: Option<&Stats>, index: usize) -> i32 {
    let failed = stats.and_then(|stats| stats.snapshot.requests_failed.get(index));
    failed.map_or(SEEKAUTH_OK, |(kind, _)| kind.code())
}

/// How many tokens there are, one for each set of scopes that was asked for; 0 for NULL, and once the client
/// was closed.
#[unsafe(no_mangle)]
pub extern "C" fn seekauth_stats_token_count(stats: Option<&Stats>) -> usize {
    stats.map_or(0, |stats| stats.tokens.len())
}

/// The scopes that are asked for with the token with this index, counted from 0, separated by spaces; ""
/// for none. NULL past the last one and for NULL. The stats own the text.
#[unsafe(no_mangle)]
pub extern "C" fn seekauth_stats_token_scopes(stats: Option<&Stats>, index: usize) -> Text<'_> {
    Text::as_c(texts(stats, index).map(|token| token.scopes.as_c_str()))
}

/// What the token with this index, counted from 0, is good for: "none" (there is none yet), "fresh", "ahead"
/// (it is renewed in the background), "margin" (calls wait for the next one), "expired", or "rejected" by the
/// API. NULL past the last one and for NULL. The stats own the text.
#[unsafe(no_mangle)]
pub extern "C" fn seekauth_stats_token_state(stats: Option<&Stats>, index: usize) -> Text<'_> {
    Text::as_c(texts(stats, index).map(|token| token.state.as_c_str()))
}

/// How many milliseconds are left of the life of the token with this index, counted from 0; -1 without a
/// token, past the last one and for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn seekauth_stats_token_remaining_ms(stats: Option<&Stats>, index: usize) -> i64 {
    milliseconds(token(stats, index).and_then(|token| token.remaining))
}

/// When the token with this index, counted from 0, arrived, in milliseconds since 1970-01-01 00:00 UTC; -1
/// without a token, past the last one and for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn seekauth_stats_token_obtained_at_ms(stats: Option<&Stats>, index: usize) -> i64 {
    let at = token(stats, index).and_then(|token| token.obtained_at);
    milliseconds(at.and_then(|at| at.duration_since(SystemTime::UNIX_EPOCH).ok()))
}

/// Whether the token with this index, counted from 0, is being asked for; false past the last one and for
/// NULL.
#[unsafe(no_mangle)]
pub extern "C" fn seekauth_stats_token_requesting(stats: Option<&Stats>, index: usize) -> bool {
    token(stats, index).is_some_and(|token| token.is_requesting)
}

/// The code that the last request for the token with this index, counted from 0, failed with; SEEKAUTH_OK if
/// it did not, past the last one and for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn seekauth_stats_token_last_failure(stats: Option<&Stats>, index: usize) -> i32 {
    let failure = token(stats, index).and_then(|token| token.last_failure);
    failure.map_or(SEEKAUTH_OK, ErrorKind::code)
}

/// Frees the stats and every text they own. NULL is accepted.
#[unsafe(no_mangle)]
pub extern "C" fn seekauth_stats_free(stats: Option<Box<Stats>>) {
    catch_panic((), || drop(stats));
}
