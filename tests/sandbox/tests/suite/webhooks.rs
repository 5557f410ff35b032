//! Webhooks as a receiver sees them: signed, in batches, twice, again, late, wrongly signed, and repeated until taken.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use ring::hmac;
use seekauth_sandbox::{
    Attempt, Error, Kind, Outcome, Sandbox, SignedContent, Webhook, WebhookService,
};
use serde_json::{Value, json};

use crate::receiver::{Answer, Came, Receiver};
use crate::support::{client, sandbox, seek_pass_token, status_and_json};

const SECRET: &str = "a secret of sixteen characters";

fn api(receiver: &Receiver) -> Webhook {
    Webhook::to(WebhookService::SeekApi, &receiver.url, SECRET)
}

fn pass(receiver: &Receiver) -> Webhook {
    Webhook::to(WebhookService::SeekPass, &receiver.url, SECRET)
}

fn is_signed(algorithm: hmac::Algorithm, secret: &str, message: &str, signature: &str) -> bool {
    let bytes: Vec<u8> = (0..signature.len() / 2)
        .map(|at| u8::from_str_radix(&signature[2 * at..2 * at + 2], 16).unwrap())
        .collect();
    let key = hmac::Key::new(algorithm, secret.as_bytes());
    hmac::verify(&key, message.as_bytes(), &bytes).is_ok()
}

fn is_signed_by_the_api(came: &Came, secret: &str) -> bool {
    is_signed(hmac::HMAC_SHA512, secret, &came.body, &came.headers["seek-signature"])
}

fn is_signed_by_pass(came: &Came, secret: &str) -> bool {
    let message = format!("{}.{}", came.headers["x-timestamp"], came.body);
    is_signed(hmac::HMAC_SHA256, secret, &message, &came.headers["x-signature"])
}

fn age_s(came: &Came) -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    now - came.headers["x-timestamp"].parse::<u64>().unwrap()
}

fn outcomes(attempts: &[Attempt]) -> Vec<(u32, Outcome, Option<u16>)> {
    attempts.iter().map(|attempt| (attempt.attempt, attempt.outcome, attempt.status)).collect()
}

#[tokio::test]
async fn the_seek_api_sends_signed_events() {
    let (sandbox, receiver) = (sandbox().await, Receiver::start().await);
    let attempts = sandbox.deliver(api(&receiver)).await.unwrap();
    let [came] = &receiver.came()[..] else { panic!("{:?}", receiver.came()) };
    assert_eq!(came.start, "POST /hooks/seek?from=test HTTP/1.1");
    assert_eq!(came.headers["content-type"], "application/json");
    assert!(receiver.url.contains(&came.headers["host"]));
    assert_eq!(came.headers["seek-signature"].len(), 128);
    assert!(is_signed_by_the_api(came, SECRET) && !is_signed_by_the_api(came, "another"));
    let body = came.json();
    assert_eq!(body["url"], json!(receiver.url));
    assert!(body["subscriptionId"].is_string());
    let event = &body["events"][0];
    assert_eq!(event["type"], "CandidateApplicationCreated");
    assert!(event["candidateId"].is_string() && event["hirerId"].is_string());
    assert_eq!(outcomes(&attempts), [(1, Outcome::Delivered, Some(204))]);
    assert_eq!(attempts[0].request_id, came.headers["x-request-id"]);
    assert_eq!(attempts[0].event_ids, [event["id"].as_str().unwrap()]);
    assert_eq!(sandbox.webhooks(), attempts);
    sandbox.reset();
    assert_eq!(sandbox.webhooks(), []);
}

#[tokio::test]
async fn seek_pass_signs_its_timestamp_too() {
    let (sandbox, receiver) = (sandbox().await, Receiver::start().await);
    sandbox.deliver(Webhook { count: 2, ..pass(&receiver) }).await.unwrap();
    let came = receiver.came();
    assert_eq!(came.len(), 2, "one event each");
    for one in &came {
        assert!(is_signed_by_pass(one, SECRET) && age_s(one) < 60);
        assert_eq!(one.json()["type"], "vwsp_request.verified");
    }
    let content = SignedContent::Joined;
    sandbox.deliver(Webhook { signed_content: content, ..pass(&receiver) }).await.unwrap();
    let last = receiver.came().pop().unwrap();
    let message = format!("{}{}", last.headers["x-timestamp"], last.body);
    assert!(is_signed(hmac::HMAC_SHA256, SECRET, &message, &last.headers["x-signature"]));
}

#[tokio::test]
async fn events_go_together_up_to_ten() {
    let (sandbox, receiver) = (sandbox().await, Receiver::start().await);
    let sizes = async |order: Webhook| -> Vec<usize> {
        let before = receiver.came().len();
        sandbox.deliver(order).await.unwrap();
        let came = &receiver.came()[before..];
        came.iter().map(|came| came.json()["events"].as_array().unwrap().len()).collect()
    };
    assert_eq!(sizes(Webhook { count: 23, ..api(&receiver) }).await, [10, 10, 3]);
    assert_eq!(sizes(Webhook { count: 5, batch: 2, ..api(&receiver) }).await, [2, 2, 1]);
    let own = vec![json!({"id": "mine", "type": "Other", "extra": [1]})];
    let attempts =
        sandbox.deliver(Webhook { events: own.clone(), ..api(&receiver) }).await.unwrap();
    assert_eq!(attempts[0].event_ids, ["mine"]);
    assert_eq!(receiver.came().pop().unwrap().json()["events"], json!(own));
}

#[tokio::test]
async fn a_duplicate_is_another_request_and_a_replay_the_same() {
    let (sandbox, receiver) = (sandbox().await, Receiver::start().await);
    for order in [api(&receiver), pass(&receiver)] {
        let before = receiver.came().len();
        sandbox.deliver(Webhook { kind: Kind::Duplicated, ..order.clone() }).await.unwrap();
        sandbox.deliver(order.clone()).await.unwrap();
        sandbox.deliver(Webhook { kind: Kind::Replayed, ..order }).await.unwrap();
        let came = &receiver.came()[before..];
        let [first, second, third, fourth] = came else { panic!("{came:?}") };
        assert_eq!(first.body, second.body);
        assert_ne!(first.headers["x-request-id"], second.headers["x-request-id"]);
        assert_ne!(third.body, first.body);
        assert_eq!(third, fourth);
    }
}

#[tokio::test]
async fn the_late_and_the_wrongly_signed_can_be_told() {
    let (sandbox, receiver) = (sandbox().await, Receiver::start().await);
    let sent = async |order: Webhook| {
        sandbox.deliver(order).await.unwrap();
        receiver.came().pop().unwrap()
    };
    let late = sent(Webhook { kind: Kind::Late, ..pass(&receiver) }).await;
    assert!(is_signed_by_pass(&late, SECRET) && (600..660).contains(&age_s(&late)));
    let late = sent(Webhook { kind: Kind::Late, late_s: 86_400, ..api(&receiver) }).await;
    let fresh = sent(api(&receiver)).await;
    let at = |came: &Came| came.json()["events"][0]["createDateTime"].as_str().unwrap().to_owned();
    assert!(is_signed_by_the_api(&late, SECRET) && at(&late)[..10] < at(&fresh)[..10]);
    let wrong = sent(Webhook { kind: Kind::WronglySigned, ..api(&receiver) }).await;
    assert!(wrong.headers["seek-signature"].len() == 128 && !is_signed_by_the_api(&wrong, SECRET));
    let wrong = sent(Webhook { kind: Kind::WronglySigned, ..pass(&receiver) }).await;
    assert!(wrong.headers["x-signature"].len() == 64 && !is_signed_by_pass(&wrong, SECRET));
    for order in [api(&receiver), pass(&receiver)] {
        let bare = sent(Webhook { kind: Kind::Unsigned, ..order }).await;
        assert!(bare.headers.keys().all(|name| !name.contains("signature")), "{bare:?}");
    }
}

#[tokio::test]
async fn what_is_not_taken_comes_again() {
    let (sandbox, receiver) = (sandbox().await, Receiver::start().await);
    let order = Webhook { pause_ms: 1, timeout_ms: 1500, attempts: 4, ..api(&receiver) };
    receiver.answer(&[Answer::Status(500), Answer::Silence, Answer::Close, Answer::Status(200)]);
    let attempts = sandbox.deliver(order.clone()).await.unwrap();
    let wanted = [
        (1, Outcome::BadResponse, Some(500)),
        (2, Outcome::RequestTimeout, None),
        (3, Outcome::Unreachable, None),
        (4, Outcome::Delivered, Some(200)),
    ];
    assert_eq!(outcomes(&attempts), wanted);
    assert_eq!((&*attempts[0].answer, &*attempts[3].answer), ("answered 500", "answered 200"));
    assert!(attempts[1].latency_ms >= 1500, "{attempts:?}");
    let came = receiver.came();
    assert!(came.iter().all(|one| *one == came[0]), "the same bytes each time");
    receiver.answer(&[Answer::Status(400); 4]);
    let given_up = sandbox.deliver(order).await.unwrap();
    assert_eq!(given_up.len(), 4);
    assert_eq!(given_up[3].outcome, Outcome::BadResponse);
    let gone = Webhook { url: "http://127.0.0.1:9/".to_owned(), attempts: 1, ..api(&receiver) };
    assert_eq!(sandbox.deliver(gone).await.unwrap()[0].outcome, Outcome::Unreachable);
}

async fn post(sandbox: &Sandbox, path: &str, body: &Value) -> (u16, Value) {
    status_and_json(client().post(format!("{}{path}", sandbox.urls().admin)).json(body)).await
}

#[tokio::test]
async fn the_admin_endpoint_delivers_and_can_leave_it_to_itself() {
    let (sandbox, receiver) = (sandbox().await, Receiver::start().await);
    let order = json!({"service": "seek_api", "url": receiver.url, "secret": SECRET});
    let (status, attempts) = post(&sandbox, "/webhooks", &order).await;
    assert_eq!((status, &attempts[0]["outcome"]), (200, &json!("delivered")));
    let (status, attempts) = post(&sandbox, "/webhooks?wait=false", &order).await;
    assert_eq!((status, attempts), (200, json!([])));
    let url = format!("{}/webhooks", sandbox.urls().admin);
    let mut known: Vec<Value> = Vec::new();
    while known.len() < 2 {
        known = client().get(&url).send().await.unwrap().json().await.unwrap();
        tokio::task::yield_now().await;
    }
    assert_eq!(known, serde_json::to_value(sandbox.webhooks()).unwrap().as_array().unwrap()[..]);
    assert!(!json!(known).to_string().contains(SECRET));
    let (status, body) = post(&sandbox, "/webhooks", &json!({"service": "seek_api"})).await;
    assert!(status == 400 && body["error"].as_str().unwrap().contains("url"), "{body}");
}

#[tokio::test]
async fn a_reset_ends_what_is_still_to_come() {
    let (sandbox, receiver) = (sandbox().await, Receiver::start().await);
    receiver.answer(&[Answer::Silence]);
    let order = Webhook { timeout_ms: 200, pause_ms: 0, ..api(&receiver) };
    let delivering = sandbox.deliver(order);
    let resetting = async {
        while receiver.came().is_empty() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        sandbox.reset();
    };
    let (attempts, ()) = tokio::join!(delivering, resetting);
    assert_eq!(attempts.unwrap(), []);
    assert_eq!((receiver.came().len(), sandbox.webhooks()), (1, Vec::new()));
}

#[tokio::test]
async fn an_order_that_makes_no_sense_says_so() {
    let (sandbox, receiver) = (sandbox().await, Receiver::start().await);
    for (order, wanted) in [
        (
            Webhook { url: "https://example.com/".to_owned(), ..api(&receiver) },
            "must be an http URL",
        ),
        (Webhook { url: "/hooks".to_owned(), ..api(&receiver) }, "must be an http URL"),
        (Webhook { batch: 11, ..api(&receiver) }, "from 1 to 10"),
        (Webhook { attempts: 0, ..api(&receiver) }, "at least 1"),
        (Webhook { secret: Some(String::new()), ..api(&receiver) }, "is empty"),
        (Webhook { secret: None, ..api(&receiver) }, "is missing"),
        (Webhook { kind: Kind::Replayed, ..api(&receiver) }, "nothing was delivered"),
    ] {
        let error = sandbox.deliver(order).await.unwrap_err();
        assert!(
            matches!(error, Error::Webhook(_)) && error.to_string().contains(wanted),
            "{error}"
        );
    }
    assert_eq!(receiver.came(), []);
}

#[tokio::test]
async fn webhooks_made_at_seek_pass_have_a_secret_that_rotates() {
    let (sandbox, receiver) = (sandbox().await, Receiver::start().await);
    let token = seek_pass_token(&sandbox, "write.education").await;
    let ask = async |method: &str, path: &str, body: Value| {
        let url = format!("{}/api/partner/v2/webhooks{path}", sandbox.urls().pass);
        let request = client().request(method.parse().unwrap(), url).bearer_auth(&token);
        let response = request.json(&body).send().await.unwrap();
        let status = response.status().as_u16();
        (status, response.json::<Value>().await.unwrap_or_default())
    };
    let (status, made) = ask("POST", ".json", json!({"url": receiver.url})).await;
    let first = made["secret"].as_str().unwrap();
    assert_eq!((status, first.len()), (201, 64));
    let id = made["id"].as_str().unwrap();
    let listed = json!({"webhooks": [{"id": id, "url": receiver.url}]});
    assert_eq!(ask("GET", "", Value::Null).await, (200, listed));
    let order = Webhook { secret: None, ..pass(&receiver) };
    sandbox.deliver(order.clone()).await.unwrap();
    assert!(is_signed_by_pass(&receiver.came()[0], first));
    let (status, rotated) = ask("PUT", &format!("/{id}/secret"), Value::Null).await;
    let second = rotated["secret"].as_str().unwrap();
    assert!(status == 200 && second.len() == 64 && second != first);
    sandbox.deliver(order).await.unwrap();
    assert!(is_signed_by_pass(&receiver.came()[1], second));
    assert_eq!(ask("DELETE", &format!("/{id}"), Value::Null).await.0, 204);
    assert_eq!(ask("GET", &format!("/{id}.json"), Value::Null).await.0, 404);
    assert_eq!(ask("POST", "", json!({})).await.0, 422);
    let bare = client().get(format!("{}/api/partner/v2/webhooks", sandbox.urls().pass));
    assert_eq!(bare.send().await.unwrap().status(), 401);
}
