//! Starts and stops the servers. Everything a running sandbox can be asked is on [`Control`], which it lends.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::ops::Deref;

use serde::Serialize;
use tempfile::TempDir;
use tokio::net::{TcpListener, TcpSocket};
use tokio::runtime::Runtime;
use tokio::task::JoinHandle;

use crate::connection::accept;
use crate::control::Control;
use crate::service::Service;
use crate::tls;

/// Connections the kernel may hold before they are accepted; the system's own limit may be lower.
const BACKLOG: u32 = 16_384;

/// How to start a sandbox.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Whether the three services speak https. The foreign server and the admin endpoint never do.
    pub tls: bool,
    /// Whether the journal shows secrets and tokens, for tests that look for them there.
    pub show_secrets: bool,
    /// The address to listen on; 127.0.0.1 unless others than this machine are to reach it, as in a container.
    pub listen: Option<IpAddr>,
    /// The first of five ports that follow each other; free ones of the system's choice unless they must be known before.
    pub first_port: Option<u16>,
    /// The name of this machine in the URLs and in the certificate; by default the address.
    pub host: Option<String>,
}

/// Where a sandbox listens. Base URLs have no trailing slash.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Urls {
    /// Base of the part of auth.seek.com.
    pub auth: String,
    /// The SEEK API token endpoint.
    pub token_url: String,
    /// Base of the part of graphql.seek.com.
    pub graphql: String,
    /// The GraphQL endpoint.
    pub graphql_url: String,
    /// Base of the part of SEEK Pass.
    pub pass: String,
    /// The SEEK Pass token endpoint.
    pub pass_token_url: String,
    /// Base of a server that is not SEEK's, which no token must reach. It never speaks TLS.
    pub foreign: String,
    /// Base of the admin endpoint.
    pub admin: String,
    /// With TLS: the PEM file of the authority to trust. It is removed when the sandbox stops.
    pub ca_file: Option<String>,
}

/// Running servers. Dropping it stops them without waiting; [`stop`](Sandbox::stop) waits until the ports are closed.
#[derive(Debug)]
pub struct Sandbox {
    control: Control,
    accepting: Vec<JoinHandle<()>>,
    runtime: Option<Runtime>,
    _authority: Option<TempDir>,
}

impl Sandbox {
    /// Starts the servers on free loopback ports, as tasks of the current tokio runtime.
    /// A test that blocks its thread while it talks to them needs a runtime with more than one.
    ///
    /// # Errors
    /// When a port cannot be had or, with TLS, the certificate cannot be made or written.
    #[expect(
        clippy::unused_async,
        reason = "a future can only be run where there is a runtime to spawn on"
    )]
    pub async fn start(options: Options) -> io::Result<Sandbox> {
        let (issuer, authority) = if options.tls {
            let (issuer, directory) = tls::prepare(options.host.as_deref())?;
            (Some(issuer), Some(directory))
        } else {
            (None, None)
        };
        let mut listeners = Vec::new();
        let mut bases = Vec::new();
        for (place, service) in (0..).zip(Service::ALL) {
            let listener = listen(&options, place)?;
            let scheme = if options.tls && service.is_secured() { "https" } else { "http" };
            let address = listener.local_addr()?;
            let authority = match &options.host {
                Some(host) => format!("{host}:{}", address.port()),
                None => address.to_string(),
            };
            bases.push(format!("{scheme}://{authority}"));
            listeners.push((service, listener));
        }
        let [auth, graphql, pass, foreign, admin] =
            <[String; 5]>::try_from(bases).map_err(|_| io::Error::other("five services"))?;
        let urls = Urls {
            token_url: format!("{auth}/oauth/token"),
            auth,
            graphql_url: format!("{graphql}/graphql"),
            graphql,
            pass_token_url: format!("{pass}/api/partner/v1/oauth/token.json"),
            pass,
            foreign,
            admin,
            ca_file: authority
                .as_ref()
                .map(|directory| tls::authority_file(directory).display().to_string()),
        };
        let control = Control::new(urls, issuer, options.show_secrets);
        let accepting = listeners
            .into_iter()
            .map(|(service, listener)| {
                let is_secured = options.tls && service.is_secured();
                tokio::spawn(accept(control.clone(), service, listener, is_secured))
            })
            .collect();
        Ok(Sandbox { control, accepting, runtime: None, _authority: authority })
    }

    /// Starts the servers on a runtime of their own, for callers that have none. Must not be called from inside one.
    ///
    /// # Errors
    /// As [`start`](Sandbox::start), and when the runtime's thread cannot be started.
    pub fn start_blocking(options: Options) -> io::Result<Sandbox> {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
        let mut sandbox = runtime.block_on(Sandbox::start(options))?;
        sandbox.runtime = Some(runtime);
        Ok(sandbox)
    }

    /// Closes the ports and every connection, whatever is in progress, and waits until that is done.
    pub async fn stop(mut self) {
        for task in &self.accepting {
            task.abort();
        }
        for task in self.accepting.drain(..) {
            // An aborted task reports that it was cancelled, which is what was asked for.
            let _ = task.await;
        }
    }
}

impl Deref for Sandbox {
    type Target = Control;

    fn deref(&self) -> &Control {
        &self.control
    }
}

impl std::ops::Drop for Sandbox {
    fn drop(&mut self) {
        for task in &self.accepting {
            task.abort();
        }
        if let Some(runtime) = self.runtime.take() {
            // Dropping a runtime inside another one's task would panic; this form may be used anywhere.
            runtime.shutdown_background();
        }
    }
}

/// Listens for the service in that place.
fn listen(options: &Options, place: u16) -> io::Result<TcpListener> {
    let address = options.listen.unwrap_or(Ipv4Addr::LOCALHOST.into());
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    let port = match options.first_port {
        Some(first) => first
            .checked_add(place)
            .ok_or_else(|| io::Error::other("there are not five ports from the first one on"))?,
        None => 0,
    };
    if port != 0 {
        // As servers with a port of their own do: connections of an earlier one may still be closing.
        socket.set_reuseaddr(true)?;
    }
    let address = SocketAddr::new(address, port);
    socket
        .bind(address)
        .map_err(|error| io::Error::new(error.kind(), format!("{address}: {error}")))?;
    socket.listen(BACKLOG)
}
