//! Errors of the core as Python exceptions. The classes are Python's own, in `seekauth/errors.py`,
//! and are looked up there by the name of the error's kind; this file knows nothing about any kind.

use std::time::Duration;

use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyTuple};
use seekauth::{Error, ErrorKind};

use crate::modules::imported;

/// The exception for an error, ready to be raised.
pub(crate) fn exception(py: Python<'_>, error: &Error) -> PyErr {
    match object(py, error) {
        Ok(object) => PyErr::from_value(object),
        Err(failure) => failure,
    }
}

/// An error of translation: the value has the right type and yet cannot be passed on.
pub(crate) fn invalid(py: Python<'_>, message: String) -> PyErr {
    exception(py, &Error::new(ErrorKind::InvalidArgument, message))
}

/// The error table: code, name, meaning, and whether a later try may succeed.
pub(crate) fn table(py: Python<'_>) -> PyResult<Bound<'_, PyTuple>> {
    let rows = ErrorKind::ALL
        .iter()
        .map(|kind| (kind.code(), kind.name(), kind.meaning(), kind.retryable()));
    PyTuple::new(py, rows)
}

/// The core's error for a `SeekAuthError` that a function of the program's own raised, `None` for anything else.
pub(crate) fn from_exception(py: Python<'_>, failure: &PyErr) -> Option<Error> {
    static CLASS: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let class = imported(py, &CLASS, "seekauth.errors", "SeekAuthError").ok()?;
    let object = failure.value(py);
    if !object.is_instance(class).ok()? {
        return None;
    }
    let kind: String = object.getattr("kind").ok()?.extract().ok()?;
    let kind = ErrorKind::parse(&kind).ok()?;
    let pause: Option<f64> = object.getattr("retry_after").ok()?.extract().ok()?;
    let pause = pause.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    let message = object.str().ok()?.to_string();
    Some(Error::new(kind, message).with_retry_after(pause))
}

fn object<'py>(py: Python<'py>, error: &Error) -> PyResult<Bound<'py, PyAny>> {
    static FROM_KIND: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let facts = PyDict::new(py);
    facts.set_item("retryable", error.retryable())?;
    facts.set_item("retry_after", error.retry_after().map(|wait| wait.as_secs_f64()))?;
    facts.set_item("status", error.status())?;
    facts.set_item("server_code", error.server_code())?;
    facts.set_item("target", error.target())?;
    facts.set_item("request_id", error.request_id())?;
    facts.set_item("server_message", error.server_message())?;
    facts.set_item("server_path", error.server_path())?;
    imported(py, &FROM_KIND, "seekauth.errors", "from_kind")?
        .call((error.kind().name(), error.message()), Some(&facts))
}
