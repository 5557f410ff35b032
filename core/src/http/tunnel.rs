//! CONNECT (RFC 9110, 9.3.6): a proxy's tunnel to a host.

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::error::Error;
use crate::http::proxies::ProxyServer;
use crate::http::stream::Wire;

/// The longest response head of a proxy that is read.
const LONGEST_HEAD: usize = 64 * 1024;

/// Asks the proxy for a tunnel to `target`, as `host:port`.
pub(crate) async fn open(
    mut wire: Box<dyn Wire>,
    proxy: &ProxyServer,
    target: &str,
    user_agent: &str,
) -> Result<Box<dyn Wire>, Error> {
    let mut request = zeroize::Zeroizing::new(format!(
        "CONNECT {target} HTTP/1.1\r\nhost: {target}\r\nuser-agent: {user_agent}\r\n"
    ));
    if let Some(login) = &proxy.login {
        // Whole beforehand, so that no copy of the login is left behind by a string that grows.
        request = zeroize::Zeroizing::new(
            [&*request, "proxy-authorization: ", login.expose(), "\r\n"].concat(),
        );
    }
    let broke = |problem: std::io::Error| proxy.failure(&format!("broke off: {problem}"));
    wire.write_all(request.as_bytes()).await.map_err(broke)?;
    wire.write_all(b"\r\n").await.map_err(broke)?;
    wire.flush().await.map_err(broke)?;
    let mut head = Vec::new();
    // Byte by byte: what follows the head is the server's already.
    while !head.ends_with(b"\r\n\r\n") {
        if head.len() >= LONGEST_HEAD {
            return Err(proxy.failure("responded to CONNECT without an end"));
        }
        match wire.read_u8().await {
            Ok(byte) => head.push(byte),
            // A refusal is complete with its first line.
            Err(_) if status(&head).is_some_and(|status| status >= 300) => break,
            Err(problem) => return Err(broke(problem)),
        }
    }
    match status(&head) {
        Some(200..=299) => Ok(wire),
        Some(status) => Err(proxy.refusal(status, target)),
        None => Err(proxy.failure(&format!(
            "did not speak HTTP in response to CONNECT; see `{}`",
            proxy.named_by
        ))),
    }
}

/// The status of a whole status line.
fn status(head: &[u8]) -> Option<u16> {
    let line = head.split(|byte| *byte == b'\r').next().filter(|line| line.len() < head.len())?;
    let mut words = std::str::from_utf8(line).ok()?.split(' ');
    words.next().filter(|word| word.starts_with("HTTP/1."))?;
    words.next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::status;

    #[test]
    fn a_status_is_read_from_a_whole_line() {
        for (head, expected) in [
            ("HTTP/1.1 200 Connection established\r\n", Some(200)),
            ("HTTP/1.0 407\r\n", Some(407)),
            ("HTTP/1.1 403", None),
            ("SSH-2.0-x\r\n", None),
            ("HTTP/1.1 abc\r\n", None),
            ("", None),
        ] {
            assert_eq!(status(head.as_bytes()), expected, "{head}");
        }
    }
}
