//! The token source of clients that share: what a flight does before, around and after the one request
//! to the server. Each rule is judged by whether any caller is worse off than without a store.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::config::{ResolvedConfig, StoreConfig};
use crate::credentials::Credentials;
use crate::error::{Error, ErrorKind};
use crate::events::Events;
use crate::store::backend::{Backend, Names, Reading, Session, Trouble};
use crate::store::checkpoint;
use crate::store::clock::StoreClock;
use crate::store::lease::Lease;
use crate::store::observer::Observer;
use crate::store::offer::Offer;
use crate::store::places::{Place, Places};
use crate::store::record::{LONGEST_LIFE, NoteKind, NoteRecord, TokenRecord};
use crate::store::rest::Rest;
use crate::store::status::StoreStatus;
use crate::sys::clock::Clock;
use crate::sys::counter::count;
use crate::sys::per_process::PerProcess;
use crate::sys::random;
use crate::sys::task::spawn;
use crate::token::Windows;
use crate::token_endpoint::source::{
    CredentialsChanged, Fetch, Fetched, Grant, Issuer, Shared, TokenSource, Wanted,
};

/// How long callers wait until the token is in the store: a program that ends with its answer must not
/// take the token along. Then they have it, and publishing goes on.
const PUBLISH_FIRST: Duration = Duration::from_millis(50);
/// How long processes ask each for itself, where the server's tokens have no life left.
const ALONE_HOLDS: Duration = Duration::from_secs(1);
/// What the first step of a flight may take while nobody waits for it,
const UNHURRIED_STEP: Duration = Duration::from_secs(5);
/// and what it may take when a process begins: the store is far away, and all processes begin at once.
const FIRST_CONTACT: Duration = Duration::from_secs(1);
/// How soon it is noticed that somebody waits all the same.
const HURRY_NOTICED: Duration = Duration::from_millis(20);

pub(crate) struct SharedSource {
    config: Arc<ResolvedConfig>,
    issuer: Arc<dyn Issuer>,
    backend: Arc<dyn Backend>,
    clock: Clock,
    /// What one step may take while somebody waits.
    patience: Duration,
    places: Places,
    observer: Arc<Observer>,
    rest: PerProcess<Mutex<Rest>>,
}

/// One flight's visit to the store.
struct Visit<'a> {
    wanted: &'a Wanted<'a>,
    credentials: &'a Credentials,
    places: &'a [Place],
    names: Vec<Names>,
    session: Arc<dyn Session>,
}

impl SharedSource {
    pub(crate) fn new(
        config: Arc<ResolvedConfig>,
        store: StoreConfig,
        issuer: Arc<dyn Issuer>,
        backend: Arc<dyn Backend>,
        clock: Clock,
        events: Arc<Events>,
    ) -> Self {
        let patience = store.timeout;
        let places = Places::new(Arc::clone(&config), store);
        let observer = Arc::new(Observer::new(events, backend.kind()));
        let rest = PerProcess::new();
        Self { config, issuer, backend, clock, patience, places, observer, rest }
    }

    /// How the store fares, with the settings in its problem between backticks.
    pub(crate) fn status(&self) -> StoreStatus {
        let usable = self.rest(|rest| rest.until(self.clock.now())).is_none();
        self.observer.counts.status(self.backend.kind(), usable)
    }

    async fn get(&self, wanted: &Wanted<'_>) -> Result<Fetched, Error> {
        let credentials = self.issuer.credentials().await?;
        if self.rest(|rest| rest.until(self.clock.now())).is_some() {
            return self.without_store(wanted, credentials).await;
        }
        match self.with_store(wanted, &credentials).await {
            Ok(outcome) => outcome,
            Err(trouble) => {
                let now = self.clock.now();
                let pause = self.rest(|rest| rest.begin(now, random::fraction()));
                self.observer.failed(&trouble, Some(pause));
                self.without_store(wanted, credentials).await
            }
        }
    }

    /// By way of the store. Trouble with it is the outer error; what the server says, the inner one.
    async fn with_store(
        &self,
        wanted: &Wanted<'_>,
        credentials: &Credentials,
    ) -> Result<Result<Fetched, Error>, Trouble> {
        let places = &*self.places.of(&*self.issuer, credentials, wanted.scopes).await?;
        let names = places.iter().map(|place| place.names.clone()).collect();
        let session = self.backend.session(self.first_step(wanted));
        let visit = Visit { wanted, credentials, places, names, session };
        let mut offer = self.first_look(&visit).await?;
        let stuck_at = self.clock.now().plus(self.longest_request(places)).monotonic;
        let mut looks = 0;
        loop {
            checkpoint::reached("read").await;
            if let Some(outcome) = offer.outcome(&self.observer.counts) {
                return Ok(self.taken_over(outcome));
            }
            if offer.is_for_each_alone {
                return Ok(self.ask_without_waiting(&visit, offer).await);
            }
            match Lease::claim(&visit.session, &visit.names, &self.clock).await {
                Ok(Some((lease, reading))) => {
                    count(&self.observer.counts.claimed);
                    checkpoint::reached("claimed").await;
                    let offer = reading.map_or(offer, |reading| self.offer(&visit, reading));
                    return Ok(self.ask_for_all(&visit, lease, offer).await);
                }
                Ok(None) => {}
                // It gives and does not take.
                Err(trouble) => {
                    self.observer.failed(&trouble, None);
                    return Ok(self.ask_without_waiting(&visit, offer).await);
                }
            }
            if looks == 0 {
                count(&self.observer.counts.waited);
            }
            let now = self.clock.now().monotonic;
            if now >= (wanted.alone_at)() || now >= stuck_at {
                return Ok(self.ask_alone(&visit, offer).await);
            }
            self.clock.back_off(self.backend.poll_interval(looks)).await;
            offer = self.read(&visit).await?;
            looks += 1;
        }
    }

    /// Takes its time as long as nobody waits for it: processes that are in no hurry come one after the other.
    async fn first_look(&self, visit: &Visit<'_>) -> Result<Offer, Trouble> {
        let Some(good_until) = visit.wanted.good_until else { return self.read(visit).await };
        let unhurried = async {
            let span = self.backend.spread(good_until.remaining(self.clock.now()));
            if !span.is_zero() {
                self.clock.back_off(span.mul_f64(random::fraction())).await;
            }
            self.read(visit).await
        };
        tokio::select! {
            biased;
            offer = unhurried => offer,
            () = self.kept_waiting(visit.wanted) => {
                Err(Trouble("the store did not respond within `store_timeout`".to_owned()))
            }
        }
    }

    /// Ends when a caller, who may have come in the middle of it, has waited for the store for long enough.
    async fn kept_waiting(&self, wanted: &Wanted<'_>) {
        while (wanted.alone_at)() == u64::MAX {
            self.clock.sleep(HURRY_NOTICED).await;
        }
        self.clock.sleep(self.patience).await;
    }

    /// How long the first step with the store may take, if that is longer than what others may.
    fn first_step(&self, wanted: &Wanted<'_>) -> Duration {
        match wanted.good_until {
            Some(_) => UNHURRIED_STEP,
            None if self.rest(|rest| rest.is_untried) => FIRST_CONTACT,
            None => Duration::ZERO,
        }
    }

    fn taken_over(&self, outcome: Result<Grant, Error>) -> Result<Fetched, Error> {
        outcome.inspect(|grant| self.issuer.note_token(&grant.access_token)).map(Fetched::from)
    }

    /// Asks the server on behalf of all, unless somebody published just before giving the lease back.
    async fn ask_for_all(
        &self,
        visit: &Visit<'_>,
        lease: Lease,
        mut offer: Offer,
    ) -> Result<Fetched, Error> {
        if let Some(outcome) = offer.outcome(&self.observer.counts) {
            self.give_back(lease).await;
            return self.taken_over(outcome);
        }
        self.ask(visit, offer, Some(lease)).await
    }

    /// What a process does where nobody publishes for others. Whoever has time leaves it to that, as
    /// others would all ask at this moment too.
    async fn ask_without_waiting(&self, visit: &Visit<'_>, offer: Offer) -> Result<Fetched, Error> {
        match visit.wanted.good_until {
            Some(_) => self.without_store(visit.wanted, visit.credentials.clone()).await,
            None => self.ask_alone(visit, offer).await,
        }
    }

    /// Asks the server without the lease, and publishes all the same.
    async fn ask_alone(&self, visit: &Visit<'_>, offer: Offer) -> Result<Fetched, Error> {
        count(&self.observer.counts.alone);
        self.ask(visit, offer, None).await
    }

    async fn ask(
        &self,
        visit: &Visit<'_>,
        mut offer: Offer,
        mut lease: Option<Lease>,
    ) -> Result<Fetched, Error> {
        let asked = self.clock.now();
        let granting = self.issuer.grant(visit.credentials.clone(), visit.wanted.scopes);
        let granted = match &mut lease {
            Some(lease) => lease.during(granting, self.longest_request(visit.places)).await,
            None => granting.await,
        };
        checkpoint::reached("answered").await;
        let result = match granted {
            Ok(grant) => {
                let sent = grant.sent.unwrap_or(asked);
                let grant = Grant { sent: Some(sent), ..grant };
                // Somebody else may have asked meanwhile.
                if !lease.as_ref().is_some_and(Lease::is_held)
                    && let Some(Ok(now)) = self.for_a_moment(self.read(visit)).await
                {
                    offer = now;
                    if let Some(newer) = offer.issued_after(sent, &self.observer.counts) {
                        return self.taken_over(Ok(newer));
                    }
                }
                return Ok(self.publish(grant, visit, offer, lease).await.into());
            }
            Err(error) => {
                self.note_refusals(&error, visit, &offer.clock).await;
                let is_refusal = error.kind() == ErrorKind::InvalidCredentials;
                match offer.last_resort(&self.observer.counts).filter(|_| !is_refusal) {
                    Some(grant) => self.taken_over(Ok(grant)),
                    None => Err(error),
                }
            }
        };
        if let Some(lease) = lease {
            self.give_back(lease).await;
        }
        result
    }

    /// What a process does while the store is away: it asks for itself, and as long as its token is good,
    /// not at the moment at which all the others would too.
    async fn without_store(
        &self,
        wanted: &Wanted<'_>,
        credentials: Credentials,
    ) -> Result<Fetched, Error> {
        let now = self.clock.now();
        if let Some(good_until) = wanted.good_until {
            let window = good_until.remaining(now).mul_f64(0.9);
            return Ok(Fetched::Postponed(
                now.plus(window.mul_f64(0.5 + random::fraction() / 2.0)),
            ));
        }
        count(&self.observer.counts.alone);
        let grant = self.issuer.grant(credentials, wanted.scopes).await?;
        Ok(self.numbered(grant, wanted.above.saturating_add(1)).into())
    }

    async fn read(&self, visit: &Visit<'_>) -> Result<Offer, Trouble> {
        let reading = visit.session.read(&visit.names).await?;
        count(&self.observer.counts.reads);
        if self.rest(Rest::end) {
            self.observer.recovered();
        }
        Ok(self.offer(visit, reading))
    }

    fn offer(&self, visit: &Visit<'_>, reading: Reading) -> Offer {
        let margin = self.config.refresh_margin;
        Offer::new(reading, visit.places, visit.wanted, margin, &self.observer.counts)
    }

    /// Puts a token into the store for the others, and gives the lease back. Waits for that for a moment
    /// only.
    async fn publish(
        &self,
        grant: Grant,
        visit: &Visit<'_>,
        offer: Offer,
        lease: Option<Lease>,
    ) -> Grant {
        let number = offer.number.max(visit.wanted.above).saturating_add(1);
        let grant = self.numbered(grant, number);
        let sent = grant.sent.unwrap_or_else(|| self.clock.now());
        let place = visit.places.iter().find(|place| place.serves(grant.accepted)).cloned();
        let record = TokenRecord {
            token: grant.access_token.clone(),
            scopes: grant.scopes.clone(),
            lifetime_ms: milliseconds(grant.lifetime),
            number,
            issued: offer.clock.stamp(sent),
            refresh_at_age_ms: grant.shared.map_or(0, |shared| milliseconds(shared.refresh_at_age)),
        };
        let (session, observer) = (Arc::clone(&visit.session), Arc::clone(&self.observer));
        // What is left of it, for that is when the record is of no more use.
        let ends = sent.plus(grant.lifetime.min(LONGEST_LIFE));
        let left = ends.monotonic_remaining(self.clock.now());
        let unpublished = offer.clock.stamp(self.clock.now());
        let unpublished = NoteRecord::new(NoteKind::Alone, unpublished, ALONE_HOLDS);
        let publishing = spawn(async move {
            if let Some(place) = place {
                let failed = |trouble| observer.failed(&trouble, None);
                let is_published = !left.is_zero()
                    && write_token(&*session, &place, &record, left).await.map_err(failed).is_ok();
                if is_published {
                    count(&observer.counts.published);
                } else {
                    // One after the other would wait for what does not come.
                    write_note(&*session, &place, &unpublished, ALONE_HOLDS)
                        .await
                        .unwrap_or_else(failed);
                }
            }
            checkpoint::reached("published").await;
            if let Some(lease) = lease {
                lease.give_back().await.unwrap_or_else(|trouble| observer.failed(&trouble, None));
            }
        });
        let _goes_on = self.for_a_moment(publishing).await;
        grant
    }

    /// The outcome of `work`, unless it takes longer than callers are made to wait for the store's sake.
    async fn for_a_moment<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            biased;
            outcome = work => Some(outcome),
            () = self.clock.sleep(PUBLISH_FIRST) => None,
        }
    }

    /// A token of this process's own, with its place among those of the others.
    fn numbered(&self, grant: Grant, number: u64) -> Grant {
        let margin = self.config.refresh_margin;
        let refresh_at_age =
            Windows::shared_refresh_age(grant.lifetime, margin, random::fraction());
        let shared = Shared { number, age: Duration::ZERO, refresh_at_age };
        Grant { shared: Some(shared), ..grant }
    }

    /// Tells the others which secrets the server refused.
    async fn note_refusals(&self, error: &Error, visit: &Visit<'_>, clock: &StoreClock) {
        let refused = |place: &&Place| error.refused().contains(&place.fingerprint);
        let holds = visit.wanted.cool_down;
        for place in visit.places.iter().filter(refused) {
            let written = clock.stamp(self.clock.now());
            let note = NoteRecord {
                status: error.status(),
                code: error.server_code().map(str::to_owned),
                ..NoteRecord::new(NoteKind::InvalidCredentials, written, holds)
            };
            if let Err(trouble) = write_note(&*visit.session, place, &note, holds).await {
                self.observer.failed(&trouble, None);
            }
            checkpoint::reached("noted").await;
        }
    }

    async fn give_back(&self, lease: Lease) {
        lease.give_back().await.unwrap_or_else(|trouble| self.observer.failed(&trouble, None));
    }

    /// How long a request of this process may last, with each secret once.
    fn longest_request(&self, places: &[Place]) -> Duration {
        let secrets = u32::try_from(places.len()).unwrap_or(1);
        self.config.request_timeout.saturating_mul(secrets) + Duration::from_secs(1)
    }

    /// Held for moments only, and nothing under it can panic.
    fn rest<T>(&self, work: impl FnOnce(&mut Rest) -> T) -> T {
        let owned = self.rest.get(|| Mutex::new(Rest::new()));
        work(&mut owned.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl TokenSource for SharedSource {
    fn fetch<'a>(&'a self, wanted: Wanted<'a>) -> Fetch<'a> {
        Box::pin(async move { self.get(&wanted).await })
    }

    fn credentials_changed<'a>(&'a self, failure: &'a Error) -> CredentialsChanged<'a> {
        self.issuer.credentials_changed(failure)
    }

    fn close(&self) {
        self.issuer.close();
    }
}

async fn write_token(
    session: &dyn Session,
    place: &Place,
    record: &TokenRecord,
    life: Duration,
) -> Result<(), Trouble> {
    let bytes = record.seal(&place.keys, &place.names.token);
    let bytes = bytes.ok_or_else(|| Trouble("the token is longer than it takes".to_owned()))?;
    session.publish(&place.names, bytes, life).await
}

async fn write_note(
    session: &dyn Session,
    place: &Place,
    note: &NoteRecord,
    life: Duration,
) -> Result<(), Trouble> {
    let bytes = note.seal(&place.keys, &place.names.note);
    let bytes = bytes.ok_or_else(|| Trouble("a note is longer than it takes".to_owned()))?;
    session.note(&place.names, bytes, life).await
}

fn milliseconds(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}
