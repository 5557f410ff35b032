//! Where in the store a token lies: one place for each secret, since each secret has keys and names of
//! its own, unless a key file stands in their place.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::config::{ResolvedConfig, StoreConfig};
use crate::credentials::Credentials;
use crate::store::backend::{Names, Trouble};
use crate::store::crypto::digest;
use crate::store::identity::identity;
use crate::store::keys::Keys;
use crate::sys::limit;
use crate::sys::regular_file::{self, Unread};
use crate::sys::secret::Secret;
use crate::sys::thread::run_detached;
use crate::token_endpoint::source::Issuer;

/// The shortest key that a file may hold.
const SHORTEST_KEY: usize = 32;
const FILE_LIMIT: usize = 64 * 1024;

/// One place.
#[derive(Clone)]
pub(crate) struct Place {
    pub(crate) keys: Keys,
    pub(crate) names: Names,
    /// Of the secret.
    pub(crate) fingerprint: u64,
    /// Whether the keys are those of the secret, and not of a file.
    is_of_secret: bool,
}

impl Place {
    /// Whether a token belongs here that the server gave for the secret with this fingerprint. What one
    /// secret seals must not be opened by who learnt the other.
    pub(crate) fn serves(&self, fingerprint: u64) -> bool {
        !self.is_of_secret || self.fingerprint == fingerprint
    }
}

pub(crate) struct Places {
    config: Arc<ResolvedConfig>,
    store: StoreConfig,
}

impl Places {
    pub(crate) fn new(config: Arc<ResolvedConfig>, store: StoreConfig) -> Self {
        Self { config, store }
    }

    /// The places for a token with these scopes, that of the secret which worked last first.
    pub(crate) async fn of(
        &self,
        issuer: &dyn Issuer,
        credentials: &Credentials,
        scopes: &[String],
    ) -> Result<Vec<Place>, Trouble> {
        let key = match &self.store.key_file {
            Some(path) => Some(self.read(path, "store_key_file").await?),
            None => None,
        };
        let certificate = match &self.config.client_certificate_file {
            Some(path) => {
                let bytes = self.read(path, "client_certificate_file").await?;
                digest::digest(&digest::SHA256, bytes.expose().as_bytes()).as_ref().to_vec()
            }
            None => Vec::new(),
        };
        let identity = identity(&self.config, credentials, scopes, &certificate);
        let place = |secret: &Secret| {
            let keys = match &key {
                Some(key) => Keys::new(key.expose().as_bytes()),
                None => Keys::new(secret.expose().as_bytes()),
            };
            let (token, note) = (keys.name(&identity), keys.name_with(&identity, secret));
            let fingerprint = credentials.fingerprint(secret);
            let names = Names { token, note };
            Place { keys, names, fingerprint, is_of_secret: key.is_none() }
        };
        let mut places: Vec<Place> = credentials.secrets().map(place).collect();
        places.sort_by_key(|place| !issuer.worked_last(place.fingerprint));
        Ok(places)
    }

    /// A file's text, read anew each time and not by the worker.
    async fn read(&self, path: &str, setting: &'static str) -> Result<Secret, Trouble> {
        let path = PathBuf::from(path);
        let reading = run_detached("seekauth-store", move || regular_file::read(&path, FILE_LIMIT));
        let trouble = |problem: String| Trouble(format!("{setting} {problem}"));
        let reading = reading.map_err(|problem| trouble(limit::words(&problem)))?;
        let read = tokio::time::timeout(self.store.timeout.max(Duration::from_secs(1)), reading);
        let bytes = match read.await {
            Ok(Ok(Ok(bytes))) => bytes,
            Ok(Ok(Err(Unread::System(problem)))) => {
                return Err(trouble(format!("cannot be read: {}", limit::words(&problem))));
            }
            Ok(Ok(Err(Unread::NotRegular | Unread::TooLong))) => {
                return Err(trouble("is not a regular file of up to 64 KiB".to_owned()));
            }
            Ok(Err(_)) | Err(_) => return Err(trouble("could not be read in time".to_owned())),
        };
        let text = std::str::from_utf8(&bytes).map(str::trim);
        let text = text.map_err(|_| trouble("is not text".to_owned()))?;
        if setting == "store_key_file" && text.len() < SHORTEST_KEY {
            return Err(trouble(format!("must hold at least {SHORTEST_KEY} characters")));
        }
        Ok(Secret::new(text))
    }
}
