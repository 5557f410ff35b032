//! What a client does and meets, told to who wants to know. Nothing is made while nobody listens, nothing
//! is told of a call that is served from the cache, and no code of the program runs on the library's worker.

mod delivery;
mod event;
#[cfg(feature = "tracing")]
mod forward;
mod subscription;
#[cfg(test)]
mod tests;

pub(crate) use delivery::{Delivery, Events, is_delivering};
pub use delivery::{Listening, wait_for_delivery};
pub use event::{Event, EventKind, EventLevel, FieldValue, Reason, Subject, TokenFrom};
pub use subscription::Subscription;
