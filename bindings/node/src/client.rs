//! The client as the façade calls it on a miss. Results of token requests come from the library's
//! own thread and wait in a promise that keeps the process alive only while the user's call lasts.

use std::cell::Cell;
use std::rc::Rc;

use napi::bindgen_prelude::{Object, Unknown};
use napi::{Env, JsValue};
use napi_derive::napi;
use seekauth::{Config, Token, host};

use crate::error::Outcome;
use crate::freshness::Freshness;
use crate::mailbox::{Delivery, Mailbox};
use crate::setting;
use crate::token::NativeToken;

/// A handle on a client of the core. Freed by the garbage collector; belongs to one JavaScript
/// thread.
#[napi(js_name = "Client")]
pub struct NativeClient {
    host: host::Client,
    /// The generation of the token whose header value the façade holds; 0 for none.
    held: Rc<Cell<u64>>,
}

impl From<host::Client> for NativeClient {
    fn from(host: host::Client) -> Self {
        Self { host, held: Rc::default() }
    }
}

/// A client with these options. `fixed` holds options that the caller's own must not repeat.
///
/// # Errors
///
/// A `TypeError` for an unknown option or a wrong type.
#[napi]
pub fn new_client(
    env: Env,
    options: Unknown<'_>,
    fixed: Option<Object<'_>>,
) -> napi::Result<Outcome<NativeClient>> {
    let mut config = Config::new();
    if let Some(fixed) = &fixed
        && let Err(error) = setting::apply(env, &mut config, fixed.to_unknown(), None)?
    {
        return Ok(Outcome::Failure(error));
    }
    finish(env, config, options, fixed.as_ref())
}

/// A client with the settings of the process's environment, and these options over them.
///
/// # Errors
///
/// A `TypeError` for an unknown option or a wrong type.
#[napi]
pub fn client_from_env(env: Env, options: Unknown<'_>) -> napi::Result<Outcome<NativeClient>> {
    match Outcome::of(Config::from_env) {
        Outcome::Value(config) => finish(env, config, options, None),
        Outcome::Failure(error) => Ok(Outcome::Failure(error)),
    }
}

fn finish(
    env: Env,
    mut config: Config,
    options: Unknown<'_>,
    fixed: Option<&Object<'_>>,
) -> napi::Result<Outcome<NativeClient>> {
    let applied = setting::apply(env, &mut config, options, fixed)?;
    Ok(Outcome::of(|| {
        applied?;
        host::Client::new(config).map(NativeClient::from)
    }))
}

#[napi]
impl NativeClient {
    /// The function that tells whether the header value last taken here is still good.
    #[napi]
    pub fn freshness(&self) -> Freshness {
        Freshness { client: self.host.clone(), held: Rc::clone(&self.held) }
    }

    /// The header value of the token that needs nothing done, for the façade to hold; none where
    /// the token has to be asked for.
    #[napi]
    pub fn fresh_authorization(&self) -> Outcome<Option<String>> {
        let take = |token: &Token| {
            self.held.set(token.generation());
            token.authorization().to_owned()
        };
        Outcome::of(|| Ok(self.host.with_fresh(take)))
    }

    /// The address of the API that the tokens are for.
    #[napi]
    pub fn api_url(&self) -> Option<&str> {
        self.host.api_url()
    }

    /// What it asks for, without the secret.
    #[napi]
    pub fn target(&self) -> &str {
        self.host.target()
    }

    /// A client that shares everything with this one and asks for these scopes.
    ///
    /// # Errors
    ///
    /// A `TypeError` unless the scopes are an array of strings.
    #[napi]
    pub fn with_scopes(
        &self,
        env: Env,
        scopes: Unknown<'_>,
    ) -> napi::Result<Outcome<NativeClient>> {
        let scopes = setting::strings(env, "scopes", &scopes)?;
        Ok(Outcome::of(|| self.host.with_scopes(scopes).map(NativeClient::from)))
    }

    /// Begins one call, whose outcome goes to `mailbox` under the number `call`, later and exactly
    /// once; gives a handle to give the call up. Where this fails, the number means nothing.
    ///
    /// # Errors
    ///
    /// A `TypeError` unless the time is a number or absent.
    #[napi]
    pub fn get_token(
        &self,
        env: Env,
        timeout_ms: Unknown<'_>,
        mailbox: &Mailbox,
        call: f64,
    ) -> napi::Result<Outcome<NativeWaiter>> {
        let timeout = setting::duration(env, "timeoutMs", &timeout_ms)?;
        Ok(Outcome::of(|| {
            let timeout = timeout?;
            let delivery = Delivery::new(mailbox, call);
            let waiter = self.host.get_token_then(timeout, |result| delivery.complete(result))?;
            Ok(NativeWaiter { waiter })
        }))
    }

    /// The cached token, if there is one that may still be used.
    #[napi]
    pub fn cached_token(&self) -> Outcome<Option<NativeToken>> {
        Outcome::of(|| Ok(self.host.cached_token().map(NativeToken::from)))
    }

    /// Reports that the API refused this token.
    ///
    /// # Errors
    ///
    /// A `TypeError` unless the token is a string.
    #[napi]
    pub fn invalidate(&self, env: Env, token: Unknown<'_>) -> napi::Result<Outcome<bool>> {
        let token = setting::string(env, "token", &token)?;
        Ok(Outcome::of(|| Ok(self.host.invalidate(&token))))
    }

    /// Ends the client.
    #[napi]
    pub fn close(&self) -> Outcome<()> {
        Outcome::of(|| {
            self.host.close();
            Ok(())
        })
    }
}

/// A handle on one pending call. Dropping it changes nothing.
#[napi(js_name = "Waiter")]
pub struct NativeWaiter {
    waiter: host::Waiter,
}

#[napi]
impl NativeWaiter {
    /// Gives the call up; its outcome is then a failure. Does nothing to a call that has ended.
    #[napi]
    pub fn cancel(&self) {
        self.waiter.cancel();
    }
}
