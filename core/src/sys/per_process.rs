//! A value that belongs to one process. After `fork()` a lock may be held by a thread that does
//! not exist in the child, a socket is shared with the parent, and a thread pool has no threads;
//! so the child lets the inherited value lie, untouched and never dropped, and makes its own.

use std::mem;
use std::ops::Deref;
use std::sync::Arc;

use arc_swap::ArcSwapOption;

use crate::sys::process::ProcessMark;

#[derive(Debug)]
pub(crate) struct PerProcess<T>(ArcSwapOption<Owned<T>>);

/// The value of the process that asked for it.
#[derive(Debug)]
pub(crate) struct Owned<T> {
    process: ProcessMark,
    value: T,
}

impl<T> PerProcess<T> {
    pub(crate) const fn new() -> Self {
        Self(ArcSwapOption::const_empty())
    }

    /// This process's value, made by `make` when the process asks for the first time. Two threads
    /// may both make one at first; one of the two is kept, so `make` must be cheap and pure.
    pub(crate) fn get(&self, make: impl Fn() -> T) -> Arc<Owned<T>> {
        loop {
            let current = self.0.load_full();
            if let Some(owned) = current.as_ref().filter(|owned| owned.process.is_here()) {
                return Arc::clone(owned);
            }
            let fresh = Arc::new(Owned { process: ProcessMark::new(), value: make() });
            let previous = self.0.compare_and_swap(&current, Some(fresh));
            // Whatever was replaced belongs to the parent: dropping it could take a dead lock or
            // speak on a shared socket.
            if previous.as_ref().map(Arc::as_ptr) == current.as_ref().map(Arc::as_ptr) {
                mem::forget(current);
            }
        }
    }

    /// This process's value, if it has made one.
    pub(crate) fn current(&self) -> Option<Arc<Owned<T>>> {
        self.0.load_full().filter(|owned| owned.process.is_here())
    }

    /// Whether this is the value that the next [`get`](Self::get) gives.
    pub(crate) fn is_current(&self, value: &Arc<Owned<T>>) -> bool {
        self.current().is_some_and(|current| Arc::ptr_eq(&current, value))
    }

    /// Lets go of this process's value; one that was inherited is left as it is.
    pub(crate) fn clear(&self) {
        if let Some(owned) = self.0.swap(None)
            && !owned.process.is_here()
        {
            mem::forget(owned);
        }
    }
}

impl<T> Deref for Owned<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_process_has_one_value() {
        let cell = PerProcess::new();
        let first = cell.get(|| 1);
        let second = cell.get(|| 2);
        assert!(Arc::ptr_eq(&first, &second));
        assert_eq!(**second, 1);
    }
}
