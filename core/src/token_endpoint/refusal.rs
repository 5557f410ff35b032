//! A refusal as servers write it: by RFC 6749 (5.2) a JSON object with `error`, but in any encoding,
//! with members repeated, line ends in its texts or its end missing, or as a form. Its code decides
//! what is tried next, so it is found wherever it can be found.

use url::form_urlencoded;
use zeroize::Zeroizing;

use crate::sys::json_members::each_member;
use crate::token_endpoint::codes::registered;

/// What the server said, which nobody is shown.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Refusal {
    /// `error`, if it is a text that is not empty: a registered one where there are several, else
    /// the last.
    pub(crate) code: Option<String>,
    pub(crate) description: Option<String>,
}

impl Refusal {
    /// Reads the beginning of a body that is not white space.
    pub(crate) fn read(body: &[u8]) -> Self {
        let mut refusal = Self::default();
        if body.first() == Some(&b'{') {
            each_member(&text(body), |name, value| {
                if let Ok(value) = serde_json::from_str::<String>(value.get()) {
                    refusal.note(name, &value);
                }
            });
        } else {
            for (name, value) in form_urlencoded::parse(body) {
                refusal.note(&name, &value);
            }
        }
        refusal
    }

    fn note(&mut self, name: &str, value: &str) {
        let is_better = || self.code.as_deref().and_then(registered).is_none();
        match name {
            "error" if !value.is_empty() && (is_better() || registered(value).is_some()) => {
                self.code = Some(value.to_owned());
            }
            "error_description" => self.description = Some(value.to_owned()),
            _ => {}
        }
    }
}

/// The text of a JSON document. What is not UTF-8 is replaced, and so are the control characters,
/// which are white space between its members and a mistake within them.
fn text(body: &[u8]) -> Zeroizing<String> {
    // Room for the longest that it can become, so that no copy of it is left behind.
    let room = body.len() * char::REPLACEMENT_CHARACTER.len_utf8();
    let mut text = Zeroizing::new(String::with_capacity(room));
    for chunk in body.utf8_chunks() {
        text.extend(chunk.valid().chars().map(|letter| if letter < ' ' { ' ' } else { letter }));
        text.extend((!chunk.invalid().is_empty()).then_some(char::REPLACEMENT_CHARACTER));
    }
    text
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn code(body: &[u8]) -> Option<String> {
        Refusal::read(body).code
    }

    #[test]
    fn a_code_is_found_however_it_is_written() {
        for body in [
            &br#"{"error":"invalid_client"}"#[..],
            b"{\"error\":\"invalid_client\",\"error_description\":\"d\xe9j\xe0\"}",
            b"{\"error_description\":\"two\nlines\",\"error\":\"invalid_client\"}",
            br#"{"error_description":"\ud800","error":"invalid_client"}"#,
            br#"{"error":"invalid_client","error":"invalid_client"}"#,
            br#"{"error":"something_else","error":"invalid_client"}"#,
            br#"{"error":"invalid_client","error":"something_else"}"#,
            br#"{"error":"invalid_client","error":null,"error":{"a":1}}"#,
            br#"{"error":"invalid_client","more":1e999,"error_uri":"#,
            br#"{"n":NaN"#,
            br#"{"error":"invalid\u005fclient"}"#,
            b"error=invalid_client&error_description=d%e9j%e0",
            b"error_description=a+b&error=invalid%5Fclient",
            br#"{"deep":[[[[{"error":"no"}]]]],"error":"invalid_client"} trailing"#,
        ] {
            let expected = (!body.starts_with(b"{\"n\"")).then(|| "invalid_client".to_owned());
            assert_eq!(code(body), expected, "{}", String::from_utf8_lossy(body));
        }
    }

    #[test]
    fn what_is_no_refusal_has_no_code() {
        for body in [
            &b""[..],
            b"{}",
            br#"{"error":""}"#,
            br#"{"error":null}"#,
            br#"["error","invalid_client"]"#,
            b"<a href='?error=invalid_client'>again</a>",
            br#"{"data":{"error":"invalid_client"}}"#,
        ] {
            assert_eq!(code(body), None, "{}", String::from_utf8_lossy(body));
        }
    }

    proptest! {
        #[test]
        fn any_description_before_or_behind_leaves_the_code(description: Vec<u8>, before: bool) {
            let escaped: Vec<u8> =
                description.into_iter().filter(|byte| !b"\"\\".contains(byte)).collect();
            let code = br#""error":"invalid_scope""#;
            let described = [&br#""error_description":""#[..], &escaped, b"\""].concat();
            let (one, other) = if before { (&described[..], &code[..]) } else { (&code[..], &described[..]) };
            let body = [b"{", one, b",", other, b"}"].concat();
            prop_assert_eq!(self::code(&body), Some("invalid_scope".to_owned()));
        }

        #[test]
        fn no_bytes_are_too_odd(bytes: Vec<u8>) {
            let _ = Refusal::read(&bytes);
            let _ = Refusal::read(&[b"{", &bytes[..]].concat());
        }
    }
}
