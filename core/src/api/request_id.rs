//! `X-Request-Id`: the value by which SEEK finds a request in its logs. Random UUIDs, as SEEK's samples
//! have them, or what the request has already.

use std::cell::RefCell;
use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use reqwest::Request;
use reqwest::header::{HeaderName, HeaderValue};
use uuid::Builder;

use crate::sys::process::ProcessMark;

pub(crate) const NAME: &str = "X-Request-Id";
const HEADER: HeaderName = HeaderName::from_static("x-request-id");

/// A value of a request's own that is longer is nobody's id.
const LONGEST: usize = 128;

/// The `X-Request-Id` of a request to the API. [`Client::send`](crate::Client::send) leaves it in the
/// extensions of the response: `response.extensions().get::<RequestId>()`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct RequestId(Arc<str>);

impl RequestId {
    /// A new one, which no other request has.
    pub(crate) fn new() -> Self {
        Self(uuid().into())
    }

    /// One of a request's own, if it can be told in one line.
    pub(crate) fn given(value: &str) -> Option<Self> {
        let value = value.trim();
        let is_visible = |byte: u8| matches!(byte, 0x20..=0x7e);
        let is_id = !value.is_empty() && value.len() <= LONGEST && value.bytes().all(is_visible);
        is_id.then(|| Self(value.into()))
    }

    /// That of a request, which is given one if it has none. None for a header that is no id; it is sent as
    /// it is.
    pub(crate) fn of(request: &mut Request) -> Option<Self> {
        if let Some(own) = request.headers().get(HEADER) {
            return own.to_str().ok().and_then(Self::given);
        }
        let id = Self::new();
        let value = HeaderValue::from_str(&id).ok()?;
        request.headers_mut().insert(HEADER, value);
        Some(id)
    }
}

impl From<RequestId> for Arc<str> {
    fn from(id: RequestId) -> Self {
        id.0
    }
}

impl Deref for RequestId {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self)
    }
}

const LENGTH: usize = 16;
/// Asking the system for random bytes costs more than all the rest, so it is asked for many at once.
const STOCK: usize = 64 * LENGTH;

/// Random bytes that a forked child must not use again.
struct Stock {
    process: Option<ProcessMark>,
    bytes: [u8; STOCK],
    used: usize,
}

thread_local! {
    static BYTES: RefCell<Stock> =
        const { RefCell::new(Stock { process: None, bytes: [0; STOCK], used: STOCK }) };
}

/// A version 4 UUID that no other request has.
fn uuid() -> String {
    let bytes = BYTES.with_borrow_mut(|stock| {
        let is_own = stock.process.as_ref().is_some_and(ProcessMark::is_here);
        if !is_own || stock.used == STOCK {
            if getrandom::fill(&mut stock.bytes).is_err() {
                // A machine that has no randomness left is served by the generator for jitter.
                fastrand::fill(&mut stock.bytes);
            }
            stock.process = Some(ProcessMark::new());
            stock.used = 0;
        }
        let mut bytes = [0; LENGTH];
        bytes.copy_from_slice(&stock.bytes[stock.used..stock.used + LENGTH]);
        stock.used += LENGTH;
        bytes
    });
    Builder::from_random_bytes(bytes).into_uuid().to_string()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use reqwest::{Method, Url};

    use super::*;

    #[test]
    fn no_two_are_the_same() {
        let ids: HashSet<String> = (0..1_000).map(|_| uuid()).collect();
        assert_eq!(ids.len(), 1_000);
        assert!(ids.iter().all(|id| id.len() == 36 && id.as_bytes()[14] == b'4'));
    }

    #[test]
    fn a_requests_own_is_its_id_and_stays_as_it_is() {
        let url = Url::parse("https://graphql.seek.com/graphql").unwrap();
        let mut request = Request::new(Method::POST, url);
        let made = RequestId::of(&mut request).unwrap();
        assert_eq!(request.headers()[HEADER].to_str().unwrap(), &*made);
        assert_eq!(RequestId::of(&mut request), Some(made));
        for (value, id) in [("mine", Some("mine")), ("", None), ("caf\u{e9}", None)] {
            let header = HeaderValue::from_bytes(value.as_bytes()).unwrap();
            request.headers_mut().insert(HEADER, header.clone());
            assert_eq!(RequestId::of(&mut request).as_deref(), id);
            assert_eq!(request.headers()[HEADER], header);
        }
        assert_eq!(RequestId::given(&"x".repeat(LONGEST + 1)), None);
    }
}
