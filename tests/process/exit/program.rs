//! Brings a client to a stage and leaves the process in a way, as `run.py` tells it to.
//!
//!     seekauth-exit tokio|blocking STAGE WAY
//!
//! With `tokio` the client lives in the runtime of `main`, which ends with it; with `blocking` it is a
//! static, as in a program without tokio. Prints `ready` and the number of token requests that belong to
//! the stage, reads a line, and leaves.

use std::env;
use std::io::{self, BufRead as _};
use std::process::{self, ExitCode};
use std::sync::Mutex;
use std::thread;
use std::time::Duration;

use seekauth::{Client, Config, Error, blocking};

const CODE: u8 = 7;
const WAITERS: usize = 4;
/// Too short for any answer, so that nobody waits for the request any more.
const GIVES_UP_AFTER: Duration = Duration::from_millis(250);

static BLOCKING_CLIENT: Mutex<Option<blocking::Client>> = Mutex::new(None);

unsafe extern "C" {
    fn _exit(code: i32) -> !;
    fn raise(signal: i32) -> i32;
    fn atexit(handler: extern "C" fn()) -> i32;
}

fn main() -> Result<ExitCode, Error> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["tokio", stage, way] => on_tokio(stage, way),
        ["blocking", stage, way] => on_blocking(stage, way),
        _ => misused("usage: seekauth-exit tokio|blocking STAGE WAY"),
    }
}

#[tokio::main]
async fn on_tokio(stage: &str, way: &str) -> Result<ExitCode, Error> {
    let mut client = (stage != "nothing").then(|| Client::new(Config::from_env()?)).transpose()?;
    let requests = match (stage, &client) {
        ("nothing" | "before", _) => 0,
        ("flight" | "freed", Some(client)) => {
            let _ = client.get_token_within(GIVES_UP_AFTER).await;
            1
        }
        ("waiters" | "landing" | "lookup" | "closed", Some(client)) => {
            for _ in 0..WAITERS {
                let client = client.clone();
                tokio::spawn(async move { client.get_token().await });
            }
            1
        }
        ("refresh", Some(client)) => {
            client.get_token().await?;
            2
        }
        _ => misused("no such stage"),
    };
    // The task blocks a thread of the runtime, which has another.
    ready(requests);
    match stage {
        "closed" => client.iter().for_each(Client::close),
        "freed" => client = None,
        _ => {}
    }
    let code = leave(way);
    drop(client);
    Ok(code)
}

fn on_blocking(stage: &str, way: &str) -> Result<ExitCode, Error> {
    if stage == "nothing" {
        ready(0);
        return Ok(leave(way));
    }
    let client = blocking::Client::new(Config::from_env()?)?;
    keep(Some(client.clone()));
    let requests = match stage {
        "before" => 0,
        "flight" | "freed" => {
            let _ = client.get_token(Some(GIVES_UP_AFTER));
            1
        }
        "waiters" | "landing" | "lookup" | "closed" => {
            for _ in 0..WAITERS {
                let waiting = client.clone();
                thread::spawn(move || waiting.get_token(None));
                client.get_token_then(None, drop)?;
            }
            1
        }
        "refresh" => {
            client.get_token(None)?;
            2
        }
        _ => misused("no such stage"),
    };
    ready(requests);
    match stage {
        "closed" => client.close(),
        "freed" => {
            keep(None);
            drop(client);
        }
        _ => {}
    }
    Ok(leave(way))
}

fn keep(client: Option<blocking::Client>) {
    if let Ok(mut kept) = BLOCKING_CLIENT.lock() {
        *kept = client;
    }
}

extern "C" fn close_host_client() {
    if let Ok(kept) = BLOCKING_CLIENT.lock() {
        kept.iter().for_each(blocking::Client::close);
    }
}

/// Says that the stage is reached and waits for the word to leave.
fn ready(requests: u32) {
    println!("ready {requests}");
    let _ = io::stdin().lock().lines().next();
}

#[expect(clippy::panic, reason = "one of the ways to leave")]
fn leave(way: &str) -> ExitCode {
    match way {
        "return" => ExitCode::from(CODE),
        "exit" => process::exit(CODE.into()),
        "exit in a thread" => {
            thread::spawn(|| process::exit(CODE.into()));
            loop {
                thread::park();
            }
        }
        // SAFETY: it takes any number and does not return.
        "_exit" => unsafe { _exit(CODE.into()) },
        "_exit in a thread" => {
            // SAFETY: as above.
            thread::spawn(|| unsafe { _exit(CODE.into()) });
            loop {
                thread::park();
            }
        }
        "abort" => process::abort(),
        "uncaught" => panic!("the program's own"),
        "SIGINT" => {
            // SAFETY: it takes any number; nothing here handles the signal.
            unsafe { raise(2) };
            misused("SIGINT did not end the program")
        }
        "close at exit" => {
            // SAFETY: the handler is a function of this program and does not unwind.
            unsafe { atexit(close_host_client) };
            ExitCode::from(CODE)
        }
        _ => misused("no such way"),
    }
}

fn misused(text: &str) -> ! {
    eprintln!("{text}");
    process::exit(2)
}
