//! Settings as a binding hands them over (a JSON object with a value of any kind for each name) or
//! as the environment does (lines of `name=text`). What comes of them fits into headers and says
//! what was asked for; whatever is refused is refused without showing a secret. The settings that
//! name a PEM file hold its contents here.
#![no_main]

use std::path::PathBuf;
use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use seekauth::binding::{Setting, Value};
use seekauth::fuzzing::token_request;
use seekauth::{Client, Config, Error, ErrorKind};
use seekauth_fuzz::{SECRET, check_error};
use serde_json::{Map, Value as Json};
use tempfile::TempDir;
use url::Url;

static FOLDER: LazyLock<TempDir> = LazyLock::new(|| tempfile::tempdir().expect("a folder"));

fuzz_target!(|text: &str| {
    let given = settings(text);
    let mut config = Config::new();
    for (setting, value) in &given {
        let set = value_of(setting, value).and_then(|value| config.set(setting, value));
        if let Err(error) = set {
            assert_eq!(error.kind(), ErrorKind::InvalidArgument);
            return check(&error, &given);
        }
    }
    assert!(!format!("{config:?}").contains(SECRET));
    let sent = token_request(&config);
    let client = match Client::new(config) {
        Ok(client) => client,
        Err(error) => {
            assert_eq!(error.kind(), ErrorKind::InvalidArgument);
            return check(&error, &given);
        }
    };
    let text_of = |name: &str| {
        let last = given.iter().rfind(|(setting, _)| setting.name() == name);
        last.and_then(|(_, value)| value.as_str())
    };
    if planted_in_secrets_alone(&given) {
        assert!(!format!("{client:?}{}", client.target()).contains(SECRET));
    }
    assert!(!client.target().contains(char::is_control));

    if let Some(sent) = sent.expect("a client was made of it") {
        let members = if sent.content_type == "application/json" {
            let body: Map<String, Json> = serde_json::from_slice(&sent.body).expect("JSON");
            let text = |value: &Json| value.as_str().expect("a text").to_owned();
            body.iter().map(|(name, value)| (name.clone(), text(value))).collect()
        } else {
            url::form_urlencoded::parse(&sent.body).into_owned().collect::<Vec<_>>()
        };
        let member = |name: &str| {
            let mut all = members.iter().filter(|(given, _)| given == name);
            let (first, more) = (all.next(), all.next());
            assert!(more.is_none(), "{name} is sent twice");
            first.map(|(_, value)| value.as_str())
        };
        assert_eq!(member("grant_type"), Some("client_credentials"));
        if let Some((name, word)) = &sent.basic {
            assert!(in_header(name) && in_header(word) && !name.contains(':'));
            assert_eq!((member("client_id"), member("client_secret")), (None, None));
        } else {
            assert_eq!(member("client_id"), text_of("client_id"));
            assert_eq!(member("client_secret"), text_of("client_secret"));
        }
        assert!(text_of("audience").is_none_or(|audience| member("audience") == Some(audience)));
    }

    if let Some(api_url) = client.api_url() {
        let url = Url::parse(api_url).expect("it was accepted");
        assert!(url.scheme() == "https" || is_loopback(&url), "{url}");
        let flow = client.auth_flow(api_url, true).expect("the API's own address");
        for (name, value) in flow.headers::<&str>(&[]) {
            assert!(!value.is_empty() && in_header(&value), "{name}: {value:?}");
        }
    }
});

fn settings(text: &str) -> Vec<(&'static Setting, Json)> {
    match serde_json::from_str::<Map<String, Json>>(text) {
        Ok(object) => object
            .into_iter()
            .filter_map(|(name, value)| Some((Setting::named(&name)?, value)))
            .collect(),
        Err(_) => text
            .lines()
            .filter_map(|line| line.split_once('='))
            .filter_map(|(name, value)| {
                Some((Setting::named(name)?, Json::String(value.to_owned())))
            })
            .collect(),
    }
}

/// The kinds of value that bindings make.
fn value_of(setting: &Setting, value: &Json) -> Result<Value, Error> {
    let text = |value: &Json| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    Ok(match value {
        Json::String(contents) if holds_pem(setting) => Value::text(file(setting, contents)),
        Json::String(text) => Value::text(text),
        Json::Number(number) => {
            Value::seconds(setting.name(), number.as_f64().unwrap_or(f64::NAN))?
        }
        Json::Bool(flag) => Value::Flag(*flag),
        Json::Array(list) => Value::List(list.iter().map(text).collect()),
        Json::Object(pairs) => {
            Value::pairs(pairs.iter().map(|(name, value)| (name.clone(), text(value))))
        }
        Json::Null => Value::seconds(setting.name(), f64::NEG_INFINITY)?,
    })
}

fn holds_pem(setting: &Setting) -> bool {
    matches!(setting.name(), "ca_file" | "client_certificate_file" | "client_key_file")
}

fn file(setting: &Setting, contents: &str) -> String {
    let path: PathBuf = FOLDER.path().join(setting.name());
    std::fs::write(&path, contents).expect("a file can be written");
    path.to_str().expect("a path in UTF-8").to_owned()
}

fn check(error: &seekauth::Error, given: &[(&Setting, Json)]) {
    let secrets = if planted_in_secrets_alone(given) { &[SECRET][..] } else { &[] };
    check_error(error, secrets);
}

/// Whether the planted secret would be a leak wherever it is shown.
fn planted_in_secrets_alone(given: &[(&Setting, Json)]) -> bool {
    given.iter().all(|(setting, value)| setting.is_secret() || !value.to_string().contains(SECRET))
}

/// Whether a text can stand in a header as it is (RFC 9110, 5.5, without obsolete octets).
fn in_header(text: &str) -> bool {
    text.bytes().all(|byte| (0x20..=0x7e).contains(&byte))
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        Some(url::Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        None => false,
    }
}
