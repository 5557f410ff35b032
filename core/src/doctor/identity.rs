//! Whose credentials these are.

use std::pin::Pin;

use serde_json::Value;

use crate::client::Client;
use crate::config::{Config, ResolvedConfig};
use crate::credentials::known_secrets::KnownSecrets;
use crate::doctor::api::{QUERY, partner};
use crate::doctor::report::withhold;
use crate::doctor::settings;
use crate::doctor::stage::{Fact, printable};
use crate::error::{Error, ErrorKind};
use crate::sys::channel::channel;
use crate::sys::runtime;
use crate::sys::secret::Secret;
use crate::{Graphql, GraphqlResponse};

/// Asks who the configured credentials belong to: service, environment and client id, and the partner's name
/// where the API tells it; else the scopes that were granted. Blocks.
///
/// # Errors
///
/// As [`Client::get_token`] and [`Client::graphql`]; `protocol` when the API does not tell the name.
pub fn whoami(config: Config) -> Result<Vec<Fact>, Error> {
    let (sender, asked) = channel();
    let run: Pin<Box<dyn Future<Output = ()> + Send>> =
        Box::pin(async move { sender.send(ask(config).await) });
    runtime::spawn(|| run)?;
    asked.recv().unwrap_or_else(|| Err(runtime::panicked()))
}

async fn ask(config: Config) -> Result<Vec<Fact>, Error> {
    let known = KnownSecrets::default();
    settings::secrets(&config).for_each(|secret| known.note(&secret));
    match look(config, &known).await {
        Ok(mut facts) => {
            for fact in &mut facts {
                withhold(&known, &mut fact.value);
            }
            Ok(facts)
        }
        // It may quote a host.
        Err(error) => {
            let mut message = error.marked().to_owned();
            withhold(&known, &mut message);
            Err(error.with_message(message))
        }
    }
}

async fn look(config: Config, known: &KnownSecrets) -> Result<Vec<Fact>, Error> {
    let (resolved, _) = ResolvedConfig::new(&config)?;
    let credentials = resolved.credentials.credentials().await?;
    credentials.secrets().for_each(|secret| known.note(secret));
    let client = Client::new(config)?;
    let token = client.get_token().await?;
    known.note(&Secret::new(token.value()));
    let (service, environment) = resolved.names();
    let mut facts = Vec::new();
    if resolved.speaks_graphql() {
        let response = client.graphql(Graphql::new(QUERY)).await?;
        facts.push(Fact::new("partner", name(&response)?));
    }
    facts.push(Fact::new("service", service));
    facts.extend(environment.map(|environment| Fact::new("environment", environment)));
    facts.push(Fact::new("client id", credentials.client_id()));
    if !token.scopes().is_empty() {
        facts.push(Fact::new("scopes", token.scopes().join(" ")));
    }
    client.close();
    Ok(facts)
}

/// The partner's name, or the error that says that there is none. What a server says in place of it is not
/// repeated.
fn name(response: &GraphqlResponse) -> Result<String, Error> {
    let body: Value = serde_json::from_str(response.text()).unwrap_or_default();
    let found = partner(&body).map(printable);
    let missing = "the API did not tell the partner's name; `seekauth doctor` looks closer";
    found.ok_or_else(|| Error::new(ErrorKind::Protocol, missing))
}
