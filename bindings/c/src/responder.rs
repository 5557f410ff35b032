//! What responds to a fake client's requests to the API: responses that C hands over before, or a function of
//! the C program.

use seekauth_core::testing::Response;
use seekauth_core::{Error as Failure, ErrorKind};

use crate::client::Client;
use crate::credentials::FreeCallback;
use crate::error::{Error, SEEKAUTH_OK, catch_error};
use crate::fake::{fake_of, invalid, kind};
use crate::fake_request::FakeRequest;
use crate::headers;
use crate::pointer::{Bytes, FakeResponses, Headers, UserData, required};
use crate::thread_sanitizer;
use crate::user_data::OwnedUserData;

/// A response of the API, for a client for tests. All it points to is borrowed for the call that takes it.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct FakeResponse<'a> {
    /// The HTTP status.
    pub status: i32,
    /// The first of `header_count` headers.
    pub headers: Headers<'a>,
    /// How many headers there are; 0 for none.
    pub header_count: usize,
    /// The first of `body_length` bytes, NULs included.
    pub body: Bytes<'a>,
    /// How many bytes the body has; 0 for no body.
    pub body_length: usize,
}

impl FakeResponse<'_> {
    /// The response with everything that C lent copied. The core judges it when it is sent.
    fn owned(&self) -> Result<Response, Failure> {
        let headers = headers::read("headers", self.headers, self.header_count)?;
        let status = u16::try_from(self.status).map_err(|_| {
            invalid(format!("status is {}; it has to be an HTTP status", self.status))
        })?;
        let body = self.body.read("body", self.body_length)?;
        Ok(Response {
            headers: headers.into_iter().map(|(name, value)| (name.into(), value.into())).collect(),
            ..Response::new(status, body)
        })
    }
}

/// Takes the response of a seekauth_responder_callback. It belongs to the library and lives until the callback
/// returns.
#[derive(Debug, Default)]
pub struct Responder(Option<Response>);

/// Responds to a request to the API: hands over the response with seekauth_responder_set and returns
/// SEEKAUTH_OK, or returns the code that the call is to fail with, such as SEEKAUTH_NETWORK. The request lives
/// until it returns.
///
/// It runs on the thread of the library that callbacks of asynchronous calls run on, never two calls at once. It
/// must not wait, and may call any function here but those that do.
pub type ResponderCallback = Option<
    extern "C" fn(user_data: UserData, request: &FakeRequest, responder: &mut Responder) -> i32,
>;

/// Hands over the response, within the callback that was asked for it. What it points to is copied before this
/// returns.
///
/// Fails with SEEKAUTH_INVALID_ARGUMENT for NULL, for text that is not UTF-8, and for a status that cannot be
/// HTTP's.
#[unsafe(no_mangle)]
#[must_use]
pub extern "C" fn seekauth_responder_set(
    responder: Option<&mut Responder>,
    response: FakeResponses<'_>,
) -> Option<Box<Error>> {
    catch_error(|| {
        let responder = required("responder", responder)?;
        let response = response.read("response", 1)?;
        responder.0 = response.first().map(FakeResponse::owned).transpose()?;
        Ok(())
    })
}

/// Has the API respond with `responses`, the first of `count`, in place of what responded before: the first to
/// the first request and so on, the last to all that follow. They are copied before this returns. With a `count`
/// of 0 there is no response, as at the start.
///
/// Fails with SEEKAUTH_INVALID_ARGUMENT for a client that is no fake, for text that is not UTF-8, and for a
/// status that cannot be HTTP's.
#[unsafe(no_mangle)]
#[must_use]
pub extern "C" fn seekauth_fake_respond(
    client: Option<&Client>,
    responses: FakeResponses<'_>,
    count: usize,
) -> Option<Box<Error>> {
    catch_error(|| {
        let fake = fake_of(client)?;
        let responses = responses.read("responses", count)?;
        let owned: Result<Vec<_>, _> = responses.iter().map(FakeResponse::owned).collect();
        fake.respond(owned?);
        Ok(())
    })
}

/// Has the API respond by a function, in place of what responded before.
///
/// `free`, which may be NULL, is called once with `user_data` when no more call of `callback` can come: after
/// another responder took its place or the last client of the fake was freed, on any thread, and before this
/// returns if it fails. Without it, what `user_data` points to has to stay until then: that is so when
/// seekauth_client_free_and_wait has returned for the last of them.
///
/// Fails with SEEKAUTH_INVALID_ARGUMENT for a client that is no fake, and without a callback.
#[unsafe(no_mangle)]
#[must_use]
pub extern "C" fn seekauth_fake_respond_with(
    client: Option<&Client>,
    callback: ResponderCallback,
    user_data: UserData,
    free: FreeCallback,
) -> Option<Box<Error>> {
    catch_error(|| {
        let user_data = OwnedUserData::new(user_data, free);
        let fake = fake_of(client)?;
        let callback = required("callback", callback)?;
        fake.respond_with(move |request| {
            let (request, mut responder) = (FakeRequest::from(request), Responder::default());
            thread_sanitizer::program_is_asked();
            let code = user_data.lend(|user_data| callback(user_data, &request, &mut responder));
            Box::pin(std::future::ready(outcome(code, responder)))
        });
        Ok(())
    })
}

/// What a callback came to that returned this code.
fn outcome(code: i32, responder: Responder) -> Result<Response, Failure> {
    if code != SEEKAUTH_OK {
        let kind = kind(code)?;
        return Err(Failure::new(kind, format!("a test made the request fail with {kind}")));
    }
    responder.0.ok_or_else(|| {
        Failure::new(
            ErrorKind::InvalidArgument,
            "the callback returned SEEKAUTH_OK without calling seekauth_responder_set",
        )
    })
}
