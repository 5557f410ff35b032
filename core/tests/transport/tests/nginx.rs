//! A real nginx that ends connections after a few requests, and is reloaded under load.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on fails there")]

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use seekauth::blocking;
use seekauth_transport::{Authority, ask, config};

const TIMEOUT: Duration = Duration::from_secs(30);

struct Nginx {
    authority: Authority,
    process: Child,
    port: u16,
}

impl Nginx {
    /// Nothing on a machine without nginx; the tests that CI runs are on one that has it.
    fn start(settings: &str, listen: &str) -> Option<Self> {
        let Ok(version) = Command::new("nginx").arg("-v").output() else {
            println!("left out: nginx is not installed");
            return None;
        };
        assert!(version.status.success());
        let authority = Authority::new();
        let [certificate, key] = authority.server_files();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let folder = authority.folder().display().to_string();
        let grant = r#"{"access_token":"token","token_type":"Bearer","expires_in":1800}"#;
        let text = format!(
            r#"
            daemon off; pid {folder}/pid; error_log {folder}/error.log; worker_processes 2;
            events {{ worker_connections 1024; }}
            http {{
                client_body_temp_path {folder}; proxy_temp_path {folder}; fastcgi_temp_path {folder};
                uwsgi_temp_path {folder}; scgi_temp_path {folder};
                log_format short '$connection $status $uri'; access_log {folder}/access.log short;
                default_type application/json; {settings}
                server {{
                    listen 127.0.0.1:{port} ssl {listen};
                    ssl_certificate {certificate}; ssl_certificate_key {key};
                    location /token {{ return 200 '{grant}'; }}
                    location /graphql {{ return 200 '{{"data":{{}}}}'; }}
                }}
            }}
            "#
        );
        let file = authority.folder().join("nginx.conf");
        fs::write(&file, text).unwrap();
        let process = nginx(&file).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let began = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(began.elapsed() < Duration::from_secs(20), "nginx does not start");
            thread::yield_now();
        }
        Some(Self { authority, process, port })
    }

    fn client(&self) -> blocking::Client {
        let url = |path: &str| format!("https://127.0.0.1:{}/{path}", self.port);
        let config = config(&url("token")).ca_file(self.authority.ca_file());
        blocking::Client::new(config.api_url(url("graphql"))).unwrap()
    }

    fn file(&self) -> PathBuf {
        self.authority.folder().join("nginx.conf")
    }

    fn reload(&self) {
        assert!(nginx(&self.file()).args(["-s", "reload"]).output().unwrap().status.success());
    }

    /// Ends it, and gives what it says it did: connection, status and path.
    fn stop(mut self) -> Vec<String> {
        assert!(nginx(&self.file()).args(["-s", "quit"]).output().unwrap().status.success());
        self.process.wait().unwrap();
        let log = fs::read_to_string(self.authority.folder().join("access.log")).unwrap();
        log.lines().map(str::to_owned).collect()
    }
}

fn nginx(file: &Path) -> Command {
    let mut command = Command::new("nginx");
    command.arg("-c").arg(file).stderr(Stdio::null());
    command
}

/// So many requests have passed from one reload to the next.
const RELOAD_EVERY: usize = 200;

/// What failed of so many mutations by so many callers.
fn load(client: &blocking::Client, callers: usize, each: usize) -> Vec<String> {
    load_counted(client, callers, each, &Arc::default())
}

fn load_counted(
    client: &blocking::Client,
    callers: usize,
    each: usize,
    done: &Arc<AtomicUsize>,
) -> Vec<String> {
    let callers: Vec<_> = (0..callers)
        .map(|_| {
            let (client, done) = (client.clone(), Arc::clone(done));
            thread::spawn(move || {
                let results = (0..each).map(|_| {
                    let result = ask(&client, TIMEOUT);
                    done.fetch_add(1, Ordering::SeqCst);
                    result
                });
                let failed = results.filter_map(Result::err);
                failed.map(|error| error.to_string()).collect::<Vec<_>>()
            })
        })
        .collect();
    callers.into_iter().flat_map(|caller| caller.join().unwrap()).collect()
}

fn count(log: &[String], path: &str) -> usize {
    log.iter().filter(|line| line.ends_with(&format!(" 200 {path}"))).count()
}

#[test]
fn connections_that_end_after_a_few_requests_cost_none() {
    for (listen, callers) in [("http2", 48), ("", 16)] {
        let Some(nginx) = Nginx::start("keepalive_requests 20;", listen) else { return };
        let client = nginx.client();
        let failed = load(&client, callers, 100);
        client.close();
        assert_eq!(failed, Vec::<String>::new(), "{listen}");
        // Each was processed once.
        assert_eq!(count(&nginx.stop(), "/graphql"), callers * 100, "{listen}");
    }
}

#[test]
fn more_requests_than_a_connection_takes_at_a_time_all_arrive() {
    let settings = "keepalive_requests 30; http2_max_concurrent_streams 8;";
    let Some(nginx) = Nginx::start(settings, "http2") else { return };
    let client = nginx.client();
    let failed = load(&client, 96, 20);
    client.close();
    assert_eq!(failed, Vec::<String>::new());
    assert_eq!(count(&nginx.stop(), "/graphql"), 96 * 20);
}

#[test]
fn reloads_under_load_cost_none() {
    let Some(nginx) = Nginx::start("keepalive_requests 200;", "http2") else { return };
    let client = nginx.client();
    let stop = Arc::new(AtomicBool::new(false));
    let failed = thread::scope(|scope| {
        let (nginx, stopped) = (&nginx, Arc::clone(&stop));
        let done = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&done);
        scope.spawn(move || {
            let mut next = RELOAD_EVERY;
            while !stopped.load(Ordering::SeqCst) {
                // A worker that is told to go during a handshake hangs up without a word on the request.
                if counted.load(Ordering::SeqCst) >= next {
                    nginx.reload();
                    next += RELOAD_EVERY;
                }
                thread::yield_now();
            }
        });
        let failed = load_counted(&client, 32, 200, &done);
        stop.store(true, Ordering::SeqCst);
        failed
    });
    client.close();
    assert_eq!(failed, Vec::<String>::new());
    let log = nginx.stop();
    assert_eq!((count(&log, "/graphql"), count(&log, "/token")), (32 * 200, 1));
}

#[test]
fn a_request_that_is_too_large_is_answered_or_told_of() {
    // Over HTTP/2 nginx ends the connection, and says nothing of the request.
    for listen in ["", "http2"] {
        let Some(nginx) = Nginx::start("", listen) else { return };
        let client = nginx.client();
        let (done, outcome) = mpsc::channel();
        let request = blocking::Request {
            method: "POST".to_owned(),
            url: "/graphql".to_owned(),
            headers: vec![("x-large".to_owned(), "v".repeat(60_000))],
            body: b"{}".to_vec(),
            timeout: Some(TIMEOUT),
        };
        let _handle = client.send_then(request, move |result| drop(done.send(result))).unwrap();
        match outcome.recv().unwrap() {
            Ok(response) => assert_eq!((listen, response.status), ("", 400)),
            Err(error) => {
                assert_eq!(listen, "http2", "{error}");
                assert!(error.message().contains("the request's headers have 58 KB"), "{error}");
            }
        }
        assert_eq!(ask(&client, TIMEOUT).unwrap(), 200);
        client.close();
        nginx.stop();
    }
}
