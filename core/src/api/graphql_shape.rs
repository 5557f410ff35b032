//! The shape of a GraphQL response: an object with `data`, `errors` or both, where `data` is an object
//! and `errors` a list of objects. It is looked at once, here, so that no façade meets another one.
//! What it reads of `errors` it reads from text that strict readers refuse, too.

use std::borrow::Cow;

use serde::{Deserialize, Deserializer};
use serde_json::Value;
use serde_json::value::RawValue;

/// Far less than what the reader of JSON takes.
const MAX_DEPTH: usize = 64;

/// The `errors` of a response, or what is wrong with it.
pub(crate) fn errors(text: &str) -> Result<Vec<Value>, &'static str> {
    #[derive(Default, Deserialize)]
    #[serde(default)]
    struct Members<'a> {
        #[serde(borrow, deserialize_with = "present")]
        data: Option<&'a RawValue>,
        #[serde(borrow, deserialize_with = "present")]
        errors: Option<&'a RawValue>,
    }
    let object = text.trim_ascii_start().starts_with('{');
    let members: Option<Members<'_>> = serde_json::from_str(text).ok().filter(|_| object);
    let Some(members) = members.filter(|all| all.data.is_some() || all.errors.is_some()) else {
        return Err("is not GraphQL");
    };
    if members.data.is_some_and(|data| !data.get().starts_with('{') && data.get() != "null") {
        return Err("has data that is not an object");
    }
    match members.errors.map(RawValue::get) {
        None | Some("null") => Ok(Vec::new()),
        Some(errors) => entries(errors).ok_or("has errors that are not a list of objects"),
    }
}

/// Whatever is there, even `null`.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<&'de RawValue>, D::Error> {
    <&RawValue>::deserialize(deserializer).map(Some)
}

fn entries(errors: &str) -> Option<Vec<Value>> {
    let entries: Vec<&RawValue> = serde_json::from_str(errors).ok()?;
    entries.into_iter().map(|entry| object(entry.get())).collect()
}

fn object(entry: &str) -> Option<Value> {
    let value = serde_json::from_str(entry);
    value.or_else(|_| serde_json::from_str(&readable(entry))).ok().filter(Value::is_object)
}

/// JSON without what its reader refuses: half a surrogate pair becomes U+FFFD; a number beyond reach,
/// and what is nested too deeply, `null`.
fn readable(json: &str) -> String {
    let mut rest = json;
    let mut out = String::with_capacity(json.len());
    let mut depth = 0_usize;
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '"' => string_length(rest),
            '-' | '0'..='9' => rest.find([',', ']', '}', ' ', '\n', '\r', '\t']),
            _ => None,
        };
        let (token, behind) = rest.split_at(length.unwrap_or(first.len_utf8()).min(rest.len()));
        rest = behind;
        match first {
            '[' | '{' => depth += 1,
            ']' | '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        let closes = matches!(first, ']' | '}') && depth == MAX_DEPTH;
        if closes {
            out.push_str("null");
        } else if depth <= MAX_DEPTH {
            out.push_str(&match first {
                '"' => paired(token),
                '-' | '0'..='9' if serde_json::from_str::<Value>(token).is_err() => "null".into(),
                _ => token.into(),
            });
        }
    }
    out
}

/// The length of the string that the text begins with, quotes included.
fn string_length(text: &str) -> Option<usize> {
    let mut is_escaped = false;
    text.char_indices().skip(1).find_map(|(at, letter)| {
        let ends = letter == '"' && !is_escaped;
        is_escaped = letter == '\\' && !is_escaped;
        ends.then_some(at + 1)
    })
}

/// The string with U+FFFD for each half of a surrogate pair that lacks the other.
pub(super) fn paired(string: &str) -> Cow<'_, str> {
    if serde_json::from_str::<Value>(string).is_ok() {
        return string.into();
    }
    let mut out = String::with_capacity(string.len());
    let mut rest = string;
    while let Some(at) = rest.find('\\') {
        let (before, escape) = rest.split_at(at);
        out.push_str(before);
        let length = match (unit(escape), escape.get(6..).and_then(unit)) {
            (Some(0xD800..0xDC00), Some(0xDC00..0xE000)) => 12,
            (Some(0xD800..0xE000), _) => {
                out.push('\u{fffd}');
                rest = &escape[6..];
                continue;
            }
            (Some(_), _) => 6,
            (None, _) => 2,
        };
        let (escape, behind) = escape.split_at_checked(length).unwrap_or((escape, ""));
        out.push_str(escape);
        rest = behind;
    }
    out.push_str(rest);
    out.into()
}

/// The UTF-16 code unit of an escape such as `\ud83d`.
fn unit(escape: &str) -> Option<u16> {
    u16::from_str_radix(escape.strip_prefix("\\u")?.get(..4)?, 16).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn a_graphql_response_has_data_or_errors() {
        for text in [r#"{"data":null}"#, r#"{"errors":[]}"#, r#" {"x":1,"data":{}}"#] {
            assert_eq!(errors(text), Ok(vec![]), "{text}");
        }
        for text in ["", "{}", "[]", "[{},{}]", "<html>", r#"{"data":{}} x"#, r#"{"message":"no"}"#]
        {
            assert_eq!(errors(text), Err("is not GraphQL"), "{text}");
        }
    }

    #[test]
    fn null_is_no_error_and_no_other_shape_is_a_list() {
        assert_eq!(errors(r#"{"data":{},"errors":null}"#), Ok(vec![]));
        for odd in ["\"text\"", "7", "true", "{}", "[null]", "[7]", "[\"text\"]", "[{},[]]"] {
            let text = format!(r#"{{"data":{{}},"errors":{odd}}}"#);
            assert_eq!(errors(&text), Err("has errors that are not a list of objects"), "{odd}");
        }
        for odd in ["\"text\"", "7", "true", "[]"] {
            let text = format!(r#"{{"data":{odd}}}"#);
            assert_eq!(errors(&text), Err("has data that is not an object"), "{odd}");
        }
    }

    #[test]
    fn what_strict_readers_refuse_is_an_error_all_the_same() {
        let deep = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        let cases = [
            (r#""message":"\ud800 x \ude00""#.to_owned(), "\u{fffd} x \u{fffd}"),
            (r#""message":"\ud83d\ude00 \ud83d""#.to_owned(), "\u{1f600} \u{fffd}"),
            (r#""message":"\\ud800 \"\ud800\\""#.to_owned(), "\\ud800 \"\u{fffd}\\"),
            (r#""n":1e999,"message":"x""#.to_owned(), "x"),
            (format!(r#""deep":{},"message":"x""#, deep(100_000)), "x"),
            (format!(r#""deep":{},"message":"x""#, deep(200)), "x"),
        ];
        for (members, message) in cases {
            let text = format!(r#"{{"errors":[{{{members},"extensions":{{"code":"A"}}}}]}}"#);
            let errors = errors(&text).unwrap();
            assert_eq!(errors[0]["message"], json!(message), "{text:.80}");
            assert_eq!(errors[0]["extensions"]["code"], json!("A"), "{text:.80}");
        }
    }

    proptest! {
        /// What can be read is not changed, and what is read for the second time can be read.
        #[test]
        fn nothing_readable_is_changed(text in r#"(\\\\|\\"|\\n|\\u[0-9a-f]{4}|[a-z \u{e9}]){0,12}"#) {
            let entry = format!(r#"{{"a":["{text}",-1.5e3,[true]],"b":"{text}"}}"#);
            let again = readable(&entry);
            prop_assert!(serde_json::from_str::<Value>(&again).is_ok(), "{}", again);
            if serde_json::from_str::<Value>(&entry).is_ok() {
                prop_assert_eq!(again, entry);
            }
        }

        #[test]
        fn any_text_has_a_shape_or_none(text in r#"[\[\]{}",:\\u0-9de. ]{0,40}"#) {
            let _ = readable(&text);
            let _ = errors(&format!(r#"{{"errors":[{{"a":{text}}}]}}"#));
        }
    }
}
