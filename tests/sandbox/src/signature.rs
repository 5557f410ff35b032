//! How webhooks are signed: by the SEEK API over the body, by SEEK Pass over a timestamp and the body.

use ring::hmac::{Algorithm, HMAC_SHA256, HMAC_SHA512, Key, sign};
use serde::{Deserialize, Serialize};

/// How SEEK Pass joins timestamp and body before it signs them. Which of these it does is not documented.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum SignedContent {
    /// With a full stop between them.
    #[default]
    #[serde(rename = "{timestamp}.{body}")]
    Dotted,
    /// With nothing between them.
    #[serde(rename = "{timestamp}{body}")]
    Joined,
    /// The timestamp behind the body.
    #[serde(rename = "{body}{timestamp}")]
    Behind,
    /// With a line feed between them.
    #[serde(rename = "{timestamp}\n{body}")]
    Lines,
}

impl SignedContent {
    fn of(self, timestamp: &str, body: &str) -> String {
        match self {
            SignedContent::Dotted => format!("{timestamp}.{body}"),
            SignedContent::Joined => format!("{timestamp}{body}"),
            SignedContent::Behind => format!("{body}{timestamp}"),
            SignedContent::Lines => format!("{timestamp}\n{body}"),
        }
    }
}

/// `Seek-Signature`.
pub(crate) fn seek_api(secret: &str, body: &str) -> String {
    hex(HMAC_SHA512, secret, body)
}

/// `X-Signature`.
pub(crate) fn seek_pass(
    secret: &str,
    timestamp: &str,
    body: &str,
    content: SignedContent,
) -> String {
    hex(HMAC_SHA256, secret, &content.of(timestamp, body))
}

fn hex(algorithm: Algorithm, secret: &str, message: &str) -> String {
    let tag = sign(&Key::new(algorithm, secret.as_bytes()), message.as_bytes());
    tag.as_ref().iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_seek_api_signs_as_its_sample_backend_checks() {
        let body = concat!(
            r#"{"events":[{"createDateTime":"foo","id":"foo","type":"CandidateApplicationCreated","#,
            r#""candidateApplicationProfileId":"foo","candidateId":"foo"}],"subscriptionId":"signed"}"#
        );
        assert_eq!(
            seek_api("Hi Richard!", body),
            concat!(
                "f46498ef22eb3534b46e5d7e7a5b84c6fca2794aeb85a7e35d557cde07550ec0",
                "79b9abdb71cf1c29d51911c140047a212f61fbd07bd69e80c3d9dca89b8d3137"
            )
        );
    }

    #[test]
    fn seek_pass_signs_what_rfc_4231_has_a_digest_for() {
        // Test case 2: the key "Jefe" and the message "what do ya want for nothing?".
        let digest = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
        for (timestamp, body, content) in [
            ("what do ya want ", "for nothing?", SignedContent::Joined),
            ("for nothing?", "what do ya want ", SignedContent::Behind),
        ] {
            assert_eq!(seek_pass("Jefe", timestamp, body, content), digest);
        }
        assert_eq!(SignedContent::Dotted.of("1", "{}"), "1.{}");
        assert_eq!(SignedContent::Lines.of("1", "{}"), "1\n{}");
    }
}
