//! An answer and the way it goes out: at once, byte by byte, or cut off half-way together with its connection.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use hyper::body::{Frame, SizeHint};
use hyper::header::{CONTENT_TYPE, HeaderName, HeaderValue};
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

#[derive(Debug)]
enum Content {
    Bytes(Bytes),
    Filler(u64),
}

impl Content {
    fn len(&self) -> u64 {
        match self {
            Content::Bytes(bytes) => bytes.len() as u64,
            Content::Filler(size) => *size,
        }
    }

    fn take(&mut self, most: u64) -> Bytes {
        match self {
            Content::Bytes(bytes) => {
                let size = usize::try_from(most).unwrap_or(usize::MAX).min(bytes.len());
                bytes.split_to(size)
            }
            Content::Filler(left) => {
                let size = most.min(*left).min(FILLER.len() as u64);
                *left -= size;
                // It is at most the length of the filler, so the conversion always succeeds.
                Bytes::from_static(&FILLER[..usize::try_from(size).unwrap_or(0)])
            }
        }
    }
}

impl Reply {
    pub(crate) fn empty(status: StatusCode) -> Reply {
        Reply { status, headers: HeaderMap::new(), content: Content::Bytes(Bytes::new()) }
    }

    pub(crate) fn json(status: StatusCode, body: &Value) -> Reply {
        Reply::text(status, "application/json", body.to_string())
    }

    pub(crate) fn text(status: StatusCode, media_type: &str, body: String) -> Reply {
        let mut reply = Reply::empty(status);
        reply.content = Content::Bytes(Bytes::from(body));
        reply.header(CONTENT_TYPE.as_str(), media_type)
    }

    pub(crate) fn filler(status: StatusCode, size: u64) -> Reply {
        let mut reply = Reply::empty(status);
        reply.content = Content::Filler(size);
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

    /// The response for the wire.
    pub(crate) fn into_response(
        mut self,
        pace: Option<Duration>,
        cut: Option<CutAfter>,
    ) -> Response<Body> {
        if cut.is_some() && self.content.len() == 0 {
            // Headers that announce no body are a whole answer: there would be nothing left to cut off.
            self.content = Content::Filler(1024);
        }
        let total = self.content.len();
        let body = Body {
            left: total,
            content: self.content,
            pace,
            pause: None,
            stop: cut.map(|cut| (cut.keep.of(total), cut)),
        };
        let mut response = Response::new(body);
        *response.status_mut() = self.status;
        *response.headers_mut() = self.headers;
        response
    }
}

/// How much of the body is sent before the connection is cut.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Keep {
    Nothing,
    Half,
}

impl Keep {
    fn of(self, total: u64) -> u64 {
        match self {
            Keep::Nothing => 0,
            Keep::Half => total / 2,
        }
    }
}

/// A cut that the body makes when it comes to it.
#[derive(Debug)]
pub(crate) struct CutAfter {
    pub(crate) keep: Keep,
    pub(crate) with: DropWith,
    pub(crate) connection: Arc<Cut>,
}

/// A body on its way.
#[derive(Debug)]
pub(crate) struct Body {
    content: Content,
    left: u64,
    pace: Option<Duration>,
    pause: Option<Pin<Box<Sleep>>>,
    /// Bytes still to send before the cut.
    stop: Option<(u64, CutAfter)>,
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
            Some((0, cut)) => {
                cut.connection.now(cut.with);
                // The connection flushes what it has and then goes away, and this body with it.
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
