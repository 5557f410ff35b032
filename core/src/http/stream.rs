//! One connection's stream, whatever it is made of.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_util::client::legacy::connect::{Connected, Connection};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::task::coop::poll_proceed;

use crate::http::flood::Flood;

/// TCP, TLS, or TLS in TLS.
pub(crate) trait Wire: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Wire for T {}

/// What HTTP is spoken over.
pub(crate) struct Stream {
    io: TokioIo<Guarded>,
    is_http2: bool,
}

impl Stream {
    pub(crate) fn new(wire: Box<dyn Wire>, is_http2: bool) -> Self {
        let flood = is_http2.then(Flood::default);
        Self { io: TokioIo::new(Guarded { wire, flood }), is_http2 }
    }
}

impl Connection for Stream {
    fn connected(&self) -> Connected {
        if self.is_http2 { Connected::new().negotiated_h2() } else { Connected::new() }
    }
}

impl Read for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_read(context, buffer)
    }
}

impl Write for Stream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(context)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write_vectored(context, slices)
    }
}

/// A stream whose reader makes room for other tasks early. A peer that sends without end what is
/// skipped, such as interim responses, would keep the one worker busy for as long as a task may
/// run, which is counted in reads, and a read can be large.
///
/// Interim responses of HTTP/2 are counted besides.
///
/// The writer does not mind that an HTTP/2 peer is gone. The peer's last words say which requests it
/// did not process, and they would be lost if the connection ended with what could not be written:
/// so the reader gets them, and then the end.
struct Guarded {
    wire: Box<dyn Wire>,
    flood: Option<Flood>,
}

/// Of the 128 steps that a task may make at a time, a read counts for so many.
const STEPS_PER_READ: usize = 16;

impl AsyncRead for Guarded {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.wire).poll_read(context, buffer))?;
        if let Some(flood) = &mut self.flood {
            flood.read(&buffer.filled()[before..])?;
        }
        for _ in 1..STEPS_PER_READ {
            // What was read is handed over in any case; the next read waits its turn.
            match poll_proceed(context) {
                Poll::Ready(step) => step.made_progress(),
                Poll::Pending => break,
            }
        }
        Poll::Ready(Ok(()))
    }
}

impl Guarded {
    /// The result of a write, which is good where an HTTP/2 peer is gone.
    fn written<T>(&self, result: io::Result<T>, all: T) -> io::Result<T> {
        use io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset};

        let is_gone = |kind| matches!(kind, BrokenPipe | ConnectionReset | ConnectionAborted);
        match result {
            Err(problem) if self.flood.is_some() && is_gone(problem.kind()) => Ok(all),
            result => result,
        }
    }
}

impl AsyncWrite for Guarded {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let result = ready!(Pin::new(&mut self.wire).poll_write(context, bytes));
        Poll::Ready(self.written(result, bytes.len()))
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let result = ready!(Pin::new(&mut self.wire).poll_flush(context));
        Poll::Ready(self.written(result, ()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.wire).poll_shutdown(context)
    }

    fn is_write_vectored(&self) -> bool {
        self.wire.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let result = ready!(Pin::new(&mut self.wire).poll_write_vectored(context, slices));
        Poll::Ready(self.written(result, slices.iter().map(|slice| slice.len()).sum()))
    }
}

/// Moves a socket above the descriptors 0 to 2. In a program that closed those, as daemons do, a
/// new socket would become its standard output, and what the program prints would be sent to a
/// server.
#[cfg(unix)]
pub(crate) fn above_standard_streams(stream: TcpStream) -> io::Result<TcpStream> {
    use std::os::fd::AsRawFd as _;

    const FIRST_FREE: i32 = 3;
    if stream.as_raw_fd() >= FIRST_FREE {
        return Ok(stream);
    }
    let moved = rustix::io::fcntl_dupfd_cloexec(stream.into_std()?, FIRST_FREE)?;
    TcpStream::from_std(moved.into())
}

#[cfg(not(unix))]
pub(crate) fn above_standard_streams(stream: TcpStream) -> io::Result<TcpStream> {
    Ok(stream)
}
