//! What a renewal costs more when somebody listens: medians of one run against a server that costs next to
//! nothing, on a connection that is kept open, turn and turn about. Runs the programs that are given as
//! arguments, which measure the same in their languages, and prints the table.
//!
//! ```text
//! seekauth-events NUMBER [PROGRAM ARGUMENT]...
//! ```

#[path = "../overhead/server.rs"]
mod server;

use std::env;
use std::error::Error;
use std::process::Command;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use seekauth::{Config, EventLevel, blocking};

type Outcome<T> = Result<T, Box<dyn Error>>;

/// Events of a renewal: the request, and its token.
const EVENTS: usize = 2;

fn client(token_url: &str) -> Outcome<blocking::Client> {
    let config = Config::oauth(token_url).credentials("id", "secret").user_agent("events/1.0");
    Ok(blocking::Client::new(config)?)
}

/// How long the token of scopes that nobody asked for before takes.
fn renewal(client: &blocking::Client, turn: usize) -> Outcome<Duration> {
    let handle = client.with_scopes([format!("s{turn}")])?;
    let began = Instant::now();
    handle.get_token(None)?;
    Ok(began.elapsed())
}

fn median(mut times: Vec<Duration>) -> f64 {
    times.sort_unstable();
    times[times.len() / 2].as_secs_f64() * 1e6
}

fn measure(token_url: &str, turns: usize) -> Outcome<()> {
    let (bare, heard) = (client(token_url)?, client(token_url)?);
    let (sender, events) = mpsc::channel();
    let _listening = heard.listen(EventLevel::Debug, move |batch| {
        let _ = batch.iter().try_for_each(|_| sender.send(()));
    });
    let (mut without, mut with) = (Vec::new(), Vec::new());
    for turn in 0..turns {
        for is_heard in [turn % 2 == 0, turn % 2 != 0] {
            if is_heard {
                with.push(renewal(&heard, turn)?);
                // What is told of one renewal is no part of the next.
                for _ in 0..EVENTS {
                    events.recv()?;
                }
            } else {
                without.push(renewal(&bare, turn)?);
            }
        }
    }
    let (without, with) = (median(without), median(with));
    println!("{:<10} {without:>12.1} {with:>12.1} {:>7.3}", "Rust", with / without);
    Ok(())
}

fn main() -> Outcome<()> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let (turns, programs) = arguments.split_first().ok_or("how many turns?")?;
    let token_url = format!("http://{}/token", server::start()?);
    println!("{:<10} {:>12} {:>12} {:>7}", "µs", "no listener", "a listener", "ratio");
    measure(&token_url, turns.parse()?)?;
    for program in programs.chunks_exact(2) {
        let mut command = Command::new(&program[0]);
        let status = command.args([&program[1], &token_url, turns]).status()?;
        if !status.success() {
            return Err(format!("{} failed", program[1]).into());
        }
    }
    Ok(())
}
