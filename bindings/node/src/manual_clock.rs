//! The clock that tests set by hand, and failures on demand. Released libraries contain neither.

use napi_derive::napi;
use seekauth::binding::manual_clock::{self, Which};
use seekauth::{Error, ErrorKind};

use crate::error::Outcome;
use crate::number;

/// Clients made from now on read the manual clock.
#[napi]
pub fn test_clock_start() {
    manual_clock::start();
}

/// Moves both clocks (0), the monotonic one (1) or the wall clock (2) by so many milliseconds.
///
/// # Errors
///
/// Any other number for `which`.
#[napi]
pub fn test_clock_advance(which: u32, ms: i64) -> napi::Result<()> {
    let which = match which {
        0 => Which::Both,
        1 => Which::Monotonic,
        2 => Which::Wall,
        _ => return Err(napi::Error::from_reason("which must be 0, 1 or 2")),
    };
    manual_clock::advance(which, ms);
    Ok(())
}

/// Milliseconds on the manual clock since it was started.
#[napi]
pub fn test_clock_elapsed_ms() -> f64 {
    number(manual_clock::elapsed_ms())
}

/// A failure of the kind with this number.
#[napi]
pub fn test_failure(number: i32) -> Outcome<()> {
    let kind = ErrorKind::from_code(number).unwrap_or(ErrorKind::Internal);
    Err(Error::new(kind, kind.meaning())).into()
}
