//! Makes connections: the address, the proxy, TLS. All of it together takes no longer than
//! `connect_timeout`.

use std::future::Future;
use std::io;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use http::Uri;
use hyper_util::client::legacy::connect::HttpConnector;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tower_service::Service;

use crate::config::ResolvedConfig;
use crate::error::Error;
use crate::http::dns::Resolver;
use crate::http::failure::{BoxError, cause};
use crate::http::proxies::{Proxies, ProxyServer};
use crate::http::stream::{Stream, Wire, above_standard_streams};
use crate::http::trust::{Trust, Versions};
use crate::http::tunnel;

/// A dead peer of an idle connection is noticed by the kernel.
const TCP_KEEP_ALIVE: Duration = Duration::from_secs(15);
const TCP_PROBES: u32 = 3;
/// Written data that nobody acknowledges ends a connection after this long.
#[cfg(target_os = "linux")]
const TCP_UNACKNOWLEDGED: Duration = Duration::from_secs(30);

#[derive(Clone)]
pub(crate) struct Connector {
    pub(crate) config: Arc<ResolvedConfig>,
    pub(crate) proxies: Arc<Proxies>,
    pub(crate) trust: Arc<Trust>,
    pub(crate) versions: Versions,
}

impl Service<Uri> for Connector {
    type Response = Stream;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Stream, BoxError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let connector = self.clone();
        Box::pin(async move {
            let allowed = connector.config.connect_limit();
            let connecting = tokio::time::timeout(allowed.left, connector.connect(&uri));
            let too_slow = |_| {
                let message = format!("connecting took longer than {allowed}");
                io::Error::new(io::ErrorKind::TimedOut, message)
            };
            connecting.await.map_err(too_slow)?
        })
    }
}

impl Connector {
    async fn connect(&self, uri: &Uri) -> Result<Stream, BoxError> {
        let host = uri.host().unwrap_or_default();
        if uri.scheme_str() != Some("https") {
            let wire = tcp(host, uri.port_u16().unwrap_or(80), true).await?;
            return Ok(Stream::new(wire, false));
        }
        let port = uri.port_u16().unwrap_or(443);
        let trusted = self.trust.config(self.versions).await?;
        let wire = self.wire(host, port).await?;
        let (wire, is_http2) = tls(wire, host, trusted).await?;
        Ok(Stream::new(wire, is_http2))
    }

    /// The connection on which TLS with a host is spoken: to it, or through a proxy's tunnel.
    pub(crate) async fn wire(&self, host: &str, port: u16) -> Result<Box<dyn Wire>, BoxError> {
        match self.proxies.on_the_way_to(host, port)? {
            Some(proxy) => Ok(self.tunnel(&proxy, &format!("{host}:{port}")).await?),
            None => tcp(host, port, false).await,
        }
    }

    async fn tunnel(&self, proxy: &ProxyServer, target: &str) -> Result<Box<dyn Wire>, Error> {
        let unreachable = |problem: BoxError| {
            let own = problem.downcast_ref::<Error>().cloned();
            own.unwrap_or_else(|| {
                proxy.failure(&format!("could not be reached: {}", cause(&*problem)))
            })
        };
        let mut wire = tcp(&proxy.host, proxy.port, false).await.map_err(unreachable)?;
        if proxy.tls {
            let trusted = self.trust.config(Versions::Http1).await?;
            let secured = tls(wire, &proxy.host, trusted).await;
            (wire, _) = secured.map_err(unreachable)?;
        }
        tunnel::open(wire, proxy, target, &self.config.user_agent).await
    }
}

/// TLS over `wire`, and whether HTTP/2 is spoken in it.
pub(crate) async fn tls(
    wire: Box<dyn Wire>,
    host: &str,
    trusted: Arc<ClientConfig>,
) -> Result<(Box<dyn Wire>, bool), BoxError> {
    let secured = handshake(wire, host, trusted).await?;
    let is_http2 = secured.get_ref().1.alpn_protocol() == Some(b"h2");
    Ok((Box::new(secured), is_http2))
}

/// TLS over `wire` with all that is known of it.
pub(crate) async fn handshake(
    wire: Box<dyn Wire>,
    host: &str,
    trusted: Arc<ClientConfig>,
) -> Result<TlsStream<Box<dyn Wire>>, BoxError> {
    let name = host.trim_start_matches('[').trim_end_matches(']');
    let name = ServerName::try_from(name.to_owned())?;
    Ok(TlsConnector::from(trusted).connect(name, wire).await?)
}

/// Where the address is loopback alone, a name must lead to loopback as well.
pub(crate) async fn tcp(
    host: &str,
    port: u16,
    loopback_only: bool,
) -> Result<Box<dyn Wire>, BoxError> {
    let literal = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    if loopback_only && literal.is_ok_and(|address| !address.is_loopback()) {
        return Err(Error::invalid("plain http is for loopback addresses only").into());
    }
    let mut connector = HttpConnector::new_with_resolver(Resolver { loopback_only });
    connector.set_nodelay(true);
    connector.set_keepalive(Some(TCP_KEEP_ALIVE));
    connector.set_keepalive_interval(Some(TCP_KEEP_ALIVE));
    connector.set_keepalive_retries(Some(TCP_PROBES));
    #[cfg(target_os = "linux")]
    connector.set_tcp_user_timeout(Some(TCP_UNACKNOWLEDGED));
    let uri = Uri::builder().scheme("http").authority(format!("{host}:{port}")).path_and_query("/");
    let stream = connector.call(uri.build()?).await?.into_inner();
    Ok(Box::new(above_standard_streams(stream)?))
}
