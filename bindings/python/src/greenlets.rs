//! Calls that wait in a greenlet, where gevent or eventlet has made threads of them: the greenlet lets
//! its hub run, and a library thread wakes it there. How, is in `python/seekauth/_greenlets.py`.

use std::sync::{Arc, Mutex, PoisonError};

use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use seekauth::Error;
use seekauth::blocking::CancelHandle;

use crate::error::exception;
use crate::interpreter;
use crate::modules::imported;
use crate::panic;

/// What a call's result is handed to.
pub(crate) type Done<T> = Box<dyn FnOnce(Result<T, Error>) + Send>;

/// The waiting of one greenlet.
pub(crate) struct Waiter<'py>(Bound<'py, PyAny>);

/// Imports what a wait takes. A program without a descriptor to spare could not, once it has to wait.
pub(crate) fn prepare(py: Python<'_>) -> PyResult<&Bound<'_, PyAny>> {
    static MAKE: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    imported(py, &MAKE, "seekauth._greenlets", "waiter")
}

impl<'py> Waiter<'py> {
    /// One for the greenlet that runs; `None` where threads are threads.
    pub(crate) fn of_this_greenlet(py: Python<'py>) -> PyResult<Option<Self>> {
        if interpreter::is_finalizing() {
            // No library thread could wake it.
            return Ok(None);
        }
        let waiter = prepare(py)?.call0()?;
        Ok((!waiter.is_none()).then_some(Self(waiter)))
    }

    /// The result of a call, while other greenlets run. One that is thrown out of its wait gives the
    /// call up.
    pub(crate) fn wait<T: Send + 'static>(
        self,
        start: impl FnOnce(Done<T>) -> Result<CancelHandle, Error> + Send,
    ) -> PyResult<T> {
        let (Self(waiter), outcome) = (self, Arc::new(Mutex::new(None)));
        let py = waiter.py();
        let wake = waiter.getattr("wake")?.unbind();
        let delivery = Delivery { outcome: Arc::clone(&outcome), wake };
        let started = py.detach(|| start(Box::new(move |result| delivery.store(result))));
        let handle = started.map_err(|error| exception(py, &error))?;
        let result = waiter.call_method0("wait");
        handle.cancel();
        result?;
        let outcome = outcome.lock().unwrap_or_else(PoisonError::into_inner).take();
        outcome.unwrap_or_else(|| Err(panic::internal())).map_err(|error| exception(py, &error))
    }
}

/// The way of a result from a library thread to the greenlet, which wakes even if the call is lost.
struct Delivery<T> {
    outcome: Arc<Mutex<Option<Result<T, Error>>>>,
    wake: Py<PyAny>,
}

impl<T> Delivery<T> {
    fn store(self, result: Result<T, Error>) {
        *self.outcome.lock().unwrap_or_else(PoisonError::into_inner) = Some(result);
    }
}

impl<T> Drop for Delivery<T> {
    fn drop(&mut self) {
        interpreter::enter(|py| {
            if let Err(failure) = self.wake.call0(py) {
                failure.write_unraisable(py, Some(self.wake.bind(py)));
            }
        });
    }
}
