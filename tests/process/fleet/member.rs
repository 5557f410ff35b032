//! One process of a fleet that shares a token: asks for it every `interval` milliseconds, for `seconds`.
//! The settings come from the environment. Prints one line of JSON at its end: calls, errors, the longest
//! and the first call in milliseconds, and how the store fared.

use std::env;
use std::error::Error;
use std::thread;
use std::time::{Duration, Instant};

use seekauth::Config;
use seekauth::blocking::Client;

fn main() -> Result<(), Box<dyn Error>> {
    let number = |at| {
        env::args()
            .nth(at)
            .ok_or("usage: member SECONDS INTERVAL_MS")?
            .parse::<f64>()
            .map_err(Box::<dyn Error>::from)
    };
    let (seconds, interval) =
        (Duration::from_secs_f64(number(1)?), Duration::from_secs_f64(number(2)? / 1e3));
    let client = Client::new(Config::from_env()?)?;
    let began = Instant::now();
    let (mut calls, mut first, mut longest) = (0_u32, None, Duration::ZERO);
    let mut errors = Vec::new();
    while began.elapsed() < seconds {
        let asked = Instant::now();
        if let Err(error) = client.get_token(None) {
            errors.push(error.to_string());
        }
        let took = asked.elapsed();
        first.get_or_insert(took);
        longest = longest.max(took);
        calls += 1;
        thread::sleep(interval.saturating_sub(took));
    }
    let ms = |span: Duration| span.as_secs_f64() * 1e3;
    let status = client.store_status();
    println!(
        r#"{{"calls":{calls},"errors":{errors:?},"first_ms":{:.3},"longest_ms":{:.3},"reads":{},"adopted":{},"claimed":{},"waited":{},"published":{},"alone":{},"unreadable":{},"failures":{},"problem":{:?}}}"#,
        ms(first.unwrap_or_default()),
        ms(longest),
        status.reads,
        status.adopted,
        status.claimed,
        status.waited,
        status.published,
        status.alone,
        status.unreadable,
        status.failures,
        status.last_problem.unwrap_or_default(),
    );
    Ok(())
}
