//! An exchange that waits for its response. One that waits in vain takes its connection out of use:
//! TCP may be alive on it, and nothing behind it.

use std::time::Duration;

use hyper_util::client::legacy::connect::{CaptureConnection, Connected};
use tokio::time::Instant;

/// A caller that gives up after so long has seen the connection fail to respond.
const GIVEN_UP_AFTER: Duration = Duration::from_millis(250);

/// An exchange that is under way. One that is given up takes its connection out of use.
pub(crate) struct Waiting {
    connection: Option<CaptureConnection>,
    began: Instant,
    answered: bool,
}

impl Waiting {
    pub(crate) fn begin(connection: CaptureConnection) -> Self {
        Self { connection: Some(connection), began: Instant::now(), answered: false }
    }

    /// It came to its end, good or bad.
    pub(crate) fn end(&mut self) {
        self.connection = None;
    }

    /// The response has begun. Not to read it to its end says nothing about the connection.
    pub(crate) fn answered(mut self) -> Self {
        self.answered = true;
        self
    }

    /// Whether it got a connection, and one of HTTP/2.
    pub(crate) fn is_http2(&self) -> bool {
        let connection = self.connection.as_ref();
        connection.is_some_and(|connection| {
            let connected = connection.connection_metadata();
            connected.as_ref().is_some_and(Connected::is_negotiated_h2)
        })
    }

    /// Nothing came in time.
    pub(crate) fn give_up(&mut self) {
        if let Some(connection) = self.connection.take()
            && let Some(connection) = &*connection.connection_metadata()
        {
            connection.poison();
        }
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        if !self.answered && self.began.elapsed() >= GIVEN_UP_AFTER {
            self.give_up();
        }
    }
}
