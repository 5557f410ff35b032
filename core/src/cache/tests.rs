//! Tests of the cache as a whole: the engine on virtual time, histories of many days, a simulated
//! fleet, and the interleavings that the model checker Shuttle explores.

mod expiry;
mod fleet;
mod histories;
mod model_server;
mod model_store;
mod refresher;
mod shared_histories;
#[cfg(shuttle)]
mod shuttle_explore;
#[cfg(shuttle)]
mod shuttle_harness;
#[cfg(shuttle)]
mod shuttle_refresher;
#[cfg(shuttle)]
mod shuttle_slot;
#[cfg(shuttle)]
mod shuttle_store;
#[cfg(shuttle)]
pub(super) mod shuttle_types;
