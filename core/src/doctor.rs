//! Whether a configuration works, stage by stage, and if not, what to do: the settings and where they come
//! from, the way to both hosts, TLS, the clock, a token, the API. Every stage goes the way that a client goes,
//! through its own code, so that what is seen is what a client meets.
//!
//! Nothing of it holds a secret or a token, so that all of it may be shown to others.

mod api;
mod certificate;
mod clock;
mod examination;
mod host;
mod identity;
mod process;
mod recorder;
mod report;
mod settings;
mod stage;
mod store;
mod token;

pub use examination::{Examination, Extent, examine};
pub use identity::whoami;
pub use stage::{Fact, Outcome, Stage};
