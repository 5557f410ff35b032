//! The API's responses as C sees them: status, headers and the whole body, made ready for C.

use std::ffi::CString;
use std::fmt;

use seekauth_core::{GraphqlResponse, blocking};

use crate::error::c_string;
use crate::panic::catch_panic;
use crate::pointer::Text;

/// A response of the API, read to its end. The receiver frees it with seekauth_response_free. It never
/// changes, so any number of threads may read it at once, and it outlives its client.
pub struct Response {
    status: u16,
    headers: Vec<(CString, CString)>,
    /// With a NUL behind it.
    body: Vec<u8>,
    request_id: Option<CString>,
}

impl Response {
    fn new(
        status: u16,
        headers: &[(String, Vec<u8>)],
        mut body: Vec<u8>,
        request_id: Option<&str>,
    ) -> Self {
        body.reserve_exact(1);
        body.push(0);
        // HTTP knows no NUL in a header.
        let value = |value: &[u8]| CString::new(value).unwrap_or_default();
        let headers = headers.iter().map(|(name, text)| (c_string(name), value(text))).collect();
        Self { status, headers, body, request_id: request_id.map(c_string) }
    }
}

impl From<blocking::Response> for Response {
    fn from(response: blocking::Response) -> Self {
        let request_id = response.request_id.as_deref();
        Self::new(response.status, &response.headers, response.body, request_id)
    }
}

impl From<GraphqlResponse> for Response {
    fn from(response: GraphqlResponse) -> Self {
        let request_id = response.request_id().map(str::to_owned);
        Self::new(response.status(), &[], response.into_text().into_bytes(), request_id.as_deref())
    }
}

impl fmt::Debug for Response {
    /// The body is left out: it is about people.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Response").field("status", &self.status).finish_non_exhaustive()
    }
}

/// The HTTP status; 0 for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn seekauth_response_status(response: Option<&Response>) -> i32 {
    response.map_or(0, |response| response.status.into())
}

/// The X-Request-Id of the request, which SEEK can be asked about: its own, or the one it was given. NULL if its
/// own is not visible ASCII, and for NULL. The response owns the text.
#[unsafe(no_mangle)]
pub extern "C" fn seekauth_response_request_id(response: Option<&Response>) -> Text<'_> {
    Text::as_c(response.and_then(|response| response.request_id.as_deref()))
}

/// The value of the first header with this name, in capitals or not; NULL if there is none, and for
/// NULL. The bytes are the server's, for the most part ASCII. The response owns the text.
#[unsafe(no_mangle)]
pub extern "C" fn seekauth_response_header<'a>(
    response: Option<&'a Response>,
    name: Text<'_>,
) -> Text<'a> {
    catch_panic(Text::as_c(None), || {
        let name = name.read("name").ok().flatten().unwrap_or_default().as_bytes();
        let mut headers = response.into_iter().flat_map(|response| &response.headers);
        let found = headers.find(|(given, _)| given.as_bytes().eq_ignore_ascii_case(name));
        Text::as_c(found.map(|(_, value)| value.as_c_str()))
    })
}

/// How many headers there are; 0 for NULL. A response of seekauth_client_graphql keeps none.
#[unsafe(no_mangle)]
pub extern "C" fn seekauth_response_header_count(response: Option<&Response>) -> usize {
    response.map_or(0, |response| response.headers.len())
}

/// The name of the header with this index, counted from 0, in lower case; NULL past the last one and
/// for NULL. The response owns the text.
#[unsafe(no_mangle)]
pub extern "C" fn seekauth_response_header_name(
    response: Option<&Response>,
    index: usize,
) -> Text<'_> {
    let header = response.and_then(|response| response.headers.get(index));
    Text::as_c(header.map(|(name, _)| name.as_c_str()))
}

/// The value of the header with this index, counted from 0; NULL past the last one and for NULL. The
/// response owns the text.
#[unsafe(no_mangle)]
pub extern "C" fn seekauth_response_header_value(
    response: Option<&Response>,
    index: usize,
) -> Text<'_> {
    let header = response.and_then(|response| response.headers.get(index));
    Text::as_c(header.map(|(_, value)| value.as_c_str()))
}

/// The body: seekauth_response_body_length bytes, NULs included, and one more NUL behind them, so that
/// JSON can be read as text. Never NULL but for NULL. The response owns it.
#[unsafe(no_mangle)]
pub extern "C" fn seekauth_response_body(response: Option<&Response>) -> Text<'_> {
    response.map_or(Text::as_c(None), |response| Text::as_c_bytes(&response.body))
}

/// How many bytes the body has, without the NUL behind them; 0 for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn seekauth_response_body_length(response: Option<&Response>) -> usize {
    response.map_or(0, |response| response.body.len() - 1)
}

/// Frees a response and everything it owns. NULL is accepted.
#[unsafe(no_mangle)]
pub extern "C" fn seekauth_response_free(response: Option<Box<Response>>) {
    catch_panic((), || drop(response));
}
