//! The HTTP client of the process, over HTTP/1.1 or HTTP/2, TLS 1.2 or newer, and the real token
//! source: one POST. Together with the sender and its middleware the only place that names the
//! HTTP library.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use once_cell::sync::OnceCell;
use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderMap, LOCATION, RETRY_AFTER};
use reqwest::{Client, NoProxy, Response, StatusCode, Url};
use zeroize::Zeroizing;

use crate::clock::Clock;
use crate::credentials::Credentials;
use crate::error::{Error, ErrorKind};
use crate::per_process::PerProcess;
use crate::profile::{Profile, Proxy};
use crate::reply::{BODY_LIMIT, Grant, Reply};
use crate::request::TokenRequest;
use crate::resolver::Resolver;
use crate::rotation::Rotation;
use crate::secret::Secret;
use crate::setting;
use crate::source::{Fetch, Renewed, Source};
use crate::tls;

const REDIRECTS: usize = 3;
/// What most replies fit in. All that is set aside for one is wiped, so it is not more from the start.
const BODY_USUAL: usize = 4096;
/// Common load balancers drop idle connections after 60 s; a connection dropped by us first is
/// never found dead by the next request.
const IDLE: Duration = Duration::from_secs(50);

pub(crate) struct Http {
    profile: Arc<Profile>,
    clock: Clock,
    rotation: Rotation,
    client: PerProcess<OnceCell<Client>>,
}

impl Http {
    /// Checks the files that the configuration names; opens no connection.
    pub(crate) fn new(profile: Arc<Profile>, clock: Clock) -> Result<Self, Error> {
        tls::check(&profile)?;
        Ok(Self { profile, clock, rotation: Rotation::default(), client: PerProcess::new() })
    }

    /// This process's client; making it opens no connection. It follows no redirect, never repeats
    /// a request, and leaves time-outs but that for connecting to each request.
    pub(crate) fn client(&self) -> Result<Client, Error> {
        let owned = self.client.get(OnceCell::new);
        owned.get_or_try_init(|| self.build()).cloned()
    }

    /// Asks with the credentials of the moment. When the server refuses them, the provider is
    /// asked again at once, for they may just have been rotated.
    async fn grant(&self, scopes: &[String]) -> Result<Grant, Error> {
        let provider = &self.profile.credentials;
        let mut refused = Vec::new();
        let nothing = Error::new(ErrorKind::InvalidCredentials, "there is no secret to ask with");
        let credentials = provider.credentials().await?;
        let result = self.try_secrets(&credentials, scopes, &mut refused, nothing).await;
        let result = match result {
            Err(error) if is_refusal(&error) && provider.may_change() => {
                match provider.credentials().await {
                    Ok(newer) => self.try_secrets(&newer, scopes, &mut refused, error).await,
                    // What the server said tells more than why nobody could be asked again.
                    Err(_) => Err(error),
                }
            }
            result => result,
        };
        if result.as_ref().err().is_some_and(is_refusal) {
            self.rotation.note_refused(refused, self.clock.now());
        }
        result
    }

    /// Asks with each secret that has not been refused yet, the one that worked last first. Where there
    /// is none, it fails as told.
    async fn try_secrets(
        &self,
        credentials: &Credentials,
        scopes: &[String],
        refused: &mut Vec<u64>,
        otherwise: Error,
    ) -> Result<Grant, Error> {
        let mut secrets: Vec<_> = credentials
            .secrets()
            .map(|secret| (credentials.fingerprint(secret), secret))
            .filter(|(print, _)| !refused.contains(print))
            .collect();
        secrets.sort_by_key(|(print, _)| !self.rotation.worked_last(*print));
        let mut result = Err(otherwise);
        for (print, secret) in secrets {
            let request =
                TokenRequest::new(&self.profile, credentials.client_id(), secret, scopes)?;
            result = self.post(request, secret, scopes).await;
            match &result {
                Err(error) if is_refusal(error) => refused.push(print),
                Ok(_) => {
                    self.rotation.note_worked(print);
                    break;
                }
                Err(_) => break,
            }
        }
        result
    }

    async fn post(
        &self,
        request: TokenRequest,
        secret: &Secret,
        scopes: &[String],
    ) -> Result<Grant, Error> {
        let client = self.client()?;
        // Shared by all redirects, and wiped when the last of them is done.
        let body = Bytes::from_owner(request.body);
        let mut url = self.profile.token_url.clone();
        for _ in 0..=REDIRECTS {
            let mut call = client
                .post(url.clone())
                .timeout(self.profile.request_timeout)
                .header(CONTENT_TYPE, request.content_type)
                .header(ACCEPT, "application/json")
                .body(body.clone());
            if let Some((name, password)) = &request.basic {
                call = call.basic_auth(name.expose(), Some(password.expose()));
            }
            let response = call.send().await.map_err(|problem| token_endpoint(&problem))?;
            if response.status().is_redirection() {
                url = self.redirect(&url, &response)?;
                continue;
            }
            let reply = read(response).await?;
            return reply.read(&self.profile, secret, scopes, self.clock.now().system_time());
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
        let builder = Client::builder()
            .tls_backend_preconfigured(tls::config(&self.profile)?)
            .dns_resolver(Resolver)
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .user_agent(&self.profile.user_agent)
            .connect_timeout(self.profile.connect_timeout)
            .pool_idle_timeout(IDLE);
        let builder = match &self.profile.proxy {
            Proxy::System => builder,
            Proxy::Direct => builder.no_proxy(),
            Proxy::Through(url) => {
                let proxy = reqwest::Proxy::all(url.expose()).map_err(|_| {
                    setting::PROXY.refuse("must be an http or https URL with a host")
                })?;
                builder.proxy(proxy.no_proxy(NoProxy::from_env()))
            }
        };
        builder.build().map_err(|problem| {
            Error::new(ErrorKind::Internal, format!("no HTTP client: {}", cause(&problem)))
        })
    }
}

impl Source for Http {
    fn fetch<'a>(&'a self, scopes: &'a [String]) -> Fetch<'a> {
        Box::pin(self.grant(scopes))
    }

    fn renewed(&self) -> Renewed<'_> {
        Box::pin(async {
            let provider = &self.profile.credentials;
            if !provider.may_change() || !self.rotation.is_time_to_look(self.clock.now()) {
                return false;
            }
            provider.credentials().await.is_ok_and(|credentials| {
                let mut secrets = credentials.secrets();
                !secrets.all(|secret| self.rotation.was_refused(credentials.fingerprint(secret)))
            })
        })
    }

    fn close(&self) {
        self.client.clear();
    }
}

/// Whether other credentials may fare better.
fn is_refusal(error: &Error) -> bool {
    error.kind() == ErrorKind::InvalidCredentials
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
        body: Zeroizing::new(Vec::with_capacity(BODY_USUAL)),
    };
    while let Some(chunk) = response.chunk().await.map_err(|problem| token_endpoint(&problem))? {
        if reply.body.len() + chunk.len() > BODY_LIMIT {
            return Err(Error::new(
                ErrorKind::Protocol,
                format!("the token reply is longer than {BODY_LIMIT} bytes; check token_url"),
            )
            .with_reply(reply.status, None));
        }
        if reply.body.len() + chunk.len() > reply.body.capacity() {
            // A vector that grows by itself leaves what it held behind, unwiped.
            let mut larger = Zeroizing::new(Vec::with_capacity(BODY_LIMIT));
            larger.extend_from_slice(&reply.body);
            reply.body = larger;
        }
        reply.body.extend_from_slice(&chunk);
    }
    Ok(reply)
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
