//! GraphQL over the authenticated sender. What the API reports in `errors` is data here: the
//! caller sees it beside the data that could be had. Only a response that is no GraphQL is an error.

use std::time::Duration;

use reqwest::header::{ACCEPT, CONTENT_TYPE, DATE, HeaderMap, HeaderValue, RETRY_AFTER};
use reqwest::{Method, Request, Url};
use serde::de::{DeserializeOwned, IgnoredAny};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::api::http_message::{self, Response};
use crate::client::Client;
use crate::error::{Error, ErrorKind};
use crate::http::retry_after;

const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// A GraphQL operation.
#[derive(Debug, Clone, Default)]
pub struct Graphql {
    query: String,
    variables: Option<String>,
    operation_name: Option<String>,
    headers: Vec<(String, String)>,
    timeout: Option<Duration>,
}

impl Graphql {
    /// A query or mutation, as its document.
    #[must_use]
    pub fn new(query: impl Into<String>) -> Self {
        Self { query: query.into(), ..Self::default() }
    }

    /// Its variables, as the text of a JSON object.
    #[must_use]
    pub fn variables(mut self, json: impl Into<String>) -> Self {
        self.variables = Some(json.into());
        self
    }

    /// Which operation of the document to run, if it holds several.
    #[must_use]
    pub fn operation_name(mut self, name: impl Into<String>) -> Self {
        self.operation_name = Some(name.into());
        self
    }

    /// A further header, such as `Accept-Language` in place of the client's.
    #[must_use]
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// How long to wait for the whole response, in place of the client's `timeout`.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    pub(crate) fn own_timeout(&self) -> Option<Duration> {
        self.timeout
    }

    fn body(&self) -> Result<Vec<u8>, Error> {
        #[derive(Serialize)]
        #[serde(rename_all = "camelCase")]
        struct Body<'a> {
            query: &'a str,
            #[serde(skip_serializing_if = "Option::is_none")]
            variables: Option<&'a RawValue>,
            #[serde(skip_serializing_if = "Option::is_none")]
            operation_name: Option<&'a str>,
        }
        let variables = match &self.variables {
            None => None,
            Some(text) => match serde_json::from_str::<&RawValue>(text) {
                Ok(value) if value.get().starts_with('{') => Some(value),
                _ => return Err(Error::invalid("variables must be a JSON object")),
            },
        };
        let operation_name = self.operation_name.as_deref();
        serde_json::to_vec(&Body { query: &self.query, variables, operation_name })
            .map_err(|_| Error::new(ErrorKind::Internal, "the operation could not be written"))
    }
}

/// The API's response to an operation.
#[derive(Clone)]
pub struct GraphqlResponse {
    status: u16,
    text: String,
}

impl GraphqlResponse {
    /// The HTTP status. It says little: a response with `errors` mostly has 200.
    #[must_use]
    pub fn status(&self) -> u16 {
        self.status
    }

    /// The JSON text of the response: an object with `data`, `errors` or both.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The same, kept.
    #[must_use]
    pub fn into_text(self) -> String {
        self.text
    }

    /// `data` as a type of the caller's, such as [`serde_json::Value`]; `None` when there is none.
    ///
    /// # Errors
    ///
    /// `protocol` when `data` is of another shape.
    pub fn data<T: DeserializeOwned>(&self) -> Result<Option<T>, Error> {
        #[derive(Deserialize)]
        struct Body<T> {
            #[serde(default = "Option::default")]
            data: Option<T>,
        }
        let response: Body<T> = serde_json::from_str(&self.text).map_err(|problem| {
            let (line, column) = (problem.line(), problem.column());
            Error::new(
                ErrorKind::Protocol,
                format!("data is not of the type asked for, at line {line}, column {column}"),
            )
        })?;
        Ok(response.data)
    }

    /// What the API reported in `errors`; empty when all went well.
    #[must_use]
    pub fn errors(&self) -> Vec<GraphqlError> {
        #[derive(Deserialize)]
        struct Body {
            #[serde(default)]
            errors: Value,
        }
        let response: Option<Body> = serde_json::from_str(&self.text).ok();
        match response {
            Some(Body { errors: Value::Array(errors) }) => {
                errors.into_iter().map(GraphqlError).collect()
            }
            _ => Vec::new(),
        }
    }
}

impl std::fmt::Debug for GraphqlResponse {
    /// Leaves the data out: it is about people.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("GraphqlResponse")
            .field("status", &self.status)
            .field("errors", &self.errors())
            .finish_non_exhaustive()
    }
}

/// One entry of `errors`. The set of codes is open: treat an unknown one as permanent.
#[derive(Debug, Clone, PartialEq)]
pub struct GraphqlError(Value);

impl GraphqlError {
    /// `extensions.code`, such as `FORBIDDEN` or `BAD_USER_INPUT`.
    #[must_use]
    pub fn code(&self) -> Option<&str> {
        self.0.pointer("/extensions/code").and_then(Value::as_str)
    }

    /// The text for people; SEEK allows it to be shown to hirers.
    #[must_use]
    pub fn message(&self) -> &str {
        self.0.get("message").and_then(Value::as_str).unwrap_or_default()
    }

    /// The whole entry, with `path`, `locations` and all of `extensions`.
    #[must_use]
    pub fn json(&self) -> &Value {
        &self.0
    }
}

impl Client {
    /// Sends an operation to [`api_url`](Self::api_url) and reads the response, up to 64 MiB of it.
    /// Waits, renews and fails as [`send`](Self::send) does. What the API reports in `errors` is no
    /// failure of the call: see [`GraphqlResponse::errors`].
    ///
    /// # Errors
    ///
    /// Those of [`send`](Self::send); `invalid_argument` for variables or headers that are none;
    /// `throttled`, `unavailable` or `protocol` when the response is not GraphQL.
    pub async fn graphql(&self, operation: Graphql) -> Result<GraphqlResponse, Error> {
        let response = self.send(self.operation(&operation)?).await?;
        let response = self.while_open(Response::read(response)).await?;
        let status = response.status;
        let retry_after = self.wait(&response);
        match String::from_utf8(response.body) {
            Ok(text) if is_graphql(&text) => Ok(GraphqlResponse { status, text }),
            _ => Err(not_graphql(status, retry_after).with_target(self.shared_target())),
        }
    }

    fn operation(&self, operation: &Graphql) -> Result<Request, Error> {
        // The same complaint as for any request of a client without an API.
        self.api_origin()?;
        let url = self.api_url().and_then(|url| Url::parse(url).ok());
        let url = url.ok_or_else(|| Error::new(ErrorKind::Internal, "api_url is no URL"))?;
        let mut request = Request::new(Method::POST, url);
        let defaults = [(CONTENT_TYPE, JSON), (ACCEPT, JSON)];
        *request.headers_mut() = defaults.into_iter().collect::<HeaderMap<_>>();
        request.headers_mut().extend(http_message::headers(&operation.headers)?);
        *request.timeout_mut() = operation.timeout;
        *request.body_mut() = Some(operation.body()?.into());
        Ok(request)
    }

    fn wait(&self, response: &Response) -> Option<Duration> {
        let header =
            |name: &str| response.header(name).and_then(|value| std::str::from_utf8(value).ok());
        let headers = retry_after::Headers {
            retry_after: header(RETRY_AFTER.as_str()),
            rate_limit_reset: header("x-ratelimit-reset"),
            date: header(DATE.as_str()),
        };
        headers.wait(self.clock().now().system_time())
    }
}

fn is_graphql(text: &str) -> bool {
    #[derive(Default, Deserialize)]
    #[serde(default)]
    struct Members {
        #[serde(deserialize_with = "present")]
        data: bool,
        #[serde(deserialize_with = "present")]
        errors: bool,
    }
    // An array would be read as the members in their order.
    !text.trim_ascii_start().starts_with('[')
        && serde_json::from_str(text).is_ok_and(|members: Members| members.data || members.errors)
}

/// Whatever is there, even `null`.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    IgnoredAny::deserialize(deserializer).map(|_| true)
}

fn not_graphql(status: u16, retry_after: Option<Duration>) -> Error {
    let (kind, what) = match status {
        429 => (ErrorKind::Throttled, "the API told the client to slow down"),
        500.. => (ErrorKind::Unavailable, "the API failed, with a response that is not GraphQL"),
        _ => (ErrorKind::Protocol, "the API's response is not GraphQL; check api_url"),
    };
    Error::new(kind, format!("{what} (HTTP {status})"))
        .with_response(status, None)
        .with_retry_after(retry_after)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn response(text: &str) -> GraphqlResponse {
        GraphqlResponse { status: 200, text: text.to_owned() }
    }

    #[test]
    fn an_operation_is_written_as_it_was_given() {
        let operation = Graphql::new("query Q($n: Int) { a(n: $n) }")
            .variables(r#" {"n": 12345678901234567890.0, "m": "é"} "#)
            .operation_name("Q");
        assert_eq!(
            String::from_utf8(operation.body().unwrap()).unwrap(),
            r#"{"query":"query Q($n: Int) { a(n: $n) }","variables":{"n": 12345678901234567890.0, "m": "é"},"operationName":"Q"}"#
        );
        assert_eq!(Graphql::new("{a}").body().unwrap(), br#"{"query":"{a}"}"#);
        for variables in ["[1]", "\"{}\"", "null", "{", ""] {
            let error = Graphql::new("{a}").variables(variables).body().unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidArgument, "{variables}");
        }
    }

    #[test]
    fn a_graphql_response_has_data_or_errors() {
        for text in [r#"{"data":null}"#, r#"{"errors":[]}"#, r#" {"x":1,"data":{}}"#] {
            assert!(is_graphql(text), "{text}");
        }
        for text in ["", "{}", "[]", "[{},{}]", "<html>", r#"{"data":1} x"#, r#"{"message":"no"}"#]
        {
            assert!(!is_graphql(text), "{text}");
        }
    }

    #[test]
    fn data_and_errors_come_as_the_callers_types() {
        let response = response(
            r#"{"data":{"a":1},"errors":[{"message":"no","extensions":{"code":"FORBIDDEN"}},{}]}"#,
        );
        assert_eq!(response.data::<Value>().unwrap(), Some(json!({"a": 1})));
        assert_eq!(response.data::<Vec<u8>>().unwrap_err().kind(), ErrorKind::Protocol);
        let errors = response.errors();
        assert_eq!((errors[0].code(), errors[0].message()), (Some("FORBIDDEN"), "no"));
        assert_eq!((errors[1].code(), errors[1].message()), (None, ""));
        assert!(super::tests::response(r#"{"data":null,"errors":null}"#).errors().is_empty());
    }

    #[test]
    fn a_response_that_is_not_graphql_is_an_error_of_its_status() {
        for (status, kind) in [
            (429, ErrorKind::Throttled),
            (502, ErrorKind::Unavailable),
            (404, ErrorKind::Protocol),
            (200, ErrorKind::Protocol),
        ] {
            let error = not_graphql(status, None);
            assert_eq!((error.kind(), error.status()), (kind, Some(status)));
        }
    }
}
