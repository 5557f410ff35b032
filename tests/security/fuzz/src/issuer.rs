//! A token endpoint and an API on loopback, for targets that need a real token and real responses. What
//! arrives at the API is looked at line by line: nothing of it may have got out of its header.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;

/// The token it issues.
pub const TOKEN: &str = "fuzz-token";

/// The program that asks.
pub const USER_AGENT: &str = "Fuzz/1.0";

/// Starts it; it lasts as long as the process. The result is its origin. Tokens come from `/token`;
/// `/reject` responds 401 to every token; whatever else there is responds with GraphQL.
///
/// # Panics
///
/// When the machine has no port or thread to give.
#[must_use]
pub fn start() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    thread::spawn(move || {
        for connection in listener.incoming().flatten() {
            // Each by itself: a client that goes away in the middle must not hold up the next.
            thread::spawn(move || response(connection));
        }
    });
    format!("http://127.0.0.1:{port}")
}

fn response(mut connection: TcpStream) -> std::io::Result<()> {
    let mut request = BufReader::new(connection.try_clone()?);
    let mut lines = Vec::new();
    loop {
        let mut line = Vec::new();
        // Whoever goes away early gets no response, and nothing else.
        if request.read_until(b'\n', &mut line)? == 0 {
            return Ok(());
        }
        assert!(line.ends_with(b"\r\n"), "a bare line end: {line:?}");
        line.truncate(line.len() - 2);
        if line.is_empty() {
            break;
        }
        assert!(line.iter().all(|byte| matches!(byte, b'\t' | b' '..=b'~')), "{line:?}");
        lines.push(String::from_utf8_lossy(&line).into_owned());
    }
    let all = |name: &str| -> Vec<&str> {
        let headers = lines.iter().skip(1).filter_map(|line| line.split_once(": "));
        headers
            .filter(|(given, _)| given.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
            .collect()
    };
    let length = all("content-length").first().and_then(|length| length.parse().ok()).unwrap_or(0);
    std::io::copy(&mut request.take(length), &mut std::io::sink())?;

    assert_eq!(all("user-agent"), [USER_AGENT]);
    let target = lines.first().and_then(|line| line.split(' ').nth(1)).unwrap_or_default();
    let (status, body) = if target == "/token" {
        let body =
            format!(r#"{{"access_token":"{TOKEN}","token_type":"Bearer","expires_in":3600}}"#);
        ("200 OK", body)
    } else {
        assert_eq!(all("authorization"), [format!("Bearer {TOKEN}")]);
        assert_eq!(all("x-request-id").len(), 1);
        let status = if target == "/reject" { "401 Unauthorized" } else { "200 OK" };
        (status, r#"{"data":{"name":"n"}}"#.to_owned())
    };
    write!(
        connection,
        "HTTP/1.1 {status}\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
}
