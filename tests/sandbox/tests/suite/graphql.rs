//! The part of graphql.seek.com: what a token opens, the error codes, partial data, and the language it reads.

use crate::support::{
    client, graphql, header, live, playground, sandbox, seek_api_token, status_and_json,
};
use seekauth_sandbox::{Endpoint, Sandbox, Scripted};
use serde_json::{Value, json};

const LIVE_HIRER: &str = "seekAnz:organization:seek:93WyyF1h";
const PLAYGROUND_HIRER: &str = "seekAnzPublicTest:organization:seek:93WyyF1h";

fn code(body: &Value) -> &str {
    body["errors"][0]["extensions"]["code"].as_str().unwrap()
}

async fn post(sandbox: &Sandbox, token: &str, id: Value) -> Value {
    let body = json!({
        "query": "mutation Post($input: PostPosition_PostPositionInput!) { postPosition(input: $input) {
            __typename
            ... on PostPositionPayload_Success { positionOpening { documentId { value } } }
            ... on PostPositionPayload_Conflict { conflictingPositionOpening { documentId { value } } }
        } }",
        "variables": {"input": {"idempotencyId": id}},
    });
    let request = client().post(&sandbox.urls().graphql_url).bearer_auth(token).json(&body);
    status_and_json(request).await.1
}

#[tokio::test]
async fn tells_whose_token_it_is() {
    let sandbox = sandbox().await;
    let token = seek_api_token(&sandbox, &live()).await;
    let request = client()
        .post(&sandbox.urls().graphql_url)
        .bearer_auth(&token)
        .json(&json!({"query": "{ self { partner { name id { value } } hirer { name } } }"}));
    let response = request.send().await.unwrap();
    assert_eq!(header(&response, "content-type"), "application/json; charset=utf-8");
    let body: Value = response.json().await.unwrap();
    let partner = json!({"name": "Sandbox partner sandbox-live", "id": {"value": "seekAnz:organization:seek:sandbox"}});
    assert_eq!(body, json!({"data": {"self": {"partner": partner, "hirer": null}}}));
}

#[tokio::test]
async fn a_bad_token_is_unauthenticated_with_either_status() {
    let sandbox = sandbox().await;
    for status in [200, 401] {
        sandbox.configure(|settings| settings.graphql_unauthenticated_status = status);
        let good = seek_api_token(&sandbox, &live()).await;
        let pass = crate::support::seek_pass_token(&sandbox, "write.education").await;
        for token in ["unknown", pass.as_str()] {
            let (answered, body) = graphql(&sandbox, token, "{ self { partner { name } } }").await;
            assert_eq!((answered, code(&body)), (status, "UNAUTHENTICATED"));
            assert_eq!(body["data"], Value::Null);
            assert_eq!(body["errors"][0]["path"], json!(["self"]));
        }
        let bare = client()
            .post(&sandbox.urls().graphql_url)
            .json(&json!({"query": "{ self { hirer { name } } }"}));
        assert_eq!(code(&status_and_json(bare).await.1), "UNAUTHENTICATED");
        assert!(sandbox.revoke(&good));
        assert_eq!(code(&graphql(&sandbox, &good, "{ __typename }").await.1), "UNAUTHENTICATED");
    }
}

#[tokio::test]
async fn environments_do_not_mix() {
    let sandbox = sandbox().await;
    let (live, playground) =
        (seek_api_token(&sandbox, &live()).await, seek_api_token(&sandbox, &playground()).await);
    for (token, hirer, wanted) in [
        (&live, LIVE_HIRER, None),
        (&playground, PLAYGROUND_HIRER, None),
        (&live, PLAYGROUND_HIRER, Some("UNAUTHENTICATED")),
        (&playground, LIVE_HIRER, Some("UNAUTHENTICATED")),
        (&live, "seekAnz:organization:seek:stranger", Some("FORBIDDEN")),
    ] {
        let query = format!(r#"{{ hiringOrganization(id: "{hirer}") {{ id {{ value }} name }} }}"#);
        let (status, body) = graphql(&sandbox, token, &query).await;
        assert_eq!(status, 200);
        match wanted {
            Some(wanted) => assert_eq!(code(&body), wanted),
            None => assert_eq!(body["data"]["hiringOrganization"]["id"]["value"], hirer),
        }
    }
}

#[tokio::test]
async fn a_forbidden_field_leaves_the_others() {
    let sandbox = sandbox().await;
    let token = seek_api_token(&sandbox, &live()).await;
    let query =
        r#"{ me: self { partner { name } } other: hiringOrganization(id: "seekAnz:x") { name } }"#;
    let (status, body) = graphql(&sandbox, &token, query).await;
    assert_eq!(status, 200);
    assert_eq!(
        body["data"],
        json!({"me": {"partner": {"name": "Sandbox partner sandbox-live"}}, "other": null})
    );
    assert_eq!(code(&body), "FORBIDDEN");
    assert_eq!(body["errors"][0]["path"], json!(["other"]));
}

#[tokio::test]
async fn a_position_is_posted_once_per_idempotency_id() {
    let sandbox = sandbox().await;
    let token = seek_api_token(&sandbox, &live()).await;
    let first = post(&sandbox, &token, json!("one")).await;
    let first = &first["data"]["postPosition"];
    assert_eq!(first["__typename"], "PostPositionPayload_Success");
    let again = post(&sandbox, &token, json!("one")).await;
    let again = &again["data"]["postPosition"];
    assert_eq!(again["__typename"], "PostPositionPayload_Conflict");
    assert_eq!(again["conflictingPositionOpening"], first["positionOpening"]);
    let other = post(&sandbox, &token, json!("two")).await;
    assert_ne!(other["data"]["postPosition"]["positionOpening"], first["positionOpening"]);
    assert_eq!(code(&post(&sandbox, &token, Value::Null).await), "BAD_USER_INPUT");
}

#[tokio::test]
async fn the_playground_refuses_mutations_after_checking_them() {
    let sandbox = sandbox().await;
    let token = seek_api_token(&sandbox, &playground()).await;
    assert_eq!(code(&post(&sandbox, &token, Value::Null).await), "BAD_USER_INPUT");
    assert_eq!(code(&post(&sandbox, &token, json!("one")).await), "FORBIDDEN");
}

#[tokio::test]
async fn other_codes_come_by_script() {
    let sandbox = sandbox().await;
    let token = seek_api_token(&sandbox, &live()).await;
    for wanted in
        ["UNAUTHENTICATED", "FORBIDDEN", "BAD_USER_INPUT", "INTERNAL_SERVER_ERROR", "RATE_LIMITED"]
    {
        let answer = Scripted { error: Some(wanted.to_owned()), ..Scripted::on(Endpoint::Graphql) };
        sandbox.script(vec![answer]).unwrap();
        let (status, body) = graphql(&sandbox, &token, "{ __typename }").await;
        assert_eq!((status, code(&body)), (200, wanted));
    }
    assert_eq!(
        graphql(&sandbox, &token, "{ __typename }").await.1,
        json!({"data": {"__typename": "Query"}})
    );
}

#[tokio::test]
async fn reads_the_language_of_requests() {
    let sandbox = sandbox().await;
    let token = seek_api_token(&sandbox, &live()).await;
    let query = r#"
        # a comment with { braces }
        query Who($id: String! = "a, (b) \" }", $on: Boolean) @trace(on: true) {
            ...Root
            ... @include(if: $on) { second: self { partner { called: name } } }
            hiringOrganization(id: $id, list: [1, -2.5e3, {a: ENUM}], none: null) { ...Hirer }
        }
        fragment Root on Query { self { ... on Self { __typename } ... on Other { nothing } } }
        fragment Hirer on HiringOrganization { name ...Hirer }
    "#;
    let body = json!({"query": query, "operationName": "Who", "variables": {"id": LIVE_HIRER}});
    let request = client().post(&sandbox.urls().graphql_url).bearer_auth(&token).json(&body);
    let (status, answer) = status_and_json(request).await;
    assert_eq!(status, 200);
    let wanted = json!({
        "self": {"__typename": "Self"},
        "second": {"partner": {"called": "Sandbox partner sandbox-live"}},
        "hiringOrganization": {"name": "Sandbox hirer"},
    });
    assert_eq!(answer, json!({"data": wanted}));
}

#[tokio::test]
async fn refuses_what_is_no_request() {
    let sandbox = sandbox().await;
    let token = seek_api_token(&sandbox, &live()).await;
    let deep = "{a".repeat(100_000) + &"}".repeat(100_000);
    for query in [
        "",
        "{",
        "{ a",
        "query {",
        "{ a(b: \"open) }",
        "{ a } { b }",
        "{ % }",
        "fragment F on Q { a }",
        &deep,
    ] {
        let (status, body) = graphql(&sandbox, &token, query).await;
        assert_eq!((status, code(&body)), (400, "GRAPHQL_PARSE_FAILED"), "{query}");
    }
    for query in [
        "{ nonsense }",
        "{ self { nonsense } }",
        "{ self }",
        "mutation { self { __typename } }",
        "subscription { a }",
    ] {
        let (_, body) = graphql(&sandbox, &token, query).await;
        assert_eq!(code(&body), "GRAPHQL_VALIDATION_FAILED", "{query}");
    }
    for body in [json!([]), json!({}), json!({"query": "{ __typename }", "variables": "{}"})] {
        let request = client().post(&sandbox.urls().graphql_url).bearer_auth(&token).json(&body);
        let (status, answer) = status_and_json(request).await;
        assert_eq!((status, code(&answer)), (400, "BAD_REQUEST"), "{body}");
    }
}
