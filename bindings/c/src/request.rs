//! Requests to the API as C hands them over, in a struct that can grow. The core judges method, address
//! and headers.

use seekauth_core::{Error, blocking};

use crate::headers;
use crate::pointer::{Bytes, Headers, Text};
use crate::settings::timeout;

/// A request to the API. Start from SEEKAUTH_HTTP_REQUEST_INIT and set the fields you need. All it
/// points to is borrowed for the call that takes it, also if that call is asynchronous.
#[repr(C)]
#[derive(Debug, Clone, Copy, Default)]
pub struct HttpRequest<'a> {
    /// sizeof(seekauth_http_request), which is how the library knows the header you compiled with.
    pub struct_size: usize,
    /// Required. "GET", "POST" and so on.
    pub method: Text<'a>,
    /// Required. An absolute URL with scheme, host and port of the client's API, or a path from the
    /// API's root on, such as "/api/partner/v1/add/education.json".
    pub url: Text<'a>,
    /// The first of `header_count` headers. Authorization and User-Agent are replaced; X-Request-Id
    /// and Accept-Language are set unless they are here.
    pub headers: Headers<'a>,
    /// How many headers there are; 0 for none.
    pub header_count: usize,
    /// The first of `body_length` bytes, NULs included.
    pub body: Bytes<'a>,
    /// How many bytes the body has; 0 for no body.
    pub body_length: usize,
    /// How long to wait for token and response together, in milliseconds; 0 means as long as the
    /// client's own `timeout_ms` says.
    pub timeout_ms: u64,
}

impl HttpRequest<'_> {
    /// The request with everything that C lent copied. Fails if a pointer or text is not what the
    /// header says.
    pub(crate) fn owned(&self) -> Result<blocking::Request, Error> {
        let headers = headers::read("headers", self.headers, self.header_count)?;
        Ok(blocking::Request {
            method: self.method.read_required("method")?.to_owned(),
            url: self.url.read_required("url")?.to_owned(),
            headers: headers.into_iter().map(|(name, value)| (name.into(), value.into())).collect(),
            body: self.body.read("body", self.body_length)?.to_vec(),
            timeout: timeout(self.timeout_ms)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_padding_hides_a_field() {
        let fields = 6 * size_of::<Text>() + size_of::<usize>() + size_of::<u64>();
        assert_eq!(size_of::<HttpRequest>(), fields);
    }
}
