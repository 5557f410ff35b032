//! Settings in messages. The core writes the name of one between backticks, and each language's users read
//! it as they write it: `request_timeout`, in Node `requestTimeoutMs`, who sets environment variables
//! `SEEKAUTH_REQUEST_TIMEOUT`. What is no setting of the client's, such as a member of a JSON file, is
//! written without.

use crate::config::{Language, Prefix, Setting};
use crate::error::Error;

const MARK: char = '`';

/// The error's line with the settings spelled as that language has them.
#[must_use]
pub fn message_in(error: &Error, language: Language) -> String {
    spelled(error.marked(), Some(language))
}

/// A text of the core's as the users of a language read it; of none, as Rust's do.
pub(crate) fn spelled(text: &str, language: Option<Language>) -> String {
    with_names(text, |setting| match language {
        Some(Language::Node) => setting.camel_name(),
        Some(Language::Python) | None => setting.name().to_owned(),
    })
}

/// The same as who sets environment variables reads it.
pub(crate) fn spelled_as_variables(text: &str, prefix: &Prefix) -> String {
    with_names(text, |setting| prefix.variable(setting))
}

fn with_names(text: &str, name: impl Fn(&Setting) -> String) -> String {
    let spell = |word: &str| Setting::named(word).map_or_else(|| word.to_owned(), &name);
    let parts = text.split(MARK).enumerate();
    parts.map(|(index, part)| if index % 2 == 1 { spell(part) } else { part.to_owned() }).collect()
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::*;

    #[test]
    fn only_what_is_marked_as_a_setting_is_spelled_anew() {
        let error =
            Error::invalid("`client_id` goes with `timeout`; client_id is a member, `x_y` none");
        assert_eq!(error.message(), "client_id goes with timeout; client_id is a member, x_y none");
        assert_eq!(message_in(&error, Language::Python), error.message());
        assert_eq!(
            message_in(&error, Language::Node),
            "clientId goes with timeoutMs; client_id is a member, x_y none"
        );
        assert_eq!(
            spelled_as_variables(error.marked(), &Prefix::new("PASS_").unwrap()),
            "PASS_CLIENT_ID goes with PASS_TIMEOUT; client_id is a member, x_y none"
        );
        assert_eq!(message_in(&Error::invalid("a ` alone"), Language::Node), "a  alone");
    }

    /// Somebody who writes a message may forget the marks.
    #[test]
    fn every_message_marks_the_settings_that_it_names() {
        // The members of a JSON file have the names of RFC 6749 in every language.
        const MEMBERS: &str = "is not a JSON object with client_id";
        let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src")];
        while let Some(folder) = folders.pop() {
            for path in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
                if path.is_dir() {
                    folders.push(path);
                } else if !path.ends_with("tests.rs") {
                    let text = fs::read_to_string(&path).unwrap();
                    let code = text.split("#[cfg(test)]").next().unwrap_or_default();
                    // A text goes on behind the end of such a line.
                    let code: String = code.split("\\\n").map(str::trim_start).collect();
                    let mut bare =
                        code.lines().filter(|line| !line.contains(MEMBERS)).filter(names_bare);
                    assert_eq!(bare.next(), None, "{}", path.display());
                }
            }
        }
    }

    /// Whether a sentence in this line of code names a setting of several words without marks.
    fn names_bare(line: &&str) -> bool {
        let is_part = |letter: char| letter.is_alphanumeric() || "_`{}=".contains(letter);
        let is_setting = |word: &str| word.contains('_') && Setting::named(word).is_some();
        let is_code = !line.trim_start().starts_with("//");
        let mut sentences = line.split('"').skip(1).step_by(2).filter(|text| text.contains(' '));
        is_code && sentences.any(|text| text.split(|it| !is_part(it)).any(is_setting))
    }
}
