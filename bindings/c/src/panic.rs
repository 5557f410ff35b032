//! Panics end at the C interface: every entry point that could meet one runs inside [`catch_panic`],
//! or inside `catch_error` of `error`, so that a panic becomes a value and never unwinds into C.

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::cancellation::Uncancelled;

/// Runs `call`. A panic in it gives `default`, and the thread is not cancelled meanwhile.
pub(crate) fn catch_panic<R>(default: R, call: impl FnOnce() -> R) -> R {
    let _whole_call = Uncancelled::new();
    catch_panic_only(default, call)
}

/// [`catch_panic`] for a call whose usual way has no point at which a thread is cancelled, and for which
/// two further calls would count.
pub(crate) fn catch_panic_only<R>(default: R, call: impl FnOnce() -> R) -> R {
    // State that a panic leaves half done belongs to the object it happened in, and the core's
    // objects are made to be seen by other threads at any moment.
    catch_unwind(AssertUnwindSafe(call)).unwrap_or(default)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_becomes_the_stated_value() {
        assert_eq!(catch_panic(7, || panic!("tiger")), 7);
        assert_eq!(catch_panic(7, || 8), 8);
    }
}
