//! Sends webhooks: one connection for each attempt, again after anything but a 2xx in time.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::Uri;
use hyper::client::conn::http1;
use hyper::header::{CONTENT_TYPE, HOST, USER_AGENT};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use crate::control::Control;
use crate::deliveries::{Attempt, Outcome};
use crate::webhook::{Request, Webhook};

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// As much of an answer is kept as tells what went wrong.
const ANSWER_LIMIT: usize = 1024;

/// Delivers the requests one after the other.
pub(crate) async fn send(control: Control, order: Webhook, requests: Vec<Request>) -> Vec<Attempt> {
    let life = control.with(|state, _| state.deliveries.life());
    let mut attempts = Vec::new();
    for request in &requests {
        for number in 1..=order.attempts {
            if number > 1 {
                tokio::time::sleep(Duration::from_millis(order.pause_ms)).await;
            }
            let attempt = attempt(&control, &order, request, number).await;
            let goes_on = control.with(|state, _| {
                let is_same = Arc::ptr_eq(&life, &state.deliveries.life());
                if is_same {
                    state.deliveries.record(attempt.clone());
                }
                is_same
            });
            if !goes_on {
                return attempts;
            }
            let is_delivered = attempt.outcome == Outcome::Delivered;
            attempts.push(attempt);
            if is_delivered {
                break;
            }
        }
    }
    attempts
}

async fn attempt(control: &Control, order: &Webhook, request: &Request, number: u32) -> Attempt {
    let at_ms = control.age_ms();
    let sent = Instant::now();
    let within = Duration::from_millis(order.timeout_ms);
    let (outcome, status, answer) =
        match tokio::time::timeout(within, exchange(&order.url, request)).await {
            Ok(Ok((status, answer))) if (200..300).contains(&status) => {
                (Outcome::Delivered, Some(status), answer)
            }
            Ok(Ok((status, answer))) => (Outcome::BadResponse, Some(status), answer),
            Ok(Err(failure)) => (Outcome::Unreachable, None, failure.to_string()),
            Err(_) => (Outcome::RequestTimeout, None, String::new()),
        };
    let request_id = request.headers.iter().find(|(name, _)| *name == "x-request-id");
    Attempt {
        service: order.service,
        url: order.url.clone(),
        attempt: number,
        request_id: request_id.map(|(_, id)| id.clone()).unwrap_or_default(),
        event_ids: request.event_ids.clone(),
        at_ms,
        outcome,
        status,
        answer,
        latency_ms: u64::try_from(sent.elapsed().as_millis()).unwrap_or(u64::MAX),
    }
}

/// The status of the answer, and its beginning.
async fn exchange(url: &str, request: &Request) -> Result<(u16, String), Failure> {
    let url: Uri = url.parse()?;
    let host = url.host().unwrap_or_default().trim_start_matches('[').trim_end_matches(']');
    let stream = TcpStream::connect((host, url.port_u16().unwrap_or(80))).await?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    // It ends when the answer is read or given up, for then the sender is dropped.
    tokio::spawn(connection);
    let mut message = hyper::Request::post(url.path_and_query().map_or("/", |path| path.as_str()))
        .header(HOST, url.authority().map_or("", |authority| authority.as_str()))
        .header(CONTENT_TYPE, "application/json")
        .header(USER_AGENT, concat!("seekauth-sandbox/", env!("CARGO_PKG_VERSION")));
    for (name, value) in &request.headers {
        message = message.header(*name, value);
    }
    let response =
        sender.send_request(message.body(Full::new(Bytes::from(request.body.clone())))?).await?;
    let status = response.status().as_u16();
    let mut body = response.into_body();
    let mut answer = Vec::new();
    while answer.len() < ANSWER_LIMIT
        && let Some(frame) = body.frame().await
    {
        answer.extend_from_slice(frame?.data_ref().map_or(&[][..], AsRef::as_ref));
    }
    answer.truncate(ANSWER_LIMIT);
    Ok((status, String::from_utf8_lossy(&answer).into_owned()))
}
