//! What people read.

use std::io::{self, Write};

use seekauth::doctor::{Fact, Outcome, Stage};

/// Whether colours are wanted.
#[derive(Clone, Copy)]
pub(crate) struct Paint(pub(crate) bool);

impl Paint {
    fn word(self, outcome: Outcome) -> (&'static str, &'static str, &'static str) {
        let (colour, word) = match outcome {
            Outcome::Passed => ("\x1b[32m", "passed "),
            Outcome::Warning => ("\x1b[33m", "WARNING"),
            Outcome::Failed => ("\x1b[31m", "FAILED "),
            Outcome::Skipped => ("\x1b[2m", "skipped"),
        };
        if self.0 { (colour, word, "\x1b[0m") } else { ("", word, "") }
    }
}

/// A stage, at once when it has ended.
pub(crate) fn stage(out: &mut dyn Write, paint: Paint, stage: &Stage) -> io::Result<()> {
    let (on, word, off) = paint.word(stage.outcome);
    write!(out, "{on}{word}{off}  {}", stage.name)?;
    if let Some(host) = &stage.host {
        write!(out, " {host}")?;
    }
    if stage.outcome == Outcome::Skipped {
        let reason = stage.facts.first().map_or("", |fact| &fact.value);
        writeln!(out, ": {reason}")?;
        return out.flush();
    }
    writeln!(out, " ({} ms)", stage.duration.as_millis())?;
    for fact in &stage.facts {
        writeln!(out, "           {}: {}", fact.name, fact.value)?;
    }
    if let Some(advice) = &stage.advice {
        writeln!(out, "        {on}->{off} {advice}")?;
    }
    out.flush()
}

/// How all of it ended.
pub(crate) fn summary(out: &mut dyn Write, paint: Paint, stages: &[Stage]) -> io::Result<()> {
    let count = |outcome| stages.iter().filter(|stage| stage.outcome == outcome).count();
    let (failed, warnings) = (count(Outcome::Failed), count(Outcome::Warning));
    let worst = match (failed, warnings) {
        (0, 0) => Outcome::Passed,
        (0, _) => Outcome::Warning,
        _ => Outcome::Failed,
    };
    let (on, word, off) = paint.word(worst);
    writeln!(out, "\n{on}{}{off}: {failed} failed, {warnings} with a warning", word.trim_end())
}

pub(crate) fn facts(out: &mut dyn Write, facts: &[Fact]) -> io::Result<()> {
    facts.iter().try_for_each(|fact| writeln!(out, "{}: {}", fact.name, fact.value))
}
