//! Credentials from a program that prints them as JSON, as the command lines of secret stores do.
//! It is started without a shell, gets no input, has its error output thrown away, and is killed
//! when it takes too long.

use std::io::Read;
use std::process::{Child, ChildStdout, Command as Program, ExitStatus, Stdio};
use std::time::Duration;

use tokio::time::{Instant, sleep, timeout_at};
use zeroize::Zeroizing;

use crate::credentials::{malformed, unavailable};
use crate::error::Error;
use crate::sys::secret::Secret;
use crate::sys::thread::run_detached;

const LIMIT: u64 = 64 * 1024;
/// The interval at which a program that has closed its output is polled until it ends.
const POLL: Duration = Duration::from_millis(10);

#[derive(Clone)]
pub(crate) struct Command {
    pub(crate) program: String,
    pub(crate) arguments: Vec<String>,
    pub(crate) timeout: Duration,
}

impl Command {
    /// What the program printed.
    pub(crate) async fn run(&self) -> Result<Secret, Error> {
        let deadline = Instant::now() + self.timeout;
        let started = Program::new(&self.program)
            .args(&self.arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn();
        let mut program = Running(started.map_err(|problem| {
            self.unavailable(&format!("could not be started: {}", problem.kind()))
        })?);
        let late = || self.unavailable("took longer than request_timeout");
        let broken = || self.unavailable("could not be read");
        let output = program.0.stdout.take().ok_or_else(broken)?;
        let output = run_detached("seekauth-command", || printed(output)).map_err(|_| broken())?;
        let output = timeout_at(deadline, output).await.map_err(|_| late())?;
        let output = output.map_err(|_| broken())?;
        let output = output
            .ok_or_else(|| malformed("the command's output is longer than 64 KiB or not UTF-8"))?;
        loop {
            match program.0.try_wait() {
                Ok(Some(status)) if !status.success() => return Err(self.failed(status)),
                // A host that ignores SIGCHLD lets nobody ask how its children ended.
                Ok(Some(_)) | Err(_) => return Ok(output),
                Ok(None) if Instant::now() >= deadline => return Err(late()),
                Ok(None) => sleep(POLL).await,
            }
        }
    }

    fn failed(&self, status: ExitStatus) -> Error {
        self.unavailable(&format!("failed ({status})"))
    }

    fn unavailable(&self, what: &str) -> Error {
        unavailable(format!("the credentials command {} {what}", self.program))
    }
}

/// A program that does not outlive the wait for it.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // Both fail only for a program that has ended, and was waited for.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// What a program prints until it closes its output, which it does when it ends at the latest; nothing if
/// that is too long or no text.
fn printed(output: ChildStdout) -> Option<Secret> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(4096));
    let end = output.take(LIMIT + 1).read_to_end(&mut bytes);
    let fits = end.is_ok() && bytes.len() as u64 <= LIMIT;
    std::str::from_utf8(&bytes).ok().filter(|_| fits).map(Secret::new)
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use crate::ErrorKind;

    fn shell(script: &str, timeout: Duration) -> Command {
        let arguments = vec!["-c".to_owned(), script.to_owned()];
        Command { program: "/bin/sh".to_owned(), arguments, timeout }
    }

    const LONG: Duration = Duration::from_secs(60);

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
            let error = shell(script, LONG).run().await.map(|_| ()).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::CredentialsUnavailable, "{script}");
            assert!(error.message().contains(says), "{script}: {}", error.message());
            assert!(!error.message().contains("s3cret"), "{script}");
        }
        let missing = Command { program: "/nowhere".into(), arguments: vec![], timeout: LONG };
        assert!(missing.run().await.map(|_| ()).unwrap_err().message().contains("started"));
    }

    #[tokio::test]
    async fn one_that_takes_too_long_is_ended() {
        for script in ["sleep 600", "exec >&-; sleep 600"] {
            let error = shell(script, Duration::from_millis(300)).run().await;
            let error = error.map(|_| ()).unwrap_err();
            assert!(error.retryable() && error.message().contains("longer than"), "{script}");
        }
    }
}
