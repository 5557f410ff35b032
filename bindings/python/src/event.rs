//! `seekauth.Event`: one thing that a client did or met, with the core's names and words.

use std::time::SystemTime;

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple};
use seekauth::FieldValue;

use crate::panic::guard;

/// One thing that a client did or met. It never changes, and shows no secret and no token.
#[pyclass(frozen, module = "seekauth", name = "Event")]
pub(crate) struct Event(seekauth::Event);

impl From<seekauth::Event> for Event {
    fn from(event: seekauth::Event) -> Self {
        Self(event)
    }
}

#[pymethods]
impl Event {
    /// What happened: `token_request`, `token_obtained`, `serving_stale` and so on.
    #[getter]
    fn name(&self) -> &'static str {
        self.0.name()
    }

    /// How much it matters: `debug`, `info`, `warning`, or `error` when callers fail.
    #[getter]
    fn level(&self) -> &'static str {
        self.0.level.name()
    }

    /// When it happened: an aware `datetime` in UTC.
    #[getter]
    fn at(&self) -> SystemTime {
        self.0.at
    }

    /// The whole of it in one line, for logs.
    #[getter]
    fn message(&self, py: Python<'_>) -> PyResult<String> {
        guard(py, || Ok(self.0.to_string()))
    }

    /// All that is known about it, by name.
    ///
    /// `client` numbers the clients of the process, `service`, `environment` and `scopes` tell
    /// whose token it is about, and the others depend on what happened. Times are in seconds. What
    /// is not known is left out. It is a new `dict` each time.
    #[getter]
    fn fields<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        guard(py, || {
            let fields = PyDict::new(py);
            for (name, value) in self.0.fields() {
                fields.set_item(name, translated(py, value)?)?;
            }
            Ok(fields)
        })
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        let (name, level) = (self.name(), self.level());
        Ok(format!("<seekauth.Event {name} level={level}: {}>", self.message(py)?))
    }
}

fn translated(py: Python<'_>, value: FieldValue) -> PyResult<Bound<'_, PyAny>> {
    Ok(match value {
        FieldValue::Text(text) => text.into_pyobject(py)?.into_any(),
        FieldValue::Count(count) => count.into_pyobject(py)?.into_any(),
        FieldValue::Seconds(seconds) => seconds.into_pyobject(py)?.into_any(),
        FieldValue::Moment(moment) => {
            let since = moment.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
            since.as_secs_f64().into_pyobject(py)?.into_any()
        }
        FieldValue::Flag(flag) => flag.into_pyobject(py)?.to_owned().into_any(),
        FieldValue::List(texts) => PyTuple::new(py, texts)?.into_any(),
        // A kind of value that the core has got since.
        _ => py.None().into_bound(py),
    })
}
