//! How long a server wants to be left alone, from the headers that say so.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The longest that is reported: a quota's day. Whatever asks for more is a mistake or a misreading.
const LONGEST: Duration = Duration::from_secs(86_400);
/// Moments in seconds since 1970 lie between these until the year 5138. What is below is the seconds
/// that are left, what is above is milliseconds.
const MOMENTS: std::ops::Range<u64> = 1_000_000_000..100_000_000_000;

/// The headers of a response that tell when to ask again.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Headers<'a> {
    /// `Retry-After`, in seconds or as a date (RFC 9110, 10.2.3).
    pub(crate) retry_after: Option<&'a str>,
    /// `X-RateLimit-Reset`, in seconds or milliseconds since 1970, or in seconds from now.
    pub(crate) rate_limit_reset: Option<&'a str>,
    /// `Date`: the server's own clock, by which it named a moment.
    pub(crate) date: Option<&'a str>,
}

impl Headers<'_> {
    /// How long to wait, a day at most; `now` is the wall clock, for servers that do not tell theirs.
    pub(crate) fn wait(&self, now: SystemTime) -> Option<Duration> {
        let now = self.date.and_then(date).unwrap_or(now);
        let until = |when: SystemTime| when.duration_since(now).unwrap_or_default();
        let after = self.retry_after.map(str::trim).and_then(|text| {
            let seconds = digits(text).map(Duration::from_secs);
            seconds.or_else(|| date(text).map(until))
        });
        let wait = after.or_else(|| {
            let reset = digits(self.rate_limit_reset?.trim())?;
            let moment = if reset < MOMENTS.start {
                return Some(Duration::from_secs(reset));
            } else if reset < MOMENTS.end {
                Duration::from_secs(reset)
            } else {
                Duration::from_millis(reset)
            };
            UNIX_EPOCH.checked_add(moment).map(until)
        })?;
        Some(wait.min(LONGEST))
    }
}

fn date(text: &str) -> Option<SystemTime> {
    httpdate::parse_http_date(text.trim()).ok()
}

/// A number written with digits alone; the largest there is for one that does not fit.
pub(crate) fn digits(text: &str) -> Option<u64> {
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    Some(text.parse().unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NOW: u64 = 1_800_000_000;

    fn wait(headers: Headers<'_>) -> Option<u64> {
        let now = UNIX_EPOCH + Duration::from_secs(NOW);
        headers.wait(now).map(|wait| wait.as_secs())
    }

    fn http_date(seconds: u64) -> String {
        httpdate::fmt_http_date(UNIX_EPOCH + Duration::from_secs(seconds))
    }

    #[test]
    fn a_reset_is_a_moment_in_seconds_or_milliseconds_or_what_is_left() {
        for (reset, seconds) in [
            ("1800000030", 30),
            ("1800000030000", 30),
            ("1799999999", 0),
            ("60", 60),
            ("0", 0),
            ("99999999999999999999999", 86_400),
        ] {
            let headers = Headers { rate_limit_reset: Some(reset), ..Headers::default() };
            assert_eq!(wait(headers), Some(seconds), "{reset}");
        }
    }

    proptest! {
        #[test]
        fn a_date_is_measured_by_the_clock_that_it_came_from(skew in 0..600_u64, ahead: bool, left in 0..3_600_u64) {
            let theirs = if ahead { NOW + skew } else { NOW - skew };
            let (date, until) = (http_date(theirs), http_date(theirs + left));
            let headers = Headers { retry_after: Some(&until), date: Some(&date), ..Headers::default() };
            prop_assert_eq!(wait(headers), Some(left));
            // A server that does not tell its time is believed to have ours.
            let headers = Headers { retry_after: Some(&until), ..Headers::default() };
            prop_assert_eq!(wait(headers), Some((theirs + left).saturating_sub(NOW)));
        }

        #[test]
        fn nothing_is_longer_than_a_day(after in ".*", reset in "[0-9]{0,30}", date in ".*") {
            let headers = Headers {
                retry_after: Some(&after),
                rate_limit_reset: Some(&reset),
                date: Some(&date),
            };
            prop_assert!(wait(headers).is_none_or(|seconds| seconds <= 86_400));
        }
    }
}
