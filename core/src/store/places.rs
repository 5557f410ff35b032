//! Where in the store a token lies: one place for each secret, since each secret has keys and names of
//! its own, unless a key file stands in their place.

use std::sync::Arc;
use std::time::Duration;

use crate::config::{ResolvedConfig, SHORTEST_SECRET, StoreConfig, StorePlace};
use crate::credentials::Credentials;
use crate::store::backend::{Names, Trouble};
use crate::store::crypto::digest;
use crate::store::files;
use crate::store::identity::identity;
use crate::store::keys::Keys;
use crate::sys::secret::Secret;
use crate::token_endpoint::source::Issuer;

/// The shortest key that a file may hold.
const SHORTEST_KEY: usize = 32;

/// One place.
#[derive(Clone)]
pub(crate) struct Place {
    pub(crate) keys: Keys,
    pub(crate) names: Names,
    /// Of the secret.
    pub(crate) fingerprint: u64,
    /// Whether the keys are those of the secret, and not of a file.
    pub(super) is_of_secret: bool,
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
            Some(path) => Some(self.key(path).await?),
            None => None,
        };
        let is_elsewhere = matches!(self.store.place, StorePlace::Redis(_));
        if key.is_none() && is_elsewhere && credentials.secrets().any(is_short) {
            return Err(Trouble(format!(
                "the client secret has fewer than {SHORTEST_SECRET} characters, so who reads the store could \
                 guess it; give a `store_key_file`"
            )));
        }
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

    async fn key(&self, path: &str) -> Result<Secret, Trouble> {
        let key = self.read(path, "store_key_file").await?;
        if key.expose().len() < SHORTEST_KEY {
            return Err(Trouble(format!(
                "`store_key_file` must hold at least {SHORTEST_KEY} characters"
            )));
        }
        Ok(key)
    }

    /// A file's text, for which there is a second at least.
    async fn read(&self, path: &str, setting: &'static str) -> Result<Secret, Trouble> {
        files::read(path, setting, self.store.timeout.max(Duration::from_secs(1))).await
    }
}

/// A heuristic: whether it is long enough says nothing about whether it was drawn at random.
fn is_short(secret: &Secret) -> bool {
    secret.expose().len() < SHORTEST_SECRET
}
