//! The few facts of a certificate (RFC 5280) that are told: who issued it and until when it holds. Read by
//! hand, since a library for all of X.509 is larger than the rest of the doctor; nothing is trusted for it.

/// `commonName` and `organizationName`, as the bytes of their object identifiers.
const COMMON_NAME: [u8; 3] = [0x55, 0x04, 0x03];
const ORGANIZATION: [u8; 3] = [0x55, 0x04, 0x0a];

const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;
const OBJECT_IDENTIFIER: u8 = 0x06;
const UTC_TIME: u8 = 0x17;
/// The version, which old certificates leave out.
const VERSION: u8 = 0xa0;

#[derive(Debug, PartialEq, Eq)]
pub(super) struct Certificate {
    pub(super) issuer: String,
    pub(super) issuer_der: Vec<u8>,
    pub(super) subject_der: Vec<u8>,
    /// As `2026-12-31 23:59 UTC`.
    pub(super) not_after: String,
}

impl Certificate {
    /// `None` for what is none.
    pub(super) fn read(der: &[u8]) -> Option<Self> {
        let (tag, certificate, _) = element(der)?;
        let (inner_tag, mut rest, _) = element(certificate)?;
        if (tag, inner_tag) != (SEQUENCE, SEQUENCE) {
            return None;
        }
        let mut next = || {
            let (tag, content, after) = element(rest)?;
            rest = after;
            Some((tag, content))
        };
        let (first, _) = next()?;
        if first == VERSION {
            next()?;
        }
        let _algorithm = next()?;
        let (_, issuer) = next()?;
        let (_, validity) = next()?;
        let (_, subject) = next()?;
        let (_, _, not_after) = element(validity)?;
        let (tag, not_after, _) = element(not_after)?;
        Some(Self {
            issuer: name(issuer)?,
            issuer_der: issuer.to_vec(),
            subject_der: subject.to_vec(),
            not_after: time(tag == UTC_TIME, not_after)?,
        })
    }
}

/// The tag, the content and what follows of the first element.
fn element(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&tag, rest) = bytes.split_first()?;
    let (&first, rest) = rest.split_first()?;
    let (length, rest) = if first < 0x80 {
        (usize::from(first), rest)
    } else {
        let digits = usize::from(first & 0x7f);
        let (length, rest) = rest.split_at_checked(digits).filter(|_| digits <= 3)?;
        (length.iter().fold(0, |length, &digit| length << 8 | usize::from(digit)), rest)
    };
    let (content, rest) = rest.split_at_checked(length)?;
    Some((tag, content, rest))
}

/// The common name, with the organization where there is one.
fn name(mut names: &[u8]) -> Option<String> {
    let (mut common, mut organization) = (None, None);
    while !names.is_empty() {
        let (tag, set, rest) = element(names)?;
        names = rest;
        let (inner_tag, pair, _) = element(set)?;
        let (kind_tag, kind, value) = element(pair)?;
        if (tag, inner_tag, kind_tag) != (SET, SEQUENCE, OBJECT_IDENTIFIER) {
            return None;
        }
        let (_, value, _) = element(value)?;
        let value = String::from_utf8_lossy(value).into_owned();
        if kind == COMMON_NAME {
            common = Some(value);
        } else if kind == ORGANIZATION {
            organization = Some(value);
        }
    }
    Some(match (common, organization) {
        (Some(common), Some(organization)) => format!("{common} ({organization})"),
        (Some(one), None) | (None, Some(one)) => one,
        (None, None) => "an authority without a name".to_owned(),
    })
}

/// `YYMMDDhhmmssZ` of this century or the last, or `YYYYMMDDhhmmssZ`.
fn time(is_short: bool, digits: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(digits).ok().filter(|text| text.is_ascii())?;
    let text = match is_short {
        true if text.get(..2)? < "50" => format!("20{text}"),
        true => format!("19{text}"),
        false => text.to_owned(),
    };
    let part = |from: usize, to: usize| text.get(from..to);
    Some(format!(
        "{}-{}-{} {}:{} UTC",
        part(0, 4)?,
        part(4, 6)?,
        part(6, 8)?,
        part(8, 10)?,
        part(10, 12)?
    ))
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use proptest::prelude::*;

    use super::*;

    /// Made by openssl: `-subj "/C=AU/O=Acme Pty Ltd/CN=Acme Inspection CA"`.
    fn sample() -> Vec<u8> {
        let text = [
            "MIIB1zCCAX2gAwIBAgIUbhvT4FqtBg0O4POgFWdG1nvn1VwwCgYIKoZIzj0EAwIwQTELMAkGA1UEBhMCQVUxFTATBg",
            "NVBAoMDEFjbWUgUHR5IEx0ZDEbMBkGA1UEAwwSQWNtZSBJbnNwZWN0aW9uIENBMB4XDTI2MTEyNjE1NDI0OVoXDTM2",
            "MTEyMzE1NDI0OVowQTELMAkGA1UEBhMCQVUxFTATBgNVBAoMDEFjbWUgUHR5IEx0ZDEbMBkGA1UEAwwSQWNtZSBJbn",
            "NwZWN0aW9uIENBMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEyeKhc+hnfy2rCZz05osrDlsNkzubx2vixv1uSZEj",
            "8CBlS9SszBAjN8Nn6ayJQP3S2drhfr2Cp9FjnFpug1WBD6NTMFEwHQYDVR0OBBYEFDJrvuwI2tkIQKBUy8iMYDQ9UU",
            "pKMB8GA1UdIwQYMBaAFDJrvuwI2tkIQKBUy8iMYDQ9UUpKMA8GA1UdEwEB/wQFMAMBAf8wCgYIKoZIzj0EAwIDSAAw",
            "RQIgY8aVzgJGslg1L6j8wkC6R/bpr6pwFQ4OIRMNJVh1ImsCIQD82cKfXeMqI0gK7tEAvhrd9sGsS2pQDXz02K9sfM",
            "kYzQ==",
        ];
        STANDARD.decode(text.concat()).unwrap()
    }

    #[test]
    fn the_facts_are_those_that_openssl_wrote() {
        let read = Certificate::read(&sample()).unwrap();
        assert_eq!(read.issuer, "Acme Inspection CA (Acme Pty Ltd)");
        assert_eq!(read.not_after, "2036-11-23 15:42 UTC");
        assert_eq!(read.issuer_der, read.subject_der);
    }

    #[test]
    fn both_forms_of_time_are_read() {
        assert_eq!(time(true, b"491231235959Z").unwrap(), "2049-12-31 23:59 UTC");
        assert_eq!(time(true, b"990102030405Z").unwrap(), "1999-01-02 03:04 UTC");
        assert_eq!(time(false, b"40960101000000Z").unwrap(), "4096-01-01 00:00 UTC");
        assert_eq!(time(false, b"4096"), None);
    }

    proptest! {
        #[test]
        fn what_is_torn_or_damaged_is_read_without_a_panic(
            length in 0usize..480,
            at in 0usize..480,
            byte in any::<u8>(),
        ) {
            let mut damaged = sample();
            damaged.truncate(length);
            prop_assert_eq!(Certificate::read(&damaged).is_none(), length < sample().len());
            let mut damaged = sample();
            if let Some(place) = damaged.get_mut(at) {
                *place = byte;
            }
            let _ = Certificate::read(&damaged);
        }

        #[test]
        fn any_bytes_are_read_without_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = Certificate::read(&bytes);
        }
    }
}
