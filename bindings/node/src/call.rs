//! Completions of calls, and requests for credentials, on their way from the library's thread to
//! JavaScript: through one threadsafe function for each environment, because one for each call costs
//! more than the call. The environment may end first, with a worker or the process; what arrives
//! after that is dropped.

use std::sync::Arc;
use std::time::{Duration, Instant};

use napi::bindgen_prelude::{Either4, FnArgs};
use napi::threadsafe_function::{ThreadsafeFunction, ThreadsafeFunctionCallMode};
use napi::{Env, Status, check_status, sys};
use napi_derive::napi;
use seekauth::{Error, ErrorKind, Token, blocking};

use crate::authorities::AuthoritiesRequest;
use crate::credentials::CredentialsRequest;
use crate::error::Outcome;
use crate::graphql::NativeResponse;
use crate::token::NativeToken;

/// What a call may give, or a request to JavaScript.
type Content = Either4<NativeToken, NativeResponse, CredentialsRequest, AuthoritiesRequest>;
/// The number of a call and its outcome, or that of a function and the request to it.
type Message = FnArgs<(f64, Outcome<Content>)>;
/// Not called with an error first, and weak: it does not keep the process alive by itself.
type Settle = ThreadsafeFunction<Message, (), Message, Status, false, true>;

/// Calls one JavaScript function for each call that has ended and each request to JavaScript.
#[napi]
#[derive(Clone)]
pub struct Completions {
    settle: Arc<Settle>,
}

#[napi]
impl Completions {
    /// Calls `settle` with the number of a call and its outcome, or the number of a function and a
    /// request. `settle` must not throw.
    #[napi(constructor)]
    pub fn new(settle: Settle) -> Self {
        Self { settle: Arc::new(settle) }
    }

    /// Keeps the event loop, and so the process, alive from now on.
    ///
    /// # Errors
    ///
    /// When the environment is about to end.
    #[napi(js_name = "ref")]
    pub fn ref_loop(&self, env: Env) -> napi::Result<()> {
        self.settle.handle.with_read_aborted(|aborted| {
            if aborted {
                return Ok(());
            }
            // SAFETY: the function has not been finalized, and this is its environment's thread.
            check_status!(unsafe {
                sys::napi_ref_threadsafe_function(env.raw(), self.settle.handle.get_raw())
            })
        })
    }

    /// Lets the event loop, and so the process, end.
    ///
    /// # Errors
    ///
    /// When the environment is about to end.
    #[napi(js_name = "unref")]
    pub fn unref_loop(&self, env: Env) -> napi::Result<()> {
        self.settle.handle.with_read_aborted(|aborted| {
            if aborted {
                return Ok(());
            }
            // SAFETY: as in `ref_loop`.
            check_status!(unsafe {
                sys::napi_unref_threadsafe_function(env.raw(), self.settle.handle.get_raw())
            })
        })
    }
}

impl Completions {
    pub(crate) fn recipient(&self, number: f64) -> Recipient {
        Recipient { settle: Arc::clone(&self.settle), number }
    }
}

/// What JavaScript knows under one number: a call that waits, or a function for credentials. It can
/// be sent messages from any thread.
pub(crate) struct Recipient {
    settle: Arc<Settle>,
    number: f64,
}

impl Recipient {
    pub(crate) fn send(&self, content: Result<Content, Error>) {
        let message = (self.number, Outcome::from(content)).into();
        // Sending fails only where the environment has ended, and its callers with it.
        let _ = self.settle.call(message, ThreadsafeFunctionCallMode::NonBlocking);
    }
}

/// The completion of one call. It arrives exactly once, also when the work that should have produced
/// a result was dropped: a caller who waits in vain would keep the process alive for ever.
pub(crate) struct Completion(Option<Recipient>);

impl Completion {
    pub(crate) fn new(completions: &Completions, call: f64) -> Self {
        Self(Some(completions.recipient(call)))
    }

    /// Sends the result, from any thread.
    pub(crate) fn complete(mut self, result: Result<Content, Error>) {
        self.send(result);
    }

    /// The same for a call that gives a token.
    pub(crate) fn of_token(self) -> impl FnOnce(Result<Arc<Token>, Error>) + Send + 'static {
        let asked = Instant::now();
        move |result| {
            self.complete(result.map(|token| Either4::A(NativeToken::new(token, asked))));
        }
    }

    fn send(&mut self, result: Result<Content, Error>) {
        if let Some(recipient) = self.0.take() {
            recipient.send(result);
        }
    }
}

impl Drop for Completion {
    fn drop(&mut self) {
        self.send(Err(Error::new(ErrorKind::Internal, "the call ended without a result")));
    }
}

/// Cancels one pending call. Dropping it changes nothing.
#[napi(js_name = "CancelHandle")]
pub struct NativeCancelHandle {
    handle: blocking::CancelHandle,
}

impl From<blocking::CancelHandle> for NativeCancelHandle {
    fn from(handle: blocking::CancelHandle) -> Self {
        Self { handle }
    }
}

#[napi]
impl NativeCancelHandle {
    /// Gives the call up; its outcome is then a failure. Does nothing to a call that has ended.
    #[napi]
    pub fn cancel(&self) {
        self.handle.cancel();
    }
}

/// The time that a call has left which has used `spent_ms` of it. A call that has used none may have
/// that of the client.
pub(crate) fn time_left(
    client: &blocking::Client,
    timeout: Option<Duration>,
    spent_ms: f64,
) -> Option<Duration> {
    if spent_ms <= 0.0 {
        return timeout;
    }
    let spent = Duration::try_from_secs_f64(spent_ms / 1_000.0).unwrap_or(Duration::MAX);
    Some(timeout.unwrap_or_else(|| client.timeout()).saturating_sub(spent))
}
