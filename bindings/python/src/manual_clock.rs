//! The clock that tests set by hand, and failures that they cannot cause, for the tests that drive this
//! binding. Released wheels are built without this file.

use pyo3::prelude::*;
use pyo3::wrap_pyfunction;
use seekauth::binding::manual_clock::{self, Which};

pub(crate) fn add_to(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(test_clock_start, module)?)?;
    module.add_function(wrap_pyfunction!(test_clock_stop, module)?)?;
    module.add_function(wrap_pyfunction!(test_clock_advance, module)?)?;
    module.add_function(wrap_pyfunction!(test_clock_elapsed_ms, module)?)?;
    module.add_function(wrap_pyfunction!(crate::panic::test_panic, module)?)?;
    module.add_function(wrap_pyfunction!(crate::call::test_lost_call, module)?)
}

/// Clients made from now on read the clock that stands still until moved.
#[pyfunction]
fn test_clock_start() {
    manual_clock::start();
}

/// Clients made from now on read the system's clocks again.
#[pyfunction]
fn test_clock_stop() {
    manual_clock::stop();
}

/// Moves both clocks (0), the monotonic one (1) or the wall clock (2).
#[pyfunction]
fn test_clock_advance(which: u64, milliseconds: i64) {
    let which = match which {
        0 => Which::Both,
        1 => Which::Monotonic,
        _ => Which::Wall,
    };
    manual_clock::advance(which, milliseconds);
}

/// Milliseconds that the clock has been moved since it was started.
#[pyfunction]
fn test_clock_elapsed_ms() -> u64 {
    manual_clock::elapsed_ms()
}
