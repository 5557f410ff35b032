//! Connections below HTTP: accepted without end, served as HTTP/1.1 or HTTP/2, and cut when a script says so.
//! Every connection ends with the accept loop that it belongs to, whatever it is doing.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::Request;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use crate::control::Control;
use crate::indexing::{Listened, Seen};
use crate::script::DropWith;
use crate::service::{Service, answer};
use crate::trouble::Trouble;

/// A frozen connection is given up after so long, which is longer than any client waits.
const FROZEN: Duration = Duration::from_secs(120);

/// The order to cut one connection.
#[derive(Debug, Default)]
pub(crate) struct Cut {
    ordered: Notify,
    reset: AtomicBool,
}

impl Cut {
    /// Cuts the connection once what was handed to it is written.
    pub(crate) fn now(&self, with: DropWith) {
        if with == DropWith::Reset {
            self.reset.store(true, Ordering::Relaxed);
        }
        self.ordered.notify_one();
    }
}

/// Accepts connections until it is aborted, and then takes all of them down with it.
pub(crate) async fn accept(
    control: Control,
    service: Service,
    listener: TcpListener,
    is_secured: bool,
) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    let acceptor = control.acceptor().filter(|_| is_secured);
                    connections.spawn(serve(control.clone(), service, stream, acceptor));
                }
                // Out of file descriptors, which nothing tells when there are some again; or the peer left already.
                Err(_) => tokio::time::sleep(Duration::from_millis(5)).await,
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn serve(
    control: Control,
    service: Service,
    stream: TcpStream,
    acceptor: Option<TlsAcceptor>,
) {
    // Small answers must not wait for an acknowledgement; where the option is refused they merely do.
    let _ = stream.set_nodelay(true);
    let cut = Arc::new(Cut::default());
    let wire = Wire { stream, cut: Arc::clone(&cut) };
    match acceptor {
        Some(acceptor) => {
            // A client that does not trust the certificate ends here.
            if let Ok(secured) = acceptor.accept(wire).await {
                speak(control, service, secured, cut).await;
            }
        }
        None => speak(control, service, wire, cut).await,
    }
}

async fn speak<S>(control: Control, service: Service, stream: S, cut: Arc<Cut>)
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let number = control.connected();
    let seen = Arc::new(Seen::default());
    let stream = Listened::new(stream, Arc::clone(&seen));
    let handler = service_fn(|request: Request<Incoming>| {
        let (control, cut, seen) = (control.clone(), Arc::clone(&cut), Arc::clone(&seen));
        async move { answer(&control, service, request, number, &seen, cut).await }
    });
    let builder = Builder::new(TokioExecutor::new());
    let connection = builder.serve_connection(TokioIo::new(stream), handler);
    tokio::pin!(connection);
    let mut ahead = control.troubles().watch(service);
    loop {
        tokio::select! {
            // First, so that what precedes the cut is written before it.
            biased;
            // A client that goes away mid-request is no concern of the sandbox.
            _ = connection.as_mut() => return,
            () = cut.ordered.notified() => return,
            trouble = ahead.next() => match trouble {
                // As long as nobody asks for the connection it does nothing.
                Trouble::Freeze => return tokio::time::sleep(FROZEN).await,
                Trouble::GoAway => connection.as_mut().graceful_shutdown(),
            },
        }
    }
}

/// The TCP stream of a connection, which closes with a reset once that was ordered.
struct Wire {
    stream: TcpStream,
    cut: Arc<Cut>,
}

impl Drop for Wire {
    fn drop(&mut self) {
        if self.cut.reset.load(Ordering::Relaxed) {
            // Without the option the peer sees an ordinary close, which is the best left to do.
            let _ = self.stream.set_zero_linger();
        }
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Wire {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
