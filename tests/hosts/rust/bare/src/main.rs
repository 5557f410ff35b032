//! A program whose own reqwest has no TLS feature, and whose executors are not tokio's. Prints a row for
//! each thing that works, and ends at the first that does not.

use std::env;
use std::error::Error;

use seekauth::{Client, Config, Environment, Graphql};

const QUERY: &str = "{ self { partner { name } } }";

type Outcome = Result<(), Box<dyn Error>>;

fn main() -> Outcome {
    let url = format!("{}/counts", env::var("SANDBOX_ADMIN_URL")?);

    // Panics where another crate has turned on TLS without a provider.
    let own = reqwest::Client::new();
    let plain = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let status =
        plain.block_on(async { own.get(&url).send().await.map(|response| response.status()) })?;
    row("the program's reqwest without TLS", "a request of its own", status.is_success());

    let client = client()?;
    let name = smol::block_on(partner(&client))?;
    row("smol", "token, GraphQL, request()", name.contains("partner"));

    let name = futures_executor::block_on(partner(&client))?;
    row("futures-executor", "token, GraphQL, request()", name.contains("partner"));

    let without_timers = tokio::runtime::Builder::new_current_thread().build()?;
    let name = without_timers.block_on(partner(&client))?;
    drop(without_timers);
    row("tokio without timers", "token, GraphQL, request()", name.contains("partner"));
    Ok(())
}

async fn partner(client: &Client) -> Result<String, seekauth::Error> {
    client.get_token().await?;
    let graphql = client.graphql(Graphql::new(QUERY)).await?;
    let body = format!(r#"{{"query":"{QUERY}"}}"#);
    let request = client.post("/graphql").header("content-type", "application/json").body(body);
    let status = request.send().await?.status();
    Ok(format!("{status} {}", graphql.text()))
}

fn client() -> Result<Client, Box<dyn Error>> {
    Ok(Client::new(
        Config::seek_api(Environment::Playground)
            .credentials("sandbox-playground", "sandbox-playground-secret")
            .user_agent("Hosts/1.0")
            .ca_file(env::var("SANDBOX_CA_FILE")?)
            .token_url(env::var("SANDBOX_TOKEN_URL")?)
            .api_url(env::var("SANDBOX_GRAPHQL_URL")?),
    )?)
}

fn row(host: &str, what: &str, passed: bool) {
    println!("{host}\t{what}\t{}", if passed { "passed" } else { "FAILED" });
}
