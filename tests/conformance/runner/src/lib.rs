//! The driver of the cases in `tests/conformance/cases`: one suite as data, run through the public API of every
//! language by a small agent each. The driver starts the sandbox, decides and compares; an agent
//! only calls and reports. `tests/conformance/cases/README.md` describes the format of a case and the protocol.

#![forbid(unsafe_code)]

pub mod adapter;
pub mod arrival;
pub mod bounds;
pub mod case;
pub mod expectation;
pub mod folder;
pub mod kind;
pub mod leak;
pub mod limits;
pub mod matcher;
pub mod preset;
pub mod process;
pub mod request;
pub mod run;
pub mod suite;
pub mod table;
pub mod variables;
pub mod verb;
pub mod wire;
