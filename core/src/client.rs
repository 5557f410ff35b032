//! The client for asynchronous programs, on any runtime. A client is a cheap handle on a key; handles
//! made from one another share cache, connections and flights.

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use crate::cache::key::Key;
use crate::cache::refresher::Refresher;
use crate::cache::rejection::Rejection;
use crate::cache::slot::Slot;
use crate::cache::stats::Stats;
use crate::config::{Config, ResolvedConfig, is_loopback, setting};
use crate::credentials::known_secrets::KnownSecrets;
use crate::error::{Error, ErrorKind};
use crate::events::{Event, EventKind, EventLevel, Events, Listening, Subscription};
use crate::http::client::HttpClient;
use crate::http::responder::Responder;
use crate::store::{self, SharedSource, StoreStatus};
use crate::sys::clock::{Clock, Moment};
use crate::sys::counter::count;
use crate::sys::latch::Latch;
use crate::sys::runtime;
use crate::sys::time_limit::TimeLimit;
use crate::token::{Token, TokenFuture, TokenProvider};
use crate::token_endpoint::endpoint::TokenEndpoint;
use crate::token_endpoint::source::TokenSource;

/// Hands out tokens for one set of scopes, cached and renewed in time. Clones are the same handle;
/// any number of tasks and threads may use it at once.
#[derive(Clone)]
pub struct Client(Arc<Handle>);

struct Handle {
    refresher: Arc<Refresher>,
    slot: Arc<Slot>,
    http: Arc<HttpClient>,
    shared: Option<Arc<SharedSource>>,
    known: Arc<KnownSecrets>,
    closed: Latch,
    is_root: bool,
}

impl Client {
    /// Validates the configuration. Nothing is sent and nothing is started until the first token
    /// is asked for.
    ///
    /// # Errors
    ///
    /// `invalid_argument`, naming the setting and what it accepts.
    #[expect(clippy::needless_pass_by_value, reason = "the configuration's secrets end with it")]
    pub fn new(config: Config) -> Result<Self, Error> {
        let (config, scopes) = ResolvedConfig::new(&config)?;
        let config = Arc::new(config);
        let clock = Clock::for_new_client();
        let http = Arc::new(HttpClient::new(Arc::clone(&config))?);
        let events = Arc::new(Events::new(clock.clone(), config.names()));
        let known = Arc::new(KnownSecrets::default());
        let endpoint = TokenEndpoint::new(
            Arc::clone(&config),
            clock.clone(),
            Arc::clone(&http),
            Arc::clone(&known),
            Arc::clone(&events),
        );
        let endpoint = Arc::new(endpoint);
        let shared = store::source(&config, Arc::clone(&endpoint) as _, &clock, &events);
        let source = match &shared {
            Some(shared) => Arc::clone(shared) as Arc<dyn TokenSource>,
            None => endpoint,
        };
        let refresher = Arc::new(Refresher::new(config, clock, source, events));
        Ok(Self::handle(refresher, http, shared, known, scopes, true))
    }

    /// A client whose tokens come from `source`, and whose requests to the API `responder` gets. It keeps to
    /// addresses of this machine.
    pub(crate) fn over(
        config: &Config,
        clock: Clock,
        source: Arc<dyn TokenSource>,
        responder: Arc<dyn Responder>,
    ) -> Result<Self, Error> {
        let (config, scopes) = ResolvedConfig::new(config)?;
        if config.api_url.as_ref().is_some_and(|url| !is_loopback(url)) {
            return Err(setting::API_URL.invalid("must be a loopback address, for a fake client"));
        }
        let config = Arc::new(config);
        let http = Arc::new(HttpClient::over(responder, Arc::clone(&config))?);
        let events = Arc::new(Events::new(clock.clone(), config.names()));
        let refresher = Arc::new(Refresher::new(config, clock, source, events));
        Ok(Self::handle(refresher, http, None, Arc::default(), scopes, true))
    }

    /// Whether it is one of tests, which never touches the network.
    pub(crate) fn is_fake(&self) -> bool {
        self.0.http.has_responder()
    }

    /// How the store fares through which this client shares its tokens.
    #[must_use]
    pub fn store_status(&self) -> StoreStatus {
        self.store_status_with_marks().spelled(self.config().language)
    }

    /// The same with the settings in its problem between backticks.
    pub(crate) fn store_status_with_marks(&self) -> StoreStatus {
        self.0.shared.as_ref().map_or_else(StoreStatus::none, |shared| shared.status())
    }

    /// What this client and its handles did so far in this process, and how their tokens stand.
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.0.refresher.stats()
    }

    /// What this client and its handles do from now on, down to this level: requests for tokens, failures,
    /// rejections. Nothing is told of calls that are served from the cache.
    #[must_use]
    pub fn subscribe(&self, level: EventLevel) -> Subscription {
        Subscription::new(self.events(), level)
    }

    /// Calls `listen` with what this client and its handles do, down to this level, some events at a time, as
    /// long as what comes back is there. It runs on a thread of the library's own, never twice at once, also in
    /// a forked child; it may block, and then later events wait, and are lost when there are too many.
    #[must_use = "it is called as long as what comes back is there"]
    pub fn listen(
        &self,
        level: EventLevel,
        listen: impl Fn(&[Event]) + Send + Sync + 'static,
    ) -> Listening {
        self.events().listen(level, listen)
    }

    /// What was found questionable in the configuration, one line each: so far files with secrets
    /// that every user of the machine may read. Looked up once, when the client is made.
    #[must_use]
    pub fn warnings(&self) -> &[String] {
        &self.0.refresher.config.warnings
    }

    /// A handle for other scopes of the same client. It shares cache and connections with this
    /// one, so making one for each use is fine. A SEEK API token has no scopes.
    ///
    /// # Errors
    ///
    /// `invalid_argument` for scopes that the service does not take, `closed`.
    pub fn with_scopes<I, S>(&self, scopes: I) -> Result<Self, Error>
    where
        I: IntoIterator<Item = S>,
        S: Into<String>,
    {
        self.check_open()?;
        let scopes = scopes.into_iter().map(Into::into).collect();
        let scopes = self.0.refresher.config.scopes(Some(scopes))?;
        let Handle { refresher, http, shared, known, .. } = &*self.0;
        let (refresher, http, known) = (Arc::clone(refresher), Arc::clone(http), Arc::clone(known));
        Ok(Self::handle(refresher, http, shared.clone(), known, scopes, false))
    }

    fn handle(
        refresher: Arc<Refresher>,
        http: Arc<HttpClient>,
        shared: Option<Arc<SharedSource>>,
        known: Arc<KnownSecrets>,
        scopes: Arc<[String]>,
        is_root: bool,
    ) -> Self {
        let slot = refresher.slots.slot(&Key::new(&refresher.config, scopes));
        Self(Arc::new(Handle {
            refresher,
            slot,
            http,
            shared,
            known,
            closed: Latch::new(),
            is_root,
        }))
    }

    /// The value of the `Authorization` header. Returns at once while the cached token is usable;
    /// otherwise waits for the one request under way, for the client's `timeout` at most.
    ///
    /// # Errors
    ///
    /// Any of [`ErrorKind`] that a token request can end with; `timeout`, `cancelled`, `closed`.
    pub async fn authorization(&self) -> Result<Authorization, Error> {
        self.get_token().await.map(Authorization)
    }

    /// The token with its facts; waits and fails as [`authorization`](Self::authorization) does.
    ///
    /// # Errors
    ///
    /// As [`authorization`](Self::authorization).
    pub async fn get_token(&self) -> Result<Arc<Token>, Error> {
        self.get_token_by(self.0.refresher.config.time_limit()).await
    }

    /// [`get_token`](Self::get_token) with a deadline of the caller's own. Dropping the future
    /// gives up this call alone; the request goes on for the others.
    ///
    /// # Errors
    ///
    /// As [`authorization`](Self::authorization).
    pub async fn get_token_within(&self, timeout: Duration) -> Result<Arc<Token>, Error> {
        self.get_token_by(TimeLimit::of_call(timeout)).await
    }

    pub(crate) async fn get_token_by(&self, limit: TimeLimit) -> Result<Arc<Token>, Error> {
        if let Some(token) = self.fresh_token() {
            return Ok(token);
        }
        self.check_open()?;
        let client = self.clone();
        // A future of its own, so that the one above stays small for those who need not wait.
        let waiting = async move { client.wait_for_token(limit).await };
        Box::pin(runtime::run(waiting)).await
    }

    /// [`get_token_by`](Self::get_token_by) for a call that was made while the client was
    /// open; if it is closed by now, the call is cancelled.
    pub(crate) async fn wait_for_token(&self, limit: TimeLimit) -> Result<Arc<Token>, Error> {
        if let Some(token) = self.fresh_token() {
            return Ok(token);
        }
        self.while_open(self.0.refresher.get(&self.0.slot, limit)).await
    }

    /// Work that ends with `cancelled` when the client is closed.
    pub(crate) async fn while_open<T>(
        &self,
        work: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Error> {
        let cancelled =
            || Error::new(ErrorKind::Cancelled, "the client was closed during the call");
        tokio::select! {
            biased;
            () = self.0.closed.wait() => Err(cancelled()),
            () = self.0.refresher.closed.wait() => Err(cancelled()),
            result = work => result,
        }
    }

    /// The cached token if it has not expired. Never waits and never asks the server.
    #[must_use]
    pub fn cached_token(&self) -> Option<Arc<Token>> {
        if self.is_closed() { None } else { self.0.slot.cached(self.0.refresher.clock.now()) }
    }

    /// Tells the client that the API rejected this token. If it is still the current one, it is set
    /// aside: calls wait for a new one, and get this one again, until it expires, if renewing it
    /// fails for a transient reason. If it was renewed meanwhile, nothing happens; nor if it is
    /// younger than two seconds, because servers may take that long to accept a new token
    /// everywhere. Renewals forced like this are limited to five at once and five a minute, so that
    /// an API that rejects every token does not turn into a storm of token requests.
    ///
    /// Returns whether the token was current and is now set aside.
    #[must_use = "false means that no new token will come of it"]
    pub fn invalidate(&self, token: &Token) -> bool {
        self.invalidate_value(token.value())
    }

    /// [`invalidate`](Self::invalidate) by the token's value or the whole header value.
    #[must_use = "false means that no new token will come of it"]
    pub fn invalidate_value(&self, value: &str) -> bool {
        let now = self.clock().now();
        matches!(self.reject(value, now), Rejection::SetAside)
    }

    /// Closes this handle: calls that wait end with `cancelled`, later ones with `closed`. Closing
    /// the client that the others were made from closes them too and forgets all tokens. Closing
    /// twice is fine.
    pub fn close(&self) {
        self.0.closed.set();
        if self.0.is_root {
            self.0.refresher.close();
        }
    }

    /// Ends the calls that wait on this handle with `cancelled`, and later ones with `closed`, and
    /// leaves everything that it shares with other handles as it is. For languages in which a
    /// handle is let go while calls on it are still under way.
    pub(crate) fn release(&self) {
        self.0.closed.set();
    }

    /// Lends the cached token if it needs nothing: no renewal is due and the client is open. Takes
    /// no lock and touches no reference count; `None` means that
    /// [`get_token`](Self::get_token) is to be asked.
    #[inline]
    pub fn with_fresh<R>(&self, read: impl FnOnce(&Token) -> R) -> Option<R> {
        if self.is_closed() { None } else { self.0.slot.with_fresh(&self.0.refresher.clock, read) }
    }

    /// The [generation](Token::generation) of the token that [`with_fresh`](Self::with_fresh)
    /// would lend, or 0.
    #[doc(hidden)]
    #[must_use]
    #[inline]
    pub fn fresh_generation(&self) -> u64 {
        if self.is_closed() { 0 } else { self.0.slot.fresh_generation(&self.0.refresher.clock) }
    }

    /// The address of the API that this client's tokens are for: the environment's own, or the
    /// setting `api_url`. `None` for an `oauth` client, or SEEK Pass, that was given none.
    #[must_use]
    pub fn api_url(&self) -> Option<&str> {
        self.0.refresher.config.api_url.as_ref().map(url::Url::as_str)
    }

    /// What this client asks for: token endpoint, client id, audience and scopes. Never the secret.
    #[must_use]
    pub fn target(&self) -> &str {
        self.0.slot.target()
    }

    /// The origin that requests with a token go to.
    pub(crate) fn api_origin(&self) -> Result<&str, Error> {
        self.0.refresher.config.api_origin.as_deref().ok_or_else(|| {
            self.config().missing(
                &setting::API_URL,
                "requests with a token go to that address and nowhere else",
            )
        })
    }

    pub(crate) fn events(&self) -> &Arc<Events> {
        &self.0.refresher.observer.events
    }

    /// What follows from the rejection of a token that a request carried which was sent at `sent`.
    pub(crate) fn reject(&self, value: &str, sent: Moment) -> Rejection {
        if self.is_closed() {
            Rejection::Superseded
        } else {
            let rejection = self.0.slot.reject(value, sent, self.clock().now());
            if !matches!(rejection, Rejection::Superseded) {
                count(&self.0.refresher.observer.counters.counts().rejections);
                let is_renewed = matches!(rejection, Rejection::SetAside);
                let kind = || EventKind::TokenRejected { is_renewed };
                self.events().tell(EventLevel::Warning, self.0.slot.scopes(), kind);
            }
            rejection
        }
    }

    /// The token with this value, current or the one before.
    pub(crate) fn find_token(&self, value: &str) -> Option<Arc<Token>> {
        self.0.slot.find(value, self.clock().now())
    }

    /// A token of another generation than `rejected`.
    pub(crate) async fn get_other_than(
        &self,
        rejected: u64,
        limit: TimeLimit,
    ) -> Result<Arc<Token>, Error> {
        self.check_open()?;
        let client = self.clone();
        let waiting = async move {
            let Handle { refresher, slot, .. } = &*client.0;
            client.while_open(refresher.get_other_than(rejected, slot, limit)).await
        };
        Box::pin(runtime::run(waiting)).await
    }

    pub(crate) fn clock(&self) -> &Clock {
        &self.0.refresher.clock
    }

    pub(crate) fn http(&self) -> &HttpClient {
        &self.0.http
    }

    /// What must not come out.
    pub(crate) fn known_secrets(&self) -> &KnownSecrets {
        &self.0.known
    }

    pub(crate) fn config(&self) -> &ResolvedConfig {
        &self.0.refresher.config
    }

    pub(crate) fn shared_target(&self) -> Arc<str> {
        Arc::clone(self.0.slot.target())
    }

    #[inline]
    pub(crate) fn fresh_token(&self) -> Option<Arc<Token>> {
        if self.is_closed() { None } else { self.0.slot.fresh(&self.0.refresher.clock) }
    }

    pub(crate) fn check_open(&self) -> Result<(), Error> {
        if self.is_closed() {
            Err(Error::new(ErrorKind::Closed, "the client is closed; make a new one"))
        } else {
            Ok(())
        }
    }

    #[inline]
    fn is_closed(&self) -> bool {
        self.0.closed.is_set() || self.0.refresher.closed.is_set()
    }
}

impl TokenProvider for Client {
    fn get_token(&self) -> TokenFuture<'_> {
        Box::pin(self.get_token())
    }

    fn invalidate(&self, token: &Token) -> bool {
        self.invalidate(token)
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = if self.is_fake() { "Client::fake" } else { "Client" };
        f.debug_struct(name).field("target", &self.target()).finish_non_exhaustive()
    }
}

/// The value of an `Authorization` header, kept alive together with its token. Derefs to `str`;
/// its `Debug` does not show it.
#[derive(Clone)]
pub struct Authorization(Arc<Token>);

impl Authorization {
    pub(crate) fn new(token: Arc<Token>) -> Self {
        Self(token)
    }

    /// The token it belongs to, for [`Client::invalidate`].
    #[must_use]
    pub fn token(&self) -> &Arc<Token> {
        &self.0
    }
}

impl Deref for Authorization {
    type Target = str;

    fn deref(&self) -> &str {
        self.0.authorization()
    }
}

impl AsRef<str> for Authorization {
    fn as_ref(&self) -> &str {
        self
    }
}

impl fmt::Debug for Authorization {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Authorization([redacted])")
    }
}
