//! The one table of failures. Every language shows these kinds, with these numbers and names; a
//! binding translates an [`Error`] and never invents one of its own wording or class.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// What went wrong, in the terms a caller can act on. Numbers and names are stable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[repr(i32)]
pub enum ErrorKind {
    /// The caller's bug or bad configuration.
    InvalidArgument = 1,
    /// The client was closed before the call.
    Closed = 2,
    /// The caller gave up, or closed the client during the call.
    Cancelled = 3,
    /// The caller's deadline passed.
    Timeout = 4,
    /// Name resolution, connection, TLS, or a connection that broke.
    Network = 5,
    /// The server refused the client id or secret.
    InvalidCredentials = 6,
    /// The audience or a scope is not granted to this client.
    NotGranted = 7,
    /// The server told the client to slow down; [`Error::retry_after`] says for how long.
    Throttled = 8,
    /// The server failed.
    Unavailable = 9,
    /// The response was not understood.
    Protocol = 10,
    /// The API refused a newly issued token too: check audience and environment.
    TokenRejected = 11,
    /// A token would have left the configured origin.
    ForbiddenOrigin = 12,
    /// The credential provider failed.
    CredentialsUnavailable = 13,
    /// A bug in seekauth.
    Internal = 99,
}

impl ErrorKind {
    /// Every kind, in the order of its number.
    pub const ALL: &'static [ErrorKind] = &[
        Self::InvalidArgument,
        Self::Closed,
        Self::Cancelled,
        Self::Timeout,
        Self::Network,
        Self::InvalidCredentials,
        Self::NotGranted,
        Self::Throttled,
        Self::Unavailable,
        Self::Protocol,
        Self::TokenRejected,
        Self::ForbiddenOrigin,
        Self::CredentialsUnavailable,
        Self::Internal,
    ];

    /// The stable number (0 is kept for success).
    #[must_use]
    pub const fn code(self) -> i32 {
        self as i32
    }

    /// The kind with this number, if there is one.
    #[must_use]
    pub fn from_code(code: i32) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.code() == code)
    }

    /// The kind with this name, for bindings.
    ///
    /// # Errors
    ///
    /// `invalid_argument`, naming those that there are.
    #[doc(hidden)]
    pub fn parse(name: &str) -> Result<Self, Error> {
        Self::ALL.iter().copied().find(|kind| kind.name() == name).ok_or_else(|| {
            let names: Vec<&str> = Self::ALL.iter().map(|kind| kind.name()).collect();
            Error::invalid(format!("the kind of error has to be one of {}", names.join(", ")))
        })
    }

    /// The stable name, such as `invalid_credentials`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.row().0
    }

    /// What the kind means, in a few words.
    #[must_use]
    pub const fn meaning(self) -> &'static str {
        self.row().1
    }

    /// Whether the same call may succeed later with nothing changed. An [`Error`] may know better:
    /// ask [`Error::retryable`] where there is one.
    #[must_use]
    pub fn retryable(self) -> bool {
        self.row().2
    }

    const fn row(self) -> (&'static str, &'static str, bool) {
        match self {
            Self::InvalidArgument => (
                "invalid_argument",
                "a mistake in the call or in the configuration; the message names it",
                false,
            ),
            Self::Closed => ("closed", "the client was closed", false),
            Self::Cancelled => {
                ("cancelled", "the caller gave up, or the client was closed during the call", false)
            }
            Self::Timeout => ("timeout", "the caller's deadline passed", true),
            Self::Network => {
                ("network", "name, connection or TLS, or a connection that broke", true)
            }
            Self::InvalidCredentials => {
                ("invalid_credentials", "the server refused the client id or secret", false)
            }
            Self::NotGranted => {
                ("not_granted", "the audience or a scope is not granted to this client", false)
            }
            Self::Throttled => ("throttled", "the server asked for a pause", true),
            Self::Unavailable => ("unavailable", "the server failed", true),
            Self::Protocol => ("protocol", "the response was not understood", false),
            Self::TokenRejected => (
                "token_rejected",
                "the API refused a newly issued token too; check audience and environment",
                false,
            ),
            Self::ForbiddenOrigin => {
                ("forbidden_origin", "a token would have left the configured origin", false)
            }
            Self::CredentialsUnavailable => (
                "credentials_unavailable",
                "the file, command or function with the credentials failed",
                false,
            ),
            Self::Internal => ("internal", "a bug in seekauth; please report it", false),
        }
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A failure: a kind to act on, one line that is safe to log, and what the server said in its own
/// terms. It never holds a secret, a token or the body of a response, but for what a GraphQL API says as it
/// rejects the token: [`server_message`](Self::server_message) and [`server_path`](Self::server_path), which
/// nothing shows or logs. Cloning is cheap: all callers that waited for one token request share its failure.
#[derive(Clone, thiserror::Error)]
#[error("{}", .0.message)]
pub struct Error(Arc<Facts>);

#[derive(Clone)]
struct Facts {
    kind: ErrorKind,
    message: String,
    /// The message with its settings between backticks, where it names any.
    marked: Option<String>,
    retryable: bool,
    status: Option<u16>,
    server_code: Option<String>,
    retry_after: Option<Duration>,
    target: Option<Arc<str>>,
    request_id: Option<Arc<str>>,
    server_message: Option<String>,
    server_path: Option<String>,
    /// Fingerprints of the credentials that the server refused.
    refused: Option<Arc<[u64]>>,
}

impl Error {
    /// An error of this kind. For bindings, which have failures of translation to report.
    #[must_use]
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        let (message, marked) = without_marks(message.into());
        Self(Arc::new(Facts {
            kind,
            message,
            marked,
            retryable: kind.retryable(),
            status: None,
            server_code: None,
            retry_after: None,
            target: None,
            request_id: None,
            server_message: None,
            server_path: None,
            refused: None,
        }))
    }

    /// What went wrong.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// One line, safe to log, that says what to do about it.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// Whether the same call may succeed later with nothing changed.
    #[must_use]
    pub fn retryable(&self) -> bool {
        self.0.retryable
    }

    /// The HTTP status of the response, where there was one.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        self.0.status
    }

    /// The server's own code: the `error` of a token response (RFC 6749, 5.2) or of `WWW-Authenticate`
    /// (RFC 6750, 3), where it is a registered one, or the code with which a GraphQL API rejected the token.
    #[must_use]
    pub fn server_code(&self) -> Option<&str> {
        self.0.server_code.as_deref()
    }

    /// How long to wait before the next try, where that is known.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }

    /// What was asked for: token endpoint, client id, audience and scopes. Never the secret.
    #[must_use]
    pub fn target(&self) -> Option<&str> {
        self.0.target.as_deref()
    }

    /// The `X-Request-Id` of the request to the API that this is about, which SEEK can be asked about: the
    /// request's own, or the one it was given. What failed before it was sent has it too.
    #[must_use]
    pub fn request_id(&self) -> Option<&str> {
        self.0.request_id.as_deref()
    }

    /// What a GraphQL API said as it rejected the token, in its own words, for people. It is not part of
    /// what is shown or logged. Absent where it repeats a secret.
    #[must_use]
    pub fn server_message(&self) -> Option<&str> {
        self.0.server_message.as_deref()
    }

    /// Where in its response a GraphQL API said so: the `path` of its error, with dots between the parts, such
    /// as `hiringOrganizations.edges.0`. It is not part of what is shown or logged. Absent where it
    /// repeats a secret.
    #[must_use]
    pub fn server_path(&self) -> Option<&str> {
        self.0.server_path.as_deref()
    }

    /// The message with its settings between backticks.
    pub(crate) fn marked(&self) -> &str {
        self.0.marked.as_ref().unwrap_or(&self.0.message)
    }

    /// Keyed fingerprints of what was refused, where credentials were.
    pub(crate) fn refused(&self) -> &[u64] {
        self.0.refused.as_deref().unwrap_or_default()
    }

    pub(crate) fn invalid(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::InvalidArgument, message)
    }

    pub(crate) fn with_message(self, message: impl Into<String>) -> Self {
        let (message, marked) = without_marks(message.into());
        self.change(|facts| (facts.message, facts.marked) = (message, marked))
    }

    pub(crate) fn with_response(self, status: u16, server_code: Option<String>) -> Self {
        self.change(|facts| {
            facts.status = Some(status);
            facts.server_code = server_code;
        })
    }

    /// The same with a pause before the next try.
    #[must_use]
    pub fn with_retry_after(self, wait: Option<Duration>) -> Self {
        self.change(|facts| facts.retry_after = wait)
    }

    pub(crate) fn with_retryable(self, retryable: bool) -> Self {
        self.change(|facts| facts.retryable = retryable)
    }

    pub(crate) fn with_target(self, target: Arc<str>) -> Self {
        self.change(|facts| facts.target = Some(target))
    }

    pub(crate) fn with_request_id(self, request_id: Arc<str>) -> Self {
        self.change(|facts| facts.request_id = Some(request_id))
    }

    /// With what the API said about the token that it rejected.
    pub(crate) fn with_server_words(self, message: Option<String>, path: Option<String>) -> Self {
        self.change(|facts| (facts.server_message, facts.server_path) = (message, path))
    }

    pub(crate) fn with_refused(self, fingerprints: Vec<u64>) -> Self {
        self.change(|facts| facts.refused = Some(fingerprints.into()))
    }

    fn change(mut self, edit: impl FnOnce(&mut Facts)) -> Self {
        edit(Arc::make_mut(&mut self.0));
        self
    }
}

/// The message as most languages read it, and as it was written if that is something else.
fn without_marks(message: String) -> (String, Option<String>) {
    if message.contains('`') { (message.replace('`', ""), Some(message)) } else { (message, None) }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Error")
            .field("kind", &self.0.kind)
            .field("message", &self.0.message)
            .field("retryable", &self.0.retryable)
            .field("status", &self.0.status)
            .field("server_code", &self.0.server_code)
            .field("retry_after", &self.0.retry_after)
            .field("target", &self.0.target)
            .field("request_id", &self.request_id())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_complete_and_stable() {
        let codes: Vec<i32> = ErrorKind::ALL.iter().map(|kind| kind.code()).collect();
        assert_eq!(codes, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 99]);
        let mut names: Vec<&str> = ErrorKind::ALL.iter().map(|kind| kind.name()).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), ErrorKind::ALL.len());
        for kind in ErrorKind::ALL {
            assert_eq!(ErrorKind::from_code(kind.code()), Some(*kind));
            assert_eq!(ErrorKind::parse(kind.name()).ok(), Some(*kind));
        }
        assert_eq!(ErrorKind::from_code(0), None);
        let error = ErrorKind::parse("Timeout").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidArgument);
        assert!(error.message().contains("one of invalid_argument, closed, "), "{error}");
    }
}
