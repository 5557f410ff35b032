//! The token endpoint, asked by one POST with the credentials of the moment: the token source of the
//! product.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use reqwest::header::{
    ACCEPT, AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE, DATE, HeaderMap, HeaderValue, LOCATION,
    RETRY_AFTER,
};
use reqwest::{Method, Request, Response, StatusCode, Url};
use serde::de::IgnoredAny;
use tokio::time::Instant;
use zeroize::Zeroizing;

use crate::config::ResolvedConfig;
use crate::credentials::Credentials;
use crate::credentials::known_secrets::KnownSecrets;
use crate::credentials::rotation::Rotation;
use crate::error::{Error, ErrorKind};
use crate::events::{EventKind, EventLevel, Events};
use crate::http::client::{Failure, HttpClient};
use crate::http::failure;
use crate::sys::clock::Clock;
use crate::sys::secret::Secret;
use crate::token_endpoint::request::TokenRequest;
use crate::token_endpoint::response::{BODY_LIMIT, TokenResponse};
use crate::token_endpoint::source::{
    Asking, CredentialsChanged, Fetch, Fetched, Grant, Granting, Issuer, TokenSource, Wanted,
};

/// Whom errors speak of.
const TOKEN_ENDPOINT: &str = "the token endpoint";
const MAX_REDIRECTS: usize = 3;
/// Most responses fit in this many bytes. The whole capacity is wiped, so it starts no larger.
const USUAL_BODY: usize = 4096;

pub(crate) struct TokenEndpoint {
    config: Arc<ResolvedConfig>,
    clock: Clock,
    rotation: Rotation,
    known: Arc<KnownSecrets>,
    http: Arc<HttpClient>,
    events: Arc<Events>,
}

impl TokenEndpoint {
    pub(crate) fn new(
        config: Arc<ResolvedConfig>,
        clock: Clock,
        http: Arc<HttpClient>,
        known: Arc<KnownSecrets>,
        events: Arc<Events>,
    ) -> Self {
        Self { config, clock, rotation: Rotation::default(), known, http, events }
    }

    /// Asks with these credentials. When the server refuses them, the provider is asked again at once,
    /// for they may just have been rotated.
    async fn grant_with(
        &self,
        credentials: Credentials,
        scopes: &[String],
    ) -> Result<Grant, Error> {
        let provider = &self.config.credentials;
        let mut refused = Vec::new();
        let no_secret = Error::new(ErrorKind::InvalidCredentials, "there is no secret to ask with");
        let result = self.try_secrets(&credentials, scopes, &mut refused, no_secret).await;
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
        result.map_err(|error| {
            if !is_refusal(&error) {
                return error;
            }
            self.rotation.note_refused(self.clock.now());
            error.with_refused(refused)
        })
    }

    /// Asks with each secret that has not been refused yet, the one that worked last first. Where
    /// there is none, it fails with `default_error`.
    async fn try_secrets(
        &self,
        credentials: &Credentials,
        scopes: &[String],
        refused: &mut Vec<u64>,
        default_error: Error,
    ) -> Result<Grant, Error> {
        let mut secrets: Vec<_> = credentials
            .secrets()
            .map(|secret| (credentials.fingerprint(secret), secret))
            .filter(|(fingerprint, _)| !refused.contains(fingerprint))
            .collect();
        secrets.sort_by_key(|(fingerprint, _)| !self.rotation.worked_last(*fingerprint));
        credentials.secrets().for_each(|secret| self.known.note(secret));
        let mut result = Err(default_error);
        for (fingerprint, secret) in secrets {
            let request = TokenRequest::new(&self.config, credentials.client_id(), secret, scopes)?;
            result = self.post(request, scopes).await.map_err(|error| self.without_secrets(error));
            match &result {
                Err(error) if is_refusal(error) => refused.push(fingerprint),
                Ok(_) => {
                    if self.rotation.note_worked(fingerprint) {
                        let kind = || EventKind::CredentialsChanged {
                            is_next: credentials.is_next(fingerprint),
                            source: self.config.credentials.name(),
                        };
                        self.events.tell(EventLevel::Info, &scopes.into(), kind);
                    }
                    return result.map(|grant| Grant { accepted: fingerprint, ..grant });
                }
                Err(_) => break,
            }
        }
        result
    }

    /// A name from outside as an error may show it.
    fn quoted(&self, name: String) -> String {
        if self.known.show_in(&name) {
            "a place whose name repeats a secret".to_owned()
        } else {
            name
        }
    }

    /// The error, unless something that it quotes is a secret of this client: the name in a
    /// certificate, say.
    fn without_secrets(&self, error: Error) -> Error {
        if !self.known.show_in_sentence(error.message()) {
            return error;
        }
        error.with_message(
            "the token endpoint failed, and its words are withheld: they repeat a secret",
        )
    }

    async fn post(&self, request: TokenRequest, scopes: &[String]) -> Result<Grant, Error> {
        let deadline = Instant::now() + self.config.request_timeout;
        // Shared by all redirects, and wiped when the last of them is done.
        let body = Bytes::from_owner(request.body);
        let mut url = self.config.token_url.clone();
        for _ in 0..=MAX_REDIRECTS {
            let mut call = Request::new(Method::POST, url.clone());
            let headers = call.headers_mut();
            headers.insert(CONTENT_TYPE, HeaderValue::from_static(request.content_type));
            headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
            if let Some((name, password)) = &request.basic {
                headers.insert(AUTHORIZATION, basic(name, password)?);
            }
            *call.body_mut() = Some(body.clone().into());
            let sent = self.clock.now();
            let response = self.http.execute(call, TOKEN_ENDPOINT, deadline).await;
            let response = response.map_err(|failure| match failure {
                Failure::TimedOut => self.timed_out(),
                Failure::Failed(error) => error,
            })?;
            if response.status().is_redirection() {
                url = self.redirect(&url, &response)?;
                continue;
            }
            let response = read(response, || self.timed_out()).await?;
            let now = self.clock.now().system_time();
            let grant = response.grant(&self.config, &self.known, scopes, now)?;
            return Ok(Grant { sent: Some(sent), ..grant });
        }
        Err(Error::new(
            ErrorKind::Protocol,
            format!(
                "the token endpoint redirected more than {MAX_REDIRECTS} times; check `token_url`"
            ),
        ))
    }

    fn timed_out(&self) -> Error {
        let limit = self.config.request_limit();
        Error::new(ErrorKind::Network, format!("the token endpoint did not respond within {limit}"))
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
            Some(target) if followed && target.origin() == self.config.token_url.origin() => {
                Ok(target)
            }
            target => {
                let origin = target.map_or_else(
                    || "nowhere".to_owned(),
                    |target| self.quoted(target.origin().ascii_serialization()),
                );
                Err(Error::new(
                    ErrorKind::Protocol,
                    format!(
                        "the token endpoint redirected ({}) to {origin}; if that is the right place, set `token_url` or `base_url` to it",
                        status.as_u16()
                    ),
                )
                .with_response(status.as_u16(), None))
            }
        }
    }
}

impl TokenSource for TokenEndpoint {
    fn fetch<'a>(&'a self, wanted: Wanted<'a>) -> Fetch<'a> {
        Box::pin(async move {
            let credentials = self.config.credentials.credentials().await?;
            self.grant_with(credentials, wanted.scopes).await.map(Fetched::from)
        })
    }

    fn credentials_changed<'a>(&'a self, failure: &'a Error) -> CredentialsChanged<'a> {
        Box::pin(async {
            if self.http.failure_may_be_gone().await {
                return true;
            }
            let provider = &self.config.credentials;
            // Other failures say nothing of the credentials.
            if !is_refusal(failure)
                || !provider.may_change()
                || !self.rotation.is_time_to_check(self.clock.now())
            {
                return false;
            }
            provider.credentials().await.is_ok_and(|credentials| {
                let mut secrets = credentials.secrets();
                let refused = |secret| failure.refused().contains(&credentials.fingerprint(secret));
                !secrets.all(refused)
            })
        })
    }

    fn close(&self) {
        self.known.clear();
        self.http.close();
    }
}

impl Issuer for TokenEndpoint {
    fn credentials(&self) -> Asking<'_> {
        Box::pin(self.config.credentials.credentials())
    }

    fn grant<'a>(&'a self, credentials: Credentials, scopes: &'a [String]) -> Granting<'a> {
        Box::pin(self.grant_with(credentials, scopes))
    }

    fn worked_last(&self, fingerprint: u64) -> bool {
        self.rotation.worked_last(fingerprint)
    }

    fn note_token(&self, token: &Secret) {
        self.known.note(token);
    }
}

/// Whether other credentials may fare better.
fn is_refusal(error: &Error) -> bool {
    error.kind() == ErrorKind::InvalidCredentials
}

async fn read(
    mut response: Response,
    timed_out: impl Fn() -> Error,
) -> Result<TokenResponse, Error> {
    let header = |headers: &HeaderMap, name: &str| {
        headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned)
    };
    let headers = response.headers();
    let mut token_response = TokenResponse {
        status: response.status().as_u16(),
        retry_after: header(headers, RETRY_AFTER.as_str()),
        date: header(headers, DATE.as_str()),
        content_encoding: header(headers, CONTENT_ENCODING.as_str()),
        rate_limit_remaining: header(headers, "x-ratelimit-remaining"),
        rate_limit_reset: header(headers, "x-ratelimit-reset"),
        body: Zeroizing::new(Vec::with_capacity(USUAL_BODY)),
    };
    loop {
        let chunk = match response.chunk().await {
            Ok(Some(chunk)) => chunk,
            Ok(None) => break,
            Err(problem) if problem.is_timeout() => return Err(timed_out()),
            Err(problem) => {
                let body: &[u8] = &token_response.body;
                let is_whole = || serde_json::from_slice::<IgnoredAny>(body).is_ok();
                if failure::is_abrupt_end(&problem) && is_whole() {
                    break;
                }
                return Err(failure::broken_body(&problem, TOKEN_ENDPOINT));
            }
        };
        if token_response.body.len() + chunk.len() > BODY_LIMIT {
            return Err(Error::new(
                ErrorKind::Protocol,
                format!("the token response is longer than {BODY_LIMIT} bytes; check `token_url`"),
            )
            .with_response(token_response.status, None));
        }
        if token_response.body.len() + chunk.len() > token_response.body.capacity() {
            // A vector that grows by itself leaves what it held behind, unwiped.
            let mut larger = Zeroizing::new(Vec::with_capacity(BODY_LIMIT));
            larger.extend_from_slice(&token_response.body);
            token_response.body = larger;
        }
        token_response.body.extend_from_slice(&chunk);
    }
    Ok(token_response)
}

/// HTTP Basic (RFC 7617).
fn basic(name: &Secret, password: &Secret) -> Result<HeaderValue, Error> {
    let pair = Zeroizing::new([name.expose(), ":", password.expose()].concat());
    let value = Zeroizing::new(["Basic ", &Zeroizing::new(STANDARD.encode(&*pair))].concat());
    let mut value = HeaderValue::from_str(&value)
        .map_err(|_| Error::new(ErrorKind::Internal, "Base64 is no header"))?;
    value.set_sensitive(true);
    Ok(value)
}
