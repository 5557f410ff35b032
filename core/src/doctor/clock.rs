//! The stage `clock`: this machine's against a server's, by the `Date` of a response.

use std::time::{Duration, SystemTime};

use reqwest::header::DATE;
use reqwest::{Method, Request};
use tokio::time::Instant;
use url::Url;

use crate::config::{Config, ResolvedConfig, spelled_as_variables};
use crate::doctor::stage::{Findings, message};
use crate::http::client::{Failure, HttpClient};

/// Clocks that differ by less do no harm.
const ALLOWED: Duration = Duration::from_secs(30);

pub(super) async fn examine(
    config: &Config,
    resolved: &ResolvedConfig,
    http: &HttpClient,
    url: &Url,
) -> Findings {
    let limit = resolved.request_limit();
    let mut findings = Findings::new();
    // The root, for a request to the token endpoint may count where tokens are limited.
    let mut root = url.clone();
    root.set_path("/");
    root.set_query(None);
    let request = Request::new(Method::HEAD, root);
    let (began, sent) = (Instant::now(), SystemTime::now());
    let response = http.execute(request, "the host", began + limit.left).await;
    // The server wrote the date at some time in between.
    let middle = sent + began.elapsed() / 2;
    let response = match response {
        Ok(response) => response,
        Err(failure) => {
            let problem = match failure {
                Failure::TimedOut => {
                    spelled_as_variables(&format!("no response within {limit}"), config.prefix())
                }
                Failure::Failed(error) => message(&error, config.prefix()),
            };
            findings.fact("problem", &problem);
            findings.warn("the clock could not be compared: the host did not respond to HEAD");
            return findings;
        }
    };
    let date = response.headers().get(DATE).and_then(|date| date.to_str().ok());
    let Some(theirs) = date.and_then(|date| httpdate::parse_http_date(date).ok()) else {
        return Findings::skipped("the response has no Date");
    };
    // A date has whole seconds, which have begun when it is written.
    let theirs = theirs + Duration::from_millis(500);
    let (difference, is_ahead) = match middle.duration_since(theirs) {
        Ok(ahead) => (ahead, true),
        Err(behind) => (behind.duration(), false),
    };
    let direction = if is_ahead { "ahead of" } else { "behind" };
    findings.fact(
        "difference",
        &if difference < Duration::from_secs(2) {
            "less than 2 s".to_owned()
        } else {
            format!("{} s {direction} the server's", difference.as_secs())
        },
    );
    if difference > ALLOWED {
        findings.warn(
            "set this machine's clock (NTP): tokens do not depend on it, but certificates and the signatures \
             of webhooks do");
    }
    findings
}
