//! How failures reach JavaScript. A failure of the core is a *value* here, because an error object
//! made in native code has no JavaScript stack: the façade turns it into its own class where the
//! caller waits. Only wrong JavaScript types are thrown, as the `TypeError` that users expect.

use std::panic::{AssertUnwindSafe, catch_unwind};

use napi::bindgen_prelude::ToNapiValue;
use napi::{Env, Status, sys};
use napi_derive::napi;
use seekauth::{Error, ErrorKind};

use crate::milliseconds;

/// A value, or an object with the one member `failure`.
pub enum Outcome<T> {
    /// What was asked for.
    Value(T),
    /// Why it could not be had.
    Failure(Error),
}

impl<T> Outcome<T> {
    /// Runs one call into the core. A panic in it ends here, as an `internal` failure.
    pub(crate) fn of(work: impl FnOnce() -> Result<T, Error>) -> Self {
        match catch_unwind(AssertUnwindSafe(work)) {
            Ok(result) => result.into(),
            Err(_) => Self::Failure(Error::new(
                ErrorKind::Internal,
                "seekauth met a bug of its own and gave up on this call; please report it",
            )),
        }
    }
}

impl<T> From<Result<T, Error>> for Outcome<T> {
    fn from(result: Result<T, Error>) -> Self {
        match result {
            Ok(value) => Self::Value(value),
            Err(error) => Self::Failure(error),
        }
    }
}

impl<T: ToNapiValue> ToNapiValue for Outcome<T> {
    unsafe fn to_napi_value(env: sys::napi_env, outcome: Self) -> napi::Result<sys::napi_value> {
        match outcome {
            // SAFETY: `env` is passed on as it was received.
            Self::Value(value) => unsafe { T::to_napi_value(env, value) },
            Self::Failure(error) => {
                let wrapped = Failed { failure: Failure::from(&error) };
                // SAFETY: as above.
                unsafe { Failed::to_napi_value(env, wrapped) }
            }
        }
    }
}

/// The form in which a failure crosses.
#[napi(object, object_from_js = false)]
pub struct Failed {
    /// What happened.
    pub failure: Failure,
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
}

impl From<&Error> for Failure {
    fn from(error: &Error) -> Self {
        Self {
            message: error.message().to_owned(),
            code: error.kind().name(),
            number: error.kind().code(),
            retryable: error.retryable(),
            retry_after_ms: error.retry_after().map(milliseconds),
            status: error.status().map(u32::from),
            server_code: error.server_code().map(str::to_owned),
            target: error.target().map(str::to_owned),
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

/// Throws a `TypeError`. What is returned only carries the exception past the callers to Node.
pub(crate) fn type_error(env: Env, message: &str) -> napi::Error {
    match env.throw_type_error(message, None) {
        Ok(()) => napi::Error::from_status(Status::PendingException),
        Err(error) => error,
    }
}
