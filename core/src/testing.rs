//! Clients for tests that never touch the network. They are the real client, with its cache, its renewals and
//! its rules, over a token endpoint and an API that a test plays by hand.

mod fake;
mod journal;

pub use crate::api::{Request, Response};
pub use fake::{Fake, Responding};
pub use journal::Asked;
