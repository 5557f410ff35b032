//! Requests that a fake client would have sent, as C sees them.

use std::ffi::CString;
use std::fmt;

use seekauth_core::testing::Request;

use crate::error::c_string;
use crate::panic::catch_panic;
use crate::pointer::Text;

/// A request to the API that a client for tests would have sent, with the token in its headers. It belongs to
/// the journal that it is read from, and lives as long as that; one that a callback is given belongs to the
/// library, and lives until the callback returns.
pub struct FakeRequest {
    method: CString,
    url: CString,
    headers: Vec<(CString, CString)>,
    /// With a NUL behind it.
    body: Vec<u8>,
}

impl From<Request> for FakeRequest {
    fn from(request: Request) -> Self {
        let mut body = request.body;
        body.push(0);
        let headers = request.headers.iter();
        Self {
            method: c_string(&request.method),
            url: c_string(&request.url),
            headers: headers.map(|(name, value)| (c_string(name), c_string(value))).collect(),
            body,
        }
    }
}

impl fmt::Debug for FakeRequest {
    /// Headers and body are left out: a token is in them.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FakeRequest").field("method", &self.method).finish_non_exhaustive()
    }
}

/// The method, such as "POST"; NULL for NULL. The request owns the text.
#[unsafe(no_mangle)]
pub extern "C" fn seekauth_fake_request_method(request: Option<&FakeRequest>) -> Text<'_> {
    Text::as_c(request.map(|request| request.method.as_c_str()))
}

/// The URL, whole; NULL for NULL. The request owns the text.
#[unsafe(no_mangle)]
pub extern "C" fn seekauth_fake_request_url(request: Option<&FakeRequest>) -> Text<'_> {
    Text::as_c(request.map(|request| request.url.as_c_str()))
}

/// The value of the first header with this name, in capitals or not; NULL if there is none, and for NULL. The
/// request owns the text.
#[unsafe(no_mangle)]
pub extern "C" fn seekauth_fake_request_header<'a>(
    request: Option<&'a FakeRequest>,
    name: Text<'_>,
) -> Text<'a> {
    catch_panic(Text::as_c(None), || {
        let name = name.read("name").ok().flatten().unwrap_or_default().as_bytes();
        let mut headers = request.into_iter().flat_map(|request| &request.headers);
        let found = headers.find(|(given, _)| given.as_bytes().eq_ignore_ascii_case(name));
        Text::as_c(found.map(|(_, value)| value.as_c_str()))
    })
}

/// How many headers there are; 0 for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn seekauth_fake_request_header_count(request: Option<&FakeRequest>) -> usize {
    request.map_or(0, |request| request.headers.len())
}

/// The name of the header with this index, counted from 0, in lower case; NULL past the last one and for NULL.
/// The request owns the text.
#[unsafe(no_mangle)]
pub extern "C" fn seekauth_fake_request_header_name(
    request: Option<&FakeRequest>,
    index: usize,
) -> Text<'_> {
    let header = request.and_then(|request| request.headers.get(index));
    Text::as_c(header.map(|(name, _)| name.as_c_str()))
}

/// The value of the header with this index, counted from 0; NULL past the last one and for NULL. The request
/// owns the text.
#[unsafe(no_mangle)]
pub extern "C" fn seekauth_fake_request_header_value(
    request: Option<&FakeRequest>,
    index: usize,
) -> Text<'_> {
    let header = request.and_then(|request| request.headers.get(index));
    Text::as_c(header.map(|(_, value)| value.as_c_str()))
}

/// The body: seekauth_fake_request_body_length bytes, NULs included, and one more NUL behind them, so that JSON
/// can be read as text. Never NULL but for NULL. The request owns it.
#[unsafe(no_mangle)]
pub extern "C" fn seekauth_fake_request_body(request: Option<&FakeRequest>) -> Text<'_> {
    request.map_or(Text::as_c(None), |request| Text::as_c_bytes(&request.body))
}

/// How many bytes the body has, without the NUL behind them; 0 for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn seekauth_fake_request_body_length(request: Option<&FakeRequest>) -> usize {
    request.map_or(0, |request| request.body.len() - 1)
}
