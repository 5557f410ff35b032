//! The stage `config`: each setting that is given and where it comes from, those that matter and were left
//! to their defaults, and what is questionable about them.

use std::sync::Arc;
use std::time::Duration;

use crate::config::{
    Config, Prefix, ResolvedConfig, Setting, Value, login, setting, spelled_as_variables,
};
use crate::credentials::{Credentials, CredentialsSource};
use crate::doctor::report::Report;
use crate::doctor::stage::{Findings, Outcome, message};
use crate::error::Error;
use crate::http::client::HttpClient;
use crate::http::proxies;
use crate::sys::secret::Secret;
use crate::sys::thread::run_detached;
use crate::sys::{limit, runtime};

/// What a valid configuration is made into.
pub(super) struct Valid {
    pub(super) config: Arc<ResolvedConfig>,
    pub(super) scopes: Arc<[String]>,
    pub(super) http: Arc<HttpClient>,
}

/// The secrets among the values, the most important last. What names a proxy or a store is an address, with a
/// password at most.
pub(super) fn secrets(config: &Config) -> impl Iterator<Item = Secret> {
    let variable = |name| config.given_variables().get(name)?.into_string().ok().map(Secret::new);
    let proxies = proxies::VARIABLES.into_iter().filter_map(variable);
    let given = Setting::all().iter().rev().filter(|setting| setting.is_secret());
    let given = given.filter_map(|setting| Some((setting, config.value(setting)?)));
    let given = given.flat_map(|(setting, value)| match value {
        Value::Text(text) if [setting::PROXY, setting::STORE].contains(setting) => {
            if text.contains("://") { login::secrets(text) } else { Vec::new() }
        }
        Value::Text(text) => vec![Secret::new(text.as_str())],
        Value::Pairs(pairs) => pairs.iter().map(|(_, value)| Secret::new(value.as_str())).collect(),
        _ => Vec::new(),
    });
    proxies.flat_map(|url| login::secrets(url.expose())).chain(given)
}

pub(super) async fn examine(
    config: Result<&Config, &Error>,
    valid: &mut Option<Valid>,
    report: &Report,
) -> Findings {
    let mut findings = Findings::new();
    let config = match config {
        Ok(config) => config,
        Err(error) => {
            refuse(&mut findings, error.message());
            return findings;
        }
    };
    let judged = match ResolvedConfig::with_marks(config) {
        Ok((resolved, scopes)) => {
            let credentials = resolved.credentials.credentials().await;
            Ok((resolved, scopes, credentials))
        }
        Err(error) => Err(error),
    };
    // Where no secret is known, none can be withheld from what other settings repeat.
    let is_valid = matches!(judged, Ok((_, _, Ok(_))));
    for setting in Setting::all() {
        if let Some(value) = config.value(setting) {
            let name = config.prefix().variable(setting);
            let shown = shown(setting, value, is_valid);
            let (whole, origin) = (whole(value), origin(config, setting, value));
            let spaces = if whole { "" } else { ", with white space at its ends" };
            findings.fact(&name, &format!("{shown}{spaces} ({origin})"));
            if !whole {
                findings.warn(&format!("remove the white space at the ends of {name}"));
            }
        }
    }
    let questionable = match &judged {
        Ok((resolved, ..)) => resolved.warnings.clone(),
        Err(_) => config.warnings().to_vec(),
    };
    for warning in questionable {
        let warning = spelled_as_variables(&warning, config.prefix());
        findings.fact("questionable", &warning);
        findings.warn(&warning);
    }
    match judged {
        Err(error) => refuse(&mut findings, &message(&error, config.prefix())),
        Ok((resolved, scopes, found)) => {
            defaults(&mut findings, config.prefix(), &resolved);
            modes(&mut findings, config, resolved.connect_timeout).await;
            credentials(&mut findings, config.prefix(), &resolved, found, report);
            let resolved = Arc::new(resolved);
            match http(&resolved).await {
                Ok(http) => *valid = Some(Valid { config: resolved, scopes, http }),
                Err(error) => refuse(&mut findings, &message(&error, config.prefix())),
            }
        }
    }
    if findings.outcome == Outcome::Failed {
        *valid = None;
    }
    findings
}

/// The client's connections. The files with certificates that it looks at may hang, so a thread does.
async fn http(config: &Arc<ResolvedConfig>) -> Result<Arc<HttpClient>, Error> {
    let config = Arc::clone(config);
    let made = run_detached("seekauth-files", move || HttpClient::new(config));
    let made = made.map_err(|problem| limit::refused("a thread", &problem))?;
    made.await.unwrap_or_else(|_| Err(runtime::panicked())).map(Arc::new)
}

/// The error says what to do. A variable that was misspelt explains one that is missing.
fn refuse(findings: &mut Findings, problem: &str) {
    findings.fact("problem", problem);
    let misspelt = findings.facts.iter().find(|fact| fact.name == "questionable");
    let advice = misspelt.map_or_else(|| problem.to_owned(), |fact| fact.value.clone());
    findings.fail(&advice);
}

/// A value as everybody may see it. What was not found valid may be a secret in the wrong place.
fn shown(setting: &Setting, value: &Value, is_valid: bool) -> String {
    match value {
        Value::Text(text) if setting.is_secret() || !is_valid => {
            format!("{} characters", text.chars().count())
        }
        // A query may hold a key.
        Value::Text(text) if setting.name().ends_with("_url") => {
            text.split('?').next().unwrap_or_default().to_owned()
        }
        Value::Text(text) => text.trim().to_owned(),
        Value::Duration(span) => seconds(*span),
        Value::Flag(flag) => flag.to_string(),
        // Arguments may be secrets, and so may be what is no scope.
        Value::List(words) if *setting == setting::SCOPES && is_valid => words.join(" "),
        Value::List(words) => format!("{} words", words.len()),
        Value::Pairs(pairs) => format!("{} members", pairs.len()),
        Value::Service(service) => service.name().to_owned(),
        Value::Environment(environment) => environment.name().to_owned(),
        Value::AuthMethod(method) => method.name().to_owned(),
        Value::RequestFormat(format) => format.name().to_owned(),
    }
}

fn whole(value: &Value) -> bool {
    !matches!(value, Value::Text(text) if text.trim() != text.as_str())
}

/// Who gave a value: the environment, or the program, which may have put another in its place.
fn origin(config: &Config, setting: &Setting, value: &Value) -> &'static str {
    let variable = config.given_variables().get(&config.prefix().variable(setting));
    let text = variable.and_then(|text| text.into_string().ok());
    let read = text.and_then(|text| setting.convert(Value::text(text)).ok());
    if read.as_ref() == Some(value) { "environment" } else { "program" }
}

/// What a client does where nothing was said.
fn defaults(findings: &mut Findings, prefix: &Prefix, resolved: &ResolvedConfig) {
    let url = |url: &url::Url| url.as_str().split('?').next().unwrap_or_default().to_owned();
    let mut note = |setting: &Setting, value: Option<String>| {
        let name = prefix.variable(setting);
        if let Some(value) = value
            && !findings.facts.iter().any(|fact| fact.name == name)
        {
            findings.fact(&name, &format!("{value} (default)"));
        }
    };
    note(&setting::TOKEN_URL, Some(url(&resolved.token_url)));
    note(&setting::API_URL, resolved.api_url.as_ref().map(url));
    note(&setting::AUDIENCE, resolved.audience.clone());
    note(&setting::TIMEOUT, Some(seconds(resolved.timeout)));
    note(&setting::REQUEST_TIMEOUT, Some(seconds(resolved.request_timeout)));
    note(&setting::CONNECT_TIMEOUT, Some(seconds(resolved.connect_timeout)));
}

fn seconds(span: Duration) -> String {
    format!("{} s", span.as_secs_f64())
}

/// The rights of the files that settings name, as far as the file system tells in time.
#[cfg(unix)]
async fn modes(findings: &mut Findings, config: &Config, allowed: Duration) {
    use std::os::unix::fs::PermissionsExt as _;

    let path = |setting: &Setting| match config.value(setting) {
        Some(Value::Text(text)) if setting.name().ends_with("_file") => Some(text.to_string()),
        _ => None,
    };
    let files: Vec<_> = Setting::all()
        .iter()
        .filter_map(|setting| Some((config.prefix().variable(setting), path(setting)?)))
        .collect();
    if files.is_empty() {
        return;
    }
    let look = move || {
        let mode = |(name, path): (String, String)| {
            let said = match std::fs::metadata(path) {
                Ok(file) => format!("mode {:04o}", file.permissions().mode() & 0o7777),
                Err(problem) => problem.kind().to_string(),
            };
            (name, said)
        };
        files.into_iter().map(mode).collect::<Vec<_>>()
    };
    let Ok(looked) = run_detached("seekauth-files", look) else { return };
    if let Ok(Ok(modes)) = tokio::time::timeout(allowed, looked).await {
        for (name, mode) in modes {
            let fact = findings.facts.iter_mut().find(|fact| fact.name == name);
            if let Some(fact) = fact {
                fact.value = format!("{}, {mode}", fact.value);
            }
        }
    }
}

/// Elsewhere rights are not a few bits.
#[cfg(not(unix))]
async fn modes(_: &mut Findings, _: &Config, _: Duration) {}

/// Id and secret as a client gets them for each token request.
fn credentials(
    findings: &mut Findings,
    prefix: &Prefix,
    resolved: &ResolvedConfig,
    found: Result<Credentials, Error>,
    report: &Report,
) {
    let source = &resolved.credentials;
    match found {
        Ok(credentials) => {
            credentials.secrets().for_each(|secret| report.withhold(secret));
            if source.may_change() {
                from_elsewhere(findings, source, &credentials);
            }
        }
        Err(error) => {
            let message = message(&error, prefix);
            findings.fact("problem", &message);
            findings.fail(&message);
        }
    }
}

fn from_elsewhere(findings: &mut Findings, source: &CredentialsSource, found: &Credentials) {
    let origin = source.name();
    if source.known_client_id().is_none() {
        findings.fact(setting::CLIENT_ID.name(), &format!("{} ({origin})", found.client_id()));
    }
    let names = [setting::CLIENT_SECRET.name(), setting::CLIENT_SECRET_NEXT.name()];
    for (name, secret) in names.into_iter().zip(found.secrets()) {
        let length = secret.expose().chars().count();
        findings.fact(name, &format!("{length} characters ({origin})"));
    }
}
