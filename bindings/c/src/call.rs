//! The handle of an asynchronous call, to cancel it by.

use std::mem::MaybeUninit;

use seekauth_core::blocking::CancelHandle;

use crate::panic::catch_panic;
use crate::pointer::UserData;
use crate::thread_sanitizer::{self, Handover};

/// An asynchronous call on its way. The receiver frees it with seekauth_call_free, before or after the
/// callback has run. Any number of threads may use it at once.
#[derive(Debug)]
pub struct Call {
    handle: CancelHandle,
}

impl Call {
    /// Gives C the handle of a call that was started, if it asked for one.
    pub(crate) fn write_handle(
        handle: CancelHandle,
        out: Option<&mut MaybeUninit<Option<Box<Self>>>>,
    ) {
        if let Some(out) = out {
            out.write(Some(Box::new(Self { handle })));
        }
    }
}

/// A callback as the core takes it: `deliver` gives the outcome to C. What the program did before the call
/// is done before that, and what the callback did is done before somebody who waited for it goes on.
pub(crate) fn callback<T>(
    user_data: UserData,
    deliver: impl FnOnce(UserData, T) + Send + 'static,
) -> impl FnOnce(T) + Send + 'static {
    let handover = Handover::new();
    handover.depart();
    thread_sanitizer::call_begins();
    move |outcome| {
        handover.arrive();
        thread_sanitizer::callbacks_have_returned();
        deliver(user_data, outcome);
        thread_sanitizer::callback_returns();
    }
}

/// Makes a call that waits. What the program did before is done before what it asks for credentials or a
/// response meanwhile, and that has returned afterwards.
pub(crate) fn wait<T>(call: impl FnOnce() -> T) -> T {
    thread_sanitizer::call_begins();
    let outcome = call();
    thread_sanitizer::callbacks_have_returned();
    outcome
}

/// Cancels the call: its callback runs with SEEKAUTH_CANCELLED, unless it has run or is about to run
/// with a result. Other callers that wait for the same token are not disturbed. The API may still carry
/// out a request that was sent already. NULL is accepted.
#[unsafe(no_mangle)]
pub extern "C" fn seekauth_call_cancel(call: Option<&Call>) {
    catch_panic((), || {
        if let Some(call) = call {
            call.handle.cancel();
        }
    });
}

/// Frees the handle and nothing else: the call goes on and its callback still runs. NULL is accepted.
#[unsafe(no_mangle)]
pub extern "C" fn seekauth_call_free(call: Option<Box<Call>>) {
    catch_panic((), || drop(call));
}
