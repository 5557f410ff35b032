//! `Retry-After` and `X-RateLimit-Reset`: the wait is that of a second reading, which counts the
//! days of a date by itself, and never more than a day.
#![no_main]

use std::time::{Duration, SystemTime};

use libfuzzer_sys::fuzz_target;
use seekauth::fuzzing::wait;
use seekauth_fuzz::{head_and_body, header};

const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

const DAY: Duration = Duration::from_secs(86_400);

fuzz_target!(|data: &[u8]| {
    let (head, _) = head_and_body(data);
    let (after, reset) = (header(&head, "retry-after"), header(&head, "x-ratelimit-reset"));
    let clock = header(&head, "date");
    let now = header(&head, "now").and_then(|text| text.parse().ok()).unwrap_or(1_800_000_000_u32);
    let now = Duration::from_secs(now.into());
    let result =
        wait(after.as_deref(), reset.as_deref(), clock.as_deref(), SystemTime::UNIX_EPOCH + now);
    assert!(result.is_none_or(|wait| wait <= DAY), "more than a day");

    let after = after.as_deref().map(str::trim).unwrap_or_default();
    if let Some(seconds) = number(after) {
        assert_eq!(result, Some(Duration::from_secs(seconds).min(DAY)));
        return;
    }
    let clock = clock.as_deref().map(str::trim).unwrap_or_default();
    if is_nearly_a_date(clock) {
        return; // The core's own tests measure by the server's clock.
    }
    let until = |moment: Duration| moment.saturating_sub(now).min(DAY);
    let by_reset = reset.as_deref().map(str::trim).and_then(number).map(|reset| match reset {
        0..1_000_000_000 => Duration::from_secs(reset).min(DAY),
        1_000_000_000..100_000_000_000 => until(Duration::from_secs(reset)),
        _ => until(Duration::from_millis(reset)),
    });
    match date(after).map(Duration::from_secs).map(until) {
        // Something like a date may still not be one: a thirty-first of June, say.
        Some(by_date) => assert!(result == Some(by_date) || result == by_reset, "{head}"),
        // The parser finds the parts of older forms by their places, whatever stands in between.
        None if is_nearly_a_date(after) => {}
        None => assert_eq!(result, by_reset, "{head}"),
    }
});

fn is_nearly_a_date(text: &str) -> bool {
    MONTHS.iter().any(|month| text.contains(month)) && text.matches(':').count() >= 2
}

fn number(text: &str) -> Option<u64> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().unwrap_or(u64::MAX))
}

/// Seconds since 1970 of what has the words of a date in any of the three forms.
fn date(text: &str) -> Option<u64> {
    let words: Vec<&str> = text.split([' ', ',', '-']).filter(|word| !word.is_empty()).collect();
    let (day, month, year, time) = match *words.as_slice() {
        [_, month, day, time, year] if time.contains(':') => (day, month, year, time),
        [_, day, month, year, time, "GMT"] => (day, month, year, time),
        _ => return None,
    };
    let month = MONTHS.iter().position(|name| *name == month)?;
    let mut clock = time.split(':').map(|part| part.parse::<u64>().ok());
    let (hour, minute, second) = (clock.next()??, clock.next()??, clock.next()??);
    let year = match (year.len(), year.parse::<u64>().ok()?) {
        (2, year @ 0..70) => 2000 + year,
        (2, year) => 1900 + year,
        (_, year) => year,
    };
    let leap = |year: u64| {
        year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
    };
    let days_before = (1970..year.clamp(1970, 9999)).map(|year| 365 + u64::from(leap(year)));
    let february = 28 + u64::from(leap(year));
    let lengths = [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let days = days_before.sum::<u64>()
        + lengths[..month].iter().sum::<u64>()
        + day.parse::<u64>().ok()?.checked_sub(1)?;
    let seconds = hour.checked_mul(3600)?.checked_add(minute.checked_mul(60)?)?;
    (days.checked_mul(86_400)?).checked_add(seconds)?.checked_add(second)
}
