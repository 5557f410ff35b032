//! The rules of one authenticated request, for whichever HTTP client carries it: where a token may
//! go, which headers go with it, when the token was rejected, and that one renewal and one resend
//! are all there is. It sends nothing itself.

use std::fmt;

use url::Url;

use crate::api::inspection::{Inspection, Verdict};
use crate::api::request_id;
use crate::client::Client;
use crate::error::{Error, ErrorKind};
use crate::sys::secret::Secret;

const USER_AGENT: &str = "User-Agent";
const REQUEST_ID: &str = "X-Request-Id";
const ACCEPT_LANGUAGE: &str = "Accept-Language";

/// One request to the API and, if the API rejects its token, its one repetition. For adapters to
/// HTTP clients; [`Client::send`] is the ready-made one. The order of calls:
///
/// 1. [`Client::auth_flow`], which refuses addresses that the token must not reach,
/// 2. [`Client::authorization`] for the token, [`attempt`](Self::attempt) it,
/// 3. send with [`headers`](Self::headers) and the token,
/// 4. [`inspect`](Self::inspect) the response; unless it is `Rejected`, it is the caller's,
/// 5. otherwise [`retry`](Self::retry), and go on at 2 with the identical request.
pub struct AuthFlow {
    client: Client,
    replayable: bool,
    request_id: String,
    sent: Option<Secret>,
    resent: bool,
}

impl Client {
    /// The rules for one request to `url`. `replayable` says whether its body can be sent a second
    /// time; one that is read from a stream cannot.
    ///
    /// # Errors
    ///
    /// `forbidden_origin` unless `url` is absolute, without credentials, and has scheme, host and
    /// port of [`api_url`](Self::api_url); `invalid_argument` when the client has no API.
    pub fn auth_flow(&self, url: &str, replayable: bool) -> Result<AuthFlow, Error> {
        let origin = self.api_origin()?;
        if !is_within(url, origin) {
            return Err(self.forbidden(url, origin));
        }
        Ok(AuthFlow {
            client: self.clone(),
            replayable,
            request_id: request_id::new(),
            sent: None,
            resent: false,
        })
    }

    fn forbidden(&self, url: &str, origin: &str) -> Error {
        let place = match Url::parse(url) {
            Ok(url) => url.origin().ascii_serialization(),
            Err(_) => "an address that is not an absolute URL".to_owned(),
        };
        let message = if place == origin {
            format!("write the address with {origin} at its beginning and no credentials in it")
        } else {
            format!(
                "the token is for {origin} and is not sent to {place}; use another HTTP client there, or set api_url"
            )
        };
        Error::new(ErrorKind::ForbiddenOrigin, message).with_target(self.shared_target())
    }
}

impl AuthFlow {
    /// The headers to set besides `Authorization`: `User-Agent` replaces what is there;
    /// `X-Request-Id` (a new UUID, the same when the request is sent again) and `Accept-Language`
    /// (if the client has one) are left out when `present` names them.
    #[must_use]
    pub fn headers<S: AsRef<str>>(&self, present: &[S]) -> Vec<(&'static str, String)> {
        let absent =
            |name: &str| !present.iter().any(|given| given.as_ref().eq_ignore_ascii_case(name));
        let mut headers = vec![(USER_AGENT, self.client.config().user_agent.clone())];
        if absent(REQUEST_ID) {
            headers.push((REQUEST_ID, self.request_id.clone()));
        }
        if let Some(language) = &self.client.config().accept_language
            && absent(ACCEPT_LANGUAGE)
        {
            headers.push((ACCEPT_LANGUAGE, language.clone()));
        }
        headers
    }

    /// Records the `Authorization` value that is about to be sent.
    ///
    /// # Errors
    ///
    /// `token_rejected` when it is the one that was just rejected: so many were lately that no new
    /// one is asked for at the moment.
    pub fn attempt(&mut self, authorization: &str) -> Result<(), Error> {
        if self.resent && self.sent.as_ref().is_some_and(|sent| sent.expose() == authorization) {
            return Err(self.rejection(
                "the API rejected the token, and too many were rejected lately to ask for a new one at once",
            ));
        }
        self.sent = Some(Secret::new(authorization));
        Ok(())
    }

    /// Begins to read a response. `url` is where it came from, if redirects may have been followed:
    /// a response from elsewhere says nothing about the token.
    #[must_use]
    pub fn inspect(&self, status: u16, url: Option<&str>) -> Inspection {
        let is_ours = url
            .is_none_or(|url| self.client.api_origin().is_ok_and(|origin| is_within(url, origin)));
        if !is_ours {
            Inspection::decided(Verdict::Accepted)
        } else if self.client.config().speaks_graphql() {
            Inspection::of_graphql(status)
        } else {
            Inspection::of_status(status)
        }
    }

    /// Records that the response was `Rejected`. `Ok` means that a new token can be had and the
    /// identical request is to be sent once more.
    ///
    /// # Errors
    ///
    /// `token_rejected` when that was the second time, or when the body cannot be sent twice.
    pub fn retry(&mut self) -> Result<(), Error> {
        if self.resent {
            return Err(self.rejection("the API rejected a newly issued token too"));
        }
        self.resent = true;
        if let Some(sent) = &self.sent {
            // Not the current one any more: a newer one is there already.
            let _ = self.client.invalidate_value(sent.expose());
        }
        if self.replayable {
            Ok(())
        } else {
            Err(Error::new(
                ErrorKind::TokenRejected,
                "the API rejected the token, and the request's body is a stream that cannot be sent twice; send the request again, it gets a new token",
            )
            .with_target(self.client.shared_target()))
        }
    }

    fn rejection(&self, what: &str) -> Error {
        Error::new(
            ErrorKind::TokenRejected,
            format!("{what}; check that audience and environment are those of the API"),
        )
        .with_target(self.client.shared_target())
    }
}

impl fmt::Debug for AuthFlow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuthFlow")
            .field("target", &self.client.target())
            .field("request_id", &self.request_id)
            .field("resent", &self.resent)
            .finish_non_exhaustive()
    }
}

/// Whether `url` leads to `origin`, by its letters: two parsers may disagree about where an odd
/// address leads (a backslash, white space, an `@`), so one that needs a parser is not within.
fn is_within(url: &str, origin: &str) -> bool {
    let Some((start, rest)) = url.split_at_checked(origin.len()) else { return false };
    if !start.eq_ignore_ascii_case(origin) {
        return false;
    }
    let port = origin.rsplit(':').next().unwrap_or_default();
    let default_port = if origin.starts_with("https:") { ":443" } else { ":80" };
    let rest = match rest.strip_prefix(default_port) {
        Some(behind) if !port.bytes().all(|byte| byte.is_ascii_digit()) => behind,
        _ => rest,
    };
    rest.is_empty() || rest.starts_with(['/', '?', '#'])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::config::{Config, Environment};

    fn client() -> Client {
        let config = Config::seek_api(Environment::Live).credentials("id", "s3cret-value");
        Client::new(config.user_agent("Acme/1.2.3").accept_language("en-AU")).unwrap()
    }

    #[test]
    fn only_the_api_gets_the_token() {
        let client = client();
        for url in [
            "https://graphql.seek.com/graphql",
            "https://graphql.seek.com",
            "https://graphql.seek.com?a",
            "https://graphql.seek.com:443/x",
            "HTTPS://GraphQL.seek.com/graphql",
        ] {
            assert!(client.auth_flow(url, true).is_ok(), "{url}");
        }
        for url in [
            "http://graphql.seek.com/graphql",
            "https://graphql.seek.com.evil.example/",
            "https://graphql.seek.com@evil.example/",
            "https://graphql.seek.com:@evil.example/",
            "https://graphql.seek.com:443@evil.example/",
            "https://graphql.seek.com:8443/",
            "https://graphql.seek.com\\@evil.example/",
            "https://graphql.seek.com\t.evil.example/",
            "https://user:word@graphql.seek.com/graphql",
            "https://evil.graphql.seek.com/",
            "https://graphql.seek.com./",
            "//graphql.seek.com/",
            "/graphql",
            "",
        ] {
            let error = client.auth_flow(url, true).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::ForbiddenOrigin, "{url}");
            assert!(!error.message().contains("word"), "{url}");
        }
    }

    proptest! {
        /// Whatever passes leads to the API by the book's own parser, too.
        #[test]
        fn what_is_within_leads_there(tail in r"[:/\\@?#.a-z0-9\t%\[\]]{0,12}") {
            let url = format!("https://graphql.seek.com{tail}");
            if is_within(&url, "https://graphql.seek.com") {
                let parsed = Url::parse(&url).unwrap();
                prop_assert_eq!(parsed.origin().ascii_serialization(), "https://graphql.seek.com");
                prop_assert!(parsed.username().is_empty() && parsed.password().is_none());
            }
        }
    }

    #[test]
    fn headers_respect_what_is_there() {
        let flow = client().auth_flow("https://graphql.seek.com/graphql", true).unwrap();
        let names = |present: &[&str]| -> Vec<&str> {
            flow.headers(present).into_iter().map(|(name, _)| name).collect()
        };
        assert_eq!(names(&[]), ["User-Agent", "X-Request-Id", "Accept-Language"]);
        assert_eq!(names(&["user-agent", "x-request-id", "accept-language"]), ["User-Agent"]);
        assert_eq!(flow.headers::<&str>(&[]), flow.headers::<&str>(&[]));
    }

    #[test]
    fn the_second_rejection_is_an_error() {
        let mut flow = client().auth_flow("https://graphql.seek.com/graphql", true).unwrap();
        flow.attempt("Bearer one").unwrap();
        flow.retry().unwrap();
        let same = flow.attempt("Bearer one").unwrap_err();
        assert_eq!(same.kind(), ErrorKind::TokenRejected);
        flow.attempt("Bearer two").unwrap();
        let second = flow.retry().unwrap_err();
        assert_eq!(second.kind(), ErrorKind::TokenRejected);
        assert!(second.message().contains("audience and environment"));
        assert!(!format!("{flow:?}{second:?}{same:?}").contains("Bearer"));
    }

    #[test]
    fn a_stream_is_not_sent_twice() {
        let mut flow = client().auth_flow("https://graphql.seek.com/graphql", false).unwrap();
        flow.attempt("Bearer one").unwrap();
        let error = flow.retry().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TokenRejected);
        assert!(error.message().contains("stream"));
    }

    #[test]
    fn a_response_from_elsewhere_says_nothing_about_the_token() {
        let flow = client().auth_flow("https://graphql.seek.com/graphql", true).unwrap();
        let elsewhere = flow.inspect(401, Some("https://files.example/"));
        assert_eq!(elsewhere.verdict(), Verdict::Accepted);
        let here = flow.inspect(401, Some("https://graphql.seek.com/other"));
        assert_eq!(here.verdict(), Verdict::Undecided);
    }
}
