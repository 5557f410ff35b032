//! A program that is run for what it prints: it gets no input, no signal of the host's is blocked
//! or ignored in it, and what it starts is ended together with it when it takes too long.

use std::process::ExitStatus;

use zeroize::Zeroizing;

#[cfg(not(unix))]
mod elsewhere;
#[cfg(unix)]
mod unix;

#[cfg(not(unix))]
pub(crate) use elsewhere::Child;
#[cfg(unix)]
pub(crate) use unix::Child;

/// How a program came to its end, and what it had printed by then.
#[derive(Debug)]
pub(crate) struct Finished {
    /// Nothing where the host has the system forget its children, or asked for this one itself.
    pub(crate) status: Option<ExitStatus>,
    pub(crate) output: Zeroizing<Vec<u8>>,
}

/// Why a program was ended before it came to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Interrupted {
    TooLong,
    TooMuch,
    Unreadable,
}
