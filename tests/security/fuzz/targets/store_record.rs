//! What lies in a shared store, as anybody who can write there may leave it, and as whoever has the secret
//! may: what is taken over is what the record says by a second reading, and nothing that was touched.
#![no_main]

use std::time::Duration;

use libfuzzer_sys::fuzz_target;
use seekauth::ErrorKind;
use seekauth::fuzzing::{ABOVE, Adopted, CLOCK, NOW_MS, read_records, seal_record};
use seekauth_fuzz::{CANARY, Members, check_error, head_and_body, header};

fuzz_target!(|data: &[u8]| {
    let (head, body) = head_and_body(data);
    match header(&head, "sealed").as_deref() {
        Some("token") => token(body),
        Some("note") => note(body),
        // As they are, in both places.
        _ => {
            let bytes = Some(data.to_vec());
            assert!(
                read_records(bytes.clone(), bytes).is_none(),
                "nobody but the secret's holder seals"
            );
        }
    }
});

fn token(text: &[u8]) {
    let Some(bytes) = seal_record(false, text) else { return };
    assert!(read_records(None, Some(bytes.clone())).is_none(), "a token is no note");
    assert!(read_records(Some(touched(&bytes, text)), None).is_none(), "touched");
    match read_records(Some(bytes), None) {
        None => assert!(!is_plain(text), "left alone: {}", String::from_utf8_lossy(text)),
        Some(Ok(adopted)) => check(&adopted, text),
        Some(Err(error)) => {
            assert_eq!(error.kind(), ErrorKind::Unavailable, "the one that is held, and young");
            check_error(&error, &[CANARY]);
        }
    }
}

fn note(text: &[u8]) {
    let Some(bytes) = seal_record(true, text) else { return };
    assert!(read_records(Some(bytes.clone()), None).is_none(), "a note is no token");
    assert!(read_records(None, Some(touched(&bytes, text))).is_none(), "touched");
    match read_records(None, Some(bytes)) {
        None => {}
        Some(Ok(adopted)) => panic!("a note has no token: {adopted:?}"),
        Some(Err(error)) => {
            assert_eq!(error.kind(), ErrorKind::InvalidCredentials);
            check_error(&error, &[CANARY]);
            let code = error.server_code().unwrap_or("none");
            assert!(code.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_'), "{code:?}");
        }
    }
}

/// With one bit of it turned over, which one its text says.
fn touched(bytes: &[u8], text: &[u8]) -> Vec<u8> {
    let sum = text.iter().fold(0_usize, |sum, byte| sum * 31 % 1_000_003 + usize::from(*byte));
    let mut touched = bytes.to_vec();
    touched[sum % bytes.len()] ^= 1 << (sum % 8);
    touched
}

fn check(adopted: &Adopted, text: &[u8]) {
    let record = Members::read(text).expect("only a JSON object has a token");
    assert_eq!(record.get("token").as_str(), Some(adopted.access_token.as_str()));
    assert!(adopted.access_token.bytes().all(|byte| byte.is_ascii_graphic()));
    assert!(adopted.number > ABOVE);
    let lifetime = Duration::from_millis(record.get("lifetime_ms").as_u64().expect("a number"));
    assert!(!adopted.expires_in.is_zero() && adopted.expires_in <= lifetime, "{adopted:?}");
    assert!(adopted.renewed_in <= adopted.usable_for, "{adopted:?}");
    assert!(adopted.usable_for <= adopted.expires_in, "{adopted:?}");
}

/// Whether it is a record as the library writes it, of a token that is new and has most of its life left.
fn is_plain(text: &[u8]) -> bool {
    let Ok(record) = serde_json::from_slice::<serde_json::Value>(text) else { return false };
    let number = |value: &serde_json::Value| value.as_u64().unwrap_or(0);
    let issued = &record["issued"];
    let token = record["token"].as_str().unwrap_or("");
    let scopes = record["scopes"].as_array();
    let names = ["token", "scopes", "lifetime_ms", "number", "issued", "refresh_at_age_ms"]
        .map(String::from);
    let members: Vec<&String> =
        record.as_object().map_or_else(Vec::new, |members| members.keys().collect());
    // Written out anew it has each member once, which is the one thing that a map hides.
    serde_json::to_vec(&record).is_ok_and(|anew| anew.len() == text.len())
        && names.iter().all(|name| members.contains(&name))
        && !token.is_empty()
        && token.bytes().all(|byte| byte.is_ascii_graphic())
        && scopes.is_some_and(|scopes| scopes.iter().all(serde_json::Value::is_string))
        && number(&record["lifetime_ms"]) >= 600_000
        && number(&record["number"]) > ABOVE
        && record["refresh_at_age_ms"].is_u64()
        && issued["clock"] == CLOCK
        && (NOW_MS - 60_000..=NOW_MS).contains(&number(&issued["at_ms"]))
        && (NOW_MS - 60_000..=NOW_MS).contains(&number(&issued["wall_ms"]))
}
