//! Calls that wait: a thread for its result, with the interpreter lock released and open to signals, or
//! an event loop for its callback, which comes from a library thread and never once the interpreter
//! has begun to exit.

use std::time::Duration;

use pyo3::prelude::*;
use seekauth::host::Pending;
use seekauth::{Error, ErrorKind, host};

use crate::error::exception;
use crate::interpreter;

/// How long a wait goes on before Python may handle its signals.
const SLICE: Duration = Duration::from_millis(50);

/// Waits for the result of a call, with the interpreter lock released and open to signals.
pub(crate) fn finish<T: Send>(
    py: Python<'_>,
    begin: impl FnOnce() -> Result<Pending<T>, Error> + Send,
) -> PyResult<T> {
    let mut pending = py.detach(begin).map_err(|error| exception(py, &error))?;
    loop {
        match py.detach(|| pending.wait(SLICE)) {
            Some(outcome) => return outcome.map_err(|error| exception(py, &error)),
            None => py.check_signals()?,
        }
    }
}

/// Starts a call that ends with `done(result, error)`.
pub(crate) fn start<T, P>(
    py: Python<'_>,
    done: Py<PyAny>,
    call: impl FnOnce(Box<dyn FnOnce(Result<T, Error>) + Send>) -> Result<host::Waiter, Error> + Send,
    translate: fn(T) -> P,
) -> PyResult<Waiter>
where
    T: 'static,
    P: for<'py> IntoPyObject<'py> + 'static,
{
    if interpreter::leaving() {
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
    py.detach(|| call(Box::new(deliver))).map(Waiter).map_err(|error| exception(py, &error))
}

/// One call that waits.
#[pyclass(frozen, module = "seekauth._native", name = "Waiter")]
pub(crate) struct Waiter(host::Waiter);

#[pymethods]
impl Waiter {
    /// Gives the call up: its callback is then called with `CancelledError`.
    ///
    /// Nothing happens when the call has ended.
    fn cancel(&self) {
        self.0.cancel();
    }
}
