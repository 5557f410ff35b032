//! The ways in which a language sends an authenticated request, as its agent names them: one for
//! each HTTP client that it has an adapter for.

use crate::wire::{Outcome, Reply};

/// One way to send a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Adapter {
    /// Its name, for instance `httpx`.
    pub name: String,
    /// Whether it speaks HTTP/2, and so wants a sandbox with https.
    pub http2: bool,
}

/// The adapters of a language.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Adapters {
    /// Each of them.
    pub all: Vec<Adapter>,
    /// The HTTP clients and their versions, as people read it.
    pub versions: String,
}

impl Adapters {
    /// Reads an agent's reply.
    ///
    /// # Errors
    /// It names none, one twice, or says of a name that it did not give that it speaks HTTP/2.
    pub fn read(reply: &Reply) -> Result<Self, String> {
        let words = |name: &str| -> Vec<&str> {
            reply.fields.get(name).map_or("", String::as_str).split_ascii_whitespace().collect()
        };
        let (names, http2) = (words("names"), words("http2"));
        if reply.outcome != Outcome::Ok || names.is_empty() {
            return Err(format!("the agent has no adapters: {reply}"));
        }
        if let Some(unknown) = http2.iter().find(|name| !names.contains(name)) {
            return Err(format!("the agent has no adapter {unknown:?} that speaks HTTP/2"));
        }
        if let Some(twice) =
            names.iter().enumerate().find(|(index, name)| names[..*index].contains(name))
        {
            return Err(format!("the agent has two adapters {:?}", twice.1));
        }
        let all = names
            .iter()
            .map(|name| Adapter { name: (*name).to_owned(), http2: http2.contains(name) })
            .collect();
        let versions = reply.fields.get("versions").cloned().unwrap_or_default();
        Ok(Self { all, versions })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(names: &str, http2: &str) -> Result<Adapters, String> {
        Adapters::read(&Reply::ok().with("names", names).with("http2", http2))
    }

    #[test]
    fn adapters_are_read_by_name() -> Result<(), String> {
        let adapters = read("httpx httpx2", "httpx2")?;
        let adapter = |name: &str, http2| Adapter { name: name.to_owned(), http2 };
        assert_eq!(adapters.all, [adapter("httpx", false), adapter("httpx2", true)]);
        for (names, http2) in [("", ""), ("a a", ""), ("a", "b")] {
            assert!(read(names, http2).is_err(), "{names:?} {http2:?}");
        }
        assert!(Adapters::read(&Reply::error().with("names", "a")).is_err());
        Ok(())
    }
}
