//! From where events happen to who listens: a bounded queue for each process, and a thread of the library's
//! own that is there as long as something is in it.

use std::cell::Cell;
use std::collections::VecDeque;
use std::fmt;
use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Instant;

use arc_swap::ArcSwap;

use crate::events::event::{Event, EventKind, EventLevel, Subject};
#[cfg(feature = "tracing")]
use crate::events::forward;
use crate::sys::clock::Clock;
use crate::sys::count::{Count, Counted};
use crate::sys::per_process::{Owned, PerProcess};
use crate::sys::thread;

/// Events that wait to be delivered. What comes when there are so many is lost, and counted.
const ROOM: usize = 1_024;

/// Clients that were made in this process.
static CLIENTS: AtomicU64 = AtomicU64::new(0);

/// Clients whose events are being delivered.
static DELIVERIES: PerProcess<Count> = PerProcess::new();

thread_local! {
    static IS_DELIVERING: Cell<bool> = const { Cell::new(false) };
}

/// Whether a listener runs on this thread.
pub(crate) fn is_delivering() -> bool {
    IS_DELIVERING.get()
}

type Listen = Arc<dyn Fn(&[Event]) + Send + Sync>;

/// A listener is called as long as this is there, but for what is being delivered.
#[derive(Debug)]
pub struct Listening {
    events: Weak<Events>,
    id: u64,
}

impl Listening {
    /// Lets the listener be called as long as the client is there, and for what it has told by then.
    pub fn detach(mut self) {
        self.events = Weak::new();
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        if let Some(events) = self.events.upgrade() {
            events.change(|listeners| listeners.retain(|listener| listener.id != self.id));
        }
    }
}

#[derive(Clone)]
struct Listener {
    id: u64,
    level: EventLevel,
    listen: Listen,
}

/// The events of one client.
#[derive(Debug)]
pub(crate) struct Events {
    clock: Clock,
    client: u64,
    service: &'static str,
    environment: Option<&'static str>,
    listeners: ArcSwap<Vec<Listener>>,
    next_id: AtomicU64,
    queue: PerProcess<Mutex<Queue>>,
    /// The thread that delivers, while there is one.
    delivering: PerProcess<Count>,
    dropped: AtomicU64,
}

#[derive(Debug, Default)]
struct Queue {
    events: VecDeque<Event>,
    dropped: u64,
    is_delivering: bool,
}

impl fmt::Debug for Listener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Listener").field("level", &self.level).finish_non_exhaustive()
    }
}

impl Events {
    /// Those of the next client of this process.
    pub(crate) fn new(
        clock: Clock,
        (service, environment): (&'static str, Option<&'static str>),
    ) -> Self {
        Self {
            clock,
            client: CLIENTS.fetch_add(1, Ordering::Relaxed) + 1,
            service,
            environment,
            listeners: ArcSwap::default(),
            next_id: AtomicU64::new(1),
            queue: PerProcess::new(),
            delivering: PerProcess::new(),
            dropped: AtomicU64::new(0),
        }
    }

    /// Calls `listen` with events of at least this level, some at a time, on a thread of the library's own
    /// and never twice at once; also in a forked child.
    #[must_use = "it is called as long as what comes back is there"]
    pub(crate) fn listen(
        self: &Arc<Self>,
        level: EventLevel,
        listen: impl Fn(&[Event]) + Send + Sync + 'static,
    ) -> Listening {
        let id = self.next_id.fetch_add(1, Ordering::Relaxed);
        let listener = Listener { id, level, listen: Arc::new(listen) };
        self.change(|listeners| listeners.push(listener.clone()));
        Listening { events: Arc::downgrade(self), id }
    }

    fn change(&self, change: impl Fn(&mut Vec<Listener>)) {
        self.listeners.rcu(|listeners| {
            let mut listeners = Vec::clone(listeners);
            change(&mut listeners);
            listeners
        });
    }

    /// The number of the client within its process.
    pub(crate) fn client(&self) -> u64 {
        self.client
    }

    /// How many were lost since the client was made.
    pub(crate) fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }

    /// Waits until what has happened so far is told. False if something is not at `deadline`.
    pub(crate) fn wait(&self, deadline: Option<Instant>) -> bool {
        self.delivering.current().is_none_or(|delivering| delivering.wait(deadline))
    }

    /// Tells of something, if anybody wants to know. Never waits for a listener. The thread that delivers
    /// is started, where there is none, once what comes back is dropped.
    pub(crate) fn tell(
        self: &Arc<Self>,
        level: EventLevel,
        scopes: &Arc<[String]>,
        kind: impl FnOnce() -> EventKind,
    ) -> Option<Delivery> {
        if self.is_wanted(level) { self.push(level, scopes, kind()) } else { None }
    }

    fn push(
        self: &Arc<Self>,
        level: EventLevel,
        scopes: &Arc<[String]>,
        kind: EventKind,
    ) -> Option<Delivery> {
        let at = self.clock.now().system_time();
        let subject = Subject {
            client: self.client,
            service: self.service,
            environment: self.environment,
            scopes: Arc::clone(scopes),
        };
        let event = Event { at, level, subject, kind };
        let owned = self.queue.get(Mutex::default);
        let mut queue = lock(&owned);
        if queue.events.len() >= ROOM {
            queue.dropped += 1;
            self.dropped.fetch_add(1, Ordering::Relaxed);
            return None;
        }
        queue.events.push_back(event);
        let is_first = !mem::replace(&mut queue.is_delivering, true);
        is_first.then(|| Delivery {
            events: Arc::clone(self),
            until_all_is_told: Some((
                self.delivering.get(Count::default).begin(),
                DELIVERIES.get(Count::default).begin(),
            )),
        })
    }

    fn is_wanted(&self, level: EventLevel) -> bool {
        #[cfg(feature = "tracing")]
        if forward::is_wanted(level) {
            return true;
        }
        self.listeners.load().iter().any(|listener| listener.level <= level)
    }

    /// Hands over what there is, until there is nothing.
    fn deliver(&self) {
        loop {
            let batch = self.take();
            if batch.is_empty() {
                return;
            }
            #[cfg(feature = "tracing")]
            let _ = catch_unwind(|| batch.iter().for_each(forward::forward));
            for listener in self.listeners.load().iter() {
                let wanted: Vec<Event> =
                    batch.iter().filter(|event| event.level >= listener.level).cloned().collect();
                if !wanted.is_empty() {
                    // One that panics has said so, and the others still hear.
                    let _ = catch_unwind(AssertUnwindSafe(|| (listener.listen)(&wanted)));
                }
            }
        }
    }

    fn take(&self) -> Vec<Event> {
        let owned = self.queue.get(Mutex::default);
        let mut queue = lock(&owned);
        let dropped = mem::take(&mut queue.dropped);
        let mut batch: Vec<Event> = queue.events.drain(..).collect();
        if let Some(last) = batch.last().filter(|_| dropped > 0) {
            let kind = EventKind::Dropped { count: dropped };
            batch.push(Event { level: EventLevel::Warning, kind, ..last.clone() });
        }
        queue.is_delivering = !batch.is_empty();
        batch
    }
}

/// Starts the thread that delivers what was told, when it is dropped. A thread costs more than all the rest
/// of an event, so that whoever is waited for puts it off.
pub(crate) struct Delivery {
    events: Arc<Events>,
    until_all_is_told: Option<(Counted, Counted)>,
}

impl Drop for Delivery {
    fn drop(&mut self) {
        let events = Arc::clone(&self.events);
        let until_all_is_told = self.until_all_is_told.take();
        let deliver = move || {
            let _until_all_is_told = until_all_is_told;
            IS_DELIVERING.set(true);
            events.deliver();
        };
        // Where the system refuses the thread, the next event tries again.
        if thread::spawn("seekauth-events", deliver).is_err() {
            lock(&self.events.queue.get(Mutex::default)).is_delivering = false;
        }
    }
}

/// Waits until all that was told in this process has been delivered. False if that takes beyond `deadline`.
pub fn wait_for_delivery(deadline: Instant) -> bool {
    DELIVERIES.current().is_none_or(|deliveries| deliveries.wait(Some(deadline)))
}

/// Nothing under this lock panics.
fn lock(queue: &Owned<Mutex<Queue>>) -> MutexGuard<'_, Queue> {
    queue.lock().unwrap_or_else(PoisonError::into_inner)
}
