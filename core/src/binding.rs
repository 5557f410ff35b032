//! What the bindings for other languages use and Rust programs do not need. No promise of stability
//! covers it.

#[cfg(any(test, feature = "manual-clock"))]
pub use crate::sys::clock::process as manual_clock;

pub use crate::api::is_header;
pub use crate::config::{
    Language, Setting, SettingKind, Value, camel_case, duration_from_milliseconds,
    duration_from_seconds, message_in,
};
pub use crate::credentials::Exception;
pub use crate::events::wait_for_delivery;
pub use crate::sys::variables::Variables;
