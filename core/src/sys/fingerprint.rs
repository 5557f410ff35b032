//! Fingerprints of values that must not be kept: equal values have the same one, and only this
//! process can compute it.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hash};

use once_cell::sync::Lazy;

static KEYS: Lazy<RandomState> = Lazy::new(RandomState::new);

/// The fingerprint of `value` in this process.
pub(crate) fn fingerprint(value: impl Hash) -> u64 {
    KEYS.hash_one(value)
}
