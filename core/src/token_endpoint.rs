//! RFC 6749 on the wire: the token request, its response, and the endpoint that is asked.

mod body;
pub(crate) mod codes;
pub(crate) mod endpoint;
mod refusal;
pub(crate) mod request;
pub(crate) mod response;
pub(crate) mod source;
