//! `seekauth.Credentials`, and the function of a program's own that returns them. Python's client objects
//! hold the function and the core does not, so that the garbage collector sees every holder: a function
//! that reaches its own client would otherwise keep both alive for ever.

use std::error::Error as StdError;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use pyo3::exceptions::PyTypeError;
use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString, PyTuple, PyType};
use seekauth::binding::Exception;
use seekauth::{Error, ErrorKind};

use crate::interpreter;
use crate::panic::guard;
use crate::settings;

/// A client id and its secret, as a function passed as `credentials=` returns them.
///
/// `client_secret_next` is the other secret of a rotation, the next or the previous one: it is
/// tried when the server refuses the first. Nothing of the three is part of `repr()` or can be
/// read from the object, and it cannot be pickled.
#[pyclass(frozen, module = "seekauth", name = "Credentials")]
pub(crate) struct Credentials(seekauth::Credentials);

#[pymethods]
impl Credentials {
    #[new]
    #[pyo3(signature = (*, client_id, client_secret, client_secret_next = None))]
    fn new(
        client_id: &Bound<'_, PyAny>,
        client_secret: &Bound<'_, PyAny>,
        client_secret_next: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Self> {
        guard(client_id.py(), || {
            let credentials = seekauth::Credentials::new(
                text("client_id", client_id)?,
                text("client_secret", client_secret)?,
            );
            Ok(Self(match client_secret_next {
                Some(secret) => credentials.next_secret(text("client_secret_next", secret)?),
                None => credentials,
            }))
        })
    }

    // Not even the id: a program that confuses the two puts the secret there.
    #[allow(clippy::unused_self)]
    fn __repr__(&self) -> &'static str {
        "<seekauth.Credentials>"
    }

    fn __copy__(slf: PyRef<'_, Self>) -> PyRef<'_, Self> {
        slf
    }

    fn __deepcopy__<'py>(slf: PyRef<'py, Self>, _memo: &Bound<'py, PyAny>) -> PyRef<'py, Self> {
        slf
    }

    #[allow(clippy::unused_self)]
    fn __reduce__(&self) -> PyResult<()> {
        Err(PyTypeError::new_err(
            "cannot pickle seekauth.Credentials: they belong to this process; \
             let the other process ask its own secret store",
        ))
    }
}

fn text(name: &str, value: &Bound<'_, PyAny>) -> PyResult<String> {
    settings::text_or_secret(name, value)?.ok_or_else(|| settings::type_error(name, "a str", value))
}

/// The callback around the function, made by `seekauth._credentials`; `None` once the client is closed.
pub(crate) type Callback = Mutex<Option<Py<PyAny>>>;

/// The function of a client and of all that its `with_scopes` made, each of which holds this object.
#[pyclass(frozen)]
pub(crate) struct Provider(Arc<Callback>);

#[pymethods]
impl Provider {
    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        // The lock is held for moments, and never while the interpreter could run anything else.
        match self.0.try_lock() {
            Ok(callback) => visit.call(&*callback),
            Err(_) => Ok(()),
        }
    }

    fn __clear__(&self) {
        self.release();
    }
}

impl Provider {
    /// The function among a client's keyword arguments, if there is one.
    pub(crate) fn from_kwargs(
        py: Python<'_>,
        settings: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<Option<Py<Self>>> {
        let Some(settings) = settings else { return Ok(None) };
        let argument = settings.get_item(settings::CREDENTIALS)?.filter(|value| !value.is_none());
        let Some(function) = argument else { return Ok(None) };
        if !function.is_callable() {
            let accepts = "a function or coroutine function that returns seekauth.Credentials";
            return Err(settings::type_error(settings::CREDENTIALS, accepts, &function));
        }
        let callback =
            py.import("seekauth._credentials")?.call_method1("make_callback", (function,))?;
        Py::new(py, Self(Arc::new(Mutex::new(Some(callback.unbind()))))).map(Some)
    }

    /// The callback for the core, which calls it on a thread of its own. It does not hold the function.
    pub(crate) fn callback(
        &self,
    ) -> impl Fn() -> Result<seekauth::Credentials, Box<dyn StdError + Send + Sync>> + Send + Sync + use<>
    {
        let callback = Arc::downgrade(&self.0);
        move || {
            let mut outcome = None;
            interpreter::enter(|py| {
                let arguments = PyTuple::empty(py);
                outcome = upgrade(py, &callback)
                    .map(|callback| read(&interpreter::call(&callback, &arguments)));
            });
            outcome.unwrap_or_else(|| Err("the client is closed, or the interpreter exits".into()))
        }
    }

    /// Lets go of the function.
    pub(crate) fn release(&self) {
        let callback = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        // Dropped outside the lock: it may run code of the program's.
        drop(callback);
    }
}

/// The callback, as long as somebody holds it.
pub(crate) fn upgrade<'py>(
    py: Python<'py>,
    callback: &Weak<Callback>,
) -> Option<Bound<'py, PyAny>> {
    let callback = callback.upgrade()?;
    let callback = callback.lock().unwrap_or_else(PoisonError::into_inner);
    callback.as_ref().map(|callback| callback.bind(py).clone())
}

/// The callback's result as the core's: it is credentials, the name of the type that was returned in
/// their place, or the class of the exception with which the function failed.
fn read(
    returned: &PyResult<Bound<'_, PyAny>>,
) -> Result<seekauth::Credentials, Box<dyn StdError + Send + Sync>> {
    let Ok(returned) = returned else { return Err("the function was not called".into()) };
    if let Ok(credentials) = returned.cast::<Credentials>() {
        return Ok(credentials.get().0.clone());
    }
    if let Ok(class) = returned.cast::<PyType>() {
        return Err(Exception::of_class(&class.name()?.to_string()).into());
    }
    if returned.is_instance_of::<PyString>() {
        let name = settings::CREDENTIALS;
        let message = format!("{name} must return seekauth.Credentials, not {returned}");
        return Err(Error::new(ErrorKind::CredentialsUnavailable, message).into());
    }
    Err("the function failed".into())
}
