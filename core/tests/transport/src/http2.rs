//! An HTTP/2 server that is told frame by frame how to misbehave. It knows as much of the protocol
//! as that takes: it does not look into the headers of a request.

use std::collections::HashSet;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;

/// Seconds.
const LIFETIME: u32 = 1800;

const PREFACE: usize = 24;
const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
const GOAWAY: u8 = 7;
const WINDOW_UPDATE: u8 = 8;
const CONTINUATION: u8 = 9;
const END_STREAM: u8 = 1;
const ACK: u8 = 1;
const END_HEADERS: u8 = 4;

/// RFC 9113, 7.
pub const NO_ERROR: u32 = 0;
/// The server did nothing with the request.
pub const REFUSED_STREAM: u32 = 7;
/// The request is to be made over HTTP/1.1.
pub const HTTP_1_1_REQUIRED: u32 = 13;

/// What becomes of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reaction {
    /// It is granted, or answered with data.
    Respond,
    /// Nothing is said to it, while the connection lives.
    Ignore,
    /// Nothing is read from or written to the connection any more.
    Freeze,
    /// Its stream is reset with this code.
    Reset(u32),
    /// A GOAWAY with this code says that the request was not looked at; then the connection ends.
    GoAwayBefore(u32),
    /// A GOAWAY says that the request was the last one looked at; then the connection ends, without
    /// a response.
    GoAwayAfter(u32),
    /// It is answered, with as many bytes of headers.
    Headers(usize),
    /// Interim responses without end.
    Interim,
    /// It is answered with as many bytes of token.
    Token(usize),
    /// It is granted for so many seconds.
    Lasting(u32),
}

/// One request as the script sees it; both count from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen {
    /// Of the server.
    pub connection: usize,
    /// Of the server.
    pub request: usize,
    /// Of its connection.
    pub nth: usize,
}

type Script = dyn Fn(Seen) -> Reaction + Send + Sync;

#[derive(Default)]
struct Counts {
    connections: AtomicUsize,
    requests: AtomicUsize,
    answered: AtomicUsize,
    pings: AtomicUsize,
    header_bytes: AtomicUsize,
    http1: Mutex<Vec<String>>,
}

/// The server.
pub struct Http2Server {
    address: SocketAddr,
    counts: Arc<Counts>,
    acceptor: Arc<Mutex<TlsAcceptor>>,
    _runtime: Runtime,
}

impl Http2Server {
    /// Starts one. Its connections are HTTP/2, unless the client offers nothing but HTTP/1.1, which
    /// gets a token too.
    ///
    /// # Panics
    ///
    /// When no port or no thread can be had.
    #[must_use]
    #[expect(clippy::unwrap_used, reason = "a test that cannot be set up fails here")]
    pub fn start(
        tls: ServerConfig,
        script: impl Fn(Seen) -> Reaction + Send + Sync + 'static,
    ) -> Self {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let runtime = runtime.unwrap();
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let address = listener.local_addr().unwrap();
        let counts = Arc::new(Counts::default());
        let acceptor = Arc::new(Mutex::new(offering_both(tls)));
        let accepting =
            accept(listener, Arc::clone(&acceptor), Arc::clone(&counts), Arc::new(script));
        runtime.spawn(accepting);
        Self { address, counts, acceptor, _runtime: runtime }
    }

    /// From now on new connections have this TLS.
    pub fn change_tls(&self, tls: ServerConfig) {
        let mut acceptor = self.acceptor.lock().unwrap_or_else(PoisonError::into_inner);
        *acceptor = offering_both(tls);
    }

    /// Its address with this path.
    #[must_use]
    pub fn url(&self, path: &str) -> String {
        format!("https://{}{path}", self.address)
    }

    /// How many connections were accepted.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.counts.connections.load(Ordering::SeqCst)
    }

    /// How many requests arrived, by HTTP/2.
    #[must_use]
    pub fn requests(&self) -> usize {
        self.counts.requests.load(Ordering::SeqCst)
    }

    /// How many of them were answered.
    #[must_use]
    pub fn answered(&self) -> usize {
        self.counts.answered.load(Ordering::SeqCst)
    }

    /// How many pings came.
    #[must_use]
    pub fn pings(&self) -> usize {
        self.counts.pings.load(Ordering::SeqCst)
    }

    /// The size of all headers that came, as they were encoded.
    #[must_use]
    pub fn header_bytes(&self) -> usize {
        self.counts.header_bytes.load(Ordering::SeqCst)
    }

    /// The heads of the requests that came by HTTP/1.1.
    #[must_use]
    pub fn http1(&self) -> Vec<String> {
        self.counts.http1.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

fn offering_both(mut tls: ServerConfig) -> TlsAcceptor {
    tls.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    TlsAcceptor::from(Arc::new(tls))
}

async fn accept(
    listener: TcpListener,
    acceptor: Arc<Mutex<TlsAcceptor>>,
    counts: Arc<Counts>,
    script: Arc<Script>,
) {
    while let Ok((stream, _)) = listener.accept().await {
        let acceptor = acceptor.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let (counts, script) = (Arc::clone(&counts), Arc::clone(&script));
        tokio::spawn(async move {
            let Ok(stream) = acceptor.accept(stream).await else { return };
            let connection = counts.connections.fetch_add(1, Ordering::SeqCst) + 1;
            // A client that goes away is what some tests are about.
            let _ = if stream.get_ref().1.alpn_protocol() == Some(b"h2") {
                Connection { stream, counts, script, number: connection }.serve().await
            } else {
                serve_http1(stream, &counts).await
            };
        });
    }
}

struct Connection<S> {
    stream: S,
    counts: Arc<Counts>,
    script: Arc<Script>,
    number: usize,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Connection<S> {
    async fn serve(mut self) -> std::io::Result<()> {
        self.stream.read_exact(&mut [0; PREFACE]).await?;
        // No limit to streams, and a window that nobody fills.
        self.frame(SETTINGS, 0, 0, &[0, 4, 0x7f, 0xff, 0xff, 0xff]).await?;
        self.frame(WINDOW_UPDATE, 0, 0, &[0x7f, 0xff, 0, 0]).await?;
        let (mut open, mut nth) = (HashSet::new(), 0);
        loop {
            let mut head = [0; 9];
            self.stream.read_exact(&mut head).await?;
            let length = u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize;
            let (kind, flags) = (head[3], head[4]);
            let stream = u32::from_be_bytes([head[5], head[6], head[7], head[8]]);
            let mut payload = vec![0; length];
            self.stream.read_exact(&mut payload).await?;
            match kind {
                SETTINGS if flags & ACK == 0 => self.frame(SETTINGS, ACK, 0, &[]).await?,
                PING if flags & ACK == 0 => {
                    self.counts.pings.fetch_add(1, Ordering::SeqCst);
                    self.frame(PING, ACK, 0, &payload).await?;
                }
                HEADERS | CONTINUATION => {
                    self.counts.header_bytes.fetch_add(length, Ordering::SeqCst);
                    if kind == HEADERS && flags & END_STREAM == 0 {
                        open.insert(stream);
                    }
                }
                _ => {}
            }
            let ends = (kind == HEADERS && flags & END_STREAM != 0)
                || (kind == DATA && flags & END_STREAM != 0 && open.remove(&stream));
            if ends {
                nth += 1;
                let request = self.counts.requests.fetch_add(1, Ordering::SeqCst) + 1;
                let seen = Seen { connection: self.number, request, nth };
                if !self.react((self.script)(seen), stream, request).await? {
                    return Ok(());
                }
            }
        }
    }

    /// Whether the connection goes on.
    async fn react(
        &mut self,
        reaction: Reaction,
        stream: u32,
        request: usize,
    ) -> std::io::Result<bool> {
        match reaction {
            Reaction::Ignore => {}
            Reaction::Freeze => std::future::pending().await,
            Reaction::Respond => self.respond(stream, &[], &format!("token-{request}")).await?,
            Reaction::Token(length) => self.respond(stream, &[], &"t".repeat(length)).await?,
            Reaction::Lasting(seconds) => {
                let body = body(&format!("token-{request}"), seconds);
                self.respond_with(stream, &[], &body).await?;
            }
            Reaction::Headers(length) => {
                let mut headers = Vec::new();
                for number in 0..length / 1000 {
                    literal(&mut headers, &format!("x-filler-{number:04}"), &"f".repeat(985));
                }
                self.respond(stream, &headers, &format!("token-{request}")).await?;
            }
            Reaction::Interim => loop {
                // `:status: 103`, as a literal with the static table's name.
                let mut block = vec![0x08];
                text(&mut block, "103");
                self.frame(HEADERS, END_HEADERS, stream, &block).await?;
            },
            Reaction::Reset(code) => {
                self.frame(RST_STREAM, 0, stream, &code.to_be_bytes()).await?;
            }
            Reaction::GoAwayBefore(code) => {
                self.go_away(stream.saturating_sub(2), code).await?;
                return Ok(false);
            }
            Reaction::GoAwayAfter(code) => {
                self.go_away(stream, code).await?;
                return Ok(false);
            }
        }
        Ok(true)
    }

    async fn go_away(&mut self, last: u32, code: u32) -> std::io::Result<()> {
        let payload = [last.to_be_bytes(), code.to_be_bytes()].concat();
        self.frame(GOAWAY, 0, 0, &payload).await?;
        self.stream.shutdown().await?;
        // To close with something unread would reset the connection, and the GOAWAY might be lost.
        while self.stream.read(&mut [0; 4096]).await? > 0 {}
        Ok(())
    }

    async fn respond(&mut self, stream: u32, more: &[u8], token: &str) -> std::io::Result<()> {
        self.respond_with(stream, more, &body(token, LIFETIME)).await
    }

    async fn respond_with(&mut self, stream: u32, more: &[u8], body: &str) -> std::io::Result<()> {
        // `:status: 200`, from the static table.
        let mut block = vec![0x88];
        literal(&mut block, "content-type", "application/json");
        block.extend(more);
        let mut chunks = block.chunks(16_000).peekable();
        let mut kind = HEADERS;
        while let Some(chunk) = chunks.next() {
            let flags = if chunks.peek().is_none() { END_HEADERS } else { 0 };
            self.frame(kind, flags, stream, chunk).await?;
            kind = CONTINUATION;
        }
        let mut chunks = body.as_bytes().chunks(16_000).peekable();
        while let Some(chunk) = chunks.next() {
            let flags = if chunks.peek().is_none() { END_STREAM } else { 0 };
            self.frame(DATA, flags, stream, chunk).await?;
        }
        self.counts.answered.fetch_add(1, Ordering::SeqCst);
        Ok(())
    }

    async fn frame(
        &mut self,
        kind: u8,
        flags: u8,
        stream: u32,
        payload: &[u8],
    ) -> std::io::Result<()> {
        let length = u32::try_from(payload.len()).unwrap_or(u32::MAX).to_be_bytes();
        let head = [&length[1..], &[kind, flags], &stream.to_be_bytes()].concat();
        self.stream.write_all(&[&head, payload].concat()).await?;
        self.stream.flush().await
    }
}

/// A response that is a token to who wants one and data to who asks an API.
fn body(token: &str, seconds: u32) -> String {
    format!(
        r#"{{"access_token":"{token}","token_type":"Bearer","expires_in":{seconds},"data":{{"ok":true}}}}"#
    )
}

/// A header that is not indexed, with a new name (RFC 7541, 6.2.2).
fn literal(block: &mut Vec<u8>, name: &str, value: &str) {
    block.push(0);
    text(block, name);
    text(block, value);
}

/// A string without Huffman coding (RFC 7541, 5.2).
fn text(block: &mut Vec<u8>, text: &str) {
    let length = text.len();
    if length < 127 {
        block.push(u8::try_from(length).unwrap_or(0));
    } else {
        block.push(127);
        let mut rest = length - 127;
        while rest >= 128 {
            block.push(u8::try_from(rest % 128).unwrap_or(0) | 0x80);
            rest /= 128;
        }
        block.push(u8::try_from(rest).unwrap_or(0));
    }
    block.extend(text.as_bytes());
}

async fn serve_http1(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    counts: &Counts,
) -> std::io::Result<()> {
    while let Some(head) = crate::server::read(&mut stream).await? {
        let number = {
            let mut heads = counts.http1.lock().unwrap_or_else(PoisonError::into_inner);
            heads.push(head);
            heads.len()
        };
        let body = body(&format!("http1-token-{number}"), LIFETIME);
        let length = body.len();
        let answer = format!(
            "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
        );
        stream.write_all(answer.as_bytes()).await?;
        stream.flush().await?;
    }
    Ok(())
}
