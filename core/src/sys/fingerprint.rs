//! Fingerprints of values that must not be kept: equal values have the same one, and only this
//! process and its forked children can compute it.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hash};

use once_cell::race::OnceBox;

/// Set without a lock, which a fork in that moment would leave locked for ever.
static KEYS: OnceBox<RandomState> = OnceBox::new();

/// The fingerprint of `value` in this process.
pub(crate) fn fingerprint(value: impl Hash) -> u64 {
    KEYS.get_or_init(|| Box::new(RandomState::new())).hash_one(value)
}
