//! A count of what runs, and a wait until nothing does. Belongs into a `PerProcess` cell: what ran in
//! the parent does not run in a forked child.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

#[derive(Debug, Clone, Default)]
pub(crate) struct Count(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    running: Mutex<usize>,
    none_is_left: Condvar,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, usize> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Count {
    /// Counts one until what is returned is dropped.
    pub(crate) fn begin(&self) -> Counted {
        *self.0.lock() += 1;
        Counted(Arc::clone(&self.0))
    }

    /// Waits until none runs; `None` waits without end. False if one still runs at `deadline`.
    pub(crate) fn wait(&self, deadline: Option<Instant>) -> bool {
        let mut running = self.0.lock();
        while *running > 0 {
            let Some(deadline) = deadline else {
                running = self.0.none_is_left.wait(running).unwrap_or_else(PoisonError::into_inner);
                continue;
            };
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            let woken = self.0.none_is_left.wait_timeout(running, left);
            running = woken.unwrap_or_else(PoisonError::into_inner).0;
        }
        true
    }
}

/// One that runs.
#[derive(Debug)]
pub(crate) struct Counted(Arc<Shared>);

impl Drop for Counted {
    fn drop(&mut self) {
        let mut running = self.0.lock();
        *running -= 1;
        if *running == 0 {
            self.0.none_is_left.notify_all();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_ends_with_the_last_one() {
        let count = Count::default();
        assert!(count.wait(Some(Instant::now())));
        let (first, second) = (count.begin(), count.begin());
        drop(first);
        assert!(!count.wait(Some(Instant::now())));
        let waiting = {
            let count = count.clone();
            std::thread::spawn(move || count.wait(None))
        };
        drop(second);
        assert!(waiting.join().unwrap() && count.wait(None));
    }
}
