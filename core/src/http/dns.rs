//! Host names, looked up on threads of their own, so that a name server that does not respond
//! delays no other work.

use std::net::ToSocketAddrs as _;
use std::sync::Arc;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use tokio::sync::Semaphore;

use crate::sys::per_process::PerProcess;
use crate::sys::thread::run_detached;

/// Lookups at a time. One that hangs outlives its request, so their number has to have a bound.
const LOOKUPS: usize = 2;

static FREE: PerProcess<Arc<Semaphore>> = PerProcess::new();

pub(crate) struct Resolver;

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let free = FREE.get(|| Arc::new(Semaphore::new(LOOKUPS)));
        Box::pin(async move {
            let permit = Arc::clone(&**free).acquire_owned().await?;
            let found = run_detached("seekauth-dns", move || {
                let _permit = permit;
                (name.as_str(), 0).to_socket_addrs().map(Iterator::collect::<Vec<_>>)
            })?;
            Ok(Box::new(found.await??.into_iter()) as Addrs)
        })
    }
}
