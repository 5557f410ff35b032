//! What the fuzz targets share: how their inputs are written, so that seeds can be read and edited
//! by people, and what must hold for every error whatever was done.

pub mod c;
pub mod issuer;
pub mod outcome;

use std::collections::BTreeMap;

use seekauth::fuzzing::TokenResponse;
use seekauth::{Config, Error};
use serde_json::Value;
use serde_json::value::RawValue;

/// A secret that the targets plant. It must not come out anywhere.
pub const SECRET: &str = "s3cret-7f3a91";

/// A text that stands for a token in the seeds. No error may repeat it.
pub const CANARY: &str = "canary-token-5d1e";

/// The input up to an empty line, as text, and what comes after it.
#[must_use]
pub fn head_and_body(data: &[u8]) -> (String, &[u8]) {
    let cut = data.windows(2).position(|pair| pair == b"\n\n");
    let (head, body) = cut.map_or((data, &[][..]), |at| (&data[..at], &data[at + 2..]));
    (String::from_utf8_lossy(head).into_owned(), body)
}

/// The value in the line `name: value`.
#[must_use]
pub fn header(head: &str, name: &str) -> Option<String> {
    let line = head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
    line.map(str::to_owned)
}

/// A response of a token endpoint, and whether it says that tokens may live for ever, from
/// `status: 429`, `retry-after: 1` and so on, an empty line and the body.
#[must_use]
pub fn response(data: &[u8], statuses: std::ops::Range<u16>) -> (TokenResponse, Config) {
    let (head, body) = head_and_body(data);
    let status = header(&head, "status").and_then(|text| text.parse().ok());
    let status = status.filter(|status| statuses.contains(status)).unwrap_or(statuses.start);
    let mut config = Config::oauth("https://issuer.example/token")
        .credentials("an-id", SECRET)
        .user_agent("Fuzz/1.0")
        .allow_non_expiring(header(&head, "forever").is_some());
    if let Some(scopes) = header(&head, "scopes") {
        config = config.scopes(scopes.split(' '));
    }
    let response = TokenResponse {
        status,
        retry_after: header(&head, "retry-after"),
        date: header(&head, "date"),
        content_encoding: header(&head, "content-encoding"),
        rate_limit_remaining: header(&head, "x-ratelimit-remaining"),
        rate_limit_reset: header(&head, "x-ratelimit-reset"),
        body: body.to_vec(),
    };
    (response, config)
}

/// Whether a body is read as it was sent: neither told to be compressed nor beginning like that.
#[must_use]
pub fn is_as_sent(data: &[u8]) -> bool {
    let (head, body) = head_and_body(data);
    let is_packed = matches!(body.first(), Some(0x1f | 0x28 | 0x78));
    header(&head, "content-encoding").is_none() && !is_packed
}

/// A second reading of a JSON object: its members, each read when it is asked for, because what is
/// wrong in one that does not count (its encoding, a number too large, its depth) does not matter.
pub struct Members(BTreeMap<String, Box<RawValue>>);

impl Members {
    /// The members, unless it is no JSON object.
    #[must_use]
    pub fn read(body: &[u8]) -> Option<Self> {
        let text = String::from_utf8_lossy(body);
        serde_json::from_str(text.trim_start_matches('\u{feff}')).ok().map(Self)
    }

    /// The member of this name; `Null` when there is none.
    ///
    /// # Panics
    ///
    /// When it cannot be read by itself.
    #[must_use]
    pub fn get(&self, name: &str) -> Value {
        let text = self.0.get(name).map(|value| value.get());
        text.map_or(Value::Null, |text| serde_json::from_str(text).expect("a member that counts"))
    }
}

/// What callers may rely on in every error: one line without control characters, and no secret.
///
/// # Panics
///
/// When that does not hold.
pub fn check_error(error: &Error, secrets: &[&str]) {
    let message = error.message();
    assert!(!message.is_empty() && !message.contains(char::is_control), "{message:?}");
    for shown in [format!("{error:?}"), error.to_string()] {
        for secret in secrets {
            assert!(!shown.contains(secret), "an error shows a secret: {shown}");
        }
    }
}
