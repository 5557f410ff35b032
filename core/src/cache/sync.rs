//! The types through which the threads of a slot and its flights meet. Every build has the ordinary
//! ones; the unit tests under `--cfg shuttle` get those of the model checker Shuttle, which decides
//! at each use which thread runs next.

#[cfg(not(all(test, shuttle)))]
pub(crate) use arc_swap::ArcSwapOption;
#[cfg(not(all(test, shuttle)))]
pub(crate) use std::sync::{Mutex, MutexGuard, atomic::AtomicU64};
#[cfg(not(all(test, shuttle)))]
pub(crate) use tokio::sync::watch;

#[cfg(all(test, shuttle))]
pub(crate) use crate::cache::tests::shuttle_types::{ArcSwapOption, switch_point, watch};
#[cfg(all(test, shuttle))]
pub(crate) use shuttle::sync::{Mutex, MutexGuard, atomic::AtomicU64};
