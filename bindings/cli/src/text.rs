//! What people read.

use std::io::{self, Write};

use seekauth::doctor::{Fact, Outcome, Stage};

/// So long are lines at most, unless a word is longer: they go into tickets and mails.
const WIDTH: usize = 100;
/// What stands below a stage begins at this column.
const INDENT: usize = 11;

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
        write!(out, "{:INDENT$}", "")?;
        wrapped(out, &format!("{}: {}", fact.name, fact.value))?;
    }
    if let Some(advice) = &stage.advice {
        write!(out, "{:1$}{on}->{off} ", "", INDENT - 3)?;
        wrapped(out, advice)?;
    }
    out.flush()
}

/// The words from [`INDENT`] on, and below it where they need more lines.
fn wrapped(out: &mut dyn Write, text: &str) -> io::Result<()> {
    let mut column = INDENT;
    for (number, word) in text.split(' ').enumerate() {
        let length = word.chars().count();
        if number > 0 && column + 1 + length > WIDTH {
            write!(out, "\n{:1$}", "", INDENT + 2)?;
            column = INDENT + 2;
        } else if number > 0 {
            out.write_all(b" ")?;
            column += 1;
        }
        out.write_all(word.as_bytes())?;
        column += length;
    }
    writeln!(out)
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

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> String {
        let mut out = Vec::new();
        wrapped(&mut out, text).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn long_texts_go_on_below_and_no_word_is_lost() {
        assert_eq!(lines("short"), "short\n");
        let long = "word ".repeat(40) + &"x".repeat(200);
        let told = lines(&long);
        assert_eq!(told.split_whitespace().collect::<Vec<_>>().join(" "), long);
        let first = told.lines().next().unwrap();
        assert!(first.len() + INDENT <= WIDTH && first.len() + INDENT > WIDTH - 5, "{told}");
        assert!(told.lines().skip(1).all(|line| line.starts_with("             ")), "{told}");
    }

    #[test]
    fn colours_are_put_in_where_they_are_wanted() {
        let (on, word, off) = Paint(true).word(Outcome::Failed);
        assert_eq!((on, word, off), ("\x1b[31m", "FAILED ", "\x1b[0m"));
        assert_eq!(Paint(false).word(Outcome::Failed), ("", "FAILED ", ""));
    }
}
