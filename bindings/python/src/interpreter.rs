//! The interpreter as the library's threads see it: which one, the way into it, and its end. A thread
//! that enters an interpreter which is being torn down is stopped in its tracks or crashes, so from
//! the first moment of exit no thread enters any more, and the exit waits for those that are inside.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use pyo3::exceptions::PyImportError;
use pyo3::ffi;
use pyo3::prelude::*;

/// A call from a library thread takes microseconds. The bound is for a forked child, which may have
/// inherited the count of a thread that exists in its parent only.
const LONGEST_WAIT: Duration = Duration::from_millis(200);

static LEAVING: AtomicBool = AtomicBool::new(false);
static INSIDE: AtomicUsize = AtomicUsize::new(0);

/// Refuses every interpreter but the main one: library threads can enter no other, and classes and
/// constants of this module exist once in the process.
pub(crate) fn check_main(_py: Python<'_>) -> PyResult<()> {
    // SAFETY: a `Python` proves that this thread is attached to an interpreter, which is all that
    // the first call asks for, and its result is what the second one takes.
    let id = unsafe { ffi::PyInterpreterState_GetID(ffi::PyInterpreterState_Get()) };
    if id == 0 {
        Ok(())
    } else {
        Err(PyImportError::new_err(
            "seekauth runs in the main interpreter of a process only \
             (for mod_wsgi: WSGIApplicationGroup %{GLOBAL})",
        ))
    }
}

/// Whether the interpreter has begun to exit, after which [`enter`] does nothing.
pub(crate) fn leaving() -> bool {
    LEAVING.load(Ordering::SeqCst)
}

/// Runs `work` attached to the interpreter, or drops it when the interpreter is exiting.
pub(crate) fn enter(work: impl FnOnce(Python<'_>)) {
    INSIDE.fetch_add(1, Ordering::SeqCst);
    if !leaving() {
        Python::try_attach(work);
    }
    INSIDE.fetch_sub(1, Ordering::SeqCst);
}

/// Runs at exit, before the interpreter is torn down.
#[pyfunction]
pub(crate) fn leave_interpreter(py: Python<'_>) {
    LEAVING.store(true, Ordering::SeqCst);
    py.detach(|| {
        let deadline = Instant::now() + LONGEST_WAIT;
        while INSIDE.load(Ordering::SeqCst) > 0 && Instant::now() < deadline {
            thread::sleep(Duration::from_millis(1));
        }
    });
}
