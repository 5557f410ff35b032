//! Plays a scenario of a few threads under Shuttle, in orders drawn at random and in orders that
//! preempt few times at random places (PCT). Shuttle knows sequential consistency only: what it
//! finds good may still depend on memory orderings that are too weak.
//!
//! `SEEKAUTH_INTERLEAVINGS` sets how many orders each of the two draws for each scenario;
//! `SEEKAUTH_SCHEDULE` replays the one that a failed test printed.

use std::collections::HashSet;
use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::sync::{Arc, Mutex};

use shuttle::scheduler::{
    PctScheduler, RandomScheduler, ReplayScheduler, Schedule, Scheduler, Task, TaskId,
};
use shuttle::{Config, Runner};

use crate::sys::random::seeded;

const INTERLEAVINGS: usize = 5_000;
/// PCT finds, with a probability that it can name, what goes wrong when this many steps happen in
/// a certain order.
const DEPTH: usize = 3;

pub(crate) fn explore(scenario: fn()) {
    explore_some(INTERLEAVINGS, scenario);
}

/// Draws so many orders, unless the variable says otherwise.
pub(crate) fn explore_some(interleavings: usize, scenario: fn()) {
    let mut config = Config::new();
    config.silence_warnings = true;
    config.stack_size = 1 << 18;
    let play = move || {
        seeded::seed(1);
        scenario();
    };
    if let Ok(schedule) = std::env::var("SEEKAUTH_SCHEDULE") {
        Runner::new(ReplayScheduler::new_from_encoded(&schedule), config).run(play);
        return;
    }
    let orders = std::env::var("SEEKAUTH_INTERLEAVINGS").ok().and_then(|text| text.parse().ok());
    let orders = orders.unwrap_or(interleavings);
    let random = Orders::play(RandomScheduler::new(orders), &config, play);
    let pct = Orders::play(PctScheduler::new(DEPTH, orders), &config, play);
    println!("{orders} random orders, {random} different; {orders} orders by PCT, {pct} different");
}

/// A scheduler that counts how many of the orders it draws are different.
struct Orders<S> {
    scheduler: S,
    order: DefaultHasher,
    seen: Arc<Mutex<HashSet<u64>>>,
}

impl<S: Scheduler + 'static> Orders<S> {
    fn play(scheduler: S, config: &Config, play: impl Fn() + Send + Sync + 'static) -> usize {
        let seen = Arc::new(Mutex::new(HashSet::new()));
        let orders = Self { scheduler, order: DefaultHasher::new(), seen: Arc::clone(&seen) };
        Runner::new(orders, config.clone()).run(play);
        // The scheduler was asked once before the first order too.
        seen.lock().unwrap().len() - 1
    }
}

impl<S: Scheduler> Scheduler for Orders<S> {
    fn new_execution(&mut self) -> Option<Schedule> {
        let order = std::mem::take(&mut self.order).finish();
        self.seen.lock().unwrap().insert(order);
        self.scheduler.new_execution()
    }

    fn next_task(
        &mut self,
        runnable: &[&Task],
        current: Option<TaskId>,
        is_yielding: bool,
    ) -> Option<TaskId> {
        let next = self.scheduler.next_task(runnable, current, is_yielding);
        next.hash(&mut self.order);
        next
    }

    fn next_u64(&mut self) -> u64 {
        self.scheduler.next_u64()
    }
}
