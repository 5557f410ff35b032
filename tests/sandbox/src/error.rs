//! What the sandbox can refuse to do for a test: a script or a setting that makes no sense, and start-up trouble.

/// Why the sandbox did not do what it was told.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A scripted answer makes no sense; the text names the field.
    #[error("script: {0}")]
    Script(String),
    /// A settings object makes no sense; the text names the member.
    #[error("settings: {0}")]
    Settings(String),
    /// An order to send webhooks makes no sense; the text names the field.
    #[error("webhook: {0}")]
    Webhook(String),
}
