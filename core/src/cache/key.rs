//! What makes two requests for a token the same request. A key holds nothing secret: the client
//! secret plays no part, and extra parameters take part as a fingerprint of this process.

use std::sync::Arc;

use crate::config::ResolvedConfig;
use crate::sys::fingerprint::fingerprint;

/// Cheap to clone: the table of slots is copied when one is added.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Key(Arc<Parts>);

#[derive(Debug, PartialEq, Eq, Hash)]
struct Parts {
    token_url: String,
    /// Where it is known beforehand. The secret plays no part: a token outlives it.
    client_id: Option<String>,
    audience: Option<String>,
    extra: u64,
    scopes: Arc<[String]>,
}

impl Key {
    pub(crate) fn new(config: &ResolvedConfig, scopes: Arc<[String]>) -> Self {
        Self(Arc::new(Parts {
            token_url: config.token_url.to_string(),
            client_id: config.credentials.known_client_id().map(str::to_owned),
            audience: config.audience.clone(),
            extra: fingerprint(&config.extra_parameters),
            scopes,
        }))
    }

    pub(crate) fn scopes(&self) -> &Arc<[String]> {
        &self.0.scopes
    }

    /// The public parts in one line, for errors.
    pub(crate) fn describe(&self) -> Arc<str> {
        let parts = &*self.0;
        let endpoint = parts.token_url.split('?').next().unwrap_or_default();
        let mut text = endpoint.to_owned();
        if let Some(client_id) = &parts.client_id {
            text.push_str(" client_id=");
            text.push_str(client_id);
        }
        if let Some(audience) = &parts.audience {
            text.push_str(" audience=");
            text.push_str(audience);
        }
        if !parts.scopes.is_empty() {
            text.push_str(" scope=");
            text.push_str(&parts.scopes.join(" "));
        }
        text.into()
    }
}
