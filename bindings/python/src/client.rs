//! `seekauth._native.Client`: the core's blocking client with Python's arguments, results and errors.
//! It waits without the interpreter lock and lets Ctrl-C through. Its only state is the cached `str` of
//! the header value, so that the hot call hands out an object that exists already.

use std::ffi::CString;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use pyo3::exceptions::PyTypeError;
use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyString, PyTuple, PyType};
use seekauth::binding::Language;
use seekauth::{Config, GraphqlResponse, blocking};

use crate::attributes;
use crate::auth_flow::AuthFlow;
use crate::authorization::CachedAuthorization;
use crate::call::{CancelHandle, start_with_callback, wait};
use crate::credentials::Provider;
use crate::error::{exception, invalid};
use crate::fake::Fake;
use crate::graphql;
use crate::greenlets::{self, Waiter};
use crate::listener::{self, EventListener, Listeners};
use crate::modules::{imported, kept};
use crate::panic::guard;
use crate::settings;
use crate::stats::Stats;
use crate::store_status::StoreStatus;
use crate::token::Token;

/// Obtains a token, keeps it, renews it ahead of its expiry, and shares it with all callers.
///
/// Takes the settings of `seekauth.settings.Settings` as keyword arguments. Making a client
/// validates them and raises `InvalidArgumentError` or `TypeError`, and warns with a
/// `SeekAuthWarning` of what works and yet looks wrong. It sends nothing and starts nothing. The
/// first call that needs a token starts one thread for the whole process.
///
/// A client may be used by any number of threads, event loops and tasks at once; all share one
/// token request. A forked process may go on using it. It cannot be pickled.
///
/// Use it as a context manager or call `close()` to end it.
///
/// A subclass may have an `__init__` with arguments of its own, which calls `super().__init__()`
/// with the settings. `from_env()` and `with_scopes()` make instances without calling it; one made
/// by `with_scopes()` gets the attributes of this one.
#[pyclass(frozen, subclass, dict, weakref, module = "seekauth", name = "Client")]
pub(crate) struct Client(OnceLock<State>);

/// What a client is made of, as soon as it is initialised.
struct State {
    core: blocking::Client,
    authorization: Py<CachedAuthorization>,
    provider: Option<Py<Provider>>,
    listeners: Py<Listeners>,
    /// Whether closing this client closes all that were made from it.
    is_root: bool,
}

/// A client of the core on its way into a Python object.
#[pyclass(frozen)]
struct NewClient {
    core: blocking::Client,
    provider: Option<Py<Provider>>,
    listeners: Py<Listeners>,
    is_root: bool,
}

// Methods that need `async def` or Python's own values are put into this class by `seekauth._async` and
// `seekauth.graphql`. A subclass with these methods would make the hot call a quarter slower: the
// interpreter's quick way to call a native method is for instances of the very class that has it.
#[pymethods]
impl Client {
    #[new]
    #[classmethod]
    #[pyo3(signature = (*args, **settings))]
    fn new(
        cls: &Bound<'_, PyType>,
        args: &Bound<'_, PyTuple>,
        settings: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<Self> {
        let py = cls.py();
        guard(py, || {
            let client = Self(OnceLock::new());
            let first = args.iter().next();
            match first.as_ref().and_then(|first| first.cast::<NewClient>().ok()) {
                Some(new) => client.fill(py, new.get().clone(py))?,
                // The arguments are for the subclass, which passes settings on.
                None if has_own_init(cls)? => {}
                None => client.init(py, args, settings)?,
            }
            Ok(client)
        })
    }

    #[pyo3(signature = (*args, **settings))]
    fn __init__(
        slf: &Bound<'_, Self>,
        args: &Bound<'_, PyTuple>,
        settings: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<()> {
        let (py, client) = (slf.py(), slf.get());
        guard(py, || match client.0.get() {
            Some(_) => attributes::drop_empty(slf),
            None => client.init(py, args, settings),
        })
    }

    /// A client of the SEEK API; `environment` is `"live"` or `"playground"`.
    ///
    #[doc = include_str!("settings.txt")]
    #[classmethod]
    #[pyo3(signature = (**settings))]
    fn seek_api<'py>(
        cls: &Bound<'py, PyType>,
        settings: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        of_service(cls, "seek_api", settings)
    }

    /// A client of SEEK Pass; `environment` is `"staging"` or `"production"`. Needs `scopes`.
    ///
    #[doc = include_str!("settings.txt")]
    #[classmethod]
    #[pyo3(signature = (**settings))]
    fn seek_pass<'py>(
        cls: &Bound<'py, PyType>,
        settings: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        of_service(cls, "seek_pass", settings)
    }

    /// A client of any endpoint that speaks RFC 6749's client credentials, at `token_url`.
    ///
    #[doc = include_str!("settings.txt")]
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
    /// Keyword arguments take precedence. The error names the variable that is missing. With
    /// `prefix` the variables' names begin with that in place of `SEEKAUTH_`.
    #[classmethod]
    #[pyo3(signature = (prefix = None, **overrides))]
    fn from_env<'py>(
        cls: &Bound<'py, PyType>,
        prefix: Option<&Bound<'py, PyAny>>,
        overrides: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let py = cls.py();
        guard(py, || {
            let config = match prefix.filter(|prefix| !prefix.is_none()) {
                None => Config::from_env(),
                Some(prefix) => {
                    let text = settings::text("prefix", prefix)?;
                    let wrong = || settings::type_error("prefix", "a str", prefix);
                    Config::from_env_with_prefix(&text.ok_or_else(wrong)?)
                }
            };
            let config = config.map_err(|error| exception(py, &error))?;
            instantiate(cls, build(py, config, "Client.from_env()", overrides)?)
        })
    }

    /// A client for tests, which never touches the network: a test plays token endpoint and API.
    ///
    /// It is the real client, with cache, renewals and retries, over tokens that are made on the
    /// spot: the first is `token`, those after it end in `-2`, `-3` and so on. With `scopes` it is
    /// one of SEEK Pass, else one of the SEEK API. Tokens live for `lifetime`, in seconds or as a
    /// `timedelta`; half an hour unless it is said. `api_url` is for tests with a server of their
    /// own on this machine; tokens go nowhere else.
    ///
    /// What the test can do with it is in `seekauth.testing.FakeClient`.
    #[classmethod]
    #[pyo3(signature = (*, token = None, scopes = None, lifetime = None, api_url = None))]
    fn fake<'py>(
        cls: &Bound<'py, PyType>,
        token: Option<&Bound<'py, PyAny>>,
        scopes: Option<&Bound<'py, PyAny>>,
        lifetime: Option<&Bound<'py, PyAny>>,
        api_url: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        static CLASS: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
        let py = cls.py();
        guard(py, || {
            let (fake, core) = Fake::with_client(py, token, scopes, lifetime, api_url)?;
            let class = imported(py, &CLASS, "seekauth.testing", "fake_class")?.call1((cls,))?;
            let client = instantiate(class.cast()?, NewClient::root(py, core, None)?)?;
            client.setattr("_fake", fake)?;
            Ok(client)
        })
    }

    /// A client that asks for these scopes and shares connections and cache with this one.
    #[pyo3(signature = (*scopes))]
    fn with_scopes<'py>(
        slf: &Bound<'py, Self>,
        scopes: &Bound<'py, PyTuple>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let py = slf.py();
        guard(py, || {
            let client = slf.get().state(py)?;
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
            let listeners = client.listeners.clone_ref(py);
            let new = NewClient { core, provider, listeners, is_root: false };
            let other = instantiate(&slf.get_type(), new)?;
            // Asking a client for its attributes makes it have some, and its methods slower to find.
            if !slf.get_type().is(py.get_type::<Self>()) {
                let attributes = slf.getattr("__dict__")?;
                other.getattr("__dict__")?.call_method1("update", (attributes,))?;
            }
            Ok(other)
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
            let client = self.state(py)?;
            match client.fresh_token() {
                Some(token) => Ok(token),
                None => client.wait_for_token(py, timeout).map(Token::from),
            }
        })
    }

    /// The token while it is fresh, else None. Never waits.
    #[pyo3(name = "_fresh_token")]
    fn fresh_token(&self, py: Python<'_>) -> PyResult<Option<Token>> {
        guard(py, || Ok(self.state(py)?.fresh_token()))
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
            let core = &self.state(py)?.core;
            let start = |done| core.get_token_then(timeout, done);
            start_with_callback(py, done, start, Token::from)
        })
    }

    /// The token in the cache, or None. Never waits and never fetches.
    ///
    /// It may be due for renewal, but has not expired.
    fn cached_token(&self, py: Python<'_>) -> PyResult<Option<Token>> {
        guard(py, || Ok(self.state(py)?.core.cached_token().map(Token::from)))
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
            let core = &self.state(token.py())?.core;
            if let Ok(token) = token.cast::<Token>() {
                return Ok(core.invalidate(token.get().value()));
            }
            let value = settings::text("token", token)?
                .ok_or_else(|| settings::type_error("token", "a seekauth.Token or a str", token))?;
            Ok(core.invalidate(&value))
        })
    }

    /// The authentication of one request to `url`, for adapters to HTTP clients.
    ///
    /// `replayable` says whether the request's body can be sent a second time. Raises
    /// `ForbiddenOriginError` unless `url` is absolute, holds no credentials, and has scheme, host
    /// and port of `api_url`; `InvalidArgumentError` if the client has no `api_url`.
    #[pyo3(signature = (url, *, replayable = true))]
    fn auth_flow(
        &self,
        py: Python<'_>,
        url: &Bound<'_, PyAny>,
        replayable: bool,
    ) -> PyResult<AuthFlow> {
        guard(py, || {
            let client = self.state(py)?;
            let flow = client.core.auth_flow(&settings::url("url", url)?, replayable);
            let flow = flow.map_err(|error| exception(py, &error))?;
            Ok(AuthFlow::new(flow, client.core.clone(), client.authorization.clone_ref(py)))
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
    ) -> PyResult<ResponseParts> {
        guard(py, || {
            let core = &self.state(py)?.core;
            let operation = graphql::operation(operation)?;
            let response = match Waiter::of_this_greenlet(py)? {
                None => wait(py, || core.start_graphql(operation)),
                Some(waiter) => waiter.wait(|done| core.graphql_then(operation, done)),
            };
            response.map(response_parts)
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
            let core = &self.state(py)?.core;
            let operation = graphql::operation(operation)?;
            let start = |done| core.graphql_then(operation, done);
            start_with_callback(py, done, start, response_parts)
        })
    }

    /// How the store fares through which this client shares its tokens. Never waits.
    fn store_status(&self, py: Python<'_>) -> PyResult<StoreStatus> {
        guard(py, || Ok(self.state(py)?.core.store_status().into()))
    }

    /// What this client did so far in this process, and how its tokens stand. Never waits.
    ///
    /// It counts for all clients that `with_scopes()` made from the same one, together.
    fn stats(&self, py: Python<'_>) -> PyResult<Stats> {
        guard(py, || Ok(self.state(py)?.core.stats().into()))
    }

    /// Calls `function(event)` with each `seekauth.Event` of this level or above, from now on.
    ///
    /// Levels are those of logging: `"debug"`, `"info"`, `"warning"`, and `"error"` when callers
    /// fail. The events are those of all clients that `with_scopes()` made from the same one; calls
    /// that are served from the cache tell of nothing. The function runs on a thread of the
    /// library's own, one event at a time, also in a forked process. It may block: then later
    /// events wait, and get lost when there are too many, and no call is held up. What it raises
    /// goes to `sys.unraisablehook`. It may not be a coroutine function; let it pass events on with
    /// `loop.call_soon_threadsafe`.
    ///
    /// It is called as long as the client is there, or until `close()` of what is returned.
    #[pyo3(signature = (function, level = "info"))]
    fn on_event(
        &self,
        py: Python<'_>,
        function: &Bound<'_, PyAny>,
        level: &str,
    ) -> PyResult<Py<EventListener>> {
        guard(py, || {
            let client = self.state(py)?;
            client.listeners.get().add(&client.core, function, level)
        })
    }

    /// The address of the API that the tokens are for; None where no API is known or set.
    #[getter]
    fn api_url(&self, py: Python<'_>) -> PyResult<Option<&str>> {
        guard(py, || Ok(self.state(py)?.core.api_url()))
    }

    /// The number of this client within its process, as its events tell it.
    #[getter(_number)]
    fn number(&self, py: Python<'_>) -> PyResult<u64> {
        guard(py, || Ok(self.state(py)?.core.number()))
    }

    /// Host and port of the token endpoint.
    #[getter(_token_server)]
    fn token_server(&self, py: Python<'_>) -> PyResult<(&str, u16)> {
        guard(py, || Ok(self.state(py)?.core.token_server()))
    }

    /// Host and port of the API; None where no API is known or set.
    #[getter(_api_server)]
    fn api_server(&self, py: Python<'_>) -> PyResult<Option<(&str, u16)>> {
        guard(py, || Ok(self.state(py)?.core.api_server()))
    }

    /// Closes the client.
    ///
    /// Calls that wait end with `CancelledError`, later ones with `ClosedError`. Closing a client
    /// closes all that its `with_scopes` made; closing one of these closes it alone. May be called
    /// again.
    fn close(&self, py: Python<'_>) -> PyResult<()> {
        guard(py, || {
            let client = self.state(py)?;
            py.detach(|| client.core.close());
            if let Some(provider) = client.provider.as_ref().filter(|_| client.is_root) {
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

    fn __repr__(slf: &Bound<'_, Self>) -> PyResult<String> {
        let name = slf.get_type().fully_qualified_name()?;
        let client = slf.get().0.get();
        Ok(client.map_or_else(
            || format!("<{name}, not initialised>"),
            |client| format!("<{name} of {}>", client.core.target()),
        ))
    }

    #[allow(clippy::unused_self)]
    fn __reduce__(&self) -> PyResult<()> {
        Err(PyTypeError::new_err(
            "cannot pickle a seekauth.Client: it holds credentials and connections of this process; \
             make one in the other process, for example with Client.from_env(). A forked process \
             may use the client it inherits",
        ))
    }

    // Provider and listeners break the cycles that go through them.
    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        let Some(client) = self.0.get() else { return Ok(()) };
        visit.call(&client.provider)?;
        visit.call(&client.listeners)
    }
}

impl NewClient {
    /// One that others are made from.
    fn root(
        py: Python<'_>,
        core: blocking::Client,
        provider: Option<Py<Provider>>,
    ) -> PyResult<Self> {
        greenlets::prepare(py)?;
        listener::log(py, &core)?;
        let listeners = Py::new(py, Listeners::default())?;
        Ok(Self { core, provider, listeners, is_root: true })
    }

    fn clone(&self, py: Python<'_>) -> Self {
        let provider = self.provider.as_ref().map(|provider| provider.clone_ref(py));
        let listeners = self.listeners.clone_ref(py);
        Self { core: self.core.clone(), provider, listeners, is_root: self.is_root }
    }
}

impl Client {
    fn init(
        &self,
        py: Python<'_>,
        args: &Bound<'_, PyTuple>,
        settings: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<()> {
        if !args.is_empty() {
            return Err(PyTypeError::new_err(
                "Client() takes keyword arguments only, such as Client(service='seek_api')",
            ));
        }
        self.fill(py, build(py, Config::new(), "Client()", settings)?)
    }

    /// Makes it a client; nothing happens if it is one by now.
    fn fill(&self, py: Python<'_>, new: NewClient) -> PyResult<()> {
        let NewClient { core, provider, listeners, is_root } = new;
        let authorization = Py::new(py, CachedAuthorization::default())?;
        // Another thread may have been quicker.
        let _ = self.0.set(State { core, authorization, provider, listeners, is_root });
        Ok(())
    }

    fn state(&self, py: Python<'_>) -> PyResult<&State> {
        self.0.get().ok_or_else(|| {
            let message = "a subclass of seekauth.Client that has an __init__ has to call \
                           super().__init__() there, with the settings";
            invalid(py, message.to_owned())
        })
    }

    /// The header value that was handed out last, if its token is fresh. Nothing here can panic.
    fn cached<'py>(slf: &Bound<'py, Self>) -> Option<Bound<'py, PyString>> {
        let client = slf.get().0.get()?;
        match client.core.fresh_generation() {
            0 => None,
            generation => CachedAuthorization::get(client.authorization.bind(slf.py()), generation),
        }
    }

    fn fresh<'py>(slf: &Bound<'py, Self>) -> PyResult<Option<Bound<'py, PyString>>> {
        let client = slf.get().state(slf.py())?;
        CachedAuthorization::fresh(client.authorization.bind(slf.py()), &client.core)
    }

    fn new_authorization<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyString>> {
        let (py, client) = (slf.py(), slf.get().state(slf.py())?);
        match Self::fresh(slf)? {
            Some(value) => Ok(value),
            None => client.wait_for_token(py, None).and_then(|token| {
                CachedAuthorization::get_or_store(client.authorization.bind(py), &token)
            }),
        }
    }
}

impl State {
    fn fresh_token(&self) -> Option<Token> {
        self.core.fresh_token().map(Token::from)
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

/// Whether a subclass has an `__init__`, which decides on the settings.
fn has_own_init(cls: &Bound<'_, PyType>) -> PyResult<bool> {
    let client = cls.py().get_type::<Client>();
    Ok(!cls.is(&client) && !cls.getattr("__init__")?.is(&client.getattr("__init__")?))
}

/// A client of the core with these settings; it warns of files that put a secret at risk.
fn build(
    py: Python<'_>,
    mut config: Config,
    caller: &str,
    settings: Option<&Bound<'_, PyDict>>,
) -> PyResult<NewClient> {
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
    NewClient::root(py, core, provider)
}

/// What is trusted where the system has no authorities, shared by all clients of the process.
pub(crate) fn certifis_authorities(py: Python<'_>) -> PyResult<Option<Arc<[u8]>>> {
    static BUNDLE: PyOnceLock<Option<Arc<[u8]>>> = PyOnceLock::new();
    let bundle = kept(py, &BUNDLE, || {
        let bundle = py.import("seekauth._authorities")?.call_method0("of_certifi")?;
        bundle.extract::<Option<Vec<u8>>>().map(|bundle| bundle.map(Arc::from))
    });
    bundle.cloned()
}

/// Warns at the line that makes the client: native calls are no levels of the stack.
fn warn(py: Python<'_>, text: &str) -> PyResult<()> {
    static CATEGORY: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let category = imported(py, &CATEGORY, "seekauth.errors", "SeekAuthWarning")?;
    PyErr::warn(py, category, &CString::new(text)?, 1)
}

/// An instance of the class whose method was called, so that subclasses stay themselves.
fn instantiate<'py>(cls: &Bound<'py, PyType>, new: NewClient) -> PyResult<Bound<'py, PyAny>> {
    let client = cls.py().get_type::<Client>().call_method1("__new__", (cls, new))?;
    attributes::drop_empty(&client)?;
    Ok(client)
}

/// The status, text and request id of a response to a GraphQL operation.
type ResponseParts = (u16, String, Option<String>);

fn response_parts(response: GraphqlResponse) -> ResponseParts {
    let request_id = response.request_id().map(str::to_owned);
    (response.status(), response.into_text(), request_id)
}
