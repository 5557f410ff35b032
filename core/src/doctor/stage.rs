//! What a stage found, as data.

use std::time::Duration;

use crate::config::{Prefix, spelled_as_variables};
use crate::error::Error;

/// How a stage ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// All is well.
    Passed,
    /// It works, and something about it should be looked at.
    Warning,
    /// It does not work.
    Failed,
    /// It could not be judged, or was not to be.
    Skipped,
}

impl Outcome {
    /// Its name: `passed`, `warning`, `failed` or `skipped`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Warning => "warning",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
        }
    }
}

/// Something that a stage found out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fact {
    /// What it is about.
    pub name: String,
    /// What was found.
    pub value: String,
}

impl Fact {
    /// A fact.
    #[must_use]
    pub fn new(name: impl Into<String>, value: impl Into<String>) -> Self {
        Self { name: name.into(), value: value.into() }
    }
}

/// One stage of an examination. It never holds a secret, a token or the body of a response.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stage {
    /// Its name: `config`, `proxy`, `name`, `connect`, `tls`, `clock`, `token`, `api`, `store` or `process`.
    pub name: &'static str,
    /// The host that it is about, with its port, where it is about one.
    pub host: Option<String>,
    /// How it ended.
    pub outcome: Outcome,
    /// What it found out, in the order in which it did.
    pub facts: Vec<Fact>,
    /// What to do, in one sentence, where something is to be done.
    pub advice: Option<String>,
    /// How long it took.
    pub duration: Duration,
}

/// What a stage finds out while it goes on.
#[derive(Debug)]
pub(super) struct Findings {
    pub(super) outcome: Outcome,
    pub(super) facts: Vec<Fact>,
    pub(super) advice: Option<String>,
}

impl Findings {
    pub(super) fn new() -> Self {
        Self { outcome: Outcome::Passed, facts: Vec::new(), advice: None }
    }

    pub(super) fn into_stage(
        self,
        name: &'static str,
        host: Option<String>,
        duration: Duration,
    ) -> Stage {
        let Self { outcome, facts, advice } = self;
        Stage { name, host, outcome, facts, advice, duration }
    }

    /// Those of a stage that was left out.
    pub(super) fn skipped(reason: &str) -> Self {
        let mut findings = Self::new();
        findings.fact("reason", reason);
        findings.outcome = Outcome::Skipped;
        findings
    }

    pub(super) fn fact(&mut self, name: &str, value: &str) {
        self.facts.push(Fact::new(name, printable(value)));
    }

    /// Something to look at. The first advice stays.
    pub(super) fn warn(&mut self, advice: &str) {
        if self.outcome == Outcome::Passed {
            self.outcome = Outcome::Warning;
            self.advice = Some(printable(advice));
        }
    }

    /// What keeps a client from working. The first advice stays.
    pub(super) fn fail(&mut self, advice: &str) {
        if self.outcome != Outcome::Failed {
            self.outcome = Outcome::Failed;
            self.advice = Some(printable(advice));
        }
    }
}

/// What an error says, to who sets environment variables.
pub(super) fn message(error: &Error, prefix: &Prefix) -> String {
    spelled_as_variables(error.marked(), prefix)
}

/// Names come from servers and certificates too, and a terminal obeys control characters.
pub(super) fn printable(text: &str) -> String {
    text.chars().filter(|letter| !letter.is_control()).take(400).collect()
}
