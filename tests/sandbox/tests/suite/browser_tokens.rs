//! Browser tokens: who gets one, what it opens, and what is refused.

use seekauth_sandbox::{Endpoint, Sandbox, Scripted};
use serde_json::{Value, json};

use crate::support::{
    client, graphql, live, members, playground, sandbox, seek_api_token, seek_pass_token,
    status_and_json,
};

const HIRER: &str = "seekAnz:organization:seek:93WyyF1h";
const OTHER_HIRER: &str = "seekAnz:organization:seek:other";

fn wish() -> Value {
    json!({"hirerId": HIRER, "scope": "query:organizations query:ad-products", "userId": "317665"})
}

async fn ask(sandbox: &Sandbox, partner_token: &str, body: &Value) -> (u16, Value) {
    let url = format!("{}/auth/token", sandbox.urls().graphql);
    status_and_json(client().post(url).bearer_auth(partner_token).json(body)).await
}

async fn browser_token(sandbox: &Sandbox, body: &Value) -> String {
    let partner = seek_api_token(sandbox, &live()).await;
    let (status, reply) = ask(sandbox, &partner, body).await;
    assert_eq!(status, 200, "{reply}");
    reply["access_token"].as_str().unwrap().to_owned()
}

fn code(body: &Value) -> &str {
    body["errors"][0]["extensions"]["code"].as_str().unwrap()
}

#[tokio::test]
async fn a_partner_token_gets_one_for_a_hirer_it_has_a_relationship_with() {
    let sandbox = sandbox().await;
    let partner = seek_api_token(&sandbox, &live()).await;
    let (status, reply) = ask(&sandbox, &partner, &wish()).await;
    assert_eq!((status, members(&reply)), (200, vec!["access_token", "expires_in", "token_type"]));
    assert_eq!((&reply["expires_in"], &reply["token_type"]), (&json!(3600), &json!("Bearer")));
    let (_, again) = ask(&sandbox, &partner, &wish()).await;
    assert_ne!(again["access_token"], reply["access_token"]);
    assert_eq!(sandbox.counts().at(Endpoint::BrowserToken), 2);
}

#[tokio::test]
async fn it_sees_its_hirer_and_nothing_beyond_its_scopes() {
    let sandbox = sandbox().await;
    sandbox.configure(|settings| settings.hirers.push(OTHER_HIRER.to_owned()));
    let token = browser_token(&sandbox, &wish()).await;
    let (_, body) = graphql(&sandbox, &token, "{ self { hirer { id { value } name } } }").await;
    let hirer = json!({"id": {"value": HIRER}, "name": "Sandbox hirer"});
    assert_eq!(body, json!({"data": {"self": {"hirer": hirer}}}));
    let organization =
        |id: &str| format!(r#"{{ hiringOrganization(id: "{id}") {{ id {{ value }} }} }}"#);
    let (_, body) = graphql(&sandbox, &token, &organization(HIRER)).await;
    assert_eq!(body["data"]["hiringOrganization"]["id"]["value"], HIRER);
    let (_, body) = graphql(&sandbox, &token, &organization(OTHER_HIRER)).await;
    assert_eq!(code(&body), "FORBIDDEN");
    let post = r#"mutation { postPosition(input: {idempotencyId: "1"}) { __typename } }"#;
    assert_eq!(code(&graphql(&sandbox, &token, post).await.1), "FORBIDDEN");
    let mut narrow = wish();
    narrow["scope"] = json!("query:ad-products");
    let narrow = browser_token(&sandbox, &narrow).await;
    assert_eq!(code(&graphql(&sandbox, &narrow, &organization(HIRER)).await.1), "FORBIDDEN");
}

#[tokio::test]
async fn it_ends_with_its_lifetime() {
    let sandbox = sandbox().await;
    sandbox.configure(|settings| settings.browser_token_lifetime_s = 60);
    let token = browser_token(&sandbox, &wish()).await;
    let query = "{ self { hirer { name } } }";
    sandbox.advance_ms(59_000);
    assert_eq!(graphql(&sandbox, &token, query).await.1["errors"], Value::Null);
    sandbox.advance_ms(2_000);
    assert_eq!(code(&graphql(&sandbox, &token, query).await.1), "UNAUTHENTICATED");
}

#[tokio::test]
async fn refuses_the_wrong_token_hirer_and_input() {
    let sandbox = sandbox().await;
    let partner = seek_api_token(&sandbox, &live()).await;
    let other = seek_api_token(&sandbox, &playground()).await;
    let pass = seek_pass_token(&sandbox, "write.education").await;
    let browser = browser_token(&sandbox, &wish()).await;
    for token in ["unknown", &other, &pass, &browser] {
        let (status, body) = ask(&sandbox, token, &wish()).await;
        assert_eq!((status, code(&body)), (401, "UNAUTHENTICATED"), "{token}");
    }
    for hirer in ["seekAnz:organization:seek:stranger", " seekAnz:organization:seek:93WyyF1h"] {
        let mut body = wish();
        body["hirerId"] = json!(hirer);
        let (status, body) = ask(&sandbox, &partner, &body).await;
        assert_eq!((status, code(&body)), (403, "FORBIDDEN"), "{hirer}");
    }
    for (name, value) in [
        ("hirerId", json!("")),
        ("hirerId", json!("x".repeat(256))),
        ("scope", json!(" ")),
        ("scope", json!(["query:organizations"])),
        ("userId", Value::Null),
    ] {
        let mut body = wish();
        body[name] = value;
        let (status, body) = ask(&sandbox, &partner, &body).await;
        assert_eq!((status, code(&body)), (400, "BAD_USER_INPUT"), "{name}");
        assert!(body["errors"][0]["message"].as_str().unwrap().contains(name), "{body}");
    }
    let limited =
        Scripted { error: Some("RATE_LIMITED".to_owned()), ..Scripted::on(Endpoint::BrowserToken) };
    sandbox.script(vec![limited]).unwrap();
    assert_eq!(ask(&sandbox, &partner, &wish()).await.0, 429);
}
