//! The façade's modules as they were first imported. Test runners and reloaders throw modules away and
//! import them again, but native code stays loaded: it would go on raising the first classes, and
//! programs would catch the second.

use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyModule};

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
