//! The client id and secret of RFC 6749, 2.3.1, and the JSON form in which they come.

use std::fmt;

use serde::Deserialize;

use crate::error::{Error, ErrorKind};
use crate::sys::fingerprint::fingerprint;
use crate::sys::secret::Secret;

/// A client id and its secret, with a second secret for the time of a rotation.
#[derive(Clone)]
pub struct Credentials {
    client_id: String,
    client_secret: Secret,
    next: Option<Secret>,
}

impl Credentials {
    /// The pair that SEEK issued.
    #[must_use]
    pub fn new(client_id: impl Into<String>, client_secret: impl Into<String>) -> Self {
        Self { client_id: client_id.into(), client_secret: Secret::new(client_secret), next: None }
    }

    /// The other secret of a rotation, the next or the previous one: it is tried when the server
    /// refuses the first.
    #[must_use]
    pub fn next_secret(mut self, secret: impl Into<String>) -> Self {
        self.next = Some(Secret::new(secret));
        self
    }

    pub(crate) fn client_id(&self) -> &str {
        &self.client_id
    }

    pub(crate) fn secrets(&self) -> impl Iterator<Item = &Secret> {
        std::iter::once(&self.client_secret).chain(&self.next)
    }

    /// Numbers that tell secrets apart, and tell them to nobody else: they are keyed.
    pub(crate) fn fingerprint(&self, secret: &Secret) -> u64 {
        fingerprint((&self.client_id, secret.expose()))
    }

    /// Whether it is the second secret that has this fingerprint.
    pub(crate) fn is_next(&self, fingerprint: u64) -> bool {
        self.next.as_ref().is_some_and(|next| self.fingerprint(next) == fingerprint)
    }

    pub(crate) fn check(self) -> Result<Self, Error> {
        let secrets = || self.secrets().map(Secret::expose);
        for (name, text) in std::iter::once(("the client id", self.client_id()))
            .chain(secrets().map(|secret| ("a secret", secret)))
        {
            if let Some(letter) = invisible(text) {
                return Err(malformed(&format!("{name} {}", holds(letter))));
            }
        }
        let fits = |text: &str| {
            !text.is_empty() && text.trim() == text && !text.contains(char::is_control)
        };
        if !fits(&self.client_id) {
            return Err(malformed(
                "the client id is empty, or has white space around it or line ends",
            ));
        }
        if !secrets().all(fits) {
            return Err(malformed("a secret is empty, or has white space around it or line ends"));
        }
        Ok(self)
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials")
            .field("client_id", &self.client_id)
            .field("client_secret", &self.client_secret)
            .finish_non_exhaustive()
    }
}

/// The first character that nobody sees and that comes along when a text is copied from a page, a
/// document or a chat: another space than the usual one, a mark without width.
pub(crate) fn invisible(text: &str) -> Option<char> {
    text.chars().find(|letter| {
        matches!(
            letter,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
                | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}' | '\u{2800}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}'
                | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}'
        ) || (letter.is_whitespace() && *letter != ' ' && !letter.is_control())
    })
}

/// What is said of such a character: its number, and nothing of what stands around it.
pub(crate) fn holds(letter: char) -> String {
    format!("holds U+{:04X}, a character that nobody sees; write it without", u32::from(letter))
}

/// A text without the byte order mark that some editors put in front.
pub(crate) fn without_mark(text: &str) -> &str {
    text.strip_prefix('\u{feff}').unwrap_or(text)
}

/// Reads the JSON form that a credentials file or command has.
pub(crate) fn parse_json(text: &str) -> Result<Credentials, Error> {
    #[derive(Deserialize)]
    #[expect(clippy::struct_field_names, reason = "the names of RFC 6749")]
    struct Document {
        client_id: String,
        client_secret: String,
        client_secret_next: Option<String>,
    }
    let shape = "is not a JSON object with client_id, client_secret and perhaps client_secret_next";
    let text = without_mark(text);
    if text.trim_ascii_start().starts_with('[') {
        return Err(malformed(shape));
    }
    let document: Document = serde_json::from_str(text).map_err(|_| malformed(shape))?;
    let credentials = Credentials::new(document.client_id, document.client_secret);
    Ok(match document.client_secret_next {
        Some(secret) => credentials.next_secret(secret),
        None => credentials,
    })
}

/// A transient failure: a file that is about to be mounted, a store that does not respond.
pub(crate) fn unavailable(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::CredentialsUnavailable, message).with_retryable(true)
}

/// Credentials that are not what they should be until somebody mends them.
pub(crate) fn malformed(problem: &str) -> Error {
    Error::new(
        ErrorKind::CredentialsUnavailable,
        format!("what the credential provider gave: {problem}"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_has_both_and_perhaps_a_third() {
        let read = |text: &str| parse_json(text).and_then(Credentials::check);
        let one = read(r#"{"client_id":"a","client_secret":"b","other":1}"#).unwrap();
        assert_eq!((one.client_id(), one.secrets().count()), ("a", 1));
        let two =
            read(r#"{"client_id":"a","client_secret":"b","client_secret_next":"c"}"#).unwrap();
        assert_eq!(two.secrets().count(), 2);
        for text in [
            "",
            "{}",
            r#"["a","s3cret"]"#,
            r#"{"client_id":"a"}"#,
            r#"{"client_id":"a","client_secret":""}"#,
            r#"{"client_id":"a","client_secret":"s3cret\n"}"#,
            r#"{"client_id":"a","client_secret":"s3cret"#,
            r#"{"client_id":1,"client_secret":"s3cret"}"#,
        ] {
            let error = read(text).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::CredentialsUnavailable, "{text}");
            assert!(!format!("{error:?}").contains("s3cret"));
        }
    }

    #[test]
    fn what_nobody_sees_is_named_by_its_number() {
        for (text, number) in [
            ("s3cr\u{200b}et", "U+200B"),
            ("\u{feff}s3cret", "U+FEFF"),
            ("s3cret\u{a0}", "U+00A0"),
            ("s3\u{2028}cret", "U+2028"),
            ("\u{202e}s3cret", "U+202E"),
            ("s3cret\u{e0041}", "U+E0041"),
        ] {
            for (id, secret) in [("id", text), (text, "secret")] {
                let error = Credentials::new(id, secret).check().unwrap_err();
                assert!(error.message().contains(number) && !error.retryable(), "{error}");
                assert!(!error.message().contains("s3"), "{error}");
            }
        }
        for text in ["a mounted secret", "p\u{e4}ss", "\u{1f511}", "\u{5bc6}\u{7801}"] {
            assert!(Credentials::new("id", text).next_secret(text).check().is_ok(), "{text}");
        }
    }

    #[test]
    fn a_byte_order_mark_in_front_is_no_part_of_the_document() {
        let document = "\u{feff}{\"client_id\":\"a\",\"client_secret\":\"b\"}";
        assert_eq!(parse_json(document).unwrap().client_id(), "a");
    }

    #[test]
    fn fingerprints_tell_secrets_apart() {
        let credentials = Credentials::new("a", "b").next_secret("c");
        let prints: Vec<u64> =
            credentials.secrets().map(|secret| credentials.fingerprint(secret)).collect();
        assert_ne!(prints[0], prints[1]);
        assert!(!format!("{credentials:?}").contains("b\""));
    }
}
