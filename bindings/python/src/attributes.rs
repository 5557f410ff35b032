//! The `__dict__` of a client, which is there so that tests can put doubles in the place of its methods. Where
//! an instance has one, Python looks for methods there first, which is the dearer part of a cached call; so
//! a client without attributes of its own has none.

use pyo3::ffi;
use pyo3::prelude::*;

use crate::client::Client;

/// Takes an empty `__dict__` away, which Python 3.12 gives to every new object; another is made as soon as an
/// attribute is set. 3.11 does the same, and is quicker with one than without.
pub(crate) fn drop_empty(object: &Bound<'_, PyAny>) -> PyResult<()> {
    let (py, class) = (object.py(), object.get_type());
    if !class.is(py.get_type::<Client>()) || py.version_info() < (3, 12) {
        return Ok(());
    }
    let offset: isize = class.getattr("__dictoffset__")?.extract()?;
    if offset > 0 {
        // SAFETY: objects of this very class have there what the class says: null, or a reference to a
        // dictionary that is the object's own. The object is new, so no other thread uses it.
        unsafe {
            let slot = object.as_ptr().byte_offset(offset).cast::<*mut ffi::PyObject>();
            if !(*slot).is_null() && ffi::PyDict_Size(*slot) == 0 {
                ffi::Py_CLEAR(slot);
            }
        }
    }
    Ok(())
}
