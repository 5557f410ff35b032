//! Whether a response of the API says that it rejected the token. SEEK Pass and REST say so by HTTP
//! 401; the SEEK API says so in a GraphQL body, whatever the status. Nothing else counts: not 403,
//! not `FORBIDDEN`, not the text of a message. The body is taken in chunks as it arrives, and only
//! as much of it is asked for as the verdict needs.

use serde::Deserializer;
use serde::de::{DeserializeSeed, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Value;
use serde_json::error::Category;

/// How much of a body is kept while the verdict is open. GraphQL servers write `errors` first, or
/// after data that is small because so much of it is missing.
const BODY_LIMIT: usize = 1 << 20;

/// Bodies up to this length are parsed with every chunk.
const SHORT: usize = 4 << 10;

const UNAUTHORIZED: u16 = 401;

/// What is known so far about a response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The response is for the caller, be it good or bad.
    Accepted,
    /// The API rejected the token.
    Rejected,
    /// More of the body has to be read.
    Undecided,
}

impl Verdict {
    /// Whether the API rejected the token; `None` while that is undecided.
    #[must_use]
    pub fn is_rejected(self) -> Option<bool> {
        match self {
            Self::Accepted => Some(false),
            Self::Rejected => Some(true),
            Self::Undecided => None,
        }
    }
}

/// The reading of one response; made by [`AuthFlow::inspect`](crate::AuthFlow::inspect).
#[derive(Debug)]
pub struct Inspection {
    verdict: Verdict,
    /// The verdict for a body that is not a GraphQL response.
    by_status: Verdict,
    body: Vec<u8>,
    /// The length at which the body is parsed again. It doubles once the body is long, so that
    /// it is parsed a few times at most, however small its chunks are.
    next_parse_len: usize,
}

impl Inspection {
    /// A response that counts by its status alone.
    pub(crate) fn of_status(status: u16) -> Self {
        Self::decided(by_status(status))
    }

    /// A response whose body has to be read.
    pub(crate) fn of_graphql(status: u16) -> Self {
        Self { verdict: Verdict::Undecided, ..Self::decided(by_status(status)) }
    }

    pub(crate) fn decided(verdict: Verdict) -> Self {
        Self { verdict, by_status: verdict, body: Vec::new(), next_parse_len: 0 }
    }

    /// What is known so far. Once it is not `Undecided`, it stays.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        self.verdict
    }

    /// Takes in the next chunk of the body, after any content decoding. At most 1 MiB is kept; a
    /// response that says nothing of rejection in so much is for the caller.
    pub fn feed(&mut self, chunk: &[u8]) -> Verdict {
        if self.verdict == Verdict::Undecided {
            self.body.extend_from_slice(chunk);
            let is_too_long = self.body.len() > BODY_LIMIT;
            if is_too_long || self.body.len() >= self.next_parse_len {
                self.evaluate(if is_too_long { Verdict::Accepted } else { Verdict::Undecided });
                if self.body.len() > SHORT {
                    self.next_parse_len = self.body.len() * 2;
                }
            }
        }
        self.verdict
    }

    /// Says that the body has ended. The verdict is never `Undecided` afterwards.
    pub fn finish(&mut self) -> Verdict {
        if self.verdict == Verdict::Undecided {
            self.evaluate(self.by_status);
        }
        self.verdict
    }

    /// Parses what there is. A body that is only the beginning of something counts as `if_incomplete`.
    fn evaluate(&mut self, if_incomplete: Verdict) {
        self.verdict = match read(&self.body) {
            Reading::Incomplete => if_incomplete,
            Reading::NotGraphql => self.by_status,
            Reading::Graphql(verdict) => verdict,
        };
        if self.verdict != Verdict::Undecided {
            self.body = Vec::new();
        }
    }
}

fn by_status(status: u16) -> Verdict {
    if status == UNAUTHORIZED { Verdict::Rejected } else { Verdict::Accepted }
}

enum Reading {
    Graphql(Verdict),
    /// Not a GraphQL response.
    NotGraphql,
    /// The beginning of something longer.
    Incomplete,
}

fn read(body: &[u8]) -> Reading {
    let mut verdict = None;
    let mut deserializer = serde_json::Deserializer::from_slice(body);
    let response = GraphqlBody { verdict: &mut verdict, in_batch: false };
    let end = response.deserialize(&mut deserializer);
    match (verdict, end) {
        // Found before the end, or at it.
        (Some(verdict), _) => Reading::Graphql(verdict),
        (None, Err(problem)) if problem.classify() == Category::Eof => Reading::Incomplete,
        (None, _) => Reading::NotGraphql,
    }
}

/// A GraphQL response, or an array of them as some servers give to a batch. Reading ends with an
/// error as soon as the verdict is in: nothing behind it matters.
struct GraphqlBody<'a> {
    verdict: &'a mut Option<Verdict>,
    /// A good response says nothing of those behind it.
    in_batch: bool,
}

impl<'de> DeserializeSeed<'de> for GraphqlBody<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for GraphqlBody<'_> {
    type Value = ();

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a GraphQL response")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        let mut is_graphql = false;
        while let Some(name) = members.next_key::<String>()? {
            if name == "errors" {
                let errors: Value = members.next_value()?;
                let rejected = errors.as_array().is_some_and(|all| all.iter().any(rejects));
                if rejected || !self.in_batch {
                    *self.verdict =
                        Some(if rejected { Verdict::Rejected } else { Verdict::Accepted });
                    return Err(A::Error::custom("read far enough"));
                }
            } else {
                members.next_value::<IgnoredAny>()?;
            }
            is_graphql |= name == "data" || name == "errors";
        }
        if is_graphql {
            *self.verdict = Some(Verdict::Accepted);
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut responses: A) -> Result<(), A::Error> {
        let mut all = None;
        loop {
            let mut verdict = None;
            let response = GraphqlBody { verdict: &mut verdict, in_batch: true };
            let next = responses.next_element_seed(response);
            if verdict == Some(Verdict::Rejected) {
                *self.verdict = verdict;
            }
            if next?.is_none() {
                *self.verdict = all;
                return Ok(());
            }
            all = all.or(verdict);
        }
    }
}

fn rejects(error: &Value) -> bool {
    error.pointer("/extensions/code").and_then(Value::as_str) == Some("UNAUTHENTICATED")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const REJECTED: &str =
        r#"{"errors":[{"message":"x","extensions":{"code":"UNAUTHENTICATED"}}],"data":null}"#;

    fn graphql(status: u16, body: &str) -> Verdict {
        let mut inspection = Inspection::of_graphql(status);
        inspection.feed(body.as_bytes());
        inspection.finish()
    }

    #[test]
    fn the_code_rejects_whatever_the_status_and_the_place() {
        for body in [
            REJECTED,
            r#"{"data":{"a":1,"b":null},"errors":[{"extensions":{"code":"FORBIDDEN"}},{"extensions":{"code":"UNAUTHENTICATED"}}]}"#,
            r#" {"extensions":{},"errors":[{"extensions":{"code":"UNAUTHENTICATED"}}]}"#,
            r#"[{"data":{}},{"errors":[{"extensions":{"code":"UNAUTHENTICATED"}}]},{"data":{}}]"#,
            r#"[{"errors":[{"extensions":{"code":"FORBIDDEN"}}]},{"errors":[{"extensions":{"code":"UNAUTHENTICATED"}}]}]"#,
        ] {
            for status in [200, 400, 401, 500] {
                assert_eq!(graphql(status, body), Verdict::Rejected, "{status} {body}");
            }
        }
    }

    #[test]
    fn nothing_else_in_a_graphql_answer_rejects() {
        for body in [
            r#"{"data":{"errors":[{"extensions":{"code":"UNAUTHENTICATED"}}]}}"#,
            r#"{"data":null,"errors":[{"message":"UNAUTHENTICATED"}]}"#,
            r#"{"errors":[{"message":"token expired","extensions":{"code":"FORBIDDEN"}}]}"#,
            r#"{"errors":[{"extensions":{"code":["UNAUTHENTICATED"]}},{"extensions":null},7]}"#,
            r#"{"errors":null,"data":{}}"#,
            r#"{"errors":"UNAUTHENTICATED"}"#,
            r#"[{"data":{}},{"errors":[]}]"#,
        ] {
            for status in [200, 401, 403] {
                assert_eq!(graphql(status, body), Verdict::Accepted, "{status} {body}");
            }
        }
    }

    #[test]
    fn what_is_not_graphql_counts_by_its_status() {
        for body in ["", "<html>", "{}", "[]", "%PDF-1.7", r#"{"message":"no"}"#, r#"{"data":"#] {
            assert_eq!(graphql(401, body), Verdict::Rejected, "{body}");
            assert_eq!(graphql(403, body), Verdict::Accepted, "{body}");
            assert_eq!(graphql(200, body), Verdict::Accepted, "{body}");
        }
        assert_eq!(Inspection::of_status(401).verdict(), Verdict::Rejected);
        assert_eq!(Inspection::of_status(403).verdict(), Verdict::Accepted);
    }

    #[test]
    fn errors_in_front_need_no_more_of_the_body() {
        let mut inspection = Inspection::of_graphql(200);
        assert_eq!(inspection.feed(br#"{"errors":[{"message":"#), Verdict::Undecided);
        assert_eq!(inspection.feed(br#""x"}],"data":{"long":"#), Verdict::Accepted);
    }

    #[test]
    fn a_body_without_end_is_kept_up_to_the_limit() {
        let mut inspection = Inspection::of_graphql(200);
        inspection.feed(br#"{"data":{"text":""#);
        let mut fed = 0;
        while inspection.feed(&[b'x'; 10_000]) == Verdict::Undecided {
            fed += 10_000;
            assert!(inspection.body.len() <= BODY_LIMIT + 10_000);
        }
        assert!(fed > BODY_LIMIT / 2);
        assert_eq!(inspection.verdict(), Verdict::Accepted);
    }

    proptest! {
        #[test]
        fn pieces_do_not_matter(cuts in proptest::collection::vec(0..200_usize, 0..8), late in any::<bool>()) {
            let filler = "f".repeat(100);
            let body = if late {
                format!(r#"{{"data":{{"f":"{filler}"}},"errors":[{{"extensions":{{"code":"UNAUTHENTICATED"}}}}]}}"#)
            } else {
                REJECTED.to_owned()
            };
            let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(body.len())).collect();
            cuts.sort_unstable();
            cuts.push(body.len());
            let mut inspection = Inspection::of_graphql(200);
            let mut from = 0;
            for cut in cuts {
                prop_assert_ne!(inspection.feed(&body.as_bytes()[from..cut]), Verdict::Accepted);
                from = cut;
            }
            prop_assert_eq!(inspection.finish(), Verdict::Rejected);
        }

        #[test]
        fn any_bytes_get_a_verdict(body in proptest::collection::vec(any::<u8>(), 0..300)) {
            let mut inspection = Inspection::of_graphql(200);
            inspection.feed(&body);
            prop_assert_ne!(inspection.finish(), Verdict::Undecided);
        }
    }
}
