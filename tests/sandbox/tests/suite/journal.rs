//! What the journal shows by default: no secret and no token, wherever they stand in a request.

use seekauth_sandbox::{Endpoint, Options, Sandbox};
use serde_json::json;

use crate::support::{
    PASS_SECRET, client, graphql, live, pass, seek_api, seek_api_token, seek_pass, seek_pass_token,
};

#[tokio::test]
async fn hides_secrets_and_names_tokens() {
    let sandbox = Sandbox::start(Options::default()).await.unwrap();
    let first = seek_api_token(&sandbox, &live()).await;
    let second = seek_api_token(&sandbox, &live()).await;
    let third = seek_pass_token(&sandbox, "write.education").await;
    for token in [&first, &second, &first, "stolen-elsewhere"] {
        graphql(&sandbox, token, "{ __typename }").await;
    }
    let url = &sandbox.urls().graphql_url;
    for request in [
        client().post(format!("{url}?access_token={first}&a=b")).body(format!("x {second} y")),
        client().get(format!("{}/any/{third}", sandbox.urls().foreign)).bearer_auth(&third),
        client().get(&sandbox.urls().foreign).basic_auth("sandbox-pass", Some(PASS_SECRET)),
    ] {
        request.header("x-copy", format!("a {first}")).send().await.unwrap();
    }
    let journal = sandbox.journal();
    let shown = serde_json::to_string(&journal).unwrap();
    for secret in [&first, &second, &third, "sandbox-live-secret", "pass-secret", "stolen", "c2Fu"]
    {
        assert!(!shown.contains(secret), "{secret} in {shown}");
    }
    let mut body = live();
    body["client_secret"] = json!("[secret]");
    assert_eq!(journal[0].json(), Some(body));
    assert!(journal[2].form().contains(&("client_secret".to_owned(), "[secret]".to_owned())));
    assert!(journal[2].form().contains(&("scope".to_owned(), "write.education".to_owned())));
    let carried: Vec<_> =
        journal[3..].iter().map(|entry| entry.header("authorization").unwrap_or("")).collect();
    let wanted = [
        "Bearer [token 1]",
        "Bearer [token 2]",
        "Bearer [token 1]",
        "Bearer [unknown token]",
        "",
        "Bearer [token 3]",
        "Basic [secret]",
    ];
    assert_eq!(carried, wanted);
    assert_eq!(journal[7].query.as_deref(), Some("access_token=[secret]&a=b"));
    assert_eq!(journal[7].body, "x [token 2] y");
    assert_eq!(journal[8].path, "/any/[token 3]");
    assert_eq!(journal[8].header("x-copy"), Some("a [token 1]"));
}

#[tokio::test]
async fn a_secret_of_the_tests_own_is_hidden_too_and_whatever_is_sent_as_one() {
    let sandbox = Sandbox::start(Options::default()).await.unwrap();
    sandbox.configure(|settings| settings.clients[0].client_secret = "öwn & secret".to_owned());
    for secret in ["öwn & secret", "no secret of ours \" \\"] {
        let mut body = live();
        body["client_secret"] = json!(secret);
        seek_api(&sandbox, &body).send().await.unwrap();
        let mut form = pass("write.education");
        form[2].1 = secret;
        seek_pass(&sandbox, &form).send().await.unwrap();
    }
    client().get(format!("{}?q=%C3%B6wn+%26+secret", sandbox.urls().foreign)).send().await.unwrap();
    let shown = serde_json::to_string(&sandbox.journal()).unwrap();
    for part in ["öwn", "%C3%B6wn", "of ours", "of+ours"] {
        assert!(!shown.contains(part), "{part} in {shown}");
    }
    assert_eq!(sandbox.counts().at(Endpoint::SeekPassToken), 2);
}

#[tokio::test]
async fn what_cannot_be_read_shows_nothing_where_it_speaks_of_a_secret() {
    let sandbox = Sandbox::start(Options::default()).await.unwrap();
    for body in [
        r#"{"client_secret":"torn-one","client_id":"#,
        "--x\r\nname=\"client_secret\"\r\n\r\ntorn-two",
    ] {
        let request = client().post(&sandbox.urls().token_url).body(body);
        request.header("x-client-secret", "torn-three").send().await.unwrap();
    }
    let shown = serde_json::to_string(&sandbox.journal()).unwrap();
    assert!(!shown.contains("torn-") && shown.contains("neither JSON nor a form"), "{shown}");
}

#[tokio::test]
async fn names_the_graphql_operation() {
    let sandbox = Sandbox::start(Options::default()).await.unwrap();
    let post = async |body: serde_json::Value| {
        client().post(&sandbox.urls().graphql_url).json(&body).send().await.unwrap();
    };
    post(json!({"query": "query Only { __typename }"})).await;
    let two = "query One { __typename } query Two { __typename }";
    post(json!({"query": two, "operationName": "Two"})).await;
    post(json!({"query": two})).await;
    post(json!({"query": "{ __typename }"})).await;
    post(json!({"query": "{"})).await;
    let names: Vec<_> = sandbox.journal().into_iter().map(|entry| entry.operation).collect();
    assert_eq!(names, [Some("Only".to_owned()), Some("Two".to_owned()), None, None, None]);
    let url = format!("{}/journal?operation=Two", sandbox.urls().admin);
    let found: serde_json::Value = client().get(url).send().await.unwrap().json().await.unwrap();
    assert_eq!((found.as_array().unwrap().len(), &found[0]["number"]), (1, &json!(2)));
}
