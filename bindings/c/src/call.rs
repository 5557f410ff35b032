//! A call that was started and has not ended: the handle to give it up by.

use std::mem::MaybeUninit;

use seekauth_core::host::Waiter;

use crate::panic::guard;

/// An asynchronous call on its way. Whoever receives one frees it with seekauth_request_free, before
/// or after the callback has run. Any number of threads may use it at once.
#[derive(Debug)]
pub struct Request {
    waiter: Waiter,
}

impl Request {
    /// Gives C the handle of a call that was started, if it wants it.
    pub(crate) fn hand_out(waiter: Waiter, to: Option<&mut MaybeUninit<Option<Box<Self>>>>) {
        if let Some(to) = to {
            to.write(Some(Box::new(Self { waiter })));
        }
    }
}

/// Gives up the call: its callback runs with SEEKAUTH_CANCELLED, unless it has run or is about to
/// run with a result. Other callers waiting for the same token are not disturbed, and what the API was
/// sent already it may carry out all the same. NULL is accepted.
#[unsafe(no_mangle)]
pub extern "C" fn seekauth_request_cancel(request: Option<&Request>) {
    guard((), || {
        if let Some(request) = request {
            request.waiter.cancel();
        }
    });
}

/// Frees the handle and nothing else: the call goes on and its callback still runs. NULL is accepted.
#[unsafe(no_mangle)]
pub extern "C" fn seekauth_request_free(request: Option<Box<Request>>) {
    guard((), || drop(request));
}
