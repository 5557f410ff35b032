//! The environment variables with which a client takes the sandbox for SEEK, ready to copy.

use std::collections::BTreeMap;

use crate::sandbox::Urls;
use crate::settings::Client;

/// For a client of the live SEEK API, with the prefix that `from_env` has by itself.
pub(crate) fn seek_api(urls: &Urls) -> BTreeMap<String, String> {
    let addresses = [("TOKEN_URL", &urls.token_url), ("API_URL", &urls.graphql_url)];
    variables("SEEKAUTH_", urls, "seek_api", "live", "sandbox-live", &addresses)
}

/// For a client of SEEK Pass, with the prefix that the documentation has for a program of two clients.
pub(crate) fn seek_pass(urls: &Urls) -> BTreeMap<String, String> {
    let mut all = variables(
        "PASS_",
        urls,
        "seek_pass",
        "staging",
        "sandbox-pass",
        &[("BASE_URL", &urls.pass)],
    );
    all.insert("PASS_SCOPES".to_owned(), "write.education".to_owned());
    all
}

fn variables(
    prefix: &str,
    urls: &Urls,
    service: &str,
    environment: &str,
    client_id: &str,
    addresses: &[(&str, &String)],
) -> BTreeMap<String, String> {
    let secret = Client::defaults().into_iter().find(|client| client.client_id == client_id);
    let fixed = [
        ("SERVICE", service),
        ("ENVIRONMENT", environment),
        ("CLIENT_ID", client_id),
        ("CLIENT_SECRET", secret.as_ref().map_or("", |client| &client.client_secret)),
        ("USER_AGENT", "SandboxUser/1.0"),
        // A proxy for the world outside would not find this machine.
        ("PROXY", "none"),
    ];
    let given = addresses.iter().map(|(name, value)| (*name, value.as_str()));
    let authority = urls.ca_file.iter().map(|file| ("CA_FILE", file.as_str()));
    fixed
        .into_iter()
        .chain(given)
        .chain(authority)
        .map(|(name, value)| (format!("{prefix}{name}"), value.to_owned()))
        .collect()
}
