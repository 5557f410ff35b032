//! The `str` that a client hands out while its token is fresh. It lives in a Python object of its own,
//! whose lock guards it: the interpreter lock, which the caller of a method has anyway, or on
//! free-threaded builds the object's critical section. A mutex would cost as much as the rest of the
//! call.

use std::cell::UnsafeCell;
use std::mem;

use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::sync::critical_section::with_critical_section;
use pyo3::types::PyString;
use seekauth::{Token, blocking};

use crate::modules::imported;

/// A header value as Python programs get it: a `str` that does not show itself in tracebacks, see
/// `seekauth/_authorization.py`.
pub(crate) fn header_value<'py>(py: Python<'py>, value: &str) -> PyResult<Bound<'py, PyString>> {
    static CLASS: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let class = imported(py, &CLASS, "seekauth._authorization", "Authorization")?;
    Ok(class.call1((value,))?.cast_into()?)
}

/// The last header value that was handed out, and the generation of the token it was made from.
#[pyclass(frozen)]
#[derive(Default)]
pub(crate) struct CachedAuthorization(UnsafeCell<Option<(u64, Py<PyString>)>>);

// SAFETY: the cell is reached only by `get` and `store`, through the Python object that owns it and
// inside that object's critical section. On builds with an interpreter lock, being attached, which a
// `Bound` proves, keeps all others out; on free-threaded builds the section locks the object. Python
// code would let others in, but none runs in either section: one counts a reference up, the other
// moves values, and what it replaces is dropped afterwards.
unsafe impl Sync for CachedAuthorization {}

impl CachedAuthorization {
    /// The header value of the token with this generation, if that is the cached one.
    pub(crate) fn get<'py>(
        slf: &Bound<'py, Self>,
        generation: u64,
    ) -> Option<Bound<'py, PyString>> {
        let cell = slf.get().0.get();
        with_critical_section(slf, || {
            // SAFETY: nobody else reaches the cell during the critical section, as said above, and
            // the reference ends with it.
            match unsafe { &*cell } {
                Some((made_from, value)) if *made_from == generation => {
                    Some(value.bind(slf.py()).clone())
                }
                _ => None,
            }
        })
    }

    /// The header value of this token, which is cached from now on.
    pub(crate) fn get_or_store<'py>(
        slf: &Bound<'py, Self>,
        token: &Token,
    ) -> PyResult<Bound<'py, PyString>> {
        match Self::get(slf, token.generation()) {
            Some(value) => Ok(value),
            None => Self::store(slf, token),
        }
    }

    /// The header value of the client's token while it is fresh.
    pub(crate) fn fresh<'py>(
        slf: &Bound<'py, Self>,
        client: &blocking::Client,
    ) -> PyResult<Option<Bound<'py, PyString>>> {
        // Python code runs when the value is made, and so with nothing lent.
        client.fresh_token().map(|token| Self::get_or_store(slf, &token)).transpose()
    }

    fn store<'py>(slf: &Bound<'py, Self>, token: &Token) -> PyResult<Bound<'py, PyString>> {
        let value = header_value(slf.py(), token.authorization())?;
        let fresh = Some((token.generation(), value.clone().unbind()));
        let cell = slf.get().0.get();
        // SAFETY: as above.
        let old = with_critical_section(slf, || mem::replace(unsafe { &mut *cell }, fresh));
        drop(old);
        Ok(value)
    }
}
