//! Systems other than Unix: the program alone, by the standard library.

use std::io::{self, Read};
use std::process::{ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use zeroize::Zeroizing;

use super::{Finished, Interrupted};
use crate::sys::variables::Variables;

const TICK: Duration = Duration::from_millis(20);

/// A running program. It ends with its handle.
pub(crate) struct Child(std::process::Child);

impl Child {
    pub(crate) fn start(
        program: &str,
        arguments: &[String],
        variables: &Variables,
    ) -> io::Result<Self> {
        let mut command = Command::new(program);
        command.env_clear().envs(variables.pairs());
        command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        command.spawn().map(Self)
    }

    pub(crate) fn finish(
        mut self,
        limit: usize,
        deadline: Instant,
        given_up: &AtomicBool,
    ) -> Result<Finished, Interrupted> {
        let output = self.0.stdout.take().ok_or(Interrupted::Unreadable)?;
        let (sender, printed) = channel();
        let reader = thread::Builder::new().spawn(move || sender.send(read(output, limit)));
        reader.map_err(|_| Interrupted::Unreadable)?;
        let mut output = None;
        loop {
            if given_up.load(Ordering::Acquire) || Instant::now() >= deadline {
                return Err(Interrupted::TooLong);
            }
            if output.is_none() {
                match printed.recv_timeout(TICK) {
                    Ok(Some(bytes)) if bytes.len() > limit => return Err(Interrupted::TooMuch),
                    Ok(Some(bytes)) => output = Some(bytes),
                    Ok(None) | Err(RecvTimeoutError::Disconnected) => {
                        return Err(Interrupted::Unreadable);
                    }
                    Err(RecvTimeoutError::Timeout) => {}
                }
            } else if let Ok(Some(status)) = self.0.try_wait() {
                let output = output.unwrap_or_default();
                return Ok(Finished { status: Some(status), output });
            } else {
                thread::sleep(TICK);
            }
        }
    }
}

fn read(output: ChildStdout, limit: usize) -> Option<Zeroizing<Vec<u8>>> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(limit + 64));
    output.take(limit as u64 + 1).read_to_end(&mut bytes).ok()?;
    Some(bytes)
}

impl Drop for Child {
    fn drop(&mut self) {
        // Both fail only for a program that has ended, and was waited for.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
