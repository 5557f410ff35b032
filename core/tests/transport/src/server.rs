//! A token endpoint that counts connections and requests and treats its connections as told.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;

/// What becomes of a connection after its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum After {
    /// It stays.
    Keep,
    /// It is closed without notice, as a load balancer does with an idle one.
    Close,
    /// It is reset, as a firewall does.
    Reset,
    /// It stays, and its second request is read and dropped together with it.
    SwallowSecond,
    /// It is cut without a word of TLS, after a refusal that has no length.
    CutRefusal,
    /// The same in the middle of the refusal.
    CutTorn,
}

#[derive(Default)]
struct Counts {
    connections: AtomicUsize,
    requests: AtomicUsize,
    /// Beginnings of the requests: their lines and headers.
    heads: Mutex<Vec<String>>,
}

/// A token endpoint on loopback.
pub struct Server {
    address: SocketAddr,
    scheme: &'static str,
    counts: Arc<Counts>,
    acceptor: Arc<Mutex<Option<TlsAcceptor>>>,
    _runtime: Runtime,
}

impl Server {
    /// Starts one on 127.0.0.1, with TLS if it is given.
    ///
    /// # Panics
    ///
    /// When no port or no thread can be had.
    #[must_use]
    #[expect(clippy::unwrap_used, reason = "a test that cannot be set up fails here")]
    pub fn start(tls: Option<ServerConfig>, after: After) -> Self {
        Self::start_at(Ipv4Addr::LOCALHOST.into(), tls, after).unwrap()
    }

    /// Starts one at an address of its own.
    ///
    /// # Errors
    ///
    /// When the machine has no such address.
    ///
    /// # Panics
    ///
    /// When no thread can be had.
    #[expect(clippy::unwrap_used, reason = "a test that cannot be set up fails here")]
    pub fn start_at(at: IpAddr, tls: Option<ServerConfig>, after: After) -> std::io::Result<Self> {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let runtime = runtime.unwrap();
        let listener = runtime.block_on(TcpListener::bind((at, 0)))?;
        let address = listener.local_addr()?;
        let scheme = if tls.is_some() { "https" } else { "http" };
        let acceptor = tls.map(|config| TlsAcceptor::from(Arc::new(config)));
        let acceptor = Arc::new(Mutex::new(acceptor));
        let counts = Arc::new(Counts::default());
        runtime.spawn(accept(listener, Arc::clone(&acceptor), Arc::clone(&counts), after));
        Ok(Self { address, scheme, counts, acceptor, _runtime: runtime })
    }

    /// The token endpoint.
    #[must_use]
    pub fn url(&self) -> String {
        format!("{}://{}/token", self.scheme, self.address)
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// From now on new connections have this TLS.
    pub fn change_tls(&self, tls: ServerConfig) {
        let acceptor = TlsAcceptor::from(Arc::new(tls));
        *self.acceptor.lock().unwrap_or_else(PoisonError::into_inner) = Some(acceptor);
    }

    /// How many connections were accepted.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.counts.connections.load(Ordering::SeqCst)
    }

    /// How many requests arrived whole.
    #[must_use]
    pub fn requests(&self) -> usize {
        self.counts.requests.load(Ordering::SeqCst)
    }

    /// The first lines and headers of all requests.
    #[must_use]
    pub fn heads(&self) -> Vec<String> {
        self.counts.heads.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

async fn accept(
    listener: TcpListener,
    acceptor: Arc<Mutex<Option<TlsAcceptor>>>,
    counts: Arc<Counts>,
    after: After,
) {
    while let Ok((stream, _)) = listener.accept().await {
        let acceptor = acceptor.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let counts = Arc::clone(&counts);
        tokio::spawn(async move {
            counts.connections.fetch_add(1, Ordering::SeqCst);
            // A client that goes away in the middle is what some tests are about.
            let _ = match acceptor {
                Some(acceptor) => match acceptor.accept(stream).await {
                    Ok(stream) => serve(stream, &counts, after).await,
                    Err(problem) => Err(problem),
                },
                None if after == After::Reset => reset_after_one(stream, &counts).await,
                None => serve(stream, &counts, after).await,
            };
        });
    }
}

async fn serve(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    counts: &Counts,
    after: After,
) -> std::io::Result<()> {
    let mut served = 0;
    while let Some(head) = read(&mut stream).await? {
        let number = counts.requests.fetch_add(1, Ordering::SeqCst) + 1;
        counts.heads.lock().unwrap_or_else(PoisonError::into_inner).push(head);
        if after == After::SwallowSecond && served == 1 {
            return Ok(());
        }
        if matches!(after, After::CutRefusal | After::CutTorn) {
            let refusal = "HTTP/1.1 401 Unauthorized\r\ncontent-type: application/json\r\n\r\n{\"error\":\"invalid_client\"}";
            let end = refusal.len() - usize::from(after == After::CutTorn) * 4;
            stream.write_all(&refusal.as_bytes()[..end]).await?;
            // Dropped and not shut down, the stream says nothing in TLS.
            return stream.flush().await;
        }
        let body = format!(
            r#"{{"access_token":"token-{number}","token_type":"Bearer","expires_in":1800}}"#
        );
        let answer = format!(
            "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        stream.write_all(answer.as_bytes()).await?;
        stream.flush().await?;
        served += 1;
        if after == After::Close {
            return Ok(());
        }
    }
    Ok(())
}

async fn reset_after_one(mut stream: TcpStream, counts: &Counts) -> std::io::Result<()> {
    serve(&mut stream, counts, After::Close).await?;
    stream.set_zero_linger()
}

/// A whole request; its line and headers. Nothing at the end of the connection.
pub(crate) async fn read(stream: &mut (impl AsyncRead + Unpin)) -> std::io::Result<Option<String>> {
    let mut bytes = Vec::new();
    let head = loop {
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break String::from_utf8_lossy(&bytes[..end]).into_owned();
        }
        if stream.read_buf(&mut bytes).await? == 0 {
            return Ok(None);
        }
    };
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok())?
    });
    while bytes.len() < head.len() + 4 + length.unwrap_or(0) {
        if stream.read_buf(&mut bytes).await? == 0 {
            return Ok(None);
        }
    }
    Ok(Some(head))
}
