//! SEEK API and SEEK Pass tokens from Rust, with reqwest as the HTTP client.
//!
//! The `SEEKAUTH_*` variables say whose tokens and from where. With `DEMO_SANDBOX`, the admin
//! address of the sandbox that plays SEEK, the steps that need one run too. Prints a line per step:
//! its name, ok or wrong, what happened and microseconds, with tabs between them.

use std::env;
use std::error::Error;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use reqwest::header::AUTHORIZATION;
use seekauth::{Client, Config, Environment, ErrorKind};
use serde_json::{Value, json};
use tokio::task::JoinSet;

type Outcome<T = ()> = Result<T, Box<dyn Error + Send + Sync>>;

const CACHED_CALLS: u32 = 100_000;
const CALLERS: usize = 4;

#[tokio::main]
async fn main() -> ExitCode {
    match story().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

async fn story() -> Outcome {
    // The HTTP client is built without TLS of its own; this is the one that seekauth uses too.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let http = reqwest::Client::builder().user_agent(variable("SEEKAUTH_USER_AGENT")?).build()?;

    let client = Client::new(Config::from_env()?)?;
    token(&client).await?;
    if variable("SEEKAUTH_SERVICE")? == "seek_api" {
        graphql(&client, &http).await?;
    }
    cache(&client).await?;
    if let Ok(sandbox) = variable("DEMO_SANDBOX") {
        let seek_pass = seek_pass(&variable("DEMO_PASS_CLIENT_SECRET")?)?;
        pass_token(&seek_pass, &http).await?;
        other_scope(&seek_pass, &http).await?;
        renewal(&seek_pass, &http).await?;
        revoked(&client, &http, &sandbox).await?;
        wrong_secret().await?;
    }
    Ok(())
}

/// The first call asks the token endpoint.
async fn token(client: &Client) -> Outcome {
    let started = Instant::now();
    let token = client.get_token().await?;
    let elapsed = started.elapsed();
    let remaining = token.remaining();
    let what = format!("expires in {:.0} s", remaining.as_secs_f64());
    report("token", !remaining.is_zero(), &what, elapsed);
    Ok(())
}

/// A request to the SEEK API.
async fn graphql(client: &Client, http: &reqwest::Client) -> Outcome {
    let started = Instant::now();
    let (status, body) = ask(client, http, &client.authorization().await?).await?;
    report("graphql", is_answer(status, &body), &format!("HTTP {status}"), started.elapsed());
    Ok(())
}

/// The same token again, without a request: the time that one call takes.
async fn cache(client: &Client) -> Outcome {
    let first = client.get_token().await?;
    let mut authorization = client.authorization().await?;
    let started = Instant::now();
    for _ in 0..CACHED_CALLS {
        authorization = client.authorization().await?;
    }
    let elapsed = started.elapsed();
    let same = *authorization == *first.authorization();
    report("cache", same, "the same token", elapsed / CACHED_CALLS);
    Ok(())
}

/// A SEEK Pass token, and a credential added with it.
async fn pass_token(client: &Client, http: &reqwest::Client) -> Outcome {
    let started = Instant::now();
    let status = add(http, "education", &client.authorization().await?).await?;
    report("pass", status == 201, &format!("HTTP {status}"), started.elapsed());
    Ok(())
}

/// Another scope is another token, from a client that shares everything else.
async fn other_scope(client: &Client, http: &reqwest::Client) -> Outcome {
    let started = Instant::now();
    let authorization = client.with_scopes(["write.microcredential"])?.authorization().await?;
    let status = add(http, "microcredential", &authorization).await?;
    let elapsed = started.elapsed();
    let another = *authorization != *client.authorization().await?;
    report("scope", another && status == 201, &format!("HTTP {status}"), elapsed);
    Ok(())
}

/// Callers that never pause, until all have used a renewed token: the longest wait for one.
async fn renewal(client: &Client, http: &reqwest::Client) -> Outcome {
    let first = client.authorization().await?;
    let mut callers = JoinSet::new();
    for _ in 0..CALLERS {
        callers.spawn(work(client.clone(), http.clone(), first.to_string()));
    }
    let (mut calls, mut refused, mut longest) = (0, 0, Duration::ZERO);
    while let Some(caller) = callers.join_next().await {
        let worked = caller??;
        calls += worked.calls;
        refused += worked.refused;
        longest = longest.max(worked.longest);
    }
    report("renewal", refused == 0, &format!("{refused} of {calls} refused"), longest);
    Ok(())
}

#[derive(Default)]
struct Worked {
    calls: u32,
    refused: u32,
    longest: Duration,
}

async fn work(client: Client, http: reqwest::Client, first: String) -> Outcome<Worked> {
    let mut worked = Worked::default();
    loop {
        let started = Instant::now();
        let authorization = client.authorization().await?;
        worked.longest = worked.longest.max(started.elapsed());
        worked.calls += 1;
        if add(&http, "education", &authorization).await? != 201 {
            worked.refused += 1;
        }
        if *authorization != *first {
            return Ok(worked);
        }
    }
}

/// The API refuses a token: say so to the client, and ask again with the next one.
async fn revoked(client: &Client, http: &reqwest::Client, sandbox: &str) -> Outcome {
    let authorization = client.authorization().await?;
    let revoke = json!({"token": *authorization});
    http.post(format!("{sandbox}/revoke")).json(&revoke).send().await?;

    let started = Instant::now();
    let (mut status, mut body) = ask(client, http, &authorization).await?;
    let refused = is_unauthenticated(&body);
    if refused {
        let _ = client.invalidate(authorization.token());
        (status, body) = ask(client, http, &client.authorization().await?).await?;
    }
    let elapsed = started.elapsed();
    let what = format!("{}, then {status}", if refused { "refused" } else { "not refused" });
    report("revoked", refused && is_answer(status, &body), &what, elapsed);
    Ok(())
}

/// What a wrong secret looks like.
async fn wrong_secret() -> Outcome {
    let started = Instant::now();
    if let Err(error) = seek_pass("not the secret")?.get_token().await {
        let elapsed = started.elapsed();
        let expected = error.kind() == ErrorKind::InvalidCredentials && !error.retryable();
        let retryable = if error.retryable() { "retryable" } else { "not retryable" };
        report("secret", expected, &format!("{} ({retryable}): {error}", error.kind()), elapsed);
    }
    Ok(())
}

fn seek_pass(secret: &str) -> Outcome<Client> {
    let config = Config::seek_pass(Environment::Staging)
        .credentials(variable("DEMO_PASS_CLIENT_ID")?, secret)
        .user_agent(variable("SEEKAUTH_USER_AGENT")?)
        .scopes(["write.education"])
        .base_url(variable("DEMO_PASS_URL")?);
    Ok(Client::new(config)?)
}

async fn add(http: &reqwest::Client, credential_type: &str, authorization: &str) -> Outcome<u16> {
    let url = format!("{}/api/partner/v1/add/{credential_type}.json", variable("DEMO_PASS_URL")?);
    let request =
        http.post(url).header(AUTHORIZATION, authorization).json(&json!({"id": "demo-1"}));
    let reply = request.send().await?;
    let status = reply.status().as_u16();
    // Read to its end, a reply leaves its connection to the next request.
    reply.bytes().await?;
    Ok(status)
}

async fn ask(
    client: &Client,
    http: &reqwest::Client,
    authorization: &str,
) -> Outcome<(u16, Value)> {
    let url = client.api_url().ok_or("the client knows no API")?;
    let query = json!({"query": "{ self { partner { name } } }"});
    let reply = http.post(url).header(AUTHORIZATION, authorization).json(&query).send().await?;
    Ok((reply.status().as_u16(), reply.json().await?))
}

fn is_answer(status: u16, body: &Value) -> bool {
    status == 200 && body["errors"].is_null()
}

/// The code in the body decides: GraphQL's HTTP status is no signal.
fn is_unauthenticated(body: &Value) -> bool {
    let mut errors = body["errors"].as_array().into_iter().flatten();
    errors.any(|error| error["extensions"]["code"] == "UNAUTHENTICATED")
}

fn variable(name: &str) -> Outcome<String> {
    env::var(name).map_err(|problem| format!("{name}: {problem}").into())
}

fn report(step: &str, ok: bool, what: &str, elapsed: Duration) {
    let verdict = if ok { "ok" } else { "wrong" };
    println!("{step}\t{verdict}\t{what}\t{:.3}", elapsed.as_secs_f64() * 1e6);
}
