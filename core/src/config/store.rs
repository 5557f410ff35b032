//! Through what processes share their tokens, if they do.

use std::path::PathBuf;
use std::time::Duration;

use crate::config::reader::SettingsReader;
use crate::config::setting;
use crate::error::Error;

const TIMEOUT: Duration = Duration::from_millis(250);

/// A store, as configured.
#[derive(Debug, Clone)]
pub(crate) struct StoreConfig {
    pub(crate) place: StorePlace,
    pub(crate) timeout: Duration,
    /// A file whose text stands in the place of the client secret.
    pub(crate) key_file: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum StorePlace {
    /// A folder of this machine; the usual one if none is named.
    Local(Option<PathBuf>),
}

/// The store that is asked for. Nothing is opened.
pub(crate) fn from_settings(reader: &SettingsReader<'_>) -> Result<Option<StoreConfig>, Error> {
    let place = place(reader)?;
    reader.only_with(&setting::STORE_TIMEOUT, &setting::STORE)?;
    reader.only_with(&setting::STORE_KEY_FILE, &setting::STORE)?;
    let timeout = reader.wait(&setting::STORE_TIMEOUT)?.unwrap_or(TIMEOUT);
    let key_file = reader.path(&setting::STORE_KEY_FILE)?;
    Ok(place.map(|place| StoreConfig { place, timeout, key_file }))
}

fn place(reader: &SettingsReader<'_>) -> Result<Option<StorePlace>, Error> {
    let setting = setting::STORE;
    let text = match reader.text(&setting)? {
        None | Some("none") => return Ok(None),
        Some(text) => text,
    };
    let folder = match text.strip_prefix("local") {
        Some("") => None,
        Some(rest) => match rest.strip_prefix(':').map(PathBuf::from) {
            Some(path) if path.is_absolute() => Some(path),
            _ => {
                return Err(setting.invalid(
                    "names a folder that is not an absolute path; write it as local:/folder",
                ));
            }
        },
        // The text is not quoted: it may hold a password.
        None => return Err(setting.invalid("must be none, local or local:/folder")),
    };
    if cfg!(unix) {
        Ok(Some(StorePlace::Local(folder)))
    } else {
        Err(setting.invalid("local is for Unix systems; leave it out here"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    fn read(config: &Config) -> Result<Option<StoreConfig>, Error> {
        from_settings(&SettingsReader(config))
    }

    #[test]
    fn a_store_is_asked_for_in_a_word() {
        let place = |text: &str| read(&Config::new().store(text)).unwrap().map(|store| store.place);
        assert_eq!(place("none"), None);
        assert_eq!(read(&Config::new()).unwrap().map(|store| store.place), None);
        assert_eq!(place("local"), Some(StorePlace::Local(None)));
        assert_eq!(place("local:/a"), Some(StorePlace::Local(Some("/a".into()))));
    }

    #[test]
    fn what_is_no_store_is_refused_and_not_quoted() {
        for text in ["", "locals3cret", "local:", "local:s3cret", "redis://:s3cret@h", "s3cret"] {
            let error = read(&Config::new().store(text)).unwrap_err();
            assert!(!error.message().contains("s3cret"), "{error}");
        }
        let alone = Config::new().store_timeout(Duration::from_millis(1));
        assert!(read(&alone).unwrap_err().message().contains("store"));
    }
}
