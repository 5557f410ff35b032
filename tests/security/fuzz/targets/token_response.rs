//! A 2xx response of a token endpoint: it grants exactly what its JSON says, judged by a second
//! reading of it, or fails without repeating any of it.
#![no_main]

use std::time::Duration;

use libfuzzer_sys::fuzz_target;
use seekauth::ErrorKind;
use seekauth::fuzzing::read_response;
use seekauth_fuzz::{CANARY, Members, SECRET, check_error, head_and_body, header, response};
use serde_json::Value;

fuzz_target!(|data: &[u8]| {
    let (response, config) = response(data, 200..300);
    let body = response.body.clone();
    let wanted = header(&head_and_body(data).0, "scopes");
    let wanted = wanted.unwrap_or_default();
    let status = response.status;
    match read_response(&config, response, SECRET) {
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
        Err(error) if error.kind() == ErrorKind::InvalidArgument => {
            assert_eq!(error.status(), None, "the settings are at fault, not the reply");
        }
        Err(error) => {
            assert!(matches!(error.kind(), ErrorKind::Protocol | ErrorKind::NotGranted));
            assert_eq!(error.status(), Some(status));
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
