//! Where a token may go. Whatever address passes leads to the API's origin, without credentials,
//! by the URL standard's own parser; and what that parser writes for such an address passes. The
//! first line of an input is `api_url`, the second the address.
#![no_main]

use libfuzzer_sys::fuzz_target;
use seekauth::{Client, Config, ErrorKind};
use seekauth_fuzz::{SECRET, check_error};
use url::Url;

fuzz_target!(|text: &str| {
    let (api_url, url) =
        text.split_once('\n').unwrap_or(("https://graphql.seek.com/graphql", text));
    let config = Config::oauth("https://issuer.example/token").credentials("an-id", SECRET);
    let client = match Client::new(config.user_agent("Fuzz/1.0").api_url(api_url)) {
        Ok(client) => client,
        Err(error) => return check_error(&error, &[SECRET]),
    };
    let api = Url::parse(client.api_url().expect("it was given")).expect("it was accepted");
    let leads_there = |url: &Url| {
        url.origin() == api.origin() && url.username().is_empty() && url.password().is_none()
    };
    match client.auth_flow(url, true) {
        Ok(_) => {
            let parsed = Url::parse(url).expect("an address that passes is a URL");
            assert!(leads_there(&parsed), "{url:?} passes for {api}, and leads to {parsed}");
        }
        Err(error) => {
            assert_eq!(error.kind(), ErrorKind::ForbiddenOrigin);
            assert!(!error.message().contains(char::is_control));
            if let Ok(parsed) = Url::parse(url)
                && leads_there(&parsed)
            {
                let plain = client.auth_flow(parsed.as_str(), true);
                assert!(plain.is_ok(), "{parsed} does not pass for {api}");
            }
        }
    }
});
