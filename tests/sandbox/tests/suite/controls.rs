//! The controls of a running sandbox, in Rust and over the admin endpoint: journal, counts, settings, revocation, reset.

use seekauth_sandbox::{Announcement, Endpoint, Error, Options, Sandbox, Settings};
use serde_json::{Value, json};

use crate::support::{
    client, graphql, live, pass, sandbox, seek_api, seek_api_token, seek_pass, status_and_json,
};

async fn admin(sandbox: &Sandbox, method: &str, path: &str, body: Value) -> (u16, Value) {
    let url = format!("{}{path}", sandbox.urls().admin);
    let request = client().request(method.parse().unwrap(), url);
    let request = if body.is_null() { request } else { request.json(&body) };
    status_and_json(request).await
}

#[tokio::test]
async fn the_journal_keeps_what_arrived() {
    let sandbox = sandbox().await;
    let url = format!("{}?a=b%20c", sandbox.urls().token_url);
    let request = client().post(url).header("X-Twice", "1").header("X-Twice", "2").json(&live());
    request.send().await.unwrap();
    seek_pass(&sandbox, &pass("write.education")).send().await.unwrap();
    client().get(format!("{}/elsewhere", sandbox.urls().graphql)).send().await.unwrap();
    let journal = sandbox.journal();
    let [token, pass, other] = journal.as_slice() else { panic!("{journal:?}") };
    assert_eq!((token.number, token.endpoint, token.service), (1, Endpoint::SeekApiToken, "auth"));
    assert_eq!((token.method.as_str(), token.path.as_str()), ("POST", "/oauth/token"));
    assert_eq!(token.query.as_deref(), Some("a=b%20c"));
    assert_eq!(token.header("x-twice"), Some("1, 2"));
    assert_eq!(token.header("content-type"), Some("application/json"));
    assert_eq!(token.json(), Some(live()));
    assert_eq!((token.http_version.as_str(), token.status), ("HTTP/1.1", Some(200)));
    assert_eq!((pass.endpoint, pass.service), (Endpoint::SeekPassToken, "pass"));
    assert!(
        pass.form()
            .contains(&("client_secret".to_owned(), "sandbox-pass-secret & more=100%".to_owned()))
    );
    assert!(token.at_ms <= pass.at_ms);
    assert_eq!(
        (other.endpoint, other.service, other.status),
        (Endpoint::Other, "graphql", Some(404))
    );
    sandbox.clear_journal();
    assert_eq!(sandbox.journal(), []);
    assert_eq!(sandbox.counts().at(Endpoint::Other), 0);
}

#[tokio::test]
async fn counts_by_endpoint_and_by_product() {
    let sandbox = sandbox().await;
    for agent in ["Alpha/1.0", "Alpha/2.0 (x)", "Beta"] {
        seek_api(&sandbox, &live()).header("user-agent", agent).send().await.unwrap();
    }
    seek_pass(&sandbox, &pass("write.education"))
        .header("user-agent", "Beta")
        .send()
        .await
        .unwrap();
    let (_, counts) = admin(&sandbox, "GET", "/counts", Value::Null).await;
    assert_eq!(counts, json!(sandbox.counts()));
    assert_eq!(
        counts,
        json!({
            "endpoints": {"seek_api_token": 3, "seek_pass_token": 1},
            "user_agents": {"Alpha": {"seek_api_token": 2}, "Beta": {"seek_api_token": 1, "seek_pass_token": 1}},
        })
    );
}

#[tokio::test]
async fn tokens_can_be_revoked_and_forgotten() {
    let sandbox = sandbox().await;
    let tokens = [
        seek_api_token(&sandbox, &live()).await,
        seek_api_token(&sandbox, &live()).await,
        seek_api_token(&sandbox, &live()).await,
    ];
    let message = async |token: &str| {
        graphql(&sandbox, token, "{ __typename }").await.1["errors"][0]["message"].clone()
    };
    assert!(sandbox.revoke(&tokens[0]));
    assert!(sandbox.revoke(&format!("Bearer {}", tokens[1])));
    assert!(!sandbox.revoke("unknown"));
    for (token, wanted) in tokens.iter().zip([
        json!("The access token was revoked"),
        json!("The access token was revoked"),
        Value::Null,
    ]) {
        assert_eq!(message(token).await, wanted);
    }
    sandbox.forget_tokens();
    assert_eq!(message(&tokens[2]).await, "The access token is not known");
}

#[tokio::test]
async fn settings_are_patched_whole_or_not_at_all() {
    let sandbox = sandbox().await;
    assert_eq!(sandbox.settings(), Settings::default());
    sandbox.configure_json(&json!({"seek_api_lifetime_s": 30, "reuse_token": true})).unwrap();
    let wanted = Settings { seek_api_lifetime_s: 30, reuse_token: true, ..Settings::default() };
    assert_eq!(sandbox.settings(), wanted);
    for bad in [
        json!([]),
        json!({"seek_api_lifetime_s": 60, "nonsense": 1}),
        json!({"seek_api_lifetime_s": "60"}),
        json!({"graphql_unauthenticated_status": 403}),
        json!({"graphql_content_type": "a\nb"}),
        json!({"clients": [{"client_id": "only"}]}),
    ] {
        assert!(matches!(sandbox.configure_json(&bad).unwrap_err(), Error::Settings(_)), "{bad}");
        assert_eq!(sandbox.settings(), wanted);
    }
}

#[tokio::test]
async fn a_reset_makes_it_fresh() {
    let sandbox = sandbox().await;
    let token = seek_api_token(&sandbox, &live()).await;
    sandbox.configure_json(&json!({"seek_api_lifetime_s": 30})).unwrap();
    let (_, left) = admin(
        &sandbox,
        "POST",
        "/script",
        json!({"endpoint": "graphql", "status": 500, "times": 0}),
    )
    .await;
    assert_eq!(left, json!({"left": 1}));
    sandbox.advance_ms(5);
    sandbox.reset();
    assert_eq!(
        (sandbox.journal(), sandbox.script_left(), sandbox.settings()),
        (vec![], 0, Settings::default())
    );
    let (status, body) = graphql(&sandbox, &token, "{ __typename }").await;
    assert_eq!(
        (status, &body["errors"][0]["message"]),
        (200, &json!("The access token is not known"))
    );
}

#[tokio::test]
async fn everything_can_be_done_over_http() {
    let sandbox = sandbox().await;
    assert_eq!(
        admin(&sandbox, "GET", "/urls", Value::Null).await,
        (200, json!(Announcement::of(&sandbox)))
    );
    let (_, settings) =
        admin(&sandbox, "PATCH", "/settings", json!({"seek_api_lifetime_s": 100})).await;
    assert_eq!(settings["seek_api_lifetime_s"], 100);
    assert_eq!(admin(&sandbox, "GET", "/settings", Value::Null).await.1, settings);

    let answers = json!([{"endpoint": "seek_api_token", "status": 500}, {"endpoint": "seek_api_token", "delay_ms": 1}]);
    assert_eq!(admin(&sandbox, "POST", "/script", answers).await, (200, json!({"left": 2})));
    assert_eq!(seek_api(&sandbox, &live()).send().await.unwrap().status(), 500);
    assert_eq!(admin(&sandbox, "GET", "/script", Value::Null).await.1, json!({"left": 1}));
    assert_eq!(admin(&sandbox, "DELETE", "/script", Value::Null).await.0, 200);
    assert_eq!(sandbox.script_left(), 0);

    let token = seek_api_token(&sandbox, &live()).await;
    assert_eq!(admin(&sandbox, "POST", "/advance", json!({"ms": 99_000})).await.0, 200);
    assert_eq!(graphql(&sandbox, &token, "{ __typename }").await.1.get("errors"), None);
    assert_eq!(
        admin(&sandbox, "POST", "/revoke", json!({"token": token})).await.1,
        json!({"revoked": true})
    );
    assert_eq!(admin(&sandbox, "POST", "/forget", Value::Null).await.0, 200);
    assert_eq!(
        admin(&sandbox, "POST", "/revoke", json!({"token": token})).await.1,
        json!({"revoked": false})
    );

    let (_, journal) = admin(&sandbox, "GET", "/journal", Value::Null).await;
    assert_eq!(journal, json!(sandbox.journal()));
    assert_eq!(journal.as_array().unwrap().len(), 3, "the admin endpoint itself is not in it");
    let (_, tokens) = admin(&sandbox, "GET", "/journal?endpoint=graphql", Value::Null).await;
    assert_eq!(tokens.as_array().unwrap().len(), 1);
    assert_eq!(admin(&sandbox, "DELETE", "/journal", Value::Null).await.0, 200);
    assert_eq!(sandbox.journal(), []);

    let hold = json!({"endpoint": "seek_api_token", "hold": true});
    assert_eq!(admin(&sandbox, "POST", "/script", hold).await.0, 200);
    let call = tokio::spawn(seek_api(&sandbox, &live()).send());
    sandbox.wait_for(Endpoint::SeekApiToken, 1).await;
    assert_eq!(admin(&sandbox, "POST", "/release", Value::Null).await.0, 200);
    assert_eq!(call.await.unwrap().unwrap().status(), 200);
    assert_eq!(admin(&sandbox, "POST", "/reset", Value::Null).await.0, 200);
    assert_eq!(sandbox.settings(), Settings::default());
}

#[tokio::test]
async fn the_admin_endpoint_says_what_is_wrong() {
    let sandbox = sandbox().await;
    for (method, path, body, status, wanted) in [
        ("POST", "/script", json!({"status": 500}), 400, "missing field `endpoint`"),
        (
            "POST",
            "/script",
            json!([{"endpoint": "graphql", "nonsense": 1}]),
            400,
            "unknown field `nonsense`",
        ),
        (
            "POST",
            "/script",
            json!({"endpoint": "graphql", "error": "x"}),
            400,
            "error must be one of UNAUTHENTICATED",
        ),
        ("PATCH", "/settings", json!({"nonsense": 1}), 400, "unknown field `nonsense`"),
        ("POST", "/advance", json!({"ms": -1}), 400, "invalid value"),
        ("POST", "/revoke", Value::Null, 400, "EOF"),
        ("GET", "/nonsense", Value::Null, 404, "not_found"),
        ("GET", "/reset", Value::Null, 404, "not_found"),
    ] {
        let (answered, reply) = admin(&sandbox, method, path, body).await;
        assert_eq!(answered, status, "{path}");
        assert!(reply["error"].as_str().unwrap().contains(wanted), "{reply}");
    }
}

#[test]
fn it_can_run_for_callers_without_a_runtime() {
    let sandbox = Sandbox::start_blocking(Options::default()).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        assert_eq!(seek_api(&sandbox, &live()).send().await.unwrap().status(), 200);
    });
    drop(sandbox);
}
