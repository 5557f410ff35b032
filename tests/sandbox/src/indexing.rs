//! How a client sends its tokens over HTTP/2: whether the header tables of either side may keep them
//! (RFC 7541, 6.2). The HTTP library decodes that away, so the bytes are looked at before it gets them.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::task::{Context, Poll};

use serde::Serialize;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// What a client said about its `Authorization` headers; the worst of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Indexing {
    /// No table may ever keep them, not on the way either.
    Never,
    /// This connection's table does not keep them.
    Without,
    /// They went into the table.
    Indexed,
}

/// The Huffman code of `Bearer `, but for its last bits.
const SCHEME: [u8; 5] = [0xba, 0x51, 0xd8, 0x5b, 0x14];
const PREFACE: &[u8] = b"PRI * HTTP/2.0";
/// `authorization` by its number in the static table, in each of the three representations.
const NEVER: [u8; 2] = [0x1f, 0x08];
const WITHOUT: [u8; 2] = [0x0f, 0x08];
/// As much as has to be kept of what was read before, for a header that comes in two pieces.
const KEPT: usize = 16;

/// What has been seen on one connection.
#[derive(Debug, Default)]
pub(crate) struct Seen(AtomicU8);

impl Seen {
    pub(crate) fn worst(&self) -> Option<Indexing> {
        match self.0.load(Ordering::Relaxed) {
            0 => None,
            1 => Some(Indexing::Never),
            2 => Some(Indexing::Without),
            _ => Some(Indexing::Indexed),
        }
    }

    fn note(&self, indexing: Indexing) {
        self.0.fetch_max(indexing as u8 + 1, Ordering::Relaxed);
    }
}

/// A stream whose reader is listened to.
pub(crate) struct Listened<S> {
    stream: S,
    seen: Arc<Seen>,
    /// The end of what was read, or before the preface was seen whole, all of it.
    read: Vec<u8>,
    /// Whether this is HTTP/2, once that is known.
    speaks_http2: Option<bool>,
}

impl<S> Listened<S> {
    pub(crate) fn new(stream: S, seen: Arc<Seen>) -> Self {
        Self { stream, seen, read: Vec::new(), speaks_http2: None }
    }

    fn listen(&mut self, bytes: &[u8]) {
        if self.speaks_http2 == Some(false) {
            return;
        }
        let known = self.read.len();
        self.read.extend_from_slice(bytes);
        if self.speaks_http2.is_none() && self.read.len() >= PREFACE.len() {
            self.speaks_http2 = Some(self.read.starts_with(PREFACE));
        }
        if self.speaks_http2 == Some(true) {
            tokens(&self.read, known).for_each(|indexing| self.seen.note(indexing));
            let end = self.read.len().saturating_sub(KEPT);
            self.read.drain(..end);
        }
    }
}

/// Each token in the bytes that was not whole in the first `known` of them.
fn tokens(bytes: &[u8], known: usize) -> impl Iterator<Item = Indexing> {
    let starts =
        bytes.windows(SCHEME.len()).enumerate().skip((known + 1).saturating_sub(SCHEME.len()));
    starts.filter(|(_, window)| *window == SCHEME).map(|(at, _)| {
        let before = &bytes[..at];
        // The length of the value takes a second byte from 127 on.
        let name = match before {
            [name @ .., first, _] if first & 0x7f == 0x7f => name,
            [name @ .., _] => name,
            [] => before,
        };
        if name.ends_with(&NEVER) {
            Indexing::Never
        } else if name.ends_with(&WITHOUT) {
            Indexing::Without
        } else {
            Indexing::Indexed
        }
    })
}

impl<S: AsyncRead + Unpin> AsyncRead for Listened<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(context, buffer);
        self.listen(&buffer.filled()[before..]);
        read
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Listened<S> {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_representation_is_told_apart() {
        for (name, indexing) in [
            (&[0x1f, 0x08][..], Indexing::Never),
            (&[0x0f, 0x08][..], Indexing::Without),
            (&[0x57][..], Indexing::Indexed),
        ] {
            for length in [&[0xa8][..], &[0xff, 0x21][..]] {
                let bytes = [&[0x83, 0x87], name, length, &SCHEME, &[0x40]].concat();
                assert_eq!(tokens(&bytes, 0).collect::<Vec<_>>(), [indexing], "{bytes:x?}");
            }
        }
        assert_eq!(tokens(b"Authorization: Bearer x", 0).count(), 0);
    }

    #[test]
    fn a_header_in_two_pieces_is_seen_and_http_1_is_not_listened_to() {
        let header = [&NEVER[..], &[0xa8], &SCHEME].concat();
        let worst = |preface: &[u8], cut: usize| {
            let mut listened = Listened::new((), Arc::default());
            for piece in [preface, &header[..cut], &header[cut..], b"x", &[0; 30], b"x"] {
                listened.listen(piece);
            }
            listened.seen.worst()
        };
        for cut in 0..header.len() {
            assert_eq!(worst(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", cut), Some(Indexing::Never));
            assert_eq!(worst(b"GET / HTTP/1.1\r\n", cut), None);
        }
    }
}
