//! JavaScript functions that carry a value of Rust's in a data pointer: a method of a class costs ten
//! times as much, most of it in finding the object. No other file makes or frees such pointers.

use std::ffi::c_void;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr;

use napi::bindgen_prelude::{ToNapiValue, Unknown};
use napi::{Env, JsError, check_status, sys};

use crate::error::Outcome;

/// What a function of `N` arguments does; missing ones are `undefined`.
pub trait Callback<const N: usize>: 'static {
    /// Does it, on the thread of `env`, and gives a value of `env` or NULL, which is `undefined`.
    /// Must not unwind.
    fn call(&self, env: Env, arguments: [Unknown<'_>; N]) -> sys::napi_value;
}

/// Becomes a JavaScript function of `N` arguments.
pub struct Function<C, const N: usize>(pub(crate) C);

impl<C: Callback<N>, const N: usize> ToNapiValue for Function<C, N> {
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

impl<C: Callback<N>, const N: usize> Function<C, N> {
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
        // Node does less where no arguments are asked for.
        let (counted, filled) = if N == 0 {
            (ptr::null_mut(), ptr::null_mut())
        } else {
            (&raw mut count, arguments.as_mut_ptr())
        };
        // SAFETY: both handles are the ones that Node passed to this callback, and there is room for
        // `count` arguments, all of which are filled; what is not wanted may be NULL.
        let status = unsafe {
            sys::napi_get_cb_info(env, info, counted, filled, ptr::null_mut(), &raw mut carried)
        };
        if status != sys::Status::napi_ok {
            return ptr::null_mut();
        }
        // SAFETY: the function owns this until `release`, which never runs during a call.
        let function = unsafe { &*carried.cast::<Self>() };
        // SAFETY: the arguments are values of this environment, for as long as this call lasts.
        let arguments = arguments.map(|value| unsafe { Unknown::from_raw_unchecked(env, value) });
        function.0.call(Env::from_raw(env), arguments)
    }

    unsafe extern "C" fn release(_env: sys::napi_env, carried: *mut c_void, _hint: *mut c_void) {
        // SAFETY: Node hands back the pointer that was registered, once.
        let function = unsafe { Box::from_raw(carried.cast::<Self>()) };
        // Dropping may run code of the core; a panic must not unwind into Node.
        let _ = catch_unwind(AssertUnwindSafe(|| drop(function)));
    }
}

/// The JavaScript value of an outcome. What was thrown meanwhile goes on being thrown.
pub(crate) fn value_or_throw<T: ToNapiValue>(env: Env, outcome: Outcome<T>) -> sys::napi_value {
    // SAFETY: `env` is the live environment of this call.
    unsafe { Outcome::to_napi_value(env.raw(), outcome) }.unwrap_or_else(|error| {
        // SAFETY: as above.
        unsafe { JsError::from(error).throw_into(env.raw()) };
        ptr::null_mut()
    })
}
