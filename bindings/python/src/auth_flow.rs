//! `seekauth.AuthFlow` and `seekauth.Inspection`: the core's rules of one authenticated request, for
//! the adapters in `python/seekauth` and those that users write. Nothing is decided here.

use pyo3::prelude::*;
use pyo3::pybacked::PyBackedStr;

use crate::error::exception;

/// The authentication of one request to the API and of its retry, without I/O.
///
/// Made by `Client.auth_flow()`; it sends nothing itself. Each of the two attempts goes like this:
/// ask the client for `authorization()` and pass it to `attempt()`; set it as the Authorization
/// header, and those of `headers()`; send; `inspect()` the response. Unless it is a rejection, it
/// is the caller's. If it is one, discard it, call `retry()`, and send the same request again.
///
/// Belongs to one request, and so to one thread or task at a time.
#[pyclass(module = "seekauth", name = "AuthFlow")]
pub(crate) struct AuthFlow(seekauth::AuthFlow);

impl From<seekauth::AuthFlow> for AuthFlow {
    fn from(flow: seekauth::AuthFlow) -> Self {
        Self(flow)
    }
}

#[pymethods]
impl AuthFlow {
    /// The headers to set besides Authorization, as pairs of name and value.
    ///
    /// `User-Agent` replaces the request's own. `X-Request-Id` and `Accept-Language` are left out
    /// if `present`, the names of the headers that the request has, includes them.
    fn headers(&self, present: &Bound<'_, PyAny>) -> PyResult<Vec<(&'static str, String)>> {
        let present = present
            .try_iter()?
            .map(|name| name?.extract())
            .collect::<PyResult<Vec<PyBackedStr>>>()?;
        Ok(self.0.headers(&present))
    }

    /// Notes the Authorization value that is about to be sent.
    ///
    /// Raises `TokenRejectedError` if it is the one that the API has just rejected: no newer one
    /// can be had at the moment.
    fn attempt(&mut self, py: Python<'_>, authorization: &str) -> PyResult<()> {
        self.0.attempt(authorization).map_err(|error| exception(py, &error))
    }

    /// Begins to read a response.
    ///
    /// `url` is where it came from, if redirects may have been followed: a response from elsewhere
    /// says nothing about the token.
    #[pyo3(signature = (status, url = None))]
    fn inspect(&self, status: u16, url: Option<&str>) -> Inspection {
        Inspection(self.0.inspect(status, url))
    }

    /// Reports that the response was a rejection: the client drops the token.
    ///
    /// If it returns, ask for `authorization()` again and send the same request once more. Raises
    /// `TokenRejectedError` the second time, or if the body cannot be sent twice.
    fn retry(&mut self, py: Python<'_>) -> PyResult<()> {
        self.0.retry().map_err(|error| exception(py, &error))
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
    fn verdict(&self) -> Option<bool> {
        self.0.verdict().is_rejected()
    }

    /// Takes the next chunk of the body, after content decoding, and returns the verdict.
    ///
    /// At most 1 MiB is kept; a response without a rejection in so much is none.
    fn feed(&mut self, chunk: &[u8]) -> Option<bool> {
        self.0.feed(chunk).is_rejected()
    }

    /// Says that the body has ended, and returns the verdict, which is not None then.
    fn finish(&mut self) -> Option<bool> {
        self.0.finish().is_rejected()
    }
}
