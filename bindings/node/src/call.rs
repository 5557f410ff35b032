//! How results, and questions, come from the library's thread to JavaScript: through one threadsafe
//! function for each environment, because one for each call costs more than the call. The
//! environment may end first, with a worker or the process; what arrives after that is dropped.

use std::sync::Arc;

use napi::bindgen_prelude::{Either3, FnArgs};
use napi::threadsafe_function::{ThreadsafeFunction, ThreadsafeFunctionCallMode};
use napi::{Env, Status, check_status, sys};
use napi_derive::napi;
use seekauth::{Error, ErrorKind};

use crate::credentials::Question;
use crate::error::Outcome;
use crate::graphql::NativeReply;
use crate::token::NativeToken;

/// What a call may be for, or what JavaScript is asked.
type Content = Either3<NativeToken, NativeReply, Question>;
/// The number of a call and what came of it, or that of a function and the question to it.
type Letter = FnArgs<(f64, Outcome<Content>)>;
/// Not called with an error first, and weak: it does not keep the process alive by itself.
type Settle = ThreadsafeFunction<Letter, (), Letter, Status, false, true>;

/// Calls one JavaScript function for each call that has ended and each question.
#[napi]
pub struct Mailbox {
    settle: Arc<Settle>,
}

#[napi]
impl Mailbox {
    /// A mailbox that tells `settle` the number of a call and its outcome, or the number of a
    /// function and a question. `settle` must not throw.
    #[napi(constructor)]
    pub fn new(settle: Settle) -> Self {
        Self { settle: Arc::new(settle) }
    }

    /// Keeps the process alive from now on, for there is somebody who waits.
    ///
    /// # Errors
    ///
    /// When the environment is about to end.
    #[napi(js_name = "ref")]
    pub fn hold(&self, env: Env) -> napi::Result<()> {
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

    /// Lets the process end, for nobody waits any more.
    ///
    /// # Errors
    ///
    /// When the environment is about to end.
    #[napi(js_name = "unref")]
    pub fn let_go(&self, env: Env) -> napi::Result<()> {
        self.settle.handle.with_read_aborted(|aborted| {
            if aborted {
                return Ok(());
            }
            // SAFETY: as in `hold`.
            check_status!(unsafe {
                sys::napi_unref_threadsafe_function(env.raw(), self.settle.handle.get_raw())
            })
        })
    }
}

impl Mailbox {
    pub(crate) fn address(&self, number: f64) -> Address {
        Address { settle: Arc::clone(&self.settle), number }
    }
}

/// Where what is meant for one number goes, from any thread.
pub(crate) struct Address {
    settle: Arc<Settle>,
    number: f64,
}

impl Address {
    pub(crate) fn send(&self, content: Result<Content, Error>) {
        let letter = (self.number, Outcome::from(content)).into();
        // The only refusal is that of an environment that has ended, and its callers with it.
        let _ = self.settle.call(letter, ThreadsafeFunctionCallMode::NonBlocking);
    }
}

/// One result on its way. It arrives exactly once, also when the work that should have produced it
/// was dropped: a caller who waits in vain would keep the process alive for ever.
pub(crate) struct Delivery(Option<Address>);

impl Delivery {
    pub(crate) fn new(mailbox: &Mailbox, call: f64) -> Self {
        Self(Some(mailbox.address(call)))
    }

    /// Sends the result off, from any thread.
    pub(crate) fn complete(mut self, result: Result<Content, Error>) {
        self.send(result);
    }

    fn send(&mut self, result: Result<Content, Error>) {
        if let Some(address) = self.0.take() {
            address.send(result);
        }
    }
}

impl Drop for Delivery {
    fn drop(&mut self) {
        self.send(Err(Error::new(ErrorKind::Internal, "the call ended without a result")));
    }
}
