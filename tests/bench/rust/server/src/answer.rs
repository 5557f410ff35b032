//! What each request is answered: a count, a discovery document, or a token of a kilobyte.

use std::fmt::Write as _;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::header::{CACHE_CONTROL, CONTENT_TYPE, HOST};
use hyper::{Method, Request, Response, StatusCode};

use crate::Counts;

/// Bytes of a token: with `Bearer ` before it, the header value has a kilobyte.
const TOKEN_SIZE: usize = 1024 - "Bearer ".len();

/// How the endpoint behaves at one path, `name.lifetime.delay[.first-delay[.status]]`: the lifetime of a token in seconds,
/// the delays of an answer in milliseconds, and the status of all answers but the first.
struct Behaviour {
    lifetime_s: u64,
    delay: Duration,
    first_delay: Duration,
    status: StatusCode,
}

impl Behaviour {
    fn parse(text: &str) -> Option<Self> {
        let numbers: Vec<u64> =
            text.split('.').skip(1).map(str::parse).collect::<Result<_, _>>().ok()?;
        let (&lifetime_s, &delay) = (numbers.first()?, numbers.get(1)?);
        let first_delay = numbers.get(2).copied().unwrap_or(delay);
        let status = u16::try_from(numbers.get(3).copied().unwrap_or(200)).ok()?;
        Some(Self {
            lifetime_s,
            delay: Duration::from_millis(delay),
            first_delay: Duration::from_millis(first_delay),
            status: StatusCode::from_u16(status).ok()?,
        })
    }
}

/// Answers one request. An error ends the connection: the request did not come whole.
pub(crate) async fn answer(
    request: Request<Incoming>,
    counts: Counts,
) -> Result<Response<Full<Bytes>>, hyper::Error> {
    let path = request.uri().path().to_owned();
    let host = request.headers().get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let host = host.to_owned();
    let get = request.method() == Method::GET;
    request.into_body().collect().await?;
    let mut segments = path.split('/').skip(1);
    let place = segments.next().unwrap_or_default();
    if place == "counts" {
        let of = segments.next().unwrap_or_default();
        return Ok(json(counts.borrow().get(of).copied().unwrap_or(0).to_string()));
    }
    let Some(behaviour) = Behaviour::parse(place) else {
        return Ok(refused(StatusCode::NOT_FOUND));
    };
    if get {
        return Ok(json(discovery(&host, place)));
    }
    let number = {
        let mut counts = counts.borrow_mut();
        let count = counts.entry(place.to_owned()).or_default();
        *count += 1;
        *count
    };
    let delay = if number == 1 { behaviour.first_delay } else { behaviour.delay };
    if !delay.is_zero() {
        tokio::time::sleep(delay).await;
    }
    if number > 1 && behaviour.status != StatusCode::OK {
        return Ok(refused(behaviour.status));
    }
    Ok(json(token(place, number, behaviour.lifetime_s)))
}

/// What libraries ask before they ask for a token. Those that do insist on https.
fn discovery(host: &str, place: &str) -> String {
    let base = format!("https://{host}/{place}");
    format!(
        "{{\"issuer\": \"{base}/v2.0\", \"token_endpoint\": \"{base}/oauth2/v2.0/token\", \
         \"authorization_endpoint\": \"{base}/oauth2/v2.0/authorize\", \"jwks_uri\": \"{base}/keys\", \
         \"response_types_supported\": [\"code\"], \"subject_types_supported\": [\"public\"], \
         \"id_token_signing_alg_values_supported\": [\"RS256\"]}}"
    )
}

fn token(place: &str, number: u64, lifetime_s: u64) -> String {
    let mut body = String::with_capacity(TOKEN_SIZE + 100);
    body.push_str("{\"access_token\": \"");
    let start = body.len();
    // Writing to a String does not fail.
    let _ = write!(body, "{place}.{number}.");
    while body.len() < start + TOKEN_SIZE {
        body.push('x');
    }
    let _ = write!(body, "\", \"token_type\": \"Bearer\", \"expires_in\": {lifetime_s}}}");
    body
}

fn json(body: String) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(body)));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, hyper::header::HeaderValue::from_static("application/json"));
    headers.insert(CACHE_CONTROL, hyper::header::HeaderValue::from_static("no-store"));
    response
}

fn refused(status: StatusCode) -> Response<Full<Bytes>> {
    let mut response = json(String::from("{\"error\": \"refused\"}"));
    *response.status_mut() = status;
    response
}
