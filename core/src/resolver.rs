//! Host names, looked up on threads of its own. A runtime that ends waits for what runs on its blocking
//! threads, so a name server that does not answer would hold up the end of the program.

use std::net::ToSocketAddrs as _;
use std::sync::Arc;
use std::thread;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use tokio::sync::{Semaphore, oneshot};

use crate::per_process::PerProcess;
use crate::signals;

/// Lookups at a time. One that hangs outlives its request, so their number has to have a bound.
const LOOKUPS: usize = 2;

static FREE: PerProcess<Arc<Semaphore>> = PerProcess::new();

pub(crate) struct Resolver;

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let free = FREE.get(|| Arc::new(Semaphore::new(LOOKUPS)));
        Box::pin(async move {
            let permit = Arc::clone(&**free).acquire_owned().await?;
            let (sender, found) = oneshot::channel();
            thread::Builder::new().name("seekauth-dns".to_owned()).spawn(move || {
                signals::block();
                let addresses =
                    (name.as_str(), 0).to_socket_addrs().map(Iterator::collect::<Vec<_>>);
                drop(permit);
                // Nobody listens any more once the request has timed out.
                let _ = sender.send(addresses);
            })?;
            Ok(Box::new(found.await??.into_iter()) as Addrs)
        })
    }
}
