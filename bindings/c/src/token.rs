//! Tokens as C sees them: the core's snapshot with its texts made ready for C, wiped when freed.

use std::ffi::CString;
use std::fmt;
use std::sync::Arc;

use zeroize::Zeroizing;

use crate::error::c_string;
use crate::panic::catch_panic;
use crate::pointer::Text;

/// A token and its facts, as it was when it was handed out. The receiver frees it with
/// seekauth_token_free. It never changes, so any number of threads may read it at once, and it
/// outlives its client.
pub struct Token {
    snapshot: Arc<seekauth_core::Token>,
    value: Zeroizing<CString>,
    authorization: Zeroizing<CString>,
    scopes: Vec<CString>,
}

impl Token {
    /// The token with its texts as C reads them.
    pub(crate) fn new(snapshot: Arc<seekauth_core::Token>) -> Self {
        Self {
            value: Zeroizing::new(c_string(snapshot.value())),
            authorization: Zeroizing::new(c_string(snapshot.authorization())),
            scopes: snapshot.scopes().iter().map(|scope| c_string(scope)).collect(),
            snapshot,
        }
    }

    /// The whole header value, for a callback to borrow.
    pub(crate) fn as_c_authorization(&self) -> Text<'_> {
        Text::as_c(Some(self.authorization.as_c_str()))
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.snapshot.fmt(f)
    }
}

/// The token itself; NULL for NULL. It reaches the data of every hirer that the partner works with:
/// keep it on the backend and out of logs. The token object owns the text.
#[unsafe(no_mangle)]
pub extern "C" fn seekauth_token_value(token: Option<&Token>) -> Text<'_> {
    Text::as_c(token.map(|token| token.value.as_c_str()))
}

/// The whole value of the Authorization header, "Bearer " and the token; NULL for NULL. The token
/// object owns the text.
#[unsafe(no_mangle)]
pub extern "C" fn seekauth_token_authorization(token: Option<&Token>) -> Text<'_> {
    token.map_or(Text::as_c(None), Token::as_c_authorization)
}

/// When the token expires, in milliseconds since 1970-01-01 00:00 UTC; 0 for NULL. The client renews
/// it before that.
#[unsafe(no_mangle)]
pub extern "C" fn seekauth_token_expires_at_ms(token: Option<&Token>) -> u64 {
    catch_panic(0, || token.map_or(0, |token| token.snapshot.expires_at_unix_ms()))
}

/// How many milliseconds are left of the token's life at the moment of the call; 0 once it has
/// expired, and for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn seekauth_token_remaining_ms(token: Option<&Token>) -> u64 {
    catch_panic(0, || {
        let remaining = token.map_or(0, |token| token.snapshot.remaining().as_millis());
        u64::try_from(remaining).unwrap_or(u64::MAX)
    })
}

/// How many scopes the token has; 0 for NULL, and for the SEEK API, whose tokens have none.
#[unsafe(no_mangle)]
pub extern "C" fn seekauth_token_scope_count(token: Option<&Token>) -> usize {
    token.map_or(0, |token| token.scopes.len())
}

/// The scope with this index, counted from 0, in sorted order; NULL past the last one and for NULL.
/// The token object owns the text.
#[unsafe(no_mangle)]
pub extern "C" fn seekauth_token_scope(token: Option<&Token>, index: usize) -> Text<'_> {
    Text::as_c(token.and_then(|token| token.scopes.get(index)).map(CString::as_c_str))
}

/// Frees a token and every text it owns, wiping the memory that held the token. NULL is accepted.
#[unsafe(no_mangle)]
pub extern "C" fn seekauth_token_free(token: Option<Box<Token>>) {
    catch_panic((), || drop(token));
}
