//! The client as the façade calls it on a miss. Results of calls come from the library's own thread,
//! as completions.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Instant;

use napi::bindgen_prelude::{Either6, Object, ObjectFinalize, Unknown};
use napi::{Env, JsValue};
use napi_derive::napi;
use seekauth::binding::{Language, Variables};
use seekauth::{Config, EventLevel, Token, blocking};

use crate::auth_flow;
use crate::authorities;
use crate::call::{self, Channel, Completion, Completions, NativeCancelHandle};
use crate::credentials::FunctionProvider;
use crate::error::{Outcome, Refusal};
use crate::events::Listener;
use crate::freshness::Freshness;
use crate::function::Function;
use crate::graphql::{self, NativeResponse};
use crate::number;
use crate::settings::{self, Constructor};
use crate::stats::Stats;
use crate::store_status::StoreStatus;
use crate::token::NativeToken;

/// What a client weighs for the garbage collector, which would otherwise leave clients that were not
/// closed, and their sockets, until its own heap is full. A client with an open TLS connection holds
/// a sixth of this; but a process runs out of files sooner than of memory, and the collector, which
/// takes its time for 64 MiB, knows memory alone.
const CLIENT_BYTES: i64 = 1024 * 1024;

/// Under which number requests for certificate authorities go to JavaScript; no call has it.
const AUTHORITIES: f64 = 0.0;

/// A handle on a client of the core. Freed by the garbage collector; belongs to one JavaScript
/// thread.
#[napi(js_name = "Client", custom_finalize)]
pub struct NativeClient {
    inner: blocking::Client,
    /// How many bytes were reported to the garbage collector for this handle.
    reported_bytes: Cell<i64>,
    /// Open as long as it may ask for credentials.
    channel: RefCell<Option<Arc<Channel>>>,
    /// The generation of the token whose header value the façade holds; 0 for none.
    held: Rc<Cell<u64>>,
    listener: RefCell<Option<Listener>>,
}

impl From<blocking::Client> for NativeClient {
    fn from(inner: blocking::Client) -> Self {
        Self {
            inner,
            reported_bytes: Cell::new(0),
            channel: RefCell::default(),
            held: Rc::default(),
            listener: RefCell::default(),
        }
    }
}

/// A new client, and what the façade has to do for it.
#[napi(object, object_from_js = false)]
pub struct NewClient<'a> {
    /// The client itself.
    pub client: NativeClient,
    /// The function for credentials, which is sent requests under the number that was given. The
    /// façade keeps it as long as the client.
    pub credentials: Option<Unknown<'a>>,
    /// Warnings for the user.
    pub warnings: Vec<String>,
}

/// A client with these options. `fixed` holds options that the caller's own must not repeat;
/// requests for credentials go to `completions` under `number`. The environment is that of the
/// caller: each thread and each context of JavaScript may have one of its own.
#[napi]
pub fn new_client<'a>(
    env: Env,
    completions: &Completions,
    number: f64,
    variables: Vec<(String, String)>,
    options: Unknown<'a>,
    fixed: Option<Object<'_>>,
) -> Outcome<NewClient<'a>> {
    Outcome::of(|| {
        let mut config = Config::new().variables(Variables::given(variables));
        let constructor = match &fixed {
            Some(fixed) => {
                settings::apply(env, &mut config, fixed.to_unknown(), Constructor::Plain)?;
                Constructor::Fixed(fixed)
            }
            None => Constructor::Plain,
        };
        finish(env, config, completions, number, options, constructor)
    })
}

/// A client with the settings of these variables, and these options over them; otherwise as
/// `new_client`.
#[napi]
pub fn client_from_env<'a>(
    env: Env,
    completions: &Completions,
    number: f64,
    variables: Vec<(String, String)>,
    options: Unknown<'a>,
) -> Outcome<NewClient<'a>> {
    Outcome::of(|| {
        let prefix = settings::prefix(env, &options)?;
        let config = Config::from_variables(prefix.as_deref(), Variables::given(variables))?;
        finish(env, config, completions, number, options, Constructor::FromEnv)
    })
}

fn finish<'a>(
    env: Env,
    mut config: Config,
    completions: &Completions,
    number: f64,
    options: Unknown<'a>,
    constructor: Constructor<'_, '_>,
) -> Result<NewClient<'a>, Refusal> {
    let credentials = settings::apply(env, &mut config, options, constructor)?;
    let authorities = authorities::of_node(completions.recipient(AUTHORITIES));
    let mut config = config.language(Language::Node).fallback_authorities_from(authorities);
    let mut channel = None;
    if credentials.is_some() {
        let recipient = completions.recipient(number);
        let send = move |request| recipient.send(Either6::C(request));
        config = config.credentials_from(FunctionProvider { send });
        channel = Some(completions.open(env)?);
    }
    let client = NativeClient::from(blocking::Client::new(config)?);
    client.channel.replace(channel);
    client.report_memory(env, CLIENT_BYTES);
    let warnings = client.inner.warnings().to_vec();
    Ok(NewClient { client, credentials, warnings })
}

#[napi]
impl NativeClient {
    /// The function that tells whether the header value last taken here is still fresh.
    #[napi]
    pub fn freshness(&self) -> Function<Freshness, 0> {
        Freshness::function(self.inner.clone(), Rc::clone(&self.held))
    }

    /// The header value of the fresh token, for the façade to hold; none where a token has to be
    /// waited for.
    #[napi]
    pub fn fresh_authorization(&self) -> Outcome<Option<String>> {
        let take = |token: Arc<Token>| {
            self.held.set(token.generation());
            token.authorization().to_owned()
        };
        Outcome::of(|| Ok(self.inner.fresh_token().map(take)))
    }

    /// How the store fares through which this client shares its tokens.
    #[napi]
    pub fn store_status(&self) -> StoreStatus {
        self.inner.store_status().into()
    }

    /// What this client did so far.
    #[napi]
    pub fn stats(&self) -> Stats {
        self.inner.stats().into()
    }

    /// The number of this client, as its events tell it.
    #[napi]
    pub fn number(&self) -> f64 {
        number(self.inner.number())
    }

    /// Host and port of the token endpoint.
    #[napi]
    pub fn token_server(&self) -> (&str, u16) {
        self.inner.token_server()
    }

    /// Host and port of the API.
    #[napi]
    pub fn api_server(&self) -> Option<(&str, u16)> {
        self.inner.api_server()
    }

    /// Sends the events of this client and its handles to `completions`, if somebody `is_subscribed`.
    ///
    /// # Errors
    ///
    /// When the environment is about to end.
    #[napi]
    pub fn listen(
        &self,
        env: Env,
        completions: &Completions,
        is_subscribed: bool,
    ) -> napi::Result<()> {
        let level = Listener::level(&self.inner, is_subscribed);
        let mut listener = self.listener.borrow_mut();
        if level != listener.as_ref().map(|listener| listener.level) {
            // Two at once would send the same event twice.
            *listener = None;
            if let Some(level) = level {
                let channel = completions.open(env)?;
                *listener = Some(Listener::new(&self.inner, level, completions, channel));
            }
        }
        Ok(())
    }

    /// The address of the API that the tokens are for.
    #[napi]
    pub fn api_url(&self) -> Option<&str> {
        self.inner.api_url()
    }

    /// Token endpoint, client id, audience and scopes, without the secret.
    #[napi]
    pub fn target(&self) -> &str {
        self.inner.target()
    }

    /// A client that shares everything with this one and asks for these scopes.
    #[napi]
    pub fn with_scopes(&self, env: Env, scopes: Unknown<'_>) -> Outcome<NativeClient> {
        Outcome::of(|| {
            let scopes = settings::strings(env, "scopes", &scopes)?;
            Ok(self.inner.with_scopes(scopes)?.into())
        })
    }

    /// Starts one call, whose outcome goes to `completions` under the number `call`, later and exactly
    /// once; gives a handle to cancel the call. Where this fails, the number means nothing.
    /// `spent_ms` of its time are over.
    #[napi]
    pub fn get_token(
        &self,
        env: Env,
        timeout_ms: Unknown<'_>,
        spent_ms: f64,
        completions: &Completions,
        call: f64,
    ) -> Outcome<NativeCancelHandle> {
        Outcome::of(|| {
            let timeout = settings::duration(env, "timeoutMs", &timeout_ms)?;
            let timeout = call::time_left(&self.inner, timeout, spent_ms);
            let done = Completion::new(env, completions, call)?.of_token();
            Ok(self.inner.get_token_then(timeout, done)?.into())
        })
    }

    /// Starts a GraphQL operation, whose outcome arrives as that of `get_token` does.
    #[napi]
    pub fn graphql(
        &self,
        env: Env,
        operation: Object<'_>,
        completions: &Completions,
        call: f64,
    ) -> Outcome<NativeCancelHandle> {
        Outcome::of(|| {
            let operation = graphql::operation(env, &operation)?;
            let completion = Completion::new(env, completions, call)?;
            let done = |result: Result<_, _>| {
                completion
                    .complete(result.map(|response| Either6::B(NativeResponse::from(response))));
            };
            Ok(self.inner.graphql_then(operation, done)?.into())
        })
    }

    /// The auth flows of requests that another HTTP client carries. Outcomes of their calls go to
    /// `completions`.
    #[napi]
    pub fn auth_flows(&self, completions: &Completions) -> auth_flow::Methods {
        auth_flow::Methods::new(self.inner.clone(), completions.clone())
    }

    /// The cached token, if there is one that may still be used.
    #[napi]
    pub fn cached_token(&self) -> Outcome<Option<NativeToken>> {
        Outcome::of(|| {
            Ok(self.inner.cached_token().map(|token| NativeToken::new(token, Instant::now())))
        })
    }

    /// Reports that the API refused this token.
    #[napi]
    pub fn invalidate(&self, token: Unknown<'_>) -> Outcome<bool> {
        Outcome::of(|| Ok(self.inner.invalidate(&settings::string("token", &token)?)))
    }

    /// Ends the client.
    #[napi]
    pub fn close(&self, env: Env) -> Outcome<()> {
        Outcome::of(|| {
            self.inner.close();
            self.channel.replace(None);
            self.let_listener_go();
            self.report_memory(env, 0);
            Ok(())
        })
    }
}

impl NativeClient {
    /// One that hears of the end lets go by itself then.
    fn let_listener_go(&self) {
        let listener = self.listener.take();
        if let Some(listener) = listener.filter(|listener| listener.level == EventLevel::Debug) {
            listener.detach();
        }
    }

    /// Reports to the garbage collector how much the client holds now.
    fn report_memory(&self, env: Env, bytes: i64) {
        let change = bytes - self.reported_bytes.replace(bytes);
        // A hint: nothing depends on the environment's taking it.
        let _ = env.adjust_external_memory(change);
    }
}

impl ObjectFinalize for NativeClient {
    fn finalize(self, env: Env) -> napi::Result<()> {
        self.report_memory(env, 0);
        self.let_listener_go();
        Ok(())
    }
}
