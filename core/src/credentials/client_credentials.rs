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

    pub(crate) fn check(self) -> Result<Self, Error> {
        let fits = |text: &str| {
            !text.is_empty() && text.trim() == text && !text.contains(char::is_control)
        };
        if !fits(&self.client_id) {
            return Err(malformed("client_id is empty, or has white space around it or line ends"));
        }
        if !self.secrets().all(|secret| fits(secret.expose())) {
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
    fn fingerprints_tell_secrets_apart() {
        let credentials = Credentials::new("a", "b").next_secret("c");
        let prints: Vec<u64> =
            credentials.secrets().map(|secret| credentials.fingerprint(secret)).collect();
        assert_ne!(prints[0], prints[1]);
        assert!(!format!("{credentials:?}").contains("b\""));
    }
}
