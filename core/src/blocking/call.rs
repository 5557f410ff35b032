//! Calls that run on the library's thread, and how their results reach the caller.

use std::marker::PhantomData;
use std::sync::Arc;
use std::sync::mpsc::RecvTimeoutError;
use std::thread;
use std::time::{Duration, Instant};

use tokio::task::AbortHandle;

use crate::blocking::callbacks::Callbacks;
use crate::error::{Error, ErrorKind};
use crate::sys::channel::{Receiver, channel};
use crate::sys::latch::Latch;
use crate::sys::runtime;
use crate::sys::time_limit::TimeLimit;

/// The worker gives up a call in time by itself; only one that hangs needs longer.
const GRACE: Duration = Duration::from_millis(50);

/// Runs `call` on the library's thread and hands its result to `done`. It counts among `callbacks` until
/// `done` has returned.
pub(super) fn then<T: Send + 'static>(
    callbacks: &Callbacks,
    call: impl Future<Output = Result<T, Error>> + Send + 'static,
    done: impl FnOnce(Result<T, Error>) + Send + 'static,
) -> Result<CancelHandle, Error> {
    let cancelled = Arc::new(Latch::new());
    let handle = CancelHandle(Arc::clone(&cancelled));
    let counted = callbacks.begin();
    runtime::spawn(|| {
        let outcome = Outcome::new(move |result| {
            done(result);
            drop(counted);
        });
        async move {
            let cancelled_error = || Error::new(ErrorKind::Cancelled, "the call was given up");
            let result = tokio::select! {
                biased;
                () = cancelled.wait() => Err(cancelled_error()),
                result = call => result,
            };
            outcome.give(result);
        }
    })?;
    Ok(handle)
}

/// Runs `call` on the library's thread and leaves its result where the caller looks for it.
pub(super) fn start<T: Send + 'static>(
    call: impl Future<Output = Result<T, Error>> + Send + 'static,
    deadline: Option<(Instant, TimeLimit)>,
) -> Result<Pending<T>, Error> {
    if runtime::is_current() {
        return Err(Error::invalid(
            "a callback must not wait for a result; use the asynchronous call there",
        ));
    }
    let (sender, result) = channel();
    let task = runtime::spawn(|| {
        // Nobody listens any more once the caller has given up.
        let outcome = Outcome::new(move |result| sender.send(result));
        async move { outcome.give(call.await) }
    })?;
    Ok(Pending { result, task: task.abort_handle(), deadline })
}

/// Who receives the result of a call: exactly once, also when the call panics or its runtime ends.
struct Outcome<T, F: FnOnce(Result<T, Error>)> {
    receiver: Option<F>,
    of: PhantomData<fn(T)>,
}

impl<T, F: FnOnce(Result<T, Error>)> Outcome<T, F> {
    fn new(receiver: F) -> Self {
        Self { receiver: Some(receiver), of: PhantomData }
    }

    fn give(mut self, result: Result<T, Error>) {
        if let Some(receiver) = self.receiver.take() {
            receiver(result);
        }
    }
}

impl<T, F: FnOnce(Result<T, Error>)> Drop for Outcome<T, F> {
    fn drop(&mut self) {
        if let Some(receiver) = self.receiver.take() {
            let why = if thread::panicking() { runtime::panicked() } else { runtime::shut_down() };
            receiver(Err(why));
        }
    }
}

/// Cancels a call started with a callback. Dropping it changes nothing.
#[derive(Debug)]
pub struct CancelHandle(Arc<Latch>);

impl CancelHandle {
    /// Gives the call up: its callback runs with `cancelled`, unless it ran already. The request
    /// itself goes on for other callers.
    pub fn cancel(&self) {
        self.0.set();
    }
}

/// A call started by [`Client::start`](super::Client::start) or one of its kind. Dropping it gives the call up.
#[derive(Debug)]
pub struct Pending<T> {
    result: Receiver<Result<T, Error>>,
    task: AbortHandle,
    deadline: Option<(Instant, TimeLimit)>,
}

impl<T> Pending<T> {
    /// Waits for `timeout` at most; `None` means not yet.
    pub fn wait_timeout(&mut self, timeout: Duration) -> Option<Result<T, Error>> {
        let left = self.time_left();
        let wait = left.map_or(timeout, |left| left.min(timeout));
        match self.result.recv_timeout(wait) {
            Ok(result) => Some(result),
            Err(RecvTimeoutError::Timeout) if left.is_none_or(|left| left > timeout) => None,
            Err(RecvTimeoutError::Timeout) => Some(Err(self.overdue())),
            Err(RecvTimeoutError::Disconnected) => Some(Err(runtime::panicked())),
        }
    }

    /// Waits for the result, for the time that the call has.
    ///
    /// # Errors
    ///
    /// Those of the call.
    pub fn wait(mut self) -> Result<T, Error> {
        loop {
            if let Some(result) = self.wait_timeout(Duration::from_secs(3_600)) {
                return result;
            }
        }
    }

    fn time_left(&self) -> Option<Duration> {
        let deadline = self.deadline?.0.checked_add(GRACE)?;
        Some(deadline.saturating_duration_since(Instant::now()))
    }

    fn overdue(&self) -> Error {
        let limit = self.deadline.map_or_else(String::new, |(_, limit)| format!(" within {limit}"));
        Error::new(
            ErrorKind::Timeout,
            format!("no result{limit}: the library's worker thread does not respond"),
        )
    }
}

impl<T> Drop for Pending<T> {
    fn drop(&mut self) {
        self.task.abort();
    }
}
