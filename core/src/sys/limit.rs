//! Limits of the system that a program can meet at any moment: no further thread, process,
//! descriptor or memory. They pass, so they are never a mistake in the configuration.

use std::io;

use crate::error::{Error, ErrorKind};

/// The limit that the system's refusal names, if it is one.
#[cfg(unix)]
pub(crate) fn reached(problem: &io::Error) -> Option<&'static str> {
    use rustix::io::Errno;

    match problem.raw_os_error().map(Errno::from_raw_os_error)? {
        Errno::AGAIN => Some(
            "no further thread or process is allowed (RLIMIT_NPROC, the pids limit of its control group, or memory)",
        ),
        Errno::MFILE => Some("no descriptor is left to this process (RLIMIT_NOFILE)"),
        Errno::NFILE => Some("no descriptor is left on this machine (fs.file-max)"),
        Errno::NOMEM => Some("no memory is left (RLIMIT_AS, or the limit of its control group)"),
        _ => None,
    }
}

/// Elsewhere no such refusal has a number that says so.
#[cfg(not(unix))]
pub(crate) fn reached(_problem: &io::Error) -> Option<&'static str> {
    None
}

/// What went wrong, in words without a path: the limit, or the kind of failure.
pub(crate) fn words(problem: &io::Error) -> String {
    reached(problem).map_or_else(|| problem.kind().to_string(), str::to_owned)
}

/// The error for `what` that the system refused.
pub(crate) fn refused(what: &str, problem: &io::Error) -> Error {
    let message = format!("the system refused {what}: {}", words(problem));
    Error::new(ErrorKind::Unavailable, message)
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn limits_are_named_and_other_failures_are_not_taken_for_them() {
        let of = |errno: rustix::io::Errno| words(&io::Error::from(errno));
        assert!(of(rustix::io::Errno::MFILE).contains("RLIMIT_NOFILE"));
        assert!(of(rustix::io::Errno::AGAIN).contains("RLIMIT_NPROC"));
        assert_eq!(of(rustix::io::Errno::NOENT), "entity not found");
        assert!(reached(&io::Error::other("s3cret")).is_none());
    }
}
