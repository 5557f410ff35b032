//! Everything a running sandbox can be asked or told, by a test in Rust or over the admin endpoint.
//! One lock guards the whole state; it is never held across an await.

use std::collections::BTreeMap;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use serde_json::Value;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

use crate::deliveries::{Attempt, Deliveries};
use crate::environment;
use crate::error::Error;
use crate::graphql::Positions;
use crate::journal::{Counts, Entry, Journal};
use crate::redaction;
use crate::sandbox::Urls;
use crate::script::{Drop, Endpoint, Script, Scripted};
use crate::seek_api::QuotaWindow;
use crate::seek_pass_resource::Submissions;
use crate::seek_pass_webhooks::Webhooks;
use crate::sender;
use crate::service::Service;
use crate::settings::Settings;
use crate::tls::Authority;
use crate::tokens::Tokens;
use crate::trouble::{Trouble, Troubles};
use crate::webhook::Webhook;

/// A handle on a running sandbox; clones are the same sandbox.
#[derive(Clone, Debug)]
pub struct Control {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    urls: Urls,
    shows_secrets: bool,
    started: Instant,
    state: Mutex<State>,
    connections: AtomicU64,
    arrivals: watch::Sender<()>,
    releases: watch::Sender<()>,
    troubles: Troubles,
    authority: Option<Authority>,
}

/// What the services read and change while they answer.
#[derive(Debug, Default)]
pub(crate) struct State {
    pub(crate) settings: Settings,
    pub(crate) tokens: Tokens,
    pub(crate) quota: QuotaWindow,
    pub(crate) submissions: Submissions,
    pub(crate) positions: Positions,
    pub(crate) pass_webhooks: Webhooks,
    pub(crate) deliveries: Deliveries,
    script: Script,
    journal: Journal,
    advanced: Duration,
}

/// The sandbox's idea of now, which [`Control::advance_ms`] moves ahead of real time.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Now {
    /// Time since the sandbox started.
    pub(crate) age: Duration,
    /// Time since 1970.
    pub(crate) unix: Duration,
}

impl Now {
    /// Seconds since 1970.
    pub(crate) fn unix_s(self) -> u64 {
        self.unix.as_secs()
    }
}

impl Control {
    pub(crate) fn new(urls: Urls, authority: Option<Authority>, shows_secrets: bool) -> Control {
        Control {
            shared: Arc::new(Shared {
                urls,
                shows_secrets,
                started: Instant::now(),
                state: Mutex::default(),
                connections: AtomicU64::new(0),
                arrivals: watch::Sender::new(()),
                releases: watch::Sender::new(()),
                troubles: Troubles::new(),
                authority,
            }),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.shared.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Where the sandbox listens.
    #[must_use]
    pub fn urls(&self) -> &Urls {
        &self.shared.urls
    }

    /// The environment variables that point a client of the SEEK API at this sandbox, for `from_env`.
    #[must_use]
    pub fn env(&self) -> BTreeMap<String, String> {
        environment::seek_api(&self.shared.urls)
    }

    /// The environment variables that point a client of SEEK Pass at this sandbox, for `from_env` with the prefix
    /// `PASS_`.
    #[must_use]
    pub fn pass_env(&self) -> BTreeMap<String, String> {
        environment::seek_pass(&self.shared.urls)
    }

    /// Appends answers to the queues of their endpoints.
    ///
    /// # Errors
    /// [`Error::Script`] when one of them makes no sense; then none is appended.
    pub fn script(&self, answers: Vec<Scripted>) -> Result<(), Error> {
        self.state().script.append(answers)
    }

    /// Forgets the scripted answers not yet used.
    pub fn clear_script(&self) {
        self.state().script = Script::default();
    }

    /// How many scripted answers were not used yet; one that is repeated for ever counts once.
    #[must_use]
    pub fn script_left(&self) -> u64 {
        self.state().script.waiting()
    }

    /// Changes settings. The change is made under the sandbox's lock, so it must not call the sandbox.
    pub fn configure(&self, change: impl FnOnce(&mut Settings)) {
        change(&mut self.state().settings);
    }

    /// Replaces the settings that a JSON object names.
    ///
    /// # Errors
    /// [`Error::Settings`] when it is no object, names an unknown member or gives one a value it does not take; then
    /// nothing changes.
    pub fn configure_json(&self, patch: &Value) -> Result<(), Error> {
        let mut state = self.state();
        state.settings = state.settings.patched(patch)?;
        Ok(())
    }

    /// The settings as they are.
    #[must_use]
    pub fn settings(&self) -> Settings {
        self.state().settings.clone()
    }

    /// What arrived, in order. The newest 200,000 requests are kept.
    #[must_use]
    pub fn journal(&self) -> Vec<Entry> {
        self.state().journal.entries()
    }

    /// How many requests arrived since the start or the last clearing.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.state().journal.counts().clone()
    }

    /// Forgets what arrived, and the counts of it.
    pub fn clear_journal(&self) {
        self.state().journal.clear();
    }

    /// Sends webhooks, with all repetitions, and gives how each attempt went.
    ///
    /// # Errors
    /// [`Error::Webhook`] when the order makes no sense; a receiver that fails is none.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    pub async fn deliver(&self, webhook: Webhook) -> Result<Vec<Attempt>, Error> {
        let sending = self.start_delivery(webhook)?;
        // A task that is not aborted and does not panic has a result; a runtime that ends has none.
        Ok(sending.await.unwrap_or_default())
    }

    /// The same, without waiting for it: [`webhooks`](Self::webhooks) tells how it goes.
    pub(crate) fn start_delivery(
        &self,
        webhook: Webhook,
    ) -> Result<JoinHandle<Vec<Attempt>>, Error> {
        let batches = self.with(|state, now| webhook.batches(state, now))?;
        Ok(tokio::spawn(sender::send(self.clone(), webhook, batches)))
    }

    /// How each attempt to deliver a webhook went, in order.
    #[must_use]
    pub fn webhooks(&self) -> Vec<Attempt> {
        self.state().deliveries.attempts()
    }

    /// Waits until `count` requests have arrived at `endpoint` since the start or the last clearing. It waits for ever
    /// when they never come.
    pub async fn wait_for(&self, endpoint: Endpoint, count: u64) {
        let mut arrivals = self.shared.arrivals.subscribe();
        while self.state().journal.counts().at(endpoint) < count {
            if arrivals.changed().await.is_err() {
                return;
            }
        }
    }

    /// Revokes a token, given as its value or as a whole `Bearer …` header value. False if the sandbox does not know it.
    #[must_use = "a token the sandbox does not know is not revoked"]
    pub fn revoke(&self, token: &str) -> bool {
        let value = token.strip_prefix("Bearer ").unwrap_or(token);
        self.state().tokens.revoke(value)
    }

    /// Forgets every token, so that each of them is unknown from now on.
    pub fn forget_tokens(&self) {
        self.state().tokens = Tokens::default();
    }

    /// Lets so many milliseconds pass for tokens, quotas and submissions. Delays and the journal stay in real time.
    pub fn advance_ms(&self, milliseconds: u64) {
        let mut state = self.state();
        state.advanced = state.advanced.saturating_add(Duration::from_millis(milliseconds));
    }

    /// Lets go every answer on hold whose request has arrived.
    pub fn release(&self) {
        self.shared.releases.send_replace(());
    }

    /// Makes trouble for the connections that the service of this name has open; false if there is none.
    #[must_use = "a service that does not exist has no trouble"]
    pub fn trouble(&self, service: &str, trouble: Trouble) -> bool {
        let found = Service::ALL.into_iter().find(|known| known.name() == service);
        found.map(|service| self.shared.troubles.make(service, trouble)).is_some()
    }

    pub(crate) fn troubles(&self) -> &Troubles {
        &self.shared.troubles
    }

    /// From now on connections get another certificate of the same authority.
    ///
    /// # Errors
    /// When it cannot be made, or the sandbox does not speak TLS.
    pub fn renew_certificate(&self) -> io::Result<()> {
        let authority = self.shared.authority.as_ref();
        authority.ok_or_else(|| io::Error::other("no TLS is spoken here"))?.renew()
    }

    /// What the next connection is secured with.
    pub(crate) fn acceptor(&self) -> Option<TlsAcceptor> {
        self.shared.authority.as_ref().map(Authority::acceptor)
    }

    /// Makes the sandbox as fresh as it started: script, journal, tokens, settings and clock. Answers on hold are let go.
    pub fn reset(&self) {
        *self.state() = State::default();
        self.release();
    }

    /// Runs `act` on the state at the sandbox's now.
    pub(crate) fn with<R>(&self, act: impl FnOnce(&mut State, Now) -> R) -> R {
        let mut state = self.state();
        let unix = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let now = Now {
            age: self.shared.started.elapsed().saturating_add(state.advanced),
            unix: unix.saturating_add(state.advanced),
        };
        act(&mut state, now)
    }

    /// Milliseconds of real time since the start.
    pub(crate) fn age_ms(&self) -> u64 {
        u64::try_from(self.shared.started.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// Numbers a connection.
    pub(crate) fn connected(&self) -> u64 {
        self.shared.connections.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// Records an arrival and takes the scripted answer for it. The receiver sees every release after this moment.
    pub(crate) fn arrived(&self, mut entry: Entry) -> (u64, Option<Scripted>, watch::Receiver<()>) {
        let held = self.shared.releases.subscribe();
        entry.at_ms = self.age_ms();
        let (number, scripted) = {
            let mut state = self.state();
            let scripted = state.script.next(&entry);
            if !self.shared.shows_secrets {
                redaction::hide(&mut entry, &state.settings, &state.tokens);
            }
            (state.journal.arrived(entry), scripted)
        };
        self.shared.arrivals.send_replace(());
        (number, scripted, held)
    }

    pub(crate) fn answered(&self, number: u64, status: Option<u16>, dropped: Option<Drop>) {
        self.state().journal.answered(number, status, dropped);
    }
}
