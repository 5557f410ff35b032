//! The JSON of a credentials file or command: what comes out is what a second reading of it says,
//! and a failure shows nothing of it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use seekauth::ErrorKind;
use seekauth::fuzzing::read_credentials;
use seekauth_fuzz::{CANARY, Members, check_error};
use serde_json::{Map, Value, json};

fuzz_target!(|text: &str| {
    let reference = Members::read(text.as_bytes());
    match read_credentials(text) {
        Ok((client_id, secrets)) => {
            let document = reference.expect("only a JSON object has credentials");
            assert_eq!(document.get("client_id"), json!(client_id));
            assert_eq!(document.get("client_secret"), json!(secrets[0]));
            assert_eq!(document.get("client_secret_next"), json!(secrets.get(1)));
            for value in secrets.iter().chain([&client_id]) {
                assert!(fits(value), "white space or line ends: {value:?}");
            }
        }
        Err(error) => {
            assert_eq!(error.kind(), ErrorKind::CredentialsUnavailable);
            check_error(&error, &[CANARY]);
            // Written out anew it has each member once, which is the one thing that a map hides.
            if let Ok(document) = serde_json::from_str::<Map<String, Value>>(text)
                && complete(&document)
            {
                let anew = serde_json::to_string(&document).expect("a map can be written");
                assert!(read_credentials(&anew).is_ok(), "refused: {anew}");
            }
        }
    }
});

fn complete(document: &Map<String, Value>) -> bool {
    // Beyond ASCII there are characters that are refused because nobody sees them.
    let fits = |text: &str| text.is_ascii() && fits(text);
    let text = |name: &str| document.get(name).and_then(Value::as_str).is_some_and(fits);
    let next = document.get("client_secret_next");
    text("client_id")
        && text("client_secret")
        && (next.is_none_or(Value::is_null) || text("client_secret_next"))
}

fn fits(value: &str) -> bool {
    let unseen = ['\u{ad}', '\u{200b}', '\u{200d}', '\u{2028}', '\u{2060}', '\u{feff}', '\u{a0}'];
    !value.is_empty()
        && value.trim() == value
        && !value.chars().any(|letter| letter.is_control() || unseen.contains(&letter))
}
