//! Keeps the host's signals off the library's threads.

/// Blocks all signals on this thread. A thread of the library's own must not run the host's handlers,
/// and a connection that breaks while it is written to must be an error and not SIGPIPE, which ends
/// most C programs.
pub(crate) fn block() {
    #[cfg(unix)]
    {
        // Fails for a malformed set only.
        let _ = nix::sys::signal::SigSet::all().thread_block();
    }
}
