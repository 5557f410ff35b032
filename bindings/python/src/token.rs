//! `seekauth.Token`: one token and its facts, as the core issued it. Immutable, so any number of
//! threads may read it; only the attributes that are named for it show the value.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::time::SystemTime;

use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyString, PyTuple};
use seekauth::testing;

use crate::authorization::header_value;
use crate::error::exception;
use crate::panic::guard;
use crate::settings;

/// A token and its facts. It never changes; a renewed token is a new object.
///
/// Two are equal when they are the same issue of a token. The value reaches the data of every
/// hirer the partner works with: keep it on the backend. It is not part of `repr()`, and a token
/// cannot be pickled.
///
/// Clients make them; a test may make its own, which lives for half an hour unless `lifetime`, in
/// seconds or as a `timedelta`, says otherwise.
#[pyclass(frozen, module = "seekauth", name = "Token")]
pub(crate) struct Token(Arc<seekauth::Token>);

impl From<Arc<seekauth::Token>> for Token {
    fn from(token: Arc<seekauth::Token>) -> Self {
        Self(token)
    }
}

#[pymethods]
impl Token {
    #[new]
    #[pyo3(signature = (value, *, lifetime = None, scopes = None))]
    fn new(
        value: &Bound<'_, PyAny>,
        lifetime: Option<&Bound<'_, PyAny>>,
        scopes: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Self> {
        let py = value.py();
        guard(py, || {
            let value = settings::required_text("value", value)?;
            let lifetime = lifetime.map(|span| settings::span("lifetime", span)).transpose()?;
            let scopes = scopes.map(settings::scopes).transpose()?.unwrap_or_default();
            let token = testing::token(value, lifetime, scopes);
            token.map(Self).map_err(|error| exception(py, &error))
        })
    }

    /// The access token itself, as the server sent it.
    #[getter]
    pub(crate) fn value(&self) -> &str {
        self.0.value()
    }

    /// The whole value of the Authorization header: `Bearer …`.
    #[getter]
    fn authorization<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyString>> {
        guard(py, || header_value(py, self.0.authorization()))
    }

    /// When the token expires: an aware `datetime` in UTC. seekauth renews it before that.
    #[getter]
    fn expires_at(&self) -> SystemTime {
        self.0.expires_at()
    }

    /// Seconds until the token expires; 0.0 once it has.
    #[getter]
    fn remaining(&self, py: Python<'_>) -> PyResult<f64> {
        guard(py, || Ok(self.0.remaining().as_secs_f64()))
    }

    /// The scopes granted, sorted; empty for the SEEK API, whose tokens have none.
    #[getter]
    fn scopes<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        PyTuple::new(py, self.0.scopes())
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        let expires_at =
            self.expires_at().into_pyobject(py)?.call_method1("isoformat", (" ", "seconds"))?;
        Ok(format!("<seekauth.Token expires_at={expires_at} scopes={}>", self.scopes(py)?.repr()?))
    }

    fn __eq__(&self, other: &Self) -> bool {
        self.0.generation() == other.0.generation()
    }

    fn __hash__(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        self.0.generation().hash(&mut hasher);
        hasher.finish()
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
            "cannot pickle a seekauth.Token: it is a credential and belongs to this process; \
             let the other process ask its own seekauth.Client",
        ))
    }
}
