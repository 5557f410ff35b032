//! Servers that stand between a client and its token: TLS of every kind, proxies, connections that
//! go away. Each is real and listens on a port of the system's choosing; each ends when dropped.

pub mod authority;
pub mod http2;
mod proxy;
mod server;

pub use authority::{Authority, Certificate};
pub use proxy::Proxy;
pub use server::{After, Server};

use std::sync::mpsc;
use std::time::Duration;

use seekauth::{Config, Error, ErrorKind, blocking};

/// What decides about proxies and authorities on a machine, in capitals; in small letters too.
pub const OF_THE_MACHINE: [&str; 7] = [
    "HTTPS_PROXY",
    "HTTP_PROXY",
    "ALL_PROXY",
    "NO_PROXY",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "CURL_CA_BUNDLE",
];

/// The secret that [`Server`] takes.
pub const SECRET: &str = "transport-secret";

/// A configuration for the token endpoint at `url`.
#[must_use]
pub fn config(url: &str) -> Config {
    Config::oauth(url).credentials("transport", SECRET).user_agent("Transport/1.0")
}

/// Asks for a token as a program would that is not written on tokio.
///
/// # Errors
///
/// Whatever the library reports.
pub fn get(config: Config) -> Result<String, Error> {
    let client = blocking::Client::new(config)?;
    let token = client.get_token(None)?;
    client.close();
    Ok(token.value().to_owned())
}

/// Sends a mutation to the API and waits for the status of its response.
///
/// # Errors
///
/// Whatever the library reports.
pub fn ask(client: &blocking::Client, timeout: Duration) -> Result<u16, Error> {
    let request = blocking::Request {
        method: "POST".to_owned(),
        url: "/graphql".to_owned(),
        body: b"{}".to_vec(),
        timeout: Some(timeout),
        ..blocking::Request::default()
    };
    let (done, outcome) = mpsc::channel();
    let _handle = client.send_then(request, move |result| {
        // Nobody else holds the other end.
        let _ = done.send(result);
    })?;
    let lost = Error::new(ErrorKind::Internal, "the call was lost");
    outcome.recv().unwrap_or(Err(lost)).map(|response| response.status)
}

/// Tells of a rejection, once the token is old enough for one to count.
///
/// # Panics
///
/// When it never counts.
pub fn reject(client: &blocking::Client, token: &str) {
    let began = std::time::Instant::now();
    while !client.invalidate(token) {
        assert!(began.elapsed().as_secs() < 60, "the rejection never counts");
        std::thread::sleep(Duration::from_millis(20));
    }
}
