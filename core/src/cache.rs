//! The token cache: when a token is fresh, the single flight that renews it, and back-off after
//! failures.

pub(crate) mod key;
pub(crate) mod policy;
pub(crate) mod refresher;
pub(crate) mod rejection;
pub(crate) mod slot;
mod slot_state;
pub(crate) mod slots;
mod sync;

#[cfg(test)]
mod tests;
