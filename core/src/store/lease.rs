//! The right to ask for all. It is given back in any case: a flight may end in the middle, with its
//! client.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Handle;

use crate::store::backend::{Claim, Names, Reading, Session, Trouble};
use crate::sys::clock::{Clock, Moment};

/// How often a lease is extended that would end by itself.
const EXTENDED_EVERY: Duration = Duration::from_secs(1);

pub(crate) struct Lease {
    session: Arc<dyn Session>,
    clock: Clock,
    /// Nothing once it has been given back.
    place: Option<Names>,
    /// Until when nobody else can have it, if it ends by itself. Whoever comes later must not touch it.
    until: Option<Moment>,
}

impl Lease {
    /// The lease of the first of `places`, and what lies there now, unless somebody has it.
    pub(crate) async fn claim(
        session: &Arc<dyn Session>,
        places: &[Names],
        clock: &Clock,
    ) -> Result<Option<(Self, Option<Reading>)>, Trouble> {
        let asked = clock.now();
        let Claim::Won(reading) = session.claim(places).await? else { return Ok(None) };
        let lease = Self {
            session: Arc::clone(session),
            clock: clock.clone(),
            place: places.first().cloned(),
            until: session.lease_lasts().map(|span| asked.plus(span)),
        };
        Ok(Some((lease, reading)))
    }

    /// Whether it is certainly this process's.
    pub(crate) fn is_held(&self) -> bool {
        self.place.is_some() && self.until.is_none_or(|until| !until.reached(self.clock.now()))
    }

    /// The outcome of `work`, during which the lease is kept, though for no longer than `at_most`.
    pub(crate) async fn during<T>(
        &mut self,
        work: impl Future<Output = T>,
        at_most: Duration,
    ) -> T {
        let mut work = pin!(work);
        let end = self.clock.now().plus(at_most);
        while self.until.is_some() && self.is_held() {
            let kept = async {
                self.clock.sleep(EXTENDED_EVERY).await;
                self.extend(end).await;
            };
            tokio::select! {
                biased;
                outcome = &mut work => return outcome,
                () = kept => {}
            }
        }
        work.await
    }

    /// What cannot be extended ends by itself.
    async fn extend(&mut self, end: Moment) {
        let (Some(place), Some(lasts)) = (&self.place, self.session.lease_lasts()) else { return };
        let asked = self.clock.now();
        if end.reached(asked) || !self.is_held() {
            return;
        }
        match self.session.extend(place).await {
            Ok(true) => self.until = Some(asked.plus(lasts)),
            // It was removed, so somebody else may have taken it since.
            Ok(false) => self.until = Some(Moment::PAST),
            Err(_) => {}
        }
    }

    /// Gives it back.
    pub(crate) async fn give_back(mut self) -> Result<(), Trouble> {
        let is_held = self.is_held();
        match self.place.take().filter(|_| is_held) {
            Some(place) => self.session.release(&place).await,
            None => Ok(()),
        }
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let is_held = self.is_held();
        if let (Some(place), Ok(runtime)) =
            (self.place.take().filter(|_| is_held), Handle::try_current())
        {
            let session = Arc::clone(&self.session);
            // What fails ends by itself, at the latest with the process.
            runtime.spawn(async move { drop(session.release(&place).await) });
        }
    }
}
