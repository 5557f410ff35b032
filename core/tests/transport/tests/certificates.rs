//! Which servers get the secret, and which never see it.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on fails there")]

use std::fs;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::thread;
use std::time::{Duration, Instant};

use seekauth::{ErrorKind, blocking};
use seekauth_transport::{After, Authority, Certificate, Server, authority, config, get, reject};

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

fn replace(path: &str, text: &str) {
    // As rotations do: the new file takes the old one's place in one step.
    let beside = format!("{path}.new");
    fs::write(&beside, text).unwrap();
    fs::rename(beside, path).unwrap();
}

/// A token, and another one on a connection of its own.
fn renew(client: &blocking::Client, server: &Server) -> Result<(), seekauth::Error> {
    let before = server.connections();
    if let Some(token) = client.cached_token() {
        reject(client, token.value());
    }
    client.get_token(None)?;
    assert_eq!(server.connections(), before + 1);
    Ok(())
}

#[test]
fn a_rotated_authority_is_seen_without_a_restart() {
    let (old, new) = (Authority::new(), Authority::new());
    let path = old.ca_file();
    let server = Server::start(Some(old.server(Certificate::Good, false)), After::Close);
    let client = blocking::Client::new(config(&server.url()).ca_file(&path)).unwrap();
    renew(&client, &server).unwrap();
    server.change_tls(new.server(Certificate::Good, false));
    replace(&path, &fs::read_to_string(new.ca_file()).unwrap());
    renew(&client, &server).unwrap();
}

#[test]
fn a_rotated_client_certificate_is_shown_without_a_restart() {
    let (old, new) = (Authority::new(), Authority::new());
    let [certificate, key, _] = old.client_files();
    let [new_certificate, new_key, _] = new.client_files();
    let both = format!(
        "{}{}",
        fs::read_to_string(old.ca_file()).unwrap(),
        fs::read_to_string(new.ca_file()).unwrap()
    );
    replace(&old.ca_file(), &both);
    let server = Server::start(Some(old.server(Certificate::Good, true)), After::Close);
    let config = config(&server.url())
        .ca_file(old.ca_file())
        .client_certificate_file(&certificate)
        .client_key_file(&key);
    let client = blocking::Client::new(config).unwrap();
    renew(&client, &server).unwrap();
    // Between the two files is a moment in which they do not fit; what was read before stands.
    replace(&certificate, &fs::read_to_string(new_certificate).unwrap());
    renew(&client, &server).unwrap();
    replace(&key, &fs::read_to_string(new_key).unwrap());
    server.change_tls(new.server(Certificate::Good, true));
    renew(&client, &server).unwrap();
}

#[test]
fn a_file_that_is_away_or_broken_for_a_while_disturbs_nobody() {
    let authority = Authority::new();
    let path = authority.ca_file();
    let good = fs::read_to_string(&path).unwrap();
    let server = Server::start(Some(authority.server(Certificate::Good, false)), After::Close);
    let client = blocking::Client::new(config(&server.url()).ca_file(&path)).unwrap();
    renew(&client, &server).unwrap();
    replace(&path, "-----BEGIN CERTIFICATE-----\nnonsense");
    renew(&client, &server).unwrap();
    fs::remove_file(&path).unwrap();
    renew(&client, &server).unwrap();
    fs::write(&path, good).unwrap();
    renew(&client, &server).unwrap();
}

#[test]
fn a_failure_of_tls_is_final_and_forgotten_when_its_files_change() {
    let (authority, stranger) = (Authority::new(), Authority::new());
    let server = Server::start(Some(authority.server(Certificate::Good, false)), After::Keep);
    let path = stranger.ca_file();
    let client = blocking::Client::new(config(&server.url()).ca_file(&path)).unwrap();
    let began = Instant::now();
    for _ in 0..50 {
        let error = client.get_token(None).unwrap_err();
        assert_eq!((error.kind(), error.retryable()), (ErrorKind::Network, false), "{error}");
        assert!(error.message().contains("ca_file") && error.message().contains("127.0.0.1"));
    }
    assert!(began.elapsed() < Duration::from_secs(8), "{:?}", began.elapsed());
    assert_eq!(server.connections(), 1);
    replace(&path, &fs::read_to_string(authority.ca_file()).unwrap());
    // The files are looked at once a second at most, long before the ten seconds of memory are
    // over.
    let began = Instant::now();
    while client.get_token(None).is_err() {
        thread::yield_now();
        assert!(began.elapsed() < Duration::from_secs(8), "the failure outlives its files");
    }
    assert_eq!(server.connections(), 2);
}

#[test]
fn failures_of_tls_name_host_cause_and_setting() {
    let (authority, stranger) = (Authority::new(), Authority::new());
    for (certificate, wants_client, trusted, says) in [
        (Certificate::Good, false, &stranger, ["UnknownIssuer", "set ca_file"]),
        (Certificate::Expired, false, &authority, ["expired", "not valid"]),
        (Certificate::OtherHost, false, &authority, ["not valid for", "check the address"]),
        (Certificate::Good, true, &authority, ["CertificateRequired", "client_certificate_file"]),
    ] {
        let tls = authority.server(certificate, wants_client);
        let server = Server::start(Some(tls), After::Keep);
        let error = get(config(&server.url()).ca_file(trusted.ca_file())).unwrap_err();
        assert_eq!((error.kind(), error.retryable()), (ErrorKind::Network, false), "{error}");
        let message = error.message();
        assert!(
            message.contains("127.0.0.1") && says.iter().all(|part| message.contains(part)),
            "{message}"
        );
        assert_eq!(server.connections(), 1, "{message}");
    }
}

#[test]
fn a_port_without_tls_is_final_too() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("https://{}/token", listener.local_addr().unwrap());
    let server = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let _ = stream.read(&mut [0; 4096]);
        stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").unwrap();
    });
    let error = get(config(&url)).unwrap_err();
    assert_eq!((error.kind(), error.retryable()), (ErrorKind::Network, false), "{error}");
    assert!(error.message().contains("does not speak TLS"), "{error}");
    server.join().unwrap();
}

#[test]
fn a_servers_own_certificate_can_be_named() {
    for may_sign in [false, true] {
        let (tls, pem) = authority::self_signed(may_sign, &["localhost", "127.0.0.1"]);
        let server = Server::start(Some(tls), After::Keep);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("server.pem").display().to_string();
        fs::write(&path, &pem).unwrap();
        assert!(get(config(&server.url()).ca_file(&path)).is_ok(), "may sign: {may_sign}");
        // It vouches for the names in it, and for no other.
        let (tls, pem) = authority::self_signed(may_sign, &["other.example"]);
        let server = Server::start(Some(tls), After::Keep);
        fs::write(&path, &pem).unwrap();
        let error = get(config(&server.url()).ca_file(&path)).unwrap_err();
        assert!(error.message().contains("not valid for"), "{error}");
        assert_eq!(server.requests(), 0);
    }
}

#[test]
fn certificates_are_read_as_other_programs_write_them() {
    let authority = Authority::new();
    let server = Server::start(Some(authority.server(Certificate::Good, false)), After::Keep);
    let path = authority.ca_file();
    let pem = fs::read_to_string(&path).unwrap();
    let windows = pem.replace('\n', "\r\n");
    for text in [
        format!("\u{feff}{pem}"),
        format!("\u{feff}subject=Café\r\n{windows}"),
        pem.replace(" CERTIFICATE-", " TRUSTED CERTIFICATE-"),
        pem.replace(" CERTIFICATE-", " X509 CERTIFICATE-"),
        format!("{pem}\n{pem}"),
    ] {
        fs::write(&path, &text).unwrap();
        assert!(get(config(&server.url()).ca_file(&path)).is_ok(), "{text}");
    }
}

#[test]
fn a_pipe_in_place_of_a_file_holds_nobody_up() {
    let authority = Authority::new();
    let path = authority.folder().join("pipe");
    let made = std::process::Command::new("mkfifo").arg(&path).status().unwrap();
    assert!(made.success());
    let config = config("https://127.0.0.1:1/token").ca_file(path.display().to_string());
    let began = Instant::now();
    let error = blocking::Client::new(config).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidArgument, "{error}");
    assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
}

#[test]
fn a_refusal_is_read_although_tls_ends_without_a_word() {
    let authority = Authority::new();
    let tls = authority.server(Certificate::Good, false);
    let server = Server::start(Some(tls), After::CutRefusal);
    let error = get(config(&server.url()).ca_file(authority.ca_file())).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidCredentials, "{error}");
    assert_eq!(server.requests(), 1);
    let server = Server::start(Some(authority.server(Certificate::Good, false)), After::CutTorn);
    let error = get(config(&server.url()).ca_file(authority.ca_file())).unwrap_err();
    assert_eq!((error.kind(), server.requests()), (ErrorKind::Network, 3), "{error}");
}
