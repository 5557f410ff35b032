//! A channel for a thread of the program's that waits for one of the library's. std's has a handle made of
//! the thread that waits, which the program's main thread never gives back, so that searches for leaks
//! report it.

use std::collections::VecDeque;
use std::sync::mpsc::RecvTimeoutError;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

#[derive(Debug)]
struct Shared<T> {
    queue: Mutex<Queue<T>>,
    changed: Condvar,
}

#[derive(Debug)]
struct Queue<T> {
    values: VecDeque<T>,
    is_open: bool,
}

impl<T> Shared<T> {
    fn lock(&self) -> MutexGuard<'_, Queue<T>> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[derive(Debug)]
pub(crate) struct Sender<T>(Arc<Shared<T>>);

#[derive(Debug)]
pub(crate) struct Receiver<T>(Arc<Shared<T>>);

pub(crate) fn channel<T>() -> (Sender<T>, Receiver<T>) {
    let queue = Mutex::new(Queue { values: VecDeque::new(), is_open: true });
    let shared = Arc::new(Shared { queue, changed: Condvar::new() });
    (Sender(Arc::clone(&shared)), Receiver(shared))
}

impl<T> Sender<T> {
    pub(crate) fn send(&self, value: T) {
        self.0.lock().values.push_back(value);
        self.0.changed.notify_one();
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        self.0.lock().is_open = false;
        self.0.changed.notify_one();
    }
}

impl<T> Receiver<T> {
    /// # Errors
    ///
    /// As std's: `Disconnected` when the sender is gone and nothing is left.
    pub(crate) fn recv_timeout(&self, timeout: Duration) -> Result<T, RecvTimeoutError> {
        let deadline = Instant::now().checked_add(timeout);
        let mut queue = self.0.lock();
        loop {
            if let Some(value) = queue.values.pop_front() {
                return Ok(value);
            }
            if !queue.is_open {
                return Err(RecvTimeoutError::Disconnected);
            }
            let left =
                deadline.map_or(timeout, |end| end.saturating_duration_since(Instant::now()));
            if left.is_zero() {
                return Err(RecvTimeoutError::Timeout);
            }
            let woken = self.0.changed.wait_timeout(queue, left);
            queue = woken.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Waits for as long as there is a sender. `None` when it is gone.
    pub(crate) fn recv(&self) -> Option<T> {
        loop {
            match self.recv_timeout(Duration::from_secs(3_600)) {
                Ok(value) => return Some(value),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return None,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_arrive_in_order_until_the_sender_is_gone() {
        let (sender, receiver) = channel();
        assert_eq!(receiver.recv_timeout(Duration::ZERO), Err(RecvTimeoutError::Timeout));
        let sending = std::thread::spawn(move || {
            sender.send(1);
            sender.send(2);
        });
        assert_eq!((receiver.recv(), receiver.recv(), receiver.recv()), (Some(1), Some(2), None));
        sending.join().unwrap();
    }
}
