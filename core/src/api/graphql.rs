//! GraphQL over the authenticated sender. What the API reports in `errors` is data here: the
//! caller sees it beside the data that could be had. Only a response that is no GraphQL is an error.

use std::time::Duration;

use reqwest::header::{ACCEPT, CONTENT_TYPE, DATE, HeaderMap, HeaderValue, RETRY_AFTER};
use reqwest::{Method, Request, Url};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::api::auth_flow::RequestContext;
use crate::api::graphql_shape;
use crate::api::http_message::{self, Response};
use crate::api::request_id::RequestId;
#[cfg(feature = "tracing")]
use crate::api::span;
use crate::client::Client;
use crate::error::{Error, ErrorKind};
use crate::http::retry_after;
use crate::sys::runtime;

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
    errors: Vec<GraphqlError>,
    request_id: Option<RequestId>,
}

impl GraphqlResponse {
    /// A response from its bytes. A mark of the byte order is left out, and what is not UTF-8
    /// replaced: it may be one letter in somebody's name.
    pub(crate) fn read(status: u16, body: &[u8]) -> Result<Self, &'static str> {
        let body = body.strip_prefix("\u{feff}".as_bytes()).unwrap_or(body);
        let text = String::from_utf8_lossy(body).into_owned();
        let errors = graphql_shape::errors(&text)?.into_iter().map(GraphqlError).collect();
        Ok(Self { status, text, errors, request_id: None })
    }

    /// The HTTP status. It says little: a response with `errors` mostly has 200.
    #[must_use]
    pub fn status(&self) -> u16 {
        self.status
    }

    /// The `X-Request-Id` of the request, which SEEK can be asked about. None where the operation brought a
    /// header of this name that is not visible ASCII.
    #[must_use]
    pub fn request_id(&self) -> Option<&str> {
        self.request_id.as_deref()
    }

    /// The JSON text of the response: an object with `data`, `errors` or both, of which `data` is an
    /// object or `null`, and `errors` a list of objects or `null`.
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

    /// What the API reported in `errors`; empty when all went well. What JSON readers refuse, such as
    /// half a surrogate pair in a message, is replaced.
    #[must_use]
    pub fn errors(&self) -> Vec<GraphqlError> {
        self.errors.clone()
    }
}

impl std::fmt::Debug for GraphqlResponse {
    /// Leaves the data out: it is about people.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("GraphqlResponse")
            .field("status", &self.status)
            .field("errors", &self.errors)
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
    /// `throttled`, `unavailable` or `protocol` when the response is not GraphQL, or of a shape that
    /// GraphQL does not know.
    pub async fn graphql(&self, operation: Graphql) -> Result<GraphqlResponse, Error> {
        let work = self.send_operation(&operation);
        #[cfg(feature = "tracing")]
        let work = {
            let span = span::of_graphql(self, operation.operation_name.as_deref());
            span::within(span, work, GraphqlResponse::status)
        };
        work.await
    }

    async fn send_operation(&self, operation: &Graphql) -> Result<GraphqlResponse, Error> {
        let mut request = self.operation(operation)?;
        let context = RequestContext::of_request(self, RequestId::of(&mut request));
        let response = self.send_and_read(request).await?;
        let status = response.status;
        match GraphqlResponse::read(status, &response.body) {
            Ok(read) => Ok(GraphqlResponse { request_id: response.request_id, ..read }),
            Err(problem) => {
                let error = not_graphql(status, problem, self.wait(&response));
                Err(context.annotated(error.with_target(self.shared_target())))
            }
        }
    }

    /// [`send`](Self::send) with the whole response.
    pub(crate) async fn send_and_read(&self, mut request: Request) -> Result<Response, Error> {
        let context = RequestContext::of_request(self, RequestId::of(&mut request));
        let client = self.clone();
        let sending = async move {
            let response = client.send(request).await?;
            client.while_open(Response::read(response)).await
        };
        runtime::run(sending).await.map_err(|error| context.annotated(error))
    }

    fn operation(&self, operation: &Graphql) -> Result<Request, Error> {
        // The same complaint as for any request of a client without an API.
        self.api_origin()?;
        let url = self.api_url().and_then(|url| Url::parse(url).ok());
        let url = url.ok_or_else(|| Error::new(ErrorKind::Internal, "`api_url` is no URL"))?;
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

fn not_graphql(status: u16, problem: &str, retry_after: Option<Duration>) -> Error {
    let (kind, what) = match status {
        429 => (ErrorKind::Throttled, "the API told the client to slow down".to_owned()),
        500.. => {
            (ErrorKind::Unavailable, format!("the API failed, with a response that {problem}"))
        }
        _ => (ErrorKind::Protocol, format!("the API's response {problem}; check `api_url`")),
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
        GraphqlResponse::read(200, text.as_bytes()).unwrap()
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
            let error = not_graphql(status, "is not GraphQL", None);
            assert_eq!((error.kind(), error.status()), (kind, Some(status)));
        }
    }

    #[test]
    fn a_byte_order_mark_and_a_byte_that_is_no_utf_8_cost_nothing_else() {
        let marked = GraphqlResponse::read(200, "\u{feff}{\"data\":{\"a\":1}}".as_bytes()).unwrap();
        assert_eq!(marked.data::<Value>().unwrap(), Some(json!({"a": 1})));
        let latin1 = GraphqlResponse::read(200, b"{\"data\":{\"name\":\"Ren\xe9\"}}").unwrap();
        assert_eq!(latin1.data::<Value>().unwrap(), Some(json!({"name": "Ren\u{fffd}"})));
        assert_eq!(GraphqlResponse::read(200, b"\xff").unwrap_err(), "is not GraphQL");
    }

    #[test]
    fn errors_that_strict_readers_refuse_are_there() {
        let torn = r#"{"errors":[{"message":"\ud800","extensions":{"code":"FORBIDDEN"}}]}"#;
        let errors = response(torn).errors();
        assert_eq!((errors[0].code(), errors[0].message()), (Some("FORBIDDEN"), "\u{fffd}"));
        let odd = GraphqlResponse::read(200, br#"{"data":{},"errors":"no"}"#).unwrap_err();
        assert_eq!(not_graphql(200, odd, None).kind(), ErrorKind::Protocol);
    }
}
