//! The token endpoint of the benchmarks: HTTP and HTTPS on loopback, any path, any grant, on one thread so that it
//! leaves the other core to the program that is measured. The first segment of a path says how the endpoint behaves
//! there and has its own count, so that nothing is shared between two measurements; `README.md` describes it.

mod answer;
mod tls;

use std::cell::RefCell;
use std::collections::HashMap;
use std::io::{self, Write as _};
use std::rc::Rc;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite};
use tokio::net::TcpListener;
use tokio::task::LocalSet;
use tokio_rustls::TlsAcceptor;

/// Token requests so far, by the first segment of the path.
type Counts = Rc<RefCell<HashMap<String, u64>>>;

#[tokio::main(flavor = "current_thread")]
async fn main() -> io::Result<()> {
    let ca_file = std::env::args().nth(1).ok_or_else(|| {
        io::Error::other(
            "usage: bench-server CA_FILE (written at the start; stops when standard input closes)",
        )
    })?;
    let acceptor = tls::prepare(&ca_file)?;
    let plain = TcpListener::bind("127.0.0.1:0").await?;
    let secure = TcpListener::bind("127.0.0.1:0").await?;
    writeln!(
        io::stdout(),
        "{{\"http\": \"http://{}\", \"https\": \"https://{}\"}}",
        plain.local_addr()?,
        secure.local_addr()?
    )?;
    io::stdout().flush()?;
    let counts = Counts::default();
    LocalSet::new()
        .run_until(async move {
            tokio::task::spawn_local(accept(plain, None, Rc::clone(&counts)));
            tokio::task::spawn_local(accept(secure, Some(acceptor), counts));
            let mut stdin = tokio::io::stdin();
            let mut ignored = [0_u8; 64];
            while matches!(stdin.read(&mut ignored).await, Ok(size) if size > 0) {}
        })
        .await;
    // A thread that still reads standard input would hold up the runtime's own end.
    std::process::exit(0)
}

async fn accept(listener: TcpListener, acceptor: Option<TlsAcceptor>, counts: Counts) {
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            // Out of file descriptors, which nothing tells when there are some again.
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
            continue;
        };
        // Where the option is refused, answers merely take longer.
        let _ = stream.set_nodelay(true);
        let (acceptor, counts) = (acceptor.clone(), Rc::clone(&counts));
        tokio::task::spawn_local(async move {
            match acceptor {
                None => serve(stream, counts).await,
                Some(acceptor) => {
                    // A client that does not trust the certificate ends here.
                    if let Ok(secured) = acceptor.accept(stream).await {
                        serve(secured, counts).await;
                    }
                }
            }
        });
    }
}

async fn serve(stream: impl AsyncRead + AsyncWrite + Unpin + 'static, counts: Counts) {
    let handler = service_fn(|request| answer::answer(request, Rc::clone(&counts)));
    // A client that goes away is no concern of the server.
    let _ = http1::Builder::new()
        .timer(TokioTimer::new())
        .serve_connection(TokioIo::new(stream), handler)
        .await;
}
