//! The façade's modules as they were first imported. Test runners and reloaders throw modules away and
//! import them again, but native code stays loaded: it would go on raising the first classes, and
//! programs would catch the second.

use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyModule};

/// What `make` gives, kept from the first time on. Code of Python's in it may let another thread fork; a
/// child of that would wait for ever for a cell that is being filled, so it is filled afterwards.
pub(crate) fn kept<'py, T>(
    py: Python<'py>,
    cell: &'py PyOnceLock<T>,
    make: impl FnOnce() -> PyResult<T>,
) -> PyResult<&'py T> {
    match cell.get(py) {
        Some(kept) => Ok(kept),
        None => make().map(|made| cell.get_or_init(py, || made)),
    }
}

/// What a module of the façade's has under this name, kept from the first time on.
pub(crate) fn imported<'py>(
    py: Python<'py>,
    cell: &'py PyOnceLock<Py<PyAny>>,
    module: &str,
    name: &str,
) -> PyResult<&'py Bound<'py, PyAny>> {
    let kept = kept(py, cell, || Ok(py.import(module)?.getattr(name)?.unbind()))?;
    Ok(kept.bind(py))
}

/// The module of this name as it was first imported; that is `module` itself the first time.
///
/// For the end of a module with classes that native code raises or returns, which so exist once.
#[pyfunction]
pub(crate) fn first_import<'py>(module: &Bound<'py, PyModule>) -> PyResult<Bound<'py, PyAny>> {
    static FIRST: PyOnceLock<Py<PyDict>> = PyOnceLock::new();
    let py = module.py();
    let first = FIRST.get_or_init(py, || PyDict::new(py).unbind()).bind(py);
    first.call_method1("setdefault", (module.name()?, module))
}
