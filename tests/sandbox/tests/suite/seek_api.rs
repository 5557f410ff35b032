//! The part of auth.seek.com: the reply, every documented error, the quota, and what settings change.

use crate::support::{
    client, graphql, header, live, members, playground, sandbox, seek_api, seek_api_token,
    status_and_json,
};
use seekauth_sandbox::{LIVE_AUDIENCE, PLAYGROUND_AUDIENCE, Quota, WrongSecret};
use serde_json::{Value, json};

/// The body of a good request with one member replaced, or removed by null.
fn with(name: &str, value: Value) -> Value {
    let mut body = live();
    if value.is_null() {
        body.as_object_mut().unwrap().remove(name);
    } else {
        body[name] = value;
    }
    body
}

#[tokio::test]
async fn issues_a_token_for_json() {
    let sandbox = sandbox().await;
    let response = seek_api(&sandbox, &live()).send().await.unwrap();
    assert_eq!(response.status(), 200);
    assert_eq!(header(&response, "cache-control"), "no-store");
    assert_eq!(header(&response, "content-type"), "application/json");
    assert_eq!(header(&response, "x-ratelimit-limit"), "100000");
    assert_eq!(header(&response, "x-ratelimit-remaining"), "99999");
    assert!(
        header(&response, "auth0-client-quota-limit").starts_with("b=per_hour;q=100000;r=99999;t=")
    );
    let reply: Value = response.json().await.unwrap();
    assert_eq!(members(&reply), ["access_token", "expires_in", "token_type"]);
    assert_eq!(reply["expires_in"], 1800);
    assert_eq!(reply["token_type"], "Bearer");
    let token = reply["access_token"].as_str().unwrap();
    assert_ne!(token, seek_api_token(&sandbox, &live()).await, "each token is new");
    let (status, body) = graphql(&sandbox, token, "{ self { partner { name } } }").await;
    assert_eq!(status, 200);
    assert_eq!(
        body,
        json!({"data": {"self": {"partner": {"name": "Sandbox partner sandbox-live"}}}})
    );
}

#[tokio::test]
async fn refuses_as_documented() {
    let sandbox = sandbox().await;
    sandbox.configure(|settings| {
        let mut barred = settings.clients[0].clone();
        barred.client_id = "barred".to_owned();
        barred.client_credentials_allowed = false;
        settings.clients.push(barred);
    });
    for (body, status, error) in [
        (with("grant_type", Value::Null), 400, "invalid_request"),
        (with("audience", Value::Null), 400, "invalid_request"),
        (with("client_id", json!("")), 400, "invalid_request"),
        (with("client_secret", json!(7)), 400, "invalid_request"),
        (with("grant_type", json!("password")), 400, "unsupported_grant_type"),
        (with("client_secret", json!("wrong")), 401, "access_denied"),
        (with("client_id", json!("nobody")), 401, "access_denied"),
        (with("audience", json!(PLAYGROUND_AUDIENCE)), 403, "access_denied"),
        (with("audience", json!("https://graphql.seek.com/")), 403, "access_denied"),
        (with("client_id", json!("barred")), 403, "unauthorized_client"),
        (json!(["not an object"]), 400, "invalid_request"),
    ] {
        let (answered, reply) = status_and_json(seek_api(&sandbox, &body)).await;
        assert_eq!((answered, reply["error"].as_str().unwrap()), (status, error), "{body}");
        assert!(!reply["error_description"].as_str().unwrap().is_empty());
        assert_eq!(reply.get("error_uri").is_some(), error == "unauthorized_client");
    }
    let get = client().get(&sandbox.urls().token_url).send().await.unwrap();
    assert_eq!(get.status(), 404);
}

#[tokio::test]
async fn tells_an_unknown_audience_from_one_not_granted() {
    let sandbox = sandbox().await;
    let (_, unknown) =
        status_and_json(seek_api(&sandbox, &with("audience", json!("https://typo.example")))).await;
    assert!(unknown["error_description"].as_str().unwrap().contains("not enabled within domain"));
    let (_, other) =
        status_and_json(seek_api(&sandbox, &with("audience", json!(PLAYGROUND_AUDIENCE)))).await;
    assert!(
        other["error_description"]
            .as_str()
            .unwrap()
            .contains("no grant for https://test.graphql.seek.com")
    );
}

#[tokio::test]
async fn a_wrong_secret_can_be_an_invalid_client() {
    let sandbox = sandbox().await;
    sandbox.configure(|settings| settings.seek_api_wrong_secret = WrongSecret::InvalidClient);
    let (status, reply) =
        status_and_json(seek_api(&sandbox, &with("client_secret", json!("wrong")))).await;
    assert_eq!((status, &reply["error"]), (401, &json!("invalid_client")));
}

#[tokio::test]
async fn takes_json_only_unless_told_otherwise() {
    let sandbox = sandbox().await;
    let form = [
        ("grant_type", "client_credentials"),
        ("client_id", "sandbox-live"),
        ("client_secret", "sandbox-live-secret"),
        ("audience", LIVE_AUDIENCE),
    ];
    let request = || client().post(&sandbox.urls().token_url).form(&form);
    let (status, reply) = status_and_json(request()).await;
    assert_eq!((status, &reply["error"]), (400, &json!("invalid_request")));
    let basic = || {
        let json = json!({"grant_type": "client_credentials", "audience": LIVE_AUDIENCE});
        let request = client().post(&sandbox.urls().token_url).json(&json);
        request.basic_auth("sandbox-live", Some("sandbox-live-secret"))
    };
    assert_eq!(basic().send().await.unwrap().status(), 400);
    sandbox.configure(|settings| settings.seek_api_accepts_form = true);
    assert_eq!(request().send().await.unwrap().status(), 200);
    assert_eq!(basic().send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn enforces_its_quota_per_window() {
    let sandbox = sandbox().await;
    sandbox.configure(|settings| settings.seek_api_quota = Quota { requests: 2, per_s: 86_400 });
    assert_eq!(seek_api(&sandbox, &live()).send().await.unwrap().status(), 200);
    // A refused request counts too.
    assert_eq!(
        seek_api(&sandbox, &with("client_secret", json!("wrong"))).send().await.unwrap().status(),
        401
    );
    let refused = seek_api(&sandbox, &live()).send().await.unwrap();
    assert_eq!(refused.status(), 429);
    let wait: u64 = header(&refused, "retry-after").parse().unwrap();
    assert!((86_000..=86_400).contains(&wait), "{wait}");
    assert_eq!(header(&refused, "x-ratelimit-remaining"), "0");
    let reset: u64 = header(&refused, "x-ratelimit-reset").parse().unwrap();
    let unix =
        std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    assert!((unix + wait - 5..=unix + wait + 5).contains(&reset), "{reset}");
    let reply: Value = refused.json().await.unwrap();
    assert_eq!(reply["error"], "too_many_requests");
    sandbox.advance_ms(wait * 1000);
    assert_eq!(seek_api(&sandbox, &live()).send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn lifetimes_and_reply_members_are_settings() {
    let sandbox = sandbox().await;
    for lifetime in [1, 86_400, i64::MAX] {
        sandbox.configure(|settings| settings.seek_api_lifetime_s = lifetime);
        let (_, reply) = status_and_json(seek_api(&sandbox, &live())).await;
        assert_eq!(reply["expires_in"], lifetime);
        let token = reply["access_token"].as_str().unwrap();
        assert_eq!(
            graphql(&sandbox, token, "{ __typename }").await.1["data"]["__typename"],
            "Query"
        );
    }
    for lifetime in [0, -5] {
        sandbox.configure(|settings| settings.seek_api_lifetime_s = lifetime);
        let token = seek_api_token(&sandbox, &live()).await;
        let (_, body) = graphql(&sandbox, &token, "{ __typename }").await;
        assert_eq!(body["errors"][0]["extensions"]["code"], "UNAUTHENTICATED");
    }
    let patch =
        json!({"seek_api_reply": {"expires_in": null, "token_type": "bearer", "note": [1]}});
    sandbox.configure_json(&patch).unwrap();
    let (_, reply) = status_and_json(seek_api(&sandbox, &live())).await;
    assert_eq!(reply.get("expires_in"), None);
    assert_eq!((&reply["token_type"], &reply["note"]), (&json!("bearer"), &json!([1])));
}

#[tokio::test]
async fn tokens_age_by_real_time_and_by_command() {
    let sandbox = sandbox().await;
    let token = seek_api_token(&sandbox, &live()).await;
    sandbox.advance_ms(1_790_000);
    assert_eq!(graphql(&sandbox, &token, "{ __typename }").await.1.get("errors"), None);
    sandbox.advance_ms(10_000);
    let (_, body) = graphql(&sandbox, &token, "{ __typename }").await;
    assert_eq!(body["errors"][0]["message"], "The access token has expired");

    sandbox.configure(|settings| settings.seek_api_lifetime_s = 1);
    let short = seek_api_token(&sandbox, &playground()).await;
    let issued = std::time::Instant::now();
    // Asks until it is refused, which must not be before the second is over.
    while graphql(&sandbox, &short, "{ __typename }").await.1.get("errors").is_none() {
        assert!(issued.elapsed().as_secs() < 60, "the token does not age");
    }
    assert!(issued.elapsed().as_millis() >= 900, "{:?}", issued.elapsed());
}
