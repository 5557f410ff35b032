//! Scripted answers that leave the connection whole: what they say, when, how often, and which make no sense.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::time::{Duration, Instant};

use seekauth_sandbox::{Endpoint, Error, Options, Sandbox, Scripted};
use serde_json::{Value, json};

use crate::support::{
    client, graphql, header, live, pass, sandbox, seek_api, seek_api_token, seek_pass,
    status_and_json,
};

const TOKEN: Endpoint = Endpoint::SeekApiToken;

fn scripted(sandbox: &Sandbox, answer: Value) {
    let mut answer = answer;
    answer["endpoint"] = json!("seek_api_token");
    sandbox.script(vec![serde_json::from_value(answer).unwrap()]).unwrap();
}

#[tokio::test]
async fn replaces_status_headers_and_body() {
    let sandbox = sandbox().await;
    scripted(
        &sandbox,
        json!({"status": 503, "headers": {"Retry-After": "7", "X-Own": "a"}, "json": {"error": "later"}}),
    );
    let response = seek_api(&sandbox, &live()).send().await.unwrap();
    assert_eq!(response.status(), 503);
    assert_eq!((header(&response, "retry-after"), header(&response, "x-own")), ("7", "a"));
    assert_eq!(header(&response, "content-type"), "application/json");
    assert_eq!(response.text().await.unwrap(), r#"{"error":"later"}"#);

    scripted(
        &sandbox,
        json!({"json": null, "headers": {"content-type": "application/problem+json"}}),
    );
    let response = seek_api(&sandbox, &live()).send().await.unwrap();
    assert_eq!(
        (response.status().as_u16(), header(&response, "content-type")),
        (200, "application/problem+json")
    );
    assert_eq!(response.text().await.unwrap(), "null");

    scripted(&sandbox, json!({"status": 502, "html": "<h1>Bad gateway</h1>"}));
    let response = seek_api(&sandbox, &live()).send().await.unwrap();
    assert_eq!(
        (response.status().as_u16(), header(&response, "content-type")),
        (502, "text/html; charset=utf-8")
    );
    assert_eq!(response.text().await.unwrap(), "<h1>Bad gateway</h1>");

    scripted(&sandbox, json!({"body": "{\"access_token\": \"cut"}));
    let response = seek_api(&sandbox, &live()).send().await.unwrap();
    assert_eq!(response.text().await.unwrap(), "{\"access_token\": \"cut");

    scripted(&sandbox, json!({"status": 204}));
    assert_eq!(seek_api(&sandbox, &live()).send().await.unwrap().status(), 204);
    assert_eq!(sandbox.script_left(), 0);
}

#[tokio::test]
async fn sends_bodies_of_any_size() {
    let sandbox = sandbox().await;
    for size in [0, 1, 65_536, 70_001, 10 << 20] {
        scripted(&sandbox, json!({"body_size": size}));
        let response = seek_api(&sandbox, &live()).send().await.unwrap();
        assert_eq!(header(&response, "content-length"), size.to_string());
        assert_eq!(response.bytes().await.unwrap().len(), size);
    }
    let around = json!({"body_size": 70_000, "body_start": "{\"a\":\"", "body_end": "\"}"});
    scripted(&sandbox, around);
    let body: Value = seek_api(&sandbox, &live()).send().await.unwrap().json().await.unwrap();
    assert_eq!(body, json!({"a": "x".repeat(70_000)}));
}

#[tokio::test]
async fn redirects_within_and_across_origins() {
    let sandbox = sandbox().await;
    scripted(&sandbox, json!({"redirect": "/oauth/token?again"}));
    let response = seek_api(&sandbox, &live()).send().await.unwrap();
    assert_eq!(
        (response.status().as_u16(), header(&response, "location")),
        (307, "/oauth/token?again")
    );
    scripted(&sandbox, json!({"redirect": "{graphql}/elsewhere", "status": 302}));
    let response = seek_api(&sandbox, &live()).send().await.unwrap();
    assert_eq!(response.status(), 302);
    let elsewhere = format!("{}/elsewhere", sandbox.urls().graphql);
    assert_eq!(header(&response, "location"), elsewhere);
    scripted(&sandbox, json!({"redirect": "{foreign}/elsewhere"}));
    let response = seek_api(&sandbox, &live()).send().await.unwrap();
    let foreign = format!("{}/elsewhere", sandbox.urls().foreign);
    assert_eq!(header(&response, "location"), foreign);
}

#[tokio::test]
async fn plays_every_named_error() {
    let sandbox = sandbox().await;
    let play = async |endpoint: Endpoint, name: &str| {
        let answer = Scripted { error: Some(name.to_owned()), ..Scripted::on(endpoint) };
        sandbox.script(vec![answer]).unwrap();
        let request = match endpoint {
            Endpoint::SeekPassToken => seek_pass(&sandbox, &pass("write.education")),
            Endpoint::SeekPassApi => {
                client().post(format!("{}/api/partner/v1/add/education.json", sandbox.urls().pass))
            }
            _ => seek_api(&sandbox, &live()),
        };
        request.send().await.unwrap()
    };
    for (name, status, error) in [
        ("invalid_request", 400, "invalid_request"),
        ("unsupported_grant_type", 400, "unsupported_grant_type"),
        ("access_denied", 401, "access_denied"),
        ("invalid_client", 401, "invalid_client"),
        ("audience_not_granted", 403, "access_denied"),
        ("unknown_audience", 403, "access_denied"),
        ("unauthorized_client", 403, "unauthorized_client"),
        ("too_many_requests", 429, "too_many_requests"),
        ("global_limit", 500, "access_denied"),
        ("server_error", 500, "server_error"),
    ] {
        let response = play(TOKEN, name).await;
        assert_eq!(response.status(), status, "{name}");
        assert_eq!(header(&response, "retry-after"), if status == 429 { "60" } else { "" });
        let limited = ["too_many_requests", "global_limit"].contains(&name);
        assert_eq!(header(&response, "x-ratelimit-remaining"), if limited { "0" } else { "" });
        let reply: Value = response.json().await.unwrap();
        assert_eq!(reply["error"], error, "{name}");
        assert_eq!(
            reply["error_description"] == "Global limit has been reached",
            name == "global_limit"
        );
    }
    for (name, status) in [
        ("invalid_client", 401),
        ("invalid_scope", 400),
        ("unauthorized_client", 400),
        ("invalid_request", 400),
        ("unsupported_grant_type", 400),
        ("server_error", 400),
        ("temporarily_unavailable", 400),
        ("invalid_token_reuse", 400),
    ] {
        let response = play(Endpoint::SeekPassToken, name).await;
        assert_eq!(response.status(), status, "{name}");
        let reply: Value = response.json().await.unwrap();
        assert_eq!(reply["error"], name);
    }
    assert_eq!(
        play(Endpoint::SeekPassToken, "unsupported_media_type").await.text().await.unwrap(),
        "{}"
    );
    for (name, status) in [("invalid_token", 401), ("insufficient_scope", 403)] {
        let response = play(Endpoint::SeekPassApi, name).await;
        assert_eq!(response.status(), status, "{name}");
        assert!(header(&response, "www-authenticate").contains(name));
        assert_eq!(response.text().await.unwrap(), "");
    }
}

#[tokio::test]
async fn what_is_not_scripted_stays_real() {
    let sandbox = sandbox().await;
    scripted(&sandbox, json!({"headers": {"x-own": "a", "cache-control": "private"}}));
    let response = seek_api(&sandbox, &live()).send().await.unwrap();
    assert_eq!((header(&response, "x-own"), header(&response, "cache-control")), ("a", "private"));
    let reply: Value = response.json().await.unwrap();
    let (_, body) =
        graphql(&sandbox, reply["access_token"].as_str().unwrap(), "{ __typename }").await;
    assert_eq!(body["data"]["__typename"], "Query");
}

#[tokio::test]
async fn answers_in_order_as_often_as_told() {
    let sandbox = sandbox().await;
    scripted(&sandbox, json!({"status": 500, "times": 2}));
    scripted(&sandbox, json!({"status": 503}));
    assert_eq!(sandbox.script_left(), 3);
    for wanted in [500, 500, 503, 200] {
        // Another endpoint's queue is its own.
        assert_eq!(
            seek_pass(&sandbox, &pass("write.education")).send().await.unwrap().status(),
            200
        );
        assert_eq!(seek_api(&sandbox, &live()).send().await.unwrap().status(), wanted);
    }
    scripted(&sandbox, json!({"status": 500, "times": 0}));
    for _ in 0..5 {
        assert_eq!(seek_api(&sandbox, &live()).send().await.unwrap().status(), 500);
    }
    assert_eq!(sandbox.script_left(), 1);
    sandbox.clear_script();
    assert_eq!(seek_api(&sandbox, &live()).send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn an_answer_can_be_for_one_operation_or_one_path_whatever_comes_first() {
    let sandbox = sandbox().await;
    let of = |operation: &str, status| Scripted {
        operation: Some(operation.to_owned()),
        status: Some(status),
        ..Scripted::on(Endpoint::Graphql)
    };
    let first_of_all = Scripted { status: Some(503), ..Scripted::on(Endpoint::Graphql) };
    let on_path = Scripted {
        path: Some("/api/partner/v1/submissions/a/status.json".to_owned()),
        status: Some(418),
        ..Scripted::on(Endpoint::SeekPassApi)
    };
    sandbox.script(vec![of("B", 502), of("A", 501), of("B", 504), first_of_all, on_path]).unwrap();
    let mut statuses = Vec::new();
    for name in ["A", "B", "C", "B", "A"] {
        let body = json!({"query": format!("query {name} {{ __typename }}")});
        let request = client().post(&sandbox.urls().graphql_url).json(&body);
        statuses.push(request.send().await.unwrap().status().as_u16());
    }
    assert_eq!(statuses, [501, 502, 503, 504, 200]);
    let mut statuses = Vec::new();
    for id in ["b", "a", "a"] {
        let url = format!("{}/api/partner/v1/submissions/{id}/status.json", sandbox.urls().pass);
        statuses.push(client().get(url).send().await.unwrap().status().as_u16());
    }
    assert_eq!(statuses, [401, 418, 401]);
    assert_eq!(sandbox.script_left(), 0);
}

#[tokio::test]
async fn delays_the_answer() {
    let sandbox = sandbox().await;
    scripted(&sandbox, json!({"delay_ms": 300}));
    let sent = Instant::now();
    let response = seek_api(&sandbox, &live()).send().await.unwrap();
    assert!(sent.elapsed() >= Duration::from_millis(300), "{:?}", sent.elapsed());
    assert_eq!(response.status(), 200);
}

#[tokio::test]
async fn holds_answers_until_released() {
    let sandbox = sandbox().await;
    scripted(&sandbox, json!({"hold": true, "times": 2}));
    let body = live();
    let ask = || tokio::spawn(seek_api(&sandbox, &body).send());
    let calls = [ask(), ask()];
    sandbox.wait_for(TOKEN, 2).await;
    assert!(calls.iter().all(|call| !call.is_finished()));
    assert!(sandbox.journal().iter().all(|entry| entry.status.is_none()));
    // A token is made when its request arrives: forgotten while its reply is held, it is dead on arrival.
    sandbox.forget_tokens();
    sandbox.release();
    for call in calls {
        let reply: Value = call.await.unwrap().unwrap().json().await.unwrap();
        let (_, body) =
            graphql(&sandbox, reply["access_token"].as_str().unwrap(), "{ __typename }").await;
        assert_eq!(body["errors"][0]["extensions"]["code"], "UNAUTHENTICATED");
    }
    scripted(&sandbox, json!({"hold": true}));
    let call = ask();
    sandbox.wait_for(TOKEN, 3).await;
    sandbox.reset();
    assert_eq!(call.await.unwrap().unwrap().status(), 200, "a reset lets go too");
}

#[tokio::test]
async fn an_answer_can_wait_for_other_requests() {
    let sandbox = sandbox().await;
    scripted(&sandbox, json!({"after": {"seek_api_token": 2, "graphql": 1}}));
    let first = tokio::spawn(seek_api(&sandbox, &live()).send());
    sandbox.wait_for(TOKEN, 1).await;
    assert_eq!(seek_api(&sandbox, &live()).send().await.unwrap().status(), 200);
    assert!(sandbox.journal()[0].status.is_none(), "the other endpoint's is still to come");
    graphql(&sandbox, "unknown", "{ __typename }").await;
    assert_eq!(first.await.unwrap().unwrap().status(), 200);
}

#[tokio::test]
async fn compresses_for_those_who_accept_it() {
    let sandbox = sandbox().await;
    scripted(&sandbox, json!({"body": "a".repeat(1000), "gzip": true, "times": 3}));
    let ask = async |accepted: &str| {
        let request = seek_api(&sandbox, &live()).header("accept-encoding", accepted);
        let response = request.send().await.unwrap();
        (header(&response, "content-encoding").to_owned(), response.bytes().await.unwrap())
    };
    for accepted in ["identity", ""] {
        assert_eq!(ask(accepted).await, (String::new(), "a".repeat(1000).into()));
    }
    let (coding, packed) = ask("br, GZIP").await;
    assert_eq!(coding, "gzip");
    assert!(packed.len() < 100, "{}", packed.len());
    let mut plain = String::new();
    flate2::read::GzDecoder::new(packed.as_ref()).read_to_string(&mut plain).unwrap();
    assert_eq!(plain, "a".repeat(1000));
}

#[tokio::test]
async fn somebody_elses_server_is_on_record() {
    for tls in [false, true] {
        let sandbox = Sandbox::start(Options { tls, show_secrets: true, ..Options::default() })
            .await
            .unwrap();
        let url = format!("{}/any/where", sandbox.urls().foreign);
        assert!(url.starts_with("http://"));
        let answer = client().put(&url).bearer_auth("stray").send().await.unwrap();
        assert_eq!(answer.json::<Value>().await.unwrap(), json!({"foreign": true}));
        let journal = sandbox.journal();
        let [arrived] = journal.as_slice() else { panic!("{journal:?}") };
        assert_eq!((arrived.endpoint, arrived.service), (Endpoint::Foreign, "foreign"));
        assert_eq!(arrived.header("authorization"), Some("Bearer stray"));
        sandbox
            .script(vec![Scripted { status: Some(401), ..Scripted::on(Endpoint::Foreign) }])
            .unwrap();
        assert_eq!(client().get(&url).send().await.unwrap().status(), 401);
    }
}

#[tokio::test]
async fn refuses_what_makes_no_sense() {
    let sandbox = sandbox().await;
    let on = |endpoint| Scripted::on(endpoint);
    let bad = [
        (
            Scripted { json: Some(json!({})), html: Some(String::new()), ..on(TOKEN) },
            "only one of json, html",
        ),
        (
            Scripted { error: Some("nonsense".to_owned()), ..on(TOKEN) },
            "error must be one of invalid_request",
        ),
        (Scripted { error: Some("RATE_LIMITED".to_owned()), ..on(TOKEN) }, "error must be one of"),
        (Scripted { status: Some(100), ..on(TOKEN) }, "status must be from 200 to 999"),
        (
            Scripted { drop_with: Some(seekauth_sandbox::DropWith::Close), ..on(TOKEN) },
            "drop_with needs drop",
        ),
        (
            Scripted {
                drop: Some(seekauth_sandbox::Drop::MidBody),
                stall_at: Some(1),
                ..on(TOKEN)
            },
            "only one of stall_at, drop",
        ),
        (Scripted { body_end: "a".to_owned(), ..on(TOKEN) }, "need body_size"),
        (Scripted { gzip: true, body_size: Some(1), ..on(TOKEN) }, "filler body is not"),
        (
            Scripted { headers: BTreeMap::from([("a b".to_owned(), String::new())]), ..on(TOKEN) },
            "a b cannot be sent",
        ),
        (
            Scripted { headers: BTreeMap::from([("a".to_owned(), "\n".to_owned())]), ..on(TOKEN) },
            "a cannot be sent",
        ),
        (Scripted { redirect: Some("/\u{7}".to_owned()), ..on(TOKEN) }, "redirect cannot be sent"),
        (on(Endpoint::Other), "cannot be scripted"),
        (Scripted { operation: Some("A".to_owned()), ..on(TOKEN) }, "only graphql has operations"),
        (Scripted { path: Some("a".to_owned()), ..on(TOKEN) }, "path must start with /"),
    ];
    for (answer, wanted) in bad {
        let error = sandbox.script(vec![on(TOKEN), answer]).unwrap_err();
        assert!(matches!(error, Error::Script(_)));
        assert!(error.to_string().contains(wanted), "{error}");
        assert_eq!(sandbox.script_left(), 0, "all or none");
    }
    assert!(
        serde_json::from_value::<Scripted>(json!({"endpoint": "graphql", "stauts": 500})).is_err()
    );
    assert_eq!(status_and_json(seek_api(&sandbox, &live())).await.0, 200);
    assert!(!seek_api_token(&sandbox, &live()).await.is_empty());
}
