//! What makes two requests for a token the same request in every process: all that the server looks
//! at, but for the secret.

use crate::config::ResolvedConfig;
use crate::credentials::Credentials;
use crate::store::keys::joined;

/// The identity of a token with these scopes, one after the other with their lengths. `certificate` is
/// the client's, if it shows one: a token may be bound to it (RFC 8705).
pub(crate) fn identity(
    config: &ResolvedConfig,
    credentials: &Credentials,
    scopes: &[String],
    certificate: &[u8],
) -> Vec<u8> {
    let extras = joined(
        config
            .extra_parameters
            .iter()
            .flat_map(|(name, value)| [name.as_bytes(), value.as_bytes()]),
    );
    let scopes = joined(scopes.iter().map(String::as_bytes));
    joined([
        b"1",
        config.token_url.as_str().as_bytes(),
        credentials.client_id().as_bytes(),
        config.audience.as_deref().unwrap_or_default().as_bytes(),
        &scopes,
        &extras,
        config.auth_method.name().as_bytes(),
        config.format.name().as_bytes(),
        certificate,
    ])
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::config::{AuthMethod, Config, RequestFormat};

    #[test]
    fn whatever_the_server_looks_at_makes_another_identity() {
        let plain = || {
            Config::oauth("https://a.example/token").user_agent("A/1").credentials("id", "secret")
        };
        let of = |config: Config, scopes: &[&str], certificate: &[u8]| {
            let (config, _) = ResolvedConfig::new(&config).unwrap();
            let scopes: Vec<String> = scopes.iter().map(|&scope| scope.to_owned()).collect();
            let credentials = Credentials::new("id", "secret");
            identity(&config, &credentials, &scopes, certificate)
        };
        let all: HashSet<Vec<u8>> = [
            of(plain(), &[], b""),
            of(plain(), &["a"], b""),
            of(plain(), &["a", "b"], b""),
            of(plain(), &["a b"], b""),
            of(plain(), &[], b"certificate"),
            of(plain().token_url("https://b.example/token"), &[], b""),
            of(plain().audience("x"), &[], b""),
            of(plain().extra_parameters([("a", "b")]), &[], b""),
            of(plain().token_endpoint_auth_method(AuthMethod::ClientSecretBasic), &[], b""),
            of(plain().token_request_format(RequestFormat::Json), &[], b""),
        ]
        .into();
        assert_eq!(all.len(), 10);
        let other = plain().user_agent("B/2").timeout(std::time::Duration::from_secs(1));
        assert_eq!(of(other, &[], b""), of(plain(), &[], b""), "what the server does not look at");
    }
}
