//! The sources of the core, for tests that read them.

#![expect(clippy::unwrap_used, reason = "a test may stop where it fails")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// The folder of the sources that ship.
pub(crate) fn shipped() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

/// The sources below a folder, by their paths without `.rs`.
pub(crate) fn of(folder: &Path) -> BTreeMap<String, String> {
    let mut sources = BTreeMap::new();
    collect(folder, folder, &mut sources);
    sources
}

/// All sources that ship: neither tests nor doors for fuzzers.
fn collect(root: &Path, folder: &Path, sources: &mut BTreeMap<String, String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(root, &path, sources);
        } else {
            let file = path.strip_prefix(root).unwrap().with_extension("");
            let file = file.to_str().unwrap().replace('\\', "/");
            let is_test = file.split('/').any(|part| part == "tests" || part == "fuzzing");
            if !is_test {
                sources.insert(file, fs::read_to_string(&path).unwrap());
            }
        }
    }
}

/// The code without comments, without what only test builds contain.
pub(crate) fn without_tests(text: &str) -> String {
    let mut code = String::new();
    let mut lines = text.lines().map(str::trim).filter(|line| !line.starts_with("//"));
    while let Some(line) = lines.next() {
        let is_test = line.starts_with("#[cfg(") && !line.contains("not(") && {
            line.contains("test") || line.contains("shuttle")
        };
        if !is_test {
            code.push_str(line);
            code.push('\n');
        } else if !line.contains("manual-clock") {
            match lines.next() {
                // By this crate's habit the unit tests end a file.
                Some(line) if line.starts_with("mod ") && line.ends_with('{') => break,
                _ => {}
            }
        }
    }
    code
}
