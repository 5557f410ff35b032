//! `seekauth.AuthFlow` and `seekauth.Inspection`: the core's rules of one authenticated request, for
//! the adapters in `python/seekauth` and those that users write. Nothing is decided here.

use std::sync::Arc;
use std::time::Duration;

use pyo3::prelude::*;
use pyo3::pybacked::PyBackedStr;
use pyo3::types::PyString;
use seekauth::blocking;

use crate::authorization::CachedAuthorization;
use crate::call::{CancelHandle, start_with_callback, wait};
use crate::error::exception;
use crate::greenlets::Waiter;
use crate::panic::guard;
use crate::settings;
use crate::token::Token;

/// The authentication of one request to the API and of its retry, without I/O.
///
/// Made by `Client.auth_flow()`; it sends nothing itself. Each of the two attempts goes like this:
/// pass `authorization()` to `attempt()`; set it as the Authorization header, and those of
/// `headers()`; send; `inspect()` the response. Unless it is a rejection, it is the caller's. If it
/// is one, discard it, call `retry()`, and send the same request again.
///
/// Belongs to one request, and so to one thread or task at a time.
#[pyclass(module = "seekauth", name = "AuthFlow")]
pub(crate) struct AuthFlow {
    core: seekauth::AuthFlow,
    client: blocking::Client,
    authorization: Py<CachedAuthorization>,
    /// The token for the repetition is not always the client's.
    is_repetition: bool,
}

impl AuthFlow {
    pub(crate) fn new(
        core: seekauth::AuthFlow,
        client: blocking::Client,
        authorization: Py<CachedAuthorization>,
    ) -> Self {
        Self { core, client, authorization, is_repetition: false }
    }
}

#[pymethods]
impl AuthFlow {
    /// The Authorization value for the next attempt, `Bearer …`.
    ///
    /// First it is the client's `authorization()`; after `retry()` that of the token for the
    /// repetition. The calling thread waits for it, up to `timeout` (seconds or a `timedelta`) and
    /// to the client's own, with the interpreter lock released; Ctrl-C ends the wait. Raises a
    /// `SeekAuthError`.
    #[pyo3(signature = (timeout = None))]
    fn authorization<'py>(
        &self,
        py: Python<'py>,
        timeout: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyString>> {
        guard(py, || {
            let timeout = settings::timeout(timeout)?;
            match self.fresh(py)? {
                Some(value) => Ok(value),
                None => self.wait_for_token(py, timeout).and_then(|token| {
                    CachedAuthorization::get_or_store(self.authorization.bind(py), &token)
                }),
            }
        })
    }

    /// The first attempt's value while the client's token is fresh, else None. Never waits.
    #[pyo3(name = "_fresh_authorization")]
    fn fresh_authorization<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyString>>> {
        guard(py, || self.fresh(py))
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
            let start = |done| self.client.get_token_for_then(&self.core, timeout, done);
            start_with_callback(py, done, start, Token::from)
        })
    }

    /// The headers to set besides Authorization, as pairs of name and value.
    ///
    /// `User-Agent` replaces the request's own. `X-Request-Id` and `Accept-Language` are left out
    /// if `present`, the names of the headers that the request has, includes them.
    fn headers(&self, present: &Bound<'_, PyAny>) -> PyResult<Vec<(&'static str, String)>> {
        guard(present.py(), || {
            let present = present
                .try_iter()?
                .map(|name| name?.extract())
                .collect::<PyResult<Vec<PyBackedStr>>>()?;
            Ok(self.core.headers(&present))
        })
    }

    /// The X-Request-Id of the request, which its errors carry.
    ///
    /// Set it to the value of a header that the request has already; one that is not visible ASCII
    /// in moderate length is no id, and errors then carry None.
    #[getter]
    fn request_id(&self, py: Python<'_>) -> PyResult<Option<&str>> {
        guard(py, || Ok(self.core.request_id()))
    }

    #[setter]
    fn set_request_id(&mut self, py: Python<'_>, value: &str) -> PyResult<()> {
        guard(py, || {
            self.core.set_request_id(value);
            Ok(())
        })
    }

    /// Refuses a Host header that names another host than the API's: the token would go there.
    ///
    /// Only for a header that the request has; the HTTP client's own is right. Raises
    /// `ForbiddenOriginError`.
    fn check_host(&self, py: Python<'_>, value: &str) -> PyResult<()> {
        guard(py, || self.core.check_host(value).map_err(|error| exception(py, &error)))
    }

    /// Notes the Authorization value that is about to be sent.
    ///
    /// Raises `TokenRejectedError` if it is the one that the API has just rejected: no newer one
    /// can be had at the moment.
    fn attempt(&mut self, py: Python<'_>, authorization: &str) -> PyResult<()> {
        guard(py, || self.core.attempt(authorization).map_err(|error| exception(py, &error)))
    }

    /// Begins to read a response.
    ///
    /// `url` is where it came from, if redirects may have been followed: a response from elsewhere
    /// says nothing about the token.
    #[pyo3(signature = (status, url = None))]
    fn inspect(
        &self,
        py: Python<'_>,
        status: u16,
        url: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Inspection> {
        guard(py, || {
            let url = url.map(|url| settings::url("url", url)).transpose()?;
            Ok(Inspection(self.core.inspect(status, url.as_deref())))
        })
    }

    /// Reports that the response was a rejection: the client sets the token aside.
    ///
    /// If it returns, ask for `authorization()` again and send the same request once more. Raises
    /// `TokenRejectedError` the second time, if the body cannot be sent twice, if the API accepted
    /// the token for a later request, or if too many were rejected lately; and what the last
    /// renewal failed with, while its pause lasts.
    fn retry(&mut self, py: Python<'_>) -> PyResult<()> {
        guard(py, || {
            self.core.retry().map_err(|error| exception(py, &error))?;
            self.is_repetition = true;
            Ok(())
        })
    }
}

impl AuthFlow {
    fn fresh<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyString>>> {
        if self.is_repetition {
            Ok(None)
        } else {
            CachedAuthorization::fresh(self.authorization.bind(py), &self.client)
        }
    }

    fn wait_for_token(
        &self,
        py: Python<'_>,
        timeout: Option<Duration>,
    ) -> PyResult<Arc<seekauth::Token>> {
        let (client, flow) = (&self.client, &self.core);
        match Waiter::of_this_greenlet(py)? {
            None => wait(py, || client.start_for(flow, timeout)),
            Some(waiter) => waiter.wait(|done| client.get_token_for_then(flow, timeout, done)),
        }
    }
}

/// The reading of one response, to find out whether the API rejected the token in it.
///
/// Made by `AuthFlow.inspect()`. The verdict is True if it did, False if the response is for the
/// caller, and None while more of the body has to be read. Once it is not None, it stays.
#[pyclass(module = "seekauth", name = "Inspection")]
pub(crate) struct Inspection(seekauth::Inspection);

#[pymethods]
impl Inspection {
    /// The verdict so far: True for a rejection, False for none, None for not yet.
    #[getter]
    fn verdict(&self, py: Python<'_>) -> PyResult<Option<bool>> {
        guard(py, || Ok(self.0.verdict().is_rejected()))
    }

    /// Takes the next chunk of the body, after content decoding, and returns the verdict.
    ///
    /// Nothing of it is kept but the message and path of a rejection, for the error. A response
    /// without a rejection in its first 1 MiB is none.
    fn feed(&mut self, py: Python<'_>, chunk: &[u8]) -> PyResult<Option<bool>> {
        guard(py, || Ok(self.0.feed(chunk).is_rejected()))
    }

    /// Says that the body has ended or broke off; returns the verdict: no longer None.
    fn finish(&mut self, py: Python<'_>) -> PyResult<Option<bool>> {
        guard(py, || Ok(self.0.finish().is_rejected()))
    }
}
