//! Whose credentials these are.

use serde_json::Value;

use crate::blocking::Client;
use crate::config::{Config, ResolvedConfig};
use crate::doctor::api::{QUERY, partner};
use crate::doctor::stage::Fact;
use crate::error::{Error, ErrorKind};
use crate::{Graphql, GraphqlResponse};

/// Asks who the configured credentials belong to: service, environment and client id, and the partner's name
/// where the API tells it; else that the token endpoint takes them.
///
/// # Errors
///
/// As [`Client::get_token`] and [`Client::start_graphql`]; `protocol` when the API does not tell the name.
pub fn whoami(config: Config) -> Result<Vec<Fact>, Error> {
    let (resolved, _) = ResolvedConfig::new(&config)?;
    let (service, environment) = resolved.names();
    let client = Client::new(config)?;
    let mut facts = vec![Fact::new("service", service)];
    facts.extend(environment.map(|environment| Fact::new("environment", environment)));
    let client_id = resolved.credentials.known_client_id().map(|id| Fact::new("client id", id));
    facts.extend(client_id);
    if resolved.speaks_graphql() {
        let response = client.start_graphql(Graphql::new(QUERY))?.wait()?;
        facts.insert(0, Fact::new("partner", name(&response)?));
    } else {
        let token = client.get_token(None)?;
        facts.push(Fact::new("scopes", token.scopes().join(" ")));
    }
    client.close();
    Ok(facts)
}

fn name(response: &GraphqlResponse) -> Result<String, Error> {
    let body: Value = serde_json::from_str(response.text()).unwrap_or_default();
    let found = partner(&body).map(|name| name.chars().filter(|letter| !letter.is_control()));
    found.map(Iterator::collect).ok_or_else(|| {
        let errors = response.errors();
        let code = errors.first().and_then(|error| error.code()).unwrap_or("without a code");
        let code: String = code.chars().filter(char::is_ascii_graphic).take(60).collect();
        let problem = format!("the API did not tell the partner's name ({code})");
        Error::new(ErrorKind::Protocol, problem)
    })
}
