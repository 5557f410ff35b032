//! What the sandbox can be told about how it plays its part: clients, lifetimes and the servers' operator switches.
//! Every member has a default, so a fresh sandbox answers like the real services do; a change is a JSON object that
//! replaces the members it names.

use std::collections::BTreeMap;

use hyper::header::HeaderValue;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::error::Error;

/// The audience of live partner tokens.
pub const LIVE_AUDIENCE: &str = "https://graphql.seek.com";
/// The audience of Playground partner tokens.
pub const PLAYGROUND_AUDIENCE: &str = "https://test.graphql.seek.com";

/// How the sandbox behaves until it is told otherwise.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own, named in JSON")]
pub struct Settings {
    /// The clients both token endpoints know. One with audiences may use the SEEK API, one with scopes SEEK Pass.
    pub clients: Vec<Client>,

    /// Lifetime of a SEEK API token in seconds. Zero and less issue tokens that have already expired. Default 1800.
    pub seek_api_lifetime_s: i64,
    /// Members put into (or, when `null`, left out of) each successful SEEK API token reply, for example
    /// `{"expires_in": "1800"}`. The token's true lifetime is not changed by it.
    pub seek_api_reply: BTreeMap<String, Value>,
    /// The `error` of a wrong client id or secret at the SEEK API: field reports and documentation disagree.
    pub seek_api_wrong_secret: WrongSecret,
    /// Whether the SEEK API token endpoint takes form bodies and HTTP Basic beside JSON. Default false.
    pub seek_api_accepts_form: bool,
    /// How many token requests the SEEK API answers per window; further ones get 429 with `Retry-After`.
    pub seek_api_quota: Quota,

    /// Lifetime of a SEEK Pass token in seconds. Zero and less issue tokens that have already expired. Default 7199.
    pub seek_pass_lifetime_s: i64,
    /// Members put into (or, when `null`, left out of) each successful SEEK Pass token reply.
    pub seek_pass_reply: BTreeMap<String, Value>,
    /// Whether the SEEK Pass token endpoint takes JSON bodies beside forms. Default false: 415.
    pub seek_pass_accepts_json: bool,
    /// Operator switch: asking again gives the same token while it lives, with what is left of its life.
    pub reuse_token: bool,
    /// Operator switch: a new token revokes the previous one of that client and scope set.
    pub revoke_previous: bool,
    /// What the SEEK Pass status resource says of a submission that is younger than 48 hours. Default `incomplete`.
    pub submission_status: String,

    /// HTTP status of a GraphQL reply whose first error is `UNAUTHENTICATED`: 200 (default) or 401.
    pub graphql_unauthenticated_status: u16,
    /// `Content-Type` of GraphQL replies.
    pub graphql_content_type: String,
    /// Lifetime of a browser token in seconds. Zero and less issue tokens that have already expired. Default 3600.
    pub browser_token_lifetime_s: i64,
    /// Members put into (or, when `null`, left out of) each successful browser token reply.
    pub browser_token_reply: BTreeMap<String, Value>,
    /// Ids of the hiring organisations that live callers have a relationship with; others are `FORBIDDEN`.
    pub hirers: Vec<String>,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            clients: Client::defaults(),
            seek_api_lifetime_s: 1800,
            seek_api_reply: BTreeMap::new(),
            seek_api_wrong_secret: WrongSecret::AccessDenied,
            seek_api_accepts_form: false,
            seek_api_quota: Quota::default(),
            seek_pass_lifetime_s: 7199,
            seek_pass_reply: BTreeMap::new(),
            seek_pass_accepts_json: false,
            reuse_token: false,
            revoke_previous: false,
            submission_status: "incomplete".to_owned(),
            graphql_unauthenticated_status: 200,
            graphql_content_type: "application/json; charset=utf-8".to_owned(),
            browser_token_lifetime_s: 3600,
            browser_token_reply: BTreeMap::new(),
            hirers: vec![
                "seekAnz:organization:seek:93WyyF1h".to_owned(),
                "seekAnzPublicTest:organization:seek:93WyyF1h".to_owned(),
            ],
        }
    }
}

impl Settings {
    /// These settings with the members that `patch`, a JSON object, names replaced.
    ///
    /// # Errors
    /// [`Error::Settings`] when `patch` is no object, names an unknown member or gives one a value it does not take.
    pub fn patched(&self, patch: &Value) -> Result<Settings, Error> {
        let patch = patch
            .as_object()
            .ok_or_else(|| Error::Settings("expected a JSON object of settings".to_owned()))?;
        let mut merged =
            serde_json::to_value(self).map_err(|error| Error::Settings(error.to_string()))?;
        if let Some(members) = merged.as_object_mut() {
            members.extend(patch.clone());
        }
        let settings: Settings =
            serde_json::from_value(merged).map_err(|error| Error::Settings(error.to_string()))?;
        settings.check()?;
        Ok(settings)
    }

    /// Checks what the types cannot.
    fn check(&self) -> Result<(), Error> {
        let refuse = |text: &str| Err(Error::Settings(text.to_owned()));
        if ![200, 401].contains(&self.graphql_unauthenticated_status) {
            return refuse("graphql_unauthenticated_status must be 200 or 401");
        }
        if HeaderValue::from_str(&self.graphql_content_type).is_err() {
            return refuse("graphql_content_type cannot be sent as a header");
        }
        Ok(())
    }
}

/// A client the token endpoints know.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Client {
    /// Its id.
    pub client_id: String,
    /// Its secret.
    pub client_secret: String,
    /// Audiences granted to it at the SEEK API.
    #[serde(default)]
    pub audiences: Vec<String>,
    /// Scopes granted to it at SEEK Pass.
    #[serde(default)]
    pub scopes: Vec<String>,
    /// Whether the `client_credentials` grant is allowed to it. Default true.
    #[serde(default = "yes")]
    pub client_credentials_allowed: bool,
}

fn yes() -> bool {
    true
}

impl Client {
    /// The clients a fresh sandbox knows: `sandbox-live`, `sandbox-playground` and `sandbox-pass`.
    #[must_use]
    pub fn defaults() -> Vec<Client> {
        let client = |id: &str, secret: &str, audiences: &[&str], scopes: &[&str]| Client {
            client_id: id.to_owned(),
            client_secret: secret.to_owned(),
            audiences: audiences.iter().map(ToString::to_string).collect(),
            scopes: scopes.iter().map(ToString::to_string).collect(),
            client_credentials_allowed: true,
        };
        vec![
            client("sandbox-live", "sandbox-live-secret", &[LIVE_AUDIENCE], &[]),
            client("sandbox-playground", "sandbox-playground-secret", &[PLAYGROUND_AUDIENCE], &[]),
            client(
                "sandbox-pass",
                "sandbox-pass-secret & more=100%",
                &[],
                &[
                    "write.education",
                    "write.english_proficiency",
                    "write.microcredential",
                    "write.digital_identity",
                    "read.digital_identity",
                    "write.right_to_work",
                    "write.career_history",
                ],
            ),
        ]
    }
}

/// A quota of token requests, counted in fixed windows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Quota {
    /// Requests answered per window. Default 100,000.
    pub requests: u64,
    /// Length of a window in seconds. Default 3600.
    pub per_s: u64,
}

impl Default for Quota {
    fn default() -> Self {
        Quota { requests: 100_000, per_s: 3600 }
    }
}

/// The `error` member of the SEEK API's reply to a wrong client id or secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WrongSecret {
    /// `access_denied`, as seen in the field.
    AccessDenied,
    /// `invalid_client`, as documented.
    InvalidClient,
}
