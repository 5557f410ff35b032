//! One process of a fleet that shares a token: asks for it every so many milliseconds, for so many seconds,
//! or with `graphql` sends an operation to the API each time. The settings come from the environment.
//! Prints a line when it begins, and at its end one of JSON: calls, errors, the first and the longest call
//! in milliseconds, and how the store fared.

use std::env;
use std::error::Error;
use std::thread;
use std::time::{Duration, Instant};

use seekauth::blocking::Client;
use seekauth::{Config, Graphql};

fn main() -> Result<(), Box<dyn Error>> {
    let number = |at: usize| -> Result<f64, Box<dyn Error>> {
        Ok(env::args().nth(at).ok_or("usage: member SECONDS INTERVAL_MS [graphql]")?.parse()?)
    };
    let seconds = Duration::from_secs_f64(number(1)?);
    let interval = Duration::from_secs_f64(number(2)? / 1e3);
    let sends = env::args().nth(3).is_some();
    let client = Client::new(Config::from_env()?)?;
    println!("began");
    let began = Instant::now();
    let (mut calls, mut first, mut longest) = (0_u32, None, Duration::ZERO);
    let mut errors = Vec::new();
    while began.elapsed() < seconds {
        let asked = Instant::now();
        if let Err(error) = call(&client, sends) {
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

/// What a worker does for each of its own requests.
fn call(client: &Client, sends: bool) -> Result<(), Box<dyn Error>> {
    if !sends {
        client.get_token(None)?;
        return Ok(());
    }
    let response = client.start_graphql(Graphql::new("{ self { partner { name } } }"))?.wait()?;
    match response.errors().first() {
        Some(error) => Err(format!("the API says {}", error.code().unwrap_or("no code")).into()),
        None => Ok(()),
    }
}
