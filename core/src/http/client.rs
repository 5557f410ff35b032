//! The HTTP client of the process, over HTTP/1.1 or HTTP/2, TLS 1.2 or newer.

use std::sync::Arc;
use std::time::Duration;

use once_cell::sync::OnceCell;
use reqwest::{Client, NoProxy};

use crate::config::{Proxy, ResolvedConfig, setting};
use crate::error::{Error, ErrorKind};
use crate::http::dns::Resolver;
use crate::http::tls;
use crate::sys::per_process::PerProcess;

/// Common load balancers drop idle connections after 60 s; a connection dropped by us first is
/// never found dead by the next request.
const IDLE: Duration = Duration::from_secs(50);

/// One client for token requests and requests to the API, made anew by a forked child.
pub(crate) struct HttpClient {
    config: Arc<ResolvedConfig>,
    client: PerProcess<OnceCell<Client>>,
}

impl HttpClient {
    /// Checks the files that the configuration names; opens no connection.
    pub(crate) fn new(config: Arc<ResolvedConfig>) -> Result<Self, Error> {
        tls::check(&config)?;
        Ok(Self { config, client: PerProcess::new() })
    }

    /// Drops the connections.
    pub(crate) fn close(&self) {
        self.client.clear();
    }

    /// This process's client; making it opens no connection. It follows no redirect, never repeats
    /// a request, and leaves time-outs but that for connecting to each request.
    pub(crate) fn get(&self) -> Result<Client, Error> {
        let owned = self.client.get(OnceCell::new);
        owned.get_or_try_init(|| self.build()).cloned()
    }

    fn build(&self) -> Result<Client, Error> {
        let builder = Client::builder()
            .tls_backend_preconfigured(tls::config(&self.config)?)
            .dns_resolver(Resolver)
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .user_agent(&self.config.user_agent)
            .connect_timeout(self.config.connect_timeout)
            .pool_idle_timeout(IDLE);
        let builder = match &self.config.proxy {
            Proxy::System => builder,
            Proxy::Direct => builder.no_proxy(),
            Proxy::Through(url) => {
                let proxy = reqwest::Proxy::all(url.expose()).map_err(|_| {
                    setting::PROXY.invalid("must be an http or https URL with a host")
                })?;
                builder.proxy(proxy.no_proxy(NoProxy::from_env()))
            }
        };
        builder.build().map_err(|problem| {
            Error::new(ErrorKind::Internal, format!("no HTTP client: {}", cause(&problem)))
        })
    }
}

/// A failure to reach `peer` or to go on talking with it.
pub(crate) fn network(problem: &reqwest::Error, peer: &str) -> Error {
    let what = if problem.is_timeout() && problem.is_connect() {
        format!("connecting to {peer} took longer than connect_timeout")
    } else if problem.is_connect() {
        format!("{peer} could not be reached")
    } else {
        format!("the connection to {peer} broke")
    };
    Error::new(ErrorKind::Network, format!("{what}: {}", cause(problem)))
}

/// The innermost cause. The outer layers repeat the URL and each other.
pub(crate) fn cause(problem: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = problem;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    let mut text: String =
        cause.to_string().chars().filter(|letter| !letter.is_control()).collect();
    if let Some((cut, _)) = text.char_indices().nth(200) {
        text.truncate(cut);
    }
    text
}
