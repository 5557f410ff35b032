//! Requests and responses as plain values, read whole: for languages that do not have the HTTP
//! library's own types.

use std::time::Duration;

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::{Method, Url};

use crate::api::request_id::RequestId;
use crate::client::Client;
use crate::error::{Error, ErrorKind};
use crate::http::failure;
use crate::sys::time_limit::TimeLimit;

/// Whom errors speak of.
pub(crate) const API: &str = "the API";
/// The longest body that is read whole. Longer responses are for an HTTP client that streams.
const BODY_LIMIT: usize = 64 << 20;

/// A request to the API.
#[derive(Clone, Default)]
pub struct Request {
    /// `GET`, `POST` and so on.
    pub method: String,
    /// An absolute URL, or a path from the API's root on: `/api/partner/v1/add/education.json`.
    pub url: String,
    /// Headers; those that the sender sets itself are described at [`crate::Client::send`].
    pub headers: Vec<(String, String)>,
    /// The body; empty for none.
    pub body: Vec<u8>,
    /// How long to wait for the whole response, in place of the client's `timeout`.
    pub timeout: Option<Duration>,
}

impl Request {
    pub(crate) fn build(self, client: &Client) -> Result<reqwest::Request, Error> {
        let method = Method::from_bytes(self.method.as_bytes())
            .map_err(|_| Error::invalid("method must be one of HTTP's, such as GET or POST"))?;
        let mut request = reqwest::Request::new(method, address(client, &self.url)?);
        *request.headers_mut() = headers(&self.headers)?;
        *request.timeout_mut() = self.timeout;
        if !self.body.is_empty() {
            *request.body_mut() = Some(self.body.into());
        }
        Ok(request)
    }
}

impl std::fmt::Debug for Request {
    /// Leaves out headers and body: they may hold a token, and are about people.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Request")
            .field("method", &self.method)
            .field("url", &self.url)
            .finish_non_exhaustive()
    }
}

/// The API's response.
#[derive(Clone)]
pub struct Response {
    /// The HTTP status.
    pub status: u16,
    /// Names in lower case, in the order of arrival.
    pub headers: Vec<(String, Vec<u8>)>,
    /// The whole body.
    pub body: Vec<u8>,
    /// The `X-Request-Id` of the request, if it is one in visible ASCII.
    pub request_id: Option<RequestId>,
}

impl Response {
    /// One without headers, for tests that play the API.
    pub fn new(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self { status, headers: Vec::new(), body: body.into(), request_id: None }
    }

    /// Reads a response to its end.
    pub(crate) async fn read(mut response: reqwest::Response) -> Result<Self, Error> {
        let request_id = response.extensions().get::<RequestId>().cloned();
        let limit = response.extensions().get::<TimeLimit>().copied();
        let status = response.status().as_u16();
        let header = |(name, value): (&HeaderName, &HeaderValue)| {
            (name.as_str().to_owned(), value.as_bytes().to_vec())
        };
        let headers = response.headers().iter().map(header).collect();
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|problem| broken(&problem, limit))? {
            if body.len() + chunk.len() > BODY_LIMIT {
                return Err(Error::new(
                    ErrorKind::Protocol,
                    "the API's response is longer than 64 MiB; read it with an HTTP client that streams",
                )
                .with_response(status, None));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Self { status, headers, body, request_id })
    }

    /// The first header of this name.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&[u8]> {
        let mut headers = self.headers.iter();
        let found = headers.find(|(given, _)| given.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_slice())
    }
}

impl std::fmt::Debug for Response {
    /// Leaves the body out: it is about people.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Response").field("status", &self.status).finish_non_exhaustive()
    }
}

/// An address from an absolute URL, or from a path from the API's root on.
pub(crate) fn address(client: &Client, url: &str) -> Result<Url, Error> {
    let address = if url.starts_with('/') {
        Url::parse(client.api_origin()?).and_then(|root| root.join(url))
    } else {
        Url::parse(url)
    };
    address.map_err(|problem| {
        Error::invalid(format!("url must be an absolute URL or begin with a slash: {problem}"))
    })
}

/// Headers as the HTTP library wants them.
pub(crate) fn headers(pairs: &[(String, String)]) -> Result<HeaderMap, Error> {
    let mut headers = HeaderMap::new();
    for (name, value) in pairs {
        let name = HeaderName::from_bytes(name.as_bytes())
            .map_err(|_| Error::invalid("a header's name must be a token of RFC 9110"))?;
        let value = HeaderValue::from_str(value).ok().filter(|_| value.is_ascii());
        let value = value.ok_or_else(|| {
            Error::invalid(format!("the header {name} must be visible ASCII and spaces"))
        })?;
        headers.append(name, value);
    }
    Ok(headers)
}

/// Whether a request can carry this header.
#[must_use]
pub fn is_header(name: &str, value: &str) -> bool {
    headers(&[(name.to_owned(), value.to_owned())]).is_ok()
}

fn broken(problem: &reqwest::Error, limit: Option<TimeLimit>) -> Error {
    if problem.is_timeout() {
        let limit = limit.map_or_else(|| "the time allowed".to_owned(), |limit| limit.to_string());
        Error::new(ErrorKind::Timeout, format!("the API's response did not end within {limit}"))
    } else {
        failure::broken_body(problem, API)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Config, Environment};

    fn build(method: &str, url: &str) -> Result<reqwest::Request, Error> {
        let config = Config::seek_pass(Environment::Staging).scopes(["write.education"]);
        let client = Client::new(config.credentials("id", "secret").user_agent("Acme/1.2.3"))?;
        let request =
            Request { method: method.to_owned(), url: url.to_owned(), ..Request::default() };
        request.build(&client)
    }

    #[test]
    fn a_path_is_one_of_the_api() {
        let request = build("POST", "/api/partner/v1/add/education.json?a=1").unwrap();
        assert_eq!(
            request.url().as_str(),
            "https://app.seekpass-staging.com/api/partner/v1/add/education.json?a=1"
        );
        assert!(request.body().is_none());
        // It looks like a path and is none; the authentication flow refuses where it leads.
        let elsewhere = build("GET", "//evil.example/x").unwrap();
        assert_eq!(elsewhere.url().host_str(), Some("evil.example"));
    }

    #[test]
    fn what_is_no_request_is_refused() {
        for (method, url) in [("", "/a"), ("G T", "/a"), ("GET", ""), ("GET", "a/b")] {
            let error = build(method, url).unwrap_err();
            assert_eq!(error.kind(), crate::ErrorKind::InvalidArgument, "{method} {url}");
        }
        for (name, value) in
            [("a b", "c"), ("", "c"), ("a", "c\r\nd: e"), ("a", "\0"), ("a", "café")]
        {
            let pairs = [(name.to_owned(), value.to_owned())];
            assert!(headers(&pairs).is_err(), "{name} {value}");
        }
    }
}
