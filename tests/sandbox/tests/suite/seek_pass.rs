//! The part of SEEK Pass: token endpoint, its operator switches, and the resources that the tokens open.

use crate::support::{
    PASS_SECRET, client, header, members, pass, sandbox, seek_pass, seek_pass_token,
    status_and_json,
};
use reqwest::{RequestBuilder, Response};
use seekauth_sandbox::Sandbox;
use serde_json::{Value, json};

/// The form of a good request with one member replaced, or removed by an empty value.
fn with<'a>(name: &'a str, value: &'a str) -> Vec<(&'a str, &'a str)> {
    let mut form = pass("write.education");
    form.retain(|(member, _)| *member != name);
    if !value.is_empty() {
        form.push((name, value));
    }
    form
}

fn add(sandbox: &Sandbox, token: &str, credential_type: &str, id: &str) -> RequestBuilder {
    let url = format!("{}/api/partner/v1/add/{credential_type}.json", sandbox.urls().pass);
    client().post(url).bearer_auth(token).json(&json!({"id": id}))
}

#[tokio::test]
async fn issues_a_token_for_a_form() {
    let sandbox = sandbox().await;
    let form = pass("write.education  read.digital_identity");
    let response = seek_pass(&sandbox, &form).send().await.unwrap();
    assert_eq!(response.status(), 200);
    assert_eq!(header(&response, "cache-control"), "no-store, no-cache");
    assert_eq!(header(&response, "content-type"), "application/json; charset=utf-8");
    let reply: Value = response.json().await.unwrap();
    assert_eq!(
        members(&reply),
        ["access_token", "created_at", "expires_in", "scope", "token_type"]
    );
    assert_eq!(reply["expires_in"], 7199);
    assert_eq!(reply["scope"], "read.digital_identity write.education");
    assert_eq!(reply["token_type"], "Bearer");
    assert!(reply["created_at"].as_u64().unwrap() > 1_700_000_000);
    assert_eq!(reply["access_token"].as_str().unwrap().split('.').count(), 3);
    let journal = sandbox.journal();
    assert!(
        journal[0].body.contains("client_secret=sandbox-pass-secret+%26+more%3D100%25"),
        "{}",
        journal[0].body
    );
    let (_, bare) = status_and_json(seek_pass(&sandbox, &with("scope", ""))).await;
    assert_eq!(bare.get("scope"), None, "blank members are left out");
}

#[tokio::test]
async fn refuses_as_doorkeeper_does() {
    let sandbox = sandbox().await;
    sandbox.configure(|settings| {
        let mut barred = settings.clients[2].clone();
        barred.client_id = "barred".to_owned();
        barred.client_credentials_allowed = false;
        settings.clients.push(barred);
    });
    for (form, status, error) in [
        (with("grant_type", ""), 400, "invalid_request"),
        (with("grant_type", "password"), 400, "unsupported_grant_type"),
        (with("client_secret", "wrong"), 401, "invalid_client"),
        (with("client_secret", ""), 401, "invalid_client"),
        (with("client_id", "nobody"), 401, "invalid_client"),
        (with("client_id", "barred"), 400, "unauthorized_client"),
        (with("scope", "write.universal"), 400, "invalid_scope"),
        (with("scope", "write.education write.nonsense"), 400, "invalid_scope"),
    ] {
        let response = seek_pass(&sandbox, &form).send().await.unwrap();
        assert_eq!(response.status(), status, "{form:?}");
        let challenge = header(&response, "www-authenticate");
        assert!(
            challenge.starts_with(&format!(r#"Bearer realm="Doorkeeper", error="{error}""#)),
            "{challenge}"
        );
        let reply: Value = response.json().await.unwrap();
        assert_eq!(reply["error"], error, "{form:?}");
    }
}

#[tokio::test]
async fn takes_one_authentication_method_and_never_the_query() {
    let sandbox = sandbox().await;
    let url = &sandbox.urls().pass_token_url;
    let both =
        seek_pass(&sandbox, &pass("write.education")).basic_auth("sandbox-pass", Some(PASS_SECRET));
    let (status, reply) = status_and_json(both).await;
    assert_eq!((status, &reply["error"]), (400, &json!("invalid_request")));

    let form = [("grant_type", "client_credentials"), ("scope", "write.education")];
    let basic = client()
        .post(url)
        .form(&form)
        .basic_auth("sandbox-pass", Some("sandbox-pass-secret+%26+more%3D100%25"));
    assert_eq!(basic.send().await.unwrap().status(), 200, "encoded as RFC 6749 2.3.1 wants");

    let query = client()
        .post(url)
        .form(&form)
        .query(&[("client_id", "sandbox-pass"), ("client_secret", PASS_SECRET)]);
    let (status, reply) = status_and_json(query).await;
    assert_eq!((status, &reply["error"]), (401, &json!("invalid_client")));
}

#[tokio::test]
async fn takes_json_only_when_told_to() {
    let sandbox = sandbox().await;
    let body: serde_json::Map<_, _> = pass("write.education")
        .into_iter()
        .map(|(name, value)| (name.to_owned(), json!(value)))
        .collect();
    let request = || client().post(&sandbox.urls().pass_token_url).json(&body);
    assert_eq!(status_and_json(request()).await, (415, json!({})));
    sandbox.configure(|settings| settings.seek_pass_accepts_json = true);
    assert_eq!(request().send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn can_reuse_a_token_whose_life_counts_down() {
    let sandbox = sandbox().await;
    sandbox.configure(|settings| settings.reuse_token = true);
    let ask = |scope| status_and_json(seek_pass(&sandbox, &pass(scope)));
    let first = ask("write.education").await.1;
    sandbox.advance_ms(7_000_000);
    let second = ask("write.education").await.1;
    assert_eq!(first["access_token"], second["access_token"]);
    let left = second["expires_in"].as_i64().unwrap();
    assert!((195..=199).contains(&left), "{left}");
    let other = ask("write.right_to_work").await.1;
    assert_ne!(first["access_token"], other["access_token"], "another scope set is another token");
    sandbox.advance_ms(u64::try_from(left).unwrap() * 1000);
    let third = ask("write.education").await.1;
    assert_ne!(first["access_token"], third["access_token"]);
    assert_eq!(third["expires_in"], 7199);

    sandbox.configure(|settings| settings.seek_pass_lifetime_s = 100);
    sandbox.forget_tokens();
    let dying = ask("write.education").await.1;
    sandbox.advance_ms(99_700);
    let dead = ask("write.education").await.1;
    assert_eq!(dying["access_token"], dead["access_token"]);
    assert_eq!(dead["expires_in"], 0, "it counts down to nothing");
}

#[tokio::test]
async fn a_batch_needs_the_scopes_of_all_that_is_in_it() {
    let sandbox = sandbox().await;
    let url = format!("{}/api/partner/v2/add/requests/batch.json", sandbox.urls().pass);
    let send = async |scope: &str, body: Value| {
        let token = seek_pass_token(&sandbox, scope).await;
        client().post(&url).bearer_auth(token).json(&body).send().await.unwrap()
    };
    let two = json!({"request_id": "1", "credentials": [{"type": "education"}, {"type": "right_to_work"}]});
    assert_eq!(send("write.education write.right_to_work", two.clone()).await.status(), 201);
    refused(send("write.education", two).await, 403, "insufficient_scope").await;
    for wrong in [json!({}), json!({"request_id": "1", "credentials": [{"type": "other"}]})] {
        assert_eq!(send("write.education", wrong).await.status(), 422);
    }
}

#[tokio::test]
async fn can_revoke_the_previous_token_of_the_same_scopes() {
    let sandbox = sandbox().await;
    sandbox.configure(|settings| settings.revoke_previous = true);
    let other = seek_pass_token(&sandbox, "write.right_to_work").await;
    let first = seek_pass_token(&sandbox, "write.education").await;
    let second = seek_pass_token(&sandbox, "write.education").await;
    let refused = add(&sandbox, &first, "education", "1").send().await.unwrap();
    assert_eq!(refused.status(), 401);
    assert!(header(&refused, "www-authenticate").contains("The access token was revoked"));
    assert_eq!(add(&sandbox, &second, "education", "1").send().await.unwrap().status(), 201);
    assert_eq!(add(&sandbox, &other, "right_to_work", "2").send().await.unwrap().status(), 201);
}

#[tokio::test]
async fn without_the_switches_tokens_live_side_by_side() {
    let sandbox = sandbox().await;
    let first = seek_pass_token(&sandbox, "write.education").await;
    let second = seek_pass_token(&sandbox, "write.education").await;
    assert_ne!(first, second);
    for token in [first, second] {
        assert_eq!(add(&sandbox, &token, "education", "1").send().await.unwrap().status(), 201);
    }
}

async fn refused(response: Response, status: u16, error: &str) {
    assert_eq!(response.status(), status);
    let challenge = header(&response, "www-authenticate").to_owned();
    assert!(challenge.contains(&format!(r#"error="{error}""#)), "{challenge}");
    assert_eq!(response.text().await.unwrap(), "", "the body is empty");
}

#[tokio::test]
async fn a_resource_wants_a_good_token_with_its_scope() {
    let sandbox = sandbox().await;
    let token = seek_pass_token(&sandbox, "write.education").await;
    refused(add(&sandbox, "unknown", "education", "1").send().await.unwrap(), 401, "invalid_token")
        .await;
    let url = format!("{}/api/partner/v1/add/education.json", sandbox.urls().pass);
    refused(
        client().post(url).json(&json!({"id": "1"})).send().await.unwrap(),
        401,
        "invalid_token",
    )
    .await;
    for kind in [
        "english_proficiency",
        "microcredential",
        "digital_identity",
        "right_to_work",
        "career_history",
        "universal_credential",
    ] {
        refused(add(&sandbox, &token, kind, "1").send().await.unwrap(), 403, "insufficient_scope")
            .await;
    }
    assert_eq!(add(&sandbox, &token, "nonsense", "1").send().await.unwrap().status(), 404);
    let seek_api = crate::support::seek_api_token(&sandbox, &crate::support::live()).await;
    refused(add(&sandbox, &seek_api, "education", "1").send().await.unwrap(), 401, "invalid_token")
        .await;
    sandbox.advance_ms(7_199_000);
    refused(add(&sandbox, &token, "education", "1").send().await.unwrap(), 401, "invalid_token")
        .await;
}

#[tokio::test]
async fn the_same_id_gives_the_same_address_for_two_days() {
    let sandbox = sandbox().await;
    sandbox.configure(|settings| settings.seek_pass_lifetime_s = i64::MAX);
    let token = seek_pass_token(&sandbox, "write.education").await;
    let ask = async |id: &str| {
        let (status, body) = status_and_json(add(&sandbox, &token, "education", id)).await;
        assert_eq!(status, 201);
        body["redirect_uri"].as_str().unwrap().to_owned()
    };
    let first = ask("a").await;
    assert_eq!(ask("a").await, first);
    assert_ne!(ask("b").await, first);
    let status = format!("{}/api/partner/v1/submissions/a/status.json", sandbox.urls().pass);
    let read = || client().get(&status).bearer_auth(&token);
    assert_eq!(status_and_json(read()).await.1["status"], "incomplete");
    sandbox.configure(|settings| settings.submission_status = "verified".to_owned());
    assert_eq!(status_and_json(read()).await.1["status"], "verified");
    sandbox.advance_ms(48 * 3600 * 1000);
    assert_eq!(status_and_json(read()).await.1["status"], "canceled");
    assert_ne!(ask("a").await, first);
    let bad = client()
        .post(format!("{}/api/partner/v1/add/education.json", sandbox.urls().pass))
        .bearer_auth(&token)
        .json(&json!({}));
    assert_eq!(bad.send().await.unwrap().status(), 422);
}

#[tokio::test]
async fn many_statuses_are_read_at_once_but_not_too_many() {
    let sandbox = sandbox().await;
    let token = seek_pass_token(&sandbox, "write.education").await;
    assert_eq!(add(&sandbox, &token, "education", "a").send().await.unwrap().status(), 201);
    let url = format!("{}/api/partner/v1/submissions/status.json", sandbox.urls().pass);
    let read =
        |ids: Vec<String>| client().post(&url).bearer_auth(&token).json(&json!({"ids": ids}));
    let (status, body) = status_and_json(read(vec!["a".to_owned(), "never".to_owned()])).await;
    assert_eq!(
        (status, body),
        (200, json!({"submissions": [{"id": "a", "status": "incomplete"}]}))
    );
    let many = (0..31).map(|id| id.to_string()).collect();
    assert_eq!(read(many).send().await.unwrap().status(), 422);
    let bare = client().post(&url).json(&json!({"ids": []}));
    assert_eq!(bare.send().await.unwrap().status(), 401);
}

#[tokio::test]
async fn the_second_version_has_its_own_names_for_ids() {
    let sandbox = sandbox().await;
    let scopes = "write.education write.digital_identity read.digital_identity";
    let send = async |scope: &str, path: &str, body: Value| {
        let url = format!("{}/api/partner/v2/{path}", sandbox.urls().pass);
        let token = seek_pass_token(&sandbox, scope).await;
        client().post(url).bearer_auth(token).json(&body).send().await.unwrap()
    };
    let add = "add/requests/education.json";
    let made = send(scopes, add, json!({"credential_id": "1"})).await;
    assert_eq!(made.status(), 201);
    assert!(made.json::<Value>().await.unwrap()["redirect_uri"].is_string());
    assert_eq!(send(scopes, add, json!({"id": "1"})).await.status(), 422);
    let unknown = send(scopes, "add/requests/nonsense.json", json!({"credential_id": "1"})).await;
    assert_eq!(unknown.status(), 404);
    let verify = "verify/requests/digital_identity.json";
    let request = json!({"request_id": "2"});
    assert_eq!(send(scopes, verify, request.clone()).await.status(), 201);
    assert_eq!(send(scopes, verify, json!({})).await.status(), 422);
    for scope in ["write.digital_identity", "read.digital_identity"] {
        refused(send(scope, verify, request.clone()).await, 403, "insufficient_scope").await;
    }
}
