//! The table of adapters and cases: which promise about a request to the API was seen kept through
//! which adapter. Each language's run adds a line of JSON to a file; the table is made of such files.

use std::fmt::Write as _;
use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::suite::{End, Finding, Summary};

/// What one language's run adds to the table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Section {
    language: String,
    versions: String,
    findings: Vec<Finding>,
}

impl Section {
    /// The part of a summary that goes into the table.
    #[must_use]
    pub fn new(language: &str, summary: &Summary) -> Self {
        Self {
            language: language.to_owned(),
            versions: summary.versions.clone(),
            findings: summary.requests.clone(),
        }
    }

    /// Adds it to the end of a file, which is made if it is not there.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn add_to(&self, file: &Path) -> Result<(), String> {
        let line = serde_json::to_string(self).map_err(|problem| problem.to_string())?;
        OpenOptions::new()
            .create(true)
            .append(true)
            .open(file)
            .and_then(|mut file| writeln!(file, "{line}"))
            .map_err(|problem| format!("{}: {problem}", file.display()))
    }
}

/// Reads what runs have added to a file.
///
/// # Errors
/// The file cannot be read, or holds something else.
pub fn read(file: &Path) -> Result<Vec<Section>, String> {
    let text =
        fs::read_to_string(file).map_err(|problem| format!("{}: {problem}", file.display()))?;
    text.lines()
        .map(|line| {
            serde_json::from_str(line).map_err(|problem| format!("{}: {problem}", file.display()))
        })
        .collect()
}

/// The table, a row for each case and a column for each adapter.
#[must_use]
pub fn render(sections: &[Section]) -> String {
    let findings = || sections.iter().flat_map(|section| &section.findings);
    let adapters = distinct(findings().map(|finding| finding.adapter.as_str()));
    let cases = distinct(findings().map(|finding| finding.case.as_str()));
    let reasons = distinct(findings().filter_map(|finding| match &finding.end {
        End::LeftOut(reason) => Some(reason.as_str()),
        End::Passed | End::Failed => None,
    }));
    let width = cases.iter().map(|case| case.len()).max().unwrap_or(0);
    let mut out = String::new();
    for (index, adapter) in adapters.iter().enumerate() {
        let _ = writeln!(out, "{:>2}  {adapter}", index + 1);
    }
    let _ = write!(out, "\n{:width$} ", "");
    for number in 1..=adapters.len() {
        let _ = write!(out, " {number:>2}");
    }
    out.push('\n');
    for case in &cases {
        let _ = write!(out, "{case:width$} ");
        for adapter in &adapters {
            let end = findings()
                .find(|finding| finding.case == *case && finding.adapter == *adapter)
                .map(|finding| &finding.end);
            let mark = match end {
                Some(End::Passed) => "+".to_owned(),
                Some(End::Failed) => "X".to_owned(),
                Some(End::LeftOut(reason)) => {
                    note(reasons.iter().position(|known| known == reason))
                }
                None => "?".to_owned(),
            };
            let _ = write!(out, " {mark:>2}");
        }
        out.push('\n');
    }
    let count =
        |wanted: fn(&End) -> bool| findings().filter(|finding| wanted(&finding.end)).count();
    let _ = writeln!(
        out,
        "\n{} cases x {} adapters: {} passed (+), {} failed (X), {} left out:",
        cases.len(),
        adapters.len(),
        count(|end| *end == End::Passed),
        count(|end| *end == End::Failed),
        count(|end| matches!(end, End::LeftOut(_))),
    );
    for (index, reason) in reasons.iter().enumerate() {
        let _ = writeln!(out, " {}  {reason}", note(Some(index)));
    }
    out.push('\n');
    for section in sections.iter().filter(|section| !section.versions.is_empty()) {
        let _ = writeln!(out, "{}: {}", section.language, section.versions);
    }
    out
}

fn distinct<'a>(all: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let mut found: Vec<&str> = Vec::new();
    for one in all {
        if !found.contains(&one) {
            found.push(one);
        }
    }
    found
}

/// The letter of a footnote.
fn note(index: Option<usize>) -> String {
    let letter = index.and_then(|index| u8::try_from(index).ok());
    letter.and_then(|index| b'a'.checked_add(index)).map_or('?', char::from).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finding(adapter: &str, case: &str, end: End) -> Finding {
        Finding { adapter: adapter.to_owned(), case: case.to_owned(), end }
    }

    #[test]
    fn the_table_has_a_mark_for_every_case_and_adapter() {
        let rust = Section {
            language: "rust".to_owned(),
            versions: "reqwest 1".to_owned(),
            findings: vec![
                finding("rust/send", "requests/one", End::Passed),
                finding("rust/send", "requests/two", End::LeftOut("it cannot".to_owned())),
            ],
        };
        let c = Section {
            language: "c".to_owned(),
            versions: String::new(),
            findings: vec![finding("c/libcurl", "requests/one", End::Failed)],
        };
        let expected = "
 1  rust/send
 2  c/libcurl

               1  2
requests/one   +  X
requests/two   a  ?

2 cases x 2 adapters: 1 passed (+), 1 failed (X), 1 left out:
 a  it cannot

rust: reqwest 1
";
        assert_eq!(format!("\n{}", render(&[rust, c])), expected);
    }

    #[test]
    fn sections_survive_their_file() -> Result<(), String> {
        let file = tempfile::NamedTempFile::new().map_err(|problem| problem.to_string())?;
        let summary = Summary {
            requests: vec![
                finding("c/send", "requests/one", End::Passed),
                finding("c/send", "requests/two", End::LeftOut("why not".to_owned())),
            ],
            versions: "none".to_owned(),
            ..Summary::default()
        };
        let section = Section::new("c", &summary);
        section.add_to(file.path())?;
        section.add_to(file.path())?;
        assert_eq!(read(file.path())?, [section.clone(), section]);
        assert!(read(Path::new("nowhere")).is_err());
        Ok(())
    }
}
