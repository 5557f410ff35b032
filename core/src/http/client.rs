//! The HTTP client of the process, over HTTP/1.1 or HTTP/2: connections, and what becomes of a
//! request when one of them fails.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http::header::{ACCEPT, HeaderValue, USER_AGENT};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::capture_connection;
use hyper_util::rt::TokioTimer;
use reqwest::{Body, Request, Response, ResponseBuilderExt as _};
use tokio::time::Instant;
use url::Position;

use crate::config::ResolvedConfig;
use crate::error::{Error, ErrorKind};
use crate::http::body::TimedBody;
use crate::http::connector::Connector;
use crate::http::failure::{self, HEADER_LIMIT, Peer, Unprocessed};
use crate::http::interim::Interim;
use crate::http::proxies::Proxies;
use crate::http::responder::{self, Responder};
use crate::http::tasks::Tasks;
use crate::http::tls;
use crate::http::trust::{Trust, Versions};
use crate::http::waiting::Waiting;
use crate::sys::per_process::PerProcess;
use crate::sys::random;

/// Common load balancers drop idle connections after 60 s; a connection dropped by us first is
/// never found dead by the next request.
const IDLE: Duration = Duration::from_secs(50);
/// A connection on which nothing has come for so long is asked for a sign of life, and ended where
/// none comes. An upload on a slow line delays the sign, so it has its time.
const PING_AFTER: Duration = Duration::from_secs(10);
const PONG_WITHIN: Duration = Duration::from_secs(10);
const HEADERS: usize = 2000;
/// How often a request is sent again that the server did not process. A server that ends
/// connections after a number of requests does so to many callers at a time, again and again; one
/// that refuses has no room.
const REPEATS: u32 = 30;
const REFUSALS: u32 = 8;

type Pool = Client<Connector, Body>;

/// One client for token requests and requests to the API, made anew by a forked child.
pub(crate) struct HttpClient {
    config: Arc<ResolvedConfig>,
    proxies: Arc<Proxies>,
    connections: PerProcess<Connections>,
    responder: Option<Arc<dyn Responder>>,
}

struct Connections {
    trust: Arc<Trust>,
    tasks: Tasks,
    any_version: Pool,
    http1: Pool,
    /// Servers that want HTTP/1.1, by scheme, host and port: two at most, where tokens come from
    /// and where they go.
    http1_servers: Mutex<Vec<String>>,
}

/// The end of an exchange without a response.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The time was over.
    TimedOut,
    Failed(Error),
}

impl HttpClient {
    /// Checks the files that the configuration names; opens no connection.
    pub(crate) fn new(config: Arc<ResolvedConfig>) -> Result<Self, Error> {
        tls::check(&config)?;
        let proxies = Arc::new(Proxies::new(&config.proxy, &config.variables));
        Ok(Self { config, proxies, connections: PerProcess::new(), responder: None })
    }

    /// One that hands requests to `responder`, and opens nothing.
    pub(crate) fn over(
        responder: Arc<dyn Responder>,
        config: Arc<ResolvedConfig>,
    ) -> Result<Self, Error> {
        Ok(Self { responder: Some(responder), ..Self::new(config)? })
    }

    /// Whether requests go to a responder.
    pub(crate) fn has_responder(&self) -> bool {
        self.responder.is_some()
    }

    /// Drops the connections.
    pub(crate) fn close(&self) {
        self.connections.clear();
    }

    /// Whether what made TLS fail for good has changed since.
    pub(crate) async fn failure_may_be_gone(&self) -> bool {
        let connections = self.connections.get(|| self.connections());
        connections.trust.failure_may_be_gone().await
    }

    /// Sends a request, and sends it again where the server says that it did not process it.
    /// Follows no redirect. `deadline` is that of the response's body too.
    ///
    /// A connection whose request was not answered in time is not used again: it may be frozen.
    pub(crate) async fn execute(
        &self,
        mut request: Request,
        what: &'static str,
        deadline: Instant,
    ) -> Result<Response, Failure> {
        self.complete(&mut request)?;
        if let Some(responder) = &self.responder {
            let url = request.url().clone();
            let response = responder::execute(&**responder, request, what);
            let response = tokio::time::timeout_at(deadline, response).await;
            let response = response.map_err(|_| Failure::TimedOut)?;
            return Ok(addressed(response.map_err(Failure::Failed)?, url));
        }
        let connections = self.connections.get(|| self.connections());
        let url = request.url().clone();
        let server = url.origin().ascii_serialization();
        let peer = Peer { what, host: &url[Position::BeforeHost..Position::AfterPort] };
        let headers: usize =
            request.headers().iter().map(|(name, value)| name.as_str().len() + value.len()).sum();
        let (mut repeats, mut refusals, mut looks_again) = (0, 0, true);
        let mark = connections.trust.mark();
        loop {
            let copy = request.try_clone();
            let again = copy.is_some();
            let attempt = copy.unwrap_or_else(|| {
                std::mem::replace(&mut request, Request::new(http::Method::GET, url.clone()))
            });
            let needs_http1 = connections.needs_http1(&server);
            let broken = match connections.send(attempt, needs_http1, deadline).await {
                Ok(response) => {
                    if url.scheme() == "https" {
                        connections.trust.note_success();
                    }
                    return Ok(addressed(response, url));
                }
                Err(Attempt::TimedOut) => return Err(Failure::TimedOut),
                Err(Attempt::Failed(error)) => return Err(Failure::Failed(error)),
                Err(Attempt::Broken(broken)) => broken,
            };
            let goes_on = again
                && match broken.unprocessed {
                    Some(Unprocessed::NeedsHttp1) => !needs_http1,
                    Some(Unprocessed::Closing) => repeats < REPEATS,
                    Some(Unprocessed::Refused) => refusals < REFUSALS,
                    None => false,
                };
            if !goes_on {
                // The files may have been replaced while the connection was being made.
                if again
                    && looks_again
                    && failure::is_about_certificates(&*broken.problem)
                    && connections.trust.has_changed_since(&mark).await
                {
                    looks_again = false;
                    continue;
                }
                let error = failure::describe(&*broken.problem, peer, broken.connected, headers);
                connections.note_failure(&error).await;
                return Err(Failure::Failed(error));
            }
            match broken.unprocessed {
                Some(Unprocessed::NeedsHttp1) => connections.note_needs_http1(&server),
                Some(Unprocessed::Refused) => refusals += 1,
                Some(Unprocessed::Closing) | None => {}
            }
            repeats += 1;
            let pause = pause_before_repeat(repeats, refusals);
            if Instant::now() + pause >= deadline {
                return Err(Failure::TimedOut);
            }
            tokio::time::sleep(pause).await;
        }
    }

    /// The headers that every request has.
    fn complete(&self, request: &mut Request) -> Result<(), Failure> {
        let headers = request.headers_mut();
        if !headers.contains_key(ACCEPT) {
            headers.insert(ACCEPT, HeaderValue::from_static("*/*"));
        }
        if !headers.contains_key(USER_AGENT) {
            let value = HeaderValue::from_str(&self.config.user_agent);
            headers.insert(
                USER_AGENT,
                value.map_err(|_| {
                    Failure::Failed(internal("`user_agent` was checked and is no header"))
                })?,
            );
        }
        Ok(())
    }

    fn connections(&self) -> Connections {
        let trust = Arc::new(Trust::new(Arc::clone(&self.config)));
        let tasks = Tasks::default();
        let pool = |versions| {
            let connector = Connector {
                config: Arc::clone(&self.config),
                proxies: Arc::clone(&self.proxies),
                trust: Arc::clone(&trust),
                versions,
            };
            Client::builder(tasks.clone())
                .timer(TokioTimer::new())
                .pool_timer(TokioTimer::new())
                .pool_idle_timeout(IDLE)
                .http1_max_buf_size(HEADER_LIMIT as usize)
                .http1_max_headers(HEADERS)
                .http2_max_header_list_size(HEADER_LIMIT)
                .http2_keep_alive_interval(PING_AFTER)
                .http2_keep_alive_timeout(PONG_WITHIN)
                .http2_keep_alive_while_idle(true)
                .build(connector)
        };
        let (any_version, http1) = (pool(Versions::Http2And1), pool(Versions::Http1));
        Connections { trust, tasks, any_version, http1, http1_servers: Mutex::default() }
    }
}

/// The end of one attempt without a response.
enum Attempt {
    TimedOut,
    Failed(Error),
    Broken(Broken),
}

struct Broken {
    problem: failure::BoxError,
    /// Whether there was a connection.
    connected: bool,
    unprocessed: Option<Unprocessed>,
}

impl Connections {
    async fn send(
        &self,
        request: Request,
        needs_http1: bool,
        deadline: Instant,
    ) -> Result<http::Response<Body>, Attempt> {
        let request = http::Request::<Body>::try_from(request);
        let mut request = request.map_err(|_| {
            Attempt::Failed(Error::invalid("the request's URL cannot be sent by HTTP"))
        })?;
        let interim = Interim::watch(&mut request);
        let mut waiting = Waiting::begin(capture_connection(&mut request));
        let pool = if needs_http1 { &self.http1 } else { &self.any_version };
        let lost_before = self.tasks.lost();
        let sending = pool.request(request);
        let answered = tokio::select! {
            biased;
            answered = sending => answered,
            () = interim.too_many() => {
                waiting.give_up();
                return Err(Attempt::Failed(Interim::error()));
            }
            () = tokio::time::sleep_until(deadline) => {
                waiting.give_up();
                return Err(Attempt::TimedOut);
            }
        };
        match answered {
            Ok(response) => {
                let waiting = waiting.answered();
                Ok(response.map(|body| Body::wrap(TimedBody::new(body, deadline, waiting))))
            }
            Err(problem) => {
                let connected = !problem.is_connect();
                let unsent = waiting.is_http2()
                    && failure::was_dropped(&problem)
                    && self.tasks.lost() == lost_before;
                waiting.end();
                let unprocessed = failure::unprocessed(&problem);
                let unprocessed = unprocessed.or(unsent.then_some(Unprocessed::Closing));
                Err(Attempt::Broken(Broken { problem: problem.into(), connected, unprocessed }))
            }
        }
    }

    /// Of the failures that stay, these may have been about a file.
    async fn note_failure(&self, error: &Error) {
        let of_files = matches!(error.kind(), ErrorKind::Network | ErrorKind::InvalidArgument);
        if of_files && !error.retryable() {
            self.trust.note_failure().await;
        }
    }

    fn needs_http1(&self, server: &str) -> bool {
        let servers = self.http1_servers.lock().unwrap_or_else(PoisonError::into_inner);
        servers.iter().any(|known| known == server)
    }

    fn note_needs_http1(&self, server: &str) {
        let mut servers = self.http1_servers.lock().unwrap_or_else(PoisonError::into_inner);
        if !servers.iter().any(|known| known == server) {
            servers.push(server.to_owned());
        }
    }
}

/// None at first, for a new connection is all it takes; then more and more, up to a tenth of a
/// second, or to a second for a server without room.
fn pause_before_repeat(repeats: u32, refusals: u32) -> Duration {
    let longest = if refusals > 0 { Duration::from_secs(1) } else { Duration::from_millis(100) };
    let full = Duration::from_millis(5).saturating_mul(1 << repeats.saturating_sub(2).min(10));
    if repeats < 2 {
        Duration::ZERO
    } else {
        full.min(longest).mul_f64(0.5 + random::fraction() / 2.0)
    }
}

/// The response with its address, which travels as an extension that only `reqwest` can make.
pub(crate) fn addressed(response: http::Response<Body>, url: reqwest::Url) -> Response {
    let mut response = response;
    if let Ok(mut addressed) = http::Response::builder().url(url).body(()) {
        response.extensions_mut().extend(std::mem::take(addressed.extensions_mut()));
    }
    Response::from(response)
}

fn internal(problem: &str) -> Error {
    Error::new(ErrorKind::Internal, format!("no HTTP client: {problem}"))
}
