//! What a fake client was asked.

use crate::api::Request;
use crate::error::ErrorKind;

/// Something that a fake client would have sent; see [`crate::testing::Fake::journal`].
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum JournalEntry {
    /// A request for a token.
    Token {
        /// The scopes that were asked for.
        scopes: Vec<String>,
        /// What it was made to fail with, if it was.
        failure: Option<ErrorKind>,
    },
    /// A request to the API, with the token in its headers. Those that an adapter sends by an HTTP client of
    /// the program's are not here: that client's own doubles see them.
    Api(Request),
}
