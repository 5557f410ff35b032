//! Which process this is. A process id alone does not tell a forked child from its parent: it is
//! given out again, and the first process of a new pid namespace always has the same.

use std::process;

/// The process that made this value.
#[derive(Debug, Clone)]
pub(crate) struct ProcessMark {
    /// Counts forks. The system refuses it only when it is out of memory.
    #[cfg(unix)]
    forks: Option<forkguard::atfork::Guard>,
    /// Notices children made by a bare `clone`, for which no fork handler runs.
    id: u32,
}

impl ProcessMark {
    pub(crate) fn new() -> Self {
        Self {
            #[cfg(unix)]
            forks: forkguard::atfork::Guard::try_new().ok(),
            id: process::id(),
        }
    }

    /// Whether this still is that process, and not a forked child of it.
    pub(crate) fn is_here(&self) -> bool {
        #[cfg(unix)]
        if self.forks.as_ref().is_some_and(|forks| forks.clone().detected_fork()) {
            return false;
        }
        self.id == process::id()
    }
}
