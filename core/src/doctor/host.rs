//! The stages on the way to one host: `proxy`, `name`, `connect`, `tls`.

use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use rustls::CertificateError;
use rustls::pki_types::CertificateDer;
use url::Url;

use crate::config::{Language, Prefix, ResolvedConfig, Setting, setting, spelled_as_variables};
use crate::doctor::certificate::Certificate;
use crate::doctor::recorder::{Chain, Recorder};
use crate::doctor::stage::{self, Findings};
use crate::error::Error;
use crate::http::connector::{self, Connector};
use crate::http::failure::{self, BoxError, Peer};
use crate::http::proxies::{Proxies, ProxyServer};
use crate::http::trust::{Trust, Versions};
use crate::http::{dns, tls};
use crate::sys::thread::run_detached;
use crate::sys::time_limit::TimeLimit;

/// How many addresses of a name are tried by themselves.
const ADDRESSES: usize = 8;

/// A host that a client speaks to.
pub(super) struct Host {
    what: &'static str,
    name: String,
    port: u16,
    is_plain: bool,
}

impl Host {
    pub(super) fn new(url: &Url, what: &'static str) -> Self {
        let is_plain = url.scheme() == "http";
        Self {
            what,
            name: url.host_str().unwrap_or_default().to_owned(),
            port: url.port_or_known_default().unwrap_or(443),
            is_plain,
        }
    }

    pub(super) fn address(&self) -> String {
        format!("{}:{}", self.name, self.port)
    }
}

/// How a client of this configuration gets anywhere.
pub(super) struct Way {
    config: Arc<ResolvedConfig>,
    prefix: Prefix,
    connector: Connector,
}

impl Way {
    pub(super) fn new(config: Arc<ResolvedConfig>, prefix: Prefix) -> Self {
        let connector = Connector {
            config: Arc::clone(&config),
            proxies: Arc::new(Proxies::new(&config.proxy, &config.variables)),
            trust: Arc::new(Trust::new(Arc::clone(&config))),
            versions: Versions::Http2And1,
        };
        Self { config, prefix, connector }
    }

    fn proxy_to(&self, host: &Host) -> Result<Option<ProxyServer>, Error> {
        if host.is_plain {
            return Ok(None);
        }
        self.connector.proxies.on_the_way_to(&host.name, host.port)
    }

    pub(super) fn proxy(&self, host: &Host) -> Findings {
        let mut findings = Findings::new();
        match self.proxy_to(host) {
            Ok(Some(proxy)) => {
                findings.fact("through", &proxy.name());
                findings.fact("named by", &self.spelt(proxy.named_by));
                findings.fact("login", if proxy.login.is_some() { "yes" } else { "none" });
            }
            Ok(None) if host.is_plain => {
                findings.fact("through", "nothing: plain http, for loopback only");
            }
            Ok(None) if self.connector.proxies.is_excepted(&host.name, host.port) => {
                findings.fact("through", "nothing: NO_PROXY names it");
            }
            Ok(None) => findings.fact("through", "nothing"),
            Err(error) => {
                let message = stage::message(&error, &self.prefix);
                findings.fact("problem", &message);
                findings.fail(&message);
            }
        }
        findings
    }

    /// A setting as the environment spells it; a variable as it is.
    fn spelt(&self, name: &str) -> String {
        Setting::named(name)
            .map_or_else(|| name.to_owned(), |setting| self.prefix.variable(setting))
    }

    /// A text of the core's as who sets environment variables reads it.
    fn spelled(&self, text: &str) -> String {
        spelled_as_variables(text, &self.prefix)
    }

    fn message(&self, host: &Host, problem: &(dyn std::error::Error + 'static)) -> String {
        let peer = Peer { what: host.what, host: &host.address() };
        stage::message(&failure::describe(problem, peer, false, 0), &self.prefix)
    }

    /// Whom a connection is made to: the host, or the proxy on the way.
    fn next_hop(&self, host: &Host) -> (String, u16, Option<ProxyServer>) {
        match self.proxy_to(host) {
            Ok(Some(proxy)) => (proxy.host.clone(), proxy.port, Some(proxy)),
            _ => (host.name.clone(), host.port, None),
        }
    }

    pub(super) async fn name(&self, host: &Host) -> Findings {
        let mut findings = Findings::new();
        let (name, _, proxy) = self.next_hop(host);
        if proxy.is_some() {
            findings.fact("name", &format!("{name} (the proxy; it looks up the host's name)"));
        }
        if address(&name).is_some() {
            findings.fact("address", &name);
            return findings;
        }
        let limit = self.config.connect_limit();
        match tokio::time::timeout(limit.left, dns::look_up(&name)).await {
            Ok(Ok(found)) => {
                for found in found {
                    let family = if found.is_ipv4() { "IPv4" } else { "IPv6" };
                    findings.fact(family, &found.ip().to_string());
                }
            }
            Ok(Err(problem)) => {
                findings.fact("problem", &problem.to_string());
                findings.fail(&format!(
                    "check the spelling of {name} and this machine's name servers (/etc/resolv.conf)"
                ));
            }
            Err(_) => {
                findings.fact("problem", &self.spelled(&format!("no reply within {limit}")));
                findings
                    .fail("the name servers do not reply: check /etc/resolv.conf and the network");
            }
        }
        findings
    }

    pub(super) async fn connect(&self, host: &Host) -> Findings {
        let mut findings = Findings::new();
        let (name, port, proxy) = self.next_hop(host);
        self.each_address(&mut findings, host, &name, port).await;
        let limit = self.config.connect_limit();
        let connecting = async {
            if host.is_plain {
                connector::tcp(&host.name, host.port, true).await
            } else {
                self.connector.wire(&host.name, host.port).await
            }
        };
        let problem = match tokio::time::timeout(limit.left, connecting).await {
            Ok(Ok(_)) => {
                if proxy.is_some() {
                    findings.fact("tunnel", "open");
                }
                return findings;
            }
            Ok(Err(problem)) => self.message(host, &*problem),
            Err(_) => self.spelled(&format!("no connection within {limit}")),
        };
        findings.fact("problem", &problem);
        findings.fail(&match proxy {
            Some(proxy) => format!(
                "{} was set by {}: check it and its login, ask who runs it to let {} through, or add the host \
                 to NO_PROXY",
                proxy.name(),
                self.spelt(proxy.named_by),
                host.address()
            ),
            None => format!(
                "allow connections from this machine to {} (a firewall must let out both hosts, of tokens and \
                 of the API), or name the proxy that leads there in HTTPS_PROXY",
                host.address()
            ),
        });
        findings
    }

    /// Each address by itself, all at once. One family that does not work delays every connection.
    async fn each_address(&self, findings: &mut Findings, host: &Host, name: &str, port: u16) {
        let limit = self.config.connect_limit();
        let addresses = match address(name) {
            Some(address) => vec![SocketAddr::new(address, port)],
            None => match tokio::time::timeout(limit.left, dns::look_up(name)).await {
                Ok(found) => found.unwrap_or_default(),
                // The connection that follows fails for the same reason, and says so.
                Err(_) => Vec::new(),
            },
        };
        let is_plain = host.is_plain;
        let fits = |found: &SocketAddr| !is_plain || found.ip().is_loopback();
        let tries: Vec<_> = addresses
            .iter()
            .filter(|found| fits(found))
            .take(ADDRESSES)
            .map(|found| SocketAddr::new(found.ip(), port))
            .map(|found| (found, tokio::spawn(try_address(found, is_plain, limit))))
            .collect();
        let (mut works, mut fails) = (0, None);
        for (found, trying) in tries {
            let result = trying.await.unwrap_or_else(|_| Err("ended".to_owned()));
            match result {
                Ok(took) => {
                    works += 1;
                    findings.fact(&found.to_string(), &format!("{} ms", took.as_millis()));
                }
                Err(problem) => {
                    findings.fact(&found.to_string(), &self.spelled(&problem));
                    fails = Some(found);
                }
            }
        }
        if let Some(fails) = fails
            && works > 0
        {
            findings.warn(&format!(
                "{fails} is not reached: connections are slower for it; have the route or the name mended"
            ));
        }
    }

    pub(super) async fn tls(&self, host: &Host) -> Findings {
        if host.is_plain {
            return Findings::skipped("plain http, for loopback only");
        }
        let mut findings = Findings::new();
        let chain = Chain::default();
        let limit = self.config.connect_limit();
        let shaking = tokio::time::timeout(limit.left, self.handshake(host, &chain));
        let began = shaking.await.unwrap_or_else(|_| {
            Err(Error::new(crate::ErrorKind::Network, format!("no TLS within {limit}")).into())
        });
        let chain = chain.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let certificate = chain.first().and_then(|leaf| Certificate::read(leaf));
        if let Some(certificate) = &certificate {
            findings.fact("issued by", &certificate.issuer);
            findings.fact("valid until", &certificate.not_after);
        }
        match began {
            Ok(version) => {
                findings.fact("version", &version);
                self.trusted_by(&mut findings, host, chain).await;
            }
            Err(problem) => {
                findings.fact("problem", &self.message(host, &*problem));
                self.explain(&mut findings, host, &*problem, certificate.as_ref());
            }
        }
        findings
    }

    /// Shakes hands and says which versions were agreed on.
    async fn handshake(&self, host: &Host, chain: &Chain) -> Result<String, BoxError> {
        let (config, seen) = (Arc::clone(&self.config), Arc::clone(chain));
        let read = run_detached("seekauth-trust", move || {
            tls::config_verified_by(&config, &|inner| {
                Arc::new(Recorder::new(inner, Arc::clone(&seen)))
            })
        })?;
        let trusted = Arc::new(read.await??);
        // Nothing that a proxy's own certificate says belongs to the host.
        let wire = self.connector.wire(&host.name, host.port).await?;
        let secured = connector::handshake(wire, &host.name, trusted).await?;
        let session = secured.get_ref().1;
        let version = match session.protocol_version() {
            Some(rustls::ProtocolVersion::TLSv1_3) => "TLS 1.3",
            _ => "TLS 1.2",
        };
        let http = if session.alpn_protocol() == Some(b"h2") { "HTTP/2" } else { "HTTP/1.1" };
        Ok(format!("{version}, {http}"))
    }

    /// Which file holds the authority. One that was named by hand, with a proxy on the way, is the proxy's.
    async fn trusted_by(&self, findings: &mut Findings, host: &Host, chain: Vec<Vec<u8>>) {
        let config = Arc::clone(&self.config);
        let find = move || {
            let issuers: Vec<_> = chain
                .iter()
                .filter_map(|one| Certificate::read(one))
                .map(|one| one.issuer_der)
                .collect();
            let holds = |authorities: &[CertificateDer<'_>]| {
                authorities.iter().any(|authority| {
                    let known = Certificate::read(authority);
                    chain.first().is_some_and(|leaf| **leaf == **authority)
                        || known.is_some_and(|known| issuers.contains(&known.subject_der))
                })
            };
            let mut all = tls::authorities(&config).into_iter();
            all.find(|(_, _, authorities)| holds(authorities)).map(|(name, path, _)| (name, path))
        };
        let Ok(finding) = run_detached("seekauth-trust", find) else { return };
        let Ok(Ok(found)) = tokio::time::timeout(self.config.connect_timeout, finding).await else {
            return;
        };
        // macOS and Windows judge by themselves, and a package may bring authorities along.
        let Some((name, path)) = found else { return };
        let named = name.map_or_else(|| "the system's".to_owned(), |name| self.spelt(name));
        findings.fact("trusted by", &format!("{named} {}", path.display()));
        if name.is_some()
            && let (_, _, Some(proxy)) = self.next_hop(host)
        {
            findings.warn(&format!(
                "the proxy {} shows a certificate of its own in place of {}'s and can read the secret and every \
                 token: have it let this host through unread",
                proxy.name(),
                host.name
            ));
        }
    }

    fn explain(
        &self,
        findings: &mut Findings,
        host: &Host,
        problem: &(dyn std::error::Error + 'static),
        certificate: Option<&Certificate>,
    ) {
        let refused = failure::find::<rustls::Error>(problem).and_then(|problem| match problem {
            rustls::Error::InvalidCertificate(reason) => Some(reason),
            _ => None,
        });
        let issuer = certificate.map_or("nobody known", |certificate| certificate.issuer.as_str());
        let (_, _, proxy) = self.next_hop(host);
        let name = &host.name;
        findings.fail(&match (refused, proxy) {
            (Some(CertificateError::UnknownIssuer), Some(proxy)) => format!(
                "the proxy {} answers in place of {name} with a certificate of its own ({issuer}): set {} to \
                 the certificate of the proxy's authority",
                proxy.name(),
                self.ca_settings()
            ),
            (Some(CertificateError::UnknownIssuer), None) => format!(
                "{issuer} is no authority that this machine trusts: if your network inspects TLS, set {} to its \
                 certificate; else this is not {name}",
                self.ca_settings()
            ),
            (Some(CertificateError::Expired | CertificateError::ExpiredContext { .. }), _) => format!(
                "the certificate of {name} has expired: tell who runs it, and check this machine's clock"
            ),
            (Some(CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. }), _) => {
                "the certificate is not valid yet: check this machine's clock".to_owned()
            }
            _ => self.message(host, problem),
        });
    }

    fn ca_settings(&self) -> String {
        let own = self.prefix.variable(&setting::CA_FILE);
        match self.config.language {
            Some(Language::Python) => format!("{own}, SSL_CERT_FILE or REQUESTS_CA_BUNDLE"),
            Some(Language::Node) => format!("{own}, SSL_CERT_FILE or NODE_EXTRA_CA_CERTS"),
            None => format!("{own} or SSL_CERT_FILE"),
        }
    }
}

fn address(host: &str) -> Option<IpAddr> {
    host.trim_start_matches('[').trim_end_matches(']').parse().ok()
}

async fn try_address(
    found: SocketAddr,
    is_plain: bool,
    limit: TimeLimit,
) -> Result<Duration, String> {
    let began = Instant::now();
    let host = match found.ip() {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => format!("[{address}]"),
    };
    let connecting = connector::tcp(&host, found.port(), is_plain);
    match tokio::time::timeout(limit.left, connecting).await {
        Ok(Ok(_)) => Ok(began.elapsed()),
        Ok(Err(problem)) => Err(failure::cause(&*problem)),
        Err(_) => Err(format!("no connection within {limit}")),
    }
}
