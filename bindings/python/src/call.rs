//! Calls that wait. A thread waits for the result with the interpreter lock released and open to
//! signals; an event loop gets a callback, from a library thread and never once the interpreter has
//! begun to exit.

use std::time::Duration;

use pyo3::prelude::*;
use seekauth::blocking::{self, Pending};
use seekauth::{Error, ErrorKind};

use crate::error::exception;
use crate::interpreter;

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
    let deliver = move |outcome: Result<T, Error>| {
        interpreter::enter(|py| {
            let result = match outcome {
                Ok(value) => done.call1(py, (translate(value), py.None())),
                Err(error) => done.call1(py, (py.None(), exception(py, &error).into_value(py))),
            };
            if let Err(failure) = result {
                failure.write_unraisable(py, Some(done.bind(py)));
            }
        });
    };
    py.detach(|| start(Box::new(deliver))).map(CancelHandle).map_err(|error| exception(py, &error))
}

/// Cancels one call that has been started.
#[pyclass(frozen, module = "seekauth._native", name = "CancelHandle")]
pub(crate) struct CancelHandle(blocking::CancelHandle);

#[pymethods]
impl CancelHandle {
    /// Gives the call up: its callback is then called with `CancelledError`.
    ///
    /// Nothing happens when the call has ended.
    fn cancel(&self) {
        self.0.cancel();
    }
}
