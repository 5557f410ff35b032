//! What a request costs more when seekauth authenticates it, than the same request sent by the bare HTTP
//! client with the same headers and time-out: medians of one run, on one kept-alive loopback connection
//! each, turn and turn about. Against the sandbox, and against a server that costs next to nothing and so
//! hides nothing. Takes the C program's path, which measures the same for libcurl, and prints the table.

mod server;

use std::env;
use std::error::Error;
use std::process::Command;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use reqwest::Client as Http;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, USER_AGENT};
use seekauth::{Client, Config, Environment, blocking};
use tokio::runtime::Builder;

const BODY: &str = r#"{"query":"{ self { partner { name } } }"}"#;
const TIMEOUT: Duration = Duration::from_secs(30);
const AGENT: &str = "overhead/1.0";
const WARM_UP: usize = 500;
const TURNS: usize = 10_000;

type Outcome<T> = Result<T, Box<dyn Error>>;

/// What plays SEEK, and where.
struct Server {
    name: &'static str,
    token_url: String,
    api_url: String,
}

/// A server that costs next to nothing.
fn idle() -> Outcome<Server> {
    let address = server::start()?;
    Ok(Server {
        name: "a server that does nothing",
        token_url: format!("http://{address}/token"),
        api_url: format!("http://{address}/graphql"),
    })
}

/// The sandbox that tests/c/with-sandbox.sh has started: it checks the token and executes the query.
fn sandbox() -> Outcome<Server> {
    let (token_url, api_url) = (env::var("SANDBOX_TOKEN_URL")?, env::var("SANDBOX_GRAPHQL_URL")?);
    Ok(Server { name: "the sandbox", token_url, api_url })
}

fn config(server: &Server) -> Config {
    Config::seek_api(Environment::Playground)
        .credentials("sandbox-playground", "sandbox-playground-secret")
        .user_agent(AGENT)
        .token_url(&server.token_url)
        .api_url(&server.api_url)
}

fn bare(http: &Http, server: &Server, authorization: &str) -> reqwest::Result<reqwest::Request> {
    http.post(&server.api_url)
        .header(CONTENT_TYPE, "application/json")
        .header(USER_AGENT, AGENT)
        .header("x-request-id", "9b2d1f3c-7c53-4a2e-9b1e-0e6f6f1f7a10")
        .header(AUTHORIZATION, authorization)
        .timeout(TIMEOUT)
        .body(BODY)
        .build()
}

fn median(mut times: Vec<Duration>) -> f64 {
    times.sort_unstable();
    times[times.len() / 2].as_secs_f64() * 1e6
}

fn row(what: &str, bare: f64, with: f64) {
    println!("{what:<58} {bare:>9.1} {with:>9.1} {:>7.3}", with / bare);
}

async fn rust(server: &Server) -> Outcome<()> {
    let http = Http::builder().no_proxy().build()?;
    let client = Client::new(config(server))?;
    let authorization = client.authorization().await?;
    let (mut without, mut with) = (Vec::new(), Vec::new());
    for turn in 0..WARM_UP + TURNS {
        let started = Instant::now();
        let text = http.execute(bare(&http, server, &authorization)?).await?.bytes().await?;
        let between = Instant::now();
        let request = http
            .post(&server.api_url)
            .header(CONTENT_TYPE, "application/json")
            .timeout(TIMEOUT)
            .body(BODY)
            .build()?;
        let same = client.send(request).await?.bytes().await?;
        if turn >= WARM_UP {
            without.push(between - started);
            with.push(between.elapsed());
        }
        assert!(text.starts_with(b"{\"data\"") && text == same, "not the answer");
    }
    row("Rust: Client::send over reqwest's execute", median(without), median(with));
    Ok(())
}

/// For programs without tokio, such as those in C: both hand the request to a thread and wait.
fn blocking(server: &Server) -> Outcome<()> {
    let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let http = Http::builder().no_proxy().build()?;
    let client = blocking::Client::new(config(server))?;
    let token = client.get_token(None)?;
    let (mut without, mut with) = (Vec::new(), Vec::new());
    for turn in 0..WARM_UP + TURNS {
        let started = Instant::now();
        let request = bare(&http, server, token.authorization())?;
        let (sender, result) = mpsc::sync_channel(1);
        let sends = http.clone();
        runtime.spawn(async move {
            let answer = async { sends.execute(request).await?.bytes().await };
            // The other end waits for it.
            let _ = sender.send(answer.await);
        });
        let text = result.recv()??;
        let between = Instant::now();
        let request = blocking::Request {
            method: "POST".into(),
            url: server.api_url.clone(),
            headers: vec![("content-type".into(), "application/json".into())],
            body: BODY.into(),
            timeout: Some(TIMEOUT),
        };
        let same = client.start_send(request)?.wait()?.body;
        if turn >= WARM_UP {
            without.push(between - started);
            with.push(between.elapsed());
        }
        assert!(text.starts_with(b"{\"data\"") && text == same, "not the answer");
    }
    row("blocking::Client: blocking send over reqwest on a thread", median(without), median(with));
    Ok(())
}

fn main() -> Outcome<()> {
    let program = env::args().nth(1).ok_or("usage: seekauth-overhead C-PROGRAM")?;
    rustls::crypto::ring::default_provider().install_default().map_err(|_| "a second provider")?;
    for server in [sandbox()?, idle()?] {
        let title = format!("median of {TURNS} requests to {}", server.name);
        println!("{title:<58} {:>9} {:>9} {:>7}", "bare us", "with us", "ratio");
        Builder::new_current_thread().enable_all().build()?.block_on(rust(&server))?;
        blocking(&server)?;
        let done = Command::new(&program).args([&server.token_url, &server.api_url]).status()?;
        if !done.success() {
            return Err("the C program failed".into());
        }
    }
    Ok(())
}
