//! Whether a response of the API says that it rejected the token. SEEK Pass and REST say so by HTTP
//! 401; the SEEK API says so in a GraphQL body, whatever the status. Nothing else counts: not 403,
//! not `FORBIDDEN`, not the text of a message. The body is taken in chunks as it arrives, and only
//! as much of it is asked for as the verdict needs.

use std::sync::{Arc, Mutex, PoisonError};

use crate::api::graphql_scanner::{self, Finding, Scanner};
use crate::api::rejected_token::RejectedResponse;
use crate::sys::clock::Moment;
use crate::token::Token;

/// How much of a body is read while the verdict is open. GraphQL servers write `errors` first, or
/// after data that is small because so much of it is missing.
const BODY_LIMIT: usize = 1 << 20;

const UNAUTHORIZED: u16 = 401;

/// What is known so far about a response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
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

/// The attempt that a response belongs to. Its acceptance proves that the token was good when it was
/// sent.
#[derive(Debug)]
pub(crate) struct Evidence {
    pub(crate) token: Arc<Token>,
    pub(crate) sent: Moment,
}

impl Evidence {
    fn record(&self) {
        self.token.record_accepted(self.sent);
    }
}

/// The reading of one response; made by [`AuthFlow::inspect`](crate::AuthFlow::inspect).
#[derive(Debug)]
pub struct Inspection {
    verdict: Verdict,
    /// The verdict for a body that is not a GraphQL response.
    by_status: Verdict,
    evidence: Option<Evidence>,
    scanner: Scanner,
    read: usize,
    status: u16,
    report: Option<Report>,
}

/// Where a flow finds what the response said that rejected its token.
pub(crate) type Report = Arc<Mutex<Option<Arc<RejectedResponse>>>>;

impl Inspection {
    /// A response that counts by its status alone.
    pub(crate) fn of_status(status: u16, evidence: Option<&Evidence>) -> Self {
        if (200..300).contains(&status)
            && let Some(evidence) = evidence
        {
            evidence.record();
        }
        Self { status, ..Self::decided(by_status(status)) }
    }

    /// A response whose body has to be read.
    pub(crate) fn of_graphql(status: u16, evidence: Option<Evidence>) -> Self {
        Self { verdict: Verdict::Undecided, status, evidence, ..Self::decided(by_status(status)) }
    }

    pub(crate) fn decided(verdict: Verdict) -> Self {
        Self {
            verdict,
            by_status: verdict,
            evidence: None,
            scanner: Scanner::new(),
            read: 0,
            status: 0,
            report: None,
        }
    }

    /// The same, which leaves there what a rejection says.
    pub(crate) fn reporting(self, report: &Report) -> Self {
        let inspection = Self { report: Some(Arc::clone(report)), ..self };
        if inspection.verdict == Verdict::Rejected {
            inspection.tell(RejectedResponse::of_status(inspection.status));
        }
        inspection
    }

    /// What is known so far. Once it is not `Undecided`, it stays.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        self.verdict
    }

    /// Takes in the next chunk of the body, after any content decoding. Nothing of it is kept but, for the
    /// error of a rejection, its [message](crate::Error::server_message) and path. A response that says
    /// nothing of rejection in its first mebibyte is for the caller.
    pub fn feed(&mut self, chunk: &[u8]) -> Verdict {
        if self.verdict == Verdict::Undecided {
            self.read = self.read.saturating_add(chunk.len());
            let finding = self.scanner.feed(chunk);
            self.verdict = match finding {
                Finding::Rejected => Verdict::Rejected,
                Finding::Accepted { has_data } => {
                    if has_data {
                        self.evidence.iter().for_each(Evidence::record);
                    }
                    Verdict::Accepted
                }
                Finding::NotGraphql => self.by_status,
                Finding::Open if self.read > BODY_LIMIT => Verdict::Accepted,
                Finding::Open => Verdict::Undecided,
            };
            if self.verdict == Verdict::Rejected {
                let has_code = finding == Finding::Rejected;
                let entry = has_code.then(|| self.scanner.entry());
                let status = || RejectedResponse::of_status(self.status);
                self.tell(entry.map_or_else(status, |entry| {
                    RejectedResponse::of_graphql(self.status, graphql_scanner::CODE, entry)
                }));
            }
        }
        self.verdict
    }

    /// Says that the body has ended, or broke off. The verdict is never `Undecided` afterwards.
    pub fn finish(&mut self) -> Verdict {
        if self.verdict == Verdict::Undecided {
            self.verdict = self.by_status;
            if self.verdict == Verdict::Rejected {
                self.tell(RejectedResponse::of_status(self.status));
            }
        }
        self.verdict
    }

    fn tell(&self, response: RejectedResponse) {
        if let Some(report) = &self.report {
            *report.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(response));
        }
    }
}

fn by_status(status: u16) -> Verdict {
    if status == UNAUTHORIZED { Verdict::Rejected } else { Verdict::Accepted }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const REJECTED: &str =
        r#"{"errors":[{"message":"x","extensions":{"code":"UNAUTHENTICATED"}}],"data":null}"#;

    fn graphql(status: u16, body: &str) -> Verdict {
        let mut inspection = Inspection::of_graphql(status, None);
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
    fn nothing_else_in_a_graphql_response_rejects() {
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
        assert_eq!(Inspection::of_status(401, None).verdict(), Verdict::Rejected);
        assert_eq!(Inspection::of_status(403, None).verdict(), Verdict::Accepted);
    }

    #[test]
    fn what_strict_readers_refuse_rejects_all_the_same() {
        let deep = "[".repeat(10_000);
        let deep = format!(
            r#"{{"data":{deep}{},"errors":[{{"extensions":{{"code":"UNAUTHENTICATED"}}}}]}}"#,
            "]".repeat(10_000)
        );
        let entry = r#""extensions":{"code":"UNAUTHENTICATED"}"#;
        let bodies = [
            format!(r#"{{"errors":[{{"message":"\ud800",{entry}}}]}}"#),
            format!(r#"{{"errors":[{{"n":1e999,{entry}}}]}}"#),
            format!("\u{feff}{{\"errors\":[{{{entry}}}]}}"),
            format!(r#"{{"errors":[{{{entry}"#),
            r#"{"errors":[{"extensions":{"code":"UNAUTHENTICATED""#.to_owned(),
            r#"{"\u0065rrors":[{"extensions":{"c\u006fde":"UNAUTHENTICATE\u0044"}}]}"#.to_owned(),
            deep,
        ];
        for body in bodies {
            assert_eq!(graphql(200, &body), Verdict::Rejected, "{body:.100}");
        }
        let mut latin1 = Inspection::of_graphql(200, None);
        latin1.feed(b"{\"errors\":[{\"message\":\"pass\xe9\",");
        latin1.feed(b"\"extensions\":{\"code\":\"UNAUTHENTICATED\"}}]}");
        assert_eq!(latin1.finish(), Verdict::Rejected);
    }

    #[test]
    fn memory_does_not_grow_with_the_body() {
        assert!(size_of::<Inspection>() < 256);
    }

    #[test]
    fn errors_in_front_need_no_more_of_the_body() {
        let mut inspection = Inspection::of_graphql(200, None);
        assert_eq!(inspection.feed(br#"{"errors":[{"message":"#), Verdict::Undecided);
        assert_eq!(inspection.feed(br#""x"}],"data":{"long":"#), Verdict::Accepted);
    }

    #[test]
    fn a_body_without_end_is_read_up_to_the_limit() {
        let mut inspection = Inspection::of_graphql(200, None);
        inspection.feed(br#"{"data":{"text":""#);
        let mut fed = 0;
        while inspection.feed(&[b'x'; 10_000]) == Verdict::Undecided {
            fed += 10_000;
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
            let mut inspection = Inspection::of_graphql(200, None);
            let mut from = 0;
            for cut in cuts {
                prop_assert_ne!(inspection.feed(&body.as_bytes()[from..cut]), Verdict::Accepted);
                from = cut;
            }
            prop_assert_eq!(inspection.finish(), Verdict::Rejected);
        }

        #[test]
        fn any_bytes_get_a_verdict(body in proptest::collection::vec(any::<u8>(), 0..300)) {
            let mut inspection = Inspection::of_graphql(200, None);
            inspection.feed(&body);
            prop_assert_ne!(inspection.finish(), Verdict::Undecided);
        }
    }
}
