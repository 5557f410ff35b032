//! A manual clock for all clients of the process. Only builds with the feature `manual-clock` contain it, and
//! no released artefact has that feature.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use super::manual::ManualClock;
pub use super::manual::Which;

static STARTED: AtomicBool = AtomicBool::new(false);
static PROCESS: OnceLock<ManualClock> = OnceLock::new();

/// Clients made from now on read the process-wide manual clock, which stands still until moved.
pub fn start() {
    process();
    STARTED.store(true, Ordering::Release);
}

/// Clients made from now on read the system's clocks again.
pub fn stop() {
    STARTED.store(false, Ordering::Release);
}

/// Moves the process-wide manual clock by so many milliseconds; a negative step is for the wall
/// clock only, since the monotonic one never goes back.
pub fn advance(which: Which, milliseconds: i64) {
    process().advance(which, milliseconds);
}

/// Milliseconds on the process-wide manual clock since it was made.
#[must_use]
pub fn elapsed_ms() -> u64 {
    let clock = process();
    clock.elapsed_ms()
}

/// The process-wide manual clock once a test has started it.
pub(super) fn started() -> Option<ManualClock> {
    STARTED.load(Ordering::Acquire).then(|| process().clone())
}

fn process() -> &'static ManualClock {
    PROCESS.get_or_init(ManualClock::new)
}
