//! The tasks of the connections, and whether one of them was lost: ended by its runtime or by a
//! panic, and not by itself.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};

use hyper::rt::Executor;

type Work = Pin<Box<dyn Future<Output = ()> + Send>>;

#[derive(Debug, Clone, Default)]
pub(crate) struct Tasks(Arc<AtomicU64>);

impl Tasks {
    /// How many were lost so far.
    pub(crate) fn lost(&self) -> u64 {
        self.0.load(Ordering::SeqCst)
    }
}

impl Executor<Work> for Tasks {
    fn execute(&self, work: Work) {
        tokio::spawn(Task { work, is_done: false, lost: Arc::clone(&self.0) });
    }
}

struct Task {
    work: Work,
    is_done: bool,
    lost: Arc<AtomicU64>,
}

impl Future for Task {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let polled = self.work.as_mut().poll(context);
        self.is_done = polled.is_ready();
        polled
    }
}

impl Drop for Task {
    /// Runs before the work is dropped, so that whoever learns of its end finds the loss counted.
    fn drop(&mut self) {
        if !self.is_done {
            self.lost.fetch_add(1, Ordering::SeqCst);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_task_that_its_runtime_drops_is_lost() {
        let tasks = Tasks::default();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            tasks.execute(Box::pin(std::future::ready(())));
            tasks.execute(Box::pin(std::future::pending()));
            tokio::task::yield_now().await;
        });
        assert_eq!(tasks.lost(), 0);
        drop(runtime);
        assert_eq!(tasks.lost(), 1);
    }
}
