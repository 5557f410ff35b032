//! What a case expects of one value: a literal, absence, or a set of conditions that must all hold.
//! It decides about text only, for reply fields and request parts alike, and knows nothing of the
//! protocol.

use serde_json::Value;

/// A condition on one piece of text, which may be missing.
#[derive(Debug, Clone, PartialEq)]
pub enum Matcher {
    /// The text is exactly this.
    Is(String),
    /// There is no text at all.
    Absent,
    /// Every one of these holds.
    All(Vec<Condition>),
}

/// One condition of [`Matcher::All`].
#[derive(Debug, Clone, PartialEq)]
pub enum Condition {
    /// A number, at least this.
    Min(i128),
    /// A number, at most this.
    Max(i128),
    /// All of these occur in the text.
    Contains(Vec<String>),
    /// None of these occurs in the text.
    Lacks(Vec<String>),
    /// The text is something else.
    Not(String),
    /// The same words, separated by single spaces, in any order, each once.
    Words(Vec<String>),
    /// There is text, and it is not empty.
    Present,
    /// JSON of this value, in any spelling; members of the whole that are empty do not count.
    Json(Value),
    /// A UUID of version 4.
    Uuid,
}

impl Matcher {
    /// Reads the matcher out of a case file.
    ///
    /// # Errors
    /// The value is of no known form; a mistyped condition is refused rather than ignored.
    pub fn read(value: &Value) -> Result<Self, String> {
        match value {
            Value::Null => Ok(Self::Absent),
            Value::Object(conditions) if conditions.is_empty() => {
                Err("an empty object expects nothing".to_owned())
            }
            Value::Object(conditions) => conditions
                .iter()
                .map(|(name, value)| Condition::read(name, value))
                .collect::<Result<_, _>>()
                .map(Self::All),
            _ => text(value).map(Self::Is),
        }
    }

    /// Checks the text; the error says what was expected and what came.
    ///
    /// # Errors
    /// The text does not match.
    pub fn check(&self, what: &str, found: Option<&str>) -> Result<(), String> {
        let shown = found.map_or_else(|| "nothing".to_owned(), shorten);
        match (self, found) {
            (Self::Absent, None) => Ok(()),
            (Self::Absent, Some(_)) => Err(format!("{what}: expected nothing, came {shown}")),
            (Self::Is(text), Some(found)) if text == found => Ok(()),
            (Self::Is(text), _) => Err(format!("{what}: expected {text:?}, came {shown}")),
            (Self::All(conditions), Some(found)) => conditions
                .iter()
                .find(|condition| !condition.holds(found))
                .map_or(Ok(()), |failed| {
                    Err(format!("{what}: expected {}, came {shown}", failed.describe()))
                }),
            (Self::All(conditions), None) => {
                let wanted: Vec<String> = conditions.iter().map(Condition::describe).collect();
                Err(format!("{what}: expected {}, came nothing", wanted.join(" and ")))
            }
        }
    }
}

impl Condition {
    fn read(name: &str, value: &Value) -> Result<Self, String> {
        let number = || {
            value
                .as_i64()
                .map(i128::from)
                .or_else(|| value.as_u64().map(i128::from))
                // A substituted figure, such as a moment, arrives as text.
                .or_else(|| value.as_str()?.parse().ok())
                .ok_or_else(|| format!("{name} takes an integer, not {value}"))
        };
        match name {
            "min" => number().map(Self::Min),
            "max" => number().map(Self::Max),
            "contains" => texts(value).map(Self::Contains),
            "lacks" => texts(value).map(Self::Lacks),
            "not" => text(value).map(Self::Not),
            "words" => text(value).map(|text| Self::Words(words(&text))),
            "present" if value == &Value::Bool(true) => Ok(Self::Present),
            "json" => Ok(Self::Json(pruned(value.clone()))),
            "uuid" if value == &Value::Bool(true) => Ok(Self::Uuid),
            _ => Err(format!("unknown condition {name:?}: {value}")),
        }
    }

    fn holds(&self, found: &str) -> bool {
        match self {
            Self::Min(bound) => found.parse::<i128>().is_ok_and(|number| number >= *bound),
            Self::Max(bound) => found.parse::<i128>().is_ok_and(|number| number <= *bound),
            Self::Contains(parts) => parts.iter().all(|part| found.contains(part)),
            Self::Lacks(parts) => !parts.iter().any(|part| found.contains(part)),
            Self::Not(text) => text != found,
            Self::Words(expected) => words(found) == *expected,
            Self::Present => !found.is_empty(),
            Self::Json(expected) => {
                serde_json::from_str(found).is_ok_and(|found: Value| pruned(found) == *expected)
            }
            Self::Uuid => is_uuid(found),
        }
    }

    fn describe(&self) -> String {
        match self {
            Self::Min(bound) => format!("at least {bound}"),
            Self::Max(bound) => format!("at most {bound}"),
            Self::Contains(parts) => format!("text with {parts:?}"),
            Self::Lacks(parts) => format!("text without {parts:?}"),
            Self::Not(text) => format!("anything but {text:?}"),
            Self::Words(words) => format!("the words {words:?} in any order"),
            Self::Present => "some text".to_owned(),
            Self::Json(expected) => format!("the JSON {expected}"),
            Self::Uuid => "a UUID of version 4".to_owned(),
        }
    }
}

/// Languages differ in whether they show a member that has nothing in it.
fn pruned(mut value: Value) -> Value {
    if let Value::Object(members) = &mut value {
        members.retain(|_, member| match member {
            Value::Null => false,
            Value::Array(items) => !items.is_empty(),
            Value::Object(members) => !members.is_empty(),
            _ => true,
        });
    }
    value
}

fn is_uuid(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let hexadecimal = |part: &&str| part.bytes().all(|byte| byte.is_ascii_hexdigit());
    parts.iter().map(|part| part.len()).eq([8, 4, 4, 4, 12])
        && parts.iter().all(hexadecimal)
        && parts[2].starts_with('4')
        && parts[3].starts_with(['8', '9', 'a', 'b', 'A', 'B'])
}

/// A text as it is shown in a report, where nobody reads megabytes.
#[must_use]
pub fn shorten(text: &str) -> String {
    const LONGEST: usize = 300;
    match text.char_indices().nth(LONGEST) {
        Some((cut, _)) => format!("{:?}… ({} bytes)", &text[..cut], text.len()),
        None => format!("{text:?}"),
    }
}

/// Splitting at every single space keeps a doubled or trailing one visible as an empty word.
fn words(text: &str) -> Vec<String> {
    let mut words: Vec<String> = text.split(' ').map(str::to_owned).collect();
    words.sort();
    words
}

/// A text, number or flag of a case file as the text that travels.
///
/// # Errors
/// The value is none of these.
pub fn text(value: &Value) -> Result<String, String> {
    match value {
        Value::String(text) => Ok(text.clone()),
        Value::Bool(flag) => Ok(flag.to_string()),
        Value::Number(number) => Ok(number.to_string()),
        _ => Err(format!("expected a text, a number or a flag, not {value}")),
    }
}

fn texts(value: &Value) -> Result<Vec<String>, String> {
    match value {
        Value::Array(values) if !values.is_empty() => values.iter().map(text).collect(),
        Value::Array(_) => Err("an empty list expects nothing".to_owned()),
        _ => Ok(vec![text(value)?]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn check(expected: &Value, found: Option<&str>) -> Result<(), String> {
        Matcher::read(expected)?.check("it", found)
    }

    #[test]
    fn every_form_accepts_what_it_should_and_refuses_the_rest() {
        let table = [
            (json!("a"), Some("a"), Some("b")),
            (json!("a"), Some("a"), None),
            (json!(5), Some("5"), Some("6")),
            (json!(true), Some("true"), Some("false")),
            (json!(null), None, Some("")),
            (json!({"min": 5}), Some("5"), Some("4")),
            (json!({"max": 5}), Some("5"), Some("6")),
            (json!({"min": 5, "max": 7}), Some("6"), Some("8")),
            (json!({"min": 5}), Some("9"), Some("nine")),
            (json!({"min": "5"}), Some("5"), Some("4")),
            (json!({"min": 5}), Some("9"), None),
            (json!({"max": i64::MAX}), Some("9223372036854775807"), Some("9223372036854775808")),
            (json!({"contains": "b"}), Some("abc"), Some("ac")),
            (json!({"contains": ["a", "c"]}), Some("abc"), Some("ab")),
            (json!({"lacks": "b"}), Some("ac"), Some("abc")),
            (json!({"lacks": ["x", "b"]}), Some("ac"), Some("abc")),
            (json!({"lacks": "b"}), Some("ac"), None),
            (json!({"not": "a"}), Some("b"), Some("a")),
            (json!({"not": "a"}), Some("b"), None),
            (json!({"words": "a b"}), Some("b a"), Some("a")),
            (json!({"words": "a b"}), Some("a b"), Some("a b b")),
            (json!({"words": "a b"}), Some("a b"), Some("a  b")),
            (json!({"present": true}), Some("a"), Some("")),
            (json!({"contains": "a", "lacks": "b"}), Some("a"), Some("ab")),
            (json!({"json": {"a": [1]}}), Some(r#"{"b": [], "a":[1],"c":null}"#), Some("[1]")),
            (json!({"json": {"a": {"b": null}}}), Some(r#"{"a":{"b":null}}"#), Some(r#"{"a":{}}"#)),
            (json!({"json": []}), Some("[]"), Some("")),
            (
                json!({"uuid": true}),
                Some("919108f7-52d1-4320-9bac-f847db4148a8"),
                Some("919108f7-52d1-1320-9bac-f847db4148a8"),
            ),
            (json!({"uuid": true}), Some("919108F7-52D1-4320-BBAC-F847DB4148A8"), Some("4-8")),
        ];
        for (expected, good, bad) in table {
            assert_eq!(check(&expected, good), Ok(()), "{expected} refused {good:?}");
            assert!(check(&expected, bad).is_err(), "{expected} accepted {bad:?}");
        }
    }

    #[test]
    fn expectations_that_could_not_fail_are_refused() {
        for value in [
            json!({}),
            json!({"contain": "a"}),
            json!({"present": false}),
            json!({"uuid": false}),
            json!({"min": "five"}),
            json!([1]),
        ] {
            assert!(Matcher::read(&value).is_err(), "{value} was read");
        }
        assert!(Matcher::read(&json!({"contains": []})).is_err());
        assert!(Matcher::read(&json!({"lacks": []})).is_err());
    }

    #[test]
    fn a_failure_says_what_was_expected_and_what_came() {
        assert_eq!(check(&json!("a"), Some("b")), Err("it: expected \"a\", came \"b\"".to_owned()));
        assert_eq!(
            check(&json!({"min": 2}), None),
            Err("it: expected at least 2, came nothing".to_owned())
        );
    }
}
