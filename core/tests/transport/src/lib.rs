//! Servers that stand between a client and its token: TLS of every kind, proxies, connections that
//! go away. Each is real and listens on a port of the system's choosing; each ends when dropped.

mod authority;
mod proxy;
mod server;

pub use authority::{Authority, Certificate};
pub use proxy::Proxy;
pub use server::{After, Server};

use seekauth::{Config, Error, blocking};

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
