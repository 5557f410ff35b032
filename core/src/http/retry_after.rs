//! How long a server wants to be left alone, from the headers that say so.

use std::time::{Duration, SystemTime};

/// `Retry-After` in seconds or as a date (RFC 9110, 10.2.3), else `X-RateLimit-Reset` in seconds
/// since 1970. `now` is the wall clock.
pub(crate) fn retry_after(
    retry_after: Option<&str>,
    rate_limit_reset: Option<&str>,
    now: SystemTime,
) -> Option<Duration> {
    let until = |when: SystemTime| when.duration_since(now).unwrap_or_default();
    let after = retry_after.map(str::trim).and_then(|text| {
        let seconds = digits(text).map(Duration::from_secs);
        seconds.or_else(|| httpdate::parse_http_date(text).ok().map(until))
    });
    after.or_else(|| {
        let reset = digits(rate_limit_reset?.trim())?;
        SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(reset)).map(until)
    })
}

/// A number written with digits alone; the largest there is for one that does not fit.
pub(crate) fn digits(text: &str) -> Option<u64> {
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    Some(text.parse().unwrap_or(u64::MAX))
}
