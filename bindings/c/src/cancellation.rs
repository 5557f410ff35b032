//! POSIX cancellation is off while a thread of the program is inside the library. `pthread_cancel` ends a
//! thread by unwinding it from whichever system call it is in, and Rust may not be unwound like that:
//! the process would be aborted. What was asked for meanwhile takes effect when the call has returned.

#[cfg(all(unix, not(target_os = "android")))]
mod state {
    use std::ffi::c_int;

    /// `PTHREAD_CANCEL_DISABLE`.
    pub(super) const OFF: c_int = if cfg!(target_vendor = "apple") { 0 } else { 1 };

    unsafe extern "C" {
        // Any number is answered, an unknown one with an error.
        safe fn pthread_setcancelstate(state: c_int, before: &mut c_int) -> c_int;
    }

    /// Changes the state of this thread and returns what it was.
    pub(super) fn replace(state: c_int) -> c_int {
        let mut before = OFF;
        // Fails for a state that does not exist only.
        let _ = pthread_setcancelstate(state, &mut before);
        before
    }
}

/// Where threads cannot be cancelled.
#[cfg(not(all(unix, not(target_os = "android"))))]
mod state {
    use std::ffi::c_int;

    pub(super) const OFF: c_int = 0;

    pub(super) fn replace(_state: c_int) -> c_int {
        OFF
    }
}

/// This thread cannot be cancelled while it lives.
#[derive(Debug)]
pub(crate) struct Uncancelled {
    before: std::ffi::c_int,
}

impl Uncancelled {
    pub(crate) fn new() -> Self {
        Self { before: state::replace(state::OFF) }
    }
}

impl Drop for Uncancelled {
    fn drop(&mut self) {
        state::replace(self.before);
    }
}
