//! Whether a connection goes through a proxy, from the setting and the environment, read as curl,
//! `requests` and undici read them. Only TLS goes through one, in a tunnel that the proxy cannot look
//! into: plain http is for loopback alone.

use std::net::IpAddr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use url::{Host, Url};
use zeroize::Zeroizing;

use crate::config::{Proxy, login, setting};
use crate::error::{Error, ErrorKind};
use crate::http::no_proxy::NoProxy;
use crate::sys::secret::Secret;
use crate::sys::variables::Variables;

/// What names a proxy where the setting does not, the first that is there.
pub(crate) const VARIABLES: [&str; 4] = ["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"];

/// The ways out, as they were when the client was made.
#[derive(Debug)]
pub(crate) struct Proxies {
    /// What was said about a proxy, and whether it can be used.
    proxy: Option<Result<ProxyServer, Error>>,
    no_proxy: NoProxy,
}

/// A proxy that takes CONNECT.
#[derive(Debug, Clone)]
pub(crate) struct ProxyServer {
    pub(crate) host: String,
    pub(crate) port: u16,
    /// Whether the proxy itself is spoken to over TLS.
    pub(crate) tls: bool,
    /// The whole value of `Proxy-Authorization`.
    pub(crate) login: Option<Secret>,
    /// The setting or variable that named it.
    pub(crate) named_by: &'static str,
}

impl Proxies {
    /// Reads the environment where the setting leaves it to that.
    pub(crate) fn new(proxy: &Proxy, variables: &Variables) -> Self {
        let variable = |name| variable(variables, name);
        let proxy = match proxy {
            Proxy::Direct => None,
            Proxy::Through(text) => Some(parse(text.expose(), setting::PROXY.name())),
            Proxy::System => {
                VARIABLES.into_iter().find_map(|name| Some(parse(&variable(name)?, name)))
            }
        };
        let no_proxy = variable("no_proxy").or_else(|| variable("NO_PROXY"));
        Self { proxy, no_proxy: NoProxy::new(no_proxy.as_ref().map_or("", |text| text.as_str())) }
    }

    /// The proxy on the way to a host that is spoken to over TLS.
    pub(crate) fn on_the_way_to(
        &self,
        host: &str,
        port: u16,
    ) -> Result<Option<ProxyServer>, Error> {
        if self.no_proxy.contains(host, port) {
            return Ok(None);
        }
        match &self.proxy {
            Some(proxy) => proxy.clone().map(Some),
            None => Ok(of_the_system(host, port)),
        }
    }
}

/// For who explains the way to a host.
#[cfg(feature = "doctor")]
impl Proxies {
    /// Whether `NO_PROXY` names the host.
    pub(crate) fn is_excepted(&self, host: &str, port: u16) -> bool {
        self.no_proxy.contains(host, port)
    }
}

/// Of the two spellings, the small one counts; an empty variable is as good as none.
fn variable(variables: &Variables, name: &str) -> Option<Zeroizing<String>> {
    let text = variables.get(name)?.into_string().ok().map(Zeroizing::new)?;
    (!text.trim().is_empty()).then_some(text)
}

/// The text is not quoted in errors, for it may hold a password.
fn parse(text: &str, named_by: &'static str) -> Result<ProxyServer, Error> {
    let invalid = |problem: &str| Err(Error::invalid(format!("`{named_by}` {problem}")));
    let text = text.trim();
    let (scheme, rest) = text.split_once("://").unwrap_or(("http", text));
    let tls = match scheme.to_ascii_lowercase().as_str() {
        "http" => false,
        "https" => true,
        scheme if scheme.starts_with("socks") => {
            return invalid(
                "names a SOCKS proxy, which is not supported; name an http or https one",
            );
        }
        _ => return invalid("must be an http or https URL, such as http://proxy.example:3128"),
    };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let (login, address) = login::split(authority);
    let Ok(url) = Url::parse(&format!("{}://{address}", if tls { "https" } else { "http" })) else {
        return invalid("must be an http or https URL with a host");
    };
    let host = match url.host() {
        Some(Host::Domain(name)) => name.to_owned(),
        Some(host) => host.to_string(),
        None => return invalid("must be an http or https URL with a host"),
    };
    let port = url.port_or_known_default().unwrap_or(80);
    Ok(ProxyServer { host, port, tls, login: login.map(basic), named_by })
}

fn basic(login: &str) -> Secret {
    let (name, password) = login::name_and_password(login);
    let pair = Zeroizing::new([&name[..], b":", &password[..]].concat());
    Secret::new(format!("Basic {}", STANDARD.encode(&*pair)))
}

/// What macOS and Windows have in their own settings.
#[cfg(any(target_os = "macos", windows))]
fn of_the_system(host: &str, port: u16) -> Option<ProxyServer> {
    use hyper_util::client::proxy::matcher::Matcher;
    let target = format!("https://{host}:{port}").parse().ok()?;
    let found = Matcher::from_system().intercept(&target)?;
    let mut proxy = parse(&found.uri().to_string(), "the system's proxy").ok()?;
    proxy.login = found.basic_auth().and_then(|login| Some(Secret::new(login.to_str().ok()?)));
    Some(proxy)
}

#[cfg(not(any(target_os = "macos", windows)))]
fn of_the_system(_: &str, _: u16) -> Option<ProxyServer> {
    None
}

impl ProxyServer {
    /// Where it listens, for messages.
    pub(crate) fn name(&self) -> String {
        match self.host.parse::<IpAddr>() {
            Ok(IpAddr::V6(address)) => format!("[{address}]:{}", self.port),
            _ => format!("{}:{}", self.host, self.port),
        }
    }

    /// The failure that its response to CONNECT is. The next try meets the same refusal where it
    /// is about who asks or what for.
    pub(crate) fn refusal(&self, status: u16, target: &str) -> Error {
        let advice = match status {
            401 | 407 => format!("it wants a login, or another one; see `{}`", self.named_by),
            403 => format!(
                "it does not let this connection through; ask who runs it, or see `{}`",
                self.named_by
            ),
            _ => "it did not get there".to_owned(),
        };
        let message =
            format!("the proxy {} responded {status} to CONNECT {target}: {advice}", self.name());
        Error::new(ErrorKind::Network, message)
            .with_retryable(!matches!(status, 401 | 403 | 407))
            .with_response(status, None)
    }

    /// A failure to speak with it.
    pub(crate) fn failure(&self, problem: &str) -> Error {
        Error::new(ErrorKind::Network, format!("the proxy {} {problem}", self.name()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn login(text: &str) -> String {
        let proxy = parse(text, "proxy").unwrap();
        let value = proxy.login.map(|login| login.expose().to_owned()).unwrap_or_default();
        let encoded = value.strip_prefix("Basic ").unwrap_or_default();
        String::from_utf8(STANDARD.decode(encoded).unwrap()).unwrap()
    }

    #[test]
    fn a_proxy_is_written_in_many_ways() {
        for (text, host, port, tls) in [
            ("http://proxy.example:3128", "proxy.example", 3128, false),
            ("proxy.example:3128", "proxy.example", 3128, false),
            ("proxy.example", "proxy.example", 80, false),
            (" HTTP://proxy.example/ ", "proxy.example", 80, false),
            ("https://proxy.example", "proxy.example", 443, true),
            ("http://10.0.0.1:8080/path?query", "10.0.0.1", 8080, false),
            ("http://[::1]:8080", "[::1]", 8080, false),
            ("http://user:p@ss@proxy.example:3128", "proxy.example", 3128, false),
        ] {
            let proxy = parse(text, "proxy").unwrap();
            assert_eq!((&*proxy.host, proxy.port, proxy.tls), (host, port, tls), "{text}");
        }
    }

    #[test]
    fn a_login_is_what_the_user_meant() {
        for (text, meant) in [
            ("http://user:p@ss@proxy.example", "user:p@ss"),
            ("user:p@ss@proxy.example:3128", "user:p@ss"),
            ("http://user:p%40ss@proxy.example", "user:p@ss"),
            ("http://user:a:b@proxy.example", "user:a:b"),
            ("http://user@proxy.example", "user:"),
            ("http://user:100%@proxy.example", "user:100%"),
            ("http://proxy.example", ""),
        ] {
            assert_eq!(login(text), meant, "{text}");
        }
    }

    #[test]
    fn what_is_no_proxy_is_named_and_not_quoted() {
        for text in ["socks5://u:s3cret@h", "SOCKS5H://h", "ftp://h", "http://", "http://u:s3cret@"]
        {
            let error = parse(text, "HTTPS_PROXY").unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidArgument, "{text}");
            assert!(error.message().starts_with("HTTPS_PROXY "), "{text}: {error}");
            assert!(!error.message().contains("s3cret"), "{text}");
        }
    }
}
