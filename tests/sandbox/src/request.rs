//! A request as the services see it: read whole, with its credentials and body decoded on demand.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use http_body_util::{BodyExt as _, Limited};
use hyper::body::Incoming;
use hyper::header::{ACCEPT_ENCODING, AUTHORIZATION, CONTENT_TYPE, HeaderName};
use hyper::http::request::Parts;
use hyper::{Method, Request};
use serde_json::{Map, Value};

use crate::journal::Entry;
use crate::script::Endpoint;
use crate::service::Service;

/// The longest request body read.
const BODY_LIMIT: usize = 4 << 20;

/// A request with its whole body.
#[derive(Debug)]
pub(crate) struct Received {
    parts: Parts,
    pub(crate) body: Bytes,
}

impl Received {
    /// Reads the rest of the request; an error means that it is longer than 4 MiB or never came whole.
    pub(crate) async fn read(request: Request<Incoming>) -> std::io::Result<Received> {
        let (parts, body) = request.into_parts();
        let body = Limited::new(body, BODY_LIMIT)
            .collect()
            .await
            .map_err(std::io::Error::other)?
            .to_bytes();
        Ok(Received { parts, body })
    }

    pub(crate) fn method(&self) -> &Method {
        &self.parts.method
    }

    pub(crate) fn path(&self) -> &str {
        self.parts.uri.path()
    }

    /// The query's value of `name`.
    pub(crate) fn query(&self, name: &str) -> Option<String> {
        let query = self.parts.uri.query().unwrap_or_default();
        form_urlencoded::parse(query.as_bytes())
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.into_owned())
    }

    pub(crate) fn header(&self, name: &HeaderName) -> Option<&str> {
        self.parts.headers.get(name)?.to_str().ok()
    }

    /// The media type of the body, without parameters, in lower case.
    pub(crate) fn media_type(&self) -> String {
        let whole = self.header(&CONTENT_TYPE).unwrap_or_default();
        let essence = whole.split(';').next().unwrap_or_default();
        essence.trim().to_ascii_lowercase()
    }

    /// Whether the answer may be compressed with gzip.
    pub(crate) fn accepts_gzip(&self) -> bool {
        let accepted = self.header(&ACCEPT_ENCODING).unwrap_or_default();
        accepted.split(',').any(|coding| coding.trim().eq_ignore_ascii_case("gzip"))
    }

    /// The credential of an `Authorization` header of that scheme.
    fn authorization(&self, scheme: &str) -> Option<&str> {
        let (given, credential) = self.header(&AUTHORIZATION)?.split_once(' ')?;
        given.eq_ignore_ascii_case(scheme).then(|| credential.trim())
    }

    /// The bearer token.
    pub(crate) fn bearer(&self) -> Option<&str> {
        self.authorization("Bearer")
    }

    /// Client id and secret of HTTP Basic, form-decoded as RFC 6749 section 2.3.1 encodes them.
    pub(crate) fn basic(&self) -> Option<(String, String)> {
        let decoded = BASE64_STANDARD.decode(self.authorization("Basic")?).ok()?;
        let text = String::from_utf8(decoded).ok()?;
        let (id, secret) = text.split_once(':')?;
        Some((form_decoded(id), form_decoded(secret)))
    }

    /// The body as a JSON object.
    pub(crate) fn json(&self) -> Option<Map<String, Value>> {
        serde_json::from_slice(&self.body).ok()
    }

    /// The body as a form; of a repeated name the last value counts.
    pub(crate) fn form(&self) -> Map<String, Value> {
        form_urlencoded::parse(&self.body)
            .map(|(name, value)| (name.into_owned(), Value::String(value.into_owned())))
            .collect()
    }

    /// The journal's view of it.
    pub(crate) fn entry(&self, endpoint: Endpoint, service: Service, connection: u64) -> Entry {
        let mut headers = std::collections::BTreeMap::<String, String>::new();
        // What HTTP/2 says in the place of the header.
        if let Some(authority) = self.parts.uri.authority() {
            headers.insert("host".to_owned(), authority.to_string());
        }
        for (name, value) in &self.parts.headers {
            let value = String::from_utf8_lossy(value.as_bytes());
            headers
                .entry(name.as_str().to_owned())
                .and_modify(|all| {
                    all.push_str(", ");
                    all.push_str(&value);
                })
                .or_insert_with(|| value.clone().into_owned());
        }
        Entry {
            number: 0,
            endpoint,
            service: service.name(),
            method: self.parts.method.to_string(),
            path: self.path().to_owned(),
            query: self.parts.uri.query().map(str::to_owned),
            operation: None,
            headers,
            body: String::from_utf8_lossy(&self.body).into_owned(),
            http_version: format!("{:?}", self.parts.version),
            connection,
            token_indexing: None,
            at_ms: 0,
            status: None,
            dropped: None,
        }
    }
}

/// One value of a form, decoded.
fn form_decoded(text: &str) -> String {
    // A separator left unencoded belongs to the value.
    let pair = format!("v={}", text.replace('&', "%26"));
    form_urlencoded::parse(pair.as_bytes())
        .next()
        .map(|(_, value)| value.into_owned())
        .unwrap_or_default()
}

/// A member of a token request as text; one that is empty or no string counts as absent.
pub(crate) fn text<'a>(members: &'a Map<String, Value>, name: &str) -> Option<&'a str> {
    members.get(name)?.as_str().filter(|value| !value.is_empty())
}
