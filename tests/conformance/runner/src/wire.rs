//! The line protocol between the driver and an agent: one request line, one reply line, values
//! percent-encoded. Both ends of the Rust side use this file, so they cannot disagree about it;
//! agents in other languages follow the description in `tests/conformance/cases/README.md`. It knows no verb
//! and no field.

use std::collections::BTreeMap;
use std::fmt::{self, Write};

/// Named values of a request or a reply, in name order.
pub type Fields = BTreeMap<String, String>;

/// What the driver asks of an agent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// What to do, for instance `get_token`.
    pub verb: String,
    /// The verb's arguments.
    pub fields: Fields,
}

/// How an agent's call ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The call succeeded.
    Ok,
    /// The call failed with an error of the library.
    Error,
    /// The language refused the arguments by itself, before the library saw them.
    TypeError,
}

/// What an agent answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// How the call ended.
    pub outcome: Outcome,
    /// What it gave: results, or the parts of the error.
    pub fields: Fields,
}

impl Request {
    /// A request without arguments.
    #[must_use]
    pub fn new(verb: &str) -> Self {
        Self { verb: verb.to_owned(), fields: Fields::new() }
    }

    /// The same request with one more argument.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.fields.insert(name.to_owned(), value.into());
        self
    }

    /// Reads a request line.
    ///
    /// # Errors
    /// The line has a field without `=` or a broken percent escape.
    pub fn parse(line: &str) -> Result<Self, String> {
        let (verb, fields) = split(line)?;
        Ok(Self { verb: verb.to_owned(), fields })
    }
}

impl Reply {
    /// A success without results.
    #[must_use]
    pub fn ok() -> Self {
        Self { outcome: Outcome::Ok, fields: Fields::new() }
    }

    /// A failure without parts.
    #[must_use]
    pub fn error() -> Self {
        Self { outcome: Outcome::Error, fields: Fields::new() }
    }

    /// The same reply with one more field.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.fields.insert(name.to_owned(), value.into());
        self
    }

    /// The same reply with one more field, if there is a value for it.
    #[must_use]
    pub fn with_some(self, name: &str, value: Option<impl Into<String>>) -> Self {
        match value {
            Some(value) => self.with(name, value),
            None => self,
        }
    }

    /// Reads a reply line.
    ///
    /// # Errors
    /// The line starts with none of `ok`, `error`, `type_error`, has a field without `=` or a
    /// broken percent escape.
    pub fn parse(line: &str) -> Result<Self, String> {
        let (word, fields) = split(line)?;
        let outcome = match word {
            "ok" => Outcome::Ok,
            "error" => Outcome::Error,
            "type_error" => Outcome::TypeError,
            _ => {
                return Err(format!(
                    "a reply starts with ok, error or type_error, not with {word:?}"
                ));
            }
        };
        Ok(Self { outcome, fields })
    }
}

impl fmt::Display for Request {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        join(out, &self.verb, &self.fields)
    }
}

impl fmt::Display for Reply {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = match self.outcome {
            Outcome::Ok => "ok",
            Outcome::Error => "error",
            Outcome::TypeError => "type_error",
        };
        join(out, word, &self.fields)
    }
}

fn split(line: &str) -> Result<(&str, Fields), String> {
    let mut parts = line.split('\t');
    let word = parts.next().unwrap_or_default();
    let mut fields = Fields::new();
    for part in parts {
        let (name, value) =
            part.split_once('=').ok_or_else(|| format!("field {part:?} of {word:?} has no `=`"))?;
        if fields.insert(name.to_owned(), decode(value)?).is_some() {
            return Err(format!("{word:?} has the field {name:?} twice"));
        }
    }
    Ok((word, fields))
}

fn join(out: &mut fmt::Formatter<'_>, word: &str, fields: &Fields) -> fmt::Result {
    out.write_str(word)?;
    for (name, value) in fields {
        write!(out, "\t{name}={}", encode(value))?;
    }
    Ok(())
}

/// Percent-encodes every byte except `A-Z a-z 0-9 - . _ ~`.
#[must_use]
pub fn encode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

/// Undoes [`encode`].
///
/// # Errors
/// An escape is broken, or the bytes are not UTF-8.
pub fn decode(text: &str) -> Result<String, String> {
    let broken = || format!("{text:?} has a broken percent escape");
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let mut digit =
            || rest.next().and_then(|digit| char::from(digit).to_digit(16)).ok_or_else(broken);
        let value = digit()? * 16 + digit()?;
        bytes.push(u8::try_from(value).map_err(|_| broken())?);
    }
    String::from_utf8(bytes).map_err(|_| format!("{text:?} is not UTF-8"))
}

/// Writes an `application/x-www-form-urlencoded` text.
#[must_use]
pub fn encode_form(members: &Fields) -> String {
    let pairs: Vec<String> =
        members.iter().map(|(name, value)| format!("{}={}", encode(name), encode(value))).collect();
    pairs.join("&")
}

/// Reads an `application/x-www-form-urlencoded` text.
///
/// # Errors
/// A member has no `=`, a broken escape, or occurs twice.
pub fn decode_form(text: &str) -> Result<Fields, String> {
    let mut members = Fields::new();
    for (name, value) in decode_pairs(text)? {
        if members.insert(name.clone(), value).is_some() {
            return Err(format!("the form has {name} twice: {text:?}"));
        }
    }
    Ok(members)
}

/// The members of a form in their order, which may be repeated.
///
/// # Errors
///
/// A member has no `=`, or a broken escape.
pub fn decode_pairs(text: &str) -> Result<Vec<(String, String)>, String> {
    let decoded = |text: &str| decode(&text.replace('+', " "));
    let pairs = text.split('&').map(|pair| {
        let (name, value) = pair.split_once('=').ok_or_else(|| format!("{text:?} is no form"))?;
        Ok((decoded(name)?, decoded(value)?))
    });
    pairs.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_survive_the_round_trip() {
        let request = Request::new("new")
            .with("handle", "c1")
            .with("user_agent", "tab\there\nand %, é, \u{1}");
        let line = request.to_string();
        assert!(!line.contains('\n'));
        assert_eq!(Request::parse(&line).as_ref(), Ok(&request));
        let reply = Reply::ok().with("value", "a=b\tc").with_some("none", None::<String>);
        assert_eq!(Reply::parse(&reply.to_string()).as_ref(), Ok(&reply));
    }

    #[test]
    fn broken_lines_are_refused() {
        for line in [
            "",
            "fine",
            "ok\tvalue",
            "ok\tvalue=%2",
            "ok\tvalue=%zz",
            "ok\tvalue=%FF",
            "ok\ta=1\ta=2",
        ] {
            assert!(Reply::parse(line).is_err(), "{line:?} was read");
        }
    }

    #[test]
    fn forms_are_read_with_both_kinds_of_space() {
        let members =
            Fields::from([("a b".to_owned(), "1&2".to_owned()), ("c".to_owned(), " ".to_owned())]);
        assert_eq!(decode_form("a+b=1%262&c=%20").as_ref(), Ok(&members));
        assert_eq!(decode_form(&encode_form(&members)), Ok(members));
        for text in ["", "a", "a=1&a=2", "a=%2"] {
            assert!(decode_form(text).is_err(), "{text:?} was read");
        }
    }
}
