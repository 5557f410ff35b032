//! `seekauth._native.Client`: the core's blocking client with Python's arguments, results and errors.
//! It waits without the interpreter lock and lets Ctrl-C through. Its only state is the cached `str` of
//! the header value, so that the hot call hands out an object that exists already.

use std::ffi::CString;
use std::sync::Arc;
use std::time::Duration;

use pyo3::exceptions::PyTypeError;
use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyString, PyTuple, PyType};
use seekauth::binding::Language;
use seekauth::{Config, GraphqlResponse, blocking};

use crate::auth_flow::AuthFlow;
use crate::authorization::CachedAuthorization;
use crate::call::{CancelHandle, start_with_callback, wait};
use crate::credentials::Provider;
use crate::error::exception;
use crate::graphql;
use crate::greenlets::{self, Waiter};
use crate::panic::guard;
use crate::settings;
use crate::token::Token;

/// Obtains a token, keeps it, renews it ahead of its expiry, and shares it with all callers.
///
/// Takes the settings of `seekauth.settings.Settings` as keyword arguments. Making a client
/// validates them and raises `InvalidArgumentError` or `TypeError`, and warns with a
/// `SecurityWarning` of files with secrets that every user may read. It sends nothing and starts
/// nothing. The first call that needs a token starts one thread for the whole process.
///
/// A client may be used by any number of threads, event loops and tasks at once; all share one
/// token request. A forked process may go on using it. It cannot be pickled.
///
/// Use it as a context manager or call `close()` to end it.
#[pyclass(frozen, subclass, weakref, module = "seekauth", name = "Client")]
pub(crate) struct Client {
    core: blocking::Client,
    authorization: Py<CachedAuthorization>,
    provider: Option<Py<Provider>>,
    /// Whether closing this client closes all that were made from it.
    is_root: bool,
}

/// A client of the core on its way into a Python object.
#[pyclass(frozen)]
struct NewClient {
    core: blocking::Client,
    provider: Option<Py<Provider>>,
    is_root: bool,
}

#[pymethods]
impl Client {
    #[new]
    #[pyo3(signature = (*args, **settings))]
    fn new(
        py: Python<'_>,
        args: &Bound<'_, PyTuple>,
        settings: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<Self> {
        guard(py, || match args.iter().next() {
            None => Self::wrap(py, build(py, Config::new(), "Client()", settings)?),
            Some(first) => match first.cast::<NewClient>() {
                Ok(new) => Self::wrap(py, new.get().clone(py)),
                Err(_) => Err(PyTypeError::new_err(
                    "Client() takes keyword arguments only, such as Client(service='seek_api')",
                )),
            },
        })
    }

    /// A client of the SEEK API; `environment` is `"live"` or `"playground"`.
    #[classmethod]
    #[pyo3(signature = (**settings))]
    fn seek_api<'py>(
        cls: &Bound<'py, PyType>,
        settings: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        of_service(cls, "seek_api", settings)
    }

    /// A client of SEEK Pass; `environment` is `"staging"` or `"production"`. Needs `scopes`.
    #[classmethod]
    #[pyo3(signature = (**settings))]
    fn seek_pass<'py>(
        cls: &Bound<'py, PyType>,
        settings: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        of_service(cls, "seek_pass", settings)
    }

    /// A client of any endpoint that speaks RFC 6749's client credentials, at `token_url`.
    #[classmethod]
    #[pyo3(signature = (**settings))]
    fn oauth<'py>(
        cls: &Bound<'py, PyType>,
        settings: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        of_service(cls, "oauth", settings)
    }

    /// A client from the environment: `SEEKAUTH_SERVICE`, `SEEKAUTH_CLIENT_ID` and so on.
    ///
    /// There is one variable for each setting; times are in seconds, scopes separated by spaces.
    /// Keyword arguments take precedence. The error names the variable that is missing.
    #[classmethod]
    #[pyo3(signature = (**overrides))]
    fn from_env<'py>(
        cls: &Bound<'py, PyType>,
        overrides: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let py = cls.py();
        guard(py, || {
            let config = Config::from_env().map_err(|error| exception(py, &error))?;
            instantiate(cls, build(py, config, "Client.from_env()", overrides)?)
        })
    }

    /// A client that asks for these scopes and shares connections and cache with this one.
    #[pyo3(signature = (*scopes))]
    fn with_scopes<'py>(
        slf: &Bound<'py, Self>,
        scopes: &Bound<'py, PyTuple>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let (py, client) = (slf.py(), slf.get());
        guard(py, || {
            let scopes = scopes
                .iter()
                .map(|scope| {
                    settings::text("scopes", &scope)?.ok_or_else(|| {
                        settings::type_error("each of with_scopes(*scopes)", "a str", &scope)
                    })
                })
                .collect::<PyResult<Vec<_>>>()?;
            let core = client.core.with_scopes(scopes).map_err(|error| exception(py, &error))?;
            let provider = client.provider.as_ref().map(|provider| provider.clone_ref(py));
            instantiate(&slf.get_type(), NewClient { core, provider, is_root: false })
        })
    }

    /// The value for the Authorization header, `Bearer …`.
    ///
    /// Returns at once while the token is fresh. Otherwise the calling thread waits, up to the
    /// client's `timeout`, with the interpreter lock released; Ctrl-C ends the wait. Raises a
    /// `SeekAuthError`.
    fn authorization<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyString>> {
        match Self::cached(slf) {
            Some(value) => Ok(value),
            None => guard(slf.py(), || Self::new_authorization(slf)),
        }
    }

    /// The header value while the token is fresh, else None. Never waits.
    #[pyo3(name = "_fresh_authorization")]
    fn fresh_authorization<'py>(slf: &Bound<'py, Self>) -> PyResult<Option<Bound<'py, PyString>>> {
        match Self::cached(slf) {
            Some(value) => Ok(Some(value)),
            None => guard(slf.py(), || Self::fresh(slf)),
        }
    }

    /// The token and its facts.
    ///
    /// `timeout` is how long to wait for it, in seconds or as a `timedelta`; `None` leaves it to
    /// the client's `timeout` setting. The calling thread waits with the interpreter lock released;
    /// Ctrl-C ends the wait. Raises a `SeekAuthError`.
    #[pyo3(signature = (timeout = None))]
    fn get_token(&self, py: Python<'_>, timeout: Option<&Bound<'_, PyAny>>) -> PyResult<Token> {
        guard(py, || {
            let timeout = settings::timeout(timeout)?;
            match self.cached_fresh_token() {
                Some(token) => Ok(token),
                None => self.wait_for_token(py, timeout).map(Token::from),
            }
        })
    }

    /// The token while it is fresh, else None. Never waits.
    #[pyo3(name = "_fresh_token")]
    fn fresh_token(&self, py: Python<'_>) -> PyResult<Option<Token>> {
        guard(py, || Ok(self.cached_fresh_token()))
    }

    /// Calls `done(token, error)` once, from a library thread and never from this call.
    #[pyo3(name = "_get_token_then", signature = (timeout, done))]
    fn get_token_then(
        &self,
        py: Python<'_>,
        timeout: Option<&Bound<'_, PyAny>>,
        done: Py<PyAny>,
    ) -> PyResult<CancelHandle> {
        guard(py, || {
            let timeout = settings::timeout(timeout)?;
            let start = |done| self.core.get_token_then(timeout, done);
            start_with_callback(py, done, start, Token::from)
        })
    }

    /// The token in the cache, or None. Never waits and never fetches.
    ///
    /// It may be due for renewal, but has not expired.
    fn cached_token(&self, py: Python<'_>) -> PyResult<Option<Token>> {
        guard(py, || Ok(self.core.cached_token().map(Token::from)))
    }

    /// Reports that an API refused a token, so that the next call gets another.
    ///
    /// `token` is a `Token`, its value, or the whole header value. Returns True if it was the
    /// current token and is now set aside: calls wait for the next one, and get it back if renewing
    /// fails for a transient reason. Returns False if no new token will come of it: it had been
    /// replaced already, it was issued less than two seconds ago, or this happened too often in a
    /// short time. Never waits.
    fn invalidate(&self, token: &Bound<'_, PyAny>) -> PyResult<bool> {
        guard(token.py(), || {
            if let Ok(token) = token.cast::<Token>() {
                return Ok(self.core.invalidate(token.get().value()));
            }
            let value = settings::text("token", token)?
                .ok_or_else(|| settings::type_error("token", "a seekauth.Token or a str", token))?;
            Ok(self.core.invalidate(&value))
        })
    }

    /// The authentication of one request to `url`, for adapters to HTTP clients.
    ///
    /// `replayable` says whether the request's body can be sent a second time. Raises
    /// `ForbiddenOriginError` unless `url` is absolute, holds no credentials, and has scheme, host
    /// and port of `api_url`; `InvalidArgumentError` if the client has no `api_url`.
    #[pyo3(signature = (url, *, replayable = true))]
    fn auth_flow(&self, py: Python<'_>, url: &str, replayable: bool) -> PyResult<AuthFlow> {
        guard(py, || {
            let flow = self.core.auth_flow(url, replayable);
            let flow = flow.map_err(|error| exception(py, &error))?;
            Ok(AuthFlow::new(flow, self.core.clone(), self.authorization.clone_ref(py)))
        })
    }

    /// Sends a GraphQL operation: query, variables as JSON, operation's name, headers, timeout.
    ///
    /// Returns the HTTP status and the text of the response. The calling thread waits.
    #[pyo3(name = "_graphql")]
    fn graphql(
        &self,
        py: Python<'_>,
        operation: graphql::Arguments<'_>,
    ) -> PyResult<StatusAndText> {
        guard(py, || {
            let operation = graphql::operation(operation)?;
            let response = match Waiter::of_this_greenlet(py)? {
                None => wait(py, || self.core.start_graphql(operation)),
                Some(waiter) => waiter.wait(|done| self.core.graphql_then(operation, done)),
            };
            response.map(status_and_text)
        })
    }

    /// `_graphql()` that calls `done(response, error)` once, from a library thread.
    #[pyo3(name = "_graphql_then")]
    fn graphql_then(
        &self,
        py: Python<'_>,
        operation: graphql::Arguments<'_>,
        done: Py<PyAny>,
    ) -> PyResult<CancelHandle> {
        guard(py, || {
            let operation = graphql::operation(operation)?;
            let start = |done| self.core.graphql_then(operation, done);
            start_with_callback(py, done, start, status_and_text)
        })
    }

    /// The address of the API that the tokens are for; None where no API is known or set.
    #[getter]
    fn api_url(&self) -> Option<&str> {
        self.core.api_url()
    }

    /// Closes the client.
    ///
    /// Calls that wait end with `CancelledError`, later ones with `ClosedError`. Closing a client
    /// closes all that its `with_scopes` made; closing one of these closes it alone. May be called
    /// again.
    fn close(&self, py: Python<'_>) -> PyResult<()> {
        guard(py, || {
            py.detach(|| self.core.close());
            if let Some(provider) = self.provider.as_ref().filter(|_| self.is_root) {
                provider.get().release();
            }
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

    // Methods that need `async def` or Python's own values are written in Python and put into this
    // class. A subclass with these methods would make the hot call a quarter slower: the interpreter's
    // quick way to call a native method is for instances of the very class that has it.

    #[classattr]
    fn authorization_async(py: Python<'_>) -> PyResult<Py<PyAny>> {
        written_in_python(py, "seekauth._async", "authorization_async")
    }

    #[classattr]
    fn get_token_async(py: Python<'_>) -> PyResult<Py<PyAny>> {
        written_in_python(py, "seekauth._async", "get_token_async")
    }

    #[classattr]
    #[pyo3(name = "graphql")]
    fn graphql_method(py: Python<'_>) -> PyResult<Py<PyAny>> {
        written_in_python(py, "seekauth.graphql", "graphql")
    }

    #[classattr]
    fn graphql_async(py: Python<'_>) -> PyResult<Py<PyAny>> {
        written_in_python(py, "seekauth.graphql", "graphql_async")
    }

    #[classattr]
    fn __aenter__(py: Python<'_>) -> PyResult<Py<PyAny>> {
        written_in_python(py, "seekauth._async", "__aenter__")
    }

    #[classattr]
    fn __aexit__(py: Python<'_>) -> PyResult<Py<PyAny>> {
        written_in_python(py, "seekauth._async", "__aexit__")
    }

    fn __repr__(slf: &Bound<'_, Self>) -> PyResult<String> {
        Ok(format!("<{} of {}>", slf.get_type().fully_qualified_name()?, slf.get().core.target()))
    }

    #[allow(clippy::unused_self)]
    fn __reduce__(&self) -> PyResult<()> {
        Err(PyTypeError::new_err(
            "cannot pickle a seekauth.Client: it holds credentials and connections of this process; \
             make one in the other process, for example with Client.from_env(). A forked process \
             may use the client it inherits",
        ))
    }

    // The provider breaks the cycles that go through it.
    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.provider)
    }
}

impl NewClient {
    fn clone(&self, py: Python<'_>) -> Self {
        let provider = self.provider.as_ref().map(|provider| provider.clone_ref(py));
        Self { core: self.core.clone(), provider, is_root: self.is_root }
    }
}

impl Client {
    fn wrap(py: Python<'_>, NewClient { core, provider, is_root }: NewClient) -> PyResult<Self> {
        let authorization = Py::new(py, CachedAuthorization::default())?;
        Ok(Self { core, authorization, provider, is_root })
    }

    /// The header value that was handed out last, if its token is fresh. Nothing here can panic.
    fn cached<'py>(slf: &Bound<'py, Self>) -> Option<Bound<'py, PyString>> {
        let client = slf.get();
        match client.core.fresh_generation() {
            0 => None,
            generation => CachedAuthorization::get(client.authorization.bind(slf.py()), generation),
        }
    }

    fn fresh<'py>(slf: &Bound<'py, Self>) -> PyResult<Option<Bound<'py, PyString>>> {
        let client = slf.get();
        CachedAuthorization::fresh(client.authorization.bind(slf.py()), &client.core)
    }

    fn new_authorization<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyString>> {
        let (py, client) = (slf.py(), slf.get());
        match Self::fresh(slf)? {
            Some(value) => Ok(value),
            None => client.wait_for_token(py, None).and_then(|token| {
                CachedAuthorization::get_or_store(client.authorization.bind(py), &token)
            }),
        }
    }

    fn cached_fresh_token(&self) -> Option<Token> {
        let generation = self.core.fresh_generation();
        let token = self.core.cached_token().filter(|token| token.generation() == generation);
        token.map(Token::from)
    }

    fn wait_for_token(
        &self,
        py: Python<'_>,
        timeout: Option<Duration>,
    ) -> PyResult<Arc<seekauth::Token>> {
        match Waiter::of_this_greenlet(py)? {
            None => wait(py, || self.core.start(timeout)),
            Some(waiter) => waiter.wait(|done| self.core.get_token_then(timeout, done)),
        }
    }
}

fn of_service<'py>(
    cls: &Bound<'py, PyType>,
    service: &str,
    settings: Option<&Bound<'py, PyDict>>,
) -> PyResult<Bound<'py, PyAny>> {
    let settings = settings.cloned().unwrap_or_else(|| PyDict::new(cls.py()));
    if settings.contains("service")? {
        let message =
            format!("Client.{service}() got multiple values for keyword argument 'service'");
        return Err(PyTypeError::new_err(message));
    }
    settings.set_item("service", service)?;
    cls.call((), Some(&settings))
}

/// A method that is written in Python, for the class that it belongs to.
pub(crate) fn written_in_python(py: Python<'_>, module: &str, name: &str) -> PyResult<Py<PyAny>> {
    Ok(py.import(module)?.getattr(name)?.unbind())
}

/// A client of the core with these settings; it warns of files that put a secret at risk.
fn build(
    py: Python<'_>,
    mut config: Config,
    caller: &str,
    settings: Option<&Bound<'_, PyDict>>,
) -> PyResult<NewClient> {
    greenlets::prepare(py)?;
    settings::apply(py, &mut config, caller, settings)?;
    let provider = Provider::from_kwargs(py, settings)?;
    if let Some(provider) = &provider {
        config = config.credentials_from_blocking(provider.get().callback());
    }
    if let Some(pem) = certifis_authorities(py)? {
        config = config.fallback_authorities(pem);
    }
    let core = blocking::Client::new(config.language(Language::Python));
    let core = core.map_err(|error| exception(py, &error))?;
    for text in core.warnings() {
        warn(py, text)?;
    }
    Ok(NewClient { core, provider, is_root: true })
}

/// What is trusted where the system has no authorities, shared by all clients of the process.
fn certifis_authorities(py: Python<'_>) -> PyResult<Option<Arc<[u8]>>> {
    static BUNDLE: PyOnceLock<Option<Arc<[u8]>>> = PyOnceLock::new();
    let bundle = BUNDLE.get_or_try_init(py, || {
        let bundle = py.import("seekauth._authorities")?.call_method0("of_certifi")?;
        bundle.extract::<Option<Vec<u8>>>().map(|bundle| bundle.map(Arc::from))
    });
    bundle.cloned()
}

/// Warns at the line that makes the client: native calls are no levels of the stack.
fn warn(py: Python<'_>, text: &str) -> PyResult<()> {
    static CATEGORY: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let category = CATEGORY.import(py, "seekauth.errors", "SecurityWarning")?;
    PyErr::warn(py, category, &CString::new(text)?, 1)
}

/// An instance of the class whose method was called, so that subclasses stay themselves.
fn instantiate<'py>(cls: &Bound<'py, PyType>, new: NewClient) -> PyResult<Bound<'py, PyAny>> {
    cls.call_method1("__new__", (cls, new))
}

/// The status and text of a response to a GraphQL operation.
type StatusAndText = (u16, String);

fn status_and_text(response: GraphqlResponse) -> StatusAndText {
    (response.status(), response.into_text())
}
