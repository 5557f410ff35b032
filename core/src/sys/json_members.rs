//! The members of a JSON object whose text may break off.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

/// Calls `note` with each member and its value as it is written: one that cannot be read is no reason to lose the
/// next. What comes before the text turns out to be torn is as good as the rest.
pub(crate) fn each_member(text: &str, note: impl FnMut(&str, &RawValue)) {
    let _ = serde_json::Deserializer::from_str(text).deserialize_map(Members(note));
}

struct Members<F>(F);

impl<'de, F: FnMut(&str, &RawValue)> Visitor<'de> for Members<F> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<(), A::Error> {
        while let Some(name) = map.next_key::<Cow<'de, str>>()? {
            (self.0)(&name, map.next_value()?);
        }
        Ok(())
    }
}
