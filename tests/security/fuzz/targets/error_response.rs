//! Any other response of a token endpoint: always an error of the right shape, in one line, with
//! nothing of the body but a registered `error` code.
#![no_main]

use libfuzzer_sys::fuzz_target;
use seekauth::ErrorKind;
use seekauth::fuzzing::read_response;
use seekauth_fuzz::{Members, SECRET, check_error, is_as_sent, response};

fuzz_target!(|data: &[u8]| {
    let (response, config) = response(data, 300..1000);
    let (status, body) = (response.status, response.body.clone());
    let error = read_response(&config, response, SECRET).expect_err("only 2xx grants");
    if error.kind() == ErrorKind::InvalidArgument && error.status().is_none() {
        return; // The settings were at fault.
    }
    check_error(&error, &[SECRET]);
    assert_eq!(error.status(), Some(status));
    assert!(error.message().is_ascii() && error.message().len() < 256, "{}", error.message());
    assert!(error.retryable() || error.retry_after().is_none());
    if let Some(code) = error.server_code() {
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte == b'_';
        assert!((1..=64).contains(&code.len()) && code.bytes().all(plain), "{code:?}");
        let text = String::from_utf8_lossy(&body).to_ascii_lowercase();
        let is_escaped = text.contains("\\u") || text.contains('%') || !is_as_sent(data);
        assert!(text.contains(code) || is_escaped, "{code} is not from the response");
    } else if let Some(members) = Members::read(&body).filter(|_| is_as_sent(data)) {
        let code = members.get("error");
        assert_ne!(code.as_str(), Some("invalid_client"), "a code is lost");
    }
    let told = matches!(error.kind(), ErrorKind::Throttled | ErrorKind::Unavailable);
    assert!(told || !(500..600).contains(&status), "a server's failure passes: {error:?}");
    assert!(error.kind() == ErrorKind::Throttled || status != 429);
});
