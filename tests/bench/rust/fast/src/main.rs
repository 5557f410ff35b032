//! Measures one thing of the Rust library and prints it as a line of JSON.
//!
//! ```text
//! bench-fast hot PLACE ROUNDS       nanoseconds of a cached value, lent and owned, and of Instant::now()
//! bench-fast threads PLACE COUNT    of a lent value in each of so many threads at once
//! bench-fast keys PLACE COUNT       of a lent value over so many handles; bytes of memory that each key has
//! bench-fast clients PLACE COUNT    bytes of memory of a client that was never asked for anything
//! bench-fast burst PLACE CALLERS    how long the slowest of so many tasks waited on an empty cache
//! bench-fast left PLACE SECONDS     the same for 50 tasks, with a token of which so many seconds have gone by
//! bench-fast short PLACE CALLS      so many calls in a row
//! bench-fast refresh PLACE NUMBER   microseconds of a renewal, of reqwest and of a socket
//! bench-fast count PLACE CALLS      only lends the value so often, for a program that counts instructions
//! ```

mod refresh;
mod scale;

use std::fmt::Display;
use std::hint::black_box;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};
use seekauth::{Client, Config};
use tokio::runtime::Builder;

type Problem = Box<dyn std::error::Error + Send + Sync>;

const CALLS: u32 = 200_000;

fn main() -> ExitCode {
    // A renewal is measured without a second thread, which would cost as much as the request.
    let mut runtime = match std::env::args().nth(1).as_deref() {
        Some("refresh") => Builder::new_current_thread(),
        _ => Builder::new_multi_thread(),
    };
    match runtime.enable_all().build().map_err(Problem::from).and_then(|it| it.block_on(run())) {
        Ok(result) => {
            println!("{result}");
            // Connections that are open and tasks that wait are not measured.
            std::process::exit(0)
        }
        Err(problem) => {
            eprintln!("{problem}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<String, Problem> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [scenario, place, number] = arguments.as_slice() else {
        return Err("usage: bench-fast SCENARIO PLACE NUMBER".into());
    };
    let (number, client) = (number.parse::<u32>()?, client_at(place)?);
    match scenario.as_str() {
        "hot" => hot(&client, number).await,
        "threads" => scale::threads(&client, number).await,
        "keys" => scale::keys(&client, number).await,
        "clients" => scale::clients(place, number),
        "burst" => scale::burst(&client, number).await,
        "left" => scale::left(&client, number).await,
        "refresh" => refresh::refresh(&client, place, number).await,
        "short" => {
            for _ in 0..number {
                client.authorization().await?;
            }
            Ok(format!("{{\"calls\": {number}}}"))
        }
        "count" => {
            client.authorization().await?;
            for _ in 0..number {
                lend(&client);
            }
            Ok(format!("{{\"calls\": {number}}}"))
        }
        _ => Err(format!("no scenario {scenario}").into()),
    }
}

/// A client for a place of the token server.
fn client_at(place: &str) -> Result<Client, Problem> {
    let config = Config::oauth(format!("{}/{place}/token", std::env::var("BENCH_HTTP")?))
        .credentials("bench-client", "bench-secret")
        .user_agent("Bench/1.0");
    Ok(Client::new(config)?)
}

/// The cached value, lent.
fn lend(client: &Client) -> Option<()> {
    client.with_fresh(|token| {
        black_box(token.authorization());
    })
}

async fn hot(client: &Client, rounds: u32) -> Result<String, Problem> {
    client.authorization().await?;
    let (mut lent, mut owned, mut instant) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..=rounds {
        let began = own_time();
        for _ in 0..CALLS {
            lend(black_box(client)).ok_or("the token is not fresh")?;
        }
        lent.push(per_call(began, CALLS));
        let began = own_time();
        for _ in 0..CALLS {
            black_box(black_box(client).authorization().await?);
        }
        owned.push(per_call(began, CALLS));
        let began = own_time();
        for _ in 0..CALLS {
            black_box(Instant::now());
        }
        instant.push(per_call(began, CALLS));
    }
    // The first round warms up.
    Ok(format!(
        "{{\"lent\": {}, \"owned\": {}, \"instant\": {}}}",
        list(&lent[1..]),
        list(&owned[1..]),
        list(&instant[1..])
    ))
}

/// Processor time of this thread: what a call costs that does not wait, however busy the machine is.
fn own_time() -> Duration {
    Duration::try_from(clock_gettime(ClockId::ThreadCPUTime)).unwrap_or_default()
}

/// Nanoseconds of each of so many calls.
fn per_call(began: Duration, calls: u32) -> f64 {
    (own_time() - began).as_secs_f64() * 1e9 / f64::from(calls)
}

/// Numbers as JSON.
fn list<T: Display>(numbers: &[T]) -> String {
    let numbers: Vec<String> = numbers.iter().map(|number| format!("{number:.2}")).collect();
    format!("[{}]", numbers.join(", "))
}
