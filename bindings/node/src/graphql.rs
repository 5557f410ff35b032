//! GraphQL operations as the façade writes them, and the response as it reads it: JSON crosses as
//! text, because JavaScript has the quickest way to read and write it.

use napi::Env;
use napi::bindgen_prelude::{Object, Unknown};
use napi_derive::napi;
use seekauth::{Graphql, GraphqlResponse};

use crate::error::Refusal;
use crate::settings;

/// The API's response to an operation.
#[napi(object, object_from_js = false)]
pub struct NativeResponse {
    /// The HTTP status.
    pub status: u32,
    /// The JSON text: an object with `data`, `errors` or both.
    pub text: String,
    /// The id of the request.
    pub request_id: Option<String>,
}

impl From<GraphqlResponse> for NativeResponse {
    fn from(response: GraphqlResponse) -> Self {
        let request_id = response.request_id().map(str::to_owned);
        Self { status: u32::from(response.status()), text: response.into_text(), request_id }
    }
}

/// Whether a request can carry this header.
#[napi]
#[allow(clippy::needless_pass_by_value, reason = "napi hands values over")]
pub fn is_header(name: String, value: String) -> bool {
    seekauth::binding::is_header(&name, &value)
}

/// The operation that an object of `query`, `variables` (JSON text), `operationName`, `headers`
/// (pairs) and `timeoutMs` describes; `undefined` and `null` mean absent.
pub(crate) fn operation(env: Env, options: &Object<'_>) -> Result<Graphql, Refusal> {
    let member = |name: &str| options.get::<Unknown<'_>>(name);
    let text = |name: &str| match member(name)? {
        Some(value) if !settings::is_absent(&value)? => settings::string(name, &value).map(Some),
        _ => Ok::<_, Refusal>(None),
    };
    let mut operation = Graphql::new(text("query")?.unwrap_or_default());
    if let Some(json) = text("variables")? {
        operation = operation.variables(json);
    }
    if let Some(name) = text("operationName")? {
        operation = operation.operation_name(name);
    }
    for (name, value) in options.get::<Vec<(String, String)>>("headers")?.unwrap_or_default() {
        operation = operation.header(name, value);
    }
    let timeout = match member("timeoutMs")? {
        Some(value) => settings::duration(env, "timeoutMs", &value)?,
        None => None,
    };
    Ok(match timeout {
        Some(timeout) => operation.timeout(timeout),
        None => operation,
    })
}
