//! SEEK partner tokens and SEEK Pass tokens: obtained by client credentials, cached for as long as
//! the reply says, renewed before they expire.
//!
//! ```no_run
//! use seekauth::{Client, Config, Environment};
//!
//! # async fn example() -> Result<(), seekauth::Error> {
//! let client = Client::new(
//!     Config::seek_api(Environment::Playground)
//!         .credentials("client id", "client secret")
//!         .user_agent("Acme/1.2.3"),
//! )?;
//! let authorization = client.authorization().await?; // "Bearer …", from the cache while it is good
//! # drop(authorization);
//! # Ok(())
//! # }
//! ```
//!
//! Arrows point down only: [`host`] and [`Client`] stand on the refresh engine, the engine on pure
//! policy, and only one file knows the HTTP library.
#![forbid(unsafe_code)]

mod aside;
mod cache;
mod client;
mod clock;
mod config;
mod credentials;
mod error;
mod exchange;
#[cfg(fuzzing)]
pub mod fuzzing;
mod given;
mod graphql;
#[cfg(test)]
mod header_safety;
pub mod host;
mod http;
mod inspection;
mod jitter;
mod key;
mod latch;
#[cfg(any(test, feature = "manual-clock"))]
pub mod manual_clock;
mod message;
#[cfg(feature = "reqwest-middleware")]
mod middleware;
mod per_process;
mod policy;
mod profile;
mod refresh;
mod reply;
mod request;
mod request_id;
mod resolver;
mod retry_after;
mod rotation;
mod secret;
mod send;
mod setting;
mod signals;
mod slot;
mod source;
mod sync;
mod tls;
mod token;

pub use client::{Authorization, Client};
pub use config::{AuthMethod, Config, Environment, Language, RequestFormat};
pub use credentials::{CredentialProvider, Credentials, Provided};
pub use error::{Error, ErrorKind};
pub use exchange::Exchange;
pub use graphql::{Graphql, GraphqlError, GraphqlReply};
pub use inspection::{Inspection, Verdict};
pub use setting::{Setting, SettingKind, Value};
pub use token::Token;

/// The HTTP library whose requests and responses [`Client::send`] takes and gives.
pub use reqwest;

/// The version of this library.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");
