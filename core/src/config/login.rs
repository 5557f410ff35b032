//! The name and password in a URL, taken apart without a copy that stays behind.

use zeroize::Zeroizing;

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
