//! A program with everybody's default features: reqwest and rustls of its own beside seekauth, several
//! runtimes, and services that take any source of tokens. Prints a row for each thing that works, and
//! ends at the first that does not.

use std::env;
use std::error::Error;
use std::sync::Arc;
use std::thread;

use reqwest::header::AUTHORIZATION;
use reqwest::{Certificate, ClientBuilder};
use seekauth::{Client, Config, Environment, StaticToken, TokenProvider};
use serde_json::{Value, json};

const QUERY: &str = "{ self { partner { name } } }";

type Outcome<T = ()> = Result<T, Box<dyn Error + Send + Sync>>;

/// A service of the program's that does not care who gives it tokens.
struct Hirers<P> {
    tokens: P,
    http: reqwest::Client,
    url: String,
}

impl<P: TokenProvider> Hirers<P> {
    /// Whether the API takes the token; the status does not tell.
    async fn is_accepted(&self) -> Outcome<bool> {
        let token = self.tokens.get_token().await?;
        let request = self.http.post(&self.url).header(AUTHORIZATION, token.authorization());
        let body: Value = serde_json::from_str(&request.json_body().send().await?.text().await?)?;
        Ok(body["data"]["self"].is_object())
    }
}

/// The body that all requests here have; reqwest's own `json` is a feature.
trait JsonBody {
    fn json_body(self) -> Self;
}

impl JsonBody for reqwest::RequestBuilder {
    fn json_body(self) -> Self {
        self.header("content-type", "application/json").body(json!({ "query": QUERY }).to_string())
    }
}

fn main() -> Outcome {
    // Panics where two providers are built in and none is chosen.
    let tls =
        rustls::ClientConfig::builder().with_root_certificates(rustls::RootCertStore::empty());
    drop(tls.with_no_client_auth());
    row("rustls of the program's own", "its default provider", true);

    let client = client()?;
    let status = tokio::runtime::Runtime::new()?
        .block_on(own_client(&client, reqwest::Client::builder()))?;
    row("reqwest of the program's own", "https with a token", status == 200);
    let again = seekauth::reqwest::Client::builder();
    let status = tokio::runtime::Runtime::new()?.block_on(own_client(&client, again))?;
    row("reqwest by the re-export", "https with a token", status == 200);

    let body = tokio::runtime::Runtime::new()?.block_on(middleware(&client))?;
    row("reqwest-middleware", "a request", body["data"]["self"].is_object());
    let body = tokio::runtime::Runtime::new()?.block_on(request(&client))?;
    row("Client::request", "send() authenticates", body["data"]["self"].is_object());

    row("two runtimes", "threads, runtimes that end", two_runtimes(&client)? == 200);
    row(
        "TokenProvider",
        "Client and StaticToken, generic and dyn",
        generic(&client)? == (true, true, false),
    );
    Ok(())
}

async fn own_client(client: &Client, builder: ClientBuilder) -> Outcome<u16> {
    let http = trusting(builder)?.build()?;
    let token = client.get_token().await?;
    let request = http.post(url()?).header(AUTHORIZATION, token.authorization());
    Ok(request.json_body().send().await?.status().as_u16())
}

async fn middleware(client: &Client) -> Outcome<Value> {
    let http = trusting(reqwest::Client::builder())?.build()?;
    let http = reqwest_middleware::ClientBuilder::new(http).with(client.clone()).build();
    let request = http.post(url()?).header("content-type", "application/json");
    let response = request.body(json!({ "query": QUERY }).to_string()).send().await?;
    Ok(serde_json::from_str(&response.text().await?)?)
}

async fn request(client: &Client) -> Outcome<Value> {
    let response = client.post("/graphql").json(&json!({ "query": QUERY })).send().await?;
    Ok(serde_json::from_str(&response.text().await?)?)
}

/// One runtime begins a call and never runs again; the others go on.
fn two_runtimes(client: &Client) -> Outcome<u16> {
    let parked = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let scoped = client.clone();
    parked.spawn(async move {
        scoped.get(&scoped.api_url().unwrap_or_default().to_owned()).send().await
    });
    parked.block_on(tokio::task::yield_now());
    let mut status = 0;
    for _ in 0..3 {
        let client = client.clone();
        let thread = thread::spawn(move || -> Outcome<u16> {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            let request = client.post("/graphql").json(&json!({ "query": QUERY }));
            Ok(runtime.block_on(request.send())?.status().as_u16())
        });
        status = thread.join().map_err(|_| "a thread panicked")??;
    }
    Ok(status)
}

fn generic(client: &Client) -> Outcome<(bool, bool, bool)> {
    let http = trusting(reqwest::Client::builder())?.build()?;
    let runtime = tokio::runtime::Runtime::new()?;
    let own = Hirers { tokens: client.clone(), http: http.clone(), url: url()? };
    let by_client = runtime.block_on(own.is_accepted())?;
    let token = runtime.block_on(client.get_token())?;
    let mut accepted = [true; 2];
    for (value, is_accepted) in [token.value(), "no-token"].into_iter().zip(&mut accepted) {
        let tokens: Arc<dyn TokenProvider> = Arc::new(StaticToken::new(value)?);
        let service = Hirers { tokens, http: http.clone(), url: url()? };
        *is_accepted = runtime.block_on(service.is_accepted())?;
    }
    Ok((by_client, accepted[0], accepted[1]))
}

fn trusting(builder: ClientBuilder) -> Outcome<ClientBuilder> {
    let pem = std::fs::read(env::var("SANDBOX_CA_FILE")?)?;
    Ok(builder.no_proxy().user_agent("Hosts/1.0").tls_certs_only([Certificate::from_pem(&pem)?]))
}

fn url() -> Outcome<String> {
    Ok(env::var("SANDBOX_GRAPHQL_URL")?)
}

fn client() -> Outcome<Client> {
    Ok(Client::new(
        Config::seek_api(Environment::Playground)
            .credentials("sandbox-playground", "sandbox-playground-secret")
            .user_agent("Hosts/1.0")
            .ca_file(env::var("SANDBOX_CA_FILE")?)
            .token_url(env::var("SANDBOX_TOKEN_URL")?)
            .api_url(url()?),
    )?)
}

fn row(host: &str, what: &str, passed: bool) {
    println!("{host}\t{what}\t{}", if passed { "passed" } else { "FAILED" });
}
