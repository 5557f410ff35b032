//! Looks for secrets and tokens in text that may be logged. A secret is looked for as it is and in
//! the encodings in which it travels, so that a quoted request body or Basic header is found too.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::wire;

/// Shorter pieces would be found by chance.
const SHORTEST: usize = 8;

/// The texts that must never show.
#[derive(Debug, Clone, Default)]
pub struct Secrets(BTreeSet<String>);

impl Secrets {
    /// Adds a secret or a token.
    pub fn add(&mut self, secret: &str) {
        // A control or foreign character may be escaped where the text is shown, but what surrounds
        // it would show.
        let pieces = secret.split(|letter: char| !letter.is_ascii_graphic() && letter != ' ');
        for piece in pieces.filter(|piece| piece.len() >= SHORTEST) {
            self.0.insert(piece.to_owned());
            self.0.insert(wire::encode(piece));
            self.0.insert(wire::encode(piece).replace("%20", "+"));
        }
    }

    /// Adds the Basic credentials of a client id and a secret.
    pub fn add_pair(&mut self, id: &str, secret: &str) {
        let form = |text: &str| wire::encode(text).replace("%20", "+");
        self.0.insert(base64(format!("{}:{}", form(id), form(secret)).as_bytes()));
        self.0.insert(base64(format!("{id}:{secret}").as_bytes()));
    }

    /// Adds every `access_token` in scripted answers.
    pub fn add_tokens(&mut self, answers: &Value) {
        match answers {
            Value::Array(values) => values.iter().for_each(|value| self.add_tokens(value)),
            Value::Object(members) => {
                for (name, value) in members {
                    match value.as_str() {
                        Some(token) if name == "access_token" => self.add(token),
                        _ => self.add_tokens(value),
                    }
                }
            }
            _ => {}
        }
    }

    /// Checks that the text holds none of them.
    ///
    /// # Errors
    /// It does.
    pub fn check(&self, what: &str, text: &str) -> Result<(), String> {
        match self.0.iter().find(|secret| text.contains(secret.as_str())) {
            Some(secret) => Err(format!("{what} shows the secret {secret:?}: {text:?}")),
            None => Ok(()),
        }
    }
}

fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for chunk in bytes.chunks(3) {
        let bits = chunk.iter().fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte))
            << (8 * (3 - chunk.len()));
        for place in 0..4 {
            let digit = usize::try_from(bits >> (18 - 6 * place) & 63).unwrap_or_default();
            out.push(if place <= chunk.len() { char::from(DIGITS[digit]) } else { '=' });
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_found_in_every_form() {
        let mut secrets = Secrets::default();
        secrets.add("a secret & more=100%");
        secrets.add("first-half\r\nsecond-half");
        secrets.add_pair("id", "a secret & more=100%");
        secrets.add_tokens(&serde_json::json!([{"json": {"access_token": "a-scripted-token"}}]));
        for text in [
            "the a secret & more=100% shows",
            "body client_secret=a+secret+%26+more%3D100%25&x",
            "body client_secret=a%20secret%20%26%20more%3D100%25",
            "a-scripted-token",
            "token first-half\\r\\nsecond-half",
            "Basic aWQ6YStzZWNyZXQrJTI2K21vcmUlM0QxMDAlMjU=",
        ] {
            assert!(secrets.check("it", text).is_err(), "{text:?} passed");
        }
        assert_eq!(secrets.check("it", "nothing to see"), Ok(()));
    }

    #[test]
    fn base64_is_padded_as_in_rfc_4648() {
        let encoded: Vec<String> =
            ["f", "fo", "foo", "foob"].iter().map(|text| base64(text.as_bytes())).collect();
        assert_eq!(encoded, ["Zg==", "Zm8=", "Zm9v", "Zm9vYg=="]);
    }
}
