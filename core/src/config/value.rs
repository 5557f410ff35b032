//! The values that settings can have.

use std::fmt;
use std::time::Duration;

use zeroize::Zeroizing;

use crate::error::Error;

/// A value for a setting, not yet validated. `Text` is accepted for every kind.
#[derive(Clone, PartialEq)]
pub enum Value {
    /// A string, wiped when it is dropped: it may be a secret.
    Text(Zeroizing<String>),
    /// A length of time.
    Duration(Duration),
    /// True or false.
    Flag(bool),
    /// Strings.
    List(Vec<String>),
    /// Names and values, the values wiped when they are dropped.
    Pairs(Vec<(String, Zeroizing<String>)>),
    /// From Rust's typed setters.
    #[doc(hidden)]
    Service(Service),
    /// From Rust's typed setters.
    #[doc(hidden)]
    Environment(Environment),
    /// From Rust's typed setters.
    #[doc(hidden)]
    AuthMethod(AuthMethod),
    /// From Rust's typed setters.
    #[doc(hidden)]
    RequestFormat(RequestFormat),
}

impl Value {
    /// A string.
    #[must_use]
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text(Zeroizing::new(text.into()))
    }

    /// A length of time from a number of seconds; `name` is the setting's, for the error.
    ///
    /// # Errors
    ///
    /// `invalid_argument` when it is not a number, negative, or more than a day.
    pub fn seconds(name: &str, seconds: f64) -> Result<Self, Error> {
        duration_from_seconds(name, seconds).map(Self::Duration)
    }

    /// The same from a number of milliseconds; `name` is what the caller knows the setting by.
    ///
    /// # Errors
    ///
    /// As [`seconds`](Self::seconds).
    pub fn milliseconds(name: &str, milliseconds: f64) -> Result<Self, Error> {
        duration_from_milliseconds(name, milliseconds).map(Self::Duration)
    }

    /// Names and values.
    #[must_use]
    pub fn pairs(pairs: impl IntoIterator<Item = (String, String)>) -> Self {
        let pairs = pairs.into_iter().map(|(name, value)| (name, Zeroizing::new(value)));
        Self::Pairs(pairs.collect())
    }
}

impl fmt::Debug for Value {
    /// Shows the kind alone: the value may be a secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Text(_) => "Text(..)",
            Self::Duration(_) => "Duration(..)",
            Self::Flag(_) => "Flag(..)",
            Self::List(_) => "List(..)",
            Self::Pairs(_) => "Pairs(..)",
            Self::Service(_) => "Service(..)",
            Self::Environment(_) => "Environment(..)",
            Self::AuthMethod(_) => "AuthMethod(..)",
            Self::RequestFormat(_) => "RequestFormat(..)",
        })
    }
}

/// A service that issues tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Service {
    /// The SEEK API.
    SeekApi,
    /// SEEK Pass.
    SeekPass,
    /// Any token endpoint of RFC 6749.
    OAuth,
}

impl Service {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::SeekApi => "seek_api",
            Self::SeekPass => "seek_pass",
            Self::OAuth => "oauth",
        }
    }
}

/// Where a service runs. SEEK API has `Live` and `Playground`, SEEK Pass `Staging` and
/// `Production`; each has credentials of its own, and there is no default.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Environment {
    /// SEEK API, real data.
    Live,
    /// SEEK API, mock data that can only be read.
    Playground,
    /// SEEK Pass, for trying out.
    Staging,
    /// SEEK Pass, real. Its address is not public: give [`crate::Config::base_url`] too.
    Production,
}

impl Environment {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Playground => "playground",
            Self::Staging => "staging",
            Self::Production => "production",
        }
    }
}

/// How the client proves who it is to the token endpoint (RFC 6749, 2.3.1; names of RFC 7591).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum AuthMethod {
    /// `client_id` and `client_secret` in the body.
    ClientSecretPost,
    /// HTTP Basic, both form-encoded first.
    ClientSecretBasic,
    /// HTTP Basic with both as they are, for servers that do not decode them (it is what RFC 7617
    /// alone has). The client id must not hold a colon.
    ClientSecretBasicRaw,
}

impl AuthMethod {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::ClientSecretPost => "client_secret_post",
            Self::ClientSecretBasic => "client_secret_basic",
            Self::ClientSecretBasicRaw => "client_secret_basic_raw",
        }
    }
}

/// How the token request's body is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum RequestFormat {
    /// `application/x-www-form-urlencoded`, as RFC 6749 has it.
    Form,
    /// A JSON object.
    Json,
}

impl RequestFormat {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Form => "form",
            Self::Json => "json",
        }
    }
}

/// The language whose programs a binding serves. Its users expect the environment variables of its
/// own HTTP clients to count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    /// `REQUESTS_CA_BUNDLE` stands in the place of the system's certificate authorities.
    Python,
    /// `NODE_EXTRA_CA_CERTS` adds to the system's certificate authorities.
    Node,
}

/// The longest time that any setting or call may ask for: a day.
pub(crate) const LONGEST: Duration = Duration::from_secs(86_400);

/// A length of time from a number of seconds, as `name` in the error when it is not one: not a
/// number, negative, or more than a day.
///
/// # Errors
///
/// `invalid_argument`.
pub fn duration_from_seconds(name: &str, seconds: f64) -> Result<Duration, Error> {
    duration(seconds).ok_or_else(|| out_of_range(name))
}

/// The same from a number of milliseconds.
///
/// # Errors
///
/// `invalid_argument`.
pub fn duration_from_milliseconds(name: &str, milliseconds: f64) -> Result<Duration, Error> {
    let longest = LONGEST.as_millis();
    let wrong = || Error::invalid(format!("{name} must be from 0 to {longest} milliseconds"));
    duration(milliseconds / 1_000.0).ok_or_else(wrong)
}

fn duration(seconds: f64) -> Option<Duration> {
    Duration::try_from_secs_f64(seconds).ok().filter(|duration| *duration <= LONGEST)
}

/// The error for a length of time that is no setting's.
pub(crate) fn out_of_range(name: &str) -> Error {
    Error::invalid(format!("{name} must be from 0 to {} seconds", LONGEST.as_secs()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_of_time_are_bounded() {
        for seconds in [f64::NAN, f64::INFINITY, -1.0, 86_401.0] {
            let error = duration_from_seconds("timeout", seconds).map(|_| ());
            assert!(error.is_err_and(|error| error.message().starts_with("timeout ")));
        }
        assert_eq!(duration_from_seconds("timeout", 0.25).ok(), Some(Duration::from_millis(250)));
        assert_eq!(duration_from_milliseconds("timeoutMs", 86_400_000.0).ok(), Some(LONGEST));
        let error = duration_from_milliseconds("timeoutMs", 86_400_001.0).unwrap_err();
        assert_eq!(error.message(), "timeoutMs must be from 0 to 86400000 milliseconds");
    }
}
