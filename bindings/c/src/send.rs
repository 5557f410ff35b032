//! Authenticated requests from C: each entry point copies what C lent, asks the core's sender, and
//! hands the answer over, at once or to a callback.

use std::mem::MaybeUninit;

use crate::call::Request;
use crate::client::Client;
use crate::error::Error;
use crate::panic::attempt;
use crate::pointer::{GraphqlIn, HttpRequestIn, UserData, required};
use crate::response::Response;

/// Receives the outcome of seekauth_client_send_async or seekauth_client_graphql_async: NULL and a
/// response, or an error and NULL. Whichever it is belongs to the callback, which frees it.
pub type ResponseCallback = Option<
    extern "C" fn(user_data: UserData, error: Option<Box<Error>>, response: Option<Box<Response>>),
>;

/// Sends a request to the API with the token, and once more with a new one if the API rejects it.
/// Waits for the whole answer. Any answer but a rejection of the token is a response, also one that
/// says 403 or 500; no redirect is followed, it is a response too.
///
/// Fails with SEEKAUTH_FORBIDDEN_ORIGIN, before anything is sent, if the request does not go to scheme,
/// host and port of the client's API; with SEEKAUTH_TOKEN_REJECTED if the API rejected a new token too;
/// with SEEKAUTH_INVALID_ARGUMENT for a method, address or header that is none; with SEEKAUTH_TIMEOUT
/// and SEEKAUTH_NETWORK; with SEEKAUTH_PROTOCOL if the answer is longer than 64 MiB; and with whatever
/// seekauth_client_get_token fails with.
#[unsafe(no_mangle)]
pub extern "C" fn seekauth_client_send(
    client: Option<&Client>,
    request: HttpRequestIn<'_>,
    out: Option<&mut MaybeUninit<Option<Box<Response>>>>,
) -> Option<Box<Error>> {
    attempt(|| {
        let client = required("client", client)?;
        let request = request.read()?.owned()?;
        let out = required("out", out)?;
        let answer = client.inner().begin_send(request)?.finish()?;
        out.write(Some(Box::new(Response::from(answer))));
        Ok(())
    })
}

/// As seekauth_client_send, without waiting for it: `callback` receives the outcome, with `user_data`
/// passed through. What `request` points to is copied, so it may be gone when the call returns.
///
/// If the call returns NULL, the callback runs exactly once: on a thread of the library, never inside
/// this call, possibly before this call has returned. If the call returns an error, it never runs.
/// `handle`, which may be NULL, receives a handle by which the call can be given up; the caller frees
/// it.
///
/// The call itself fails with SEEKAUTH_INVALID_ARGUMENT for NULLs, for text that is not UTF-8 and for
/// numbers, or with SEEKAUTH_INTERNAL if the system refuses the library its thread; what
/// seekauth_client_send fails with otherwise goes to the callback.
#[unsafe(no_mangle)]
pub extern "C" fn seekauth_client_send_async(
    client: Option<&Client>,
    request: HttpRequestIn<'_>,
    callback: ResponseCallback,
    user_data: UserData,
    handle: Option<&mut MaybeUninit<Option<Box<Request>>>>,
) -> Option<Box<Error>> {
    attempt(|| {
        let client = required("client", client)?;
        let request = request.read()?.owned()?;
        let callback = required("callback", callback)?;
        let done = move |outcome| deliver(callback, user_data, outcome);
        Request::hand_out(client.inner().send_then(request, done)?, handle);
        Ok(())
    })
}

/// Sends a GraphQL operation to the API, as seekauth_client_send does, and waits for the whole answer.
/// The body of the response is the JSON text of the answer: an object with `data`, `errors` or both.
/// What the API reports in `errors` is no failure of this call; only an answer that is not GraphQL is.
///
/// Fails as seekauth_client_send does, with SEEKAUTH_INVALID_ARGUMENT also for variables that are not a
/// JSON object, and with SEEKAUTH_THROTTLED, SEEKAUTH_UNAVAILABLE or SEEKAUTH_PROTOCOL if the answer is
/// not GraphQL.
#[unsafe(no_mangle)]
pub extern "C" fn seekauth_client_graphql(
    client: Option<&Client>,
    operation: GraphqlIn<'_>,
    out: Option<&mut MaybeUninit<Option<Box<Response>>>>,
) -> Option<Box<Error>> {
    attempt(|| {
        let client = required("client", client)?;
        let operation = operation.read()?.owned()?;
        let out = required("out", out)?;
        let reply = client.inner().begin_graphql(operation)?.finish()?;
        out.write(Some(Box::new(Response::from(reply))));
        Ok(())
    })
}

/// As seekauth_client_graphql, without waiting for it: `callback` receives the outcome.
///
/// Arguments and failures are those of seekauth_client_send_async.
#[unsafe(no_mangle)]
pub extern "C" fn seekauth_client_graphql_async(
    client: Option<&Client>,
    operation: GraphqlIn<'_>,
    callback: ResponseCallback,
    user_data: UserData,
    handle: Option<&mut MaybeUninit<Option<Box<Request>>>>,
) -> Option<Box<Error>> {
    attempt(|| {
        let client = required("client", client)?;
        let operation = operation.read()?.owned()?;
        let callback = required("callback", callback)?;
        let done = move |outcome| deliver(callback, user_data, outcome);
        Request::hand_out(client.inner().graphql_then(operation, done)?, handle);
        Ok(())
    })
}

/// Runs the callback with what has come.
fn deliver<T: Into<Response>>(
    callback: extern "C" fn(UserData, Option<Box<Error>>, Option<Box<Response>>),
    user_data: UserData,
    outcome: Result<T, seekauth_core::Error>,
) {
    match outcome {
        Ok(answer) => callback(user_data, None, Some(Box::new(answer.into()))),
        Err(error) => callback(user_data, Some(Box::new(Error::new(error))), None),
    }
}
