//! What the program prints when it is ready, and the admin endpoint repeats: all that a test needs to begin.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::control::Control;
use crate::sandbox::Urls;

/// Where a sandbox listens and how a client gets there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Announcement {
    /// The addresses, as members of the same object.
    #[serde(flatten)]
    pub urls: Urls,
    /// See [`Control::env`].
    pub env: BTreeMap<String, String>,
    /// See [`Control::pass_env`].
    pub pass_env: BTreeMap<String, String>,
}

impl Announcement {
    /// That of a running sandbox.
    #[must_use]
    pub fn of(control: &Control) -> Announcement {
        Announcement {
            urls: control.urls().clone(),
            env: control.env(),
            pass_env: control.pass_env(),
        }
    }
}
