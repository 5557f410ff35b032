//! The command `seekauth` as a function: the binary, `python -m seekauth` and `npx seekauth` run it. It
//! decides nothing about tokens: what is examined, and the advice, is the core's.
#![forbid(unsafe_code)]

mod arguments;
mod json;
mod text;

use std::ffi::OsString;
use std::io::{self, IsTerminal as _, Write};

use seekauth::binding::Variables;
use seekauth::blocking::Client;
use seekauth::doctor::{Fact, Outcome, Stage, examine, whoami};
use seekauth::{Config, Error, ErrorKind};

use arguments::{Command, Invocation};
use text::Paint;

/// How a command ended, as exit codes of programs.
const HEALTHY: u8 = 0;
const FAILED: u8 = 1;
const MISUSED: u8 = 2;

/// What the program that runs the command brings along.
pub struct Host {
    /// The environment variables to read.
    pub variables: Variables,
    /// Says in a configuration what a client of this program has in its own.
    pub configure: Box<dyn FnOnce(Config) -> Config>,
    /// What is known of the process, for the last stage.
    pub facts: Vec<Fact>,
}

impl Host {
    /// A program of its own.
    #[must_use]
    pub fn standalone() -> Self {
        let (variables, facts) = (Variables::of_process(), Vec::new());
        Self { variables, configure: Box::new(|config| config), facts }
    }
}

/// Runs the command with these arguments, the program's name not among them, prints what it has to say and
/// returns the exit code.
#[must_use]
pub fn run(arguments: Vec<OsString>, host: Host) -> u8 {
    let colours = io::stdout().is_terminal() && wants_colours();
    // Nobody is left to be told where standard output is gone.
    run_on(arguments, host, colours, &mut io::stdout(), &mut io::stderr()).unwrap_or(FAILED)
}

/// <https://no-color.org>, and terminals that have none.
fn wants_colours() -> bool {
    let variable = |name| std::env::var_os(name).unwrap_or_default();
    variable("NO_COLOR").is_empty() && variable("TERM") != "dumb"
}

fn run_on(
    arguments: Vec<OsString>,
    host: Host,
    colours: bool,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> io::Result<u8> {
    let Invocation { command, prefix, json } = match arguments::parse(arguments) {
        Ok(invocation) => invocation,
        Err(problem) => {
            writeln!(err, "seekauth: {problem}; see seekauth --help")?;
            return Ok(MISUSED);
        }
    };
    let configure = host.configure;
    let config = Config::from_variables(prefix.as_deref(), host.variables).map(configure);
    match command {
        Command::Help => out.write_all(include_bytes!("help.txt")).map(|()| HEALTHY),
        Command::Version => writeln!(out, "seekauth {}", seekauth::VERSION).map(|()| HEALTHY),
        Command::Doctor(extent) => match examine(config, extent, host.facts) {
            Ok(stages) if json => {
                let stages: Vec<Stage> = stages.collect();
                let verdict = verdict(&stages);
                writeln!(out, "{}", json::examination(&stages, verdict))?;
                Ok(verdict)
            }
            Ok(stages) => {
                let paint = Paint(colours);
                let mut ended = Vec::new();
                for stage in stages {
                    text::stage(out, paint, &stage)?;
                    ended.push(stage);
                }
                text::summary(out, paint, &ended)?;
                Ok(verdict(&ended))
            }
            Err(error) => fail(&error, json, out, err),
        },
        Command::Whoami => match config.and_then(whoami) {
            Ok(facts) if json => writeln!(out, "{}", json::facts(&facts)).map(|()| HEALTHY),
            Ok(facts) => text::facts(out, &facts).map(|()| HEALTHY),
            Err(error) => fail(&error, json, out, err),
        },
        Command::Token { header } => {
            match config.and_then(Client::new).and_then(|client| client.get_token(None)) {
                Ok(token) if header => {
                    writeln!(out, "Authorization: {}", token.authorization()).map(|()| HEALTHY)
                }
                Ok(token) => writeln!(out, "{}", token.value()).map(|()| HEALTHY),
                Err(error) => fail(&error, json, out, err),
            }
        }
    }
}

/// The exit code that an examination ends with.
fn verdict(stages: &[Stage]) -> u8 {
    let failed = |stage: &&Stage| stage.outcome == Outcome::Failed;
    match stages.iter().find(failed) {
        None => HEALTHY,
        Some(stage) if stage.name == "config" => MISUSED,
        Some(_) => FAILED,
    }
}

fn fail(error: &Error, json: bool, out: &mut dyn Write, err: &mut dyn Write) -> io::Result<u8> {
    if json {
        writeln!(out, "{}", json::error(error))?;
    } else {
        writeln!(err, "seekauth: {error} ({})", error.kind().name())?;
    }
    Ok(match error.kind() {
        ErrorKind::InvalidArgument | ErrorKind::CredentialsUnavailable => MISUSED,
        _ => FAILED,
    })
}
