//! The tables of docs/settings.md and docs/errors.md are the core's own: every row once, in order, with
//! the same sentence.
#![expect(clippy::unwrap_used, reason = "a test may stop where it fails")]

use std::fs;
use std::path::Path;

use seekauth::ErrorKind;
use seekauth::binding::{Setting, SettingKind};

/// The cells of each row of the page's tables whose cell `column` is one code span, which stands bare.
fn rows(page: &str, column: usize) -> Vec<Vec<String>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs").join(page);
    let text = fs::read_to_string(path).unwrap();
    text.lines()
        .filter(|line| line.starts_with('|'))
        .filter_map(|line| {
            let mut cells: Vec<String> =
                line.trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect();
            let name = cells.get(column)?.strip_prefix('`')?.strip_suffix('`')?.to_owned();
            if name.contains('`') {
                return None;
            }
            cells[column] = name;
            Some(cells)
        })
        .collect()
}

#[test]
fn every_setting_has_its_row_in_the_order_of_the_list() {
    let names: Vec<String> = settings().into_iter().map(|cells| cells[0].clone()).collect();
    let all: Vec<&str> = Setting::all().iter().map(Setting::name).collect();
    assert_eq!(names, all);
}

#[test]
fn every_row_begins_with_the_settings_sentence() {
    for (cells, setting) in settings().iter().zip(Setting::all()) {
        let rest = cells[2].strip_prefix(setting.doc());
        let begins = rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(' '));
        assert!(begins, "{} is not told as {:?}", setting.name(), setting.doc());
    }
}

/// The rows of the table of settings, which alone has four columns.
fn settings() -> Vec<Vec<String>> {
    rows("settings.md", 0).into_iter().filter(|cells| cells.len() == 4).collect()
}

#[test]
fn a_settings_sentence_fits_every_language() {
    for setting in Setting::all() {
        let (name, doc) = (setting.name(), setting.doc());
        assert!(doc.len() <= 100 && doc.ends_with('.') && !doc.contains('\n'), "{name}: {doc}");
        assert!(doc.starts_with(char::is_uppercase), "{name}: {doc}");
        if setting.kind() == SettingKind::Duration {
            assert!(!doc.contains("second"), "{name}: units differ between languages");
        }
        let others = Setting::all().iter().filter(|other| other.name().contains('_'));
        for other in others {
            assert!(!doc.contains(&format!("`{}`", other.name())), "{name} names {}", other.name());
        }
    }
}

#[test]
fn every_kind_of_error_has_its_row() {
    let table = rows("errors.md", 1);
    let table: Vec<_> = table.iter().filter(|cells| cells[0].parse::<i32>().is_ok()).collect();
    assert_eq!(table.len(), ErrorKind::ALL.len());
    for (cells, kind) in table.iter().zip(ErrorKind::ALL) {
        let [number, name, meaning, repeat] = cells.as_slice() else {
            panic!("{cells:?} has not four cells");
        };
        assert_eq!(number.parse(), Ok(kind.code()));
        assert_eq!(name, kind.name());
        assert_eq!(meaning, kind.meaning());
        let word = repeat.split(',').next();
        assert_eq!(word, Some(if kind.retryable() { "yes" } else { "no" }), "{name}");
    }
}
