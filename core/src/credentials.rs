//! Where the client's id and secret come from. They are asked for with every token request, so
//! that a rotation needs no restart; whatever goes wrong there is `credentials_unavailable`, tells
//! nothing of what was read, and leaves a live token in use.

mod callback;
mod client_credentials;
mod command;
mod exception;
mod file;
pub(crate) mod known_secrets;
mod one_at_a_time;
pub(crate) mod rotation;
mod source;

pub(crate) use callback::CallbackProvider;
pub use client_credentials::Credentials;
pub(crate) use client_credentials::{
    holds, invisible, malformed, parse_json, unavailable, without_mark,
};
pub(crate) use command::Command;
pub use exception::Exception;
pub(crate) use file::{ClientId, Files, Named, SettingPath};
pub(crate) use source::CredentialsSource;
pub use source::{CredentialProvider, Provided};
