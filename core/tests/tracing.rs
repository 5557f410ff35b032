//! With the feature `tracing` a client's events come to the program's subscriber, with no set-up, and its
//! requests to the API are spans.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails there")]

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use seekauth::blocking::Client;
use seekauth::{Config, Environment, ErrorKind, Graphql};
use tracing_subscriber::fmt::format::FmtSpan;

const TRACEPARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
const ACCEPTED: &str = r#"{"data":{"a":1}}"#;
const REJECTED: &str = r#"{"errors":[{"message":"no","extensions":{"code":"UNAUTHENTICATED"}}]}"#;

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
    let lines: Vec<&str> =
        text.lines().filter(|line| line.contains(r#"service="oauth""#)).collect();
    assert_eq!(lines.len(), 4, "{text}");
    for (line, level) in lines.iter().zip(["WARN", "WARN", "ERROR"]) {
        assert!(
            line.contains(&format!("{level} seekauth: a token request failed: network")),
            "{line}"
        );
        let fields = r#" service="oauth" scopes="" reason="first" result="network""#;
        assert!(line.contains(r#"event="token_request""#) && line.contains(fields), "{line}");
        assert!(line.contains(" duration=") && line.contains(" retry_in="), "{line}");
        assert!(!line.contains(" status=") && !line.contains(" life_left="), "{line}");
    }
    assert!(lines[3].contains("DEBUG seekauth: the client was closed event=\"closed\""), "{text}");
    assert!(!text.contains("the secret"), "{text}");
}

/// An API of which the first response rejects the token, and what `traceparent` its requests had.
struct Api {
    address: String,
    sent: Arc<Mutex<Vec<Option<String>>>>,
}

impl Api {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let sent = Arc::<Mutex<Vec<_>>>::default();
        let journal = Arc::clone(&sent);
        thread::spawn(move || {
            for stream in listener.incoming() {
                let journal = Arc::clone(&journal);
                thread::spawn(move || serve(stream.unwrap(), &journal));
            }
        });
        Self { address, sent }
    }

    fn client(&self) -> seekauth::Client {
        let config = Config::seek_api(Environment::Live)
            .credentials("id", "the secret")
            .user_agent("tracing/1.0")
            .token_url(format!("http://{}/token", self.address))
            .api_url(format!("http://{}/graphql", self.address));
        seekauth::Client::new(config).unwrap()
    }
}

/// Responds to the requests of one connection, until it ends.
fn serve(stream: TcpStream, journal: &Mutex<Vec<Option<String>>>) -> Option<()> {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut stream = stream;
    loop {
        let mut head = Vec::new();
        loop {
            let mut line = String::new();
            reader.read_line(&mut line).ok().filter(|read| *read > 0)?;
            if line == "\r\n" {
                break;
            }
            head.push(line.trim_end().to_owned());
        }
        let header = |name: &str| {
            let mut fields = head.iter().filter_map(|line| line.split_once(": "));
            fields.find(|(given, _)| given.eq_ignore_ascii_case(name)).map(|(_, value)| value)
        };
        let length = header("content-length").map_or(0, |length| length.parse().unwrap());
        reader.read_exact(&mut vec![0; length]).ok()?;
        let body = if head[0].contains("/token") {
            assert_eq!(header("traceparent"), None);
            r#"{"access_token":"the-token","token_type":"Bearer","expires_in":1800}"#
        } else {
            let mut journal = journal.lock().unwrap();
            journal.push(header("traceparent").map(str::to_owned));
            if journal.len() == 1 { REJECTED } else { ACCEPTED }
        };
        let status = if head[0].contains("/missing") { "404 Not Found" } else { "200 OK" };
        let length = body.len();
        write!(stream, "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}").ok()?;
    }
}

#[tokio::test(flavor = "current_thread")]
async fn requests_to_the_api_are_spans_of_the_callers_thread_and_carry_its_headers() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_ansi(false)
        .with_span_events(FmtSpan::CLOSE)
        .with_thread_names(true)
        .with_writer(move || writer.clone())
        .finish();
    let _of_this_thread = tracing::subscriber::set_default(subscriber);
    let api = Api::start();
    let client = api.client();

    let operation = Graphql::new("query Partner { a }").operation_name("Partner");
    client.graphql(operation.header("traceparent", TRACEPARENT)).await.unwrap();
    client.get("/missing").header("traceparent", TRACEPARENT).send().await.unwrap();
    client.close();
    let error = client.graphql(Graphql::new("{ a }")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Closed);

    // The request that is repeated after the rejection carries the same.
    assert_eq!(*api.sent.lock().unwrap(), vec![Some(TRACEPARENT.to_owned()); 3]);
    let (host, port) = api.address.split_once(':').unwrap();
    let server = format!(r#"server.address="{host}" server.port={port}"#);
    let text = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    let spans: Vec<&str> = text.lines().filter(|line| line.contains(": close ")).collect();
    let thread = thread::current().name().unwrap().to_owned();
    assert_eq!(spans.len(), 3, "{text}");
    for (span, parts) in spans.iter().zip([
        format!(
            r#" graphql{{otel.kind="client" graphql.operation.name="Partner" http.request.method="POST" {server} http.response.status_code=200}}: "#
        ),
        format!(
            r#" send{{otel.kind="client" http.request.method="GET" {server} http.response.status_code=404 error.type=404 otel.status_code="ERROR"}}: "#
        ),
        format!(
            r#" graphql{{otel.kind="client" http.request.method="POST" {server} error.type="closed" otel.status_code="ERROR"}}: "#
        ),
    ]) {
        assert!(span.contains(&parts), "{span}");
        assert!(span.contains(&thread), "{span}");
    }
    for hidden in ["the secret", "the-token", "query Partner"] {
        assert!(!text.contains(hidden), "{text}");
    }
}
