//! How long things may take before the driver gives them up. Generous, so that no verdict depends on
//! how fast the machine is.

use std::time::Duration;

/// How long things may take, in real time. Only an expectation that fails ever waits so long, but
/// for `settled`.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// How long a case may take before it counts as hanging.
    pub case: Duration,
    /// How long a step with `eventually` may take.
    pub patience: Duration,
    /// How long the requests have to stay as they are expected. Nothing announces one that nobody
    /// wants.
    pub settled: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            case: Duration::from_secs(60),
            patience: Duration::from_secs(30),
            settled: Duration::from_millis(25),
        }
    }
}
