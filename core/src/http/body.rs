//! A response's body that ends with its request's time.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use tokio::time::{Instant, Sleep, sleep_until};

use crate::http::failure::BoxError;
use crate::http::waiting::Waiting;

pub(crate) struct TimedBody {
    body: Incoming,
    deadline: Pin<Box<Sleep>>,
    waiting: Waiting,
}

impl TimedBody {
    pub(crate) fn new(body: Incoming, deadline: Instant, mut waiting: Waiting) -> Self {
        if body.is_end_stream() {
            waiting.end();
        }
        Self { body, deadline: Box::pin(sleep_until(deadline)), waiting }
    }
}

impl Body for TimedBody {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        if let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(context) {
            if !matches!(frame, Some(Ok(_))) || self.body.is_end_stream() {
                self.waiting.end();
            }
            return Poll::Ready(frame.map(|frame| frame.map_err(Into::into)));
        }
        if self.deadline.as_mut().poll(context).is_ready() {
            self.waiting.give_up();
            let problem = "the body did not end in time";
            return Poll::Ready(Some(Err(io::Error::new(io::ErrorKind::TimedOut, problem).into())));
        }
        Poll::Pending
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
