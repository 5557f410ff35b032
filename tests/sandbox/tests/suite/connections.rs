//! Below HTTP: connections cut with a reset or a close, bodies that drip, both HTTP versions, and TLS.

use std::io::ErrorKind;
use std::time::{Duration, Instant};

use reqwest::{Certificate, Client};
use seekauth_sandbox::{Drop, DropWith, Endpoint, Options, Sandbox, Scripted, Trouble};
use serde_json::Value;

use crate::support::{builder, live, raw, sandbox, seek_api};

const TOKEN: Endpoint = Endpoint::SeekApiToken;
const BODY: &str = r#"{"audience":"https://graphql.seek.com","client_id":"sandbox-live","client_secret":"sandbox-live-secret","grant_type":"client_credentials"}"#;

fn cut(sandbox: &Sandbox, drop: Drop, with: DropWith) {
    let answer = Scripted { drop: Some(drop), drop_with: Some(with), ..Scripted::on(TOKEN) };
    sandbox.script(vec![answer]).unwrap();
}

/// The length a response announces, and its body.
fn announced(response: &str) -> (usize, &str) {
    let (head, body) = response.split_once("\r\n\r\n").unwrap();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
    (length.parse().unwrap(), body)
}

#[tokio::test]
async fn a_reset_is_a_reset_and_a_close_a_close() {
    let sandbox = sandbox().await;
    let url = &sandbox.urls().token_url;
    for with in [DropWith::Reset, DropWith::Close] {
        for drop in [Drop::Before, Drop::AfterHeaders, Drop::MidBody] {
            cut(&sandbox, drop, with);
            let (response, ended) = raw(url, BODY).await;
            match with {
                DropWith::Reset => {
                    assert_eq!(ended.unwrap_err().kind(), ErrorKind::ConnectionReset, "{drop:?}");
                }
                DropWith::Close => ended.unwrap(),
            }
            if drop == Drop::Before {
                assert_eq!(response, "");
                continue;
            }
            assert!(response.starts_with("HTTP/1.1 200 OK\r\n"), "{response}");
            let (length, body) = announced(&response);
            let wanted = if drop == Drop::MidBody { length / 2 } else { 0 };
            assert_eq!(body.len(), wanted, "{response}");
            assert!(length > 50, "the real answer was cut: {response}");
        }
    }
    let (response, ended) = raw(url, BODY).await;
    ended.unwrap();
    let (length, body) = announced(&response);
    assert_eq!(body.len(), length, "uncut, it is whole");
    let dropped: Vec<_> =
        sandbox.journal().iter().map(|entry| (entry.dropped, entry.status)).collect();
    let half = [
        (Some(Drop::Before), None),
        (Some(Drop::AfterHeaders), Some(200)),
        (Some(Drop::MidBody), Some(200)),
    ];
    assert_eq!(dropped, [&half[..], &half[..], &[(None, Some(200))]].concat());
}

#[tokio::test]
async fn an_empty_answer_can_be_cut_after_its_headers() {
    let sandbox = sandbox().await;
    let answer =
        Scripted { status: Some(500), drop: Some(Drop::AfterHeaders), ..Scripted::on(TOKEN) };
    sandbox.script(vec![answer]).unwrap();
    let (response, ended) = raw(&sandbox.urls().token_url, BODY).await;
    assert_eq!(ended.unwrap_err().kind(), ErrorKind::ConnectionReset);
    assert!(response.starts_with("HTTP/1.1 500 "), "{response}");
    assert_eq!(announced(&response), (1024, ""));
}

/// A client for each HTTP version, over TLS where `sandbox` uses it.
fn speakers(sandbox: &Sandbox) -> Vec<(&'static str, Client)> {
    match &sandbox.urls().ca_file {
        None => vec![
            ("HTTP/1.1", builder().build().unwrap()),
            ("HTTP/2.0", builder().http2_prior_knowledge().build().unwrap()),
        ],
        Some(file) => {
            let authority = Certificate::from_pem(&std::fs::read(file).unwrap()).unwrap();
            let trusting = || builder().tls_certs_only([authority.clone()]);
            vec![
                ("HTTP/2.0", trusting().build().unwrap()),
                ("HTTP/1.1", trusting().http1_only().build().unwrap()),
            ]
        }
    }
}

#[tokio::test]
async fn every_way_of_speaking_sees_answers_and_cuts() {
    for tls in [false, true] {
        let sandbox = Sandbox::start(Options { tls, show_secrets: true, ..Options::default() })
            .await
            .unwrap();
        assert_eq!(sandbox.urls().token_url.starts_with("https://"), tls);
        assert!(sandbox.urls().admin.starts_with("http://"));
        for (version, client) in speakers(&sandbox) {
            let ask = || client.post(&sandbox.urls().token_url).json(&live()).send();
            let response = ask().await.unwrap();
            assert_eq!(format!("{:?}", response.version()), version);
            let reply: Value = response.json().await.unwrap();
            assert_eq!(reply["token_type"], "Bearer");
            assert_eq!(sandbox.journal().last().unwrap().http_version, version);

            cut(&sandbox, Drop::Before, DropWith::Reset);
            ask().await.unwrap_err();
            assert_eq!(sandbox.journal().last().unwrap().dropped, Some(Drop::Before));
            for with in [DropWith::Reset, DropWith::Close] {
                for drop in [Drop::AfterHeaders, Drop::MidBody] {
                    cut(&sandbox, drop, with);
                    match ask().await {
                        Ok(response) => {
                            assert_eq!(response.status(), 200);
                            response.bytes().await.unwrap_err();
                        }
                        // Over HTTP/2 the loss of the connection may be seen before the headers are looked at.
                        Err(_) => assert_eq!(version, "HTTP/2.0"),
                    }
                    assert_eq!(sandbox.journal().last().unwrap().dropped, Some(drop));
                }
            }
            assert_eq!(ask().await.unwrap().status(), 200, "the next connection is sound");
        }
    }
}

#[tokio::test]
async fn head_gets_the_headers_alone() {
    for tls in [false, true] {
        let sandbox = Sandbox::start(Options { tls, show_secrets: true, ..Options::default() })
            .await
            .unwrap();
        for (version, client) in speakers(&sandbox) {
            let answer = Scripted { body: Some("0123456789".to_owned()), ..Scripted::on(TOKEN) };
            sandbox.script(vec![answer]).unwrap();
            let response = client.head(&sandbox.urls().token_url).send().await.unwrap();
            assert_eq!(response.headers()["content-length"], "10", "{version}");
            assert_eq!(response.bytes().await.unwrap(), "", "{version}");
            let host = sandbox.urls().auth.rsplit('/').next().unwrap();
            assert_eq!(sandbox.journal().last().unwrap().header("host"), Some(host), "{version}");
        }
    }
}

#[tokio::test]
async fn only_its_authority_makes_it_trusted() {
    let sandbox = Sandbox::start(Options { tls: true, show_secrets: true, ..Options::default() })
        .await
        .unwrap();
    let error = seek_api(&sandbox, &live()).send().await.unwrap_err();
    assert!(error.is_connect(), "{error:?}");
    assert_eq!(sandbox.journal(), []);
    let file = sandbox.urls().ca_file.clone().unwrap();
    let pem = std::fs::read_to_string(&file).unwrap();
    assert!(pem.contains("BEGIN CERTIFICATE") && !pem.contains("PRIVATE KEY"));
    sandbox.stop().await;
    assert!(!std::path::Path::new(&file).exists(), "the directory goes with the sandbox");
}

#[tokio::test]
async fn a_body_drips() {
    let sandbox = sandbox().await;
    let answer =
        Scripted { body: Some("0123456789".to_owned()), drip_ms: Some(20), ..Scripted::on(TOKEN) };
    sandbox.script(vec![answer.clone(), answer]).unwrap();
    let sent = Instant::now();
    let mut response = seek_api(&sandbox, &live()).send().await.unwrap();
    let headers = sent.elapsed();
    let mut chunks = Vec::new();
    while let Some(chunk) = response.chunk().await.unwrap() {
        chunks.push(chunk);
    }
    assert_eq!(chunks.concat(), b"0123456789");
    assert!(chunks.len() > 1, "{chunks:?}");
    assert!(sent.elapsed() >= Duration::from_millis(9 * 20), "{:?}", sent.elapsed());
    assert!(headers < sent.elapsed());
}

#[tokio::test]
async fn a_body_can_stop_without_an_end() {
    for tls in [false, true] {
        let sandbox = Sandbox::start(Options { tls, show_secrets: true, ..Options::default() })
            .await
            .unwrap();
        for (version, client) in speakers(&sandbox) {
            let answer = Scripted {
                body: Some("0123456789".to_owned()),
                stall_at: Some(4),
                ..Scripted::on(TOKEN)
            };
            sandbox.script(vec![answer]).unwrap();
            let call = client.post(&sandbox.urls().token_url).json(&live()).send();
            let mut response = call.await.unwrap();
            assert_eq!(response.headers()["content-length"], "10");
            let mut received = Vec::new();
            while received.len() < 4 {
                received.extend(response.chunk().await.unwrap().unwrap());
            }
            assert_eq!(received, b"0123", "{version}");
            let more = tokio::time::timeout(Duration::from_millis(50), response.chunk()).await;
            assert!(more.is_err(), "{version}: {more:?}");
        }
    }
}

#[tokio::test]
async fn a_drip_can_be_cut_too() {
    let sandbox = sandbox().await;
    let answer = Scripted {
        body: Some("0123456789".to_owned()),
        drip_ms: Some(1),
        drop: Some(Drop::MidBody),
        ..Scripted::on(TOKEN)
    };
    sandbox.script(vec![answer]).unwrap();
    let (response, ended) = raw(&sandbox.urls().token_url, BODY).await;
    assert_eq!(ended.unwrap_err().kind(), ErrorKind::ConnectionReset);
    assert_eq!(announced(&response), (10, "01234"));
}

#[tokio::test]
async fn connections_are_numbered() {
    let sandbox = sandbox().await;
    let client = builder().build().unwrap();
    for _ in 0..2 {
        let response = client.post(&sandbox.urls().token_url).json(&live()).send().await.unwrap();
        response.bytes().await.unwrap();
    }
    seek_api(&sandbox, &live()).send().await.unwrap();
    let numbers: Vec<_> = sandbox.journal().iter().map(|entry| entry.connection).collect();
    assert_eq!(numbers, [1, 1, 2]);
}

#[tokio::test]
async fn stopping_ends_whatever_is_in_progress() {
    for prior_knowledge in [false, true] {
        let sandbox = sandbox().await;
        let hold = Scripted { hold: true, ..Scripted::on(TOKEN) };
        sandbox.script(vec![hold]).unwrap();
        let builder = builder();
        let client = if prior_knowledge { builder.http2_prior_knowledge() } else { builder }
            .build()
            .unwrap();
        let url = sandbox.urls().token_url.clone();
        let call = tokio::spawn(client.post(&url).json(&live()).send());
        sandbox.wait_for(TOKEN, 1).await;
        sandbox.stop().await;
        call.await.unwrap().unwrap_err();
        assert!(client.post(&url).send().await.unwrap_err().is_connect(), "the port is closed");
    }
}

fn trusting(sandbox: &Sandbox) -> Client {
    let pem = std::fs::read(sandbox.urls().ca_file.as_ref().unwrap()).unwrap();
    // What the server says it did not process is seen, and not sent again.
    let builder = builder().tls_info(true).retry(reqwest::retry::never());
    builder.add_root_certificate(Certificate::from_pem(&pem).unwrap()).build().unwrap()
}

fn certificate(response: &reqwest::Response) -> Vec<u8> {
    let info = response.extensions().get::<reqwest::tls::TlsInfo>().unwrap();
    info.peer_certificate().unwrap().to_vec()
}

#[tokio::test]
async fn connections_freeze_and_go_away_and_new_ones_do_not() {
    let sandbox = Sandbox::start(Options { tls: true, show_secrets: true, ..Options::default() })
        .await
        .unwrap();
    let client = trusting(&sandbox);
    let ask = || client.post(&sandbox.urls().token_url).json(&live()).send();
    let first = certificate(&ask().await.unwrap());
    sandbox.renew_certificate().unwrap();
    assert_eq!(certificate(&ask().await.unwrap()), first, "the connection is the same");
    assert!(sandbox.trouble("auth", Trouble::GoAway));
    // The end may overtake the request or not.
    while ask().await.is_ok_and(|response| certificate(&response) == first) {}
    assert!(ask().await.unwrap().status().is_success());
    assert!(!sandbox.trouble("nobody", Trouble::Freeze));
    assert!(sandbox.trouble("auth", Trouble::Freeze));
    let late = tokio::time::timeout(Duration::from_millis(300), ask()).await;
    assert!(late.is_err(), "a frozen connection says nothing");
    assert!(trusting(&sandbox).post(&sandbox.urls().token_url).json(&live()).send().await.is_ok());
}

#[tokio::test]
async fn a_refused_request_is_not_processed() {
    let sandbox = Sandbox::start(Options { tls: true, show_secrets: true, ..Options::default() })
        .await
        .unwrap();
    let refusal = Scripted { drop: Some(Drop::Refuse), ..Scripted::on(TOKEN) };
    sandbox.script(vec![refusal]).unwrap();
    let client = trusting(&sandbox);
    let refused = client.post(&sandbox.urls().token_url).json(&live()).send().await.unwrap_err();
    assert!(format!("{refused:?}").contains("REFUSED_STREAM"), "{refused:?}");
    assert_eq!(sandbox.journal()[0].status, None);
    let accepted = client.post(&sandbox.urls().token_url).json(&live()).send().await.unwrap();
    assert!(accepted.status().is_success());
}
