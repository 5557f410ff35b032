//! Key to slot. Reading takes no lock; writing replaces one of many small maps, which is rare, cheap
//! and safe against a fork at any moment. Slots that a handle still uses are kept; of the others a
//! bounded number, and those for which no handle was made lately leave first.

use std::collections::HashMap;
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use arc_swap::ArcSwap;

use crate::cache::key::Key;
use crate::cache::slot::Slot;
use crate::sys::clock::{Clock, Moment};

/// Slots that are kept although no handle uses them.
const LIMIT: usize = 1_000;
/// A new slot costs a copy of one of so many maps.
const SHARDS: usize = 64;

type Shard = HashMap<Key, Arc<Slot>>;

pub(crate) struct Slots {
    shards: Box<[ArcSwap<Shard>]>,
    hasher: RandomState,
    count: AtomicUsize,
    /// How many slots have been made.
    made: AtomicU64,
    /// Whether readers of a fresh token may take no lock.
    is_lock_free: bool,
}

impl Slots {
    /// `clock` is what readers of their tokens go by.
    pub(crate) fn new(clock: &Clock) -> Self {
        Self {
            is_lock_free: clock.has_coarse(),
            shards: (0..SHARDS).map(|_| ArcSwap::default()).collect(),
            hasher: RandomState::new(),
            count: AtomicUsize::new(0),
            made: AtomicU64::new(0),
        }
    }

    /// The one slot of this key.
    pub(crate) fn slot(&self, key: &Key) -> Arc<Slot> {
        let slot = self.find_or_insert(key);
        slot.last_used().store(self.made.load(Ordering::Relaxed), Ordering::Relaxed);
        slot
    }

    /// Forgets every token.
    pub(crate) fn clear(&self, now: Moment) {
        for shard in &self.shards {
            shard.load().values().for_each(|slot| slot.clear(now));
        }
    }

    /// Every slot there is.
    pub(crate) fn all(&self) -> Vec<Arc<Slot>> {
        let of = |shard: &ArcSwap<Shard>| shard.load().values().cloned().collect::<Vec<_>>();
        self.shards.iter().flat_map(of).collect()
    }

    fn shard(&self, key: &Key) -> &ArcSwap<Shard> {
        // The remainder is smaller than the number of shards.
        #[expect(clippy::cast_possible_truncation, reason = "only the low bits are used")]
        let index = self.hasher.hash_one(key) as usize % SHARDS;
        &self.shards[index]
    }

    fn find_or_insert(&self, key: &Key) -> Arc<Slot> {
        let shard = self.shard(key);
        if let Some(slot) = shard.load().get(key) {
            return Arc::clone(slot);
        }
        let fresh = Arc::new(Slot::new(key.clone(), self.is_lock_free));
        let made = self.made.fetch_add(1, Ordering::Relaxed) + 1;
        fresh.last_used().store(made, Ordering::Relaxed);
        let is_full = self.count.load(Ordering::Relaxed) >= LIMIT;
        let mut change = 0;
        let before = shard.rcu(|slots| {
            change = 0;
            if slots.contains_key(key) {
                return Arc::clone(slots);
            }
            let mut slots = Shard::clone(slots);
            let count = slots.len();
            if is_full {
                slots.retain(|_, slot| is_kept(slot, made));
            }
            slots.insert(key.clone(), Arc::clone(&fresh));
            change = slots.len().cast_signed() - count.cast_signed();
            Arc::new(slots)
        });
        // Wraps around as signed numbers do.
        self.count.fetch_add(change.cast_unsigned(), Ordering::Relaxed);
        before.get(key).map_or(fresh, Arc::clone)
    }
}

/// Whether a slot stays when there are too many: a handle uses it (the copy of the shard and the
/// shard itself hold one reference each), or few others have been made since one did.
fn is_kept(slot: &Arc<Slot>, made: u64) -> bool {
    let age = made.saturating_sub(slot.last_used().load(Ordering::Relaxed));
    Arc::strong_count(slot) > 2 || age < LIMIT as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Config, Environment, ResolvedConfig};

    fn key(config: &ResolvedConfig, scope: usize) -> Key {
        Key::new(config, [format!("scope.{scope}")].into())
    }

    fn config() -> ResolvedConfig {
        let config = Config::seek_pass(Environment::Staging)
            .credentials("id", "secret")
            .user_agent("Test/1")
            .scopes(["a"]);
        let (config, _) = ResolvedConfig::new(&config).unwrap_or_else(|error| panic!("{error}"));
        config
    }

    fn held(slots: &Slots) -> usize {
        slots.shards.iter().map(|shard| shard.load().len()).sum()
    }

    #[test]
    fn one_key_has_one_slot() {
        let (slots, config) = (Slots::new(&Clock::System), config());
        assert!(Arc::ptr_eq(&slots.slot(&key(&config, 1)), &slots.slot(&key(&config, 1))));
        assert!(!Arc::ptr_eq(&slots.slot(&key(&config, 1)), &slots.slot(&key(&config, 2))));
    }

    #[test]
    fn one_in_use_stays_and_of_the_others_those_of_late() {
        let (slots, config) = (Slots::new(&Clock::System), config());
        let used = slots.slot(&key(&config, 0));
        let old = Arc::downgrade(&slots.slot(&key(&config, 1)));
        let late = Arc::downgrade(&slots.slot(&key(&config, 2)));
        for scope in 3..10 * LIMIT {
            slots.slot(&key(&config, scope));
            slots.slot(&key(&config, 2));
        }
        assert!(old.upgrade().is_none(), "no handle was made for it lately");
        assert!(late.upgrade().is_some(), "a handle was made for it just now");
        assert!(Arc::ptr_eq(&used, &slots.slot(&key(&config, 0))));
        assert!(held(&slots) <= 2 * LIMIT, "{} slots", held(&slots));
    }

    #[test]
    fn the_table_shrinks_when_handles_are_let_go() {
        let (slots, config) = (Slots::new(&Clock::System), config());
        let handles: Vec<_> = (0..16_000).map(|scope| slots.slot(&key(&config, scope))).collect();
        assert_eq!(held(&slots), 16_000);
        drop(handles);
        for scope in 16_000..16_000 + 2 * LIMIT {
            slots.slot(&key(&config, scope));
        }
        assert!(held(&slots) <= 2 * LIMIT, "{} slots", held(&slots));
        assert_eq!(held(&slots), slots.count.load(Ordering::Relaxed));
    }
}
