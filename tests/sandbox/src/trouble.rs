//! What befalls the connections of a service that are open at that moment.

use serde::Deserialize;
use tokio::sync::watch;

use crate::service::Service;

/// The kinds of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Trouble {
    /// TCP stays alive, and nothing is read or written any more.
    Freeze,
    /// A graceful end: HTTP/2 says GOAWAY, HTTP/1.1 closes after the response.
    GoAway,
}

/// How often which trouble has befallen which service.
#[derive(Debug)]
pub(crate) struct Troubles(watch::Sender<Counts>);

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Counts {
    freezes: [u64; Service::ALL.len()],
    go_aways: [u64; Service::ALL.len()],
}

impl Troubles {
    pub(crate) fn new() -> Self {
        Self(watch::Sender::new(Counts::default()))
    }

    pub(crate) fn make(&self, service: Service, trouble: Trouble) {
        self.0.send_modify(|counts| {
            let count = match trouble {
                Trouble::Freeze => &mut counts.freezes,
                Trouble::GoAway => &mut counts.go_aways,
            };
            count[service as usize] += 1;
        });
    }

    /// Those of a connection that begins now.
    pub(crate) fn watch(&self, service: Service) -> Ahead {
        let counts = self.0.subscribe();
        let seen = *counts.borrow();
        Ahead { service, counts, seen }
    }
}

/// The troubles that lie ahead of one connection.
pub(crate) struct Ahead {
    service: Service,
    counts: watch::Receiver<Counts>,
    seen: Counts,
}

impl Ahead {
    /// The next one, if ever.
    pub(crate) async fn next(&mut self) -> Trouble {
        let at = self.service as usize;
        loop {
            let counts = *self.counts.borrow_and_update();
            if counts.freezes[at] > self.seen.freezes[at] {
                self.seen = counts;
                return Trouble::Freeze;
            }
            if counts.go_aways[at] > self.seen.go_aways[at] {
                self.seen = counts;
                return Trouble::GoAway;
            }
            if self.counts.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    }
}
