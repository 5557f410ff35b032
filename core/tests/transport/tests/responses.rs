//! Responses of a token endpoint whose bytes no text can hold.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails there")]

use std::io::{Read, Write};
use std::net::TcpListener;
use std::thread;

use flate2::Compression;
use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};
use seekauth::{ErrorKind, blocking};
use seekauth_transport::{config, get};

const GRANT: &[u8] = br#"{"access_token":"unpacked","token_type":"Bearer","expires_in":1800}"#;

/// The address of a server that gives these responses, one on each connection, whatever is asked.
fn serve(responses: Vec<(&'static str, Vec<u8>)>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/token", listener.local_addr().unwrap());
    thread::spawn(move || {
        for (head, body) in responses {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = Vec::new();
            let mut buffer = [0; 4096];
            while !request.windows(14).any(|window| window == b"client_secret=") {
                let read = stream.read(&mut buffer).unwrap();
                request.extend_from_slice(&buffer[..read]);
            }
            let length = body.len();
            let head =
                format!("HTTP/1.1 {head}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n");
            stream.write_all(&[head.as_bytes(), &body].concat()).unwrap();
        }
    });
    url
}

#[test]
fn what_a_proxy_compressed_unasked_is_undone() {
    let (mut gzip, mut zlib, mut deflate) = (Vec::new(), Vec::new(), Vec::new());
    GzEncoder::new(&mut gzip, Compression::default()).write_all(GRANT).unwrap();
    ZlibEncoder::new(&mut zlib, Compression::default()).write_all(GRANT).unwrap();
    DeflateEncoder::new(&mut deflate, Compression::default()).write_all(GRANT).unwrap();
    for (head, body) in [
        ("200 OK\r\ncontent-encoding: gzip", gzip.clone()),
        ("200 OK", gzip),
        ("200 OK\r\ncontent-encoding: deflate", zlib),
        ("200 OK\r\ncontent-encoding: deflate", deflate),
    ] {
        assert_eq!(get(config(&serve(vec![(head, body)]))).unwrap(), "unpacked", "{head}");
    }
}

#[test]
fn a_refusal_in_latin_1_is_one_of_the_secret() {
    let refusal = b"{\"error_description\":\"Cl\xe9 refus\xe9e\",\"error\":\"invalid_client\"}";
    let url = serve(vec![("400 Bad Request", refusal.to_vec()), ("200 OK", GRANT.to_vec())]);
    let client = blocking::Client::new(config(&url).client_secret_next("other")).unwrap();
    assert_eq!(client.get_token(None).unwrap().value(), "unpacked");

    let url = serve(vec![("401 Unauthorized", refusal.to_vec())]);
    let error = get(config(&url)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidCredentials);
    assert_eq!(error.server_code(), Some("invalid_client"));
    assert!(!format!("{error:?}").contains("refus\u{e9}"));
}
