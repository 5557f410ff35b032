//! Work that may hang (a file on a dead mount, a program, a function of the host), on a thread of
//! its own, for the library's one worker must not wait for it; one at a time, so that what hangs
//! holds one thread and no more.

use std::sync::Arc;

use tokio::sync::{Mutex, OwnedMutexGuard};

use crate::credentials::unavailable;
use crate::error::Error;
use crate::sys::limit;
use crate::sys::per_process::PerProcess;
use crate::sys::thread::run_detached;

/// A queue of such work. A forked child has no thread that could end its parent's work, and so
/// a queue of its own.
#[derive(Clone)]
pub(crate) struct OneAtATime(Arc<PerProcess<Arc<Mutex<()>>>>);

/// The right to work.
pub(crate) struct Turn {
    _ends_with_it: OwnedMutexGuard<()>,
}

impl OneAtATime {
    pub(crate) fn new() -> Self {
        Self(Arc::new(PerProcess::new()))
    }

    /// Waits until nobody else works. Whoever waits no longer leaves the queue.
    pub(crate) async fn turn(&self) -> Turn {
        Turn { _ends_with_it: Arc::clone(&**self.0.get(Arc::default)).lock_owned().await }
    }
}

impl Turn {
    /// Works, until the end even if nobody waits for the result any more.
    ///
    /// # Errors
    ///
    /// `credentials_unavailable`, retryable, when the system refuses a thread or the work panics.
    pub(crate) async fn run<T: Send + 'static>(
        self,
        name: &str,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Error> {
        let started = run_detached(name, move || {
            let _turn = self;
            work()
        });
        let result = started.map_err(|problem| {
            unavailable(format!("no thread to ask for the credentials: {}", limit::words(&problem)))
        })?;
        result
            .await
            .map_err(|_| unavailable("what asks for the credentials ended without a result"))
    }
}
