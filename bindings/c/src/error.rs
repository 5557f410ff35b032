//! Errors as C sees them: the core's error with its texts made ready for C. Codes and names are the
//! core's; the constants are checked against its table by a test.

use std::ffi::CString;

use seekauth_core::ErrorKind;

use crate::panic::{catch_panic, catch_panic_only};
use crate::pointer::Text;

/// Success. Never the code of an error object: a call that succeeds returns NULL.
pub const SEEKAUTH_OK: i32 = 0;
/// A mistake in the call or in the configuration; the message names it.
pub const SEEKAUTH_INVALID_ARGUMENT: i32 = 1;
/// The client was closed.
pub const SEEKAUTH_CLOSED: i32 = 2;
/// The caller gave up, or the client was closed during the call.
pub const SEEKAUTH_CANCELLED: i32 = 3;
/// The caller's deadline passed.
pub const SEEKAUTH_TIMEOUT: i32 = 4;
/// Name, connection or TLS, or a connection that broke.
pub const SEEKAUTH_NETWORK: i32 = 5;
/// The server refused the client id or secret.
pub const SEEKAUTH_INVALID_CREDENTIALS: i32 = 6;
/// The audience or a scope is not granted to this client.
pub const SEEKAUTH_NOT_GRANTED: i32 = 7;
/// The server asked for a pause. seekauth_error_retry_after_ms says for how long.
pub const SEEKAUTH_THROTTLED: i32 = 8;
/// The server failed.
pub const SEEKAUTH_UNAVAILABLE: i32 = 9;
/// The response was not understood.
pub const SEEKAUTH_PROTOCOL: i32 = 10;
/// The API refused a newly issued token too; check audience and environment.
pub const SEEKAUTH_TOKEN_REJECTED: i32 = 11;
/// A token would have left the configured origin.
pub const SEEKAUTH_FORBIDDEN_ORIGIN: i32 = 12;
/// The file, command or function with the credentials failed.
pub const SEEKAUTH_CREDENTIALS_UNAVAILABLE: i32 = 13;
/// A bug in seekauth; please report it.
pub const SEEKAUTH_INTERNAL: i32 = 99;

/// Why a call failed. The receiver frees it with seekauth_error_free. It never changes, so any number
/// of threads may read it at once. No text in it holds a secret or a token, and none but those of
/// seekauth_error_server_message and seekauth_error_server_path is out of the body of a response.
#[derive(Debug)]
pub struct Error {
    cause: seekauth_core::Error,
    message: CString,
    server_code: Option<CString>,
    target: Option<CString>,
    request_id: Option<CString>,
    server_message: Option<CString>,
    server_path: Option<CString>,
}

impl Error {
    /// The failure with its texts as C reads them.
    pub(crate) fn new(cause: seekauth_core::Error) -> Self {
        Self {
            message: c_string(cause.message()),
            server_code: cause.server_code().map(c_string),
            target: cause.target().map(c_string),
            request_id: cause.request_id().map(c_string),
            server_message: cause.server_message().map(c_string),
            server_path: cause.server_path().map(c_string),
            cause,
        }
    }
}

/// Runs `call`; its failure, or the internal error after a panic, is what C receives. NULL is success.
pub(crate) fn catch_error(
    call: impl FnOnce() -> Result<(), seekauth_core::Error>,
) -> Option<Box<Error>> {
    as_c(catch_panic(None, || Some(call())))
}

/// [`catch_error`] without a guard against cancellation; see [`catch_panic_only`].
pub(crate) fn catch_error_only(
    call: impl FnOnce() -> Result<(), seekauth_core::Error>,
) -> Option<Box<Error>> {
    as_c(catch_panic_only(None, || Some(call())))
}

// Success is the usual way, of the cached call too.
#[inline]
fn as_c(outcome: Option<Result<(), seekauth_core::Error>>) -> Option<Box<Error>> {
    if matches!(outcome, Some(Ok(()))) { None } else { failure(outcome) }
}

fn failure(outcome: Option<Result<(), seekauth_core::Error>>) -> Option<Box<Error>> {
    let error = outcome.unwrap_or_else(|| {
        Err(seekauth_core::Error::new(
            ErrorKind::Internal,
            "a bug in seekauth was met; please report how",
        ))
    });
    error.err().map(|error| Box::new(Error::new(error)))
}

/// The text for C. A NUL would cut it short there, so it is left out.
pub(crate) fn c_string(text: &str) -> CString {
    CString::new(text).unwrap_or_else(|_| CString::new(text.replace('\0', "")).unwrap_or_default())
}

/// The code of the error; SEEKAUTH_OK for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn seekauth_error_code(error: Option<&Error>) -> i32 {
    catch_panic(SEEKAUTH_INTERNAL, || error.map_or(SEEKAUTH_OK, |error| error.cause.kind().code()))
}

/// The name of the error's code, such as "throttled"; "ok" for NULL. Static text.
#[unsafe(no_mangle)]
pub extern "C" fn seekauth_error_name(error: Option<&Error>) -> Text<'static> {
    seekauth_error_code_name(seekauth_error_code(error))
}

/// One line that says what happened and what to do, safe to log; NULL for NULL. The error owns it.
#[unsafe(no_mangle)]
pub extern "C" fn seekauth_error_message(error: Option<&Error>) -> Text<'_> {
    Text::as_c(error.map(|error| error.message.as_c_str()))
}

/// Whether the same call may succeed later with nothing changed; false for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn seekauth_error_retryable(error: Option<&Error>) -> bool {
    catch_panic(false, || error.is_some_and(|error| error.cause.retryable()))
}

/// How many milliseconds to wait before the next try; -1 if that is not known, and for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn seekauth_error_retry_after_ms(error: Option<&Error>) -> i64 {
    catch_panic(-1, || {
        let wait = error.and_then(|error| error.cause.retry_after());
        wait.map_or(-1, |wait| i64::try_from(wait.as_millis()).unwrap_or(i64::MAX))
    })
}

/// The HTTP status of the response that failed; 0 if there was none, and for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn seekauth_error_status(error: Option<&Error>) -> i32 {
    catch_panic(0, || error.and_then(|error| error.cause.status()).map_or(0, i32::from))
}

/// The server's own code: the `error` of a token response (RFC 6749, 5.2) or of WWW-Authenticate, or the
/// code with which a GraphQL API rejected the token; NULL if there was none. The error owns it.
#[unsafe(no_mangle)]
pub extern "C" fn seekauth_error_server_code(error: Option<&Error>) -> Text<'_> {
    Text::as_c(error.and_then(|error| error.server_code.as_deref()))
}

/// What was asked for: token endpoint, client id, audience and scopes, never the secret; NULL if
/// the call did not come so far. The error owns it.
#[unsafe(no_mangle)]
pub extern "C" fn seekauth_error_target(error: Option<&Error>) -> Text<'_> {
    Text::as_c(error.and_then(|error| error.target.as_deref()))
}

/// The X-Request-Id of the request to the API that this is about, which SEEK can be asked about: the
/// request's own, or the one it was given. What failed before it was sent has it too. NULL for an error of
/// another call. The error owns it.
#[unsafe(no_mangle)]
pub extern "C" fn seekauth_error_request_id(error: Option<&Error>) -> Text<'_> {
    Text::as_c(error.and_then(|error| error.request_id.as_deref()))
}

/// What a GraphQL API said as it rejected the token, in its own words, which are no part of the message; NULL
/// if it said nothing, or if that repeats a secret. The error owns it.
#[unsafe(no_mangle)]
pub extern "C" fn seekauth_error_server_message(error: Option<&Error>) -> Text<'_> {
    Text::as_c(error.and_then(|error| error.server_message.as_deref()))
}

/// Where in its response a GraphQL API rejected the token: the `path` of its error, with dots between the
/// parts; NULL if it named none, or if that repeats a secret. The error owns it.
#[unsafe(no_mangle)]
pub extern "C" fn seekauth_error_server_path(error: Option<&Error>) -> Text<'_> {
    Text::as_c(error.and_then(|error| error.server_path.as_deref()))
}

/// Frees an error and every text it owns. NULL is accepted.
#[unsafe(no_mangle)]
pub extern "C" fn seekauth_error_free(error: Option<Box<Error>>) {
    catch_panic((), || drop(error));
}

/// The name of a code: "ok" for SEEKAUTH_OK, "throttled" for SEEKAUTH_THROTTLED; NULL for a number
/// that this library does not use. Static text.
#[unsafe(no_mangle)]
pub extern "C" fn seekauth_error_code_name(code: i32) -> Text<'static> {
    catch_panic(Text::as_c(None), || {
        row(code).map_or(Text::as_c(None), |row| Text::as_c_bytes(&row.name))
    })
}

/// What a code means, in a few words; NULL for a number that this library does not use. Static text.
#[unsafe(no_mangle)]
pub extern "C" fn seekauth_error_code_meaning(code: i32) -> Text<'static> {
    catch_panic(Text::as_c(None), || {
        row(code).map_or(Text::as_c(None), |row| Text::as_c_bytes(&row.meaning))
    })
}

/// Whether the call that failed with this code may succeed later with nothing changed; false for a number
/// that this library does not use. An error knows better: ask seekauth_error_retryable where there is one.
#[unsafe(no_mangle)]
pub extern "C" fn seekauth_error_code_retryable(code: i32) -> bool {
    catch_panic(false, || ErrorKind::from_code(code).is_some_and(ErrorKind::retryable))
}

/// Made by the compiler: static text that no search for leaks finds.
struct Row {
    code: i32,
    name: [u8; LONGEST],
    meaning: [u8; LONGEST],
}

/// Room for the longest text and a NUL; the compiler says if it is too small.
///
/// cbindgen:ignore
const LONGEST: usize = 80;

static ROWS: [Row; ErrorKind::ALL.len() + 1] = {
    let mut rows = [const { Row::new(SEEKAUTH_OK, "ok", "success") }; ErrorKind::ALL.len() + 1];
    let mut index = 0;
    while index < ErrorKind::ALL.len() {
        let kind = ErrorKind::ALL[index];
        rows[index + 1] = Row::new(kind.code(), kind.name(), kind.meaning());
        index += 1;
    }
    rows
};

impl Row {
    const fn new(code: i32, name: &str, meaning: &str) -> Self {
        Self { code, name: terminated(name), meaning: terminated(meaning) }
    }
}

/// The text with NULs behind it.
const fn terminated(text: &str) -> [u8; LONGEST] {
    let mut bytes = [0; LONGEST];
    assert!(text.len() < LONGEST, "the text needs more room");
    let mut index = 0;
    while index < text.len() {
        bytes[index] = text.as_bytes()[index];
        index += 1;
    }
    bytes
}

fn row(code: i32) -> Option<&'static Row> {
    ROWS.iter().find(|row| row.code == code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_becomes_the_internal_error() {
        let error = catch_error(|| panic!("tiger")).map(|error| error.cause);
        assert_eq!(error.as_ref().map(seekauth_core::Error::kind), Some(ErrorKind::Internal));
        assert!(error.is_some_and(|error| !error.message().contains("tiger")));
    }
}
