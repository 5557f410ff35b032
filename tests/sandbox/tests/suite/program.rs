//! The program: its line of URLs, its ways to end, its arguments, and ten thousand requests at once.

use std::process::Stdio;
use std::sync::Arc;

use rustix::process::{Pid, Resource, Rlimit, Signal, getrlimit, kill_process, setrlimit};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};
use tokio::sync::Semaphore;

use crate::support::{client, live, members, status_and_json};

fn command() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_seekauth-sandbox"));
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true);
    command
}

async fn start(arguments: &[&str]) -> (Child, Value) {
    let mut child = command().args(arguments).spawn().unwrap();
    let mut line = String::new();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    stdout.read_line(&mut line).await.unwrap();
    (child, serde_json::from_str(&line).unwrap())
}

fn text<'a>(urls: &'a Value, name: &str) -> &'a str {
    urls[name].as_str().unwrap()
}

async fn serves(urls: &Value) -> bool {
    let request = client().post(text(urls, "token_url")).json(&live());
    request.send().await.is_ok_and(|response| response.status() == 200)
}

#[tokio::test]
async fn prints_its_urls_and_ends_by_signal() {
    for signal in [Signal::TERM, Signal::INT] {
        let (mut child, urls) = start(&[]).await;
        let wanted = [
            "admin",
            "auth",
            "ca_file",
            "env",
            "foreign",
            "graphql",
            "graphql_url",
            "pass",
            "pass_env",
            "pass_token_url",
            "token_url",
        ];
        assert_eq!(members(&urls), wanted);
        assert_eq!(urls["env"]["SEEKAUTH_TOKEN_URL"], urls["token_url"]);
        assert_eq!(urls["pass_env"]["PASS_BASE_URL"], urls["pass"]);
        assert!(urls["env"].get("SEEKAUTH_CA_FILE").is_none());
        assert!(serves(&urls).await);
        // Without the flag, the end of standard input means nothing.
        drop(child.stdin.take());
        assert!(serves(&urls).await);
        let id = i32::try_from(child.id().unwrap()).unwrap();
        kill_process(Pid::from_raw(id).unwrap(), signal).unwrap();
        assert!(child.wait().await.unwrap().success());
        assert!(!serves(&urls).await);
    }
}

#[tokio::test]
async fn can_end_with_its_input_and_clean_up() {
    let (mut child, urls) = start(&["--exit-with-stdin", "--tls"]).await;
    assert!(text(&urls, "auth").starts_with("https://127.0.0.1:"));
    let authority = text(&urls, "ca_file");
    assert_eq!(urls["env"]["SEEKAUTH_CA_FILE"], urls["ca_file"]);
    assert_eq!(urls["pass_env"]["PASS_CA_FILE"], urls["ca_file"]);
    assert!(std::path::Path::new(authority).exists());
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(b"ignored\n").await.unwrap();
    let (status, _) =
        status_and_json(client().get(format!("{}/counts", text(&urls, "admin")))).await;
    assert_eq!(status, 200);
    drop(stdin);
    assert!(child.wait().await.unwrap().success());
    assert!(!std::path::Path::new(authority).exists());
}

#[tokio::test]
async fn listens_where_it_is_told_under_a_name_that_its_certificate_has() {
    // Five ports in a row that were free a moment ago; who was faster makes the program fail, and the next five are tried.
    let (_child, urls) = loop {
        let first = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let port = first.port().to_string();
        let arguments =
            ["--tls", "--listen", "0.0.0.0", "--first-port", &port, "--host", "sandbox.test"];
        let mut child = command().args(arguments).stderr(Stdio::null()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).await.unwrap();
        if let Ok(urls) = serde_json::from_str::<Value>(&line) {
            assert_eq!(urls["auth"], json!(format!("https://sandbox.test:{port}")));
            break (child, urls);
        }
    };
    let port = |name: &str| text(&urls, name).rsplit_once(':').unwrap().1.parse::<u16>().unwrap();
    let ports = ["auth", "graphql", "pass", "foreign", "admin"].map(port);
    assert!(ports.windows(2).all(|pair| pair[1] == pair[0] + 1), "{ports:?}");
    let admin = format!("http://127.0.0.1:{}", port("admin"));
    let pem = client().get(format!("{admin}/ca.pem")).send().await.unwrap().bytes().await.unwrap();
    let authority = reqwest::Certificate::from_pem(&pem).unwrap();
    let trusting = crate::support::builder()
        .tls_certs_only([authority])
        .resolve("sandbox.test", ([127, 0, 0, 1], ports[0]).into())
        .build()
        .unwrap();
    let request = trusting.post(text(&urls, "token_url")).json(&live());
    assert_eq!(request.send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn runs_a_command_and_ends_as_it_does() {
    let run = async |script: &str| {
        let mut command = command();
        command.args(["--tls", "--", "sh", "-c", script]).stderr(Stdio::piped());
        command.output().await.unwrap()
    };
    let told =
        run("echo $SEEKAUTH_TOKEN_URL $PASS_SERVICE $SANDBOX_ADMIN_URL; test -s $SEEKAUTH_CA_FILE")
            .await;
    assert!(told.status.success());
    let text = String::from_utf8(told.stdout).unwrap();
    let [token_url, service, admin] = text.split_whitespace().collect::<Vec<_>>()[..] else {
        panic!("{text}")
    };
    assert!(token_url.starts_with("https://") && token_url.ends_with("/oauth/token"));
    assert!(service == "seek_pass" && admin.starts_with("http://"));
    assert!(client().get(format!("{admin}/urls")).send().await.is_err(), "it is gone");
    assert_eq!(run("exit 7").await.status.code(), Some(7));
    assert_eq!(run("kill -9 $$").await.status.code(), Some(137));
    let missing = command().args(["--", "/no/such/program"]).stderr(Stdio::piped()).output();
    let missing = missing.await.unwrap();
    assert!(String::from_utf8(missing.stderr).unwrap().contains("/no/such/program"));
}

#[tokio::test]
async fn takes_its_command_along_when_it_is_stopped() {
    let mut child = command().args(["--", "sh", "-c", "echo $$; exec sleep 600"]).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).await.unwrap();
    let id = i32::try_from(child.id().unwrap()).unwrap();
    kill_process(Pid::from_raw(id).unwrap(), Signal::TERM).unwrap();
    assert_eq!(child.wait().await.unwrap().code(), Some(128 + 15));
    let command = Pid::from_raw(line.trim().parse().unwrap()).unwrap();
    assert!(rustix::process::test_kill_process(command).is_err(), "it was waited for");
}

#[tokio::test]
async fn explains_itself() {
    let help = command().arg("--help").output().await.unwrap();
    assert!(help.status.success());
    let text = String::from_utf8(help.stdout).unwrap();
    assert!(["--tls", "--exit-with-stdin"].iter().all(|flag| text.contains(flag)), "{text}");
    let wrong = command().arg("--nonsense").stderr(Stdio::piped()).output().await.unwrap();
    assert_eq!(wrong.status.code(), Some(2));
    assert!(String::from_utf8(wrong.stderr).unwrap().contains("unknown argument --nonsense"));
    for arguments in [&["--first-port", "x"][..], &["--listen", "nowhere"], &["--host"]] {
        let wrong = command().args(arguments).stderr(Stdio::piped()).output().await.unwrap();
        let said = String::from_utf8(wrong.stderr).unwrap();
        assert!(wrong.status.code() == Some(2) && said.contains(arguments[0]), "{said}");
    }
    let version = command().arg("--version").output().await.unwrap();
    assert_eq!(
        version.stdout,
        concat!("seekauth-sandbox ", env!("CARGO_PKG_VERSION"), "\n").as_bytes()
    );
}

/// As many connections as this process may open, ten thousand at most.
fn crowd() -> usize {
    let limit = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit }).unwrap();
    let files = limit.maximum.map_or(10_000, |files| usize::try_from(files).unwrap());
    (files - 100).min(10_000)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn answers_ten_thousand_at_once() {
    let (_child, urls) = start(&[]).await;
    let admin = text(&urls, "admin").to_owned();
    let hold = json!({"endpoint": "seek_api_token", "hold": true, "times": 0});
    let scripted = client().post(format!("{admin}/script")).json(&hold).send().await.unwrap();
    assert_eq!(scripted.status(), 200);
    let address = text(&urls, "auth").trim_start_matches("http://").to_owned();
    let crowd = crowd();
    // All are connected before the first is answered; only connecting goes in turns, as the backlog wants.
    let turns = Arc::new(Semaphore::new(1000));
    let callers: Vec<_> = (0..crowd)
        .map(|_| {
            let (address, turns, body) = (address.clone(), Arc::clone(&turns), live().to_string());
            tokio::spawn(async move {
                let turn = turns.acquire().await.unwrap();
                let mut stream = TcpStream::connect(address).await.unwrap();
                drop(turn);
                let head = "POST /oauth/token HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-type: application/json";
                let request = format!("{head}\r\ncontent-length: {}\r\n\r\n{body}", body.len());
                stream.write_all(request.as_bytes()).await.unwrap();
                let mut response = String::new();
                stream.read_to_string(&mut response).await.unwrap();
                assert!(response.starts_with("HTTP/1.1 200 OK"), "{response}");
                response.split_once("\r\n\r\n").unwrap().1.to_owned()
            })
        })
        .collect();
    let arrived = async || {
        let (_, counts) = status_and_json(client().get(format!("{admin}/counts"))).await;
        counts["endpoints"]["seek_api_token"].as_u64().unwrap_or(0)
    };
    let wanted = u64::try_from(crowd).unwrap();
    while arrived().await < wanted {
        assert!(callers.iter().all(|caller| !caller.is_finished()), "a caller failed early");
    }
    client().post(format!("{admin}/release")).send().await.unwrap();
    let mut tokens = std::collections::HashSet::new();
    for caller in callers {
        let reply: Value = serde_json::from_str(&caller.await.unwrap()).unwrap();
        tokens.insert(text(&reply, "access_token").to_owned());
    }
    assert_eq!(tokens.len(), crowd);
}
