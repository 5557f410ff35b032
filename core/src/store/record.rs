//! What lies in the store, sealed: who can read the store learns sizes and times, who can write to it
//! can destroy and replay. Nothing in a record is believed before its tag is checked.
//!
//! | bytes | what |
//! |---|---|
//! | 0–3 | `SKA1` |
//! | 4 | 1 token, 2 note |
//! | 5–20 | salt of the record's key |
//! | 21– | AES-256-GCM of a JSON object, and its tag; bytes 0–20 are authenticated with it |

use std::time::Duration;

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::store::crypto::aead::{Aad, Nonce};
use crate::store::keys::Keys;
use crate::sys::secret::Secret;

const MAGIC: &[u8; 4] = b"SKA1";
pub(super) const TOKEN: u8 = 1;
pub(super) const NOTE: u8 = 2;
const HEAD: usize = 21;
const LONGEST_NOTE: Duration = Duration::from_secs(60);
/// Records end after so long, those of tokens that never expire too.
pub(crate) const LONGEST_LIFE: Duration = Duration::from_secs(30 * 86_400);
/// A token of 64 KiB, and what stands beside it.
pub(crate) const LIMIT: usize = 68 * 1024;

/// A token as one process got it for all.
#[derive(Serialize, Deserialize)]
pub(crate) struct TokenRecord {
    #[serde(with = "secret")]
    pub(crate) token: Secret,
    pub(crate) scopes: Vec<String>,
    pub(crate) lifetime_ms: u64,
    /// A higher one was issued later.
    pub(crate) number: u64,
    pub(crate) issued: Stamp,
    /// The age at which all processes renew it.
    pub(crate) refresh_at_age_ms: u64,
}

/// What a process found out that others need not try.
#[derive(Debug, Serialize, Deserialize, PartialEq, Eq)]
pub(crate) struct NoteRecord {
    pub(crate) kind: NoteKind,
    /// The server's status and registered code.
    pub(crate) status: Option<u16>,
    pub(crate) code: Option<String>,
    pub(crate) written: Stamp,
    /// How long it holds, from then on.
    pub(crate) lasts_ms: u64,
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub(crate) enum NoteKind {
    /// The server refused the secret.
    InvalidCredentials,
    /// The server's tokens have no life left, so each process asks for itself.
    Alone,
}

/// A moment as other processes can read it.
#[derive(Debug, Clone, Serialize, Deserialize, PartialEq, Eq)]
pub(crate) struct Stamp {
    /// Which clock `at_ms` is of: a machine's since it started, or a server's.
    pub(crate) clock: String,
    pub(crate) at_ms: u64,
    /// The wall clock of the process that wrote it.
    pub(crate) wall_ms: u64,
}

impl Stamp {
    /// How long ago it was. By one clock if both stamps are of the same; by the wall clocks otherwise.
    /// Nothing where it lies ahead.
    pub(crate) fn age(&self, now: &Stamp) -> Option<Duration> {
        let same = self.is_of_the_clock(now);
        let (then, now) = if same { (self.at_ms, now.at_ms) } else { (self.wall_ms, now.wall_ms) };
        now.checked_sub(then).map(Duration::from_millis)
    }

    /// Whether both are of one clock.
    pub(crate) fn is_of_the_clock(&self, other: &Stamp) -> bool {
        !self.clock.is_empty() && self.clock == other.clock
    }

    /// How long ago it was by the wall clocks.
    pub(crate) fn wall_age(&self, now: &Stamp) -> Duration {
        Duration::from_millis(now.wall_ms.saturating_sub(self.wall_ms))
    }
}

impl TokenRecord {
    pub(crate) fn seal(&self, keys: &Keys, name: &str) -> Option<Vec<u8>> {
        seal(self, TOKEN, keys, name)
    }

    /// The record, if it is one of this name, whole and untouched, and its token may be sent.
    pub(crate) fn open(bytes: &[u8], keys: &Keys, name: &str) -> Option<Self> {
        let record: Self = open(bytes, TOKEN, keys, name)?;
        let token = record.token.expose();
        (!token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic())).then_some(record)
    }
}

impl NoteRecord {
    pub(crate) fn new(kind: NoteKind, written: Stamp, lasts: Duration) -> Self {
        let lasts_ms = u64::try_from(lasts.as_millis()).unwrap_or(u64::MAX);
        Self { kind, status: None, code: None, written, lasts_ms }
    }

    /// How much longer it holds, if it does. One of another clock, or from the future, does not; nor one that
    /// is older by the wall clocks than they may differ, since a store's clock may be set back.
    pub(crate) fn rest(&self, now: &Stamp) -> Option<Duration> {
        let lasts = Duration::from_millis(self.lasts_ms).min(LONGEST_NOTE);
        if self.written.wall_age(now) > lasts + LONGEST_NOTE {
            return None;
        }
        let age = self.written.age(now).filter(|_| self.written.clock == now.clock)?;
        lasts.checked_sub(age).filter(|rest| !rest.is_zero())
    }

    pub(crate) fn seal(&self, keys: &Keys, name: &str) -> Option<Vec<u8>> {
        seal(self, NOTE, keys, name)
    }

    /// The note, if it is one of this name, whole and untouched.
    pub(crate) fn open(bytes: &[u8], keys: &Keys, name: &str) -> Option<Self> {
        open(bytes, NOTE, keys, name)
    }
}

fn seal(record: &impl Serialize, kind: u8, keys: &Keys, name: &str) -> Option<Vec<u8>> {
    // Room for all of it, since a buffer that grows leaves what it held behind.
    let mut text = Zeroizing::new(Vec::with_capacity(LIMIT));
    serde_json::to_writer(&mut *text, record).ok()?;
    let mut random = [0; 16];
    getrandom::fill(&mut random).ok()?;
    let salt = keys.salt(&random, &text);
    sealed(&mut text, kind, salt, keys, name)
}

pub(super) fn sealed(
    text: &mut [u8],
    kind: u8,
    salt: [u8; 16],
    keys: &Keys,
    name: &str,
) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(HEAD + text.len() + 16);
    bytes.extend_from_slice(MAGIC);
    bytes.push(kind);
    bytes.extend_from_slice(&salt);
    let key = keys.record(&salt, name)?;
    // The key is of this record alone, so the nonce need not tell it from others.
    let nonce = Nonce::assume_unique_for_key([0; 12]);
    let tag = key.seal_in_place_separate_tag(nonce, Aad::from(&bytes[..HEAD]), text).ok()?;
    bytes.extend_from_slice(text);
    bytes.extend_from_slice(tag.as_ref());
    (bytes.len() <= LIMIT).then_some(bytes)
}

fn open<T: for<'de> Deserialize<'de>>(
    bytes: &[u8],
    kind: u8,
    keys: &Keys,
    name: &str,
) -> Option<T> {
    let (head, sealed) = bytes.split_at_checked(HEAD).filter(|_| bytes.len() <= LIMIT)?;
    if head[..4] != MAGIC[..] || head[4] != kind {
        return None;
    }
    let key = keys.record(&head[5..], name)?;
    let mut text = Zeroizing::new(sealed.to_vec());
    let nonce = Nonce::assume_unique_for_key([0; 12]);
    let text = key.open_in_place(nonce, Aad::from(head), &mut text).ok()?;
    serde_json::from_slice(text).ok()
}

mod secret {
    use serde::{Deserialize, Deserializer, Serializer};

    use crate::sys::secret::Secret;

    pub(super) fn serialize<S: Serializer>(value: &Secret, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(value.expose())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Secret, D::Error> {
        String::deserialize(from).map(Secret::new)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAME: &str = "0123456789abcdef0123456789abcdef";

    fn keys() -> Keys {
        Keys::new(b"a client secret")
    }

    fn stamp(clock: &str, at_ms: u64, wall_ms: u64) -> Stamp {
        Stamp { clock: clock.to_owned(), at_ms, wall_ms }
    }

    fn token() -> TokenRecord {
        TokenRecord {
            token: Secret::new("partner-token"),
            scopes: vec!["a.b".to_owned()],
            lifetime_ms: 1_800_000,
            number: 7,
            issued: stamp("boot", 5_000, 1_800_000_000_000),
            refresh_at_age_ms: 1_440_000,
        }
    }

    #[test]
    fn what_was_sealed_opens_and_shows_nothing() {
        let bytes = token().seal(&keys(), NAME).unwrap();
        assert!(!bytes.windows(7).any(|window| window == b"partner"));
        let opened = TokenRecord::open(&bytes, &keys(), NAME).unwrap();
        assert_eq!(opened.token.expose(), "partner-token");
        assert_eq!((opened.number, opened.lifetime_ms), (7, 1_800_000));
        assert_ne!(bytes, token().seal(&keys(), NAME).unwrap(), "each has a key of its own");
    }

    #[test]
    fn a_record_of_version_1_opens_for_ever() {
        // Made by another implementation of HKDF and AES-GCM.
        let golden = concat!(
            "534b41310107070707070707070707070707070707d141279ca77113575a26a39bb574961bc93c70",
            "674f2a1227cd22373901dfffbba6eb452ee72580c124be67d40f75ac0def29237cabedd74c978f57",
            "cb4269d3c3e7146a058925970e30b44a775ab6537e4528ed808c804d7c70d5dcc0af4067ed794194",
            "1c15c158a85bc7b1e16702c1672f40cdcdbceb6c83840a46c9a800fcbb23bfd8aee2be03d6538aa3",
            "329275b06fccd7dca5d64e2ec378887b06925b9627526cea712ee7edc33ac5c52a30e53edf6e31bf",
            "073e99"
        );
        let bytes: Vec<u8> = (0..golden.len() / 2)
            .map(|at| u8::from_str_radix(&golden[2 * at..2 * at + 2], 16).unwrap())
            .collect();
        let mut text = serde_json::to_vec(&token()).unwrap();
        let sealed = sealed(&mut text, TOKEN, [7; 16], &keys(), NAME).unwrap();
        assert_eq!(crate::store::keys::hex(&sealed), golden);
        assert_eq!(TokenRecord::open(&bytes, &keys(), NAME).unwrap().number, 7);
    }

    #[test]
    fn a_touched_record_is_none() {
        let bytes = token().seal(&keys(), NAME).unwrap();
        for bit in 0..bytes.len() * 8 {
            let mut touched = bytes.clone();
            touched[bit / 8] ^= 1 << (bit % 8);
            assert!(TokenRecord::open(&touched, &keys(), NAME).is_none(), "bit {bit}");
        }
        for length in 0..bytes.len() {
            assert!(TokenRecord::open(&bytes[..length], &keys(), NAME).is_none());
        }
    }

    #[test]
    fn a_record_belongs_to_its_name_its_secret_and_its_kind() {
        let bytes = token().seal(&keys(), NAME).unwrap();
        assert!(TokenRecord::open(&bytes, &keys(), &NAME.replace('0', "1")).is_none());
        assert!(TokenRecord::open(&bytes, &Keys::new(b"another"), NAME).is_none());
        assert!(NoteRecord::open(&bytes, &keys(), NAME).is_none());
    }

    #[test]
    fn a_token_that_could_not_be_sent_is_none() {
        for value in ["", "two words", "line\nend", "\u{e9}"] {
            let record = TokenRecord { token: Secret::new(value), ..token() };
            let bytes = record.seal(&keys(), NAME).unwrap();
            assert!(TokenRecord::open(&bytes, &keys(), NAME).is_none(), "{value:?}");
        }
        let long = TokenRecord { token: Secret::new("a".repeat(LIMIT)), ..token() };
        assert!(long.seal(&keys(), NAME).is_none());
    }

    #[test]
    fn what_later_versions_add_is_ignored() {
        let mut text = serde_json::to_value(token()).unwrap();
        text["later"] = "anything".into();
        let mut text = serde_json::to_vec(&text).unwrap();
        let bytes = sealed(&mut text, TOKEN, [1; 16], &keys(), NAME).unwrap();
        assert!(TokenRecord::open(&bytes, &keys(), NAME).is_some());
    }

    #[test]
    fn a_note_holds_for_its_time_by_both_clocks() {
        let lasts = Duration::from_secs(10);
        let note = NoteRecord::new(NoteKind::Alone, stamp("store", 5_000, 100_000), lasts);
        let rest = |clock, at_ms, wall_ms| {
            note.rest(&stamp(clock, at_ms, wall_ms)).map(|rest| rest.as_millis())
        };
        assert_eq!(rest("store", 9_000, 104_000), Some(6_000));
        assert_eq!(rest("store", 9_000, 150_000), Some(6_000), "wall clocks may differ");
        assert_eq!(rest("store", 9_000, 900_000), None, "the store's clock was set back");
        assert_eq!(rest("store", 15_000, 110_000), None);
        assert_eq!(rest("store", 4_000, 100_000), None);
        assert_eq!(rest("another", 9_000, 104_000), None);
    }

    #[test]
    fn age_is_told_by_one_clock_where_there_is_one() {
        let issued = stamp("boot", 5_000, 100_000);
        let age = |now: Stamp| issued.age(&now).map(|age| age.as_millis());
        assert_eq!(age(stamp("boot", 5_750, 999_999)), Some(750));
        assert_eq!(age(stamp("boot", 4_000, 999_999)), None, "a clock that runs backwards");
        assert_eq!(age(stamp("another boot", 9, 101_000)), Some(1_000));
        assert_eq!(stamp("", 1, 100_000).age(&stamp("", 9, 100_500)).unwrap().as_millis(), 500);
    }
}
