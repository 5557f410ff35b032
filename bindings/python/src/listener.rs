//! Who is told of events: functions of the program's own, and the logger `seekauth`. Both run on the core's
//! thread for events. As with the function for credentials, Python's client objects hold a program's
//! function and the core does not, so that the garbage collector sees every holder.

use std::sync::{Arc, Mutex, PoisonError, Weak};

use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyTuple};
use seekauth::{Event, EventLevel, Listening, blocking};

use crate::error::exception;
use crate::event;
use crate::interpreter;
use crate::modules::kept;
use crate::panic::guard;

/// The callback around the function, made by `seekauth._listeners`; `None` once it is to hear no more.
type Callback = Mutex<Option<Py<PyAny>>>;

/// A function that hears of a client's events. Returned by `Client.on_event()`.
///
/// It is heard as long as the client is there: this object need not be kept. Use it as a context
/// manager or call `close()` to end it sooner.
#[pyclass(frozen, module = "seekauth", name = "EventListener")]
pub(crate) struct EventListener {
    callback: Arc<Callback>,
    listening: Mutex<Option<Listening>>,
}

#[pymethods]
impl EventListener {
    /// Ends it. A call of the function that is under way goes on; none begins any more.
    ///
    /// May be called again.
    fn close(&self, py: Python<'_>) -> PyResult<()> {
        guard(py, || {
            drop(self.listening.lock().unwrap_or_else(PoisonError::into_inner).take());
            self.release();
            Ok(())
        })
    }

    fn __enter__(slf: PyRef<'_, Self>) -> PyRef<'_, Self> {
        slf
    }

    #[pyo3(signature = (*_exception))]
    fn __exit__(&self, py: Python<'_>, _exception: &Bound<'_, PyTuple>) -> PyResult<()> {
        self.close(py)
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        // The lock is held for moments, and never while the interpreter could run anything else.
        match self.callback.try_lock() {
            Ok(callback) => visit.call(&*callback),
            Err(_) => Ok(()),
        }
    }

    fn __clear__(&self) {
        self.release();
    }
}

impl EventListener {
    fn release(&self) {
        let callback = self.callback.lock().unwrap_or_else(PoisonError::into_inner).take();
        // Dropped outside the lock: it may run code of the program's.
        drop(callback);
    }

    fn is_open(&self) -> bool {
        self.callback.lock().unwrap_or_else(PoisonError::into_inner).is_some()
    }
}

/// The listeners of a client and of all that its `with_scopes` made, each of which holds this object.
#[pyclass(frozen)]
#[derive(Default)]
pub(crate) struct Listeners(Mutex<Vec<Py<EventListener>>>);

#[pymethods]
impl Listeners {
    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        // As above.
        match self.0.try_lock() {
            Ok(listeners) => listeners.iter().try_for_each(|listener| visit.call(listener)),
            Err(_) => Ok(()),
        }
    }

    fn __clear__(&self) {
        drop(self.take());
    }
}

impl Listeners {
    /// Lets a function hear of the client's events from this level on.
    pub(crate) fn add(
        &self,
        client: &blocking::Client,
        function: &Bound<'_, PyAny>,
        level: &str,
    ) -> PyResult<Py<EventListener>> {
        let py = function.py();
        let level = EventLevel::parse(level).map_err(|error| exception(py, &error))?;
        let callback =
            py.import("seekauth._listeners")?.call_method1("make_callback", (function,))?;
        let callback = Arc::new(Mutex::new(Some(callback.unbind())));
        let heard = Arc::downgrade(&callback);
        let listening = client.listen(level, move |events: &[Event]| hand_over(&heard, events));
        let listening = Mutex::new(Some(listening));
        let listener = Py::new(py, EventListener { callback, listening })?;
        let mut open = self.take();
        open.retain(|listener| listener.get().is_open());
        open.push(listener.clone_ref(py));
        self.0.lock().unwrap_or_else(PoisonError::into_inner).append(&mut open);
        Ok(listener)
    }

    fn take(&self) -> Vec<Py<EventListener>> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Calls a function with each of these events, as long as somebody holds it.
fn hand_over(callback: &Weak<Callback>, events: &[Event]) {
    interpreter::enter(|py| {
        for event in events {
            match upgrade(py, callback) {
                Some(callback) if !interpreter::is_finalizing() => tell(&callback, event),
                _ => break,
            }
        }
    });
}

fn upgrade<'py>(py: Python<'py>, callback: &Weak<Callback>) -> Option<Bound<'py, PyAny>> {
    let callback = callback.upgrade()?;
    let callback = callback.lock().unwrap_or_else(PoisonError::into_inner);
    callback.as_ref().map(|callback| callback.bind(py).clone())
}

/// Calls `listen(event)`. What it raises is reported and ends here.
fn tell(listen: &Bound<'_, PyAny>, event: &Event) {
    let py = listen.py();
    let called = Py::new(py, event::Event::from(event.clone()))
        .and_then(|event| PyTuple::new(py, [event]))
        .and_then(|arguments| interpreter::call(listen, &arguments));
    if let Err(failure) = called {
        interpreter::report(failure, listen);
    }
}

/// Lets the logger `seekauth` hear of the client's events, from the lowest level that it is open for now. A
/// program that has not imported `logging` has set up nothing, and Python itself shows warnings then.
pub(crate) fn log(py: Python<'_>, client: &blocking::Client) -> PyResult<()> {
    let modules = py.import("sys")?.getattr("modules")?.cast_into::<PyDict>()?;
    let level = match modules.get_item("logging")? {
        Some(logging) => logged_from(&logging)?,
        None => EventLevel::Warning,
    };
    let listen = |events: &[Event]| {
        interpreter::enter(|py| {
            for event in events.iter().take_while(|_| !interpreter::is_finalizing()) {
                write(py, event);
            }
        });
    };
    client.listen(level, listen).detach();
    Ok(())
}

fn logged_from(logging: &Bound<'_, PyAny>) -> PyResult<EventLevel> {
    let logger = logging.call_method1("getLogger", ("seekauth",))?;
    for level in EventLevel::ALL.into_iter().filter(|level| *level < EventLevel::Warning) {
        let number = logging.getattr(level.name().to_ascii_uppercase())?;
        if logger.call_method1("isEnabledFor", (number,))?.is_truthy()? {
            return Ok(level);
        }
    }
    Ok(EventLevel::Warning)
}

/// Writes an event to the log, by a module that is imported for the first one.
fn write(py: Python<'_>, event: &Event) {
    static LOG: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    match kept(py, &LOG, || import_log(py).map(Bound::unbind)) {
        Ok(log) => tell(log.bind(py), event),
        Err(failure) => interpreter::report(failure, &py.None().into_bound(py)),
    }
}

/// An import runs code of Python's and takes its time, like a function of the program's. It is no time to
/// fork: a child would wait for ever for a module that is being imported.
fn import_log(py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
    let _forks_wait = interpreter::hold_forks(py);
    let import = py.import("builtins")?.getattr("__import__")?;
    let names = PyTuple::new(py, ["log"])?;
    let arguments = ("seekauth._logging", py.None(), py.None(), names).into_pyobject(py)?;
    interpreter::call(&import, &arguments)?.getattr("log")
}
