//! A JavaScript function that is held weakly, unless it is said to be kept. No other file makes or
//! frees such references.

use std::marker::PhantomData;
use std::ptr;

use napi::bindgen_prelude::{FromNapiValue, Function, JsValuesTupleIntoVec};
use napi::{Env, JsValue, Result, check_status, sys};

/// A reference to a function of these arguments, which may be collected while nothing else holds it.
/// Like all values of JavaScript it belongs to one thread.
pub(crate) struct WeakFunction<A> {
    env: sys::napi_env,
    reference: sys::napi_ref,
    arguments: PhantomData<A>,
}

impl<A: JsValuesTupleIntoVec> WeakFunction<A> {
    pub(crate) fn new(env: Env, function: &Function<'_, A, ()>) -> Result<Self> {
        let mut reference = ptr::null_mut();
        // SAFETY: `function` is a value of this live environment, and `reference` a place for the
        // result.
        check_status!(unsafe {
            sys::napi_create_reference(env.raw(), function.raw(), 0, &raw mut reference)
        })?;
        Ok(Self { env: env.raw(), reference, arguments: PhantomData })
    }

    /// The function; none once it was collected.
    pub(crate) fn get<'a>(&self, env: Env) -> Option<Function<'a, A, ()>> {
        let mut function = ptr::null_mut();
        // SAFETY: `env` is live, and the reference is its own until it is dropped.
        let status =
            unsafe { sys::napi_get_reference_value(env.raw(), self.reference, &raw mut function) };
        if status != sys::Status::napi_ok || function.is_null() {
            return None;
        }
        // SAFETY: `function` is the function that the reference was made for.
        unsafe { Function::from_napi_value(env.raw(), function) }.ok()
    }

    /// Keeps the function, until `release`.
    pub(crate) fn keep(&self) {
        // SAFETY: this is a thread with a live environment, whose reference it is. A function that is
        // gone needs no keeping.
        unsafe { sys::napi_reference_ref(self.env, self.reference, ptr::null_mut()) };
    }

    /// Takes one `keep` back.
    pub(crate) fn release(&self) {
        // SAFETY: as in `keep`.
        unsafe { sys::napi_reference_unref(self.env, self.reference, ptr::null_mut()) };
    }
}

impl<A> Drop for WeakFunction<A> {
    fn drop(&mut self) {
        // SAFETY: as in `keep`: owners are dropped by finalizers, which run before their environment
        // has ended. Nothing uses the reference afterwards.
        unsafe { sys::napi_delete_reference(self.env, self.reference) };
    }
}
