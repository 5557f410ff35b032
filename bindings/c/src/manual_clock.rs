//! The clock that tests set by hand, in builds with the feature `manual-clock` only. The header leaves
//! it out: the test programs declare these functions themselves.

use seekauth_core::binding::manual_clock::{self, Which};

use crate::panic::catch_panic;

/// Clients made from now on read the manual clock.
#[unsafe(no_mangle)]
pub extern "C" fn seekauth_test_clock_start() {
    catch_panic((), manual_clock::start);
}

/// Moves the manual clock: 0 both, 1 the monotonic one, 2 the wall clock.
#[unsafe(no_mangle)]
pub extern "C" fn seekauth_test_clock_advance(which: u64, milliseconds: i64) {
    let which = match which {
        1 => Which::Monotonic,
        2 => Which::Wall,
        _ => Which::Both,
    };
    catch_panic((), || manual_clock::advance(which, milliseconds));
}

/// Milliseconds on the manual clock since it was started.
#[unsafe(no_mangle)]
pub extern "C" fn seekauth_test_clock_elapsed_ms() -> u64 {
    catch_panic(0, manual_clock::elapsed_ms)
}
