//! What hands out tokens, for services that do not care which it is.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use crate::error::Error;
use crate::sys::clock::Clock;
use crate::sys::secret::Secret;
use crate::token::{Token, Windows};

/// What [`TokenProvider::get_token`] gives.
pub type TokenFuture<'a> = Pin<Box<dyn Future<Output = Result<Arc<Token>, Error>> + Send + 'a>>;

/// A source of tokens: a [`crate::Client`], a [`StaticToken`], or one of the program's own. Write a
/// service for any `P: TokenProvider`, or for an `Arc<dyn TokenProvider>`.
pub trait TokenProvider: Send + Sync {
    /// A token that is good now. May wait for one; fails as [`crate::Client::get_token`] does.
    fn get_token(&self) -> TokenFuture<'_>;

    /// Tells of a token that the API rejected, and whether another one will come of that; see
    /// [`crate::Client::invalidate`].
    #[must_use = "false means that no new token will come of it"]
    fn invalidate(&self, token: &Token) -> bool;
}

impl<P: TokenProvider + ?Sized> TokenProvider for Arc<P> {
    fn get_token(&self) -> TokenFuture<'_> {
        (**self).get_token()
    }

    fn invalidate(&self, token: &Token) -> bool {
        (**self).invalidate(token)
    }
}

/// A token that somebody else obtained, such as one from a command line. It never expires, as far as
/// it knows, and is never renewed.
#[derive(Clone)]
pub struct StaticToken(Arc<Token>);

impl StaticToken {
    /// A token from its value, without `Bearer`.
    ///
    /// # Errors
    ///
    /// `invalid_argument` when the value is empty or not visible ASCII (RFC 6749, A.12).
    pub fn new(value: impl Into<String>) -> Result<Self, Error> {
        by_hand(value.into(), Duration::MAX, Vec::new()).map(|token| Self(Arc::new(token)))
    }
}

/// A token that no server issued, by the system's clock.
pub(crate) fn by_hand(
    value: String,
    lifetime: Duration,
    scopes: Vec<String>,
) -> Result<Token, Error> {
    let value = Secret::new(value);
    if value.expose().is_empty() || !value.expose().bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(Error::invalid(
            "a token is visible ASCII without spaces; leave out Bearer and line ends",
        ));
    }
    let clock = Clock::System;
    let windows = Windows::new(clock.now(), lifetime, None, 0.0);
    Ok(Token::new(&value, scopes, windows, clock))
}

impl TokenProvider for StaticToken {
    fn get_token(&self) -> TokenFuture<'_> {
        Box::pin(std::future::ready(Ok(Arc::clone(&self.0))))
    }

    fn invalidate(&self, _token: &Token) -> bool {
        false
    }
}

impl fmt::Debug for StaticToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("StaticToken([redacted])")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_static_token_stands_in_for_a_client() {
        let provider: Arc<dyn TokenProvider> = Arc::new(StaticToken::new("s3cret").unwrap());
        let token = provider.get_token().await.unwrap();
        assert_eq!(token.authorization(), "Bearer s3cret");
        assert!(token.remaining() > Duration::from_secs(10 * 365 * 86_400));
        assert!(!provider.invalidate(&token));
        assert!(!format!("{:?}", StaticToken::new("s3cret").unwrap()).contains("s3cret"));
    }

    #[test]
    fn what_is_no_token_is_refused_and_not_shown() {
        for value in ["", "Bearer s3cret", "s3cret\n", "s3crét"] {
            let error = StaticToken::new(value).unwrap_err();
            assert!(!format!("{error:?}").contains("s3cr"), "{error:?}");
        }
    }
}
