//! The other side of a fake client: what it is given, and what it was asked.

use std::collections::VecDeque;
use std::fmt;
use std::future::Future;
use std::mem;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use bytes::Bytes;

use crate::api::http_message::headers;
use crate::api::{Request, Response};
use crate::blocking;
use crate::client::Client;
use crate::config::{Config, Environment};
use crate::error::{Error, ErrorKind};
use crate::http::responder::{self, Responder};
use crate::sys::clock::Clock;
use crate::sys::clock::manual::{ManualClock, Which};
use crate::sys::secret::Secret;
use crate::sys::thread;
use crate::testing::journal::JournalEntry;
use crate::token::StaticToken;
use crate::token_endpoint::source::{Fetch, Fetched, Grant, TokenSource, Wanted};

/// Nobody listens there, and no request of a fake client gets that far.
const NOWHERE: &str = "http://127.0.0.1:9";
pub(super) const LIFETIME: Duration = Duration::from_secs(1_800);

/// What a [responding](Fake::respond_with) function returns.
pub type Responding = Pin<Box<dyn Future<Output = Result<Response, Error>> + Send>>;

type Respond = Arc<dyn Fn(Request) -> Responding + Send + Sync>;

/// Plays the token endpoint and the API of a client for tests. The client is the real one, with cache, renewals
/// and retries, but for its sources, so that a test sees what production does; nothing is ever connected to, and
/// tokens go to addresses of this machine only. Clones are the same.
///
/// Time stands still until the test moves it; only the pauses between failed attempts pass by themselves.
#[derive(Clone)]
pub struct Fake(Arc<Shared>);

struct Shared {
    clock: ManualClock,
    state: Mutex<State>,
}

struct State {
    token: String,
    scopes: Vec<String>,
    lifetime: Duration,
    api_url: Option<String>,
    granted: u64,
    failure: Option<Error>,
    respond: Option<Respond>,
    journal: Vec<JournalEntry>,
}

impl Default for Fake {
    fn default() -> Self {
        Self::new()
    }
}

impl Fake {
    /// The SEEK API, whose tokens live for half an hour.
    #[must_use]
    pub fn new() -> Self {
        let state = State {
            token: "fake-token".to_owned(),
            scopes: Vec::new(),
            lifetime: LIFETIME,
            api_url: None,
            granted: 0,
            failure: None,
            respond: None,
            journal: Vec::new(),
        };
        Self(Arc::new(Shared { clock: ManualClock::new(), state: Mutex::new(state) }))
    }

    /// The value of the first token; the ones after it end in `-2`, `-3` and so on.
    #[must_use]
    pub fn token(self, value: impl Into<String>) -> Self {
        self.lock().token = value.into();
        self
    }

    /// Plays SEEK Pass, with these scopes for the first handle. Each token is granted the scopes that are asked
    /// for.
    #[must_use]
    pub fn scopes<S: Into<String>>(self, scopes: impl IntoIterator<Item = S>) -> Self {
        self.lock().scopes = scopes.into_iter().map(Into::into).collect();
        self
    }

    /// How long tokens live that are granted from now on; half an hour unless it is said.
    #[must_use]
    pub fn lifetime(self, lifetime: Duration) -> Self {
        self.lock().lifetime = lifetime;
        self
    }

    /// The address that [`Client::api_url`] gives, on this machine; nobody listens at the usual one.
    #[must_use]
    pub fn api_url(self, url: impl Into<String>) -> Self {
        self.lock().api_url = Some(url.into());
        self
    }

    /// From now on requests for tokens fail with an error of this kind, and with this pause if there is one. A
    /// token that is still good is served meanwhile, as in production.
    pub fn fail_with(&self, kind: ErrorKind, retry_after: Option<Duration>) {
        let message = format!("a test made the fake client fail with {kind}");
        self.lock().failure = Some(Error::new(kind, message).with_retry_after(retry_after));
    }

    /// From now on requests for tokens succeed.
    pub fn succeed(&self) {
        self.lock().failure = None;
    }

    /// Lets time pass for the clients of this fake: their tokens age, pauses end.
    pub fn advance(&self, span: Duration) {
        let milliseconds = i64::try_from(span.as_millis()).unwrap_or(i64::MAX);
        self.0.clock.advance(Which::Both, milliseconds);
    }

    /// The time of the clients of this fake.
    #[must_use]
    pub fn now(&self) -> SystemTime {
        self.0.clock.now().system_time()
    }

    /// Responds to requests to the API: the first to the first and so on, the last to all that follow. Without
    /// any there is no response, as at the start.
    pub fn respond(&self, responses: impl IntoIterator<Item = Response>) {
        let responses: VecDeque<Response> = responses.into_iter().collect();
        if responses.is_empty() {
            return self.replace_responder(None);
        }
        let responses = Mutex::new(responses);
        self.respond_with(move |_| {
            let mut responses = responses.lock().unwrap_or_else(PoisonError::into_inner);
            let response = match responses.len() {
                1 => responses.front().cloned(),
                _ => responses.pop_front(),
            };
            Box::pin(std::future::ready(response.ok_or_else(no_response)))
        });
    }

    /// Responds to requests to the API by a function. It is called on the library's own thread and must not
    /// block it; what it returns may take its time.
    pub fn respond_with(&self, respond: impl Fn(Request) -> Responding + Send + Sync + 'static) {
        self.replace_responder(Some(Arc::new(respond)));
    }

    /// Responds to requests to the API by a function that may block: each call has a thread of the library's own.
    pub fn respond_from_blocking(
        &self,
        respond: impl Fn(Request) -> Result<Response, Error> + Send + Sync + 'static,
    ) {
        let respond = Arc::new(respond);
        self.respond_with(move |request| {
            let respond = Arc::clone(&respond);
            let response = thread::run_detached("seekauth-fake", move || respond(request));
            Box::pin(async move {
                let failed = |what| Error::new(ErrorKind::Internal, what);
                let response = response.map_err(|_| failed("the system refuses a thread"))?;
                response.await.map_err(|_| failed("what responds panicked"))?
            })
        });
    }

    /// What the clients of this fake were asked so far, in order.
    #[must_use]
    pub fn journal(&self) -> Vec<JournalEntry> {
        self.lock().journal.clone()
    }

    /// Puts a request to the API into the journal that the program itself responds to, in the place of an HTTP
    /// client of its own.
    ///
    /// # Errors
    ///
    /// `invalid_argument` when the fake was given no response, as for requests of its clients.
    pub fn record(&self, request: Request) -> Result<(), Error> {
        let mut state = self.lock();
        state.journal.push(JournalEntry::Api(request));
        if state.respond.is_some() { Ok(()) } else { Err(no_response()) }
    }

    fn replace_responder(&self, respond: Option<Respond>) {
        let before = mem::replace(&mut self.lock().respond, respond);
        // Its end may be the program's, which may come back here: not under the lock.
        drop(before);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock()
    }

    fn config(&self) -> Config {
        let state = self.lock();
        let config = if state.scopes.is_empty() {
            Config::seek_api(Environment::Playground)
        } else {
            Config::seek_pass(Environment::Staging).scopes(state.scopes.clone())
        };
        let api_url = state.api_url.clone().unwrap_or_else(|| format!("{NOWHERE}/graphql"));
        config
            .credentials("fake", "fake")
            .user_agent(concat!("seekauth-fake/", env!("CARGO_PKG_VERSION")))
            .token_url(format!("{NOWHERE}/oauth/token"))
            .api_url(api_url)
            .proxy("none")
    }
}

impl fmt::Debug for Fake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fake").field("now", &self.now()).finish_non_exhaustive()
    }
}

impl Shared {
    /// Nothing under this lock panics.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn grant(&self, scopes: &[String]) -> Result<Fetched, Error> {
        let mut state = self.lock();
        let failure = state.failure.clone();
        let kind = failure.as_ref().map(Error::kind);
        state.journal.push(JournalEntry::Token { scopes: scopes.to_vec(), failure: kind });
        if let Some(error) = failure {
            return Err(error);
        }
        state.granted += 1;
        let value = match state.granted {
            1 => state.token.clone(),
            number => format!("{}-{number}", state.token),
        };
        Ok(Grant::new(Secret::new(value), state.lifetime, scopes.to_vec()).into())
    }
}

impl TokenSource for Shared {
    fn fetch<'a>(&'a self, wanted: Wanted<'a>) -> Fetch<'a> {
        Box::pin(std::future::ready(self.grant(wanted.scopes)))
    }
}

impl Responder for Shared {
    fn respond(&self, request: http::Request<Bytes>) -> responder::Responding<'_> {
        let request = plain(&request);
        let mut state = self.lock();
        state.journal.push(JournalEntry::Api(request.clone()));
        let respond = state.respond.clone();
        drop(state);
        Box::pin(async move {
            let respond = respond.ok_or_else(no_response)?;
            http_response(respond(request).await?)
        })
    }
}

impl Client {
    /// A client for tests, whose token endpoint and API the fake plays.
    ///
    /// # Errors
    ///
    /// `invalid_argument` for a token that is not visible ASCII, for scopes that are none, and for an
    /// [`api_url`](Fake::api_url) that is not an address of this machine.
    pub fn fake(fake: &Fake) -> Result<Self, Error> {
        // The rules for its value.
        StaticToken::new(fake.lock().token.clone())?;
        let clock = Clock::Manual(fake.0.clock.clone());
        let (source, responder) = (Arc::clone(&fake.0), Arc::clone(&fake.0));
        Self::over(&fake.config(), clock, source, responder)
    }
}

impl blocking::Client {
    /// A client for tests, whose token endpoint and API the fake plays; see [`crate::Client::fake`].
    ///
    /// # Errors
    ///
    /// As [`crate::Client::fake`].
    pub fn fake(fake: &Fake) -> Result<Self, Error> {
        Client::fake(fake).map(Self::of)
    }
}

fn no_response() -> Error {
    Error::invalid("the fake client was given no response to this request; give it one first")
}

/// The request as a test sees it.
fn plain(request: &http::Request<Bytes>) -> Request {
    let text = |value: &http::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    Request {
        method: request.method().to_string(),
        url: request.uri().to_string(),
        headers: request
            .headers()
            .iter()
            .map(|(name, value)| (name.as_str().to_owned(), text(value)))
            .collect(),
        body: request.body().to_vec(),
        timeout: None,
    }
}

fn http_response(response: Response) -> Result<http::Response<Bytes>, Error> {
    let pairs: Vec<(String, String)> = response
        .headers
        .iter()
        .map(|(name, value)| (name.clone(), String::from_utf8_lossy(value).into_owned()))
        .collect();
    let mut made = http::Response::new(Bytes::from(response.body));
    *made.headers_mut() = headers(&pairs)?;
    *made.status_mut() = http::StatusCode::from_u16(response.status)
        .map_err(|_| Error::invalid("a response's status is a number from 100 to 999"))?;
    Ok(made)
}
