//! The ends of callbacks, which can be waited for, and of the library itself: nothing of it is left, every
//! call has got its result once, and the next one starts anew.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on fails there")]

use std::fs;
use std::net::TcpListener;
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use seekauth::blocking::{Client, shutdown};
use seekauth::{Error, ErrorKind, Token};
use seekauth_transport::{After, Server, config};

/// Far more than the busiest machine takes.
const LONG: Option<Duration> = Some(Duration::from_secs(60));
const SHORT: Option<Duration> = Some(Duration::from_millis(20));

type Outcome = Result<Arc<Token>, Error>;

/// A shutdown is the whole process's.
fn alone() -> MutexGuard<'static, ()> {
    static ONE: Mutex<()> = Mutex::new(());
    ONE.lock().unwrap_or_else(PoisonError::into_inner)
}

fn client(url: &str) -> Client {
    Client::new(config(url)).unwrap()
}

/// An endpoint that accepts connections and never responds.
fn silent() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/token", listener.local_addr().unwrap());
    (listener, url)
}

/// Starts a call whose callback returns when what is returned is dropped.
fn held(client: &Client) -> (Sender<()>, Receiver<Outcome>) {
    let (release, released) = mpsc::channel::<()>();
    let (tell, told) = mpsc::channel();
    let done = move |outcome| {
        tell.send(outcome).unwrap();
        let _ = released.recv();
    };
    client.get_token_then(None, done).unwrap();
    (release, told)
}

fn kind<T>(outcome: Result<T, Error>) -> Option<ErrorKind> {
    outcome.err().map(|error| error.kind())
}

fn threads_of_the_library() -> usize {
    let names = fs::read_dir("/proc/self/task").unwrap().flatten();
    let names = names.filter_map(|task| fs::read_to_string(task.path().join("comm")).ok());
    names.filter(|name| name.starts_with("seekauth")).count()
}

#[test]
fn callbacks_are_waited_for_until_they_have_returned() {
    let _alone = alone();
    let server = Server::start(None, After::Keep);
    let client = client(&server.url());
    client.drain(LONG).unwrap();
    let (release, told) = held(&client);
    assert!(told.recv().unwrap().is_ok());
    assert_eq!(kind(client.drain(SHORT)), Some(ErrorKind::Timeout));
    drop(release);
    client.drain(LONG).unwrap();
    // The callback is over, with all that it held.
    assert!(told.recv().is_err());
}

#[test]
fn a_callback_cannot_wait_for_itself() {
    let _alone = alone();
    let server = Server::start(None, After::Keep);
    let client = client(&server.url());
    let (tell, told) = mpsc::channel();
    let inside = client.clone();
    let done = move |_| {
        inside.release_and_wait();
        tell.send((kind(inside.drain(LONG)), kind(shutdown(LONG)))).unwrap();
    };
    client.get_token_then(None, done).unwrap();
    let refused = Some(ErrorKind::InvalidArgument);
    assert_eq!(told.recv().unwrap(), (refused, refused));
}

#[test]
fn a_client_is_drained_with_its_handles_and_a_handle_alone() {
    let _alone = alone();
    let server = Server::start(None, After::Keep);
    let client = client(&server.url());
    let (one, other) = (client.with_scope("one").unwrap(), client.with_scope("other").unwrap());
    let (release, told) = held(&one);
    told.recv().unwrap().unwrap();
    other.drain(LONG).unwrap();
    other.release_and_wait();
    assert_eq!(kind(one.drain(SHORT)), Some(ErrorKind::Timeout));
    assert_eq!(kind(client.drain(SHORT)), Some(ErrorKind::Timeout));
    drop(release);
    client.drain(LONG).unwrap();
}

#[test]
fn whoever_lets_a_handle_go_may_wait_for_its_callbacks() {
    let _alone = alone();
    let (_listener, url) = silent();
    let client = client(&url);
    let (tell, told) = mpsc::channel();
    client.get_token_then(None, move |outcome| tell.send(outcome).unwrap()).unwrap();
    client.release_and_wait();
    assert_eq!(told.try_recv().ok().and_then(kind), Some(ErrorKind::Cancelled));
}

#[test]
fn a_shutdown_ends_every_call_once_and_leaves_no_thread() {
    let _alone = alone();
    let (listener, url) = silent();
    let client = client(&url);
    let (tell, told) = mpsc::channel();
    let again = client.clone();
    let done = move |outcome: Outcome| {
        let unwanted = tell.clone();
        let next = again.get_token_then(None, move |_| unwanted.send((None, None)).unwrap());
        tell.send((kind(outcome), kind(next))).unwrap();
    };
    client.get_token_then(None, done).unwrap();
    let _connection = listener.accept().unwrap();
    let blocked = {
        let url = url.clone();
        thread::spawn(move || kind(self::client(&url).get_token(LONG)))
    };
    let asynchronous = {
        let client = seekauth::Client::new(config(&url)).unwrap();
        thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            runtime.block_on(async { kind(client.get_token().await) })
        })
    };
    let _other_connections = [listener.accept().unwrap(), listener.accept().unwrap()];
    let cancelled = Some(ErrorKind::Cancelled);
    shutdown(LONG).unwrap();
    assert_eq!(told.try_recv(), Ok((cancelled, cancelled)));
    assert_eq!(told.try_recv(), Err(mpsc::TryRecvError::Disconnected));
    assert_eq!(threads_of_the_library(), 0);
    assert_eq!((blocked.join().unwrap(), asynchronous.join().unwrap()), (cancelled, cancelled));
    shutdown(LONG).unwrap();
    shutdown(LONG).unwrap();
}

#[test]
fn after_a_shutdown_the_next_call_starts_anew() {
    let _alone = alone();
    let server = Server::start(None, After::Keep);
    let client = client(&server.url());
    let first = client.get_token(LONG).unwrap();
    shutdown(LONG).unwrap();
    assert_eq!(client.get_token(LONG).unwrap().value(), first.value(), "the cache is no thread's");
    assert_eq!(threads_of_the_library(), 0);
    let other = client.with_scope("other").unwrap();
    assert!(other.get_token(LONG).is_ok() && threads_of_the_library() > 0);
    shutdown(LONG).unwrap();
    assert_eq!(threads_of_the_library(), 0);
}

#[test]
fn a_callback_that_takes_too_long_is_waited_for_by_the_next_shutdown() {
    let _alone = alone();
    let server = Server::start(None, After::Keep);
    let client = client(&server.url());
    let (release, told) = held(&client);
    told.recv().unwrap().unwrap();
    assert_eq!(kind(shutdown(SHORT)), Some(ErrorKind::Timeout));
    // Meanwhile there is another worker for whoever goes on.
    assert!(self::client(&server.url()).get_token(LONG).is_ok());
    drop(release);
    shutdown(LONG).unwrap();
    assert_eq!(threads_of_the_library(), 0);
}
