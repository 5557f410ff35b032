//! Blocking work that several callers want at the same time: done once, on a thread of its own, and
//! its result shared. Work that hangs outlives those who wait for it, so its number has bounds.

use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

use crate::sys::thread::run_detached;

/// Work of the same key is joined for so long; after that it counts as stuck, and a second try may
/// stand beside it.
const PATIENCE: Duration = Duration::from_secs(5);
/// Threads for one key.
const PER_KEY: usize = 2;

/// Belongs into a `PerProcess` cell, as it holds a lock and threads.
#[derive(Debug)]
pub(crate) struct SharedWork<K, T> {
    name: &'static str,
    free: Arc<Semaphore>,
    running: Running<K, T>,
    runs: AtomicU64,
}

type Running<K, T> = Arc<Mutex<Vec<Run<K, T>>>>;

#[derive(Debug)]
struct Run<K, T> {
    id: u64,
    key: K,
    began: Instant,
    result: watch::Receiver<Option<T>>,
}

impl<K, T> SharedWork<K, T>
where
    K: Clone + PartialEq + Send + 'static,
    T: Clone + Send + Sync + 'static,
{
    /// Threads called `name`, `at_most` so many at a time.
    pub(crate) fn new(name: &'static str, at_most: usize) -> Self {
        let free = Arc::new(Semaphore::new(at_most));
        Self { name, free, running: Arc::default(), runs: AtomicU64::new(0) }
    }

    /// The result of work that is under way for `key`, or else of `work`. Waits without end: the
    /// caller sets the bound.
    ///
    /// # Errors
    ///
    /// Those of the system when it refuses the thread, and one when the work panicked.
    pub(crate) async fn join(
        &self,
        key: &K,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> io::Result<T> {
        let mut result = if let Some(result) = self.under_way(key) {
            result
        } else {
            let free = Arc::clone(&self.free).acquire_owned().await;
            let permit = free.map_err(io::Error::other)?;
            // Somebody else may have begun while this one waited.
            match self.under_way(key) {
                Some(result) => result,
                None => self.begin(key.clone(), permit, work)?,
            }
        };
        let done = result.wait_for(Option::is_some).await;
        let done = done.map_err(|_| io::Error::other("the thread that worked on it ended"))?;
        done.clone().ok_or_else(|| io::Error::other("there is no result"))
    }

    fn under_way(&self, key: &K) -> Option<watch::Receiver<Option<T>>> {
        let running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        let same = running.iter().filter(|run| run.key == *key);
        let newest = same.clone().last()?;
        let joins = newest.began.elapsed() < PATIENCE || same.count() >= PER_KEY;
        joins.then(|| newest.result.clone())
    }

    fn begin(
        &self,
        key: K,
        permit: OwnedSemaphorePermit,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> io::Result<watch::Receiver<Option<T>>> {
        let id = self.runs.fetch_add(1, Ordering::Relaxed);
        let (sender, result) = watch::channel(None);
        let run = Run { id, key, began: Instant::now(), result: result.clone() };
        self.running.lock().unwrap_or_else(PoisonError::into_inner).push(run);
        let ended = Ended { id, running: Arc::clone(&self.running) };
        // Where there is no thread to be had, the guard is dropped with the work.
        run_detached(self.name, move || {
            let _permit = permit;
            let done = work();
            drop(ended);
            sender.send_replace(Some(done));
        })?;
        Ok(result)
    }
}

/// Takes the run off the list, even where the work panics.
struct Ended<K, T> {
    id: u64,
    running: Running<K, T>,
}

impl<K, T> Drop for Ended<K, T> {
    fn drop(&mut self) {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        running.retain(|run| run.id != self.id);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;
    use std::sync::mpsc;

    use super::*;

    #[tokio::test]
    async fn callers_at_the_same_time_share_one_run() {
        let work: SharedWork<&str, usize> = SharedWork::new("test", 2);
        let runs = Arc::new(AtomicUsize::new(0));
        let (go, wait) = mpsc::channel::<()>();
        let count = Arc::clone(&runs);
        let first = work.join(&"name", move || {
            let _ = wait.recv();
            count.fetch_add(1, Ordering::SeqCst) + 1
        });
        let count = Arc::clone(&runs);
        let second = work.join(&"name", move || count.fetch_add(1, Ordering::SeqCst) + 1);
        let other = async {
            assert_eq!(work.join(&"other", || 7).await.unwrap(), 7);
            drop(go);
        };
        let (first, second, ()) = tokio::join!(first, second, other);
        assert_eq!((first.unwrap(), second.unwrap(), runs.load(Ordering::SeqCst)), (1, 1, 1));
        assert!(work.running.lock().unwrap().is_empty());
    }

    #[tokio::test]
    async fn work_that_panics_is_an_error_and_leaves_no_trace() {
        let work: SharedWork<&str, usize> = SharedWork::new("test", 1);
        let failed = work.join(&"name", || std::panic::panic_any(())).await;
        assert!(failed.is_err());
        assert_eq!(work.join(&"name", || 1).await.unwrap(), 1);
    }
}
