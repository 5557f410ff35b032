//! Interim responses (RFC 9110, 15.2): a few are skipped, and a server that sends them without end
//! is told from one that thinks.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use tokio::sync::Notify;

use crate::error::{Error, ErrorKind};

/// More than any server has to say beforehand.
const LIMIT: u32 = 100;

pub(crate) struct Interim(Arc<Count>);

#[derive(Default)]
struct Count {
    seen: AtomicU32,
    reached: Notify,
}

impl Interim {
    /// Counts those of one request.
    pub(crate) fn watch<B>(request: &mut http::Request<B>) -> Self {
        let count = Arc::new(Count::default());
        let seen = Arc::clone(&count);
        hyper::ext::on_informational(request, move |_| {
            if seen.seen.fetch_add(1, Ordering::Relaxed) + 1 == LIMIT {
                seen.reached.notify_one();
            }
        });
        Self(count)
    }

    /// Returns when there have been too many.
    pub(crate) async fn too_many(&self) {
        self.0.reached.notified().await;
    }

    pub(crate) fn error() -> Error {
        Error::new(
            ErrorKind::Protocol,
            format!(
                "the server sent {LIMIT} interim responses and no real one; check the address and what stands in between"
            ),
        )
    }
}
