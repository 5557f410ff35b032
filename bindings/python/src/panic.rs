//! Panics end at the Python interface. pyo3 would make them a `PanicException`, which no `except Exception`
//! catches and which shows the panic's text; here they become an `InternalError` like any other failure.

#[cfg(feature = "manual-clock")]
use std::panic::resume_unwind;
use std::panic::{AssertUnwindSafe, catch_unwind};

use pyo3::prelude::*;
use seekauth::{Error, ErrorKind};

use crate::error::exception;

/// Runs `work`, the whole of a method. A panic in it is an `InternalError`.
pub(crate) fn guard<T>(py: Python<'_>, work: impl FnOnce() -> PyResult<T>) -> PyResult<T> {
    // State that a panic leaves half done belongs to the object it happened in, and the core's objects
    // are made to be seen by other threads at any moment.
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| Err(exception(py, &internal())))
}

/// The error in place of a panic, whose own text may hold anything.
pub(crate) fn internal() -> Error {
    Error::new(ErrorKind::Internal, "seekauth met a bug of its own; please report it")
}

/// Panics, for the tests that drive this binding.
#[cfg(feature = "manual-clock")]
#[pyfunction]
pub(crate) fn test_panic(py: Python<'_>, text: &str) -> PyResult<()> {
    guard(py, || resume_unwind(Box::new(text.to_owned())))
}
