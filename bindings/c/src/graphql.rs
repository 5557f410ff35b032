//! GraphQL operations from C: as in `send`, each entry point copies what C lent, asks the core's sender,
//! and hands the response over, at once or to a callback.

use std::mem::MaybeUninit;

use crate::call::{self, Call};
use crate::client::Client;
use crate::error::{Error, catch_error};
use crate::pointer::{GraphqlPtr, UserData, required};
use crate::response::Response;
use crate::send::{ResponseCallback, deliver};

/// Sends a GraphQL operation to the API, as seekauth_client_send does, and waits for the whole response.
/// Its body is JSON text: an object with `data`, `errors` or both. Errors that the API reports there are
/// no failure of this call; only a response that is not GraphQL is.
///
/// Fails as seekauth_client_send does, with SEEKAUTH_INVALID_ARGUMENT also for variables that are not a
/// JSON object, and with SEEKAUTH_THROTTLED, SEEKAUTH_UNAVAILABLE or SEEKAUTH_PROTOCOL if the response
/// is not GraphQL.
#[unsafe(no_mangle)]
#[must_use]
pub extern "C" fn seekauth_client_graphql(
    client: Option<&Client>,
    operation: GraphqlPtr<'_>,
    out: Option<&mut MaybeUninit<Option<Box<Response>>>>,
) -> Option<Box<Error>> {
    catch_error(|| {
        let client = required("client", client)?;
        let operation = operation.read()?.owned()?;
        let out = required("out", out)?;
        let response = call::wait(|| client.inner().start_graphql(operation)?.wait())?;
        out.write(Some(Box::new(Response::from(response))));
        Ok(())
    })
}

/// As seekauth_client_graphql, without waiting for it: `callback` receives the outcome.
///
/// Arguments and failures are those of seekauth_client_send_async.
#[unsafe(no_mangle)]
#[must_use]
pub extern "C" fn seekauth_client_graphql_async(
    client: Option<&Client>,
    operation: GraphqlPtr<'_>,
    callback: ResponseCallback,
    user_data: UserData,
    call: Option<&mut MaybeUninit<Option<Box<Call>>>>,
) -> Option<Box<Error>> {
    catch_error(|| {
        let client = required("client", client)?;
        let operation = operation.read()?.owned()?;
        let callback = required("callback", callback)?;
        let deliver = move |user_data, outcome| deliver(callback, user_data, outcome);
        let done = call::callback(user_data, deliver);
        Call::write_handle(client.inner().graphql_then(operation, done)?, call);
        Ok(())
    })
}
