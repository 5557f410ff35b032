//! Which servers get the secret, and which never see it.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on fails there")]

use std::io::{Read, Write};
use std::net::TcpListener;
use std::thread;

use seekauth::ErrorKind;
use seekauth_transport::{After, Authority, Certificate, Server, config, get};

#[test]
fn a_named_authority_is_trusted() {
    let authority = Authority::new();
    let server = Server::start(Some(authority.server(Certificate::Good, false)), After::Keep);
    let token = get(config(&server.url()).ca_file(authority.ca_file()));
    assert_eq!(token.unwrap(), "token-1");
}

#[test]
fn bad_certificates_get_no_secret() {
    let (authority, stranger) = (Authority::new(), Authority::new());
    for (certificate, trusted, says) in [
        (Certificate::Good, &stranger, "UnknownIssuer"),
        (Certificate::Expired, &authority, "expired"),
        (Certificate::OtherHost, &authority, "not valid for"),
    ] {
        let server = Server::start(Some(authority.server(certificate, false)), After::Keep);
        let error = get(config(&server.url()).ca_file(trusted.ca_file())).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Network, "{certificate:?}");
        assert!(error.message().contains(says), "{certificate:?}: {error}");
        assert_eq!(server.requests(), 0, "{certificate:?}");
    }
}

#[test]
fn a_server_of_tls_1_1_gets_no_secret() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("https://{}/token", listener.local_addr().unwrap());
    let server = thread::spawn(move || {
        let mut after_hello = Vec::new();
        // What stays as it is is not asked again.
        for stream in listener.incoming().take(1) {
            let mut stream = stream.unwrap();
            let mut hello = [0; 4096];
            assert!(stream.read(&mut hello).unwrap() > 0);
            // ServerHello: TLS 1.1, no session, TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA.
            let mut answer = vec![22, 3, 2, 0, 42, 2, 0, 0, 38, 3, 2];
            answer.extend([7; 32]);
            answer.extend([0, 0xc0, 0x13, 0]);
            stream.write_all(&answer).unwrap();
            // An alert is all that may come; the connection ends with it.
            let _ = stream.read_to_end(&mut after_hello);
        }
        after_hello
    });
    let error = get(config(&url)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Network);
    let sent = server.join().unwrap();
    assert!(sent.chunks(7).all(|alert| alert[0] == 21), "not an alert: {sent:?}");
}

#[test]
fn a_client_certificate_is_shown_to_who_asks() {
    let authority = Authority::new();
    let server = Server::start(Some(authority.server(Certificate::Good, true)), After::Keep);
    let config = || config(&server.url()).ca_file(authority.ca_file());
    let [certificate, key, both] = authority.client_files();
    assert!(get(config().client_certificate_file(&certificate).client_key_file(&key)).is_ok());
    assert!(get(config().client_certificate_file(&both)).is_ok());
    assert_eq!(server.requests(), 2);
    let error = get(config()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Network);
    assert_eq!(server.requests(), 2);
}

#[test]
fn files_that_hold_something_else_are_refused_when_the_client_is_made() {
    let authority = Authority::new();
    let [certificate, key, _] = authority.client_files();
    let config = || config("https://127.0.0.1:1/token");
    for (config, setting) in [
        (config().ca_file("/nowhere"), "ca_file"),
        (config().ca_file(&key), "ca_file"),
        (config().client_certificate_file(&key), "client_certificate_file"),
        (config().client_certificate_file(&certificate), "client_certificate_file"),
        (config().client_key_file(&key), "client_key_file"),
        (
            config().client_certificate_file(&certificate).client_key_file(&certificate),
            "client_key_file",
        ),
    ] {
        let error = seekauth::blocking::Client::new(config).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidArgument, "{setting}");
        assert!(error.message().starts_with(setting), "{setting}: {error}");
    }
}
