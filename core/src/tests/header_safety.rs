//! Nothing that a setting, a server, a credential provider or a caller says gets out of the header
//! that it is put into: no line end, no NUL, nothing but ASCII. Checked where each becomes a header.

use std::time::SystemTime;

use proptest::collection::vec;
use proptest::prelude::*;
use reqwest::header::HeaderValue;
use serde_json::json;

use crate::api::http_message;
use crate::config::ResolvedConfig;
use crate::config::{AuthMethod, Config, Environment};
use crate::credentials::Credentials;
use crate::credentials::known_secrets::KnownSecrets;
use crate::sys::secret::Secret;
use crate::token_endpoint::request::TokenRequest;
use crate::token_endpoint::response::TokenResponse;
use crate::{Client, Error};

/// Texts of which most could not stand in a header, and some could.
fn text() -> impl Strategy<Value = String> {
    let odd = prop_oneof![
        Just('\r'),
        Just('\n'),
        Just('\0'),
        Just('\t'),
        Just('\u{7f}'),
        Just('\u{85}'),
        Just('\u{a0}'),
        Just('é'),
        Just('\u{2028}'),
        any::<char>(),
    ];
    let plain = proptest::char::range(' ', '~');
    vec(prop_oneof![1 => odd, 12 => plain], 0..12).prop_map(String::from_iter)
}

fn is_plain(text: &str) -> bool {
    text.bytes().all(|byte| (0x20..=0x7e).contains(&byte))
}

fn fits(text: &str) -> bool {
    is_plain(text) && HeaderValue::from_str(text).is_ok()
}

fn config() -> Config {
    Config::oauth("https://issuer.example/token")
        .credentials("an-id", "a-secret")
        .user_agent("Acme/1.2.3")
        .api_url("https://api.example/")
}

fn headers(config: Config) -> Result<Vec<(&'static str, String)>, Error> {
    let client = Client::new(config)?;
    Ok(client.auth_flow("https://api.example/", true)?.headers::<&str>(&[]))
}

fn check(headers: Result<Vec<(&'static str, String)>, Error>) -> Result<(), TestCaseError> {
    for (name, value) in headers.unwrap_or_default() {
        prop_assert!(fits(&value), "{}: {:?}", name, value);
    }
    Ok(())
}

proptest! {
    #[test]
    fn a_user_agent(rest in text()) {
        check(headers(config().user_agent(format!("Acme/1 {rest}"))))?;
        check(headers(config().user_agent(format!("Acme/{rest}"))))?;
        check(headers(config().user_agent(&rest)))?;
        // Not by refusing everything.
        prop_assert_eq!(headers(config().user_agent(format!("Acme/1 {rest}"))).is_ok(), is_plain(&rest));
    }

    #[test]
    fn languages(languages in text()) {
        check(headers(config().accept_language(&languages)))?;
        check(headers(config().accept_language(format!("en-AU, en;q=0.8{languages}"))))?;
    }

    #[test]
    fn a_token(token in text(), scope in text()) {
        let (config, _) = ResolvedConfig::new(&config()).unwrap();
        let body = json!({"access_token": token, "token_type": "Bearer", "expires_in": 60, "scope": scope});
        let response = TokenResponse {
            status: 200,
            retry_after: None,
            date: None,
            content_encoding: None,
            rate_limit_remaining: None,
            rate_limit_reset: None,
            body: body.to_string().into_bytes().into(),
        };
        let known = KnownSecrets::default();
        let grant = response.grant(&config, &known, &[], SystemTime::now());
        let visible = !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic());
        prop_assert_eq!(grant.is_ok(), visible);
        if let Ok(grant) = grant {
            let header = format!("Bearer {}", grant.access_token.expose());
            prop_assert!(fits(&header), "{:?}", header);
        }
    }

    #[test]
    fn credentials_of_basic(client_id in text(), secret in text()) {
        let config = config().token_endpoint_auth_method(AuthMethod::ClientSecretBasic);
        let (config, scopes) = ResolvedConfig::new(&config).unwrap();
        let request = TokenRequest::new(&config, &client_id, &Secret::new(secret), &scopes).unwrap();
        prop_assert!(fits(request.content_type));
        let (name, password) = request.basic.unwrap();
        prop_assert!(is_plain(name.expose()) && is_plain(password.expose()));
        prop_assert!(!name.expose().contains(':'), "the name would end there");
    }

    #[test]
    fn credentials_of_a_provider(client_id in text(), secret in text()) {
        let checked = Credentials::new(client_id, secret).check();
        if let Ok(credentials) = checked {
            prop_assert!(!credentials.client_id().contains(char::is_control));
            prop_assert!(credentials.secrets().all(|secret| !secret.expose().contains(char::is_control)));
        }
    }

    #[test]
    fn scopes(scope in text()) {
        let config = Config::seek_pass(Environment::Staging).credentials("an-id", "a-secret");
        let scopes = ResolvedConfig::new(&config.user_agent("Acme/1").scopes([&scope]));
        let visible = !scope.is_empty()
            && scope.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'"' && byte != b'\\');
        prop_assert_eq!(scopes.is_ok(), visible);
    }

    #[test]
    fn headers_of_a_caller(name in text(), value in text()) {
        if let Ok(headers) = http_message::headers(&[(name, value)]) {
            for (name, value) in &headers {
                prop_assert!(name.as_str().bytes().all(|byte| byte.is_ascii_graphic()));
                let plain = |byte: &u8| *byte == b'\t' || (0x20..=0x7e).contains(byte);
                prop_assert!(value.as_bytes().iter().all(plain), "{:?}", value);
            }
        }
    }
}
