//! Authenticated requests from C: each entry point copies what C lent, asks the core's sender, and hands
//! the response over, at once or to a callback.

use std::mem::MaybeUninit;

use crate::call::{self, Call};
use crate::client::Client;
use crate::error::{Error, catch_error};
use crate::pointer::{HttpRequestPtr, UserData, required};
use crate::response::Response;

/// Receives the outcome of seekauth_client_send_async or seekauth_client_graphql_async: NULL and a
/// response, or an error and NULL. The one that is not NULL belongs to the callback, which frees it.
pub type ResponseCallback = Option<
    extern "C" fn(user_data: UserData, error: Option<Box<Error>>, response: Option<Box<Response>>),
>;

/// Sends a request to the API with the token, and once more with a new one if the API rejects it.
/// Waits for the whole response. Any but a rejection of the token is handed out, also one that says 403
/// or 500; so is a redirect, which is not followed.
///
/// Fails with SEEKAUTH_FORBIDDEN_ORIGIN, before anything is sent, if the request does not go to scheme,
/// host and port of the client's API; with SEEKAUTH_TOKEN_REJECTED if the API rejected a new token too;
/// with SEEKAUTH_INVALID_ARGUMENT for a method, address or header that is none; with SEEKAUTH_TIMEOUT
/// and SEEKAUTH_NETWORK; with SEEKAUTH_PROTOCOL if the response is longer than 64 MiB; and otherwise as
/// seekauth_client_get_token does.
#[unsafe(no_mangle)]
#[must_use]
pub extern "C" fn seekauth_client_send(
    client: Option<&Client>,
    request: HttpRequestPtr<'_>,
    out: Option<&mut MaybeUninit<Option<Box<Response>>>>,
) -> Option<Box<Error>> {
    catch_error(|| {
        let client = required("client", client)?;
        let request = request.read()?.owned()?;
        let out = required("out", out)?;
        let response = call::wait(|| client.inner().start_send(request)?.wait())?;
        out.write(Some(Box::new(Response::from(response))));
        Ok(())
    })
}

/// As seekauth_client_send, without waiting for it: `callback` receives the outcome, with `user_data`
/// passed through. What `request` points to is copied, so it may be gone when the call returns.
///
/// If the call returns NULL, the callback runs exactly once: on a thread of the library, never inside
/// this call, possibly before this call has returned. If the call returns an error, it never runs.
/// `call`, which may be NULL, receives a handle to cancel the call by; the caller frees it.
///
/// The call itself fails with SEEKAUTH_INVALID_ARGUMENT for NULLs, for text that is not UTF-8 and for
/// numbers, or with SEEKAUTH_UNAVAILABLE if the system refuses the library its thread; what
/// seekauth_client_send fails with otherwise goes to the callback.
#[unsafe(no_mangle)]
#[must_use]
pub extern "C" fn seekauth_client_send_async(
    client: Option<&Client>,
    request: HttpRequestPtr<'_>,
    callback: ResponseCallback,
    user_data: UserData,
    call: Option<&mut MaybeUninit<Option<Box<Call>>>>,
) -> Option<Box<Error>> {
    catch_error(|| {
        let client = required("client", client)?;
        let request = request.read()?.owned()?;
        let callback = required("callback", callback)?;
        let deliver = move |user_data, outcome| deliver(callback, user_data, outcome);
        let done = call::callback(user_data, deliver);
        Call::write_handle(client.inner().send_then(request, done)?, call);
        Ok(())
    })
}

/// Runs the callback with the outcome.
pub(crate) fn deliver<T: Into<Response>>(
    callback: extern "C" fn(UserData, Option<Box<Error>>, Option<Box<Response>>),
    user_data: UserData,
    outcome: Result<T, seekauth_core::Error>,
) {
    match outcome {
        Ok(response) => callback(user_data, None, Some(Box::new(response.into()))),
        Err(error) => callback(user_data, Some(Box::new(Error::new(error))), None),
    }
}
