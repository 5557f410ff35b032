//! A server that costs next to nothing, and so hides nothing: it grants any token and answers any query.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread;

pub(crate) const ANSWER: &str = r#"{"data":{"self":{"partner":{"name":"Acme"}}}}"#;
const TOKEN: &str =
    r#"{"access_token":"0123456789abcdef","token_type":"Bearer","expires_in":1800}"#;

/// Starts it on a port of its own; it ends with the process.
pub(crate) fn start() -> io::Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            thread::spawn(move || answer(stream));
        }
    });
    Ok(address)
}

/// Answers on one connection until it ends.
fn answer(stream: TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut to = stream.try_clone()?;
    let mut from = BufReader::new(stream);
    loop {
        let (mut length, mut line) = (0, String::new());
        if from.read_line(&mut line)? == 0 {
            return Ok(());
        }
        let body = if line.contains("/token") { TOKEN } else { ANSWER };
        while line != "\r\n" {
            line.clear();
            from.read_line(&mut line)?;
            if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().map_err(io::Error::other)?;
            }
        }
        from.by_ref().take(length).read_to_end(&mut Vec::new())?;
        let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length";
        to.write_all(format!("{head}: {}\r\n\r\n{body}", body.len()).as_bytes())?;
    }
}
