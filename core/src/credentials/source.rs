//! The ways in which credentials come, each asked for the credentials to use now.

use std::error::Error as StdError;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use crate::credentials::{Command, Credentials, Exception, Files, parse_json, unavailable};
use crate::error::Error;
use crate::sys::time_limit::TimeLimit;

/// What a provider's future resolves to. Its error is not shown to callers, since it may hold a secret,
/// unless it is an [`Error`] of this library, which holds none.
pub type Provided<'a> =
    Pin<Box<dyn Future<Output = Result<Credentials, Box<dyn StdError + Send + Sync>>> + Send + 'a>>;

/// A source of credentials of the program's own, such as a secret store's client.
pub trait CredentialProvider: Send + Sync {
    /// The credentials to use now. Called for each token request, on the library's own tokio runtime,
    /// whose one thread it must not block; it may take as long as `request_timeout`. A failure is reported
    /// to callers as `credentials_unavailable`, without its text unless it is an [`Error`].
    fn credentials(&self) -> Provided<'_>;
}

/// One source of credentials.
#[derive(Clone)]
pub(crate) enum CredentialsSource {
    Static(Credentials),
    Files(Files),
    Command(Command),
    Custom { provider: Arc<dyn CredentialProvider>, timeout: TimeLimit },
}

impl CredentialsSource {
    /// The credentials to use now.
    pub(crate) async fn credentials(&self) -> Result<Credentials, Error> {
        match self {
            Self::Static(credentials) => return Ok(credentials.clone()),
            Self::Files(files) => files.read().await,
            Self::Command(command) => parse_json(command.run().await?.expose()),
            Self::Custom { provider, timeout } => {
                match tokio::time::timeout(timeout.left, provider.credentials()).await {
                    Ok(Ok(credentials)) => Ok(credentials),
                    Ok(Err(problem)) => Err(match problem.downcast::<Error>() {
                        Ok(own) => unavailable(own.marked()).with_retryable(own.retryable()),
                        Err(problem) => unavailable(match problem.downcast::<Exception>() {
                            Ok(exception) => exception.to_string(),
                            Err(_) => "the program's own credential provider failed".to_owned(),
                        }),
                    }),
                    Err(_) => Err(unavailable(format!(
                        "the program's own credential provider took longer than {timeout}"
                    ))),
                }
            }
        }?
        .check()
    }

    /// Its name: `static`, `file`, `command`, `function`.
    pub(crate) const fn name(&self) -> &'static str {
        match self {
            Self::Static(_) => "static",
            Self::Files(_) => "file",
            Self::Command(_) => "command",
            Self::Custom { .. } => "function",
        }
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

impl fmt::Debug for CredentialsSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Static(_) => "Static(..)",
            Self::Files(_) => "Files(..)",
            Self::Command(_) => "Command(..)",
            Self::Custom { .. } => "Custom(..)",
        })
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::credentials::CallbackProvider;
    use crate::error::ErrorKind;

    struct Silent;

    impl CredentialProvider for Silent {
        fn credentials(&self) -> Provided<'_> {
            Box::pin(std::future::pending())
        }
    }

    async fn ask(provider: impl CredentialProvider + 'static) -> Result<Credentials, Error> {
        let timeout = TimeLimit::of_setting("request_timeout", Duration::from_secs(60));
        CredentialsSource::Custom { provider: Arc::new(provider), timeout }.credentials().await
    }

    #[tokio::test(start_paused = true)]
    async fn a_provider_that_takes_too_long_is_unavailable() {
        let error = ask(Silent).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::CredentialsUnavailable);
        assert!(
            error.message().contains("60000 ms, which is the client's setting request_timeout")
                && error.retryable()
        );
    }

    #[tokio::test]
    async fn a_binding_tells_the_class_of_an_exception() {
        let fails = CallbackProvider::new(|| Err(Exception::of_class("ValueError").into()));
        let error = ask(fails).await.unwrap_err();
        assert_eq!(error.message(), "the program's own credential provider failed with ValueError");
        assert!(error.retryable());
    }

    #[tokio::test]
    async fn a_provider_that_fails_is_unavailable_and_not_quoted() {
        let failed = ask(CallbackProvider::new(|| Err("no s3cret".into()))).await.unwrap_err();
        let panicked = ask(CallbackProvider::new(|| std::panic::panic_any(()))).await.unwrap_err();
        let empty = ask(CallbackProvider::new(|| Ok(Credentials::new("", "")))).await.unwrap_err();
        for error in [&failed, &panicked, &empty] {
            assert_eq!(error.kind(), ErrorKind::CredentialsUnavailable);
            assert!(!format!("{error:?}").contains("s3cret"));
        }
        assert!(failed.retryable() && !empty.retryable());
        let good = ask(CallbackProvider::new(|| Ok(Credentials::new("a", "b")))).await.unwrap();
        assert_eq!(good.client_id(), "a");
    }
}
