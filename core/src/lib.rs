//! SEEK partner tokens and SEEK Pass tokens: obtained by client credentials, cached for as long as
//! the response says, renewed before they expire.
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
//! # Features
//!
//! - `aws-lc-rs`, a default: cryptography for TLS, the one that reqwest and rustls choose by default. reqwest's
//!   own clients speak TLS with it.
//! - `ring`: the same from ring, which is smaller; with `default-features = false`.
//! - `doctor`: the module [`doctor`], which tells whether a configuration works, and if not, why.
//! - `redis`: the setting `store` may name a Redis or Valkey server.
//! - `reqwest-middleware`: a [`Client`] as a middleware of `reqwest_middleware::ClientWithMiddleware`.
//!
//! # How it is built
//!
//! Modules import downwards only: `sys`, `credentials`, `config`, `http`, `token_endpoint`, `cache`,
//! [`Client`], `api`, [`blocking`], `doctor`. The HTTP library is named in `http`, `token_endpoint`, `api` and
//! `doctor`.
#![forbid(unsafe_code)]

#[cfg(not(any(feature = "aws-lc-rs", feature = "ring")))]
compile_error!("turn on one of seekauth's features aws-lc-rs (a default) and ring");

mod api;
#[doc(hidden)]
pub mod binding;
pub mod blocking;
mod cache;
mod client;
mod config;
mod credentials;
#[cfg(feature = "doctor")]
pub mod doctor;
mod error;
mod events;
#[cfg(fuzzing)]
pub mod fuzzing;
mod http;
mod store;
mod sys;
pub mod testing;
#[cfg(test)]
mod tests;
mod token;
mod token_endpoint;

pub use api::{
    AuthFlow, Graphql, GraphqlError, GraphqlResponse, Inspection, RequestBuilder, RequestId,
    Verdict,
};
pub use cache::{Stats, TokenState, TokenStats};
pub use client::{Authorization, Client};
pub use config::{AuthMethod, Config, Environment, RequestFormat};
pub use credentials::{CredentialProvider, Credentials, Provided};
pub use error::{Error, ErrorKind};
pub use events::{
    Event, EventKind, EventLevel, FieldValue, Listening, Reason, Subject, Subscription, TokenFrom,
};
pub use store::StoreStatus;
pub use token::{StaticToken, Token, TokenFuture, TokenProvider};

/// The HTTP library whose requests and responses [`Client::send`] takes and gives. With the feature
/// `aws-lc-rs`, a default, its own clients speak TLS.
pub use reqwest;

/// The version of this library.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");
