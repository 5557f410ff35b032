//! A renewal beside what it costs at least: the same POST written to a socket by hand, and by reqwest, each on a
//! connection that is kept open. Turn by turn, on one thread.

use std::time::Instant;

use seekauth::Client;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::{Problem, list};

const BODY: &str =
    "grant_type=client_credentials&client_id=bench-client&client_secret=bench-secret&scope=s";
const FORM: &str = "application/x-www-form-urlencoded";

pub(crate) async fn refresh(client: &Client, place: &str, number: u32) -> Result<String, Problem> {
    let server = std::env::var("BENCH_HTTP")?;
    let url = format!("{server}/{place}/token");
    let mut wire = TcpStream::connect(server.trim_start_matches("http://")).await?;
    wire.set_nodelay(true)?;
    // Whoever installed one before did the same.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let http = reqwest::Client::builder().no_proxy().build()?;
    client.authorization().await?;
    raw(&mut wire, place).await?;
    post(&http, &url).await?;
    let handles: Vec<Client> = (0..number)
        .map(|index| client.with_scopes([format!("s{index}")]))
        .collect::<Result<_, _>>()?;
    let (mut raws, mut posts, mut ours) = (Vec::new(), Vec::new(), Vec::new());
    for handle in &handles {
        let began = Instant::now();
        raw(&mut wire, place).await?;
        raws.push(began.elapsed().as_secs_f64() * 1e6);
        let began = Instant::now();
        post(&http, &url).await?;
        posts.push(began.elapsed().as_secs_f64() * 1e6);
        let began = Instant::now();
        handle.authorization().await?;
        ours.push(began.elapsed().as_secs_f64() * 1e6);
    }
    Ok(format!(
        "{{\"raw\": {}, \"reqwest\": {}, \"library\": {}}}",
        list(&raws),
        list(&posts),
        list(&ours)
    ))
}

async fn post(http: &reqwest::Client, url: &str) -> Result<(), Problem> {
    let request = http.post(url).header("content-type", FORM).header("accept", "application/json");
    let reply = request.body(BODY).send().await?.bytes().await?;
    if reply.len() < 1000 { Err("reqwest got no token".into()) } else { Ok(()) }
}

async fn raw(wire: &mut TcpStream, place: &str) -> Result<(), Problem> {
    let message = format!(
        "POST /{place}/token HTTP/1.1\r\nhost: 127.0.0.1\r\naccept: application/json\r\n\
         content-type: {FORM}\r\ncontent-length: {}\r\n\r\n{BODY}",
        BODY.len()
    );
    wire.write_all(message.as_bytes()).await?;
    let mut reply = Vec::with_capacity(4096);
    loop {
        if wire.read_buf(&mut reply).await? == 0 {
            return Err("the connection ended".into());
        }
        let text = String::from_utf8_lossy(&reply);
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let head = head.to_ascii_lowercase();
        let size = head.lines().find_map(|line| line.strip_prefix("content-length: "));
        if body.len() >= size.ok_or("no content-length")?.parse()? {
            return Ok(());
        }
    }
}
