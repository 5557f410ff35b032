//! Events for asynchronous programs.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::mpsc;

use crate::events::delivery::{Events, Listening};
use crate::events::event::{Event, EventLevel};

/// Events that a subscriber has not taken yet. Later ones are lost, and counted.
const ROOM: usize = 1_024;

/// The events of a client from the moment on at which it was made; ends when it is dropped. Whoever takes
/// them slowly holds up nobody, and misses those that found no room.
#[derive(Debug)]
pub struct Subscription {
    _listening: Listening,
    receiver: mpsc::Receiver<Event>,
    missed: Arc<AtomicU64>,
}

impl Subscription {
    pub(crate) fn new(events: &Arc<Events>, level: EventLevel) -> Self {
        let (sender, receiver) = mpsc::channel(ROOM);
        let missed = Arc::<AtomicU64>::default();
        let counter = Arc::clone(&missed);
        let listen = move |batch: &[Event]| {
            for event in batch {
                if sender.try_send(event.clone()).is_err() {
                    counter.fetch_add(1, Ordering::Relaxed);
                }
            }
        };
        Self { _listening: events.listen(level, listen), receiver, missed }
    }

    /// The next event; none when the last handle of the client is gone. Works on any runtime.
    pub async fn next(&mut self) -> Option<Event> {
        self.receiver.recv().await
    }

    /// The next event if there is one already.
    pub fn try_next(&mut self) -> Option<Event> {
        self.receiver.try_recv().ok()
    }

    /// How many events found no room since the last call.
    #[must_use]
    pub fn take_missed(&self) -> u64 {
        self.missed.swap(0, Ordering::Relaxed)
    }
}
