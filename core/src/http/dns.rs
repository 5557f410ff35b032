//! Host names, looked up on threads of their own, so that a name server that does not respond
//! delays no other work. Whoever wants the same name at the same time shares one look-up.

use std::future::Future;
use std::io;
use std::net::{SocketAddr, ToSocketAddrs as _};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::vec;

use hyper_util::client::legacy::connect::dns::Name;
use tower_service::Service;

use crate::error::{Error, ErrorKind};
use crate::sys::per_process::PerProcess;
use crate::sys::shared_work::SharedWork;

/// Look-ups at a time, of all names together. One that hangs outlives its request.
const LOOK_UPS: usize = 16;

type Found = Result<Vec<SocketAddr>, (io::ErrorKind, String)>;

static NAMES: PerProcess<SharedWork<String, Found>> = PerProcess::new();

/// Frees what look-ups share. None may be under way.
pub(crate) fn forget() {
    NAMES.clear();
}

/// Looks names up; `loopback_only` leaves all other addresses out.
#[derive(Debug, Clone)]
pub(crate) struct Resolver {
    pub(crate) loopback_only: bool,
}

impl Service<Name> for Resolver {
    type Response = vec::IntoIter<SocketAddr>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Self::Response>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, name: Name) -> Self::Future {
        let loopback_only = self.loopback_only;
        Box::pin(async move {
            let mut found = look_up(name.as_str()).await?;
            if loopback_only {
                found.retain(|address| address.ip().is_loopback());
                if found.is_empty() {
                    let problem = format!(
                        "{} has no loopback address, and plain http is for those alone",
                        name.as_str()
                    );
                    let error = Error::new(ErrorKind::Network, problem).with_retryable(false);
                    return Err(io::Error::other(error));
                }
            }
            Ok(found.into_iter())
        })
    }
}

/// All addresses of a name.
pub(crate) async fn look_up(name: &str) -> io::Result<Vec<SocketAddr>> {
    let names = NAMES.get(|| SharedWork::new("seekauth-dns", LOOK_UPS));
    let key = name.to_owned();
    let wanted = key.clone();
    let found = names.join(&key, move || {
        let found = (wanted.as_str(), 0).to_socket_addrs().map(Iterator::collect);
        found.map_err(|problem| (problem.kind(), problem.to_string()))
    });
    found.await?.map_err(|(kind, problem)| io::Error::new(kind, problem))
}
