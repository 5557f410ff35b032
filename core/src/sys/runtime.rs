//! The library's own runtime, on one thread for the whole process, made by the first call that has to
//! wait and anew in a forked child. What outlives a call runs here, flights and connections above
//! all, so that no runtime of the program's has to go on, or to be tokio's, for somebody else's call.

use std::cell::Cell;
use std::future::Future;
use std::io;

use once_cell::sync::OnceCell;
use tokio::runtime::{Builder, Handle};
use tokio::task::AbortHandle;

use crate::error::{Error, ErrorKind};
use crate::sys::descriptors::above_standard_streams;
use crate::sys::per_process::PerProcess;
use crate::sys::{limit, thread};

static RUNTIME: PerProcess<OnceCell<Handle>> = PerProcess::new();

thread_local! {
    static IS_CURRENT: Cell<bool> = const { Cell::new(false) };
}

/// The process's runtime. Its one thread is made here and not by tokio, which would panic where the
/// system refuses it.
///
/// # Errors
///
/// `unavailable` when the system refuses the thread or a descriptor.
pub(crate) fn handle() -> Result<Handle, Error> {
    let runtime = RUNTIME.get(OnceCell::new);
    runtime.get_or_try_init(start).cloned()
}

/// Whether this is the runtime's thread.
pub(crate) fn is_current() -> bool {
    IS_CURRENT.get()
}

/// Does `work` on this runtime, whoever asks. Dropping the future gives the work up.
///
/// # Errors
///
/// Those of the work, and of [`handle`].
pub(crate) async fn run<T: Send + 'static>(
    work: impl Future<Output = Result<T, Error>> + Send + 'static,
) -> Result<T, Error> {
    if is_current() {
        return work.await;
    }
    let task = handle()?.spawn(work);
    let _given_up_with_the_future = AbortOnDrop(task.abort_handle());
    task.await.unwrap_or_else(|_| Err(lost()))
}

/// The failure of work that ended without a result: it panicked, or the runtime ended.
pub(crate) fn lost() -> Error {
    Error::new(ErrorKind::Internal, "the call ended without a result")
}

struct AbortOnDrop(AbortHandle);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}

fn start() -> Result<Handle, Error> {
    let refused = |problem: io::Error| limit::refused("a worker thread", &problem);
    let runtime = above_standard_streams(|| Builder::new_current_thread().enable_all().build());
    let runtime = runtime.map_err(refused)?;
    let handle = runtime.handle().clone();
    let work = move || {
        IS_CURRENT.set(true);
        runtime.block_on(std::future::pending::<()>());
    };
    thread::spawn("seekauth", work).map_err(refused)?;
    Ok(handle)
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
