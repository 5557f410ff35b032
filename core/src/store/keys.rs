//! What the client secret is made into: the names under which things lie in the store, which nobody
//! without the secret can link to anything, and a key for each record.

use std::sync::Arc;

use zeroize::Zeroizing;

use crate::store::crypto::{aead, hkdf, hmac};
use crate::sys::secret::Secret;

const SALT: &[u8] = b"seekauth store 1";
/// Letters of a name, in hexadecimal.
const NAME: usize = 16;

/// The keys that follow from one secret.
#[derive(Clone)]
pub(crate) struct Keys {
    root: Arc<hkdf::Prk>,
    names: hmac::Key,
}

/// A length for [`hkdf`].
struct Length(usize);

impl hkdf::KeyType for Length {
    fn len(&self) -> usize {
        self.0
    }
}

impl Keys {
    /// From a client secret, or from what stands in its place.
    pub(crate) fn new(secret: &[u8]) -> Self {
        let root = hkdf::Salt::new(hkdf::HKDF_SHA256, SALT).extract(secret);
        let mut names = Zeroizing::new([0; 32]);
        expand(&root, &[b"name"], &mut *names);
        Self { root: Arc::new(root), names: hmac::Key::new(hmac::HMAC_SHA256, &*names) }
    }

    /// The name of what belongs to `identity`.
    pub(crate) fn name(&self, identity: &[u8]) -> String {
        hex(&hmac::sign(&self.names, identity).as_ref()[..NAME])
    }

    /// The name of what belongs to `identity` and to this very secret, whatever the keys come from.
    pub(crate) fn name_with(&self, identity: &[u8], secret: &Secret) -> String {
        let secret = hmac::sign(&self.names, secret.expose().as_bytes());
        self.name(&[b"secret", secret.as_ref(), identity].concat())
    }

    /// Bytes that no two texts have in common, not even on machines resumed from one snapshot.
    pub(crate) fn salt(&self, random: &[u8], text: &[u8]) -> [u8; 16] {
        let mut context = hmac::Context::with_key(&self.names);
        context.update(b"salt");
        context.update(random);
        context.update(text);
        let mut salt = [0; 16];
        salt.copy_from_slice(&context.sign().as_ref()[..16]);
        salt
    }

    /// The key of one record, used once.
    pub(crate) fn record(&self, salt: &[u8], name: &str) -> Option<aead::LessSafeKey> {
        let mut key = Zeroizing::new([0; 32]);
        expand(&self.root, &[b"record", salt, name.as_bytes()], &mut *key);
        aead::UnboundKey::new(&aead::AES_256_GCM, &*key).ok().map(aead::LessSafeKey::new)
    }
}

/// Fills `key`, whose length HKDF can always give.
fn expand(root: &hkdf::Prk, info: &[&[u8]], key: &mut [u8]) {
    let made = root.expand(info, Length(key.len())).and_then(|okm| okm.fill(key));
    debug_assert!(made.is_ok(), "HKDF gives up to 8,160 bytes");
}

/// The parts of a text with their lengths before them, so that no two lists make the same text.
pub(crate) fn joined<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> Vec<u8> {
    let mut text = Vec::new();
    for part in parts {
        text.extend_from_slice(&(part.len() as u64).to_be_bytes());
        text.extend_from_slice(part);
    }
    text
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits.map(|digit| char::from(DIGITS[usize::from(digit)])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stay_the_same_between_versions() {
        let keys = Keys::new(b"a client secret");
        assert_eq!(keys.name(b"identity"), "da1c9930fd4afe1274df875b68e283ad");
        assert_eq!(
            keys.name_with(b"identity", &Secret::new("other")),
            "b3890b1c2e9ba5e133a54dce413e4ce5"
        );
    }

    #[test]
    fn names_tell_secrets_and_identities_apart() {
        let (one, other) = (Keys::new(b"one"), Keys::new(b"other"));
        assert_ne!(one.name(b"identity"), other.name(b"identity"));
        assert_ne!(one.name(b"identity"), one.name(b"identitz"));
        let secret = |text: &str| one.name_with(b"identity", &Secret::new(text));
        assert_ne!(secret("one"), secret("two"));
    }

    #[test]
    fn lists_are_joined_in_one_way_only() {
        let parts = |list: &[&str]| joined(list.iter().map(|part| part.as_bytes()));
        assert_ne!(parts(&["ab", "c"]), parts(&["a", "bc"]));
        assert_ne!(parts(&["", "a"]), parts(&["a", ""]));
    }

    #[test]
    fn salts_differ_with_the_text_even_where_the_random_bytes_do_not() {
        let keys = Keys::new(b"secret");
        assert_ne!(keys.salt(&[0; 16], b"one"), keys.salt(&[0; 16], b"two"));
        assert_ne!(keys.salt(&[0; 16], b"one"), keys.salt(&[1; 16], b"one"));
    }
}
