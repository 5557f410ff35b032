//! The settings of a client, as a Rust program gives them.

use std::time::Duration;

use seekauth::binding::{Setting, SettingKind, Value};
use seekauth::{AuthMethod, Config, Environment, RequestFormat};
use seekauth_runner::wire::{Fields, decode_pairs};

use crate::ask::{Result, misuse};

/// By the typed setters, wherever these have a way to say it, and by the table of settings
/// otherwise.
pub(crate) fn configuration(fields: &Fields) -> Result<Config> {
    let some = |name: &str| fields.get(name).map(String::as_str);
    let mut done = vec!["handle", "provider", "provider_async", "service", "environment"];
    let mut config = match (some("service"), some("environment"), some("token_url")) {
        (Some("seek_api"), Some("live"), _) => Config::seek_api(Environment::Live),
        (Some("seek_api"), Some("playground"), _) => Config::seek_api(Environment::Playground),
        (Some("seek_pass"), Some("staging"), _) => Config::seek_pass(Environment::Staging),
        (Some("seek_pass"), Some("production"), _) => Config::seek_pass(Environment::Production),
        (Some("oauth"), None, Some(url)) => Config::oauth(url),
        _ => {
            done.truncate(3);
            Config::new()
        }
    };
    if let (Some(id), Some(secret)) = (some("client_id"), some("client_secret")) {
        config = config.credentials(id, secret);
        done.extend(["client_id", "client_secret"]);
    }
    for (name, text) in fields.iter().filter(|(name, _)| !done.contains(&name.as_str())) {
        config = with_setting(config, name, text)?;
    }
    Ok(config)
}

fn with_setting(mut config: Config, name: &str, text: &str) -> Result<Config> {
    let length = || text.parse().map(Duration::from_millis);
    Ok(match (name, length()) {
        ("user_agent", _) => config.user_agent(text),
        ("scopes", _) => config.scopes(text.split(' ')),
        ("client_id", _) => config.client_id(text),
        ("client_secret_next", _) => config.client_secret_next(text),
        ("client_id_file", _) => config.client_id_file(text),
        ("client_secret_file", _) => config.client_secret_file(text),
        ("client_secret_next_file", _) => config.client_secret_next_file(text),
        ("credentials_file", _) => config.credentials_file(text),
        ("credentials_command", _) => config.credentials_command(text.split(' ')),
        ("client_certificate_file", _) => config.client_certificate_file(text),
        ("client_key_file", _) => config.client_key_file(text),
        ("proxy", _) => config.proxy(text),
        ("audience", _) => config.audience(text),
        ("base_url", _) => config.base_url(text),
        ("token_url", _) => config.token_url(text),
        ("api_url", _) => config.api_url(text),
        ("ca_file", _) => config.ca_file(text),
        ("accept_language", _) => config.accept_language(text),
        ("extra_parameters", _) => config.extra_parameters(decode_pairs(text).map_err(misuse)?),
        ("allow_non_expiring", _) => config.allow_non_expiring(text == "true"),
        ("stay_warm", _) => config.stay_warm(text == "true"),
        ("timeout_ms", Ok(length)) => config.timeout(length),
        ("request_timeout_ms", Ok(length)) => config.request_timeout(length),
        ("connect_timeout_ms", Ok(length)) => config.connect_timeout(length),
        ("refresh_margin_ms", Ok(length)) => config.refresh_margin(length),
        ("token_endpoint_auth_method", _) if text == "client_secret_post" => {
            config.token_endpoint_auth_method(AuthMethod::ClientSecretPost)
        }
        ("token_endpoint_auth_method", _) if text == "client_secret_basic" => {
            config.token_endpoint_auth_method(AuthMethod::ClientSecretBasic)
        }
        ("token_request_format", _) if text == "form" => {
            config.token_request_format(RequestFormat::Form)
        }
        ("token_request_format", _) if text == "json" => {
            config.token_request_format(RequestFormat::Json)
        }
        // A name that no enumeration has, or a length of time that no `Duration` can be.
        _ => {
            let plain = name.strip_suffix("_ms").unwrap_or(name);
            let setting = Setting::named(plain);
            let setting = setting.ok_or_else(|| misuse(format!("unknown setting {name}")))?;
            let value = match setting.kind() {
                SettingKind::Duration => {
                    Value::seconds(plain, text.parse::<f64>().map_err(misuse)? / 1000.0)?
                }
                _ => Value::text(text),
            };
            config.set(setting, value)?;
            config
        }
    })
}
