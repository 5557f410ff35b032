//! The hot call: whether the header value that the façade holds is still fresh. The result is made by
//! hand: a conversion that may fail and throw takes half as many instructions again.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr;
use std::rc::Rc;

use napi::bindgen_prelude::Unknown;
use napi::{Env, sys};
use seekauth::blocking::Client;

use crate::function::{Callback, Function};

/// Says whether the token whose generation was last put in `held` needs nothing done. Never waits.
pub struct Freshness {
    client: Client,
    held: Rc<Cell<u64>>,
}

impl Freshness {
    pub(crate) fn function(client: Client, held: Rc<Cell<u64>>) -> Function<Self, 0> {
        Function(Self { client, held })
    }

    fn is_fresh(&self) -> bool {
        // 0 is no generation: a client that has no fresh token never says that one is held.
        let fresh = self.client.fresh_generation();
        fresh != 0 && fresh == self.held.get()
    }
}

impl Callback<0> for Freshness {
    #[inline]
    fn call(&self, env: Env, []: [Unknown<'_>; 0]) -> sys::napi_value {
        let is_fresh = catch_unwind(AssertUnwindSafe(|| self.is_fresh())).unwrap_or(false);
        let mut value = ptr::null_mut();
        // SAFETY: `env` is the live environment of this call and `value` is a place for the result;
        // should Node refuse, NULL stays there and JavaScript sees `undefined`, which is a no.
        unsafe { sys::napi_get_boolean(env.raw(), is_fresh, &raw mut value) };
        value
    }
}
