//! An answer and the way it goes out: at once, byte by byte, or cut off half-way together with its connection.

use std::io::{self, Read as _};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use flate2::Compression;
use flate2::bufread::GzEncoder;
use hyper::body::{Frame, SizeHint};
use hyper::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, HeaderName, HeaderValue};
use hyper::{HeaderMap, Response, StatusCode};
use serde_json::Value;
use tokio::time::{Instant, Sleep};

use crate::connection::Cut;
use crate::script::DropWith;

/// What fills a body of a scripted size.
static FILLER: [u8; 64 * 1024] = [b'x'; 64 * 1024];

/// An answer that is not on its way yet.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    headers: HeaderMap,
    content: Content,
}

/// A body: a text, a filler behind it, and a text behind that.
#[derive(Debug, Default)]
struct Content {
    start: Bytes,
    filler: u64,
    end: Bytes,
}

impl Content {
    fn len(&self) -> u64 {
        self.start.len() as u64 + self.filler + self.end.len() as u64
    }

    /// The next piece, of at most so many bytes.
    fn take(&mut self, most: u64) -> Bytes {
        if self.start.is_empty() && self.filler > 0 {
            let size = most.min(self.filler).min(FILLER.len() as u64);
            self.filler -= size;
            // It is at most the length of the filler, so the conversion always succeeds.
            return Bytes::from_static(&FILLER[..usize::try_from(size).unwrap_or(0)]);
        }
        let text = if self.start.is_empty() { &mut self.end } else { &mut self.start };
        let size = usize::try_from(most).unwrap_or(usize::MAX).min(text.len());
        text.split_to(size)
    }
}

impl Reply {
    pub(crate) fn empty(status: StatusCode) -> Reply {
        Reply { status, headers: HeaderMap::new(), content: Content::default() }
    }

    pub(crate) fn json(status: StatusCode, body: &Value) -> Reply {
        Reply::text(status, "application/json", body.to_string())
    }

    pub(crate) fn text(status: StatusCode, media_type: &str, body: String) -> Reply {
        let mut reply = Reply::empty(status);
        reply.content.start = Bytes::from(body);
        reply.header(CONTENT_TYPE.as_str(), media_type)
    }

    pub(crate) fn filler(status: StatusCode, size: u64) -> Reply {
        let mut reply = Reply::empty(status);
        reply.content.filler = size;
        reply.header(CONTENT_TYPE.as_str(), "application/json")
    }

    /// With that header, in place of an earlier one of its name. A name or value that cannot be sent is left out;
    /// scripts and settings refuse those where they come in.
    pub(crate) fn header(mut self, name: &str, value: &str) -> Reply {
        if let (Ok(name), Ok(value)) =
            (HeaderName::from_bytes(name.as_bytes()), HeaderValue::from_str(value))
        {
            self.headers.insert(name, value);
        }
        self
    }

    /// With its filler between these.
    pub(crate) fn between(mut self, start: &str, end: &str) -> Reply {
        self.content.start = Bytes::copy_from_slice(start.as_bytes());
        self.content.end = Bytes::copy_from_slice(end.as_bytes());
        self
    }

    /// With the headers that announce its body, and without the body, as HEAD wants it.
    pub(crate) fn headers_only(mut self) -> Reply {
        let size = std::mem::take(&mut self.content).len();
        self.header(CONTENT_LENGTH.as_str(), &size.to_string())
    }

    /// With its body, a text, compressed.
    pub(crate) fn gzip(mut self) -> io::Result<Reply> {
        let mut packed = Vec::new();
        GzEncoder::new(self.content.start.as_ref(), Compression::fast())
            .read_to_end(&mut packed)?;
        self.content.start = Bytes::from(packed);
        Ok(self.header(CONTENT_ENCODING.as_str(), "gzip"))
    }

    /// The response for the wire.
    pub(crate) fn into_response(
        mut self,
        pace: Option<Duration>,
        end: Option<End>,
    ) -> Response<Body> {
        if end.is_some() && self.content.len() == 0 {
            // Headers that announce no body are a whole answer: there would be nothing left to cut off.
            self.content.filler = 1024;
        }
        let total = self.content.len();
        let body = Body {
            left: total,
            content: self.content,
            pace,
            pause: None,
            stop: end.map(|end| (end.keep.of(total), end.then)),
        };
        let mut response = Response::new(body);
        *response.status_mut() = self.status;
        *response.headers_mut() = self.headers;
        response
    }
}

/// How much of a body is sent that does not come whole.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Keep {
    Nothing,
    Half,
    Bytes(u64),
}

impl Keep {
    fn of(self, total: u64) -> u64 {
        match self {
            Keep::Nothing => 0,
            Keep::Half => total / 2,
            Keep::Bytes(size) => size.min(total),
        }
    }
}

/// How a body ends that does not come whole.
#[derive(Debug)]
pub(crate) struct End {
    pub(crate) keep: Keep,
    pub(crate) then: Then,
}

/// What happens after the last byte of a body that does not come whole.
#[derive(Debug)]
pub(crate) enum Then {
    /// The connection is cut.
    Cut(DropWith, Arc<Cut>),
    /// Nothing.
    Stall,
}

/// A body on its way.
#[derive(Debug)]
pub(crate) struct Body {
    content: Content,
    left: u64,
    pace: Option<Duration>,
    pause: Option<Pin<Box<Sleep>>>,
    /// Bytes still to send before the end that comes too early.
    stop: Option<(u64, Then)>,
}

impl hyper::body::Body for Body {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        if self.left == 0 {
            return Poll::Ready(None);
        }
        let most = match &self.stop {
            Some((0, then)) => {
                if let Then::Cut(with, connection) = then {
                    connection.now(*with);
                }
                // The connection flushes what it has; when it goes away, this body goes with it.
                return Poll::Pending;
            }
            Some((more, _)) => *more,
            None => u64::MAX,
        };
        let size = match self.pace {
            None => most,
            Some(pace) => {
                if let Some(pause) = &mut self.pause
                    && pause.as_mut().poll(context).is_pending()
                {
                    return Poll::Pending;
                }
                let end = Instant::now() + pace;
                match &mut self.pause {
                    Some(pause) => pause.as_mut().reset(end),
                    None => self.pause = Some(Box::pin(tokio::time::sleep_until(end))),
                }
                1
            }
        };
        let chunk = self.content.take(size);
        let sent = chunk.len() as u64;
        self.left -= sent;
        if let Some((more, _)) = &mut self.stop {
            *more -= sent;
        }
        Poll::Ready(Some(Ok(Frame::data(chunk))))
    }

    fn is_end_stream(&self) -> bool {
        self.left == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}
