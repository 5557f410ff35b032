//! Threads of the library's own, which take none of the program's signals.

use std::io;
use std::thread;

use tokio::sync::oneshot;

/// Runs blocking `work` on a thread of this name and returns where its result will arrive; work that
/// panics sends none. The one worker must not wait for such work, and a runtime that ends waits for
/// its blocking threads, which would hold up the end of the program.
///
/// # Errors
///
/// Those of the system when it refuses the thread.
pub(crate) fn run_detached<T: Send + 'static>(
    name: &str,
    work: impl FnOnce() -> T + Send + 'static,
) -> io::Result<oneshot::Receiver<T>> {
    let (sender, receiver) = oneshot::channel();
    spawn(name, move || {
        // The receiver is gone when the caller's time is over.
        let _ = sender.send(work());
    })?;
    Ok(receiver)
}

/// Starts a thread of this name that takes none of the program's signals.
///
/// # Errors
///
/// Those of the system when it refuses the thread.
pub(crate) fn spawn(name: &str, work: impl FnOnce() + Send + 'static) -> io::Result<()> {
    let work = move || {
        block_signals();
        work();
    };
    thread::Builder::new().name(name.to_owned()).spawn(work).map(drop)
}

/// Blocks all signals on this thread. A library's thread must not run the program's handlers, and a
/// connection that breaks while it is written to must be an error and not SIGPIPE, which ends most C
/// programs.
fn block_signals() {
    #[cfg(unix)]
    {
        // Fails for a malformed set only.
        let _ = nix::sys::signal::SigSet::all().thread_block();
    }
}
