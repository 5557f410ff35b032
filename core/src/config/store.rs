//! Through what processes share their tokens, if they do.

use std::path::PathBuf;
use std::time::Duration;

use crate::config::reader::SettingsReader;
use crate::config::redis_server::{self, RedisServer};
use crate::config::setting;
use crate::error::Error;

const TIMEOUT: Duration = Duration::from_millis(250);
/// A client secret that is shorter can be guessed by who reads what it sealed.
pub(crate) const SHORTEST_SECRET: usize = 16;

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
    Redis(RedisServer),
}

/// The store that is asked for. Nothing is opened.
pub(crate) fn from_settings(reader: &SettingsReader<'_>) -> Result<Option<StoreConfig>, Error> {
    let place = place(reader)?;
    reader.only_with(&setting::STORE_TIMEOUT, &setting::STORE)?;
    reader.only_with(&setting::STORE_KEY_FILE, &setting::STORE)?;
    let is_redis = matches!(place, Some(StorePlace::Redis(_)));
    let schemes = "redis and rediss";
    reader.only_for(&setting::STORE_PASSWORD_FILE, is_redis, schemes)?;
    reader.only_for(&setting::STORE_PREFIX, is_redis, schemes)?;
    let is_secured =
        matches!(&place, Some(StorePlace::Redis(server)) if server.transport.is_secured());
    reader.only_for(&setting::STORE_CA_FILE, is_secured, "rediss")?;
    let timeout = reader.wait(&setting::STORE_TIMEOUT)?.unwrap_or(TIMEOUT);
    let key_file = reader.path(&setting::STORE_KEY_FILE)?;
    Ok(place.map(|place| StoreConfig { place, timeout, key_file }))
}

/// What is questionable about it, one line each.
pub(crate) fn warnings(
    store: Option<&StoreConfig>,
    reader: &SettingsReader<'_>,
) -> Result<Vec<String>, Error> {
    let Some(StoreConfig { place: StorePlace::Redis(server), key_file, .. }) = store else {
        return Ok(Vec::new());
    };
    let mut warnings = Vec::new();
    if server.shows_its_password() {
        warnings.push(
            "`store`: the password goes to another machine in plain text, for everybody on the way to read; \
             use rediss"
                .to_owned(),
        );
    }
    if key_file.is_none() {
        for setting in [setting::CLIENT_SECRET, setting::CLIENT_SECRET_NEXT] {
            if reader.text(&setting)?.is_some_and(|secret| secret.len() < SHORTEST_SECRET) {
                warnings.push(format!(
                    "`store`: {} has fewer than {SHORTEST_SECRET} characters, so who reads the store could \
                     guess it; the store is not used unless `store_key_file` is given",
                    setting.mention()
                ));
            }
        }
    }
    Ok(warnings)
}

fn place(reader: &SettingsReader<'_>) -> Result<Option<StorePlace>, Error> {
    let setting = setting::STORE;
    let text = match reader.text(&setting)? {
        None | Some("none") => return Ok(None),
        Some(text) => text,
    };
    if redis_server::is_meant_by(text) {
        return Ok(Some(StorePlace::Redis(RedisServer::from_settings(text, reader)?)));
    }
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
        None => {
            return Err(setting.invalid(
                "must be none, local, local:/folder, redis://host, rediss://host or redis+unix:///path",
            ));
        }
    };
    if cfg!(unix) {
        Ok(Some(StorePlace::Local(folder)))
    } else {
        Err(setting
            .invalid("local is for Unix systems; name a Redis server here, as rediss://host"))
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
        for text in ["", "locals3cret", "local:", "local:s3cret", "s3cret", "rediss+s3cret://h"] {
            let error = read(&Config::new().store(text)).unwrap_err();
            assert!(!error.message().contains("s3cret"), "{error}");
        }
        let alone = Config::new().store_timeout(Duration::from_millis(1));
        assert!(read(&alone).unwrap_err().message().contains("store"));
    }
}
