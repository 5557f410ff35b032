//! The interpreter as the library's threads see it: which one, the way into it, and its end. A thread
//! that enters an interpreter during its finalization hangs or crashes, so from the first moment of
//! exit no thread enters any more, and the exit waits for those that are active in it.

use std::cell::Cell;
use std::hint;
use std::mem;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use pyo3::exceptions::PyImportError;
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple};
use pyo3::wrap_pyfunction;
use seekauth::binding::wait_for_delivery;

/// How long the exit waits for active threads. A call from a library thread takes microseconds; the
/// bound is for functions of the program's own, see [`call`], and for a forked child, which may have
/// inherited the count of a thread that exists in its parent only.
const MAX_WAIT: Duration = Duration::from_millis(200);

const POLL_INTERVAL: Duration = Duration::from_millis(1);

/// The core's worker, which lives as long as the process. The threads of credentials functions end.
const WORKER: &str = "seekauth";

/// What of that is left to threads when events took all of it, since it is microseconds that they need.
const LEAST_WAIT: Duration = Duration::from_millis(50);

static FINALIZING: AtomicBool = AtomicBool::new(false);
static ACTIVE: AtomicUsize = AtomicUsize::new(0);

/// Threads on their way into the interpreter, and those of the program that are about to fork.
static ENTERING: AtomicUsize = AtomicUsize::new(0);
static FORKING: AtomicUsize = AtomicUsize::new(0);

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
pub(crate) fn is_finalizing() -> bool {
    FINALIZING.load(Ordering::SeqCst)
}

/// Runs `work` attached to the interpreter, or drops it when the interpreter is exiting.
pub(crate) fn enter(work: impl FnOnce(Python<'_>)) {
    ACTIVE.fetch_add(1, Ordering::SeqCst);
    if !is_finalizing() {
        let entry = Entry::new();
        keep_state_of_worker();
        Python::try_attach(move |py| {
            drop(entry);
            work(py);
        });
    }
    ACTIVE.fetch_sub(1, Ordering::SeqCst);
}

/// A thread on its way into the interpreter. Its state there is made under a lock and without the
/// interpreter lock, and before Python 3.12 a child that is forked in such a moment waits for that lock
/// for ever. So a fork waits for such threads, and they for it.
pub(crate) struct Entry;

impl Entry {
    fn new() -> Self {
        loop {
            ENTERING.fetch_add(1, Ordering::SeqCst);
            if FORKING.load(Ordering::SeqCst) == 0 {
                return Self;
            }
            ENTERING.fetch_sub(1, Ordering::SeqCst);
            while FORKING.load(Ordering::SeqCst) > 0 {
                thread::sleep(POLL_INTERVAL);
            }
        }
    }
}

/// Lets forks wait until what is returned is dropped.
pub(crate) fn hold_forks(py: Python<'_>) -> Entry {
    // A fork under way needs the interpreter lock.
    py.detach(Entry::new)
}

impl Drop for Entry {
    fn drop(&mut self) {
        ENTERING.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Lets no thread be on its way into the interpreter while the program forks.
pub(crate) fn guard_forks(module: &Bound<'_, PyModule>) -> PyResult<()> {
    let py = module.py();
    let os = py.import("os")?;
    if os.hasattr("register_at_fork")? {
        let hooks = PyDict::new(py);
        hooks.set_item("before", wrap_pyfunction!(before_fork, module)?)?;
        hooks.set_item("after_in_parent", wrap_pyfunction!(after_fork_in_parent, module)?)?;
        hooks.set_item("after_in_child", wrap_pyfunction!(after_fork_in_child, module)?)?;
        os.call_method("register_at_fork", (), Some(&hooks))?;
    }
    Ok(())
}

#[pyfunction]
fn before_fork(py: Python<'_>) {
    FORKING.fetch_add(1, Ordering::SeqCst);
    let deadline = Instant::now() + MAX_WAIT;
    // They may wait for the interpreter lock, which this thread has.
    while ENTERING.load(Ordering::SeqCst) > 0 && Instant::now() < deadline {
        py.detach(|| thread::sleep(POLL_INTERVAL));
    }
}

#[pyfunction]
fn after_fork_in_parent() {
    // A host that embeds Python may run this one alone.
    let _ = FORKING.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |count| count.checked_sub(1));
}

/// None of the parent's threads is here.
#[pyfunction]
fn after_fork_in_child() {
    FORKING.store(0, Ordering::SeqCst);
    ENTERING.store(0, Ordering::SeqCst);
}

/// Lets the interpreter keep its state of the worker thread, which otherwise is made and thrown away
/// for each delivery.
fn keep_state_of_worker() {
    thread_local! {
        static IS_KEPT: Cell<bool> = const { Cell::new(false) };
    }
    if !IS_KEPT.get() && thread::current().name() == Some(WORKER) {
        IS_KEPT.set(true);
        // SAFETY: the interpreter is there and not finalizing, or this thread would not enter it. The
        // state that the first call makes, or finds, is current for the second, which detaches it.
        // Later attachments find it; the interpreter deletes it when it ends.
        unsafe {
            ffi::PyGILState_Ensure();
            ffi::PyEval_SaveThread();
        }
    }
}

/// Calls a function of the program's own on a library thread. It may take long, and so may find the
/// interpreter finished when it goes on; the thread then stops where it is, for good.
///
/// Python before 3.14 ends such a thread by unwinding it, and the process aborts when that comes to a
/// frame of Rust that is not prepared for it. (pyo3 does the same for the two functions it knows to do
/// this, and says more about it at its `PyGILState_Ensure`.)
pub(crate) fn call<'py>(
    function: &Bound<'py, PyAny>,
    arguments: &Bound<'py, PyTuple>,
) -> PyResult<Bound<'py, PyAny>> {
    type Unwinding =
        unsafe extern "C-unwind" fn(*mut ffi::PyObject, *mut ffi::PyObject) -> *mut ffi::PyObject;
    let guard = ParkOnUnwind;
    // SAFETY: the two types differ in this alone, whether the caller is prepared for an unwinding. The
    // black box keeps the compiler from finding out that it was told there would be none.
    let entry: Unwinding = unsafe { mem::transmute(hint::black_box(CALL)) };
    let py = function.py();
    // SAFETY: a `Bound` proves that this thread is attached and the object alive; what is returned
    // is a new reference, or null with an exception set, which is what is asked for here.
    let result =
        unsafe { Bound::from_owned_ptr_or_err(py, entry(function.as_ptr(), arguments.as_ptr())) };
    mem::forget(guard);
    result
}

const CALL: unsafe extern "C" fn(*mut ffi::PyObject, *mut ffi::PyObject) -> *mut ffi::PyObject =
    ffi::PyObject_CallObject;

/// Hands an exception that nobody can catch to `sys.unraisablehook`, which may be the program's own: see
/// [`call`].
pub(crate) fn report(failure: PyErr, function: &Bound<'_, PyAny>) {
    type Unwinding = unsafe extern "C-unwind" fn(*mut ffi::PyObject);
    failure.restore(function.py());
    let guard = ParkOnUnwind;
    // SAFETY: as in `call`.
    let entry: Unwinding = unsafe { mem::transmute(hint::black_box(REPORT)) };
    // SAFETY: as in `call`; an exception is set, which is what it takes.
    unsafe { entry(function.as_ptr()) };
    mem::forget(guard);
}

const REPORT: unsafe extern "C" fn(*mut ffi::PyObject) = ffi::PyErr_WriteUnraisable;

/// Stops a thread that is being unwound.
struct ParkOnUnwind;

impl Drop for ParkOnUnwind {
    fn drop(&mut self) {
        loop {
            thread::park();
        }
    }
}

/// Runs at exit, before the interpreter is finalized. What was told of until now is delivered first, as
/// far as there is time.
#[pyfunction]
pub(crate) fn finalize(py: Python<'_>) {
    py.detach(|| {
        let deadline = Instant::now() + MAX_WAIT;
        wait_for_delivery(deadline);
        FINALIZING.store(true, Ordering::SeqCst);
        let deadline = deadline.max(Instant::now() + LEAST_WAIT);
        while ACTIVE.load(Ordering::SeqCst) > 0 && Instant::now() < deadline {
            thread::sleep(POLL_INTERVAL);
        }
    });
}
