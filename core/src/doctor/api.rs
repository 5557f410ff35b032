//! The stage `api`: one request that reads nothing but who is asking, with the token that was granted.

use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderName, HeaderValue};
use reqwest::{Method, Request, Response};
use serde_json::Value;
use tokio::time::Instant;
use url::Url;

use crate::api::{Inspection, RequestId, Verdict};
use crate::config::{Config, ResolvedConfig, setting, spelled_as_variables};
use crate::doctor::stage::{self, Findings};
use crate::http::client::{Failure, HttpClient};
use crate::sys::secret::Secret;

/// Who is asking.
pub(super) const QUERY: &str = "{ self { partner { name } } }";
/// No submission has this name, so that a token that is accepted gets 404.
const NOBODYS_SUBMISSION: &str = "/api/partner/v1/submissions/seekauth-doctor/status.json";
const LONGEST_BODY: usize = 1 << 20;

pub(super) async fn examine(
    config: &Config,
    resolved: &ResolvedConfig,
    http: &HttpClient,
    token: &Secret,
) -> Findings {
    let (service, environment) = resolved.names();
    let variable = |setting| config.prefix().variable(setting);
    let Some(url) = resolved.api_url.clone() else {
        return Findings::skipped(&format!("{} is not set", variable(&setting::API_URL)));
    };
    let is_graphql = resolved.speaks_graphql();
    if !is_graphql && service != "seek_pass" {
        return Findings::skipped("no request is known that this API answers");
    }
    let mut findings = Findings::new();
    if let Some(environment) = environment {
        findings.fact("environment", environment);
    }
    let id = RequestId::new();
    findings.fact("request id", &id);
    let Some(request) = request(url, is_graphql, token, &id) else {
        findings.fail("the request could not be written");
        return findings;
    };
    let limit = resolved.time_limit();
    let deadline = Instant::now() + limit.left;
    let response = match http.execute(request, "the API", deadline).await {
        Ok(response) => response,
        Err(failure) => {
            let message = match failure {
                Failure::TimedOut => {
                    spelled_as_variables(&format!("no response within {limit}"), config.prefix())
                }
                Failure::Failed(error) => stage::message(&error, config.prefix()),
            };
            findings.fact("problem", &message);
            findings.fail(&message);
            return findings;
        }
    };
    let status = response.status().as_u16();
    findings.fact("status", &status.to_string());
    let body = read(response).await;
    let mut inspection = if is_graphql {
        Inspection::of_graphql(status, None)
    } else {
        Inspection::of_status(status, None)
    };
    inspection.feed(&body);
    if inspection.finish() == Verdict::Rejected {
        findings.fail(&format!(
            "the API refuses a token that was issued just now: check {} and {}, for a token of one environment \
             is worth nothing in another",
            variable(&setting::ENVIRONMENT),
            variable(if is_graphql { &setting::AUDIENCE } else { &setting::BASE_URL })
        ));
    } else if is_graphql {
        judge_graphql(&mut findings, config, status, &body);
    } else {
        judge_status(&mut findings, status);
    }
    findings
}

fn request(mut url: Url, is_graphql: bool, token: &Secret, id: &str) -> Option<Request> {
    let method = if is_graphql { Method::POST } else { Method::GET };
    if !is_graphql {
        let path = format!("{}{NOBODYS_SUBMISSION}", url.path().trim_end_matches('/'));
        url.set_path(&path);
    }
    let mut request = Request::new(method, url);
    let value = zeroize::Zeroizing::new(["Bearer ", token.expose()].concat());
    let mut authorization = HeaderValue::from_str(&value).ok()?;
    authorization.set_sensitive(true);
    let headers = request.headers_mut();
    headers.insert(AUTHORIZATION, authorization);
    headers.insert(HeaderName::from_static("x-request-id"), HeaderValue::from_str(id).ok()?);
    if is_graphql {
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        *request.body_mut() = Some(["{\"query\":\"", QUERY, "\"}"].concat().into());
    }
    Some(request)
}

async fn read(mut response: Response) -> Vec<u8> {
    let mut body = Vec::new();
    while let Ok(Some(chunk)) = response.chunk().await {
        body.extend_from_slice(&chunk);
        if body.len() > LONGEST_BODY {
            break;
        }
    }
    body
}

fn judge_graphql(findings: &mut Findings, config: &Config, status: u16, body: &[u8]) {
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    let code = body.pointer("/errors/0/extensions/code").and_then(Value::as_str);
    if let Some(partner) = partner(&body) {
        findings.fact("partner", partner);
    } else if let Some(code) = code {
        findings.fact("code", code);
        findings.fail(&format!(
            "the API took the token and did not answer ({code}): ask SEEK about it"
        ));
    } else if status >= 500 || status == 429 {
        findings.fail("the API fails or asks for a pause: try again in a minute");
    } else {
        findings.fail(&format!(
            "what responded is not GraphQL: check {} and what stands in between",
            config.prefix().variable(&setting::API_URL)
        ));
    }
}

/// The partner's name in the response to [`QUERY`].
pub(super) fn partner(body: &Value) -> Option<&str> {
    body.pointer("/data/self/partner/name").and_then(Value::as_str)
}

/// Any response but a rejection shows that the token was accepted.
fn judge_status(findings: &mut Findings, status: u16) {
    match status {
        200..=299 | 403 | 404 => findings.fact("token", "accepted"),
        429 | 500.. => findings.fail("the API fails or asks for a pause: try again in a minute"),
        _ => findings.warn("the response is none of SEEK Pass's: check what stands in between"),
    }
}
