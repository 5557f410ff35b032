//! Programs with runtimes of their own, which stop, end, or lack what the library needs. Whoever asks,
//! flights and connections go on.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on fails there")]

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use seekauth::{Client, Graphql};
use seekauth_transport::http2::{Http2Server, Reaction};
use seekauth_transport::{After, Authority, Certificate, Server, config};
use tokio::runtime::{Builder, Runtime};

const SOON: Duration = Duration::from_secs(5);

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

fn client(server: &Server) -> Client {
    let api = format!("http://{}/api", server.address());
    Client::new(config(&server.url()).api_url(api)).unwrap()
}

async fn ask(client: &Client) -> u16 {
    let response = client.post("/api").json("{}").send().await.unwrap();
    let status = response.status().as_u16();
    response.bytes().await.unwrap();
    status
}

/// A task of `runtime` that has begun, and of which nobody hears again until the runtime runs.
fn begin(runtime: &Runtime, work: impl Future<Output = ()> + Send + 'static) {
    runtime.spawn(work);
    runtime.block_on(tokio::task::yield_now());
}

#[test]
fn a_parked_runtime_holds_up_no_other() {
    let server = Server::start(None, After::Keep);
    let client = client(&server);
    let (parked, other) = (runtime(), runtime());
    let first = client.clone();
    begin(&parked, async move { drop(first.get_token().await) });
    let began = Instant::now();
    other.block_on(client.get_token()).unwrap();
    let sends = client.clone();
    begin(&parked, async move {
        ask(&sends).await;
    });
    assert_eq!(other.block_on(ask(&client)), 200);
    assert!(began.elapsed() < SOON);
    assert_eq!(server.requests(), 3, "one for the token, one each for the API");
}

#[test]
fn a_runtime_that_ends_takes_no_connection_along() {
    let authority = Authority::new();
    let start =
        || Http2Server::start(authority.server(Certificate::Good, false), |_| Reaction::Respond);
    let (tokens, api) = (start(), start());
    let config =
        config(&tokens.url("/token")).ca_file(authority.ca_file()).api_url(api.url("/api"));
    let client = Client::new(config).unwrap();
    for _ in 0..5 {
        assert_eq!(runtime().block_on(ask(&client)), 200);
    }
    assert_eq!((tokens.connections(), api.connections()), (1, 1));
}

#[test]
fn a_runtime_that_ends_in_the_middle_of_a_call_costs_that_call_alone() {
    let server = Server::start(None, After::Keep);
    let client = client(&server);
    let ends = runtime();
    let first = client.clone();
    begin(&ends, async move {
        ask(&first).await;
    });
    drop(ends);
    assert_eq!(runtime().block_on(ask(&client)), 200);
}

#[test]
fn no_runtime_is_needed_at_all() {
    let server = Server::start(None, After::Keep);
    let client = client(&server);
    let began = Instant::now();
    let token = block_on(client.get_token()).unwrap();
    assert!(token.authorization().starts_with("Bearer "));
    assert_eq!(block_on(ask(&client)), 200);
    // What the server says is no GraphQL; what counts is that it was read.
    assert!(block_on(client.graphql(Graphql::new("{ a }"))).is_err());
    let mut flow = client.auth_flow(client.api_url().unwrap(), true).unwrap();
    let authorization = block_on(flow.authorization()).unwrap();
    flow.attempt(&authorization).unwrap();
    assert!(began.elapsed() < SOON);
}

#[test]
fn a_runtime_without_timers_and_sockets_will_do() {
    let server = Server::start(None, After::Keep);
    let client = client(&server);
    let bare = Builder::new_current_thread().build().unwrap();
    assert_eq!(bare.block_on(ask(&client)), 200);
}

#[test]
fn a_thousand_callers_on_many_runtimes_make_one_request() {
    let server = Server::start(None, After::Keep);
    let client = client(&server);
    thread::scope(|scope| {
        for _ in 0..10 {
            scope.spawn(|| {
                let calls = (0..100).map(|_| {
                    let client = client.clone();
                    async move { client.get_token().await }
                });
                let runtime = runtime();
                let calls: Vec<_> = calls.map(|call| runtime.spawn(call)).collect();
                for call in calls {
                    runtime.block_on(call).unwrap().unwrap();
                }
            });
        }
    });
    assert_eq!(server.requests(), 1);
}

/// An executor of the simplest kind.
fn block_on<T>(future: impl Future<Output = T>) -> T {
    struct Unpark(Thread);

    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }

    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(value) => return value,
            Poll::Pending => thread::park(),
        }
    }
}
