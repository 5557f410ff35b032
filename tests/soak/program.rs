//! Uses a client for as long as it is told to, from many tasks, and reports every use in the lines that
//! `program.py` describes.

use std::env;
use std::error::Error;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use reqwest::header::{AUTHORIZATION, CONTENT_TYPE};
use seekauth::{Client, Config, host};
use tokio::task::JoinSet;
use tokio::time::sleep;

type Outcome<T = ()> = Result<T, Box<dyn Error + Send + Sync>>;

const CALLERS: usize = 6;
/// Calls in a round besides the one whose token is used.
const HOT_CALLS: usize = 50;
const PAUSE: Duration = Duration::from_millis(200);
const NEW_CLIENT_TIMEOUT: Duration = Duration::from_secs(3);
const NEW_CLIENT: &str = "soak-new/1.0";
const QUERY: &str = r#"{"query": "{ self { partner { name } } }"}"#;

#[tokio::main]
async fn main() -> Outcome {
    // The HTTP client is built without TLS of its own; this is the one that seekauth uses too.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let http = reqwest::Client::builder().user_agent(env::var("SEEKAUTH_USER_AGENT")?).build()?;
    let client = Client::new(Config::from_env()?)?;
    let stopping = Arc::new(AtomicBool::new(false));

    let mut work = JoinSet::new();
    for _ in 0..CALLERS {
        work.spawn(caller(client.clone(), http.clone(), Arc::clone(&stopping)));
    }
    work.spawn(new_clients(http, Arc::clone(&stopping)));
    tokio::task::spawn_blocking(|| {
        for _ in io::stdin().lines() {
            println!("measured");
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

async fn caller(client: Client, http: reqwest::Client, stopping: Arc<AtomicBool>) -> Outcome {
    let mut odd = false;
    while !stopping.load(Ordering::Relaxed) {
        for _ in 0..HOT_CALLS {
            let asked = now();
            if let Err(error) = client.authorization().await {
                failed("main", asked, &error);
                break;
            }
        }
        use_token("main", &client, &http, odd).await?;
        odd = !odd;
        sleep(PAUSE).await;
    }
    Ok(())
}

async fn use_token(name: &str, client: &Client, http: &reqwest::Client, odd: bool) -> Outcome {
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
    let call = http.post(client.api_url().unwrap_or_default()).body(QUERY);
    let call = call.header(CONTENT_TYPE, "application/json");
    let reply = call.header(AUTHORIZATION, token.authorization()).send().await?;
    let good = reply.status().is_success();
    let text = reply.text().await?;
    let verdict = match text.as_str() {
        text if text.contains("UNAUTHENTICATED") => "refused",
        text if good && !text.contains("errors") => "ok",
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
async fn new_clients(http: reqwest::Client, stopping: Arc<AtomicBool>) -> Outcome {
    while !stopping.load(Ordering::Relaxed) {
        let client = Client::new(new_client()?)?;
        use_token("new", &client, &http, false).await?;
        client.close();
        let given_up = Client::new(new_client()?)?;
        let _ = given_up.get_token_within(Duration::ZERO).await;
        let abandoned = host::Client::new(new_client()?)?;
        abandoned.get_token_then(None, drop)?;
        abandoned.release();
        sleep(PAUSE).await;
    }
    Ok(())
}

/// Under a name of their own, so that the sandbox counts them apart.
fn new_client() -> Result<Config, seekauth::Error> {
    Ok(Config::from_env()?.user_agent(NEW_CLIENT))
}

fn failed(name: &str, asked: u128, error: &seekauth::Error) {
    println!("failed\t{name}\t{asked}\t{}\t{}", now(), error.kind().name());
}

fn now() -> u128 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis()
}
