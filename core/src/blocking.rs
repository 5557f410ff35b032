//! The client for programs that are not asynchronous Rust: C, Python, Node, and Rust that blocks.

mod call;
mod callbacks;

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::api::{AuthFlow, Graphql, GraphqlResponse, next_token};
use crate::cache::Stats;
use crate::client;
use crate::config::{Config, TIMEOUT};
use crate::error::{Error, ErrorKind};
use crate::events::{self, Event, EventLevel, Listening};
use crate::http::dns;
use crate::store::{self, StoreStatus};
use crate::sys::runtime;
use crate::sys::time_limit::TimeLimit;
use crate::token::Token;

pub use crate::api::{Request, Response};
pub use call::{CancelHandle, Pending};

use call::{start, then};
use callbacks::Callbacks;

/// A [`crate::Client`] whose calls block, call back or are polled. Clones are the same handle; any
/// number of threads may use it at once.
#[derive(Clone)]
pub struct Client {
    inner: client::Client,
    callbacks: Callbacks,
}

impl Client {
    /// Validates the configuration. Opens nothing and starts no thread.
    ///
    /// # Errors
    ///
    /// `invalid_argument`, naming the setting and what it accepts.
    pub fn new(config: Config) -> Result<Self, Error> {
        client::Client::new(config).map(Self::of)
    }

    pub(crate) fn of(inner: client::Client) -> Self {
        Self { inner, callbacks: Callbacks::new() }
    }

    /// What was found questionable in the configuration; see [`crate::Client::warnings`].
    #[must_use]
    pub fn warnings(&self) -> &[String] {
        self.inner.warnings()
    }

    /// How the store fares through which this client shares its tokens; see
    /// [`crate::Client::store_status`].
    #[must_use]
    pub fn store_status(&self) -> StoreStatus {
        self.inner.store_status()
    }

    /// What this client did so far; see [`crate::Client::stats`].
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.inner.stats()
    }

    /// Calls `listen` with what this client does; see [`crate::Client::listen`]. It is one of this handle's
    /// callbacks while it runs.
    #[must_use = "it is called as long as what comes back is there"]
    pub fn listen(
        &self,
        level: EventLevel,
        listen: impl Fn(&[Event]) + Send + Sync + 'static,
    ) -> Listening {
        let callbacks = self.callbacks.clone();
        self.inner.listen(level, move |events| {
            let _running = callbacks.begin();
            listen(events);
        })
    }

    /// A handle for other scopes of the same client; see [`crate::Client::with_scopes`].
    ///
    /// # Errors
    ///
    /// `invalid_argument` for scopes that the service does not take, `closed`.
    pub fn with_scopes<I, S>(&self, scopes: I) -> Result<Self, Error>
    where
        I: IntoIterator<Item = S>,
        S: Into<String>,
    {
        let inner = self.inner.with_scopes(scopes)?;
        Ok(Self { inner, callbacks: self.callbacks.of_another_handle() })
    }

    /// [`with_scopes`](Self::with_scopes) for scopes in one string with spaces between them, as
    /// the parameter `scope` of RFC 6749 has them.
    ///
    /// # Errors
    ///
    /// As [`with_scopes`](Self::with_scopes).
    pub fn with_scope(&self, scope: &str) -> Result<Self, Error> {
        self.with_scopes(scope.split_ascii_whitespace())
    }

    /// How long a call waits that names no time of its own.
    #[must_use]
    pub fn timeout(&self) -> Duration {
        self.inner.config().timeout
    }

    /// The number of the client within its process, as its events tell it, for bindings.
    #[doc(hidden)]
    #[must_use]
    pub fn number(&self) -> u64 {
        self.inner.events().client()
    }

    /// Host and port of the token endpoint, for bindings.
    #[doc(hidden)]
    #[must_use]
    pub fn token_server(&self) -> (&str, u16) {
        self.inner.config().token_server()
    }

    /// Host and port of the API, for bindings.
    #[doc(hidden)]
    #[must_use]
    pub fn api_server(&self) -> Option<(&str, u16)> {
        self.inner.config().api_server()
    }

    /// Whether tokens are renewed although nobody asks for them, for bindings.
    #[doc(hidden)]
    #[must_use]
    pub fn stays_warm(&self) -> bool {
        self.inner.config().stay_warm
    }

    /// A token, at once while the cached one is usable, else after waiting on this thread for
    /// `timeout` at most (`None`: the client's own).
    ///
    /// # Errors
    ///
    /// As [`crate::Client::get_token`]; `invalid_argument` on a library thread, in a callback,
    /// where waiting would stop the very work that is waited for.
    pub fn get_token(&self, timeout: Option<Duration>) -> Result<Arc<Token>, Error> {
        self.inner.check_open()?;
        if let Some(token) = self.fresh_token() {
            return Ok(token);
        }
        self.start(timeout)?.wait()
    }

    /// Asks for a token and calls `done` with the result: exactly once, on a library thread, never
    /// within this call. `done` should be quick; other calls wait while it runs.
    ///
    /// # Errors
    ///
    /// `unavailable` when the system refuses the library its thread; `done` is then never called.
    pub fn get_token_then(
        &self,
        timeout: Option<Duration>,
        done: impl FnOnce(Result<Arc<Token>, Error>) + Send + 'static,
    ) -> Result<CancelHandle, Error> {
        then(&self.callbacks, self.get_token_call(self.limit(timeout)), done)
    }

    /// Asks for a token and lets the caller look for the result, for hosts that must stay
    /// interruptible while they wait.
    ///
    /// # Errors
    ///
    /// `unavailable` when the system refuses the library its thread; `invalid_argument` on a library
    /// thread, as for [`get_token`](Self::get_token).
    pub fn start(&self, timeout: Option<Duration>) -> Result<Pending<Arc<Token>>, Error> {
        let limit = self.limit(timeout);
        start(self.get_token_call(limit), self.deadline(limit))
    }

    /// Sends a request to the API with the token; see [`crate::Client::send`]. Calls `done` with
    /// the whole response as [`get_token_then`](Self::get_token_then) does.
    ///
    /// # Errors
    ///
    /// As [`get_token_then`](Self::get_token_then).
    pub fn send_then(
        &self,
        request: Request,
        done: impl FnOnce(Result<Response, Error>) + Send + 'static,
    ) -> Result<CancelHandle, Error> {
        then(&self.callbacks, self.send_call(request), done)
    }

    /// Sends a request to the API with the token; see [`crate::Client::send`]. The caller looks for
    /// the whole response as with [`start`](Self::start).
    ///
    /// # Errors
    ///
    /// As [`start`](Self::start).
    pub fn start_send(&self, request: Request) -> Result<Pending<Response>, Error> {
        let deadline = self.deadline(self.limit(request.timeout));
        start(self.send_call(request), deadline)
    }

    /// Sends a GraphQL operation; see [`crate::Client::graphql`]. Calls `done` with the response as
    /// [`get_token_then`](Self::get_token_then) does.
    ///
    /// # Errors
    ///
    /// As [`get_token_then`](Self::get_token_then).
    pub fn graphql_then(
        &self,
        operation: Graphql,
        done: impl FnOnce(Result<GraphqlResponse, Error>) + Send + 'static,
    ) -> Result<CancelHandle, Error> {
        then(&self.callbacks, self.graphql_call(operation), done)
    }

    /// Sends a GraphQL operation; see [`crate::Client::graphql`]. The caller looks for the response as
    /// with [`start`](Self::start).
    ///
    /// # Errors
    ///
    /// As [`start`](Self::start).
    pub fn start_graphql(&self, operation: Graphql) -> Result<Pending<GraphqlResponse>, Error> {
        let deadline = self.deadline(self.limit(operation.own_timeout()));
        start(self.graphql_call(operation), deadline)
    }

    /// The rules for one request that another HTTP client carries; see
    /// [`crate::Client::auth_flow`].
    ///
    /// # Errors
    ///
    /// `forbidden_origin`, `invalid_argument`.
    pub fn auth_flow(&self, url: &str, replayable: bool) -> Result<AuthFlow, Error> {
        self.inner.auth_flow(url, replayable)
    }

    /// Asks for the token of the next attempt of `flow`, as [`start`](Self::start) does for any
    /// token; see [`AuthFlow::authorization`]. Of `timeout`, which is the HTTP client's, and the
    /// client's own the smaller one counts.
    ///
    /// # Errors
    ///
    /// As [`start`](Self::start).
    pub fn start_for(
        &self,
        flow: &AuthFlow,
        timeout: Option<Duration>,
    ) -> Result<Pending<Arc<Token>>, Error> {
        let limit = self.flow_limit(timeout);
        start(self.next_token_call(flow, limit), self.deadline(limit))
    }

    /// Asks for the token of the next attempt of `flow`, as
    /// [`get_token_then`](Self::get_token_then) does for any token.
    ///
    /// # Errors
    ///
    /// As [`get_token_then`](Self::get_token_then).
    pub fn get_token_for_then(
        &self,
        flow: &AuthFlow,
        timeout: Option<Duration>,
        done: impl FnOnce(Result<Arc<Token>, Error>) + Send + 'static,
    ) -> Result<CancelHandle, Error> {
        then(&self.callbacks, self.next_token_call(flow, self.flow_limit(timeout)), done)
    }

    fn next_token_call(
        &self,
        flow: &AuthFlow,
        limit: TimeLimit,
    ) -> impl Future<Output = Result<Arc<Token>, Error>> + Send + use<> {
        let client = self.inner.clone();
        let open = client.check_open();
        let next = flow.next();
        async move {
            open?;
            next_token(&client, next, limit).await
        }
    }

    /// Of the time-outs of the client and of the HTTP client that sends the request, the smaller one.
    fn flow_limit(&self, timeout: Option<Duration>) -> TimeLimit {
        let own = self.limit(None);
        timeout.filter(|timeout| *timeout < own.left).map_or(own, TimeLimit::of_http_client)
    }

    fn limit(&self, timeout: Option<Duration>) -> TimeLimit {
        self.inner.config().time_limit_of_call(timeout)
    }

    /// When a caller stops waiting, even for a worker that does not respond. A clock that a test
    /// moves by hand has no such moment.
    fn deadline(&self, limit: TimeLimit) -> Option<(Instant, TimeLimit)> {
        let is_system = self.inner.clock().is_system();
        let deadline = Instant::now().checked_add(limit.left).filter(|_| is_system)?;
        Some((deadline, limit))
    }

    /// What a task is to do for a call. Whether the client is open counts now, not when the task
    /// comes to run.
    fn get_token_call(
        &self,
        limit: TimeLimit,
    ) -> impl Future<Output = Result<Arc<Token>, Error>> + Send + use<> {
        let client = self.inner.clone();
        let open = client.check_open();
        async move {
            open?;
            client.wait_for_token(limit).await
        }
    }

    fn send_call(
        &self,
        request: Request,
    ) -> impl Future<Output = Result<Response, Error>> + Send + use<> {
        let client = self.inner.clone();
        let open = client.check_open();
        async move {
            open?;
            let request = request.build(&client)?;
            client.send_and_read(request).await
        }
    }

    fn graphql_call(
        &self,
        operation: Graphql,
    ) -> impl Future<Output = Result<GraphqlResponse, Error>> + Send + use<> {
        let client = self.inner.clone();
        let open = client.check_open();
        async move {
            open?;
            client.graphql(operation).await
        }
    }

    /// The cached token if it has not expired. Never waits and never asks the server.
    #[must_use]
    pub fn cached_token(&self) -> Option<Arc<Token>> {
        self.inner.cached_token()
    }

    /// Lends the cached token if it needs nothing; see [`crate::Client::with_fresh`].
    #[inline]
    pub fn with_fresh<R>(&self, read: impl FnOnce(&Token) -> R) -> Option<R> {
        self.inner.with_fresh(read)
    }

    /// The token that needs nothing done, also that of a fake client, which [`with_fresh`](Self::with_fresh) does
    /// not lend. For bindings, off the way of a cached call.
    #[doc(hidden)]
    #[must_use]
    pub fn fresh_token(&self) -> Option<Arc<Token>> {
        self.inner.fresh_token()
    }

    /// The generation of the token that [`with_fresh`](Self::with_fresh) would lend, or 0.
    #[must_use]
    #[inline]
    pub fn fresh_generation(&self) -> u64 {
        self.inner.fresh_generation()
    }

    /// Tells the client that the API rejected this token, given bare or as the whole header value;
    /// see [`crate::Client::invalidate`].
    #[must_use = "false means that no new token will come of it"]
    pub fn invalidate(&self, value: &str) -> bool {
        self.inner.invalidate_value(value)
    }

    /// The address of the API that this client's tokens are for; see [`crate::Client::api_url`].
    #[must_use]
    pub fn api_url(&self) -> Option<&str> {
        self.inner.api_url()
    }

    /// Lets go of this handle alone: calls that wait on it end with `cancelled`, and handles made
    /// from it go on. For languages whose handles are freed by hand or by a garbage collector.
    pub fn release(&self) {
        self.inner.release();
    }

    /// [`release`](Self::release), and waits until every callback of this handle's own calls has
    /// returned. In a callback, which cannot wait for itself, it waits for none.
    pub fn release_and_wait(&self) {
        self.release();
        if !is_callback() {
            self.callbacks.wait_for_own();
        }
    }

    /// Waits until every callback of this handle's calls has returned, for `timeout` at most (`None`:
    /// the client's own): of a handle from [`with_scopes`](Self::with_scopes) its own calls, of the client
    /// that it was made from those of all its handles. Cancels nothing; [`close`](Self::close) does. What
    /// happened before is told to who listens by then.
    ///
    /// # Errors
    ///
    /// `timeout` when one has not returned by then; `invalid_argument` in a callback.
    pub fn drain(&self, timeout: Option<Duration>) -> Result<(), Error> {
        if is_callback() {
            return Err(Error::invalid(
                "a callback must not wait until all callbacks have returned, for it is one of them",
            ));
        }
        let limit = self.limit(timeout);
        let deadline = Instant::now().checked_add(limit.left);
        if self.callbacks.wait(deadline) && self.inner.events().wait(deadline) {
            return Ok(());
        }
        Err(Error::new(ErrorKind::Timeout, format!("a callback has not returned within {limit}")))
    }

    /// What this client asks for; see [`crate::Client::target`].
    #[must_use]
    pub fn target(&self) -> &str {
        self.inner.target()
    }

    /// Closes this handle; see [`crate::Client::close`].
    pub fn close(&self) {
        self.inner.close();
    }
}

/// Whether this thread is in a callback, which nothing on it can wait for.
fn is_callback() -> bool {
    runtime::is_current() || events::is_delivering()
}

/// Ends the library's threads, connections and calls, and waits until nothing of it runs any more, for
/// `timeout` at most (`None`: 30 s). Calls under way end with `cancelled`, and so do those that begin
/// meanwhile; each callback has run when this returns. For programs that unload the library, and for those
/// whose tools look for what is left at the end. The first call afterwards starts anew, and clients keep
/// their tokens. A forked child ends what is its own.
///
/// # Errors
///
/// `timeout` when a callback, a look-up of a name or something that finds credentials still runs by then;
/// `invalid_argument` on a thread of the library.
pub fn shutdown(timeout: Option<Duration>) -> Result<(), Error> {
    let limit = timeout.map_or(TimeLimit::of_library(TIMEOUT), TimeLimit::of_call);
    runtime::shutdown(limit, || {
        dns::forget();
        store::forget();
    })
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}
