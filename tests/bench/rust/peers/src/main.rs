//! Measures one thing of one of seekauth's peers in Rust and prints it as a line of JSON.
//!
//! ```text
//! bench-peers hot LIBRARY PLACE ROUNDS      nanoseconds of a cached value and of Instant::now()
//! bench-peers burst LIBRARY PLACE CALLERS   how long the slowest of so many tasks waited on an empty cache
//! bench-peers left LIBRARY PLACE SECONDS    the same for 50 tasks, with a token of which so many seconds have gone by
//! bench-peers short LIBRARY PLACE CALLS     so many calls in a row
//! ```

mod library;

use std::hint::black_box;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use library::Library;
use rustix::time::{ClockId, clock_gettime};

type Problem = Box<dyn std::error::Error + Send + Sync>;

const CALLS: u32 = 50_000;

#[tokio::main]
async fn main() -> ExitCode {
    match run().await {
        Ok(result) => {
            println!("{result}");
            // Connections that are open and tasks that wait are not measured.
            std::process::exit(0)
        }
        Err(problem) => {
            eprintln!("{problem:?}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<String, Problem> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [scenario, library, place, number] = arguments.as_slice() else {
        return Err("usage: bench-peers SCENARIO LIBRARY PLACE NUMBER".into());
    };
    // Whoever installed one before did the same.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let number = number.parse::<u32>()?;
    let library = Arc::new(Library::named(library, place)?);
    match scenario.as_str() {
        "hot" => hot(&library, number).await,
        "burst" => burst(&library, number).await,
        "left" => {
            library.ask().await?;
            move_clocks(number)?;
            burst(&library, 50).await
        }
        "short" => {
            for _ in 0..number {
                library.ask().await?;
            }
            Ok(format!("{{\"calls\": {number}}}"))
        }
        _ => Err(format!("no scenario {scenario}").into()),
    }
}

async fn hot(library: &Library, rounds: u32) -> Result<String, Problem> {
    library.ask().await?;
    let (mut cached, mut instant) = (Vec::new(), Vec::new());
    for _ in 0..=rounds {
        let began = own_time();
        for _ in 0..CALLS {
            library.ask().await?;
        }
        cached.push(per_call(began));
        let began = own_time();
        for _ in 0..CALLS {
            black_box(Instant::now());
        }
        instant.push(per_call(began));
    }
    // The first round warms up.
    Ok(format!("{{\"library\": {:.2?}, \"instant\": {:.2?}}}", &cached[1..], &instant[1..]))
}

async fn burst(library: &Arc<Library>, callers: u32) -> Result<String, Problem> {
    let tasks: Vec<_> = (0..callers)
        .map(|_| {
            let library = Arc::clone(library);
            tokio::spawn(async move {
                let began = Instant::now();
                let outcome = library.ask().await;
                (began.elapsed().as_secs_f64() * 1e3, outcome.is_ok())
            })
        })
        .collect();
    let (mut waited, mut failed, mut blocked) = (0.0_f64, 0, 0);
    for task in tasks {
        let (each, succeeded) = task.await?;
        waited = waited.max(each);
        failed += u32::from(!succeeded);
        blocked += u32::from(each > 200.0);
    }
    Ok(format!("{{\"longest_ms\": {waited:.3}, \"failed\": {failed}, \"blocked\": {blocked}}}"))
}

/// Processor time of this thread: what a call costs that does not wait, however busy the machine is.
fn own_time() -> Duration {
    Duration::try_from(clock_gettime(ClockId::ThreadCPUTime)).unwrap_or_default()
}

/// Nanoseconds of each of [`CALLS`] calls.
fn per_call(began: Duration) -> f64 {
    (own_time() - began).as_secs_f64() * 1e9 / f64::from(CALLS)
}

/// Makes this process's clocks go ahead; see `later.c`.
fn move_clocks(seconds: u32) -> Result<(), Problem> {
    let mut ahead = [0_u8; 16];
    ahead[..8].copy_from_slice(&u64::from(seconds).to_ne_bytes());
    let mut file = std::fs::OpenOptions::new().write(true).open(std::env::var("LATER")?)?;
    Ok(std::io::Write::write_all(&mut file, &ahead)?)
}
