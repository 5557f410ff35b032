//! A secret is exchanged while the client works.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on fails there")]

use std::fs;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::{Duration, SystemTime};

use seekauth::{Config, Credentials, ErrorKind, EventKind, EventLevel, blocking};
use seekauth_transport::reject;

/// A token endpoint that takes the secrets of the moment and no others.
struct Issuer {
    url: String,
    accepted: Arc<Mutex<Vec<&'static str>>>,
    refused: Arc<AtomicUsize>,
    granted: Arc<AtomicUsize>,
}

impl Issuer {
    fn start(first: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/token", listener.local_addr().unwrap());
        let accepted = Arc::new(Mutex::new(vec![first]));
        let (refused, granted) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let (secrets, refusals, grants) =
            (Arc::clone(&accepted), Arc::clone(&refused), Arc::clone(&granted));
        thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let mut text = String::new();
                let mut buffer = [0; 4096];
                while !text.contains("client_secret=") {
                    match stream.read(&mut buffer) {
                        Ok(0) | Err(_) => break,
                        Ok(read) => text.push_str(&String::from_utf8_lossy(&buffer[..read])),
                    }
                }
                let good = secrets.lock().unwrap().iter().any(|secret| {
                    text.split(['&', '\n']).any(|part| part == format!("client_secret={secret}"))
                });
                let (status, body) = if good {
                    let number = grants.fetch_add(1, Ordering::SeqCst);
                    let body = format!(
                        r#"{{"access_token":"t{number}","token_type":"Bearer","expires_in":1800}}"#
                    );
                    ("200 OK", body)
                } else {
                    refusals.fetch_add(1, Ordering::SeqCst);
                    ("401 Unauthorized", r#"{"error":"invalid_client"}"#.to_owned())
                };
                let length = body.len();
                let answer = format!(
                    "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}"
                );
                // The client may be gone: it was closed.
                let _ = stream.write_all(answer.as_bytes());
            }
        });
        Self { url, accepted, refused, granted }
    }

    fn accept(&self, secrets: &[&'static str]) {
        *self.accepted.lock().unwrap() = secrets.to_vec();
    }

    fn counts(&self) -> (usize, usize) {
        (self.granted.load(Ordering::SeqCst), self.refused.load(Ordering::SeqCst))
    }

    fn config(&self) -> Config {
        Config::oauth(&self.url).user_agent("Transport/1.0")
    }
}

/// Renews: the API has rejected the token.
fn renew(client: &blocking::Client) -> Result<(), seekauth::Error> {
    let token = client.get_token(None)?;
    reject(client, token.value());
    client.get_token(None).map(|_| ())
}

fn write(path: &Path, text: &str) -> String {
    // As Kubernetes does: the new file takes the old one's place in one step.
    let beside = path.with_extension("new");
    fs::write(&beside, text).unwrap();
    fs::rename(&beside, path).unwrap();
    path.display().to_string()
}

#[test]
fn a_secret_in_a_file_is_rotated_under_load_without_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("secret");
    let issuer = Issuer::start("old");
    let config = issuer.config().client_id("id").client_secret_file(write(&path, "old\n"));
    let client = blocking::Client::new(config).unwrap();
    client.get_token(None).unwrap();
    let stop = Arc::new(AtomicBool::new(false));
    let calls = Arc::new(AtomicUsize::new(0));
    let callers: Vec<_> = (0..8)
        .map(|_| {
            let (client, stop, calls) = (client.clone(), Arc::clone(&stop), Arc::clone(&calls));
            thread::spawn(move || {
                while !stop.load(Ordering::SeqCst) {
                    client.get_token(None).expect("a rotation is nobody's error");
                    calls.fetch_add(1, Ordering::SeqCst);
                }
            })
        })
        .collect();
    while calls.load(Ordering::SeqCst) == 0 {
        thread::yield_now();
    }
    write(&path, "new\n");
    issuer.accept(&["new"]);
    renew(&client).unwrap();
    stop.store(true, Ordering::SeqCst);
    for caller in callers {
        caller.join().unwrap();
    }
    assert_eq!(issuer.counts(), (2, 0));
}

#[test]
fn a_refused_credential_is_asked_for_again_at_once() {
    let issuer = Issuer::start("new");
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    // A store that hands out the old secret once more after the rotation.
    let config = issuer.config().credentials_from_blocking(move || {
        let first = count.fetch_add(1, Ordering::SeqCst) == 0;
        Ok(Credentials::new("id", if first { "old" } else { "new" }))
    });
    blocking::Client::new(config).unwrap().get_token(None).unwrap();
    assert_eq!((asked.load(Ordering::SeqCst), issuer.counts()), (2, (1, 1)));
}

#[test]
fn a_tokens_life_begins_with_its_request_and_not_with_a_slow_provider() {
    let issuer = Issuer::start("good");
    let returned = Arc::new(Mutex::new(SystemTime::UNIX_EPOCH));
    let clock = Arc::clone(&returned);
    let config = issuer.config().credentials_from_blocking(move || {
        thread::sleep(Duration::from_millis(100));
        *clock.lock().unwrap() = SystemTime::now();
        Ok(Credentials::new("id", "good"))
    });
    let token = blocking::Client::new(config).unwrap().get_token(None).unwrap();
    let earliest = *returned.lock().unwrap() + Duration::from_secs(1_800);
    assert!(token.expires_at() >= earliest, "the provider's time is taken from the token's life");
}

#[test]
fn the_second_secret_is_tried_once_and_then_preferred() {
    let issuer = Issuer::start("old");
    let config = issuer.config().credentials("id", "old").client_secret_next("new");
    let client = blocking::Client::new(config).unwrap();
    let (sender, events) = mpsc::channel();
    let _listening = client.listen(EventLevel::Info, move |batch| {
        for event in batch {
            sender.send(event.clone()).unwrap();
        }
    });
    client.get_token(None).unwrap();
    issuer.accept(&["new"]);
    renew(&client).unwrap();
    assert_eq!(issuer.counts(), (2, 1));
    let changed = EventKind::CredentialsChanged { is_next: true, source: "static" };
    let mut until = std::iter::from_fn(|| events.recv_timeout(Duration::from_secs(60)).ok());
    assert!(until.any(|event| event.level == EventLevel::Info && event.kind == changed));
    renew(&client).unwrap();
    assert_eq!(issuer.counts(), (3, 1));
    issuer.accept(&[]);
    assert_eq!(renew(&client).unwrap_err().kind(), ErrorKind::InvalidCredentials);
    assert_eq!(issuer.counts(), (3, 3));
}

#[test]
fn a_secret_that_comes_late_ends_the_memory_of_the_refusal() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("credentials.json");
    let document = |secret: &str| format!(r#"{{"client_id":"id","client_secret":"{secret}"}}"#);
    let issuer = Issuer::start("new");
    let config = issuer.config().credentials_file(write(&path, &document("old")));
    let client = blocking::Client::new(config).unwrap();
    let refused = client.get_token(None).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::InvalidCredentials);
    write(&path, &document("new"));
    // The file is looked at once a second at most, long before the refusal's ten seconds are over.
    let began = std::time::Instant::now();
    while client.get_token(None).is_err() {
        thread::yield_now();
        assert!(began.elapsed().as_secs() < 9, "the refusal outlives the credentials");
    }
    assert_eq!(issuer.counts(), (1, 1));
}

#[test]
fn a_command_prints_the_credentials() {
    let issuer = Issuer::start("printed");
    let script = r#"printf '{"client_id":"id","client_secret":"printed"}'"#;
    let config = issuer.config().credentials_command(["/bin/sh", "-c", script]);
    blocking::Client::new(config).unwrap().get_token(None).unwrap();
    let config = issuer.config().credentials_command(["/bin/sh", "-c", "echo s3cret >&2; exit 1"]);
    let error = blocking::Client::new(config).unwrap().get_token(None).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::CredentialsUnavailable);
    assert!(!format!("{error:?}").contains("s3cret"));
}

#[test]
#[cfg(unix)]
fn a_file_that_waits_for_its_writer_holds_nobody_up() {
    let folder = tempfile::tempdir().unwrap();
    let fifo = folder.path().join("fifo");
    assert!(std::process::Command::new("mkfifo").arg(&fifo).status().unwrap().success());
    let issuer = Issuer::start("good");
    let config = issuer.config().client_id("id").client_secret_file(fifo.display().to_string());
    let waiting = blocking::Client::new(config).unwrap();
    let caller = {
        let client = waiting.clone();
        thread::spawn(move || client.get_token(None).unwrap_err())
    };
    // All clients of a process share one worker.
    blocking::Client::new(issuer.config().credentials("id", "good"))
        .unwrap()
        .get_token(None)
        .unwrap();
    let error = caller.join().unwrap();
    assert_eq!(error.kind(), ErrorKind::CredentialsUnavailable);
    assert!(error.message().contains("regular file") && !error.retryable());
}

#[test]
fn a_provider_that_fails_leaves_the_live_token_in_use() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("secret");
    let issuer = Issuer::start("old");
    let config = issuer.config().client_id("id").client_secret_file(write(&path, "old"));
    let client = blocking::Client::new(config.clone()).unwrap();
    let token = client.get_token(None).unwrap();
    fs::remove_file(&path).unwrap();
    assert_eq!(client.get_token(None).unwrap().value(), token.value());
    // Set aside as rejected, it is still better than none.
    reject(&client, token.value());
    assert_eq!(client.get_token(None).unwrap().value(), token.value());
    let error = blocking::Client::new(config).unwrap().get_token(None).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::CredentialsUnavailable);
    assert!(error.retryable());
}
