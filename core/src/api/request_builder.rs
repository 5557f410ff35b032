//! A request to the API as reqwest's users write one, whose `send` authenticates it.

use std::fmt;
use std::time::Duration;

use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Body, Method, Request, Response};
use serde::Serialize;
use url::form_urlencoded::Serializer;

use crate::api::http_message::address;
use crate::client::Client;
use crate::error::Error;

/// A request to the API, from [`Client::request`]. What is wrong with a part of it is told by
/// [`build`](Self::build) and [`send`](Self::send).
#[must_use = "a request is not sent until `send` is awaited"]
pub struct RequestBuilder {
    client: Client,
    request: Result<Request, Error>,
}

impl Client {
    /// Begins a request to the API, for [`RequestBuilder::send`]. `url` is absolute, or a path from
    /// the API's root on.
    pub fn request(&self, method: Method, url: &str) -> RequestBuilder {
        let request = address(self, url).map(|url| Request::new(method, url));
        RequestBuilder { client: self.clone(), request }
    }

    /// Begins a GET request to the API; see [`request`](Self::request).
    pub fn get(&self, url: &str) -> RequestBuilder {
        self.request(Method::GET, url)
    }

    /// Begins a POST request to the API; see [`request`](Self::request).
    pub fn post(&self, url: &str) -> RequestBuilder {
        self.request(Method::POST, url)
    }
}

impl RequestBuilder {
    /// Adds a header. `Authorization` and `User-Agent` are replaced when the request is sent.
    pub fn header<K, V>(self, name: K, value: V) -> Self
    where
        HeaderName: TryFrom<K>,
        HeaderValue: TryFrom<V>,
    {
        self.change(|request| {
            let name = HeaderName::try_from(name)
                .map_err(|_| Error::invalid("a header's name must be a token of RFC 9110"))?;
            let mut value = HeaderValue::try_from(value).map_err(|_| {
                Error::invalid(format!("the header {name} must be visible ASCII and spaces"))
            })?;
            value.set_sensitive(value.is_sensitive() || name == AUTHORIZATION);
            request.headers_mut().append(name, value);
            Ok(())
        })
    }

    /// Sets headers, in place of those of the same names.
    pub fn headers(self, headers: HeaderMap) -> Self {
        self.change(|request| {
            request.headers_mut().extend(headers);
            Ok(())
        })
    }

    /// Adds names and values to the URL's query.
    pub fn query<K: AsRef<str>, V: AsRef<str>>(
        self,
        pairs: impl IntoIterator<Item = (K, V)>,
    ) -> Self {
        self.change(|request| {
            request.url_mut().query_pairs_mut().extend_pairs(pairs);
            Ok(())
        })
    }

    /// Sets the body. One that is a stream cannot be sent a second time, should the API reject the
    /// token.
    pub fn body(self, body: impl Into<Body>) -> Self {
        self.change(|request| {
            *request.body_mut() = Some(body.into());
            Ok(())
        })
    }

    /// Sets the body to `value` in JSON, and `Content-Type` unless the request has one.
    pub fn json<T: Serialize + ?Sized>(self, value: &T) -> Self {
        let body = serde_json::to_vec(value)
            .map_err(|_| Error::invalid("the body cannot be written as JSON"));
        self.typed_body("application/json", body)
    }

    /// Sets the body to names and values in form encoding, and `Content-Type` unless the request has
    /// one.
    pub fn form<K: AsRef<str>, V: AsRef<str>>(
        self,
        pairs: impl IntoIterator<Item = (K, V)>,
    ) -> Self {
        let form = Serializer::new(String::new()).extend_pairs(pairs).finish();
        self.typed_body("application/x-www-form-urlencoded", Ok(form.into_bytes()))
    }

    /// How long to wait for token and response together, in place of the client's `timeout`.
    pub fn timeout(self, timeout: Duration) -> Self {
        self.change(|request| {
            *request.timeout_mut() = Some(timeout);
            Ok(())
        })
    }

    /// The same request once more; `None` when its body is a stream.
    #[must_use]
    pub fn try_clone(&self) -> Option<Self> {
        let request = match &self.request {
            Ok(request) => Ok(request.try_clone()?),
            Err(error) => Err(error.clone()),
        };
        Some(Self { client: self.client.clone(), request })
    }

    /// The request as a value, for [`Client::send`]. It carries no token yet.
    ///
    /// # Errors
    ///
    /// `invalid_argument` for a URL, a header or a body that is none, or a path when the client has
    /// no API.
    pub fn build(self) -> Result<Request, Error> {
        self.request
    }

    /// Sends the request with the token; see [`Client::send`].
    ///
    /// # Errors
    ///
    /// Those of [`build`](Self::build) and [`Client::send`].
    pub async fn send(self) -> Result<Response, Error> {
        self.client.send(self.request?).await
    }

    fn typed_body(self, content_type: &'static str, body: Result<Vec<u8>, Error>) -> Self {
        self.change(|request| {
            *request.body_mut() = Some(body?.into());
            let headers = request.headers_mut();
            headers.entry(CONTENT_TYPE).or_insert(HeaderValue::from_static(content_type));
            Ok(())
        })
    }

    fn change(mut self, change: impl FnOnce(&mut Request) -> Result<(), Error>) -> Self {
        if let Ok(request) = &mut self.request
            && let Err(error) = change(request)
        {
            self.request = Err(error);
        }
        self
    }
}

impl fmt::Debug for RequestBuilder {
    /// Leaves headers and body out: they are about people.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("RequestBuilder");
        match &self.request {
            Ok(request) => {
                shown.field("method", request.method()).field("url", &request.url().path())
            }
            Err(error) => shown.field("error", error),
        };
        shown.finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Config, Environment};
    use crate::error::ErrorKind;

    fn client() -> Client {
        let config = Config::seek_api(Environment::Live).credentials("id", "s3cret-value");
        Client::new(config.user_agent("Acme/1.2.3")).unwrap()
    }

    fn body(request: &Request) -> &str {
        std::str::from_utf8(request.body().unwrap().as_bytes().unwrap()).unwrap()
    }

    #[test]
    fn a_request_is_written_as_with_reqwest() {
        let request = client()
            .post("/graphql?a=b")
            .query([("c", "d e")])
            .header("x-kind", "test")
            .json(&["ü"])
            .timeout(Duration::from_secs(3));
        let again = request.try_clone().unwrap();
        let request = request.build().unwrap();
        assert_eq!(request.url().as_str(), "https://graphql.seek.com/graphql?a=b&c=d+e");
        assert_eq!(request.headers()["x-kind"], "test");
        assert_eq!(request.headers()[CONTENT_TYPE], "application/json");
        assert_eq!(body(&request), r#"["ü"]"#);
        assert_eq!(request.timeout(), Some(&Duration::from_secs(3)));
        assert_eq!(body(&again.build().unwrap()), r#"["ü"]"#);
    }

    #[test]
    fn a_content_type_of_the_callers_own_stays() {
        let own = client().post("/x").header(CONTENT_TYPE, "text/x-form").form([("a", "1&2")]);
        let request = own.build().unwrap();
        assert_eq!(request.headers()[CONTENT_TYPE], "text/x-form");
        assert_eq!(body(&request), "a=1%262");
    }

    #[test]
    fn the_first_mistake_is_told_and_the_token_has_no_place_in_what_is_shown() {
        let client = client();
        let wrong = client.get("graphql").header("a b", "c").build().unwrap_err();
        assert!(wrong.message().contains("url must be"), "{wrong}");
        for request in [
            client.get("/x").header("a b", "c"),
            client.get("/x").header("a", "c\r\nd: e"),
            client.get("/x").json(&std::collections::HashMap::from([((1, 2), 3)])),
        ] {
            assert_eq!(request.build().unwrap_err().kind(), ErrorKind::InvalidArgument);
        }
        let shown = format!("{:?}", client.get("/x?q=s3cret").header(AUTHORIZATION, "s3cret"));
        assert!(!shown.contains("s3cret"), "{shown}");
        let request = client.get("/x").header(AUTHORIZATION, "s3cret").build().unwrap();
        assert!(!format!("{request:?}").contains("s3cret"));
    }
}
