//! What a client does and meets, told to a function of the C program.

use std::ffi::CString;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime};

use seekauth_core as core;
use seekauth_core::{EventLevel, FieldValue, Listening};

use crate::client::Client;
use crate::credentials::FreeCallback;
use crate::error::{Error, c_string, catch_error};
use crate::panic::catch_panic;
use crate::pointer::{Text, UserData, required};
use crate::user_data::OwnedUserData;

/// Something that a client did or met: a request for a token, a failure, a rejection. It belongs to the
/// library, and it and its texts live until the callback that it was given to returns. No text in it holds
/// a secret, a token or what a server sent.
#[derive(Debug)]
pub struct Event {
    at: SystemTime,
    name: CString,
    level: CString,
    message: CString,
    fields: Vec<Field>,
}

#[derive(Debug)]
struct Field {
    name: CString,
    value: CString,
    number: i64,
}

impl Event {
    fn new(event: &core::Event) -> Self {
        Self {
            at: event.at,
            name: c_string(event.name()),
            level: c_string(event.level.name()),
            message: c_string(&event.to_string()),
            fields: event.fields().iter().map(|(name, value)| Field::new(name, value)).collect(),
        }
    }

    fn field(&self, name: Text<'_>) -> Option<&Field> {
        let name = name.read("name").ok().flatten()?;
        self.fields.iter().find(|field| field.name.as_bytes() == name.as_bytes())
    }
}

impl Field {
    fn new(name: &str, value: &FieldValue) -> Self {
        let number = number(value);
        let value = match value {
            FieldValue::Text(text) => c_string(text),
            FieldValue::List(words) => c_string(&words.join(" ")),
            _ => c_string(&number.to_string()),
        };
        Self { name: c_string(name), value, number }
    }
}

/// Times in milliseconds, as everywhere in the header; -1 for what is no number.
fn number(value: &FieldValue) -> i64 {
    match value {
        FieldValue::Count(count) => i64::try_from(*count).unwrap_or(i64::MAX),
        FieldValue::Flag(flag) => i64::from(*flag),
        FieldValue::Seconds(seconds) => {
            Duration::try_from_secs_f64(*seconds).map_or(-1, milliseconds)
        }
        FieldValue::Moment(moment) => {
            moment.duration_since(SystemTime::UNIX_EPOCH).map_or(-1, milliseconds)
        }
        _ => -1,
    }
}

fn milliseconds(time: Duration) -> i64 {
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX)
}

/// Is told of an event, with the `user_data` of seekauth_client_set_event_callback. The event lives until
/// it returns.
pub type EventCallback = Option<extern "C" fn(user_data: UserData, event: &Event)>;

/// The function with what it is called with, which is freed when no call can come any more.
struct Receiver {
    receive: extern "C" fn(UserData, &Event),
    user_data: OwnedUserData,
    is_removed: AtomicBool,
}

/// A callback that is set; it is removed when this is dropped.
pub(crate) struct EventListener {
    receiver: Arc<Receiver>,
    _listening: Listening,
}

impl Receiver {
    fn receive(&self, events: &[core::Event]) {
        for event in events {
            // Asked each time: the call before may have removed or replaced it.
            if self.is_removed.load(Ordering::SeqCst) {
                return;
            }
            let event = Event::new(event);
            self.user_data.lend(|user_data| (self.receive)(user_data, &event));
        }
    }
}

impl Drop for EventListener {
    fn drop(&mut self) {
        self.receiver.is_removed.store(true, Ordering::SeqCst);
    }
}

impl fmt::Debug for EventListener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EventListener").finish_non_exhaustive()
    }
}

/// Has `callback` called with what this client does and meets from now on, and the clients that share with
/// it (see seekauth_client_with_scopes), down to `level`: "debug", "info", "warning" or "error". It takes
/// the place of the one that was set before; NULL removes that one, whatever `level` is. A call that is
/// served from the cache is no event, and a client that nobody listens to makes none.
///
/// The callback runs on a thread of the library's own, never two calls at once for one client, in the order
/// in which things happened; that thread is there only while there is something to tell. It may block: no
/// call waits for it, up to 1024 events wait in line, and one named "dropped" says how many more were lost.
/// It may call any function here but seekauth_shutdown and seekauth_client_drain, and those that wait for a
/// token as well; it may also replace or remove itself, close the client and free it. One that is removed or
/// replaced meanwhile by another thread may still be in a call when this returns.
///
/// In a forked child it is called with what the child does; where the parent was in a call when it forked,
/// the child never calls `free`. seekauth_client_close leaves it in place, so that it is told of that. Freeing
/// the client removes it, and what it was not told of by then is lost: call seekauth_client_drain before, which
/// waits until all is told.
///
/// `free`, which may be NULL, is called once with `user_data` when no more call of `callback` can come: on
/// any thread, before this returns if it fails or if `callback` is NULL.
///
/// Fails with SEEKAUTH_INVALID_ARGUMENT for another level.
#[unsafe(no_mangle)]
#[must_use]
pub extern "C" fn seekauth_client_set_event_callback(
    client: Option<&Client>,
    level: Text<'_>,
    callback: EventCallback,
    user_data: UserData,
    free: FreeCallback,
) -> Option<Box<Error>> {
    catch_error(|| {
        let user_data = OwnedUserData::new(user_data, free);
        let client = required("client", client)?;
        let Some(receive) = callback else {
            client.set_event_listener(None);
            return Ok(());
        };
        let level = EventLevel::parse(level.read_required("level")?)?;
        let receiver =
            Arc::new(Receiver { receive, user_data, is_removed: AtomicBool::new(false) });
        let listener = Arc::clone(&receiver);
        client.set_event_listener(Some(EventListener {
            receiver,
            _listening: client.inner().listen(level, move |events| listener.receive(events)),
        }));
        Ok(())
    })
}

/// What happened, such as "token_request" or "serving_stale"; NULL for NULL. A later library may tell of
/// events that this one does not know. The event owns the text.
#[unsafe(no_mangle)]
pub extern "C" fn seekauth_event_name(event: Option<&Event>) -> Text<'_> {
    Text::as_c(event.map(|event| event.name.as_c_str()))
}

/// How much it matters: "debug", "info", "warning" (something failed, and callers do not notice) or "error"
/// (callers fail); NULL for NULL. The event owns the text.
#[unsafe(no_mangle)]
pub extern "C" fn seekauth_event_level(event: Option<&Event>) -> Text<'_> {
    Text::as_c(event.map(|event| event.level.as_c_str()))
}

/// One line for a log; NULL for NULL. Its words may change with any release. The event owns the text.
#[unsafe(no_mangle)]
pub extern "C" fn seekauth_event_message(event: Option<&Event>) -> Text<'_> {
    Text::as_c(event.map(|event| event.message.as_c_str()))
}

/// When it happened, in milliseconds since 1970-01-01 00:00 UTC; 0 for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn seekauth_event_time_ms(event: Option<&Event>) -> u64 {
    let at = event.and_then(|event| event.at.duration_since(SystemTime::UNIX_EPOCH).ok());
    at.map_or(0, |time| u64::try_from(time.as_millis()).unwrap_or(u64::MAX))
}

/// The value of the field with this name, such as "result" or "life_left", as text: a number in decimal
/// digits as seekauth_event_field_number has it, several words with spaces between them. NULL if the event
/// has no such field, and for NULL. The event owns the text.
#[unsafe(no_mangle)]
pub extern "C" fn seekauth_event_field<'a>(event: Option<&'a Event>, name: Text<'_>) -> Text<'a> {
    catch_panic(Text::as_c(None), || {
        Text::as_c(event.and_then(|event| event.field(name)).map(|field| field.value.as_c_str()))
    })
}

/// The value of the field with this name, such as "status" or "life_left", as a number: a count, 1 or 0 for
/// yes or no, a length of time in milliseconds, a moment in milliseconds since 1970-01-01 00:00 UTC. -1 if
/// the event has no such field, if it is text, and for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn seekauth_event_field_number(event: Option<&Event>, name: Text<'_>) -> i64 {
    catch_panic(-1, || event.and_then(|event| event.field(name)).map_or(-1, |field| field.number))
}

/// How many fields the event has; 0 for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn seekauth_event_field_count(event: Option<&Event>) -> usize {
    event.map_or(0, |event| event.fields.len())
}

/// The name of the field with this index, counted from 0; NULL past the last one and for NULL. The event
/// owns the text.
#[unsafe(no_mangle)]
pub extern "C" fn seekauth_event_field_name(event: Option<&Event>, index: usize) -> Text<'_> {
    let field = event.and_then(|event| event.fields.get(index));
    Text::as_c(field.map(|field| field.name.as_c_str()))
}

/// The value of the field with this index, counted from 0, as seekauth_event_field gives it; NULL past the
/// last one and for NULL. The event owns the text.
#[unsafe(no_mangle)]
pub extern "C" fn seekauth_event_field_value(event: Option<&Event>, index: usize) -> Text<'_> {
    let field = event.and_then(|event| event.fields.get(index));
    Text::as_c(field.map(|field| field.value.as_c_str()))
}
