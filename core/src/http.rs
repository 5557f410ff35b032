//! Connections: the HTTP client of the process, TLS, proxies, host names, what becomes of a request
//! when a connection fails, and how long a server asks to be left alone.

mod body;
pub(crate) mod client;
pub(crate) mod connector;
pub(crate) mod dns;
pub(crate) mod failure;
mod files;
mod flood;
mod interim;
mod no_proxy;
mod pem;
mod pinned;
pub(crate) mod proxies;
pub(crate) mod responder;
pub(crate) mod retry_after;
pub(crate) mod stream;
mod tasks;
pub(crate) mod tls;
pub(crate) mod trust;
mod tunnel;
mod waiting;
