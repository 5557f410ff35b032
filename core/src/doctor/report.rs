//! Where stages go when they have ended, and what keeps secrets out of them.

use std::pin::Pin;
use std::time::Instant;

use crate::credentials::known_secrets::KnownSecrets;
use crate::doctor::stage::{Findings, Outcome, Stage, printable};
use crate::sys::channel::Sender;
use crate::sys::secret::Secret;

/// What a stage does.
pub(super) type Work<'a> = Pin<Box<dyn Future<Output = Findings> + Send + 'a>>;

pub(super) struct Report {
    sender: Sender<Stage>,
    known: KnownSecrets,
}

impl Report {
    pub(super) fn new(sender: Sender<Stage>) -> Self {
        Self { sender, known: KnownSecrets::default() }
    }

    /// Keeps a secret out of all that is told from now on.
    pub(super) fn withhold(&self, secret: &Secret) {
        self.known.note(secret);
    }

    /// Does a stage's work and tells what it found.
    pub(super) async fn tell(
        &self,
        name: &'static str,
        host: Option<&str>,
        work: Work<'_>,
    ) -> Outcome {
        let began = Instant::now();
        let mut findings = work.await;
        let duration = began.elapsed();
        for fact in &mut findings.facts {
            withhold(&self.known, &mut fact.name);
            withhold(&self.known, &mut fact.value);
        }
        findings.advice.iter_mut().for_each(|advice| withhold(&self.known, advice));
        let mut host = host.map(printable);
        if let Some(host) = &mut host {
            withhold(&self.known, host);
        }
        let outcome = findings.outcome;
        self.sender.send(findings.into_stage(name, host, duration));
        outcome
    }
}

/// A secret that was written into another setting, or that a server repeats, is not repeated once more.
pub(super) fn withhold(known: &KnownSecrets, text: &mut String) {
    if known.show_whole_in(text) {
        "withheld: it repeats a secret".clone_into(text);
    }
}
