//! Threads of the library's own, which take none of the program's signals.

use std::cell::Cell;
use std::io;
use std::mem;
use std::sync::{Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Instant;

use tokio::sync::oneshot;

use crate::sys::count::{Count, Counted};
use crate::sys::per_process::PerProcess;

static THREADS: PerProcess<Threads> = PerProcess::new();

/// The threads that run. Each leaves the list and is detached when it ends, unless somebody waits for the
/// end of all: then they are joined, so that none of their code runs any more.
#[derive(Debug, Default)]
struct Threads {
    running: Count,
    list: Mutex<List>,
}

#[derive(Debug, Default)]
struct List {
    handles: Vec<JoinHandle<()>>,
    are_joined: bool,
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
    spawn_boxed(name, Box::new(work))
}

/// Made once for all kinds of work: what std makes for each is large.
fn spawn_boxed(name: &str, work: Box<dyn FnOnce() + Send>) -> io::Result<()> {
    // Held until the thread is on the list, which it would leave before.
    with_list(|list, running| {
        let running = running.begin();
        let work = move || {
            let _leaves = Leaves { _running: running };
            IS_OWN.set(true);
            block_signals();
            work();
        };
        list.handles.push(thread::Builder::new().name(name.to_owned()).spawn(work)?);
        Ok(())
    })
}

/// Takes the thread that it is on off the list when its work is done, even where that panics.
struct Leaves {
    _running: Counted,
}

impl Drop for Leaves {
    fn drop(&mut self) {
        let this = thread::current().id();
        with_list(|list, _| {
            if !list.are_joined {
                list.handles.retain(|handle| handle.thread().id() != this);
            }
        });
    }
}

/// Waits until none of these threads is left; `None` waits without end. False if one still runs at
/// `deadline`.
pub(crate) fn join_all(deadline: Option<Instant>) -> bool {
    while let Some(threads) = THREADS.current() {
        with_list(|list, _| list.are_joined = true);
        let ended = threads.running.wait(deadline);
        with_list(|list, running| {
            // Another one may have been started since.
            if ended && running.wait(Some(Instant::now())) {
                join(mem::take(&mut list.handles));
                THREADS.clear();
            } else if !ended {
                let handles = mem::take(&mut list.handles).into_iter();
                let (ended, running) = handles.partition(JoinHandle::is_finished);
                *list = List { handles: running, are_joined: false };
                join(ended);
            }
        });
        if !ended {
            return false;
        }
    }
    true
}

/// Does `work` with this process's list, which no other thread clears meanwhile.
fn with_list<R>(work: impl FnOnce(&mut List, &Count) -> R) -> R {
    loop {
        let threads = THREADS.get(Threads::default);
        let mut list = threads.list.lock().unwrap_or_else(PoisonError::into_inner);
        if THREADS.is_current(&threads) {
            return work(&mut list, &threads.running);
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
