//! One token for many processes: a cache with a lease in front of the token endpoint. Whoever comes
//! first asks the server, the others take over what it got. The store is never a source of truth: it
//! is asked by flights only, and whatever goes wrong with it, a process does what it would do without.

mod backend;
mod checkpoint;
mod clock;
mod crypto;
mod files;
#[cfg(fuzzing)]
pub(crate) mod fuzzing;
mod identity;
mod keys;
mod lease;
#[cfg(unix)]
mod local;
mod observer;
mod offer;
mod places;
mod record;
#[cfg(feature = "redis")]
mod redis;
mod rest;
mod shared;
mod status;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use crate::config::{ResolvedConfig, StorePlace};
use crate::events::Events;
use crate::sys::clock::Clock;
use crate::token_endpoint::source::Issuer;

pub(crate) use backend::Backend;
#[cfg(test)]
pub(crate) use backend::{Claim, Found, Names, Reading, Session, Step, Trouble};
#[cfg(test)]
pub(crate) use record::Stamp;
pub(crate) use shared::SharedSource;
pub use status::StoreStatus;

/// Frees what flights held that ended with the runtime.
pub(crate) fn forget() {
    #[cfg(unix)]
    local::forget();
}

/// The source in front of `issuer` for clients that share; none for those that do not.
pub(crate) fn source(
    config: &Arc<ResolvedConfig>,
    issuer: Arc<dyn Issuer>,
    clock: &Clock,
    events: &Arc<Events>,
) -> Option<Arc<SharedSource>> {
    let store = config.store.clone()?;
    let backend: Arc<dyn Backend> = match &store.place {
        #[cfg(unix)]
        StorePlace::Local(folder) => {
            Arc::new(local::Local::new(folder.clone(), store.timeout, clock.clone()))
        }
        #[cfg(feature = "redis")]
        StorePlace::Redis(server) => {
            let server = server.clone();
            Arc::new(redis::Redis::new(Arc::clone(config), server, store.timeout, clock.clone()))
        }
        // Refused with the settings.
        #[cfg(not(unix))]
        StorePlace::Local(_) => return None,
        #[cfg(not(feature = "redis"))]
        StorePlace::Redis(_) => return None,
    };
    let config = Arc::clone(config);
    let events = Arc::clone(events);
    Some(Arc::new(SharedSource::new(config, store, issuer, backend, clock.clone(), events)))
}
