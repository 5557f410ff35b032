//! JavaScript functions that carry a value of Rust's in a data pointer: a method of a class costs ten
//! times as much, most of it in finding the object. The hot question in `freshness` is one of these
//! as well, made by hand, because arguments and results that are not there still cost it a fifth.

use std::ffi::c_void;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr;
use std::rc::Rc;

use napi::bindgen_prelude::{ToNapiValue, Unknown};
use napi::{Env, JsError, Status, check_status, sys};

/// What a function does with its state and its arguments; missing ones are `undefined`.
pub(crate) type Body<S, R, const N: usize> = fn(&S, Env, [Unknown<'_>; N]) -> napi::Result<R>;

/// Becomes a JavaScript function of `N` arguments.
pub struct Function<S: 'static, R: ToNapiValue + 'static, const N: usize> {
    pub(crate) state: Rc<S>,
    pub(crate) body: Body<S, R, N>,
}

impl<S: 'static, R: ToNapiValue + 'static, const N: usize> ToNapiValue for Function<S, R, N> {
    unsafe fn to_napi_value(env: sys::napi_env, function: Self) -> napi::Result<sys::napi_value> {
        let carried = Box::into_raw(Box::new(function)).cast::<c_void>();
        // SAFETY: `env` is the live environment of this call and `carried` was boxed just above.
        let made = unsafe { Self::owning(env, carried) };
        if made.is_err() {
            // SAFETY: no finalizer was registered, and JavaScript never saw a function that could
            // still read the pointer, so this is its only owner.
            drop(unsafe { Box::from_raw(carried.cast::<Self>()) });
        }
        made
    }
}

impl<S: 'static, R: ToNapiValue + 'static, const N: usize> Function<S, R, N> {
    /// # Safety
    /// `env` must be live on this thread; `carried` must come from a `Box<Self>`, which belongs to
    /// the returned function from then on, and stays the caller's in case of an error.
    unsafe fn owning(env: sys::napi_env, carried: *mut c_void) -> napi::Result<sys::napi_value> {
        let mut function = ptr::null_mut();
        // SAFETY: no name is given, `call` has the signature that Node-API asks for, and `function`
        // is a place for the result.
        check_status!(unsafe {
            sys::napi_create_function(
                env,
                ptr::null(),
                0,
                Some(Self::call),
                carried,
                &raw mut function,
            )
        })?;
        // SAFETY: `function` was just made. Node runs `release` once, when nothing can call the
        // function any more: after it was collected, or at the end of the environment.
        check_status!(unsafe {
            sys::napi_add_finalizer(
                env,
                function,
                carried,
                Some(Self::release),
                ptr::null_mut(),
                ptr::null_mut(),
            )
        })?;
        Ok(function)
    }

    unsafe extern "C" fn call(
        env: sys::napi_env,
        info: sys::napi_callback_info,
    ) -> sys::napi_value {
        let mut arguments = [ptr::null_mut(); N];
        let mut count = N;
        let mut carried = ptr::null_mut();
        // SAFETY: both handles are the ones that Node passed to this callback, and there is room for
        // `count` arguments, all of which are filled; what is not wanted may be NULL.
        let status = unsafe {
            sys::napi_get_cb_info(
                env,
                info,
                &raw mut count,
                arguments.as_mut_ptr(),
                ptr::null_mut(),
                &raw mut carried,
            )
        };
        if status != sys::Status::napi_ok {
            return ptr::null_mut();
        }
        let work = AssertUnwindSafe(|| {
            // SAFETY: the function owns this until `release`, which never runs during a call.
            let function = unsafe { &*carried.cast::<Self>() };
            // SAFETY: the arguments are values of this environment, for as long as this call lasts.
            let arguments =
                arguments.map(|value| unsafe { Unknown::from_raw_unchecked(env, value) });
            let result = (function.body)(&function.state, Env::from_raw(env), arguments)?;
            // SAFETY: `env` is passed on as it was received.
            unsafe { R::to_napi_value(env, result) }
        });
        let outcome = catch_unwind(work).unwrap_or_else(|_| {
            Err(napi::Error::new(Status::GenericFailure, "seekauth met a bug of its own"))
        });
        outcome.unwrap_or_else(|error| {
            // SAFETY: as above.
            unsafe { JsError::from(error).throw_into(env) };
            ptr::null_mut()
        })
    }

    unsafe extern "C" fn release(_env: sys::napi_env, carried: *mut c_void, _hint: *mut c_void) {
        // SAFETY: Node hands back the pointer that was registered, once.
        let function = unsafe { Box::from_raw(carried.cast::<Self>()) };
        // Dropping may run code of the core; a panic must not unwind into Node.
        let _ = catch_unwind(AssertUnwindSafe(|| drop(function)));
    }
}
