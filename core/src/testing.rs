//! Clients for tests that never touch the network. They are the real client, with its cache, its renewals and
//! its rules, over a token endpoint and an API that a test plays by hand.
//!
//! ```
//! use std::time::Duration;
//!
//! use seekauth::testing::{JournalEntry, Fake, Response};
//! use seekauth::{Client, ErrorKind, Graphql};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), seekauth::Error> {
//! let fake = Fake::new().token("t").lifetime(Duration::from_secs(1_800));
//! let client = Client::fake(&fake)?;
//!
//! fake.respond([Response::new(200, r#"{"data": {"self": {"partner": {"name": "Acme"}}}}"#)]);
//! let response = client.graphql(Graphql::new("{ self { partner { name } } }")).await?;
//! assert!(response.text().contains("Acme"));
//! assert!(matches!(fake.journal()[..], [JournalEntry::Token { .. }, JournalEntry::Api(_)]));
//!
//! fake.fail_with(ErrorKind::Unavailable, None);
//! fake.advance(Duration::from_secs(1_800));
//! assert_eq!(client.get_token().await.unwrap_err().kind(), ErrorKind::Unavailable);
//! # Ok(())
//! # }
//! ```

mod fake;
mod journal;

use std::sync::Arc;
use std::time::Duration;

use crate::api::GraphqlResponse;
use crate::error::{Error, ErrorKind};
use crate::token::{self, Token};

pub use crate::api::{Request, Response};
pub use fake::{Fake, Responding};
pub use journal::JournalEntry;

/// A token without a client, for tests of what only reads one. It ages by the system's clock. `lifetime` is half an
/// hour unless it is said, and the scopes are sorted.
///
/// # Errors
///
/// `invalid_argument` for a value that is empty or not visible ASCII.
pub fn token<S: Into<String>>(
    value: impl Into<String>,
    lifetime: Option<Duration>,
    scopes: impl IntoIterator<Item = S>,
) -> Result<Arc<Token>, Error> {
    let mut scopes: Vec<String> = scopes.into_iter().map(Into::into).collect();
    scopes.sort_unstable();
    token::by_hand(value.into(), lifetime.unwrap_or(fake::LIFETIME), scopes).map(Arc::new)
}

/// A response to a GraphQL operation from its JSON text, for tests of what only reads one.
///
/// # Errors
///
/// `protocol` for a text that is no GraphQL response.
pub fn graphql_response(status: u16, json: &str) -> Result<GraphqlResponse, Error> {
    GraphqlResponse::read(status, json.as_bytes())
        .map_err(|problem| Error::new(ErrorKind::Protocol, format!("the response {problem}")))
}
