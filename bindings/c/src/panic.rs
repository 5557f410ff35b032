//! The wall between Rust and C: every entry point runs inside one of these two functions, so a
//! panic becomes a value and never unwinds into C.

use std::panic::{AssertUnwindSafe, catch_unwind};

use seekauth_core::ErrorKind;

use crate::error::Error;

/// Runs `call`; a panic in it gives `otherwise`. For entry points that cannot fail.
pub(crate) fn guard<R>(otherwise: R, call: impl FnOnce() -> R) -> R {
    // Whatever a panic leaves half done belongs to the object it happened in, and the core's
    // objects are made to be seen by other threads at any moment.
    catch_unwind(AssertUnwindSafe(call)).unwrap_or(otherwise)
}

/// Runs `call`; its failure, or the internal error after a panic, is what C receives. NULL is success.
pub(crate) fn attempt(
    call: impl FnOnce() -> Result<(), seekauth_core::Error>,
) -> Option<Box<Error>> {
    match catch_unwind(AssertUnwindSafe(call)) {
        Ok(Ok(())) => None,
        Ok(Err(error)) => Some(Box::new(Error::new(error))),
        Err(_) => Some(Box::new(Error::new(seekauth_core::Error::new(
            ErrorKind::Internal,
            "a bug in seekauth was met; please report how",
        )))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_becomes_the_internal_error() {
        let error = attempt(|| panic!("tiger"));
        let error = error.map(|error| error.cause().clone());
        assert_eq!(error.as_ref().map(seekauth_core::Error::kind), Some(ErrorKind::Internal));
        assert!(error.is_some_and(|error| !error.message().contains("tiger")));
    }

    #[test]
    fn a_panic_becomes_the_stated_value() {
        assert_eq!(guard(7, || panic!("tiger")), 7);
        assert_eq!(guard(7, || 8), 8);
    }
}
