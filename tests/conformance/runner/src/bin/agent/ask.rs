//! The arguments of a request to the agent, and what it says when it does not understand them.

use std::fmt::Display;
use std::time::Duration;

use seekauth::binding::manual_clock::Which;
use seekauth::{Error, ErrorKind};
use seekauth_runner::wire::Fields;

pub(crate) type Result<T, E = Error> = std::result::Result<T, E>;

/// The arguments of a request.
#[derive(Clone, Copy)]
pub(crate) struct Ask<'a>(pub(crate) &'a Fields);

impl<'a> Ask<'a> {
    pub(crate) fn some(self, name: &str) -> Option<&'a str> {
        self.0.get(name).map(String::as_str)
    }

    pub(crate) fn text(self, name: &str) -> Result<&'a str> {
        self.some(name).ok_or_else(|| misuse(format!("the argument {name} is missing")))
    }

    pub(crate) fn number(self, name: &str) -> Result<i64> {
        self.text(name)?.parse().map_err(misuse)
    }

    pub(crate) fn count(self, name: &str) -> Result<usize> {
        self.text(name)?.parse().map_err(misuse)
    }

    pub(crate) fn is(self, name: &str) -> bool {
        self.some(name) == Some("true")
    }

    pub(crate) fn timeout(self) -> Result<Option<Duration>> {
        let Some(text) = self.some("timeout_ms") else { return Ok(None) };
        text.parse().map(|ms| Some(Duration::from_millis(ms))).map_err(misuse)
    }

    pub(crate) fn which(self) -> Result<Which> {
        match self.text("which")? {
            "both" => Ok(Which::Both),
            "monotonic" => Ok(Which::Monotonic),
            "wall" => Ok(Which::Wall),
            other => Err(misuse(format!("unknown clock {other}"))),
        }
    }
}

/// The driver and the agent do not understand each other: no error of the library.
pub(crate) fn misuse(problem: impl Display) -> Error {
    Error::new(ErrorKind::InvalidArgument, format!("agent: {problem}"))
}
