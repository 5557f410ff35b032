//! An HTTP proxy: CONNECT for https, absolute addresses for http, and a name and password if it
//! wants them.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;

/// A proxy on loopback.
pub struct Proxy {
    address: SocketAddr,
    targets: Arc<Mutex<Vec<String>>>,
    seen: Arc<Mutex<Vec<u8>>>,
    _runtime: Runtime,
}

impl Proxy {
    /// Starts one that lets in whoever knows `login`, as `name:password`, or everybody.
    ///
    /// # Panics
    ///
    /// When no port or no thread can be had.
    #[must_use]
    pub fn start(login: Option<&str>) -> Self {
        Self::begin(login, None)
    }

    /// Starts one that reads along: it shows this certificate in place of the host's, and speaks plain HTTP
    /// with the host.
    ///
    /// # Panics
    ///
    /// When no port or no thread can be had.
    #[must_use]
    pub fn inspecting(tls: ServerConfig) -> Self {
        Self::begin(None, Some(TlsAcceptor::from(Arc::new(tls))))
    }

    #[expect(clippy::unwrap_used, reason = "a test that cannot be set up fails here")]
    fn begin(login: Option<&str>, inspects: Option<TlsAcceptor>) -> Self {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let runtime = runtime.unwrap();
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let address = listener.local_addr().unwrap();
        let (targets, seen) = (Arc::new(Mutex::default()), Arc::new(Mutex::default()));
        let pass = login.map(|login| format!("basic {}", STANDARD.encode(login)));
        runtime.spawn(accept(listener, Arc::clone(&targets), Arc::clone(&seen), pass, inspects));
        Self { address, targets, seen, _runtime: runtime }
    }

    /// Its address, with a login in it if one is given.
    #[must_use]
    pub fn url(&self, login: Option<&str>) -> String {
        match login {
            Some(login) => format!("http://{login}@{}", self.address),
            None => format!("http://{}", self.address),
        }
    }

    /// All bytes that came to it.
    #[must_use]
    pub fn seen(&self) -> Vec<u8> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Where it was asked to go, in order.
    #[must_use]
    pub fn targets(&self) -> Vec<String> {
        self.targets.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

async fn accept(
    listener: TcpListener,
    targets: Arc<Mutex<Vec<String>>>,
    seen: Arc<Mutex<Vec<u8>>>,
    pass: Option<String>,
    inspects: Option<TlsAcceptor>,
) {
    while let Ok((stream, _)) = listener.accept().await {
        let (targets, seen) = (Arc::clone(&targets), Arc::clone(&seen));
        let (pass, inspects) = (pass.clone(), inspects.clone());
        tokio::spawn(async move {
            // A client that goes away ends its tunnel, and that is all.
            let _ = serve(stream, &targets, &seen, pass, inspects).await;
        });
    }
}

async fn serve(
    mut client: TcpStream,
    targets: &Mutex<Vec<String>>,
    seen: &Mutex<Vec<u8>>,
    pass: Option<String>,
    inspects: Option<TlsAcceptor>,
) -> std::io::Result<()> {
    let mut bytes = Vec::new();
    let end = loop {
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break end;
        }
        if client.read_buf(&mut bytes).await? == 0 {
            return Ok(());
        }
    };
    seen.lock().unwrap_or_else(PoisonError::into_inner).extend(&bytes);
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let given = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("proxy-authorization").then(|| value.trim().to_owned())
    });
    let is_let_in = match (&pass, &given) {
        (None, _) => true,
        (Some(pass), Some(given)) => {
            let given = given
                .split_once(' ')
                .map(|(scheme, login)| format!("{} {login}", scheme.to_ascii_lowercase()));
            given.as_ref() == Some(pass)
        }
        (Some(_), None) => false,
    };
    if !is_let_in {
        let refusal = "HTTP/1.1 407 Proxy Authentication Required\r\nproxy-authenticate: Basic realm=\"test\"\r\ncontent-length: 0\r\n\r\n";
        return client.write_all(refusal.as_bytes()).await;
    }
    let mut words = head.split(' ');
    let (method, target) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let host = target.strip_prefix("http://").unwrap_or(target);
    let host = host.split('/').next().unwrap_or_default();
    targets.lock().unwrap_or_else(PoisonError::into_inner).push(host.to_owned());
    let mut server = TcpStream::connect(host).await?;
    if method == "CONNECT" {
        client.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").await?;
        if let Some(inspects) = inspects {
            let mut client = inspects.accept(client).await?;
            copy_bidirectional(&mut client, &mut server).await?;
            return Ok(());
        }
        server.write_all(&bytes[end + 4..]).await?;
    } else {
        server.write_all(&bytes).await?;
    }
    copy_bidirectional(&mut client, &mut server).await?;
    Ok(())
}
