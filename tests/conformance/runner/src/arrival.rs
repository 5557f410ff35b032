//! The requests that reached the sandbox, and what a case expects of them: how many, in which
//! order, and of each the exact members of its body. A member or a header that a case names is
//! compared; a body is compared whole.

use std::collections::{BTreeMap, BTreeSet};

use seekauth_sandbox::Entry;
use serde_json::{Map, Value};

use crate::matcher::{Matcher, shorten};
use crate::wire;

/// One request as the sandbox saw it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Arrival {
    /// The sandbox's name for the endpoint, for instance `seek_pass_token`.
    pub endpoint: String,
    /// The HTTP method.
    pub method: String,
    /// The path, without the query.
    pub path: String,
    /// The query, without its question mark.
    pub query: Option<String>,
    /// Header values by lower-case name; repeated headers are joined with a comma.
    pub headers: BTreeMap<String, String>,
    /// The body as text.
    pub body: String,
    /// `HTTP/1.1` or `HTTP/2.0`.
    pub http_version: String,
}

impl From<Entry> for Arrival {
    fn from(entry: Entry) -> Self {
        Self {
            endpoint: entry.endpoint.name().to_owned(),
            method: entry.method,
            path: entry.path,
            query: entry.query,
            headers: entry.headers,
            body: entry.body,
            http_version: entry.http_version,
        }
    }
}

/// Compares what arrived with what a case expects: a number, numbers by endpoint, or a list of
/// requests.
///
/// # Errors
/// They differ, or the expectation cannot be read.
pub fn check(expected: &Value, arrivals: &[Arrival]) -> Result<(), String> {
    match expected {
        Value::Number(_) => Matcher::read(expected)?
            .check("requests", Some(&arrivals.len().to_string()))
            .map_err(|problem| format!("{problem}: {}", show(arrivals))),
        Value::Object(by_endpoint) if !by_endpoint.is_empty() => {
            check_counts(by_endpoint, arrivals)
        }
        Value::Array(list) => {
            if list.len() != arrivals.len() {
                return Err(format!(
                    "expected {} requests, came {}: {}",
                    list.len(),
                    arrivals.len(),
                    show(arrivals)
                ));
            }
            list.iter().zip(arrivals).enumerate().try_for_each(|(index, (expected, arrival))| {
                let members = expected
                    .as_object()
                    .ok_or_else(|| format!("a request is an object, not {expected}"))?;
                check_one(members, arrival, arrivals)
                    .map_err(|problem| format!("request {}: {problem}", index + 1))
            })
        }
        _ => {
            Err(format!("`requests` takes a number, numbers by endpoint or a list, not {expected}"))
        }
    }
}

fn check_counts(by_endpoint: &Map<String, Value>, arrivals: &[Arrival]) -> Result<(), String> {
    for (endpoint, number) in by_endpoint {
        let found = arrivals.iter().filter(|arrival| arrival.endpoint == *endpoint).count();
        Matcher::read(number)?
            .check(&format!("requests to {endpoint}"), Some(&found.to_string()))
            .map_err(|problem| format!("{problem}: {}", show(arrivals)))?;
    }
    match arrivals.iter().find(|arrival| !by_endpoint.contains_key(&arrival.endpoint)) {
        Some(other) => {
            Err(format!("expected no request to {}, came {}", other.endpoint, show(arrivals)))
        }
        None => Ok(()),
    }
}

fn check_one(
    members: &Map<String, Value>,
    arrival: &Arrival,
    all: &[Arrival],
) -> Result<(), String> {
    if members.is_empty() {
        return Err("an empty object expects nothing".to_owned());
    }
    for (name, expected) in members {
        match name.as_str() {
            "endpoint" => Matcher::read(expected)?.check(name, Some(&arrival.endpoint))?,
            "method" => Matcher::read(expected)?.check(name, Some(&arrival.method))?,
            "path" => Matcher::read(expected)?.check(name, Some(&arrival.path))?,
            "query" => Matcher::read(expected)?.check(name, arrival.query.as_deref())?,
            "body" => Matcher::read(expected)?.check(name, Some(&arrival.body))?,
            "body_size" => {
                Matcher::read(expected)?.check(name, Some(&arrival.body.len().to_string()))?;
            }
            "same_as" => same(arrival, numbered(expected, all)?)?,
            "other_id_than" => {
                let other = numbered(expected, all)?;
                if arrival.headers.get(REQUEST_ID) == other.headers.get(REQUEST_ID) {
                    return Err(format!("expected another {REQUEST_ID} than {expected} has"));
                }
            }
            "headers" => {
                for (header, expected) in object(name, expected)? {
                    if header.chars().any(|letter| letter.is_ascii_uppercase()) {
                        return Err(format!(
                            "header names are written in lower case, not {header}"
                        ));
                    }
                    let found = arrival.headers.get(header).map(String::as_str);
                    Matcher::read(expected)?.check(&format!("header {header}"), found)?;
                }
            }
            "json" => check_members(object(name, expected)?, &json_members(&arrival.body)?)?,
            "form" => check_members(object(name, expected)?, &wire::decode_form(&arrival.body)?)?,
            _ => return Err(format!("a request has no {name:?}")),
        }
    }
    Ok(())
}

const REQUEST_ID: &str = "x-request-id";

/// The request of this number, counted from 1.
fn numbered<'a>(number: &Value, all: &'a [Arrival]) -> Result<&'a Arrival, String> {
    let index = number.as_u64().and_then(|number| usize::try_from(number).ok()?.checked_sub(1));
    index.and_then(|index| all.get(index)).ok_or_else(|| format!("there is no request {number}"))
}

/// Whether one request is the other sent again, but for its token.
fn same(arrival: &Arrival, other: &Arrival) -> Result<(), String> {
    let without_token = |arrival: &Arrival| {
        let mut arrival = arrival.clone();
        arrival.headers.remove("authorization");
        arrival
    };
    let (again, first) = (without_token(arrival), without_token(other));
    if again == first {
        return Ok(());
    }
    let shown = |arrival: Arrival| shorten(&format!("{:?} {}", arrival.headers, arrival.body));
    Err(format!("expected {}, came {}", shown(first), shown(again)))
}

fn check_members(
    expected: &Map<String, Value>,
    found: &BTreeMap<String, String>,
) -> Result<(), String> {
    let wanted: BTreeSet<&str> = expected.keys().map(String::as_str).collect();
    let came: BTreeSet<&str> = found.keys().map(String::as_str).collect();
    if wanted != came {
        return Err(format!("expected the body members {wanted:?}, came {came:?}"));
    }
    expected.iter().try_for_each(|(name, expected)| {
        Matcher::read(expected)?
            .check(&format!("body member {name}"), found.get(name).map(String::as_str))
    })
}

fn json_members(body: &str) -> Result<BTreeMap<String, String>, String> {
    let Ok(Value::Object(members)) = serde_json::from_str(body) else {
        return Err(format!("expected a JSON object as the body, came {body:?}"));
    };
    members
        .into_iter()
        .map(|(name, value)| match value {
            Value::String(text) => Ok((name, text)),
            // Every member of a token request is a string; the number 5 must not pass for the text
            // "5".
            other => Err(format!("body member {name}: expected a string, came {other}")),
        })
        .collect()
}

fn object<'a>(name: &str, value: &'a Value) -> Result<&'a Map<String, Value>, String> {
    value.as_object().ok_or_else(|| format!("{name:?} takes an object, not {value}"))
}

fn show(arrivals: &[Arrival]) -> String {
    let lines: Vec<String> = arrivals
        .iter()
        .map(|arrival| format!("{} {}", arrival.endpoint, shorten(&arrival.body)))
        .collect();
    lines.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn form() -> Arrival {
        Arrival {
            endpoint: "seek_pass_token".to_owned(),
            method: "POST".to_owned(),
            path: "/token".to_owned(),
            query: None,
            headers: BTreeMap::from([("user-agent".to_owned(), "Example/1".to_owned())]),
            body: "scope=b+a&client_secret=a%26b".to_owned(),
            http_version: "HTTP/1.1".to_owned(),
        }
    }

    fn json_request() -> Arrival {
        Arrival { body: r#"{"grant_type":"client_credentials","n":5}"#.to_owned(), ..form() }
    }

    #[test]
    fn counts_are_exact() {
        for (expected, holds) in [
            (json!(2), true),
            (json!(1), false),
            (json!(3), false),
            (json!({"seek_pass_token": 2}), true),
            (json!({"seek_pass_token": 1}), false),
            (json!({"seek_pass_token": {"min": 1, "max": 2}}), true),
            (json!({"seek_pass_token": {"min": 3}}), false),
            (json!({"seek_api_token": 2}), false),
            (json!({"seek_pass_token": 2, "graphql": 0}), true),
            (json!({"graphql": 0}), false),
            (json!({}), false),
            (json!("2"), false),
            (json!([{"method": "POST"}, {"method": "POST"}]), true),
            (json!([{"method": "POST"}]), false),
            (json!([{"method": "POST"}, {}]), false),
        ] {
            assert_eq!(check(&expected, &[form(), form()]).is_ok(), holds, "{expected}");
        }
    }

    #[test]
    fn every_part_of_a_request_is_compared() {
        for (expected, holds) in [
            (json!({"endpoint": "seek_pass_token", "path": "/token", "query": null}), true),
            (json!({"endpoint": "graphql"}), false),
            (json!({"method": "GET"}), false),
            (json!({"path": "/other"}), false),
            (json!({"query": "a=b"}), false),
            (json!({"headers": {"user-agent": "Example/1", "authorization": null}}), true),
            (json!({"headers": {"user-agent": "Example/2"}}), false),
            (json!({"headers": {"user-agent": null}}), false),
            (json!({"headers": {"User-Agent": null}}), false),
            (json!({"form": {"scope": {"words": "a b"}, "client_secret": "a&b"}}), true),
            (json!({"form": {"scope": "b a"}}), false),
            (json!({"form": {"scope": "b a", "client_secret": "a&b", "x": "1"}}), false),
            (json!({"form": {"scope": "a b", "client_secret": "a&b"}}), false),
            (json!({"json": {"scope": "b a"}}), false),
            (json!({"body": {"contains": "a%26b"}}), true),
            (json!({"body_size": 29}), true),
            (json!({"body_size": 28}), false),
            (json!({"same_as": 1}), true),
            (json!({"same_as": 2}), false),
            (json!({"same_as": 0}), false),
            (json!({"other_id_than": 1}), false),
            (json!({"body": {"lacks": "a%26b"}}), false),
            (json!({"bodies": "x"}), false),
        ] {
            assert_eq!(check(&json!([expected]), &[form()]).is_ok(), holds, "{expected}");
        }
    }

    #[test]
    fn a_request_sent_again_differs_in_its_token_alone() {
        let with = |headers: &[(&str, &str)]| {
            let mut arrival = form();
            let pairs =
                headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
            arrival.headers.extend(pairs);
            arrival
        };
        let first = with(&[("authorization", "Bearer one"), ("x-request-id", "1")]);
        let check = |again: Arrival, expected: Value| {
            check(&json!([{"method": "POST"}, expected]), &[first.clone(), again])
        };
        let again = with(&[("authorization", "Bearer two"), ("x-request-id", "1")]);
        assert_eq!(check(again.clone(), json!({"same_as": 1})), Ok(()));
        assert!(check(again.clone(), json!({"other_id_than": 1})).is_err());
        let other = with(&[("authorization", "Bearer one"), ("x-request-id", "2")]);
        assert_eq!(check(other.clone(), json!({"other_id_than": 1})), Ok(()));
        let shorter = Arrival { body: "scope=b+a".to_owned(), ..again.clone() };
        let moved = Arrival { path: "/elsewhere".to_owned(), ..again };
        for changed in [other, shorter, moved] {
            assert!(check(changed, json!({"same_as": 1})).is_err());
        }
    }

    #[test]
    fn json_bodies_are_compared_by_type_too() {
        let expected = json!([{"json": {"grant_type": "client_credentials"}}]);
        assert!(check(&expected, &[json_request()]).is_err(), "an extra member passed");
        let expected = json!([{"json": {"grant_type": "client_credentials", "n": "5"}}]);
        assert!(check(&expected, &[json_request()]).is_err(), "a number passed for a text");
        let plain = Arrival { body: r#"{"grant_type":"client_credentials"}"#.to_owned(), ..form() };
        let expected = json!([{"json": {"grant_type": "client_credentials"}}]);
        assert_eq!(check(&expected, &[plain]), Ok(()));
    }

    #[test]
    fn a_form_with_a_member_twice_is_refused() {
        let twice = Arrival { body: "scope=a&scope=a".to_owned(), ..form() };
        assert!(check(&json!([{"form": {"scope": "a"}}]), &[twice]).is_err());
    }
}
