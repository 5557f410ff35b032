//! The stage `token`: one token request, as a client makes it.

use std::sync::Arc;
use std::time::Duration;

use crate::config::{Config, Prefix, ResolvedConfig, setting};
use crate::credentials::Credentials;
use crate::doctor::stage::{Findings, message};
use crate::error::{Error, ErrorKind};
use crate::sys::secret::Secret;
use crate::token_endpoint::endpoint::TokenEndpoint;
use crate::token_endpoint::source::{Grant, Issuer as _};

pub(super) async fn examine(
    config: &Config,
    resolved: &ResolvedConfig,
    scopes: &Arc<[String]>,
    endpoint: &TokenEndpoint,
    granted: &mut Option<Secret>,
) -> Findings {
    let mut findings = Findings::new();
    if !scopes.is_empty() {
        findings.fact("scopes asked for", &scopes.join(" "));
    }
    let asked = match endpoint.credentials().await {
        Ok(credentials) => {
            let copy = credentials.clone();
            endpoint.grant(credentials, scopes).await.map(|grant| (copy, grant))
        }
        Err(error) => Err(error),
    };
    match asked {
        Ok((credentials, grant)) => {
            note_grant(&mut findings, config, &credentials, &grant);
            *granted = Some(grant.access_token);
        }
        Err(error) => {
            note_error(&mut findings, &error, config.prefix());
            findings.fail(&advice(config, resolved, &error));
        }
    }
    findings
}

fn note_grant(findings: &mut Findings, config: &Config, asked: &Credentials, grant: &Grant) {
    findings.fact(
        "lifetime",
        &match grant.lifetime {
            Duration::MAX => "without end".to_owned(),
            lifetime => format!("{} s", lifetime.as_secs()),
        },
    );
    if !grant.scopes.is_empty() {
        findings.fact("scopes granted", &grant.scopes.join(" "));
    }
    let mut secrets = asked.secrets();
    let position = secrets.position(|secret| asked.fingerprint(secret) == grant.accepted);
    if position == Some(1) {
        let variable = |setting| config.prefix().variable(setting);
        let (first, next) =
            (variable(&setting::CLIENT_SECRET), variable(&setting::CLIENT_SECRET_NEXT));
        findings.fact("secret", "the other one of the rotation");
        findings.warn(&format!(
            "the server refuses {first} and takes {next}, or what stands in their files: the rotation is half \
             done; put the one that works in the first place"
        ));
    }
}

/// What an error says of itself.
pub(super) fn note_error(findings: &mut Findings, error: &Error, prefix: &Prefix) {
    findings.fact("problem", &message(error, prefix));
    findings.fact("error", error.kind().name());
    if let Some(status) = error.status() {
        findings.fact("status", &status.to_string());
    }
    if let Some(code) = error.server_code() {
        findings.fact("server code", code);
    }
    if let Some(pause) = error.retry_after() {
        findings.fact("retry after", &format!("{} s", pause.as_secs()));
    }
}

fn advice(config: &Config, resolved: &ResolvedConfig, error: &Error) -> String {
    let variable = |setting| config.prefix().variable(setting);
    let (service, environment) = resolved.names();
    let place = environment.unwrap_or(service);
    match error.kind() {
        ErrorKind::InvalidCredentials => format!(
            "the server does not know this pair: check {} and {}, and that they were issued for {place}",
            variable(&setting::CLIENT_ID),
            variable(&setting::CLIENT_SECRET)
        ),
        ErrorKind::NotGranted if resolved.audience.is_some() => format!(
            "id and secret are right, the audience is not theirs: check that the credentials were issued for \
             {place} ({}), and {} if it is set",
            variable(&setting::ENVIRONMENT),
            variable(&setting::AUDIENCE)
        ),
        ErrorKind::NotGranted => format!(
            "id and secret are right: ask for the scopes in {} to be granted to this client, or leave them out",
            variable(&setting::SCOPES)
        ),
        ErrorKind::Throttled => {
            "wait as long as the server says, and ask for fewer tokens".to_owned()
        }
        ErrorKind::Unavailable => "the server fails: try again in a minute".to_owned(),
        ErrorKind::Protocol => {
            format!("what responded is no token endpoint: check {}", variable(&setting::TOKEN_URL))
        }
        _ => message(error, config.prefix()),
    }
}
