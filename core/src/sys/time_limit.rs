//! How long something may take, and whose word that is, for the error of what took longer.

use std::fmt;
use std::time::Duration;

/// A time that passes, as an error tells of it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TimeLimit {
    /// How long is left to wait.
    pub(crate) left: Duration,
    /// How long it was to begin with.
    length: Duration,
    owner: Owner,
}

/// Who decides on a time.
#[derive(Debug, Clone, Copy)]
enum Owner {
    /// A setting of the client's, by its name.
    Setting(&'static str),
    Call,
    HttpClient,
    Library,
}

impl TimeLimit {
    /// What the setting of this name says.
    pub(crate) const fn of_setting(name: &'static str, length: Duration) -> Self {
        Self::new(length, Owner::Setting(name))
    }

    /// What a call asks for itself.
    pub(crate) const fn of_call(length: Duration) -> Self {
        Self::new(length, Owner::Call)
    }

    /// What the HTTP client that sends a request allows.
    pub(crate) const fn of_http_client(length: Duration) -> Self {
        Self::new(length, Owner::HttpClient)
    }

    /// What counts where nobody says otherwise.
    pub(crate) const fn of_library(length: Duration) -> Self {
        Self::new(length, Owner::Library)
    }

    const fn new(length: Duration, owner: Owner) -> Self {
        Self { left: length, length, owner }
    }

    /// The same, of which so much is left.
    pub(crate) fn with_left(self, left: Duration) -> Self {
        Self { left, ..self }
    }
}

/// A call's own.
impl From<Duration> for TimeLimit {
    fn from(length: Duration) -> Self {
        Self::of_call(length)
    }
}

impl fmt::Display for TimeLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ms, which is ", self.length.as_millis())?;
        match self.owner {
            Owner::Setting(name) => write!(f, "the client's setting `{name}`"),
            Owner::Call => f.write_str("the timeout of the call itself"),
            Owner::HttpClient => {
                f.write_str("the time-out of the HTTP client that sends the request")
            }
            Owner::Library => f.write_str("the library's own choice where the call makes none"),
        }
    }
}
