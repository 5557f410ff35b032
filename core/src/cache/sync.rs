//! What the threads of the slot and its flights meet at. Every build has the ordinary types; the unit tests under
//! `--cfg shuttle` get those of the model checker Shuttle, which decides at each use which thread
//! runs next.

#[cfg(not(all(test, shuttle)))]
pub(crate) use arc_swap::ArcSwapOption;
#[cfg(not(all(test, shuttle)))]
pub(crate) use std::sync::{Mutex, MutexGuard, atomic::AtomicU64};
#[cfg(not(all(test, shuttle)))]
pub(crate) use tokio::{spawn, sync::watch};

#[cfg(all(test, shuttle))]
pub(crate) use modelled::{ArcSwapOption, turn, watch};
#[cfg(all(test, shuttle))]
pub(crate) use shuttle::future::spawn;
#[cfg(all(test, shuttle))]
pub(crate) use shuttle::sync::{Mutex, MutexGuard, atomic::AtomicU64};

#[cfg(test)]
#[cfg(shuttle)]
pub(crate) mod explore;
#[cfg(test)]
#[cfg(shuttle)]
mod modelled;
