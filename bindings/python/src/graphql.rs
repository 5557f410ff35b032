//! A GraphQL operation from Python's arguments. The façade writes the variables as JSON and parses
//! the response; sending, renewing and judging are the core's.

use pyo3::prelude::*;
use seekauth::Graphql;

use crate::settings;

/// The query, variables as the text of a JSON object, name of the operation, headers, timeout.
pub(crate) type Arguments<'py> = (
    Bound<'py, PyAny>,
    Option<Bound<'py, PyAny>>,
    Option<Bound<'py, PyAny>>,
    Option<Bound<'py, PyAny>>,
    Option<Bound<'py, PyAny>>,
);

/// Whether a request can carry this header.
#[pyfunction]
pub(crate) fn is_header(name: &str, value: &str) -> bool {
    seekauth::binding::is_header(name, value)
}

/// The operation that the façade asks for; a wrong type is a `TypeError` that names the argument.
pub(crate) fn operation(arguments: Arguments<'_>) -> PyResult<Graphql> {
    let (query, variables, operation_name, headers, timeout) = arguments;
    let mut operation = Graphql::new(settings::required_text("query", &query)?);
    if let Some(variables) = variables {
        operation = operation.variables(settings::required_text("variables", &variables)?);
    }
    if let Some(name) = operation_name {
        operation = operation.operation_name(settings::required_text("operation_name", &name)?);
    }
    if let Some(headers) = headers {
        let pairs = settings::pairs("headers", &headers)?;
        let wrong = || settings::type_error("headers", "a mapping of str to str", &headers);
        for (name, value) in pairs.ok_or_else(wrong)? {
            operation = operation.header(name, value);
        }
    }
    if let Some(timeout) = settings::timeout(timeout.as_ref())? {
        operation = operation.timeout(timeout);
    }
    Ok(operation)
}
