//! Uses a client for as long as it is told to, from many tasks, and reports every use in the lines that
//! `program.py` describes.

use std::env;
use std::error::Error;
use std::fs;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use reqwest::Certificate;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE};
use seekauth::{Client, Config, Environment, blocking};
use tokio::task::JoinSet;
use tokio::time::sleep;

type Outcome<T = ()> = Result<T, Box<dyn Error + Send + Sync>>;

/// Calls in a round besides the one whose token is used.
const HOT_CALLS: usize = 50;
const NEW_CLIENT_TIMEOUT: Duration = Duration::from_secs(3);

/// Where the tokens of a client are used, and how.
struct Api {
    name: &'static str,
    http: reqwest::Client,
    url: String,
    body: &'static str,
    answer: u16,
}

#[tokio::main]
async fn main() -> Outcome {
    // The HTTP client is built without TLS of its own; this is the one that seekauth uses too.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let api = Arc::new(Api {
        name: "main",
        http: http(&env::var("SEEKAUTH_USER_AGENT")?)?,
        url: env::var("SEEKAUTH_API_URL")?,
        body: r#"{"query": "{ self { partner { name } } }"}"#,
        answer: 200,
    });
    let client = Client::new(Config::from_env()?)?;
    let stopping = Arc::new(AtomicBool::new(false));

    let mut work = JoinSet::new();
    for _ in 0..number("SOAK_CALLERS")? {
        work.spawn(caller(client.clone(), Arc::clone(&api), Arc::clone(&stopping)));
    }
    for _ in 0..number("SOAK_NEW_CLIENTS")? {
        work.spawn(new_clients(Arc::clone(&stopping)));
    }
    tokio::task::spawn_blocking(|| {
        for _ in io::stdin().lines() {
            println!("measured\t0");
        }
    })
    .await?;
    stopping.store(true, Ordering::Relaxed);
    while let Some(ended) = work.join_next().await {
        ended??;
    }
    client.close();
    Ok(())
}

fn number(name: &str) -> Outcome<u64> {
    Ok(env::var(name)?.parse()?)
}

fn pause() -> Outcome<Duration> {
    Ok(Duration::from_millis(number("SOAK_PAUSE_MS")?))
}

fn http(user_agent: &str) -> Outcome<reqwest::Client> {
    let authorities = fs::read(env::var("SEEKAUTH_CA_FILE")?)?;
    let builder = reqwest::Client::builder().user_agent(user_agent);
    Ok(builder.add_root_certificate(Certificate::from_pem(&authorities)?).build()?)
}

async fn caller(client: Client, api: Arc<Api>, stopping: Arc<AtomicBool>) -> Outcome {
    let mut odd = false;
    while !stopping.load(Ordering::Relaxed) {
        for _ in 0..HOT_CALLS {
            let asked = now();
            if let Err(error) = client.authorization().await {
                failed("main", asked, &error);
                break;
            }
        }
        use_token(&api, &client, odd).await?;
        odd = !odd;
        sleep(pause()?).await;
    }
    Ok(())
}

async fn use_token(api: &Api, client: &Client, odd: bool) -> Outcome {
    let name = api.name;
    let asked = now();
    let token = match name {
        "new" => client.get_token_within(NEW_CLIENT_TIMEOUT).await,
        _ if odd => client.authorization().await.map(|header| Arc::clone(header.token())),
        _ => client.get_token().await,
    };
    let token = match token {
        Ok(token) => token,
        Err(error) => {
            failed(name, asked, &error);
            return Ok(());
        }
    };
    let handed = now();
    let call = api.http.post(&api.url).body(api.body);
    let call = call.header(CONTENT_TYPE, "application/json");
    let reply = call.header(AUTHORIZATION, token.authorization()).send().await?;
    let status = reply.status().as_u16();
    let text = reply.text().await?;
    let verdict = match text.as_str() {
        text if status == 401 || text.contains("UNAUTHENTICATED") => "refused",
        text if status == api.answer && !text.contains("errors") => "ok",
        _ => "broken",
    };
    println!(
        "used\t{name}\t{asked}\t{handed}\t{}\t{}\t{verdict}\t{}",
        now(),
        token.expires_at_unix_ms(),
        token.authorization()
    );
    if verdict == "refused" {
        let _ = client.invalidate(&token);
    }
    Ok(())
}

/// Clients come and go, with and without a request under way, on this runtime and on the library's.
async fn new_clients(stopping: Arc<AtomicBool>) -> Outcome {
    let api = Api {
        name: "new",
        http: http(&env::var("SOAK_NEW_USER_AGENT")?)?,
        url: env::var("SOAK_NEW_URL")?,
        body: r#"{"id": "soak"}"#,
        answer: 201,
    };
    while !stopping.load(Ordering::Relaxed) {
        let client = Client::new(new_client()?)?;
        use_token(&api, &client, false).await?;
        client.close();
        let given_up = Client::new(new_client()?)?;
        let _ = given_up.get_token_within(Duration::ZERO).await;
        let abandoned = blocking::Client::new(new_client()?)?;
        abandoned.get_token_then(None, drop)?;
        abandoned.release();
        sleep(pause()?).await;
    }
    Ok(())
}

fn new_client() -> Outcome<Config> {
    let set = |name: &str| env::var(format!("SOAK_NEW_{name}"));
    Ok(Config::seek_pass(Environment::Staging)
        .credentials(set("CLIENT_ID")?, set("CLIENT_SECRET")?)
        .base_url(set("BASE_URL")?)
        .scopes(set("SCOPES")?.split(' '))
        .user_agent(set("USER_AGENT")?)
        .ca_file(env::var("SEEKAUTH_CA_FILE")?))
}

fn failed(name: &str, asked: u128, error: &seekauth::Error) {
    println!("failed\t{name}\t{asked}\t{}\t{}", now(), error.kind().name());
}

fn now() -> u128 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis()
}
