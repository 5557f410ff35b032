//! What a step expects of the agent's reply. Without a word it expects success; an expected error
//! implies its number and whether it may be retried, so no case can forget them.

use serde_json::{Map, Value};

use crate::kind::Kind;
use crate::matcher::{Matcher, shorten};
use crate::verb::{ERROR_PARTS, Verb};
use crate::wire::{Outcome, Reply};

/// The expected end of one call.
#[derive(Debug, Clone, PartialEq)]
pub struct Expectation {
    /// The kinds of error of which one has to come; none means success.
    errors: Vec<&'static Kind>,
    parts: Vec<(String, Matcher)>,
}

impl Expectation {
    /// Reads the `expect` of a step, after its variables were replaced.
    ///
    /// # Errors
    /// A name is not one that the step's reply can have, or a condition cannot be read.
    pub fn read(verb: &Verb, members: &Map<String, Value>) -> Result<Self, String> {
        let names = match members.get("error") {
            Some(Value::Array(names)) if !names.is_empty() => names.as_slice(),
            Some(name) => std::slice::from_ref(name),
            None => &[],
        };
        let kind = |name: &Value| match name {
            Value::String(name) => Kind::named(name),
            other => Err(format!("`error` takes the name of a kind, not {other}")),
        };
        let errors = names.iter().map(kind).collect::<Result<Vec<_>, _>>()?;
        let known = if errors.is_empty() { verb.results } else { ERROR_PARTS };
        let mut parts = Vec::new();
        for (name, value) in members.iter().filter(|(name, _)| *name != "error") {
            if !known.contains(&name.as_str()) {
                return Err(format!(
                    "{:?} has no result {name:?} here; it has {known:?}",
                    verb.name
                ));
            }
            parts.push((
                name.clone(),
                Matcher::read(value).map_err(|problem| format!("{name}: {problem}"))?,
            ));
        }
        // A reply that is no token has neither value nor life, and must not pass for one by
        // accident.
        if errors.is_empty() && verb.results.contains(&"none") && !members.contains_key("none") {
            parts.push(("none".to_owned(), Matcher::Absent));
        }
        Ok(Self { errors, parts })
    }

    /// Compares the reply with this.
    ///
    /// # Errors
    /// They differ; the text says what was expected and what came.
    pub fn check(&self, reply: &Reply) -> Result<(), String> {
        match (self.errors.as_slice(), reply.outcome) {
            ([], Outcome::Ok) => self.check_parts(reply),
            ([first, ..], Outcome::Error) => {
                let name = reply.fields.get("name");
                let found =
                    self.errors.iter().find(|kind| name.is_some_and(|name| name == kind.name));
                let kind = found.unwrap_or(first);
                is("error", kind.name, name)
                    .map_err(|problem| format!("{problem}, in {}", show(reply)))?;
                is("code", &kind.code.to_string(), reply.fields.get("code"))?;
                // A case may know better than the table, as an error does.
                let is_named = self.parts.iter().any(|(part, _)| part == "retryable");
                if let (Some(retryable), false) = (kind.retryable, is_named) {
                    is("retryable", &retryable.to_string(), reply.fields.get("retryable"))?;
                }
                let message = reply.fields.get("message").map(String::as_str);
                Matcher::All(vec![crate::matcher::Condition::Present]).check("message", message)?;
                self.check_parts(reply)
            }
            ([], _) => Err(format!("expected success, came {}", show(reply))),
            ([first, ..], _) => {
                Err(format!("expected the error {}, came {}", first.name, show(reply)))
            }
        }
    }

    fn check_parts(&self, reply: &Reply) -> Result<(), String> {
        self.parts
            .iter()
            .try_for_each(|(name, matcher)| {
                matcher.check(name, reply.fields.get(name).map(String::as_str))
            })
            .map_err(|problem| format!("{problem}, in {}", show(reply)))
    }
}

fn is(what: &str, expected: &str, found: Option<&String>) -> Result<(), String> {
    Matcher::Is(expected.to_owned()).check(what, found.map(String::as_str))
}

fn show(reply: &Reply) -> String {
    let parts: Vec<String> =
        reply.fields.iter().map(|(name, value)| format!("{name}={}", shorten(value))).collect();
    format!("{:?}({})", reply.outcome, parts.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn check(verb: &str, expected: &Value, reply: &Reply) -> Result<(), String> {
        let members = expected.as_object().ok_or("not an object")?;
        Expectation::read(Verb::named(verb)?, members)?.check(reply)
    }

    fn failure() -> Reply {
        Reply::error()
            .with("code", "8")
            .with("name", "throttled")
            .with("retryable", "true")
            .with("retry_after_ms", "3000")
            .with("status", "429")
            .with("message", "slow down")
    }

    fn token() -> Reply {
        Reply::ok()
            .with("value", "abc")
            .with("authorization", "Bearer abc")
            .with("remaining_ms", "1000")
    }

    #[test]
    fn success_is_expected_without_a_word() {
        assert_eq!(check("get_token", &json!({}), &token()), Ok(()));
        assert!(check("get_token", &json!({}), &failure()).is_err());
        let refused = Reply { outcome: Outcome::TypeError, fields: failure().fields };
        assert!(check("get_token", &json!({}), &refused).is_err());
        assert!(check("get_token", &json!({"error": "throttled"}), &refused).is_err());
    }

    #[test]
    fn an_error_implies_its_number_and_whether_to_retry() {
        assert_eq!(check("get_token", &json!({"error": "throttled"}), &failure()), Ok(()));
        for (part, value) in
            [("code", "9"), ("name", "network"), ("retryable", "false"), ("message", "")]
        {
            let reply = failure().with(part, value);
            assert!(
                check("get_token", &json!({"error": "throttled"}), &reply).is_err(),
                "{part} was not compared"
            );
        }
        assert!(check("get_token", &json!({"error": "throttled"}), &token()).is_err());
        assert!(check("get_token", &json!({"error": "timeout"}), &failure()).is_err());
    }

    #[test]
    fn one_of_several_errors_may_come() {
        let expected = json!({"error": ["timeout", "foreign"]});
        let foreign = Reply::error().with("code", "0").with("name", "foreign");
        let timeout = Reply::error().with("code", "4").with("name", "timeout");
        for reply in [foreign.clone(), timeout.with("retryable", "true")] {
            assert!(check("send", &expected, &reply).is_err(), "no message");
            assert_eq!(check("send", &expected, &reply.with("message", "late")), Ok(()));
        }
        assert!(check("send", &expected, &failure()).is_err());
        assert!(check("send", &expected, &Reply::ok()).is_err());
        assert!(check("send", &json!({"error": []}), &failure()).is_err());
        let alone = json!({"error": "timeout"});
        assert!(check("send", &alone, &foreign.with("message", "late")).is_err());
    }

    #[test]
    fn parts_are_compared() {
        let expected = json!({"error": "throttled", "retry_after_ms": 3000, "status": 429, "server_code": null});
        assert_eq!(check("get_token", &expected, &failure()), Ok(()));
        assert!(check("get_token", &expected, &failure().with("retry_after_ms", "3001")).is_err());
        assert!(check("get_token", &expected, &failure().with("server_code", "x")).is_err());
        let expected = json!({"value": "abc", "remaining_ms": {"min": 1000}});
        assert_eq!(check("get_token", &expected, &token()), Ok(()));
        assert!(check("get_token", &expected, &token().with("remaining_ms", "999")).is_err());
        assert!(check("get_token", &expected, &token().with("none", "true")).is_err());
        assert!(check("cached_token", &json!({"none": true}), &token()).is_err());
    }

    #[test]
    fn mistyped_names_are_refused() {
        for expected in [
            json!({"valu": "a"}),
            json!({"error": "throttle"}),
            json!({"error": "closed", "value": "a"}),
        ] {
            let problem = check("get_token", &expected, &token());
            assert!(problem.is_err(), "{expected} was read");
        }
        assert!(check("close", &json!({"value": null}), &Reply::ok()).is_err());
    }
}
