//! A token endpoint whose clock is wrong.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::thread;
use std::time::{Duration, SystemTime};

const TOKEN: &str = r#"{"access_token":"dated","token_type":"Bearer","expires_in":1800}"#;

/// Serves on loopback, in plain HTTP, with a clock that is so many seconds ahead, until the test ends.
pub(crate) fn server(ahead: u64) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/token", listener.local_addr().unwrap());
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            thread::spawn(move || serve(stream, ahead));
        }
    });
    url
}

fn serve(stream: TcpStream, ahead: u64) {
    let mut reader = BufReader::new(stream);
    while let Some(is_head) = skip_request(&mut reader) {
        let date = httpdate::fmt_http_date(SystemTime::now() + Duration::from_secs(ahead));
        let body = if is_head { "" } else { TOKEN };
        let response = format!(
            "HTTP/1.1 200 OK\r\ndate: {date}\r\ncontent-type: application/json\r\n\
             content-length: {}\r\n\r\n{body}",
            TOKEN.len()
        );
        if reader.get_mut().write_all(response.as_bytes()).is_err() {
            return;
        }
    }
}

/// Reads a request and says whether it is a HEAD; nothing when the client is gone.
fn skip_request(reader: &mut BufReader<TcpStream>) -> Option<bool> {
    let (mut first, mut length) = (None, 0);
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        first = first.or_else(|| Some(line.starts_with("HEAD ")));
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().ok()?;
        }
        if line == "\r\n" {
            let mut body = vec![0; length];
            reader.read_exact(&mut body).ok()?;
            return first;
        }
    }
}
