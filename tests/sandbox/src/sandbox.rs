//! Starts and stops the servers. Everything a running sandbox can be asked is on [`Control`], which it lends.

use std::io;
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
            let (issuer, directory) = tls::prepare()?;
            (Some(issuer), Some(directory))
        } else {
            (None, None)
        };
        let mut listeners = Vec::new();
        let mut bases = Vec::new();
        for service in Service::ALL {
            let listener = listen()?;
            let scheme = if options.tls && service.is_secured() { "https" } else { "http" };
            bases.push(format!("{scheme}://{}", listener.local_addr()?));
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

fn listen() -> io::Result<TcpListener> {
    let socket = TcpSocket::new_v4()?;
    socket.bind(([127, 0, 0, 1], 0).into())?;
    socket.listen(BACKLOG)
}
