//! A token as the façade sees it: a handle on the core's snapshot whose members are read one at a
//! time. What is shown of it, and what never is, stands in the façade's class.

use std::sync::Arc;
use std::time::Instant;

use napi_derive::napi;
use seekauth::Token;

use crate::{milliseconds, number};

/// A handle on one token. Immutable; freed by the garbage collector.
#[napi(js_name = "Token")]
pub struct NativeToken {
    token: Arc<Token>,
    /// When it was asked for.
    asked: Instant,
    /// Whether it had not expired when the library gave it.
    was_alive: bool,
}

impl NativeToken {
    pub(crate) fn new(token: Arc<Token>, asked: Instant) -> Self {
        let was_alive = !token.remaining().is_zero();
        Self { token, asked, was_alive }
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

    /// Whether it expired on the way to JavaScript, whose thread may have been busy for that long.
    #[napi(getter)]
    pub fn expired_on_the_way(&self) -> bool {
        self.was_alive && self.token.remaining().is_zero()
    }

    /// Milliseconds since it was asked for.
    #[napi(getter)]
    pub fn waited_ms(&self) -> f64 {
        milliseconds(self.asked.elapsed())
    }

    /// The scopes it was granted.
    #[napi(getter)]
    pub fn scopes(&self) -> Vec<&str> {
        self.token.scopes().iter().map(String::as_str).collect()
    }
}
