//! A token as the façade sees it: a handle on the core's snapshot whose members are read one at a
//! time. What is shown of it, and what never is, stands in the façade's class.

use std::sync::Arc;

use napi_derive::napi;
use seekauth::Token;

use crate::{milliseconds, number};

/// A handle on one token. Immutable; freed by the garbage collector.
#[napi(js_name = "Token")]
pub struct NativeToken {
    token: Arc<Token>,
}

impl From<Arc<Token>> for NativeToken {
    fn from(token: Arc<Token>) -> Self {
        Self { token }
    }
}

#[napi]
impl NativeToken {
    /// The access token itself.
    #[napi(getter)]
    pub fn value(&self) -> &str {
        self.token.value()
    }

    /// The whole header value.
    #[napi(getter)]
    pub fn authorization(&self) -> &str {
        self.token.authorization()
    }

    /// When it expires, in milliseconds since 1970.
    #[napi(getter)]
    pub fn expires_at_ms(&self) -> f64 {
        number(self.token.expires_at_unix_ms())
    }

    /// Milliseconds until it expires; 0 once it has.
    #[napi(getter)]
    pub fn remaining_ms(&self) -> f64 {
        milliseconds(self.token.remaining())
    }

    /// The scopes it was granted.
    #[napi(getter)]
    pub fn scopes(&self) -> Vec<&str> {
        self.token.scopes().iter().map(String::as_str).collect()
    }
}
