//! `seekauth._native.Fake`: the other side of a client for tests, which the façade's `FakeClient` holds. The
//! function that responds is held here and by the core weakly, as the one for credentials is.

use std::mem;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::SystemTime;

use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{IntoPyDict, PyTuple};
use seekauth::testing::{self, JournalEntry, Request, Response};
use seekauth::{Error, ErrorKind, blocking};

use crate::credentials::{Callback, upgrade};
use crate::error::{exception, from_exception};
use crate::interpreter;
use crate::modules::imported;
use crate::panic::guard;
use crate::settings;

/// What a client for tests is given, and what it was asked.
#[pyclass(frozen, module = "seekauth._native", name = "Fake")]
pub(crate) struct Fake {
    core: testing::Fake,
    responder: Arc<Callback>,
}

/// A response as the façade hands it over: status, headers, body.
type Parts = (i64, Vec<(String, String)>, Vec<u8>);

#[pymethods]
impl Fake {
    /// Makes requests for tokens fail with an error of this kind.
    #[pyo3(signature = (kind, retry_after))]
    fn fail_with(
        &self,
        py: Python<'_>,
        kind: &str,
        retry_after: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<()> {
        guard(py, || {
            let kind = ErrorKind::parse(kind).map_err(|error| exception(py, &error))?;
            let retry_after =
                retry_after.map(|pause| settings::span("retry_after", pause)).transpose()?;
            self.core.fail_with(kind, retry_after);
            Ok(())
        })
    }

    /// Makes requests for tokens succeed.
    fn succeed(&self, py: Python<'_>) -> PyResult<()> {
        guard(py, || {
            self.core.succeed();
            Ok(())
        })
    }

    /// Lets time pass.
    fn advance(&self, span: &Bound<'_, PyAny>) -> PyResult<()> {
        guard(span.py(), || {
            self.core.advance(settings::span("span", span)?);
            Ok(())
        })
    }

    /// The time of the clients of this fake.
    #[getter]
    fn now(&self, py: Python<'_>) -> PyResult<SystemTime> {
        guard(py, || Ok(self.core.now()))
    }

    /// Responds with these responses, the last again and again.
    fn respond(&self, py: Python<'_>, responses: Vec<Parts>) -> PyResult<()> {
        guard(py, || {
            self.core.respond(responses.into_iter().map(response));
            self.hold(None);
            Ok(())
        })
    }

    /// Responds with what `callback`, made by `seekauth.testing`, returns.
    fn respond_with(&self, py: Python<'_>, callback: Py<PyAny>) -> PyResult<()> {
        guard(py, || {
            self.hold(Some(callback));
            let callback = Arc::downgrade(&self.responder);
            self.core.respond_from_blocking(move |request| call(&callback, &request));
            Ok(())
        })
    }

    /// What was asked so far, in order.
    fn journal<'py>(&self, py: Python<'py>) -> PyResult<Vec<Bound<'py, PyAny>>> {
        let entries = |asked: &JournalEntry| entry(py, asked).transpose();
        guard(py, || self.core.journal().iter().filter_map(entries).collect())
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        // The lock is held for moments, and never while the interpreter could run anything else.
        match self.responder.try_lock() {
            Ok(callback) => visit.call(&*callback),
            Err(_) => Ok(()),
        }
    }

    fn __clear__(&self) {
        self.hold(None);
    }
}

impl Fake {
    /// A fake of these facts, and a client of it.
    pub(crate) fn with_client(
        py: Python<'_>,
        token: Option<&Bound<'_, PyAny>>,
        scopes: Option<&Bound<'_, PyAny>>,
        lifetime: Option<&Bound<'_, PyAny>>,
        api_url: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<(Self, blocking::Client)> {
        let mut core = testing::Fake::new();
        if let Some(token) = token {
            core = core.token(settings::required_text("token", token)?);
        }
        if let Some(scopes) = scopes {
            core = core.scopes(settings::scopes(scopes)?);
        }
        if let Some(lifetime) = lifetime {
            core = core.lifetime(settings::span("lifetime", lifetime)?);
        }
        if let Some(url) = api_url {
            core = core.api_url(settings::url("api_url", url)?);
        }
        let client = blocking::Client::fake(&core).map_err(|error| exception(py, &error))?;
        Ok((Self { core, responder: Arc::new(Mutex::new(None)) }, client))
    }

    fn hold(&self, callback: Option<Py<PyAny>>) {
        let mut held = self.responder.lock().unwrap_or_else(PoisonError::into_inner);
        let old = mem::replace(&mut *held, callback);
        drop(held);
        // Dropped outside the lock: it may run code of the program's.
        drop(old);
    }
}

fn response((status, headers, body): Parts) -> Response {
    let headers = headers.into_iter().map(|(name, value)| (name, value.into_bytes()));
    // What is no status at all is refused by the core as 0 is.
    Response {
        headers: headers.collect(),
        ..Response::new(u16::try_from(status).unwrap_or(0), body)
    }
}

/// Asks the program's function. It runs on a thread of its own.
fn call(callback: &Weak<Callback>, request: &Request) -> Result<Response, Error> {
    let mut outcome = None;
    interpreter::enter(|py| {
        outcome = upgrade(py, callback).map(|callback| respond(&callback, request));
    });
    let gone = || Error::new(ErrorKind::Closed, "what responds is gone, or the interpreter exits");
    outcome.unwrap_or_else(|| Err(gone()))
}

fn respond(callback: &Bound<'_, PyAny>, request: &Request) -> Result<Response, Error> {
    let py = callback.py();
    let responded = api_request(py, request)
        .and_then(|request| PyTuple::new(py, [request]))
        .and_then(|arguments| interpreter::call(callback, &arguments))
        .and_then(|parts| parts.extract());
    responded.map(response).map_err(|failure| {
        from_exception(py, &failure).unwrap_or_else(|| {
            let name =
                failure.get_type(py).name().map_or_else(|_| "?".into(), |name| name.to_string());
            interpreter::report(failure, callback);
            let message = format!(
                "the function given to respond() raised {name}; sys.unraisablehook was given it"
            );
            Error::new(ErrorKind::InvalidArgument, message)
        })
    })
}

/// None for what Python is not told of yet.
fn entry<'py>(py: Python<'py>, asked: &JournalEntry) -> PyResult<Option<Bound<'py, PyAny>>> {
    static TOKEN_REQUEST: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    match asked {
        JournalEntry::Token { scopes, failure } => {
            imported(py, &TOKEN_REQUEST, "seekauth.testing", "TokenRequest")?
                .call1((PyTuple::new(py, scopes)?, failure.map(ErrorKind::name)))
                .map(Some)
        }
        JournalEntry::Api(request) => api_request(py, request).map(Some),
        _ => Ok(None),
    }
}

fn api_request<'py>(py: Python<'py>, request: &Request) -> PyResult<Bound<'py, PyAny>> {
    static API_REQUEST: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let Request { method, url, headers, body, .. } = request;
    let headers = headers.clone().into_py_dict(py)?;
    imported(py, &API_REQUEST, "seekauth.testing", "APIRequest")?.call1((
        method,
        url,
        headers,
        body.as_slice(),
    ))
}
