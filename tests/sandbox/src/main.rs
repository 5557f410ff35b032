//! The sandbox as a program: prints its URLs as one JSON line, then serves until it is told to stop.

use std::io::{self, Write as _};
use std::process::ExitCode;

use seekauth_sandbox::{Announcement, Options, Sandbox};
use tokio::io::AsyncReadExt as _;

const HELP: &str = "\
A stand-in for SEEK's token and API endpoints, for tests.

Usage: seekauth-sandbox [--tls] [--exit-with-stdin] [--show-secrets]

  --tls              serve https with a certificate made at start; the printed ca_file is what to trust
  --exit-with-stdin  stop when standard input closes
  --show-secrets     keep secrets and tokens in the journal, for tests that look for them there
  --help             print this

Prints its URLs, and the environment variables of a client, as one JSON line, then serves until SIGINT or SIGTERM.
";

#[tokio::main]
async fn main() -> ExitCode {
    let mut options = Options::default();
    let mut with_stdin = false;
    for argument in std::env::args_os().skip(1) {
        match argument.to_str() {
            Some("--tls") => options.tls = true,
            Some("--exit-with-stdin") => with_stdin = true,
            Some("--show-secrets") => options.show_secrets = true,
            Some("--help" | "-h") => {
                print!("{HELP}");
                return ExitCode::SUCCESS;
            }
            _ => {
                eprintln!("unknown argument {}\n\n{HELP}", argument.display());
                return ExitCode::from(2);
            }
        }
    }
    match serve(options, with_stdin).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("seekauth-sandbox: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn serve(options: Options, with_stdin: bool) -> io::Result<()> {
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
    // A thread that still reads standard input would hold up the runtime's own end.
    std::process::exit(0)
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
