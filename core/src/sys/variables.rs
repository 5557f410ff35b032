//! The environment variables that a client looks at: the process's, or those that a host keeps in their
//! place, as Node does for each of its worker threads.

use std::collections::BTreeMap;
use std::env;
use std::ffi::OsString;
use std::fmt;
use std::sync::Arc;

use zeroize::Zeroizing;

/// Environment variables. Copies share what was given.
#[derive(Clone, Default)]
pub struct Variables(Option<Arc<Given>>);

/// Their values may be secrets.
type Given = BTreeMap<String, Zeroizing<String>>;

impl Variables {
    /// The process's, as they are whenever one is looked at.
    #[must_use]
    pub fn of_process() -> Self {
        Self(None)
    }

    /// These alone.
    #[must_use]
    pub fn given(variables: impl IntoIterator<Item = (String, String)>) -> Self {
        let variables = variables.into_iter().map(|(name, value)| (name, Zeroizing::new(value)));
        Self(Some(Arc::new(variables.collect())))
    }

    pub(crate) fn get(&self, name: &str) -> Option<OsString> {
        match &self.0 {
            None => env::var_os(name),
            Some(given) => given.get(name).map(|value| OsString::from(value.as_str())),
        }
    }

    /// All of them.
    pub(crate) fn pairs(&self) -> Vec<(OsString, OsString)> {
        match &self.0 {
            None => env::vars_os().collect(),
            Some(given) => {
                let pair = |(name, value): (&String, &Zeroizing<String>)| {
                    (OsString::from(name), OsString::from(value.as_str()))
                };
                given.iter().map(pair).collect()
            }
        }
    }

    /// The names of all of them that are text.
    pub(crate) fn names(&self) -> Vec<String> {
        match &self.0 {
            None => env::vars_os().filter_map(|(name, _)| name.into_string().ok()).collect(),
            Some(given) => given.keys().cloned().collect(),
        }
    }
}

impl fmt::Debug for Variables {
    /// Shows whose they are.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_none() { "Variables::of_process()" } else { "Variables(..)" })
    }
}
