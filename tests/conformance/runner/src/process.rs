//! One agent process: a program of one language that calls the public API and prints what it saw.
//! It lives through the whole suite, so state that leaks from one case into the next is noticed,
//! and is replaced when it dies.

use std::env;
use std::fs::File;
use std::io::{self, Read as _};
use std::process::Stdio;
use std::time::{Duration, SystemTime};

use tempfile::NamedTempFile;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::time::timeout;

use crate::wire::{Reply, Request};

/// How long an agent may take to end once its input has ended.
const FAREWELL: Duration = Duration::from_secs(30);

/// A running agent.
#[derive(Debug)]
pub struct Agent {
    child: Child,
    input: ChildStdin,
    output: Lines<BufReader<ChildStdout>>,
    /// Its error output. In a file and not in a pipe, so that what it wrote before a reply is there
    /// when the reply is.
    log: File,
    /// When its manual clock began, by the real wall clock.
    pub started: SystemTime,
    /// How far its manual wall clock was moved apart from its monotonic one, in milliseconds.
    pub skew_ms: i64,
}

impl Agent {
    /// Starts the agent with the manual clock running. It inherits no `SEEKAUTH_` variable and no
    /// proxy.
    ///
    /// # Errors
    /// The program cannot be started or does not answer.
    pub async fn start(command: &[String]) -> Result<Self, String> {
        let (program, arguments) = command.split_first().ok_or("there is no agent command")?;
        let no_log = |problem: io::Error| format!("its log cannot be kept: {problem}");
        let log = NamedTempFile::new().map_err(no_log)?;
        let written = log.reopen().map_err(no_log)?;
        let mut starting = Command::new(program);
        starting
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::from(written));
        for (name, _) in env::vars_os() {
            let lower = name.to_string_lossy().to_ascii_lowercase();
            if lower.starts_with("seekauth_") || lower.ends_with("_proxy") {
                starting.env_remove(name);
            }
        }
        let mut child = starting
            .kill_on_drop(true)
            .spawn()
            .map_err(|problem| format!("cannot start {program}: {problem}"))?;
        let (Some(input), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(format!("{program} has no pipes"));
        };
        let (output, log) = (BufReader::new(output).lines(), log.into_file());
        let mut agent = Self { child, input, output, log, started: SystemTime::now(), skew_ms: 0 };
        agent.ask(&Request::new("clock_start")).await?;
        let clock = agent.ask(&Request::new("elapsed")).await?;
        if clock.fields.get("ms").is_none_or(|ms| ms.parse::<u64>().is_err()) {
            return Err(format!(
                "{program} has no manual clock: build its library with the feature manual-clock"
            ));
        }
        agent.started = SystemTime::now();
        Ok(agent)
    }

    /// Asks the agent and waits for its answer, for ever if need be: the caller has the deadline.
    ///
    /// # Errors
    /// The agent died or printed something that is no reply. It is of no use any more.
    pub async fn ask(&mut self, request: &Request) -> Result<Reply, String> {
        if let Ok(Some(line)) = self.exchange(&format!("{request}\n")).await {
            return Reply::parse(&line)
                .map_err(|problem| format!("the agent said {line:?}: {problem}"));
        }
        let end = match timeout(FAREWELL, self.child.wait()).await {
            Ok(Ok(status)) => status.to_string(),
            Ok(Err(problem)) => problem.to_string(),
            Err(_) => "its pipes closed".to_owned(),
        };
        // What it wrote last may tell why.
        Err(format!("the agent was gone at {} ({end}): {}", request.verb, self.take_log()))
    }

    async fn exchange(&mut self, line: &str) -> io::Result<Option<String>> {
        self.input.write_all(line.as_bytes()).await?;
        self.input.flush().await?;
        self.output.next_line().await
    }

    /// What the agent wrote to its error output since the last time.
    #[must_use]
    pub fn take_log(&mut self) -> String {
        let mut written = Vec::new();
        match self.log.read_to_end(&mut written) {
            Ok(_) => String::from_utf8_lossy(&written).into_owned(),
            Err(problem) => format!("its log cannot be read: {problem}"),
        }
    }

    /// Ends the agent's input and waits for it to leave in good order.
    ///
    /// # Errors
    /// It does not end, or not with success.
    pub async fn stop(mut self) -> Result<(), String> {
        drop(self.input);
        match timeout(FAREWELL, self.child.wait()).await {
            Ok(Ok(status)) if status.success() => Ok(()),
            Ok(Ok(status)) => Err(format!("the agent ended with {status} when its input ended")),
            Ok(Err(problem)) => Err(format!("the agent cannot be waited for: {problem}")),
            Err(_) => {
                Err(format!("the agent still runs {} s after its input ended", FAREWELL.as_secs()))
            }
        }
    }
}
