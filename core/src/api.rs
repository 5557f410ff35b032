//! Requests that carry a token: where it may go, whether the API rejected it, and who sends them.

mod auth_flow;
mod graphql;
mod graphql_scanner;
mod graphql_shape;
pub(crate) mod http_message;
mod inspection;
#[cfg(feature = "reqwest-middleware")]
mod middleware;
mod rejected_token;
mod request_builder;
pub(crate) mod request_id;
mod send;
#[cfg(feature = "tracing")]
mod span;

pub use auth_flow::AuthFlow;
pub(crate) use auth_flow::next_token;
pub use graphql::{Graphql, GraphqlError, GraphqlResponse};
#[cfg(fuzzing)]
pub(crate) use graphql_shape::errors as graphql_errors;
pub use http_message::{Request, Response, is_header};
pub use inspection::{Inspection, Verdict};
pub use request_builder::RequestBuilder;
pub use request_id::RequestId;
