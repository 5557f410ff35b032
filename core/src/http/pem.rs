//! Certificates in PEM form, in the ways in which other programs write them.

use std::borrow::Cow;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

/// Labels that say CERTIFICATE in another way. OpenSSL's "trusted" ones have its own opinions
/// behind the certificate.
const OTHER_LABELS: [&str; 2] = ["TRUSTED CERTIFICATE", "X509 CERTIFICATE"];

/// All certificates of a file; nothing where it is malformed.
pub(crate) fn certificates(bytes: &[u8]) -> Option<Vec<CertificateDer<'static>>> {
    let text = String::from_utf8_lossy(without_bom(bytes));
    let text = OTHER_LABELS.iter().fold(text, |text, label| {
        let (other, usual) = (format!("{label}-----"), "CERTIFICATE-----");
        if text.contains(&other) { Cow::Owned(text.replace(&other, usual)) } else { text }
    });
    let found = CertificateDer::pem_slice_iter(text.as_bytes()).collect::<Result<Vec<_>, _>>();
    let found = found.ok()?.into_iter();
    found.map(|whole| Some(CertificateDer::from(first_element(&whole)?.to_vec()))).collect()
}

/// Editors on Windows put a byte-order mark in front.
pub(crate) fn without_bom(bytes: &[u8]) -> &[u8] {
    bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes)
}

/// The first DER element.
fn first_element(der: &[u8]) -> Option<&[u8]> {
    let (&length, rest) = der.get(1..)?.split_first()?;
    let (header, length) = match length {
        0..=0x7f => (2, usize::from(length)),
        0x81..=0x84 => {
            let digits = usize::from(length & 0x7f);
            let length = rest.get(..digits)?.iter();
            (2 + digits, length.fold(0, |sum, digit| sum << 8 | usize::from(*digit)))
        }
        _ => return None,
    };
    der.get(..header.checked_add(length)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_element_ends_where_it_says() {
        assert_eq!(first_element(&[0x30, 1, 7, 9, 9]), Some([0x30, 1, 7].as_slice()));
        assert_eq!(first_element(&[0x30, 0x81, 1, 7, 9]), Some([0x30, 0x81, 1, 7].as_slice()));
        for broken in [[].as_slice(), &[0x30], &[0x30, 2, 1], &[0x30, 0x85, 1], &[0x30, 0x82, 1]] {
            assert_eq!(first_element(broken), None, "{broken:?}");
        }
    }
}
