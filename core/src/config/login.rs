//! The name and password in a URL, taken apart without a copy that stays behind.

use zeroize::Zeroizing;

#[cfg(feature = "doctor")]
use crate::sys::secret::Secret;

/// What stands before the address, if anything does, and the address. A password may hold an @ as it is.
pub(crate) fn split(authority: &str) -> (Option<&str>, &str) {
    match authority.rsplit_once('@') {
        Some((login, address)) => (Some(login), address),
        None => (None, authority),
    }
}

/// Both with percent escapes undone; what is not there is empty.
pub(crate) fn name_and_password(login: &str) -> (Zeroizing<Vec<u8>>, Zeroizing<Vec<u8>>) {
    let (name, password) = login.split_once(':').unwrap_or((login, ""));
    (decoded(name), decoded(password))
}

/// The password in a URL, as it is written and as it is meant, also where the URL is of no use otherwise. A
/// name that stands alone is one too.
#[cfg(feature = "doctor")]
pub(crate) fn secrets(url: &str) -> Vec<Secret> {
    let (login, _) = split(url.split_once("://").map_or(url, |(_, rest)| rest));
    let written = match login.unwrap_or_default().split_once(':') {
        Some((name, "")) => name,
        Some((_, password)) => password,
        None => login.unwrap_or_default(),
    };
    if written.is_empty() {
        return Vec::new();
    }
    let meant = String::from_utf8_lossy(&decoded(written)).into_owned();
    vec![Secret::new(written), Secret::new(meant)]
}

/// What looks like an escape and is none stays.
fn decoded(text: &str) -> Zeroizing<Vec<u8>> {
    let mut bytes = text.as_bytes();
    let mut decoded = Zeroizing::new(Vec::with_capacity(bytes.len()));
    while let Some((&first, rest)) = bytes.split_first() {
        let digit = |at: usize| rest.get(at).and_then(|byte| char::from(*byte).to_digit(16));
        let escaped = match (first, digit(0), digit(1)) {
            (b'%', Some(high), Some(low)) => u8::try_from(high * 16 + low).ok(),
            _ => None,
        };
        decoded.push(escaped.unwrap_or(first));
        bytes = if escaped.is_some() { &rest[2..] } else { rest };
    }
    decoded
}

#[cfg(all(test, feature = "doctor"))]
mod tests {
    use super::*;

    #[test]
    fn of_a_url_the_password_is_secret_and_of_a_word_nothing() {
        for (url, found) in [
            ("http://name:p%40ss@proxy.example:3128", &["p%40ss", "p@ss"][..]),
            ("name:a:b@proxy.example", &["a:b", "a:b"]),
            ("socks5://name:pass@proxy.example", &["pass", "pass"]),
            ("redis://:pa/ss@host/0", &["pa/ss", "pa/ss"]),
            ("http://key@proxy.example", &["key", "key"]),
            ("http://key:@proxy.example", &["key", "key"]),
            ("http://proxy.example:3128", &[]),
            ("proxy.example", &[]),
            ("local", &[]),
            ("none", &[]),
        ] {
            let told: Vec<_> = secrets(url).iter().map(|one| one.expose().to_owned()).collect();
            assert_eq!(told, found, "{url}");
        }
    }
}
