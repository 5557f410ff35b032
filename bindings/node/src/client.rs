//! The client as the façade calls it on a miss. Results of token requests come from the library's
//! own thread and wait in a promise that keeps the process alive only while the user's call lasts.

use std::cell::Cell;
use std::rc::Rc;

use napi::bindgen_prelude::{Either3, Object, ObjectFinalize, Unknown};
use napi::{Env, JsValue};
use napi_derive::napi;
use seekauth::{Config, Language, Token, host};

use crate::auth_flow::Operations;
use crate::call::{Address, Delivery, Mailbox};
use crate::credentials::Provider;
use crate::error::Outcome;
use crate::freshness::Freshness;
use crate::graphql::{self, NativeReply};
use crate::settings;
use crate::token::NativeToken;

/// About what a client with an open TLS connection holds. The garbage collector is told, because it
/// would otherwise leave clients that nobody closed, and their sockets, until its own heap is full.
const HOLDS_BYTES: i64 = 160 * 1024;

/// A handle on a client of the core. Freed by the garbage collector; belongs to one JavaScript
/// thread.
#[napi(js_name = "Client", custom_finalize)]
pub struct NativeClient {
    host: host::Client,
    /// How many bytes the garbage collector believes to be behind this handle.
    told: Cell<i64>,
    /// The generation of the token whose header value the façade holds; 0 for none.
    held: Rc<Cell<u64>>,
}

impl From<host::Client> for NativeClient {
    fn from(host: host::Client) -> Self {
        Self { host, told: Cell::new(0), held: Rc::default() }
    }
}

/// A client, and what the façade has to do for it.
#[napi(object, object_from_js = false)]
pub struct Made<'a> {
    /// The client itself.
    pub client: NativeClient,
    /// The function to be asked for credentials, under the number that was given. The façade keeps
    /// it as long as the client.
    pub credentials: Option<Unknown<'a>>,
    /// What the user ought to be told.
    pub warnings: Vec<String>,
}

/// A client with these options. `fixed` holds options that the caller's own must not repeat; what
/// the client asks JavaScript goes to `mailbox` under `number`.
///
/// # Errors
///
/// A `TypeError` for an unknown option or a wrong type.
#[napi]
pub fn new_client<'a>(
    env: Env,
    mailbox: &Mailbox,
    number: f64,
    options: Unknown<'a>,
    fixed: Option<Object<'_>>,
) -> napi::Result<Outcome<Made<'a>>> {
    let mut config = Config::new();
    if let Some(fixed) = &fixed
        && let Err(error) = settings::apply(env, &mut config, fixed.to_unknown(), None)?
    {
        return Ok(Outcome::Failure(error));
    }
    finish(env, config, mailbox.address(number), options, fixed.as_ref())
}

/// A client with the settings of the process's environment, and these options over them; otherwise
/// as `new_client`.
///
/// # Errors
///
/// A `TypeError` for an unknown option or a wrong type.
#[napi]
pub fn client_from_env<'a>(
    env: Env,
    mailbox: &Mailbox,
    number: f64,
    options: Unknown<'a>,
) -> napi::Result<Outcome<Made<'a>>> {
    match Outcome::of(Config::from_env) {
        Outcome::Value(config) => finish(env, config, mailbox.address(number), options, None),
        Outcome::Failure(error) => Ok(Outcome::Failure(error)),
    }
}

fn finish<'a>(
    env: Env,
    mut config: Config,
    address: Address,
    options: Unknown<'a>,
    fixed: Option<&Object<'_>>,
) -> napi::Result<Outcome<Made<'a>>> {
    let applied = settings::apply(env, &mut config, options, fixed)?;
    Ok(Outcome::of(|| {
        let credentials = applied?;
        let mut config = config.language(Language::Node);
        if credentials.is_some() {
            config = config.credentials_from(Provider { address });
        }
        let client = NativeClient::from(host::Client::new(config)?);
        client.tell(env, HOLDS_BYTES);
        let warnings = client.host.warnings().to_vec();
        Ok(Made { client, credentials, warnings })
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
        let scopes = settings::strings(env, "scopes", &scopes)?;
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
        let timeout = settings::duration(env, "timeoutMs", &timeout_ms)?;
        Ok(Outcome::of(|| {
            let timeout = timeout?;
            let delivery = Delivery::new(mailbox, call);
            let done = |result: Result<_, _>| {
                delivery.complete(result.map(|token| Either3::A(NativeToken::from(token))));
            };
            let waiter = self.host.get_token_then(timeout, done)?;
            Ok(NativeWaiter { waiter })
        }))
    }

    /// Begins a GraphQL operation, whose outcome arrives as that of `get_token` does.
    ///
    /// # Errors
    ///
    /// A `TypeError` for a wrong type in the operation.
    #[napi]
    pub fn graphql(
        &self,
        env: Env,
        operation: Object<'_>,
        mailbox: &Mailbox,
        call: f64,
    ) -> napi::Result<Outcome<NativeWaiter>> {
        let operation = graphql::operation(env, &operation)?;
        Ok(Outcome::of(|| {
            let operation = operation?;
            let delivery = Delivery::new(mailbox, call);
            let done = |result: Result<_, _>| {
                delivery.complete(result.map(|reply| Either3::B(NativeReply::from(reply))));
            };
            let waiter = self.host.graphql_then(operation, done)?;
            Ok(NativeWaiter { waiter })
        }))
    }

    /// What can be done with requests that another HTTP client carries.
    #[napi]
    pub fn exchanges(&self) -> Operations {
        Operations::new(self.host.clone())
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
        let token = settings::string(env, "token", &token)?;
        Ok(Outcome::of(|| Ok(self.host.invalidate(&token))))
    }

    /// Ends the client.
    #[napi]
    pub fn close(&self, env: Env) -> Outcome<()> {
        Outcome::of(|| {
            self.host.close();
            self.tell(env, 0);
            Ok(())
        })
    }
}

impl NativeClient {
    /// Tells the garbage collector what the client holds now.
    fn tell(&self, env: Env, bytes: i64) {
        let change = bytes - self.told.replace(bytes);
        // It is a hint: an environment that does not take it has no use for it.
        let _ = env.adjust_external_memory(change);
    }
}

impl ObjectFinalize for NativeClient {
    fn finalize(self, env: Env) -> napi::Result<()> {
        self.tell(env, 0);
        Ok(())
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
