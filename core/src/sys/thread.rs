//! Threads of the library's own, which take none of the program's signals.

use std::cell::Cell;
use std::io;
use std::mem;
use std::sync::{Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Instant;

use tokio::sync::oneshot;

use crate::sys::count::Count;
use crate::sys::per_process::PerProcess;

static THREADS: PerProcess<Threads> = PerProcess::new();

/// Threads are joined and not detached, so that a program can know that none runs any more, and so that
/// the system has back what it gave them.
#[derive(Debug, Default)]
struct Threads {
    running: Count,
    handles: Mutex<Vec<JoinHandle<()>>>,
}

thread_local! {
    static IS_OWN: Cell<bool> = const { Cell::new(false) };
}

/// Whether this is a thread of the library's.
pub(crate) fn is_own() -> bool {
    IS_OWN.get()
}

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
    // Held until the thread is among them, for those who wait until it has ended.
    with_handles(|handles, running| {
        let running = running.begin();
        let work = move || {
            let _until_the_end = running;
            IS_OWN.set(true);
            block_signals();
            work();
        };
        let (ended, others) = mem::take(handles).into_iter().partition(JoinHandle::is_finished);
        *handles = others;
        join(ended);
        handles.push(thread::Builder::new().name(name.to_owned()).spawn(work)?);
        Ok(())
    })
}

/// Waits until none of these threads is left; `None` waits without end. False if one still runs at
/// `deadline`.
pub(crate) fn join_all(deadline: Option<Instant>) -> bool {
    while let Some(threads) = THREADS.current() {
        if !threads.running.wait(deadline) {
            return false;
        }
        with_handles(|handles, running| {
            // Unless another one was started since.
            if running.wait(Some(Instant::now())) {
                join(mem::take(handles));
                THREADS.clear();
            }
        });
    }
    true
}

/// Does `work` with this process's list, which no other thread clears meanwhile.
fn with_handles<R>(work: impl FnOnce(&mut Vec<JoinHandle<()>>, &Count) -> R) -> R {
    loop {
        let threads = THREADS.get(Threads::default);
        let mut handles = threads.handles.lock().unwrap_or_else(PoisonError::into_inner);
        if THREADS.is_current(&threads) {
            return work(&mut handles, &threads.running);
        }
    }
}

/// Waits for threads that have done their work.
fn join(threads: Vec<JoinHandle<()>>) {
    for thread in threads {
        // Work that panicked has said so elsewhere.
        let _ = thread.join();
    }
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
