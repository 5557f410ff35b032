//! Where a client's store is.

use std::sync::Arc;
use std::time::Duration;

use crate::config::{RedisServer, ResolvedConfig};
use crate::sys::clock::Clock;

/// Where the server is and how it is spoken to.
pub(super) struct Server {
    pub(super) config: Arc<ResolvedConfig>,
    pub(super) redis: RedisServer,
    /// How long one step may take, connecting included.
    pub(super) timeout: Duration,
    pub(super) clock: Clock,
}
