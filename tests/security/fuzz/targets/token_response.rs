//! A 2xx response of a token endpoint: it grants exactly what its JSON says, judged by a second
//! reading of it, or fails without repeating any of it.
#![no_main]

use std::time::Duration;

use libfuzzer_sys::fuzz_target;
use seekauth::ErrorKind;
use seekauth::fuzzing::read_response;
use seekauth_fuzz::{
    CANARY, Members, SECRET, check_error, head_and_body, header, is_as_sent, response,
};
use serde_json::Value;

fuzz_target!(|data: &[u8]| {
    let (response, config) = response(data, 200..300);
    let body = response.body.clone();
    let wanted = header(&head_and_body(data).0, "scopes");
    let wanted = wanted.unwrap_or_default();
    let status = response.status;
    match read_response(&config, response, SECRET) {
        // What was packed is for the core's own tests, which unpack it a second time.
        Ok(_) if !is_as_sent(data) => {}
        Ok(granted) => {
            let reply = Members::read(&body).expect("only a JSON object grants");
            let token = granted.access_token.as_str();
            assert_eq!(reply.get("access_token").as_str(), Some(token));
            assert!(!token.is_empty() && token.bytes().all(|byte| (0x21..=0x7e).contains(&byte)));
            let kind = reply.get("token_type");
            assert!(kind.as_str().is_some_and(|kind| kind.eq_ignore_ascii_case("bearer")));
            assert_eq!(granted.lifetime, lifetime(&reply.get("expires_in")));
            let mut sorted = granted.scopes.clone();
            sorted.sort();
            sorted.dedup();
            assert_eq!(sorted, granted.scopes);
            assert!(wanted.split(' ').all(|scope| {
                scope.is_empty() || granted.scopes.iter().any(|granted| granted == scope)
            }));
        }
        // The settings are at fault, not the reply.
        Err(error) if error.kind() == ErrorKind::InvalidArgument && error.status().is_none() => {}
        Err(error) => {
            assert_eq!(error.status(), Some(status));
            let refused = matches!(
                error.kind(),
                ErrorKind::InvalidCredentials
                    | ErrorKind::InvalidArgument
                    | ErrorKind::Throttled
                    | ErrorKind::Unavailable
            );
            assert!(error.server_code().is_some() || !refused, "a refusal has a code: {error:?}");
            if wanted.contains(CANARY) {
                return;
            }
            check_error(&error, &[SECRET, CANARY]);
        }
    }
});

fn lifetime(value: &Value) -> Duration {
    let text = match value {
        Value::Null => return Duration::MAX,
        Value::String(text) => text.clone(),
        number => number.to_string(),
    };
    if text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Duration::from_secs(text.parse().unwrap_or(u64::MAX));
    }
    let seconds: f64 = text.parse().expect("a number");
    assert!(seconds >= 0.0 && seconds.trunc() == seconds);
    if seconds < 18_446_744_073_709_551_616.0 {
        // Exact: a whole number that a double holds and 64 bits hold too.
        Duration::from_secs(seconds as u64)
    } else {
        Duration::MAX
    }
}
