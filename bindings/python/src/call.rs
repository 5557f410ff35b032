//! Calls that wait. A thread waits for the result with the interpreter lock released and open to
//! signals; an event loop gets a callback, from a library thread and never once the interpreter has
//! begun to exit.

use std::thread::{self, ThreadId};
use std::time::Duration;

use pyo3::prelude::*;
use seekauth::blocking::{self, Pending};
use seekauth::{Error, ErrorKind};

use crate::error::exception;
use crate::interpreter;
use crate::panic::{self, guard};

/// How long a wait goes on before Python may handle its signals.
const SIGNAL_INTERVAL: Duration = Duration::from_millis(50);

/// The result of a call, waited for with the interpreter lock released and open to signals.
pub(crate) fn wait<T: Send>(
    py: Python<'_>,
    start: impl FnOnce() -> Result<Pending<T>, Error> + Send,
) -> PyResult<T> {
    let mut pending = py.detach(start).map_err(|error| exception(py, &error))?;
    loop {
        match py.detach(|| pending.wait_timeout(SIGNAL_INTERVAL)) {
            Some(outcome) => return outcome.map_err(|error| exception(py, &error)),
            None => py.check_signals()?,
        }
    }
}

/// Starts a call that ends with `done(result, error)`.
pub(crate) fn start_with_callback<T, P>(
    py: Python<'_>,
    done: Py<PyAny>,
    start: impl FnOnce(
        Box<dyn FnOnce(Result<T, Error>) + Send>,
    ) -> Result<blocking::CancelHandle, Error>
    + Send,
    translate: fn(T) -> P,
) -> PyResult<CancelHandle>
where
    T: 'static,
    P: for<'py> IntoPyObject<'py> + 'static,
{
    if interpreter::is_finalizing() {
        let error = Error::new(ErrorKind::Closed, "the interpreter is exiting");
        return Err(exception(py, &error));
    }
    let mut callback = Callback { done: Some(done), starter: thread::current().id() };
    let deliver = move |outcome: Result<T, Error>| callback.call(outcome.map(translate));
    py.detach(|| start(Box::new(deliver))).map(CancelHandle).map_err(|error| exception(py, &error))
}

/// A function that is called once, even if the call that it belongs to is lost.
struct Callback {
    done: Option<Py<PyAny>>,
    /// The thread that starts the call. Dropped there, the call was refused and never began.
    starter: ThreadId,
}

impl Callback {
    fn call<P: for<'py> IntoPyObject<'py>>(&mut self, outcome: Result<P, Error>) {
        let Some(done) = self.done.take() else { return };
        interpreter::enter(|py| {
            let result = match outcome {
                Ok(value) => done.call1(py, (value, py.None())),
                Err(error) => done.call1(py, (py.None(), exception(py, &error).into_value(py))),
            };
            if let Err(failure) = result {
                failure.write_unraisable(py, Some(done.bind(py)));
            }
        });
    }
}

impl Drop for Callback {
    fn drop(&mut self) {
        if thread::current().id() != self.starter {
            self.call::<()>(Err(panic::internal()));
        }
    }
}

/// A call that is lost on a thread of its own, for the tests that drive this binding.
#[cfg(feature = "manual-clock")]
#[pyfunction]
pub(crate) fn test_lost_call(py: Python<'_>, done: Py<PyAny>) -> PyResult<CancelHandle> {
    guard(py, || {
        let lose = |deliver: Box<dyn FnOnce(Result<(), Error>) + Send>| {
            thread::spawn(move || drop(deliver));
            Err(Error::new(ErrorKind::Internal, "lost"))
        };
        start_with_callback(py, done, lose, |()| ())
    })
}

/// Cancels one call that has been started.
#[pyclass(frozen, module = "seekauth._native", name = "CancelHandle")]
pub(crate) struct CancelHandle(blocking::CancelHandle);

#[pymethods]
impl CancelHandle {
    /// Gives the call up: its callback is then called with `CancelledError`.
    ///
    /// Nothing happens when the call has ended.
    fn cancel(&self, py: Python<'_>) -> PyResult<()> {
        guard(py, || {
            self.0.cancel();
            Ok(())
        })
    }
}
