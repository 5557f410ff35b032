//! One connection: over the library's own sockets and TLS, so that names, addresses and authorities are
//! dealt with as they are for HTTP.

use std::error::Error as StdError;
#[cfg(not(unix))]
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use ::redis::{Cmd, Value, cmd, parse_redis_value_async};
use rustls::CertificateError;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::runtime::Handle;
use zeroize::Zeroizing;

use crate::config::RedisTransport;
use crate::http::connector::{tcp, tls};
use crate::http::failure::{cause, find};
use crate::http::stream::Wire;
use crate::http::tls::config_of_a_store;
use crate::store::backend::Trouble;
use crate::store::files;
use crate::store::record::LIMIT;
use crate::store::redis::reply;
use crate::store::redis::server::Server;
use crate::sys::limit;
use crate::sys::thread::run_detached;

/// Of the replies to one write: a token, a note, and what is said around them.
const REPLIES_LIMIT: u64 = 2 * LIMIT as u64 + 4_096;
/// How long the end of a connection is waited for.
const FAREWELL: Duration = Duration::from_secs(1);

pub(super) struct Connection {
    /// Nothing once it ends.
    wire: Option<Box<dyn Wire>>,
    /// What is sent before the first commands, with them.
    greeting: Vec<Cmd>,
}

impl Connection {
    /// A connection to the server, or to another node of its cluster.
    pub(super) async fn open(
        server: &Server,
        node: Option<(String, u16)>,
    ) -> Result<Self, Trouble> {
        let redis = &server.redis;
        let password = match &redis.password_file {
            Some(path) => Some(files::read(path, "store_password_file", server.timeout).await?),
            None => redis.password.clone(),
        };
        let mut greeting = Vec::new();
        if let Some(password) = &password {
            let mut command = cmd("AUTH");
            if let Some(user) = &redis.user {
                command.arg(user.expose());
            }
            greeting.push(command.arg(password.expose()).take());
        }
        if redis.database > 0 {
            greeting.push(cmd("SELECT").arg(redis.database).take());
        }
        let wire = match &redis.transport {
            RedisTransport::Unix(path) => unix(path).await?,
            RedisTransport::Tcp { host, port } => {
                let (host, port) = instead(host, *port, node);
                tcp(&host, port, false).await.map_err(|problem| unreachable(&*problem))?
            }
            RedisTransport::Tls { host, port } => {
                let trusted = trusted(server).await?;
                let (host, port) = instead(host, *port, node);
                let wire =
                    tcp(&host, port, false).await.map_err(|problem| unreachable(&*problem))?;
                let secured = tls(wire, &host, trusted).await;
                secured.map_err(|problem| insecure(&*problem))?.0
            }
        };
        Ok(Self { wire: Some(wire), greeting })
    }

    /// Whether more can be sent on it.
    pub(super) fn is_open(&self) -> bool {
        self.wire.is_some()
    }

    /// Sends commands in one write and takes the reply to each. One that fails leaves nothing behind that
    /// could be taken for the reply to another: the connection must not be used again. Nor is it after a
    /// reply that is too long for anything of ours, which counts as an empty text, and those behind it as
    /// nothing.
    pub(super) async fn exchange(&mut self, commands: &[Cmd]) -> Result<Vec<Value>, Trouble> {
        let wire = self.wire.as_mut().ok_or_else(reply::unexpected)?;
        let greeting = std::mem::take(&mut self.greeting);
        let packed = greeting.iter().chain(commands).flat_map(Cmd::get_packed_command);
        let packed = Zeroizing::new(packed.collect::<Vec<u8>>());
        let written = async {
            wire.write_all(&packed).await?;
            wire.flush().await
        };
        written.await.map_err(|problem| unreachable(&problem))?;
        let mut replies = wire.take(REPLIES_LIMIT);
        #[expect(
            clippy::default_trait_access,
            reason = "its type is of a crate that is not named here"
        )]
        let mut decoder = Default::default();
        let mut values = Vec::with_capacity(commands.len());
        for at in 0..greeting.len() + commands.len() {
            let value = parse_redis_value_async(&mut decoder, &mut replies).await;
            if value.is_err() && replies.limit() == 0 && at >= greeting.len() {
                values.push(Value::BulkString(Vec::new()));
                values.resize(commands.len(), Value::Nil);
                self.end();
                break;
            }
            let value = value.map_err(|problem| reply::broken(&problem))?;
            if at < greeting.len() {
                reply::greeted(&value)?;
            } else {
                values.push(value);
            }
        }
        Ok(values)
    }
}

impl Connection {
    /// Says goodbye: a forked child may hold a copy of the socket, which would stay open with it.
    fn end(&mut self) {
        if let (Some(mut wire), Ok(runtime)) = (self.wire.take(), Handle::try_current()) {
            runtime.spawn(async move {
                let _ = tokio::time::timeout(FAREWELL, wire.shutdown()).await;
            });
        }
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.end();
    }
}

/// The node that is to be asked instead.
fn instead(host: &str, port: u16, node: Option<(String, u16)>) -> (String, u16) {
    match node {
        Some((other, port)) if other.is_empty() => (host.to_owned(), port),
        Some((other, port)) if other.contains(':') => (format!("[{other}]"), port),
        Some(node) => node,
        None => (host.to_owned(), port),
    }
}

#[cfg(unix)]
async fn unix(path: &Path) -> Result<Box<dyn Wire>, Trouble> {
    match tokio::net::UnixStream::connect(path).await {
        Ok(stream) => Ok(Box::new(stream)),
        Err(problem) => Err(unreachable(&problem)),
    }
}

/// Refused with the settings.
#[cfg(not(unix))]
async fn unix(_path: &Path) -> Result<Box<dyn Wire>, Trouble> {
    Err(unreachable(&io::Error::from(io::ErrorKind::Unsupported)))
}

/// Whom TLS trusts, as the files say now; read off the worker.
async fn trusted(server: &Server) -> Result<Arc<rustls::ClientConfig>, Trouble> {
    let config = Arc::clone(&server.config);
    let ca_file = server.redis.ca_file.clone();
    let reading =
        run_detached("seekauth-store", move || config_of_a_store(&config, ca_file.as_deref()));
    let reading = reading.map_err(|problem| Trouble(limit::words(&problem)))?;
    match reading.await {
        Ok(Ok(config)) => Ok(Arc::new(config)),
        Ok(Err(error)) => Err(Trouble(error.marked().to_owned())),
        Err(_) => Err(Trouble("the certificate authorities could not be read".to_owned())),
    }
}

fn unreachable(problem: &(dyn StdError + 'static)) -> Trouble {
    Trouble(format!("the server cannot be reached: {}", cause(problem)))
}

fn insecure(problem: &(dyn StdError + 'static)) -> Trouble {
    let unknown = rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer);
    let is_unknown = find::<rustls::Error>(problem) == Some(&unknown);
    let advice =
        if is_unknown { "; if that is right, set `store_ca_file` to its authority's" } else { "" };
    Trouble(format!("there is no TLS with the server: {}{advice}", cause(problem)))
}
