//! Where the client's id and secret come from. They are asked for with every token request, so
//! that a rotation needs no restart; whatever goes wrong there is `credentials_unavailable`, tells
//! nothing of what was read, and leaves a live token in use.

mod blocking;
mod choice;
mod command;
mod exposure;
mod file;

use std::error::Error as StdError;
use std::fmt;
use std::future::Future;
use std::hash::BuildHasher;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;

use crate::error::{Error, ErrorKind};
use crate::key::FINGERPRINT;
use crate::secret::Secret;

pub(crate) use blocking::Blocking;
pub(crate) use choice::choose;
pub(crate) use command::Command;
pub(crate) use exposure::warnings;
pub(crate) use file::{ClientId, Files};

/// What a provider's future resolves to. Its error is not shown to callers, since it may hold a secret,
/// unless it is an [`Error`] of this library, which holds none.
pub type Provided<'a> =
    Pin<Box<dyn Future<Output = Result<Credentials, Box<dyn StdError + Send + Sync>>> + Send + 'a>>;

/// A source of credentials of the program's own, such as a secret store's client.
pub trait CredentialProvider: Send + Sync {
    /// The credentials to use now. Called for each token request, on tokio; it may take as long as
    /// `request_timeout`. A failure is reported to callers as `credentials_unavailable`, without
    /// its text unless it is an [`Error`].
    fn credentials(&self) -> Provided<'_>;
}

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
        FINGERPRINT.hash_one((&self.client_id, secret.expose()))
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

/// One of the ways there are.
#[derive(Clone)]
pub(crate) enum Provider {
    Static(Credentials),
    Files(Files),
    Command(Command),
    Custom { provider: Arc<dyn CredentialProvider>, timeout: Duration },
}

impl Provider {
    /// The credentials to use now.
    pub(crate) async fn credentials(&self) -> Result<Credentials, Error> {
        match self {
            Self::Static(credentials) => return Ok(credentials.clone()),
            Self::Files(files) => files.read(),
            Self::Command(command) => document(command.run().await?.expose()),
            Self::Custom { provider, timeout } => {
                match tokio::time::timeout(*timeout, provider.credentials()).await {
                    Ok(Ok(credentials)) => Ok(credentials),
                    Ok(Err(problem)) => Err(match problem.downcast::<Error>() {
                        Ok(own) => unavailable(own.message()).with_retryable(own.retryable()),
                        Err(_) => unavailable("the program's own credential provider failed"),
                    }),
                    Err(_) => Err(unavailable(
                        "the program's own credential provider took longer than request_timeout",
                    )),
                }
            }
        }?
        .check()
    }

    /// Whether asking again may bring something else.
    pub(crate) fn may_change(&self) -> bool {
        !matches!(self, Self::Static(_))
    }

    /// The client id, where it is known beforehand.
    pub(crate) fn known_client_id(&self) -> Option<&str> {
        match self {
            Self::Static(credentials) => Some(credentials.client_id()),
            Self::Files(files) => files.known_client_id(),
            Self::Command(_) | Self::Custom { .. } => None,
        }
    }
}

impl fmt::Debug for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Static(_) => "Static(..)",
            Self::Files(_) => "Files(..)",
            Self::Command(_) => "Command(..)",
            Self::Custom { .. } => "Custom(..)",
        })
    }
}

/// Reads the JSON form that a credentials file or command has.
pub(crate) fn document(text: &str) -> Result<Credentials, Error> {
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

/// A failure that may pass: a file that is about to be mounted, a store that does not answer.
fn unavailable(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::CredentialsUnavailable, message).with_retryable(true)
}

/// What was read is not what it should be; somebody has to mend it.
fn malformed(problem: &str) -> Error {
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
        let read = |text: &str| document(text).and_then(Credentials::check);
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

    struct Silent;

    impl CredentialProvider for Silent {
        fn credentials(&self) -> Provided<'_> {
            Box::pin(std::future::pending())
        }
    }

    async fn ask(provider: impl CredentialProvider + 'static) -> Result<Credentials, Error> {
        let timeout = Duration::from_secs(60);
        Provider::Custom { provider: Arc::new(provider), timeout }.credentials().await
    }

    #[tokio::test(start_paused = true)]
    async fn a_provider_that_takes_too_long_is_unavailable() {
        let error = ask(Silent).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::CredentialsUnavailable);
        assert!(error.message().contains("request_timeout") && error.retryable());
    }

    #[tokio::test]
    async fn a_provider_that_fails_is_unavailable_and_not_quoted() {
        let failed = ask(Blocking::new(|| Err("no s3cret".into()))).await.unwrap_err();
        let panicked = ask(Blocking::new(|| std::panic::panic_any(()))).await.unwrap_err();
        let empty = ask(Blocking::new(|| Ok(Credentials::new("", "")))).await.unwrap_err();
        for error in [&failed, &panicked, &empty] {
            assert_eq!(error.kind(), ErrorKind::CredentialsUnavailable);
            assert!(!format!("{error:?}").contains("s3cret"));
        }
        assert!(failed.retryable() && !empty.retryable());
        let good = ask(Blocking::new(|| Ok(Credentials::new("a", "b")))).await.unwrap();
        assert_eq!(good.client_id(), "a");
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
