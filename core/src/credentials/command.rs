//! Credentials from a program that prints them as JSON, as the command lines of secret stores do.
//! It is started without a shell, gets no input, has its error output thrown away, and is ended
//! with all that it started when it takes too long or nobody waits any more.

use std::process::ExitStatus;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use tokio::time::timeout;

use crate::credentials::one_at_a_time::OneAtATime;
use crate::credentials::{malformed, unavailable};
use crate::error::Error;
use crate::sys::child::{Child, Finished, Interrupted};
use crate::sys::limit;
use crate::sys::secret::Secret;
use crate::sys::time_limit::TimeLimit;
use crate::sys::variables::Variables;

const LIMIT: usize = 64 * 1024;

#[derive(Clone)]
pub(crate) struct Command {
    program: String,
    arguments: Vec<String>,
    timeout: TimeLimit,
    variables: Variables,
    runs: OneAtATime,
}

impl Command {
    /// A command that is given up when it takes longer than `timeout`, run with these variables.
    pub(crate) fn new(
        program: String,
        arguments: Vec<String>,
        timeout: TimeLimit,
        variables: Variables,
    ) -> Self {
        Self { program, arguments, timeout, variables, runs: OneAtATime::new() }
    }

    /// What the program printed.
    pub(crate) async fn run(&self) -> Result<Secret, Error> {
        // One that is under way for other scopes has its own time, and so has this one.
        let turn = timeout(self.timeout.left, self.runs.turn()).await.map_err(|_| self.late())?;
        let given_up = GivenUp(Arc::default());
        let (command, seen) = (self.clone(), Arc::clone(&given_up.0));
        let run = turn.run("seekauth-command", move || command.run_here(&seen));
        // The program is ended in time by its thread, which may itself be held up in starting it.
        timeout(self.timeout.left, run).await.map_err(|_| self.late())??
    }

    fn run_here(&self, given_up: &AtomicBool) -> Result<Secret, Error> {
        let deadline = Instant::now() + self.timeout.left;
        let program = Child::start(&self.program, &self.arguments, &self.variables);
        let program = program.map_err(|problem| {
            // The setting's name alone: what cannot be started may be the secret itself.
            let problem = limit::words(&problem);
            unavailable(format!(
                "the program of `credentials_command` could not be started: {problem}"
            ))
        })?;
        match program.finish(LIMIT, deadline, given_up) {
            Ok(Finished { status: Some(status), .. }) if !status.success() => {
                Err(self.failed(status))
            }
            // A host that ignores SIGCHLD lets nobody ask how its children ended.
            Ok(Finished { output, .. }) => match std::str::from_utf8(&output) {
                Ok(text) => Ok(Secret::new(text)),
                Err(_) => Err(malformed("the command's output is not UTF-8")),
            },
            Err(Interrupted::TooLong) => Err(self.late()),
            Err(Interrupted::TooMuch) => {
                Err(malformed("the command's output is longer than 64 KiB"))
            }
            Err(Interrupted::Unreadable) => Err(self.unavailable("could not be read")),
        }
    }

    fn late(&self) -> Error {
        self.unavailable(&format!("took longer than {}", self.timeout))
    }

    fn failed(&self, status: ExitStatus) -> Error {
        self.unavailable(&format!("failed ({status})"))
    }

    fn unavailable(&self, what: &str) -> Error {
        unavailable(format!("the credentials command {} {what}", self.program))
    }
}

/// Set when nobody waits for a run any more.
struct GivenUp(Arc<AtomicBool>);

impl Drop for GivenUp {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Release);
    }
}

#[cfg(unix)]
#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::ErrorKind;

    fn shell(script: &str, timeout: Duration) -> Command {
        let arguments = vec!["-c".to_owned(), script.to_owned()];
        let timeout = TimeLimit::of_setting("request_timeout", timeout);
        Command::new("/bin/sh".to_owned(), arguments, timeout, Variables::of_process())
    }

    const LONG: Duration = Duration::from_secs(60);

    async fn fails(command: Command) -> Error {
        command.run().await.map(|_| ()).unwrap_err()
    }

    /// Waits until no process has this text among its arguments any more.
    async fn gone(marker: &str) {
        let began = Instant::now();
        while running(marker) {
            assert!(began.elapsed() < LONG, "{marker} goes on");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    fn running(marker: &str) -> bool {
        let processes = std::fs::read_dir("/proc").unwrap();
        let mut lines = processes.filter_map(|process| {
            let path = process.ok()?.path();
            // One that has ended and was not waited for has no arguments, but is there.
            std::fs::read(path.join("cmdline")).ok()
        });
        lines.any(|line| line.windows(marker.len()).any(|part| part == marker.as_bytes()))
    }

    #[tokio::test]
    async fn its_output_is_taken_and_its_complaints_are_not() {
        let command = shell("echo s3cret >&2; cat; printf '{}'", LONG);
        assert_eq!(command.run().await.unwrap().expose(), "{}");
    }

    #[tokio::test]
    async fn failures_say_what_failed_and_nothing_that_was_printed() {
        for (script, says) in [
            ("echo s3cret; echo s3cret >&2; exit 3", "exit status: 3"),
            ("echo s3cret; kill -9 $$", "signal: 9"),
            ("printf '\\377'", "UTF-8"),
            ("yes s3cret | head -c 100000", "longer than"),
        ] {
            let error = fails(shell(script, LONG)).await;
            assert_eq!(error.kind(), ErrorKind::CredentialsUnavailable, "{script}");
            assert!(error.message().contains(says), "{script}: {}", error.message());
            assert!(!error.message().contains("s3cret"), "{script}");
        }
        let missing =
            fails(Command::new("/s3cret".into(), vec![], LONG.into(), Variables::of_process()))
                .await;
        assert!(missing.message().contains("credentials_command could not be started"));
        assert!(missing.retryable() && !missing.message().contains("s3cret"));
    }

    #[tokio::test]
    async fn one_that_takes_too_long_is_ended_with_all_that_it_started() {
        for (script, marker) in [
            ("sleep 600.11", "600.11"),
            ("exec >&-; sleep 600.12", "600.12"),
            ("sleep 600.13 & sleep 600.13", "600.13"),
            ("trap '' TERM INT HUP; sleep 600.14; sleep 600.14", "600.14"),
        ] {
            let error = fails(shell(script, Duration::from_millis(300))).await;
            assert!(error.retryable() && error.message().contains("longer than"), "{script}");
            gone(marker).await;
        }
    }

    #[tokio::test]
    async fn one_that_nobody_waits_for_is_ended() {
        let command = shell("sleep 600.21 & sleep 600.21", LONG);
        let run = command.run();
        let wait = async {
            while !running("600.21") {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::select! { _ = run => panic!("it sleeps"), () = wait => {} }
        gone("600.21").await;
    }

    #[tokio::test]
    async fn reading_ends_with_the_program_whoever_holds_its_output() {
        let began = Instant::now();
        let output = shell("sleep 600.31 & echo $!", LONG).run().await.unwrap();
        assert!(began.elapsed() < LONG / 2);
        // What it leaves behind on purpose is its own affair.
        assert!(running("600.31"));
        let process = output.expose().trim();
        assert!(std::process::Command::new("kill").arg(process).status().unwrap().success());
    }

    #[tokio::test]
    async fn it_takes_signals_and_is_told_of_its_children() {
        // On Linux the masks are lines of hexadecimal digits.
        let script = "grep -E '^Sig(Blk|Ign)' /proc/self/status; ps -o pgid= -p $$; echo $$";
        let output = shell(script, LONG).run().await.unwrap();
        let words: Vec<&str> = output.expose().split_ascii_whitespace().collect();
        assert_eq!(words[1], "0000000000000000", "blocked: {words:?}");
        let ignored = u64::from_str_radix(words[3], 16).unwrap();
        assert_eq!(ignored & (1 << 12 | 1 << 16), 0, "SIGPIPE, SIGCHLD: {words:?}");
        assert_eq!(words[4], words[5], "a group of its own");
    }

    #[tokio::test]
    async fn one_runs_at_a_time() {
        let folder = tempfile::tempdir().unwrap();
        let lock = folder.path().join("lock");
        let lock = lock.to_str().unwrap();
        let script = format!("mkdir {lock} || exit 7; sleep 0.1; rmdir {lock}; printf '{{}}'");
        let command = shell(&script, LONG);
        let (one, other, third) = tokio::join!(command.run(), command.run(), command.run());
        assert!(one.is_ok() && other.is_ok() && third.is_ok());
    }
}
