//! Unix: by `posix_spawn`, which sets mask, dispositions and group in the child before it runs.

use std::ffi::CString;
use std::fs::OpenOptions;
use std::io::{self, PipeReader, Read};
#[cfg(target_os = "linux")]
use std::os::fd::AsFd;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::ffi::OsStringExt;
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use nix::spawn::{PosixSpawnAttr, PosixSpawnFileActions, PosixSpawnFlags, posix_spawnp};
use nix::sys::signal::{SigSet, Signal as NixSignal};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};
use zeroize::Zeroizing;

use super::{Finished, Interrupted};
use crate::sys::variables::Variables;

/// The interval at which it is seen that nobody waits any more and, on systems where a process is
/// no descriptor, that the program has ended.
const TICK: Duration = Duration::from_millis(20);

/// A running program, the first of a process group of its own. It ends with its handle.
pub(crate) struct Child {
    pid: Pid,
    /// The process itself, whatever becomes of its number.
    #[cfg(target_os = "linux")]
    process: Option<OwnedFd>,
    output: PipeReader,
}

#[derive(Clone, Copy)]
enum State {
    Running,
    Ended(ExitStatus),
    /// Its number may be anybody's: it must not be waited for nor sent a signal.
    Gone,
}

impl Child {
    /// Starts a program with these variables, looked for as a shell would.
    pub(crate) fn start(
        program: &str,
        arguments: &[String],
        variables: &Variables,
    ) -> io::Result<Self> {
        let nothing = OpenOptions::new().read(true).write(true).open("/dev/null")?;
        let (output, printed) = io::pipe()?;
        let (nothing, output, printed) = (
            above_standard(nothing.into())?,
            above_standard(output.into())?,
            above_standard(printed.into())?,
        );
        rustix::io::ioctl_fionbio(&output, true)?;
        let mut actions = PosixSpawnFileActions::init()?;
        actions.add_dup2(nothing.as_raw_fd(), 0)?;
        actions.add_dup2(printed.as_raw_fd(), 1)?;
        actions.add_dup2(nothing.as_raw_fd(), 2)?;
        let mut attributes = PosixSpawnAttr::init()?;
        attributes.set_flags(
            PosixSpawnFlags::POSIX_SPAWN_SETPGROUP
                | PosixSpawnFlags::POSIX_SPAWN_SETSIGMASK
                | PosixSpawnFlags::POSIX_SPAWN_SETSIGDEF,
        )?;
        attributes.set_pgroup(nix::unistd::Pid::from_raw(0))?;
        attributes.set_sigmask(&SigSet::empty())?;
        // What hosts ignore for their own good: a script needs to be told of its children, and to
        // end with the reader of its output.
        attributes
            .set_sigdefault(&[NixSignal::SIGPIPE, NixSignal::SIGCHLD].into_iter().collect())?;
        let text = |text: &str| CString::new(text).map_err(io::Error::other);
        let name = text(program)?;
        let arguments = arguments.iter().map(|argument| text(argument));
        let words: Vec<CString> =
            std::iter::once(Ok(name.clone())).chain(arguments).collect::<io::Result<_>>()?;
        let pid = posix_spawnp(&name, &actions, &attributes, &words, &environment(variables))?;
        let pid = Pid::from_raw(pid.as_raw()).ok_or_else(|| io::Error::other("no process"))?;
        Ok(Self {
            pid,
            #[cfg(target_os = "linux")]
            process: process(pid),
            output: output.into(),
        })
    }

    /// What it prints until it ends, whoever else may hold its output. It is ended at `deadline`,
    /// when `given_up` is set, and when it has printed more than `limit` bytes.
    pub(crate) fn finish(
        mut self,
        limit: usize,
        deadline: Instant,
        given_up: &AtomicBool,
    ) -> Result<Finished, Interrupted> {
        let mut buffer = Zeroizing::new(vec![0; limit + 1]);
        let mut length = 0;
        loop {
            // Asked first: what it printed before its end is in the pipe by now.
            let state = self.state();
            let is_open = loop {
                match self.output.read(&mut buffer[length..]) {
                    Ok(0) => break false,
                    Ok(read) => length += read,
                    Err(problem) if problem.kind() == io::ErrorKind::Interrupted => {}
                    Err(problem) if problem.kind() == io::ErrorKind::WouldBlock => break true,
                    Err(_) => return Err(Interrupted::Unreadable),
                }
                if length > limit {
                    return Err(Interrupted::TooMuch);
                }
            };
            let status = match state {
                State::Running
                    if given_up.load(Ordering::Acquire) || Instant::now() >= deadline =>
                {
                    return Err(Interrupted::TooLong);
                }
                State::Running => {
                    self.rest(is_open, deadline);
                    continue;
                }
                State::Ended(status) => Some(status),
                State::Gone => None,
            };
            buffer.truncate(length);
            return Ok(Finished { status, output: buffer });
        }
    }

    /// Waits for output, for the end, for the next tick.
    fn rest(&self, is_open: bool, deadline: Instant) {
        let span = deadline.saturating_duration_since(Instant::now()).min(TICK);
        let nanoseconds = span.subsec_nanos().into();
        let span = Timespec { tv_sec: 0, tv_nsec: nanoseconds };
        let mut awaited = Vec::with_capacity(2);
        if is_open {
            awaited.push(PollFd::new(&self.output, PollFlags::IN));
        }
        #[cfg(target_os = "linux")]
        awaited.extend(self.process.as_ref().map(|process| PollFd::new(process, PollFlags::IN)));
        // Whatever ends the wait, all is looked at anew.
        let _ = poll(&mut awaited, Some(&span));
    }

    fn state(&self) -> State {
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
        match waitid(self.id(), options) {
            Ok(None) | Err(rustix::io::Errno::INTR) => State::Running,
            Ok(Some(status)) => {
                let exit = status.exit_status().map(|code| (code & 0xff) << 8);
                State::Ended(ExitStatus::from_raw(
                    exit.or(status.terminating_signal()).unwrap_or(0),
                ))
            }
            Err(_) => State::Gone,
        }
    }

    #[cfg(target_os = "linux")]
    fn id(&self) -> WaitId<'_> {
        match &self.process {
            Some(process) => WaitId::PidFd(process.as_fd()),
            None => WaitId::Pid(self.pid),
        }
    }

    #[cfg(not(target_os = "linux"))]
    fn id(&self) -> WaitId<'_> {
        WaitId::Pid(self.pid)
    }

    /// Ends the group, if its number still is the program's.
    fn kill(&self) {
        // Stopped first: while it stands still, its number is nobody else's, also on a host where
        // the system forgets children that end.
        #[cfg(target_os = "linux")]
        if let Some(process) = &self.process {
            let _ = rustix::process::pidfd_send_signal(process, Signal::STOP);
        }
        if matches!(self.state(), State::Running) {
            let _ = kill_process_group(self.pid, Signal::KILL);
        }
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        match self.state() {
            State::Running => self.kill(),
            State::Ended(_) => {}
            State::Gone => return,
        }
        // Until it ends, which it does: it was killed. Fails if it is forgotten by then.
        while matches!(waitid(self.id(), WaitIdOptions::EXITED), Err(rustix::io::Errno::INTR)) {}
    }
}

/// The same descriptor with a number that a program does not take for its input or output: a daemon
/// may have closed its own.
fn above_standard(descriptor: OwnedFd) -> io::Result<OwnedFd> {
    if descriptor.as_raw_fd() > 2 {
        return Ok(descriptor);
    }
    Ok(rustix::io::fcntl_dupfd_cloexec(&descriptor, 3)?)
}

/// The process behind a number that was just given to a child of ours; nothing on an old kernel, or
/// if the child has ended and been forgotten by now.
#[cfg(target_os = "linux")]
fn process(pid: Pid) -> Option<OwnedFd> {
    let process = rustix::process::pidfd_open(pid, rustix::process::PidfdFlags::empty()).ok()?;
    let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
    // Fails for whoever is not a child.
    waitid(WaitId::PidFd(process.as_fd()), options).ok()?;
    Some(process)
}

fn environment(variables: &Variables) -> Vec<CString> {
    let variables = variables.pairs().into_iter().map(|(name, value)| {
        let mut text = name.into_vec();
        text.push(b'=');
        text.extend(value.into_vec());
        text
    });
    variables.filter_map(|text| CString::new(text).ok()).collect()
}
