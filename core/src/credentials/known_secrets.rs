//! The secrets that one client deals with, to keep them out of what it says. A server knows them
//! too, and a broken or hostile one may repeat them in places that errors quote.

use arc_swap::ArcSwap;

use crate::sys::secret::Secret;

/// Both secrets of a rotation, those before them, and the latest tokens.
const KEPT: usize = 8;
/// So much of a secret is enough to tell it by, as part of a name that is quoted.
const PIECE: usize = 8;
/// So much has to occur in a whole sentence, most of whose words are our own.
const LONG_PIECE: usize = 14;

/// Holds no lock: a forked child may use it at any moment.
#[derive(Default)]
pub(crate) struct KnownSecrets(ArcSwap<Vec<Secret>>);

impl KnownSecrets {
    /// Remembers a secret or a token; the oldest is forgotten.
    pub(crate) fn note(&self, secret: &Secret) {
        if self.0.load().first() == Some(secret) {
            return;
        }
        self.0.rcu(|known| {
            let others = known.iter().filter(|other| *other != secret);
            std::iter::once(secret).chain(others).take(KEPT).cloned().collect::<Vec<_>>()
        });
    }

    /// Forgets all.
    pub(crate) fn clear(&self) {
        self.0.store(Vec::new().into());
    }

    /// Whether a short text from outside (a host, a name) shows a piece of a secret, whatever its
    /// case and punctuation.
    pub(crate) fn show_in(&self, quoted: &str) -> bool {
        self.show_in_beside(quoted, "")
    }

    /// The same for these and one more, such as a token that is about to be forgotten.
    pub(crate) fn show_in_beside(&self, quoted: &str, another: &str) -> bool {
        let text = letters(quoted);
        let known = self.0.load();
        let all = known.iter().map(Secret::expose).chain([another]).map(letters);
        let shows = |secret: zeroize::Zeroizing<Vec<char>>| match secret.len() {
            0 => false,
            // Too short to be told from a part of any other word.
            1..4 => words(quoted).any(|word| word == *secret),
            length => share(&text, &secret, length.min(PIECE)),
        };
        all.into_iter().any(shows)
    }

    /// Whether a sentence of ours shows most of a secret, because something that it quotes does.
    /// A secret shorter than that is no better than a word, and may well be one of ours.
    pub(crate) fn show_in_sentence(&self, sentence: &str) -> bool {
        let text = letters(sentence);
        let known = self.0.load();
        known.iter().any(|secret| share(&text, &letters(secret.expose()), LONG_PIECE))
    }

    /// Whether the whole of a secret occurs in a text of ours, such as a setting's value into which somebody
    /// wrote it by mistake.
    #[cfg(feature = "doctor")]
    pub(crate) fn show_whole_in(&self, text: &str) -> bool {
        let all = letters(text);
        self.0.load().iter().map(|secret| letters(secret.expose())).any(|secret| {
            match secret.len() {
                0 => false,
                1..PIECE => words(text).any(|word| word == *secret),
                length => share(&all, &secret, length),
            }
        })
    }
}

/// Letters and digits alone, in lower case.
fn letters(text: &str) -> zeroize::Zeroizing<Vec<char>> {
    let mut letters = zeroize::Zeroizing::new(Vec::with_capacity(text.len()));
    letters.extend(text.chars().filter(|letter| letter.is_alphanumeric()).map(lower));
    letters
}

fn lower(letter: char) -> char {
    letter.to_lowercase().next().unwrap_or(letter)
}

fn words(text: &str) -> impl Iterator<Item = Vec<char>> {
    let words = text.split(|letter: char| !letter.is_alphanumeric());
    words.map(|word| word.chars().map(lower).collect())
}

/// Whether both hold the same `length` letters in a row.
fn share(text: &[char], secret: &[char], length: usize) -> bool {
    let mut pieces = text.windows(length);
    pieces.any(|piece| secret.windows(length).any(|window| window == piece))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn knowing(secrets: &[&str]) -> KnownSecrets {
        let known = KnownSecrets::default();
        for secret in secrets {
            known.note(&Secret::new(*secret));
        }
        known
    }

    #[test]
    fn a_secret_is_found_whole_truncated_in_capitals_and_punctuated_otherwise() {
        let known = knowing(&["kR7-mmQ2.xPl9_vv03", "another-secret-4711"]);
        for shown in [
            "https://kr7-mmq2.xpl9_vv03",
            "KR7-MMQ2.XPL9_VV03",
            "https://mmq2.xpl9.example",
            "https://kr7mmq2xpl9vv03.example",
            "https://another-secret.example",
        ] {
            assert!(known.show_in(shown), "{shown}");
        }
        for plain in
            ["", "https://auth.example", "https://an.other.example", "https://kr7-mmq.example"]
        {
            assert!(!known.show_in(plain), "{plain}");
        }
        assert!(known.show_in_sentence("the certificate is for kr7-mmq2.xpl9_vv03 alone"));
        assert!(!known.show_in_sentence("check client_id and another secret of the client"));
    }

    #[test]
    fn short_secrets_are_whole_words() {
        let known = knowing(&["new", "-"]);
        assert!(known.show_in("https://new/") && !known.show_in("https://newer.example"));
        assert!(!known.show_in_sentence("a new secret"));
        assert!(knowing(&["abcd"]).show_in("https://xabcdx"));
    }

    #[test]
    fn only_the_latest_are_kept_and_none_after_the_end() {
        let known = KnownSecrets::default();
        for number in 0..20 {
            known.note(&Secret::new(format!("number{number:02}")));
        }
        assert!(known.show_in("number19") && known.show_in("number12"));
        assert!(!known.show_in("number11"));
        known.note(&Secret::new("number12"));
        known.note(&Secret::new("number20"));
        assert!(known.show_in("number12"));
        known.clear();
        assert!(!known.show_in("number12"));
    }
}
