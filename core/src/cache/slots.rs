//! Key to slot. Reading takes no lock; writing replaces the whole map, which is rare and safe
//! against a fork at any moment. It holds a bounded number of slots: the least recently asked for
//! leaves first, one that a handle still uses never.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arc_swap::ArcSwap;

use crate::key::Key;
use crate::slot::Slot;

/// Slots that are kept although no handle uses them.
const LIMIT: usize = 1_000;

type Slots = HashMap<Key, Arc<Slot>>;

pub(crate) struct Cache {
    slots: ArcSwap<Slots>,
    uses: AtomicU64,
}

impl Cache {
    pub(crate) fn new() -> Self {
        Self { slots: ArcSwap::default(), uses: AtomicU64::new(0) }
    }

    /// The one slot of this key.
    pub(crate) fn slot(&self, key: &Key) -> Arc<Slot> {
        let slot = self.find_or_insert(key);
        slot.last_used().store(self.uses.fetch_add(1, Ordering::Relaxed), Ordering::Relaxed);
        slot
    }

    /// Forgets every token.
    pub(crate) fn clear(&self) {
        for slot in self.slots.load().values() {
            slot.clear();
        }
    }

    fn find_or_insert(&self, key: &Key) -> Arc<Slot> {
        if let Some(slot) = self.slots.load().get(key) {
            return Arc::clone(slot);
        }
        let fresh = Arc::new(Slot::new(key.clone()));
        let before = self.slots.rcu(|slots| {
            if slots.contains_key(key) {
                return Arc::clone(slots);
            }
            let leaving = if slots.len() < LIMIT { None } else { least_recently_used(slots) };
            let mut slots = Slots::clone(slots);
            if let Some(leaving) = leaving {
                slots.remove(&leaving);
            }
            slots.insert(key.clone(), Arc::clone(&fresh));
            Arc::new(slots)
        });
        before.get(key).map_or(fresh, Arc::clone)
    }
}

fn least_recently_used(slots: &Slots) -> Option<Key> {
    slots
        .iter()
        .filter(|(_, slot)| Arc::strong_count(slot) == 1)
        .min_by_key(|(_, slot)| slot.last_used().load(Ordering::Relaxed))
        .map(|(key, _)| key.clone())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Config, Environment};
    use crate::profile::Profile;

    fn key(profile: &Profile, scope: usize) -> Key {
        Key::new(profile, [format!("scope.{scope}")].into())
    }

    fn profile() -> Profile {
        let config = Config::seek_pass(Environment::Staging)
            .credentials("id", "secret")
            .user_agent("Test/1")
            .scopes(["a"]);
        let (profile, _) = Profile::new(&config).unwrap_or_else(|error| panic!("{error}"));
        profile
    }

    #[test]
    fn one_key_has_one_slot() {
        let (cache, profile) = (Cache::new(), profile());
        assert!(Arc::ptr_eq(&cache.slot(&key(&profile, 1)), &cache.slot(&key(&profile, 1))));
        assert!(!Arc::ptr_eq(&cache.slot(&key(&profile, 1)), &cache.slot(&key(&profile, 2))));
    }

    #[test]
    fn the_least_recently_used_leaves_and_one_in_use_never() {
        let (cache, profile) = (Cache::new(), profile());
        let held = cache.slot(&key(&profile, 0));
        let old = Arc::downgrade(&cache.slot(&key(&profile, 1)));
        for scope in 2..=LIMIT {
            cache.slot(&key(&profile, scope));
        }
        assert_eq!(cache.slots.load().len(), LIMIT);
        assert!(old.upgrade().is_none(), "slot 1 was the least recently used");
        assert!(Arc::ptr_eq(&held, &cache.slot(&key(&profile, 0))));
    }
}
