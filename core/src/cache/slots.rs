//! Key to slot. Reading takes no lock; writing replaces the whole map, which is rare and safe
//! against a fork at any moment. It holds a bounded number of slots: the least recently asked for
//! leaves first, one that a handle still uses never.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arc_swap::ArcSwap;

use crate::cache::key::Key;
use crate::cache::slot::Slot;
use crate::sys::clock::Moment;

/// Slots that are kept although no handle uses them.
const LIMIT: usize = 1_000;

type Table = HashMap<Key, Arc<Slot>>;

pub(crate) struct Slots {
    table: ArcSwap<Table>,
    uses: AtomicU64,
}

impl Slots {
    pub(crate) fn new() -> Self {
        Self { table: ArcSwap::default(), uses: AtomicU64::new(0) }
    }

    /// The one slot of this key.
    pub(crate) fn slot(&self, key: &Key) -> Arc<Slot> {
        let slot = self.find_or_insert(key);
        slot.last_used().store(self.uses.fetch_add(1, Ordering::Relaxed), Ordering::Relaxed);
        slot
    }

    /// Forgets every token.
    pub(crate) fn clear(&self, now: Moment) {
        for slot in self.table.load().values() {
            slot.clear(now);
        }
    }

    fn find_or_insert(&self, key: &Key) -> Arc<Slot> {
        if let Some(slot) = self.table.load().get(key) {
            return Arc::clone(slot);
        }
        let fresh = Arc::new(Slot::new(key.clone()));
        let before = self.table.rcu(|slots| {
            if slots.contains_key(key) {
                return Arc::clone(slots);
            }
            let leaving = if slots.len() < LIMIT { None } else { least_recently_used(slots) };
            let mut slots = Table::clone(slots);
            if let Some(leaving) = leaving {
                slots.remove(&leaving);
            }
            slots.insert(key.clone(), Arc::clone(&fresh));
            Arc::new(slots)
        });
        before.get(key).map_or(fresh, Arc::clone)
    }
}

fn least_recently_used(slots: &Table) -> Option<Key> {
    slots
        .iter()
        .filter(|(_, slot)| Arc::strong_count(slot) == 1)
        .min_by_key(|(_, slot)| slot.last_used().load(Ordering::Relaxed))
        .map(|(key, _)| key.clone())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::ResolvedConfig;
    use crate::config::{Config, Environment};

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

    #[test]
    fn one_key_has_one_slot() {
        let (slots, config) = (Slots::new(), config());
        assert!(Arc::ptr_eq(&slots.slot(&key(&config, 1)), &slots.slot(&key(&config, 1))));
        assert!(!Arc::ptr_eq(&slots.slot(&key(&config, 1)), &slots.slot(&key(&config, 2))));
    }

    #[test]
    fn the_least_recently_used_leaves_and_one_in_use_never() {
        let (slots, config) = (Slots::new(), config());
        let held = slots.slot(&key(&config, 0));
        let old = Arc::downgrade(&slots.slot(&key(&config, 1)));
        for scope in 2..=LIMIT {
            slots.slot(&key(&config, scope));
        }
        assert_eq!(slots.table.load().len(), LIMIT);
        assert!(old.upgrade().is_none(), "slot 1 was the least recently used");
        assert!(Arc::ptr_eq(&held, &slots.slot(&key(&config, 0))));
    }
}
