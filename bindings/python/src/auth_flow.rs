//! `seekauth.Exchange` and `seekauth.Inspection`: the core's rules of one authenticated request, for
//! the adapters in `python/seekauth` and those that users write. Nothing is decided here.

use pyo3::prelude::*;
use pyo3::pybacked::PyBackedStr;
use seekauth::Verdict;

use crate::error::exception;

/// The rules of one request to the API and of its repetition, for whoever transmits it.
///
/// Made by `Client.exchange()`; it sends nothing itself. For each of the two times: ask the client
/// for `authorization()` and `admit()` it; set it as the Authorization header, and those of
/// `headers()`; send; `inspect()` the answer. If it is not a rejection, it is the caller's. If it
/// is, let it go, call `reject()`, and begin again with the same request.
///
/// Belongs to one request, and so to one thread or task at a time.
#[pyclass(module = "seekauth", name = "Exchange")]
pub(crate) struct Exchange(seekauth::Exchange);

impl From<seekauth::Exchange> for Exchange {
    fn from(exchange: seekauth::Exchange) -> Self {
        Self(exchange)
    }
}

#[pymethods]
impl Exchange {
    /// The headers to set besides Authorization, as pairs of name and value.
    ///
    /// `User-Agent` replaces what the request has. `X-Request-Id` and `Accept-Language` are left
    /// out if `present`, the names of the headers that the request has, includes them.
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
    fn admit(&mut self, py: Python<'_>, authorization: &str) -> PyResult<()> {
        self.0.admit(authorization).map_err(|error| exception(py, &error))
    }

    /// Begins to read an answer.
    ///
    /// `url` is where it came from, if redirects may have been followed: an answer from elsewhere
    /// says nothing about the token.
    #[pyo3(signature = (status, url = None))]
    fn inspect(&self, status: u16, url: Option<&str>) -> Inspection {
        Inspection(self.0.inspect(status, url))
    }

    /// Reports that the answer was a rejection: the client drops the token.
    ///
    /// If it returns, ask for `authorization()` again and send the same request once more. Raises
    /// `TokenRejectedError` the second time, or if the body cannot be sent twice.
    fn reject(&mut self, py: Python<'_>) -> PyResult<()> {
        self.0.reject().map_err(|error| exception(py, &error))
    }
}

/// The reading of one answer, to find out whether the API rejected the token in it.
///
/// Made by `Exchange.inspect()`. The verdict is True if it did, False if the answer is for the
/// caller, and None while more of the body has to be read. Once it is not None, it stays.
#[pyclass(module = "seekauth", name = "Inspection")]
pub(crate) struct Inspection(seekauth::Inspection);

#[pymethods]
impl Inspection {
    /// What is known so far: True for a rejection, False for none, None for not yet.
    #[getter]
    fn verdict(&self) -> Option<bool> {
        rejected(self.0.verdict())
    }

    /// Takes the next piece of the body, after content decoding, and returns the verdict.
    ///
    /// At most 1 MiB is kept; an answer that says nothing of a rejection in so much is none.
    fn feed(&mut self, piece: &[u8]) -> Option<bool> {
        rejected(self.0.feed(piece))
    }

    /// Says that the body has ended, and returns the verdict, which is not None then.
    fn finish(&mut self) -> Option<bool> {
        rejected(self.0.finish())
    }
}

fn rejected(verdict: Verdict) -> Option<bool> {
    match verdict {
        Verdict::Rejected => Some(true),
        Verdict::Accepted => Some(false),
        Verdict::Undecided => None,
    }
}
