//! Connections: the HTTP client of the process, TLS, host names, and how long a server asks to be
//! left alone.

pub(crate) mod client;
pub(crate) mod dns;
pub(crate) mod retry_after;
pub(crate) mod tls;
