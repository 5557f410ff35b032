//! The hot question, *is the header value you hold still good?*, as a raw Node-API function that
//! carries what it needs in a data pointer: an ordinary method costs ten times as much. This and
//! `function` are the only files that handle pointers.

use std::cell::Cell;
use std::ffi::c_void;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr;
use std::rc::Rc;

use napi::bindgen_prelude::ToNapiValue;
use napi::{check_status, sys};
use seekauth::host::Client;

/// Becomes a JavaScript function without arguments. It says whether the token whose generation was
/// last put in `held` needs nothing done, and never waits or throws.
pub struct Freshness {
    pub(crate) client: Client,
    pub(crate) held: Rc<Cell<u64>>,
}

impl Freshness {
    fn holds(&self) -> bool {
        // 0 is no generation: a client that has no fresh token never says that one is held.
        let fresh = self.client.fresh_generation();
        fresh != 0 && fresh == self.held.get()
    }
}

const NAME: &str = "freshness";

impl ToNapiValue for Freshness {
    unsafe fn to_napi_value(env: sys::napi_env, question: Self) -> napi::Result<sys::napi_value> {
        let question = Box::into_raw(Box::new(question)).cast::<c_void>();
        // SAFETY: `env` is the live environment of this call and `question` was boxed just above.
        let function = unsafe { function_that_owns(env, question) };
        if function.is_err() {
            // SAFETY: no finalizer was registered, and JavaScript never saw a function that could
            // still read the pointer, so this is its only owner.
            drop(unsafe { Box::from_raw(question.cast::<Freshness>()) });
        }
        function
    }
}

/// # Safety
/// `env` must be live on this thread; `question` must come from a `Box<Freshness>`, which belongs to
/// the returned function from then on, and stays the caller's in case of an error.
unsafe fn function_that_owns(
    env: sys::napi_env,
    question: *mut c_void,
) -> napi::Result<sys::napi_value> {
    let mut function = ptr::null_mut();
    // SAFETY: NAME is valid for its length, `answer` has the signature that Node-API asks for, and
    // `function` is a place for the result.
    check_status!(unsafe {
        sys::napi_create_function(
            env,
            NAME.as_ptr().cast(),
            NAME.len().cast_signed(),
            Some(answer),
            question,
            &raw mut function,
        )
    })?;
    // SAFETY: `function` was just made. Node runs `release` once, when nothing can call the function
    // any more: after it was collected, or at the end of the environment.
    check_status!(unsafe {
        sys::napi_add_finalizer(
            env,
            function,
            question,
            Some(release),
            ptr::null_mut(),
            ptr::null_mut(),
        )
    })?;
    Ok(function)
}

unsafe extern "C" fn answer(env: sys::napi_env, info: sys::napi_callback_info) -> sys::napi_value {
    let mut question = ptr::null_mut();
    // SAFETY: both handles are the ones that Node passed to this callback; what is not wanted may
    // be NULL.
    let status = unsafe {
        sys::napi_get_cb_info(
            env,
            info,
            ptr::null_mut(),
            ptr::null_mut(),
            ptr::null_mut(),
            &raw mut question,
        )
    };
    let holds = status == sys::Status::napi_ok && {
        // SAFETY: the function owns this until `release`, which never runs during a call.
        let question = unsafe { &*question.cast::<Freshness>() };
        catch_unwind(AssertUnwindSafe(|| question.holds())).unwrap_or(false)
    };
    let mut answer = ptr::null_mut();
    // SAFETY: `env` is live and `answer` is a place for the result; should Node refuse, NULL stays
    // there and JavaScript sees `undefined`, which is a no.
    unsafe { sys::napi_get_boolean(env, holds, &raw mut answer) };
    answer
}

unsafe extern "C" fn release(_env: sys::napi_env, question: *mut c_void, _hint: *mut c_void) {
    // SAFETY: Node hands back the pointer that was registered, once.
    let question = unsafe { Box::from_raw(question.cast::<Freshness>()) };
    // An unwinding drop must not cross into Node.
    let _ = catch_unwind(AssertUnwindSafe(|| drop(question)));
}
