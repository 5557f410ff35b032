//! How failures reach JavaScript. A failure of the core is a *value* here, and so is a wrong type:
//! an error object made in native code has no JavaScript stack, and its class is that of the context
//! that loaded the library first, which is another than the caller's in test runners. The façade
//! makes errors of them where the caller waits.

use std::panic::{AssertUnwindSafe, catch_unwind};

use napi::bindgen_prelude::ToNapiValue;
use napi::sys;
use napi_derive::napi;
use seekauth::binding::{Language, message_in};
use seekauth::{Error, ErrorKind};

use crate::milliseconds;

/// Why there is no value.
pub enum Refusal {
    /// A failure of the core.
    Failure(Error),
    /// A wrong JavaScript type, for a `TypeError` with this message.
    WrongType(String),
    /// What the program's own code threw meanwhile, such as a getter, or Node itself.
    Thrown(napi::Error),
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        Self::Failure(error)
    }
}

impl From<napi::Error> for Refusal {
    fn from(error: napi::Error) -> Self {
        Self::Thrown(error)
    }
}

/// A value, or an object with the one member `failure` or `wrongType`.
pub struct Outcome<T>(Result<T, Refusal>);

impl<T> Outcome<T> {
    /// Runs one call into the core. A panic in it ends here, as an `internal` failure.
    pub(crate) fn of(work: impl FnOnce() -> Result<T, Refusal>) -> Self {
        Self(catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| {
            Err(Refusal::Failure(Error::new(
                ErrorKind::Internal,
                "seekauth met a bug of its own and gave up on this call; please report it",
            )))
        }))
    }
}

impl<T> From<Result<T, Error>> for Outcome<T> {
    fn from(result: Result<T, Error>) -> Self {
        Self(result.map_err(Refusal::Failure))
    }
}

impl<T: ToNapiValue> ToNapiValue for Outcome<T> {
    unsafe fn to_napi_value(env: sys::napi_env, outcome: Self) -> napi::Result<sys::napi_value> {
        let (failure, wrong_type) = match outcome.0 {
            // SAFETY: `env` is passed on as it was received.
            Ok(value) => return unsafe { T::to_napi_value(env, value) },
            Err(Refusal::Failure(error)) => (Some(Failure::from(&error)), None),
            Err(Refusal::WrongType(message)) => (None, Some(message)),
            Err(Refusal::Thrown(error)) => return Err(error),
        };
        // SAFETY: as above.
        unsafe { Refused::to_napi_value(env, Refused { failure, wrong_type }) }
    }
}

/// The form in which a refusal crosses: it has one of the members.
#[napi(object, object_from_js = false)]
pub struct Refused {
    /// What happened.
    pub failure: Option<Failure>,
    /// The message of a `TypeError`.
    pub wrong_type: Option<String>,
}

/// The facts of one failure; the façade copies all of them onto its error. Those that are not known
/// are absent.
#[napi(object, object_from_js = false)]
pub struct Failure {
    /// One line, safe to log.
    pub message: String,
    /// The kind's stable name.
    pub code: &'static str,
    /// The kind's stable number.
    pub number: i32,
    /// Whether the same call may succeed later.
    pub retryable: bool,
    /// How long to wait before that, in milliseconds.
    pub retry_after_ms: Option<f64>,
    /// The HTTP status of the response.
    pub status: Option<u32>,
    /// The server's own `error` code.
    pub server_code: Option<String>,
    /// Which endpoint, client, audience and scopes it was about.
    pub target: Option<String>,
    /// The id of the request to the API.
    pub request_id: Option<String>,
    /// What a GraphQL API said as it rejected the token.
    pub server_message: Option<String>,
    /// Where it said so.
    pub server_path: Option<String>,
}

impl From<&Error> for Failure {
    fn from(error: &Error) -> Self {
        Self {
            message: message_in(error, Language::Node),
            code: error.kind().name(),
            number: error.kind().code(),
            retryable: error.retryable(),
            retry_after_ms: error.retry_after().map(milliseconds),
            status: error.status().map(u32::from),
            server_code: error.server_code().map(str::to_owned),
            target: error.target().map(str::to_owned),
            request_id: error.request_id().map(str::to_owned),
            server_message: error.server_message().map(str::to_owned),
            server_path: error.server_path().map(str::to_owned),
        }
    }
}

/// One row of the core's table of failures.
#[napi(object, object_from_js = false)]
pub struct Kind {
    /// The stable name, an error's `code`.
    pub code: &'static str,
    /// The stable number.
    pub number: i32,
    /// What it means, in one sentence.
    pub meaning: &'static str,
    /// Whether such a failure is mostly transient.
    pub retryable: bool,
}

/// The core's table of failures, for the tests that compare the façade and its types with it.
#[napi]
pub fn error_kinds() -> Vec<Kind> {
    let row = |kind: &ErrorKind| Kind {
        code: kind.name(),
        number: kind.code(),
        meaning: kind.meaning(),
        retryable: kind.retryable(),
    };
    ErrorKind::ALL.iter().map(row).collect()
}
