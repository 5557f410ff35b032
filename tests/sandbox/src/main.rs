//! The sandbox as a program: prints its URLs as one JSON line, then serves until it is told to stop.

mod command;

use std::env::ArgsOs;
use std::io::{self, Write as _};
use std::process::ExitCode;
use std::str::FromStr;

use seekauth_sandbox::{Announcement, Options, Sandbox};
use tokio::io::AsyncReadExt as _;

const HELP: &str = "\
A stand-in for SEEK's token and API endpoints, for tests.

Usage: seekauth-sandbox [options] [-- COMMAND...]

  --tls              serve https with a certificate made at start; the printed ca_file is what to trust
  --exit-with-stdin  stop when standard input closes
  --show-secrets     keep secrets and tokens in the journal, for tests that look for them there
  --listen ADDRESS   listen there and not on 127.0.0.1; 0.0.0.0 in a container
  --first-port PORT  use five ports from this one on: auth, graphql, pass, foreign, admin
  --host NAME        what the URLs and the certificate call this machine
  --version, --help  print that

Prints its URLs, and the environment variables of a client, as one JSON line, then serves until SIGINT or SIGTERM.
With a command it prints nothing, runs that with these variables set, serves until it ends, and ends as it did.
";

#[tokio::main]
async fn main() -> ExitCode {
    let mut options = Options::default();
    let mut with_stdin = false;
    let mut arguments = std::env::args_os();
    arguments.next();
    while let Some(argument) = arguments.next() {
        let understood = match argument.to_str() {
            Some("--tls") => {
                options.tls = true;
                true
            }
            Some("--exit-with-stdin") => {
                with_stdin = true;
                true
            }
            Some("--show-secrets") => {
                options.show_secrets = true;
                true
            }
            Some("--listen") => value(&mut arguments, &mut options.listen),
            Some("--first-port") => value(&mut arguments, &mut options.first_port),
            Some("--host") => value(&mut arguments, &mut options.host),
            Some("--") => break,
            Some("--version" | "-V") => {
                println!("seekauth-sandbox {}", env!("CARGO_PKG_VERSION"));
                return ExitCode::SUCCESS;
            }
            Some("--help" | "-h") => {
                print!("{HELP}");
                return ExitCode::SUCCESS;
            }
            _ => {
                eprintln!("unknown argument {}\n\n{HELP}", argument.display());
                return ExitCode::from(2);
            }
        };
        if !understood {
            eprintln!("{} needs a value of its kind\n\n{HELP}", argument.display());
            return ExitCode::from(2);
        }
    }
    let outcome = match arguments.next() {
        Some(program) => command::run(options, &program, arguments).await,
        None => serve(options, with_stdin).await,
    };
    match outcome {
        // A thread that still reads standard input would hold up the runtime's own end.
        Ok(code) => std::process::exit(code),
        Err(error) => {
            eprintln!("seekauth-sandbox: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Takes the value of an option from the arguments; false if there is none, or none of its kind.
fn value<T: FromStr>(arguments: &mut ArgsOs, option: &mut Option<T>) -> bool {
    *option = arguments.next().and_then(|value| value.to_str()?.parse().ok());
    option.is_some()
}

/// Serves, and gives the code to exit with.
async fn serve(options: Options, with_stdin: bool) -> io::Result<i32> {
    // Before the URLs are known to anyone, so that no signal finds the default handler.
    let signalled = signalled()?;
    raise_open_files();
    let sandbox = Sandbox::start(options).await?;
    let line = serde_json::to_string(&Announcement::of(&sandbox))?;
    writeln!(io::stdout(), "{line}")?;
    io::stdout().flush()?;
    tokio::select! {
        () = signalled => {}
        () = stdin_closed(), if with_stdin => {}
    }
    sandbox.stop().await;
    Ok(0)
}

async fn stdin_closed() {
    let mut stdin = tokio::io::stdin();
    let mut ignored = [0_u8; 256];
    while matches!(stdin.read(&mut ignored).await, Ok(size) if size > 0) {}
}

/// Allows as many open files as the system lets this process have: each connection is one.
#[cfg(unix)]
fn raise_open_files() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    // Where it is refused, the limit stays what it was and is met only by very many connections.
    let _ = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit });
}

#[cfg(not(unix))]
fn raise_open_files() {}

#[cfg(unix)]
fn signalled() -> io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let (mut interrupt, mut terminate) =
        (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}

#[cfg(not(unix))]
fn signalled() -> io::Result<impl Future<Output = ()>> {
    Ok(async {
        // Where no handler can be had, the system's own ends the program.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending().await
        }
    })
}
