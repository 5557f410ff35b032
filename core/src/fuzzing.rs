//! Entry points for the fuzzers in `tests/security/fuzz` to what has no public name. They exist under
//! `--cfg fuzzing` alone, which no release is built with, and only pass things on.

use std::time::{Duration, SystemTime};

use crate::config::{Config, ResolvedConfig};
use crate::credentials::known_secrets::KnownSecrets;
use crate::credentials::{CredentialsSource, parse_json};
use crate::error::Error;
use crate::http::retry_after;
use crate::sys::secret::Secret;
use crate::token_endpoint::request::TokenRequest;
use crate::token_endpoint::response;

pub use crate::store::fuzzing::{ABOVE, Adopted, CLOCK, NOW_MS, read_records, seal_record};

/// A response of a token endpoint.
#[derive(Debug, Default)]
pub struct TokenResponse {
    /// The HTTP status.
    pub status: u16,
    /// The header `Retry-After`.
    pub retry_after: Option<String>,
    /// The header `Date`.
    pub date: Option<String>,
    /// The header `Content-Encoding`.
    pub content_encoding: Option<String>,
    /// The header `X-RateLimit-Remaining`.
    pub rate_limit_remaining: Option<String>,
    /// The header `X-RateLimit-Reset`.
    pub rate_limit_reset: Option<String>,
    /// The body.
    pub body: Vec<u8>,
}

/// The grant of such a response.
#[derive(Debug)]
pub struct Granted {
    /// The token.
    pub access_token: String,
    /// How long it lives.
    pub lifetime: Duration,
    /// Its scopes.
    pub scopes: Vec<String>,
}

/// A token request as it is sent.
#[derive(Debug)]
pub struct Sent {
    /// The header `Content-Type`.
    pub content_type: &'static str,
    /// The body.
    pub body: Vec<u8>,
    /// User name and password of HTTP Basic.
    pub basic: Option<(String, String)>,
}

/// Reads the response to a request with these settings.
///
/// # Errors
///
/// Those of the settings, and those of a token request.
pub fn read_response(
    config: &Config,
    response: TokenResponse,
    secret: &str,
) -> Result<Granted, Error> {
    let (config, scopes) = ResolvedConfig::new(config)?;
    let response = response::TokenResponse {
        status: response.status,
        retry_after: response.retry_after,
        date: response.date,
        content_encoding: response.content_encoding,
        rate_limit_remaining: response.rate_limit_remaining,
        rate_limit_reset: response.rate_limit_reset,
        body: response.body.into(),
    };
    let known = KnownSecrets::default();
    known.note(&Secret::new(secret));
    let grant = response.grant(&config, &known, &scopes, SystemTime::UNIX_EPOCH)?;
    Ok(Granted {
        access_token: grant.access_token.expose().to_owned(),
        lifetime: grant.lifetime,
        scopes: grant.scopes,
    })
}

/// The `errors` of a GraphQL response.
///
/// # Errors
///
/// What is wrong with its shape.
pub fn graphql_errors(text: &str) -> Result<Vec<serde_json::Value>, &'static str> {
    crate::api::graphql_errors(text)
}

/// How long a server wants to be left alone, by `Retry-After`, `X-RateLimit-Reset` and `Date`.
#[must_use]
pub fn wait(
    retry_after: Option<&str>,
    rate_limit_reset: Option<&str>,
    date: Option<&str>,
    now: SystemTime,
) -> Option<Duration> {
    retry_after::Headers { retry_after, rate_limit_reset, date }.wait(now)
}

/// The client id and the secrets of a credentials parse_json.
///
/// # Errors
///
/// `credentials_unavailable`.
pub fn read_credentials(text: &str) -> Result<(String, Vec<String>), Error> {
    let credentials = parse_json(text)?.check()?;
    let secrets = credentials.secrets().map(|secret| secret.expose().to_owned()).collect();
    Ok((credentials.client_id().to_owned(), secrets))
}

/// The token request that these settings make, where they hold the credentials themselves.
///
/// # Errors
///
/// Those of the settings.
pub fn token_request(config: &Config) -> Result<Option<Sent>, Error> {
    let (config, scopes) = ResolvedConfig::new(config)?;
    let CredentialsSource::Static(credentials) = &config.credentials else { return Ok(None) };
    let Some(secret) = credentials.secrets().next() else { return Ok(None) };
    let request = TokenRequest::new(&config, credentials.client_id(), secret, &scopes)?;
    let basic =
        request.basic.map(|(name, word)| (name.expose().to_owned(), word.expose().to_owned()));
    Ok(Some(Sent { content_type: request.content_type, body: request.body.to_vec(), basic }))
}
