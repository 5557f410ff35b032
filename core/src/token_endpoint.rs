//! RFC 6749 on the wire: the token request, its response, and the endpoint that is asked.

mod codes;
pub(crate) mod endpoint;
pub(crate) mod request;
pub(crate) mod response;
pub(crate) mod source;
