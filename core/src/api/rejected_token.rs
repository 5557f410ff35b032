//! What is known when the API has rejected a token: what its response said, and which of the causes the
//! facts point to.

use std::fmt;

use serde::Deserialize;

use crate::api::graphql_shape::paired;
use crate::config::ResolvedConfig;
use crate::credentials::known_secrets::KnownSecrets;
use crate::sys::json_members::each_member;
use crate::token_endpoint::codes::registered;

/// More of a message is no use to anybody.
const LONGEST_MESSAGE: usize = 200;
/// GraphQL's names are short, and so are the ways to an error.
const LONGEST_PATH: usize = 200;

/// A response that rejected the token. Nothing of it is shown but by the accessors of an error.
#[derive(Clone, Default)]
pub(crate) struct RejectedResponse {
    pub(crate) status: u16,
    pub(crate) code: Option<&'static str>,
    message: Option<String>,
    path: Option<String>,
}

impl RejectedResponse {
    /// One that says no more than its status.
    pub(crate) fn of_status(status: u16) -> Self {
        Self { status, ..Self::default() }
    }

    /// One with an error of GraphQL, of which `entry` is the beginning, with this code.
    pub(crate) fn of_graphql(status: u16, code: &'static str, entry: &[u8]) -> Self {
        let mut response = Self { status, code: Some(code), ..Self::default() };
        each_member(&String::from_utf8_lossy(entry), |name, value| match name {
            "message" => response.message = message(value.get()),
            "path" => response.path = path(value.get()),
            _ => {}
        });
        response
    }

    /// Takes in what `WWW-Authenticate` says (RFC 6750, 3), if it is a registered code.
    pub(crate) fn note_challenge(&mut self, header: &str) {
        let code = header.split_once("error=\"").and_then(|(_, rest)| rest.split('"').next());
        self.code = self.code.or_else(|| code.and_then(registered));
    }

    /// Its message and path, each unless it shows a piece of a secret or of the token that was rejected.
    pub(crate) fn words(
        &self,
        known: &KnownSecrets,
        token: &str,
    ) -> (Option<String>, Option<String>) {
        let harmless = |text: &&String| !known.show_in_beside(text, token);
        (
            self.message.as_ref().filter(harmless).cloned(),
            self.path.as_ref().filter(harmless).cloned(),
        )
    }
}

impl fmt::Debug for RejectedResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RejectedResponse").field("status", &self.status).finish_non_exhaustive()
    }
}

/// A text in one line of moderate length.
fn message(json: &str) -> Option<String> {
    let text: String = serde_json::from_str(&paired(json)).ok()?;
    let text: String = text.chars().map(|it| if it.is_control() { ' ' } else { it }).collect();
    let text = text.trim();
    let end = text.char_indices().nth(LONGEST_MESSAGE).map_or(text.len(), |(end, _)| end);
    Some(text[..end].to_owned()).filter(|text| !text.is_empty())
}

/// The parts with dots between them, if all of them are names of GraphQL's, or numbers.
fn path(json: &str) -> Option<String> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Part {
        Index(u32),
        Name(String),
    }
    let parts: Vec<Part> = serde_json::from_str(json).ok()?;
    let is_name = |name: &str| {
        name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    };
    let parts: Option<Vec<String>> = parts
        .into_iter()
        .map(|part| match part {
            Part::Index(index) => Some(index.to_string()),
            Part::Name(name) => Some(name).filter(|name| is_name(name)),
        })
        .collect();
    parts.map(|parts| parts.join(".")).filter(|path| (1..=LONGEST_PATH).contains(&path.len()))
}

/// The causes of a rejected token, and which of them fits as far as the client knows. `was_accepted` says
/// whether the API accepted a token of this client before.
pub(crate) fn cause(config: &ResolvedConfig, was_accepted: bool) -> String {
    let fits = if was_accepted {
        "the last one fits: the API accepted this client's tokens before".to_owned()
    } else if let Some(mismatch) = config.mismatch() {
        mismatch
    } else {
        "one of the first two fits better: the API accepted no token of this client so far; it does not say which".to_owned()
    };
    format!(
        "the cause is a wrong audience, a wrong environment, or an id of the other environment in the request; {fits}"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Config, Environment};
    use crate::sys::secret::Secret;

    fn read(entry: &str) -> (Option<String>, Option<String>) {
        let response = RejectedResponse::of_graphql(200, "UNAUTHENTICATED", entry.as_bytes());
        response.words(&KnownSecrets::default(), "")
    }

    fn told(message: &str, path: &str) -> (Option<String>, Option<String>) {
        let given = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        (given(message), given(path))
    }

    #[test]
    fn message_and_path_are_read_as_far_as_they_go() {
        for (entry, expected) in [
            (
                r#"{"message":"No.","path":["self","a_b",0,"c"],"extensions":{"code":"U"#,
                told("No.", "self.a_b.0.c"),
            ),
            (r#"{"extensions":{"code":"U"},"message":"late"}],"data":null}"#, told("late", "")),
            (r#"{"message":"two\nlines \ud800","path":[]"#, told("two lines \u{fffd}", "")),
            (r#"{"message":7,"path":"self"}"#, told("", "")),
            (r#"{"message":"  ","path":["a b"]}"#, told("", "")),
            (r#"{"path":["a.b"],"message":"x"}"#, told("x", "")),
            (r#"{"path":[-1],"message":"torn"#, told("", "")),
            ("<html>", told("", "")),
        ] {
            assert_eq!(read(entry), expected, "{entry}");
        }
        let long = format!(r#"{{"message":"{}","path":["{}"]}}"#, "é".repeat(300), "a".repeat(300));
        let (message, path) = read(&long);
        assert_eq!((message.unwrap().chars().count(), path), (LONGEST_MESSAGE, None));
    }

    #[test]
    fn what_repeats_a_secret_or_the_token_is_withheld() {
        let known = KnownSecrets::default();
        known.note(&Secret::new("kR7-mmQ2.xPl9_vv03"));
        let token = "Bearer eyJhbGciOi.unknown-to-all";
        for entry in [
            r#"{"message":"bad KR7-MMQ2.XPL9","path":["kR7mmQ2xPl9_vv03"]}"#,
            r#"{"message":"the token eyJhbGciOi.unkn… is bad","path":["eyJhbGciOi"]}"#,
        ] {
            let response = RejectedResponse::of_graphql(200, "UNAUTHENTICATED", entry.as_bytes());
            assert_eq!(response.words(&known, token), (None, None), "{entry}");
            assert!(!format!("{response:?}").contains("bad"));
        }
    }

    #[test]
    fn a_challenge_has_a_registered_code_or_none() {
        let code = |header: &str| {
            let mut response = RejectedResponse::of_status(401);
            response.note_challenge(header);
            response.code
        };
        let challenge =
            r#"Bearer realm="Doorkeeper", error="invalid_token", error_description="x""#;
        assert_eq!(code(challenge), Some("invalid_token"));
        assert_eq!(code(r#"Bearer error="s3cret""#), None);
        assert_eq!(code("Basic"), None);
    }

    #[test]
    fn the_cause_that_fits_is_named() {
        let cause_of = |config: Config, was_accepted| {
            let config = config.credentials("id", "s3cret-value").user_agent("Acme/1");
            cause(&ResolvedConfig::new(&config).unwrap().0, was_accepted).replace('`', "")
        };
        let live = || Config::seek_api(Environment::Live);
        let staging = || Config::seek_pass(Environment::Staging).scopes(["a.b"]);
        for (config, was_accepted, says) in [
            (live(), true, "the last one fits"),
            (live(), false, "one of the first two fits better"),
            (
                live().audience("https://test.graphql.seek.com"),
                false,
                "audience is that of playground",
            ),
            (live().audience("https://a.example"), false, "audience is not that of live"),
            (live().api_url("https://a.example/graphql"), false, "api_url is not that of live"),
            (staging(), false, "one of the first two fits better"),
            (
                staging().api_url("https://a.example"),
                false,
                "api_url has another host than token_url",
            ),
            (
                Config::oauth("https://a.example/token").audience("x").api_url("https://b.example"),
                false,
                "one of the first two fits better",
            ),
        ] {
            let cause = cause_of(config, was_accepted);
            assert!(cause.contains(says) && cause.contains("wrong environment"), "{cause}");
        }
    }
}
