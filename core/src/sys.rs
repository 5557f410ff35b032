//! The ground: time, threads, randomness, fork and secret memory. Nothing here knows a token.

pub(crate) mod channel;
pub(crate) mod child;
pub(crate) mod clock;
pub(crate) mod count;
pub(crate) mod counter;
pub(crate) mod descriptors;
pub(crate) mod fingerprint;
pub(crate) mod json_members;
pub(crate) mod latch;
pub(crate) mod limit;
pub(crate) mod per_process;
pub(crate) mod process;
pub(crate) mod random;
pub(crate) mod regular_file;
pub(crate) mod runtime;
pub(crate) mod secret;
pub(crate) mod shared_work;
pub(crate) mod task;
pub(crate) mod thread;
pub(crate) mod time_limit;
pub(crate) mod variables;
