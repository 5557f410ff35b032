//! The HTTP client of the process, over HTTP/1.1 or HTTP/2, TLS 1.2 or newer, and the real token
//! source: one POST. Together with the sender and its middleware the only place that names the
//! HTTP library.

use std::fs;
use std::sync::Arc;
use std::time::Duration;

use once_cell::sync::OnceCell;
use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderMap, LOCATION, RETRY_AFTER};
use reqwest::{Client, Response, StatusCode, Url};
use rustls::ClientConfig;
use rustls::RootCertStore;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls_platform_verifier::Verifier;
use zeroize::Zeroizing;

use crate::clock::Clock;
use crate::error::{Error, ErrorKind};
use crate::per_process::PerProcess;
use crate::profile::Profile;
use crate::reply::{BODY_LIMIT, Grant, Reply};
use crate::request::TokenRequest;
use crate::resolver::Resolver;
use crate::setting;
use crate::source::{Fetch, Source};

const REDIRECTS: usize = 3;
/// Common load balancers drop idle connections after 60 s; a connection dropped by us first is
/// never found dead by the next request.
const IDLE: Duration = Duration::from_secs(50);

pub(crate) struct Http {
    profile: Arc<Profile>,
    clock: Clock,
    authorities: Vec<CertificateDer<'static>>,
    client: PerProcess<OnceCell<Client>>,
}

impl Http {
    /// Reads the additional authorities; opens no connection.
    pub(crate) fn new(profile: Arc<Profile>, clock: Clock) -> Result<Self, Error> {
        let authorities = match &profile.ca_file {
            Some(path) => read_authorities(path)?,
            None => Vec::new(),
        };
        Ok(Self { profile, clock, authorities, client: PerProcess::new() })
    }

    /// This process's client; making it opens no connection. It follows no redirect, never repeats
    /// a request, and leaves time-outs but that for connecting to each request.
    pub(crate) fn client(&self) -> Result<Client, Error> {
        let owned = self.client.get(OnceCell::new);
        owned.get_or_try_init(|| self.build()).cloned()
    }

    async fn post(&self, scopes: &[String]) -> Result<Grant, Error> {
        let request = TokenRequest::new(&self.profile, scopes)?;
        let client = self.client()?;
        let mut url = self.profile.token_url.clone();
        for _ in 0..=REDIRECTS {
            let mut call = client
                .post(url.clone())
                .timeout(self.profile.request_timeout)
                .header(CONTENT_TYPE, request.content_type)
                .header(ACCEPT, "application/json")
                .body(request.body.to_vec());
            if let Some((name, password)) = &request.basic {
                call = call.basic_auth(name.expose(), Some(password.expose()));
            }
            let response = call.send().await.map_err(|problem| token_endpoint(&problem))?;
            if response.status().is_redirection() {
                url = self.redirect(&url, &response)?;
                continue;
            }
            let reply = read(response).await?;
            return reply.read(&self.profile, scopes, self.clock.now().system_time());
        }
        Err(Error::new(
            ErrorKind::Protocol,
            format!("the token endpoint redirected more than {REDIRECTS} times; check token_url"),
        ))
    }

    /// Where a redirect leads, if the request may go there with the secret in it: only by 307 or
    /// 308, and only within the same origin.
    fn redirect(&self, from: &Url, response: &Response) -> Result<Url, Error> {
        let status = response.status();
        let target = response.headers().get(LOCATION).and_then(|value| value.to_str().ok());
        let target = target.and_then(|target| from.join(target).ok());
        let followed =
            matches!(status, StatusCode::TEMPORARY_REDIRECT | StatusCode::PERMANENT_REDIRECT);
        match target {
            Some(target) if followed && target.origin() == self.profile.token_url.origin() => {
                Ok(target)
            }
            target => {
                let origin = target.map_or_else(
                    || "nowhere".to_owned(),
                    |target| target.origin().ascii_serialization(),
                );
                Err(Error::new(
                    ErrorKind::Protocol,
                    format!(
                        "the token endpoint redirected ({}) to {origin}; if that is the right place, set token_url or base_url to it",
                        status.as_u16()
                    ),
                )
                .with_reply(status.as_u16(), None))
            }
        }
    }

    fn build(&self) -> Result<Client, Error> {
        Client::builder()
            .tls_backend_preconfigured(self.tls()?)
            .dns_resolver(Resolver)
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .user_agent(&self.profile.user_agent)
            .connect_timeout(self.profile.connect_timeout)
            .pool_idle_timeout(IDLE)
            .build()
            .map_err(|problem| {
                Error::new(ErrorKind::Internal, format!("no HTTP client: {}", cause(&problem)))
            })
    }

    fn tls(&self) -> Result<ClientConfig, Error> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let untrusted = |problem: rustls::Error| {
            Error::new(
                ErrorKind::Network,
                format!("the system's certificate authorities could not be read: {problem}"),
            )
        };
        let builder = ClientConfig::builder_with_provider(Arc::<CryptoProvider>::clone(&provider))
            .with_safe_default_protocol_versions()
            .map_err(untrusted)?;
        let urls = [Some(&self.profile.token_url), self.profile.api_url.as_ref()];
        let mut config = if urls.into_iter().flatten().all(|url| url.scheme() == "http") {
            // Loopback without TLS: the system's authorities take milliseconds and a megabyte.
            builder.with_root_certificates(RootCertStore::empty()).with_no_client_auth()
        } else {
            let verifier = Verifier::new_with_extra_roots(self.authorities.clone(), provider)
                .map_err(untrusted)?;
            builder
                .dangerous()
                .with_custom_certificate_verifier(Arc::new(verifier))
                .with_no_client_auth()
        };
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(config)
    }
}

impl Source for Http {
    fn fetch<'a>(&'a self, scopes: &'a [String]) -> Fetch<'a> {
        Box::pin(self.post(scopes))
    }

    fn close(&self) {
        self.client.clear();
    }
}

async fn read(mut response: Response) -> Result<Reply, Error> {
    let header = |headers: &HeaderMap, name: &str| {
        headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned)
    };
    let headers = response.headers();
    let mut reply = Reply {
        status: response.status().as_u16(),
        retry_after: header(headers, RETRY_AFTER.as_str()),
        rate_limit_remaining: header(headers, "x-ratelimit-remaining"),
        rate_limit_reset: header(headers, "x-ratelimit-reset"),
        body: Zeroizing::new(Vec::new()),
    };
    while let Some(chunk) = response.chunk().await.map_err(|problem| token_endpoint(&problem))? {
        if reply.body.len() + chunk.len() > BODY_LIMIT {
            return Err(Error::new(
                ErrorKind::Protocol,
                format!("the token reply is longer than {BODY_LIMIT} bytes; check token_url"),
            )
            .with_reply(reply.status, None));
        }
        reply.body.extend_from_slice(&chunk);
    }
    Ok(reply)
}

fn read_authorities(path: &str) -> Result<Vec<CertificateDer<'static>>, Error> {
    let refuse = |problem: String| setting::CA_FILE.refuse(problem);
    let pem = fs::read(path)
        .map_err(|problem| refuse(format!("could not be read: {}", problem.kind())))?;
    let authorities: Vec<_> = CertificateDer::pem_slice_iter(&pem)
        .collect::<Result<_, _>>()
        .map_err(|_| refuse("must hold certificates in PEM form".to_owned()))?;
    if authorities.is_empty() {
        return Err(refuse("must hold at least one certificate in PEM form".to_owned()));
    }
    Ok(authorities)
}

fn token_endpoint(problem: &reqwest::Error) -> Error {
    if problem.is_timeout() && !problem.is_connect() {
        let what = "the token endpoint did not answer within request_timeout";
        return Error::new(ErrorKind::Network, format!("{what}: {}", cause(problem)));
    }
    network(problem, "the token endpoint")
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
fn cause(problem: &reqwest::Error) -> String {
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
