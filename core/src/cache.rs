//! The token cache: when a token is fresh, the single flight that renews it, and back-off after
//! failures.

mod attempt;
pub(crate) mod key;
pub(crate) mod policy;
pub(crate) mod refresher;
pub(crate) mod rejection;
pub(crate) mod slot;
mod slot_state;
pub(crate) mod slots;
pub(crate) mod stats;
mod sync;

pub use stats::{Stats, TokenState, TokenStats};

#[cfg(test)]
mod tests;
