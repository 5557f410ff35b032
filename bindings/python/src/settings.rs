//! Keyword arguments as the core's settings. Names and kinds come from the core's list; a wrong
//! name or type is a `TypeError` in Python's own words, and the meaning of a value is the core's.

use std::time::Duration;

use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyBytes, PyDelta, PyDict, PyFloat, PyInt, PyMapping, PyString, PyTuple};
use seekauth::Config;
use seekauth::binding::{Setting, SettingKind, Value, duration_from_seconds};

use crate::error::{exception, invalid};

/// The argument for a function that returns credentials. It is not one of the core's settings, all of
/// which can be written as text.
pub(crate) const CREDENTIALS: &str = "credentials";

/// Puts `settings` into `config`; one whose value is `None` counts as not given. `caller` is the
/// function that the user called, for the error.
pub(crate) fn apply(
    py: Python<'_>,
    config: &mut Config,
    caller: &str,
    settings: Option<&Bound<'_, PyDict>>,
) -> PyResult<()> {
    let Some(settings) = settings else { return Ok(()) };
    for name in settings.keys() {
        let name: String = name.extract()?;
        if name != CREDENTIALS && Setting::named(&name).is_none() {
            return Err(unknown(caller, &name));
        }
    }
    for setting in Setting::all() {
        if let Some(value) = settings.get_item(setting.name())?.filter(|value| !value.is_none()) {
            let value = convert(setting, &value)?;
            config.set(setting, value).map_err(|error| exception(py, &error))?;
        }
    }
    Ok(())
}

/// The table of settings: name, kind and sentence. Tests compare the typed settings with it.
pub(crate) fn table(py: Python<'_>) -> PyResult<Bound<'_, PyTuple>> {
    let rows =
        Setting::all().iter().map(|setting| (setting.name(), setting.kind().name(), setting.doc()));
    PyTuple::new(py, rows)
}

/// How long a call may wait, from its `timeout` argument; `None` leaves it to the client.
pub(crate) fn timeout(argument: Option<&Bound<'_, PyAny>>) -> PyResult<Option<Duration>> {
    let Some(argument) = argument else { return Ok(None) };
    let seconds = seconds(argument)?.ok_or_else(|| type_error("timeout", SECONDS, argument))?;
    duration_from_seconds("timeout", seconds)
        .map(Some)
        .map_err(|error| exception(argument.py(), &error))
}

/// A length of time, however long.
pub(crate) fn span(name: &str, value: &Bound<'_, PyAny>) -> PyResult<Duration> {
    let seconds = seconds(value)?.ok_or_else(|| type_error(name, SECONDS, value))?;
    Duration::try_from_secs_f64(seconds)
        .map_err(|_| invalid(value.py(), format!("{name} must be 0 seconds or more")))
}

/// Scopes: an iterable of `str`, or one `str` with spaces between them.
pub(crate) fn scopes(value: &Bound<'_, PyAny>) -> PyResult<Vec<String>> {
    match text("scopes", value)? {
        Some(text) => Ok(text.split_ascii_whitespace().map(str::to_owned).collect()),
        None => list("scopes", value)?
            .ok_or_else(|| type_error("scopes", "a str or an iterable of str", value)),
    }
}

/// The text of a setting: of a `str`, of what keeps a secret out of sight, of a URL, or of a path.
fn text_of_setting(name: &str, value: &Bound<'_, PyAny>) -> PyResult<Option<String>> {
    if name.ends_with("_file") && value.hasattr("__fspath__")? {
        return text(name, &value.call_method0("__fspath__")?);
    }
    match text_or_secret(name, value)? {
        Some(text) => Ok(Some(text)),
        None => text_of_url(name, value),
    }
}

/// The text of `value`: a `str`, or an object that shows one by `get_secret_value()` only, as pydantic's
/// `SecretStr` does.
pub(crate) fn text_or_secret(name: &str, value: &Bound<'_, PyAny>) -> PyResult<Option<String>> {
    match text(name, value)? {
        None if value.hasattr(SECRET_VALUE)? => text(name, &value.call_method0(SECRET_VALUE)?),
        text => Ok(text),
    }
}

/// A URL: a `str`, or an object for URLs such as those of httpx, yarl and pydantic.
pub(crate) fn url(name: &str, value: &Bound<'_, PyAny>) -> PyResult<String> {
    let text = match text(name, value)? {
        None => text_of_url(name, value)?,
        text => text,
    };
    text.ok_or_else(|| type_error(name, "a str or a URL", value))
}

fn text_of_url(name: &str, value: &Bound<'_, PyAny>) -> PyResult<Option<String>> {
    if value.hasattr("scheme")? && value.hasattr("host")? {
        text(name, value.str()?.as_any())
    } else {
        Ok(None)
    }
}

/// The text of an argument that has to be a `str`.
pub(crate) fn required_text(name: &str, value: &Bound<'_, PyAny>) -> PyResult<String> {
    text(name, value)?.ok_or_else(|| type_error(name, "a str", value))
}

/// The text of `value`, or `None` when it is no `str`.
pub(crate) fn text(name: &str, value: &Bound<'_, PyAny>) -> PyResult<Option<String>> {
    let Ok(string) = value.cast::<PyString>() else { return Ok(None) };
    // Python's own error would carry the string, and the string may be a secret.
    string.to_str().map(|text| Some(text.to_owned())).map_err(|_| {
        invalid(value.py(), format!("{name} has a lone surrogate in it, which UTF-8 cannot write"))
    })
}

/// A `TypeError` that names the argument and the type that it accepts, and shows no more of the value
/// than its type: the value may be a secret.
pub(crate) fn type_error(name: &str, accepts: &str, value: &Bound<'_, PyAny>) -> PyErr {
    let actual =
        value.get_type().qualname().map_or_else(|_| "?".to_owned(), |name| name.to_string());
    PyTypeError::new_err(format!("{name} must be {accepts}, not {actual}"))
}

const SECRET_VALUE: &str = "get_secret_value";

const SECONDS: &str = "a number of seconds (int or float) or a datetime.timedelta";

fn unknown(caller: &str, name: &str) -> PyErr {
    let names = Setting::all().iter().map(Setting::name);
    let known: Vec<&str> = names.chain([CREDENTIALS]).collect();
    PyTypeError::new_err(format!(
        "{caller} got an unexpected keyword argument '{name}' (settings: {})",
        known.join(", ")
    ))
}

fn convert(setting: &Setting, value: &Bound<'_, PyAny>) -> PyResult<Value> {
    let name = setting.name();
    let (converted, accepts) = match setting.kind() {
        SettingKind::Text => (text_of_setting(name, value)?.map(Value::text), accepted(name)),
        SettingKind::Duration => (
            seconds(value)?
                .map(|seconds| Value::seconds(name, seconds))
                .transpose()
                .map_err(|error| exception(value.py(), &error))?,
            SECONDS,
        ),
        SettingKind::Flag => {
            (value.cast::<PyBool>().ok().map(|flag| Value::Flag(flag.is_true())), "True or False")
        }
        SettingKind::List => (
            match text(name, value)? {
                Some(text) => Some(Value::text(text)),
                None => list(name, value)?.map(Value::List),
            },
            "a str or an iterable of str",
        ),
        SettingKind::Pairs => (
            repeated_pairs(name, value)?.map(Value::pairs),
            "a mapping of str to str, or to a list of str",
        ),
    };
    converted.ok_or_else(|| type_error(name, accepts, value))
}

fn accepted(name: &str) -> &'static str {
    if name.ends_with("_file") { "a str or an os.PathLike" } else { "a str" }
}

fn seconds(value: &Bound<'_, PyAny>) -> PyResult<Option<f64>> {
    if value.is_instance_of::<PyBool>() {
        Ok(None)
    } else if value.is_instance_of::<PyFloat>() || value.is_instance_of::<PyInt>() {
        // An int beyond the reach of a float is as absurd a time as infinity.
        Ok(Some(value.extract().unwrap_or(f64::INFINITY)))
    } else if value.is_instance_of::<PyDelta>() {
        value.call_method0("total_seconds")?.extract().map(Some)
    } else {
        Ok(None)
    }
}

fn list(name: &str, value: &Bound<'_, PyAny>) -> PyResult<Option<Vec<String>>> {
    if value.is_instance_of::<PyBytes>() || value.is_instance_of::<PyMapping>() {
        return Ok(None);
    }
    let Ok(items) = value.try_iter() else { return Ok(None) };
    items
        .map(|item| {
            let item = item?;
            text(name, &item)?.ok_or_else(|| type_error(name, "a str or an iterable of str", &item))
        })
        .collect::<PyResult<_>>()
        .map(Some)
}

/// The items of a mapping of `str` to `str` or several of them, or `None` when `value` is no mapping.
fn repeated_pairs(name: &str, value: &Bound<'_, PyAny>) -> PyResult<Option<Vec<(String, String)>>> {
    const ACCEPTS: &str = "a mapping of str to str, or to a list of str";
    let Ok(mapping) = value.cast::<PyMapping>() else { return Ok(None) };
    let mut pairs = Vec::new();
    for item in mapping.items()?.iter() {
        let (key, value): (Bound<'_, PyAny>, Bound<'_, PyAny>) = item.extract()?;
        let key = text(name, &key)?.ok_or_else(|| type_error(name, ACCEPTS, &key))?;
        let values = match text(name, &value)? {
            Some(value) => vec![value],
            None => list(name, &value)?.ok_or_else(|| type_error(name, ACCEPTS, &value))?,
        };
        pairs.extend(values.into_iter().map(|value| (key.clone(), value)));
    }
    Ok(Some(pairs))
}

/// The items of a mapping of `str` to `str`, or `None` when `value` is no mapping.
pub(crate) fn pairs(
    name: &str,
    value: &Bound<'_, PyAny>,
) -> PyResult<Option<Vec<(String, String)>>> {
    let Ok(mapping) = value.cast::<PyMapping>() else { return Ok(None) };
    mapping
        .items()?
        .iter()
        .map(|item| {
            let (key, value): (Bound<'_, PyAny>, Bound<'_, PyAny>) = item.extract()?;
            let read = |part: &Bound<'_, PyAny>| {
                text(name, part)?.ok_or_else(|| type_error(name, "a mapping of str to str", part))
            };
            Ok((read(&key)?, read(&value)?))
        })
        .collect::<PyResult<_>>()
        .map(Some)
}
