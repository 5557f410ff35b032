//! A failure of a program's own function, of which no more is told than its class: the text of an exception
//! may hold a secret.

use std::error::Error;
use std::fmt;

const LONGEST: usize = 64;

/// What a function for credentials threw, as a binding tells the core.
#[derive(Debug)]
pub struct Exception {
    class: Option<String>,
}

impl Exception {
    /// An exception of this class, whose name counts if it is a name in any language.
    #[must_use]
    pub fn of_class(name: &str) -> Self {
        let is_part = |letter: char| letter.is_ascii_alphanumeric() || "_$.:".contains(letter);
        let begins = name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_');
        let is_name = begins && name.len() <= LONGEST && name.chars().all(is_part);
        Self { class: is_name.then(|| name.to_owned()) }
    }
}

impl fmt::Display for Exception {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the program's own credential provider failed")?;
        match &self.class {
            Some(class) => write!(f, " with {class}"),
            None => Ok(()),
        }
    }
}

impl Error for Exception {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_class_is_told_and_what_is_no_name_is_not() {
        for name in ["ValueError", "TypeError", "botocore.ClientError", "std::runtime_error", "_$1"]
        {
            assert!(Exception::of_class(name).to_string().ends_with(&format!(" with {name}")));
        }
        let long = "A".repeat(LONGEST + 1);
        for text in ["", "no s3cret", "1Error", "Error\n", "<locals>", "caf\u{e9}", &long] {
            let told = Exception::of_class(text).to_string();
            assert_eq!(told, "the program's own credential provider failed", "{text}");
        }
    }
}
