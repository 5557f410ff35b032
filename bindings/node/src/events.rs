//! Events on their way to JavaScript, which publishes them. The library's thread that tells of them waits
//! until JavaScript has taken what it sent: what a busy event loop does not take stays in the core's queue,
//! which has bounds.

use std::sync::mpsc::{self, Receiver, SyncSender};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use napi::bindgen_prelude::Either4;
use napi_derive::napi;
use seekauth::binding::camel_case;
use seekauth::{Event, EventKind, EventLevel, FieldValue, Listening, blocking};
use slab::Slab;

use crate::call::{self, Channel, Completions, Message};
use crate::{milliseconds, number};

/// Under which number events go to JavaScript; no call has it.
pub(crate) const EVENTS: f64 = -1.0;

/// Who listens to the events of a client.
pub(crate) struct Listener {
    /// From which level on.
    pub(crate) level: EventLevel,
    listening: Listening,
}

impl Listener {
    /// The level that a client is listened to from, if it is: all of it while somebody `is_subscribed`.
    /// One that renews tokens by itself never comes here to see that somebody has subscribed since, so its
    /// warnings are always sent; it costs nothing until there is one.
    pub(crate) fn level(client: &blocking::Client, is_subscribed: bool) -> Option<EventLevel> {
        if is_subscribed {
            return Some(EventLevel::Debug);
        }
        client.stays_warm().then_some(EventLevel::Warning)
    }

    /// Sends the client's events from this level on to `completions`, on their `channel`, which stays open
    /// until the client is closed.
    pub(crate) fn new(
        client: &blocking::Client,
        level: EventLevel,
        completions: &Completions,
        channel: Arc<Channel>,
    ) -> Self {
        let channel = Mutex::new(Some(channel));
        let handovers = completions.handovers().clone();
        let listen = move |events: &[Event]| {
            let mut channel = channel.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(channel) = &*channel {
                let (handover, end) = handovers.begin();
                let events = events.iter().map(NativeEvent::from).collect();
                call::send(channel, Message::Events(events, handover));
                // Nothing is ever sent there: it ends.
                let _ = end.recv();
            }
            if events.iter().any(|event| matches!(event.kind, EventKind::Closed)) {
                *channel = None;
            }
        };
        Self { level, listening: client.listen(level, listen) }
    }

    /// Still sends what has happened so far, for a client that is closed or collected.
    pub(crate) fn detach(self) {
        self.listening.detach();
    }
}

/// The batches of events that JavaScript has not taken yet, with what their senders wait for.
#[derive(Clone, Default)]
pub(crate) struct Handovers(Arc<Mutex<Slab<SyncSender<()>>>>);

/// One of them, which ends when this is dropped.
pub(crate) struct Handover {
    all: Handovers,
    key: usize,
}

/// Ends all of them when it is dropped.
pub(crate) struct EndOnDrop(Handovers);

impl Handovers {
    /// One more, and what ends with it.
    fn begin(&self) -> (Handover, Receiver<()>) {
        let (sender, end) = mpsc::sync_channel(0);
        let key = self.lock().insert(sender);
        (Handover { all: self.clone(), key }, end)
    }

    pub(crate) fn end_on_drop(&self) -> EndOnDrop {
        EndOnDrop(self.clone())
    }

    fn lock(&self) -> MutexGuard<'_, Slab<SyncSender<()>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Handover {
    fn drop(&mut self) {
        self.all.lock().try_remove(self.key);
    }
}

impl Drop for EndOnDrop {
    fn drop(&mut self) {
        self.0.lock().clear();
    }
}

/// One event.
#[napi(object, object_from_js = false)]
pub struct NativeEvent {
    /// Its name: `token_request` and so on.
    pub name: &'static str,
    /// `debug`, `info`, `warning` or `error`.
    pub level: &'static str,
    /// One line for a log.
    pub message: String,
    /// All that it says besides, when it was first.
    pub fields: Vec<EventField>,
}

/// What an event says.
#[napi(object, object_from_js = false)]
pub struct EventField {
    /// `client`, `durationMs` and so on.
    pub name: String,
    /// A moment is in milliseconds since 1970.
    pub value: Either4<String, f64, bool, Vec<String>>,
    /// Whether it is a moment.
    pub is_moment: bool,
}

impl From<&Event> for NativeEvent {
    fn from(event: &Event) -> Self {
        let at = EventField {
            name: "at".to_owned(),
            value: Either4::B(unix_milliseconds(event.at)),
            is_moment: true,
        };
        let rest = event.fields().into_iter().filter_map(field);
        Self {
            name: event.name(),
            level: event.level.name(),
            message: event.to_string(),
            fields: [at].into_iter().chain(rest).collect(),
        }
    }
}

/// None for a value of a kind that JavaScript is not told of yet.
fn field((name, value): (&'static str, FieldValue)) -> Option<EventField> {
    let is_moment = matches!(value, FieldValue::Moment(_));
    let unit = if matches!(value, FieldValue::Seconds(_)) { "Ms" } else { "" };
    let value = match value {
        FieldValue::Text(text) => Either4::A(text),
        FieldValue::Count(count) => Either4::B(number(count)),
        FieldValue::Seconds(seconds) => {
            let span = Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX);
            Either4::B(milliseconds(span))
        }
        FieldValue::Moment(moment) => Either4::B(unix_milliseconds(moment)),
        FieldValue::Flag(flag) => Either4::C(flag),
        FieldValue::List(list) => Either4::D(list),
        _ => return None,
    };
    Some(EventField { name: format!("{}{unit}", camel_case(name)), value, is_moment })
}

/// Whole milliseconds since 1970.
pub(crate) fn unix_milliseconds(moment: SystemTime) -> f64 {
    milliseconds(moment.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default())
}

/// The names of all events.
#[napi]
pub fn event_names() -> Vec<&'static str> {
    Event::NAMES.to_vec()
}
