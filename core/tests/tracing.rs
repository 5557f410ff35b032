//! With the feature `tracing` a client's events come to the program's subscriber, with no set-up.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails there")]

use std::io::{self, Write};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use seekauth::blocking::Client;
use seekauth::{Config, ErrorKind};

/// What the subscriber wrote.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn events_come_to_the_subscriber_of_the_process() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing_subscriber::filter::LevelFilter::DEBUG)
        .with_ansi(false)
        .with_writer(move || writer.clone())
        .finish();
    tracing_subscriber::util::SubscriberInitExt::init(subscriber);

    // A port that was just given up: connections to it are refused.
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let config = Config::oauth(format!("http://{address}/token"))
        .credentials("id", "the secret")
        .user_agent("tracing/1.0");
    let client = Client::new(config).unwrap();
    let error = client.get_token(Some(Duration::from_secs(60))).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Network);
    client.close();
    client.drain(Some(Duration::from_secs(60))).unwrap();

    let text = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    let lines: Vec<&str> = text.lines().filter(|line| line.contains(" seekauth: ")).collect();
    assert_eq!(lines.len(), 4, "{text}");
    for (line, level) in lines.iter().zip(["WARN", "WARN", "ERROR"]) {
        assert!(
            line.contains(&format!("{level} seekauth: a token request failed: network")),
            "{line}"
        );
        let fields = r#"event="token_request" client=1 service="oauth" scopes="" reason="first" result="network""#;
        assert!(line.contains(fields), "{line}");
        assert!(line.contains(" duration=") && line.contains(" retry_in="), "{line}");
        assert!(!line.contains(" status=") && !line.contains(" life_left="), "{line}");
    }
    assert!(lines[3].contains("DEBUG seekauth: the client was closed event=\"closed\""), "{text}");
    assert!(!text.contains("the secret"), "{text}");
}
