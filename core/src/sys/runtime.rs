//! The library's own runtime, on one thread for the whole process, made by the first call that has to
//! wait and anew in a forked child. What outlives a call runs here, flights and connections above
//! all, so that no runtime of the program's has to go on, or to be tokio's, for somebody else's call.

use std::cell::Cell;
use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use tokio::runtime::{Builder, Handle};
use tokio::sync::oneshot;
use tokio::task::{AbortHandle, JoinError, JoinHandle};

use crate::error::{Error, ErrorKind};
use crate::sys::channel::channel;
use crate::sys::descriptors::above_standard_streams;
use crate::sys::per_process::PerProcess;
use crate::sys::time_limit::TimeLimit;
use crate::sys::{limit, thread};

static STATE: PerProcess<Mutex<State>> = PerProcess::new();

#[derive(Debug, Default)]
struct State {
    worker: Option<Worker>,
    /// How many threads are waiting for the end of everything.
    shutdowns: usize,
}

#[derive(Debug)]
struct Worker {
    handle: Handle,
    /// The worker ends when this is dropped, and its tasks with it.
    _stop: oneshot::Sender<Infallible>,
}

thread_local! {
    static IS_CURRENT: Cell<bool> = const { Cell::new(false) };
}

/// Starts the work that `make` makes on the process's runtime; makes none if that fails. Its one thread is
/// made here and not by tokio, which would panic where the system refuses it.
///
/// # Errors
///
/// `unavailable` when the system refuses the thread or a descriptor, `cancelled` during a shutdown.
pub(crate) fn spawn<W>(make: impl FnOnce() -> W) -> Result<JoinHandle<W::Output>, Error>
where
    W: Future<Output: Send + 'static> + Send + 'static,
{
    with_state(|state| {
        if state.shutdowns > 0 {
            return Err(shut_down());
        }
        let worker = match &mut state.worker {
            Some(worker) => worker,
            none => none.insert(start()?),
        };
        // While the state is locked: a worker that ended in between would drop the task in this call.
        Ok(worker.handle.spawn(make()))
    })
}

/// Ends the runtime and whatever runs on it, waits until none of the library's threads is left, and
/// then lets `forget` free what those shared. Work that is asked for later starts anew.
///
/// # Errors
///
/// `timeout` when a thread still runs, which ends by itself; `invalid_argument` on such a thread.
pub(crate) fn shutdown(limit: TimeLimit, forget: impl FnOnce()) -> Result<(), Error> {
    if thread::is_own() {
        return Err(Error::invalid(
            "a callback must not shut the library down: its own thread would have to end first",
        ));
    }
    let deadline = Instant::now().checked_add(limit.left);
    let worker = with_state(|state| {
        state.shutdowns += 1;
        state.worker.take()
    });
    drop(worker);
    let ended = thread::join_all(deadline);
    with_state(|state| {
        state.shutdowns -= 1;
        if ended && state.shutdowns == 0 {
            forget();
            STATE.clear();
        }
    });
    if ended {
        return Ok(());
    }
    Err(Error::new(
        ErrorKind::Timeout,
        format!(
            "a thread of the library still runs after {limit}: a callback, a look-up or a file takes that long; \
             shutting down again goes on waiting for it"
        ),
    ))
}

/// Does `work` with this process's state, which no other thread clears meanwhile.
fn with_state<R>(work: impl FnOnce(&mut State) -> R) -> R {
    loop {
        let state = STATE.get(Mutex::default);
        let mut locked = state.lock().unwrap_or_else(PoisonError::into_inner);
        if STATE.is_current(&state) {
            return work(&mut locked);
        }
    }
}

/// Whether this is the runtime's thread.
pub(crate) fn is_current() -> bool {
    IS_CURRENT.get()
}

/// Does `work` on this runtime, whoever asks. Dropping the future gives the work up.
///
/// # Errors
///
/// Those of the work, and of [`spawn`].
pub(crate) async fn run<T: Send + 'static>(
    work: impl Future<Output = Result<T, Error>> + Send + 'static,
) -> Result<T, Error> {
    if is_current() {
        return work.await;
    }
    let task = spawn(|| work)?;
    let _given_up_with_the_future = AbortOnDrop(task.abort_handle());
    let ended = |end: JoinError| Err(if end.is_panic() { panicked() } else { shut_down() });
    task.await.unwrap_or_else(ended)
}

/// The failure of work that panicked.
pub(crate) fn panicked() -> Error {
    Error::new(ErrorKind::Internal, "the call ended without a result")
}

/// The failure of work that the end of the runtime ended.
pub(crate) fn shut_down() -> Error {
    Error::new(ErrorKind::Cancelled, "the library was shut down during the call")
}

struct AbortOnDrop(AbortHandle);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// The runtime is made on its own thread, for tokio has a handle made of the thread that makes it: see
/// [`channel`].
fn start() -> Result<Worker, Error> {
    let (started, handle) = channel();
    let (stop, stopped) = oneshot::channel();
    let work = move || {
        IS_CURRENT.set(true);
        match above_standard_streams(|| Builder::new_current_thread().enable_all().build()) {
            Ok(runtime) => {
                started.send(Ok(runtime.handle().clone()));
                // Nothing is ever sent: the other end is dropped.
                let _ = runtime.block_on(stopped);
            }
            Err(problem) => started.send(Err(problem)),
        }
    };
    let refused = |problem: io::Error| limit::refused("a worker thread", &problem);
    thread::spawn("seekauth", work).map_err(refused)?;
    let handle = handle.recv().ok_or_else(panicked)?.map_err(refused)?;
    Ok(Worker { handle, _stop: stop })
}

#[cfg(test)]
mod tests {
    use std::task::{Context, Poll, Waker};

    use super::*;

    fn block_on<T>(future: impl Future<Output = T>) -> T {
        Builder::new_current_thread().build().unwrap().block_on(future)
    }

    #[test]
    fn work_runs_on_the_librarys_thread_with_timers_and_io_that_the_caller_lacks() {
        let here = block_on(run(async {
            tokio::time::sleep(std::time::Duration::from_millis(1)).await;
            assert!(tokio::net::TcpListener::bind("127.0.0.1:0").await.is_ok());
            let nested = run(async { Ok(is_current()) }).await?;
            Ok(nested && std::thread::current().name() == Some("seekauth"))
        }));
        assert!(here.unwrap() && !is_current());
    }

    #[test]
    fn work_that_panics_is_an_error() {
        let error = block_on(run::<()>(async { std::panic::panic_any(()) })).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Internal);
    }

    #[test]
    fn work_ends_with_the_future_that_waits_for_it() {
        let (held, is_dropped) = tokio::sync::oneshot::channel::<()>();
        let mut waiting = Box::pin(run(async move {
            let _held = held;
            std::future::pending::<Result<(), Error>>().await
        }));
        let mut context = Context::from_waker(Waker::noop());
        assert!(matches!(waiting.as_mut().poll(&mut context), Poll::Pending));
        drop(waiting);
        assert!(block_on(is_dropped).is_err());
    }
}
