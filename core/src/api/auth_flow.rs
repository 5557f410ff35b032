//! The rules of one authenticated request, for whichever HTTP client carries it: where a token may
//! go, which headers go with it, when the token was rejected, and that one renewal and one resend
//! are all there is. It sends nothing itself.

use std::fmt;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use url::Url;

use crate::api::inspection::{Evidence, Inspection, Report, Verdict};
use crate::api::rejected_token::{self, RejectedResponse};
use crate::api::request_id::{self, RequestId};
use crate::cache::rejection::Rejection;
use crate::client::{Authorization, Client};
use crate::config::is_loopback;
use crate::error::{Error, ErrorKind};
use crate::sys::clock::Moment;
use crate::sys::runtime;
use crate::sys::secret::Secret;
use crate::sys::time_limit::TimeLimit;
use crate::token::Token;

const USER_AGENT: &str = "User-Agent";
const ACCEPT_LANGUAGE: &str = "Accept-Language";

/// One request to the API and, if the API rejects its token, its one repetition. For adapters to
/// HTTP clients; [`Client::send`] is the ready-made one. The order of calls:
///
/// 1. [`Client::auth_flow`], which refuses addresses that the token must not reach,
/// 2. [`authorization`](Self::authorization) for the token, [`attempt`](Self::attempt) it,
/// 3. send with [`headers`](Self::headers) and the token,
/// 4. [`inspect`](Self::inspect) the response; unless it is `Rejected`, it is the caller's,
/// 5. otherwise [`retry`](Self::retry), and go on at 2 with the identical request.
pub struct AuthFlow {
    client: Client,
    replayable: bool,
    request_id: Option<RequestId>,
    sent: Option<Sent>,
    repetition: Option<Repetition>,
    /// Whether the API accepted a token of this flow's before.
    was_accepted: bool,
    rejected: Report,
}

/// An attempt that was made.
struct Sent {
    authorization: Secret,
    /// Unknown if the token was neither current nor the one before.
    token: Option<Arc<Token>>,
    at: Moment,
}

/// With which token the request is sent once more.
#[derive(Clone)]
enum Repetition {
    /// With one of another generation.
    OtherThan(u64),
    /// With this one, not before a moment of the monotonic clock.
    With(Arc<Token>, u64),
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
        if !self.may_send_to(url, origin) {
            return Err(self.forbidden(url, origin));
        }
        Ok(AuthFlow {
            client: self.clone(),
            replayable,
            request_id: Some(RequestId::new()),
            sent: None,
            repetition: None,
            was_accepted: false,
            rejected: Report::default(),
        })
    }

    /// Whether the token, which is for `origin`, may go to `url`. That of a fake client may go to any test server
    /// on this machine.
    fn may_send_to(&self, url: &str, origin: &str) -> bool {
        is_within(url, origin) || (self.is_fake() && is_on_this_machine(url))
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
                "the token is for {origin} and is not sent to {place}; use another HTTP client there, or set `api_url`"
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
        if let Some(id) = &self.request_id
            && absent(request_id::NAME)
        {
            headers.push((request_id::NAME, id.to_string()));
        }
        if let Some(language) = &self.client.config().accept_language
            && absent(ACCEPT_LANGUAGE)
        {
            headers.push((ACCEPT_LANGUAGE, language.clone()));
        }
        headers
    }

    /// The `X-Request-Id` of the request, which its errors carry.
    #[must_use]
    pub fn request_id(&self) -> Option<&str> {
        self.request_id.as_deref()
    }

    /// Notes the `X-Request-Id` that the request has already, in the place of a new one. One that is not
    /// visible ASCII in moderate length is no id: errors then carry none.
    pub fn set_request_id(&mut self, value: &str) {
        self.request_id = RequestId::given(value);
    }

    pub(crate) fn shared_request_id(&self) -> Option<RequestId> {
        self.request_id.clone()
    }

    pub(crate) fn note_request_id(&mut self, id: Option<RequestId>) {
        self.request_id = id;
    }

    /// Refuses a `Host` header of the request that names another host than the API's: a proxy or a
    /// server with several names would take the token there. Only for a value that the program set.
    ///
    /// # Errors
    ///
    /// `forbidden_origin`.
    pub fn check_host(&self, host: &str) -> Result<(), Error> {
        self.check_origin(host).map_err(|error| self.context().annotated(error))
    }

    fn check_origin(&self, host: &str) -> Result<(), Error> {
        let origin = self.client.api_origin()?;
        let (scheme, _) = origin.split_once(':').unwrap_or_default();
        let url = format!("{scheme}://{}", host.trim());
        if self.client.may_send_to(&url, origin) && !host.contains(['/', '?', '#']) {
            Ok(())
        } else {
            Err(Error::new(
                ErrorKind::ForbiddenOrigin,
                format!("the header Host names another host than {origin}; leave it out"),
            )
            .with_target(self.client.shared_target()))
        }
    }

    /// The `Authorization` value for the next attempt, after a wait of the client's `timeout` at
    /// most: first [`Client::authorization`], and after [`retry`](Self::retry) that of the token
    /// for the repetition.
    ///
    /// # Errors
    ///
    /// As [`Client::authorization`]; `token_rejected` when the API rejected a token that had just
    /// been issued and the time does not suffice to wait until that counts.
    pub async fn authorization(&self) -> Result<Authorization, Error> {
        let limit = self.client.config().time_limit();
        next_token(&self.client, self.next(), limit).await.map(Authorization::new)
    }

    /// What the next attempt takes its token from.
    pub(crate) fn next(&self) -> NextToken {
        let repetition = self.repetition.clone().unwrap_or(Repetition::OtherThan(0));
        NextToken { repetition, context: self.context() }
    }

    /// What an error of this request tells besides.
    pub(crate) fn context(&self) -> RequestContext {
        let rejected = self.rejected.lock().unwrap_or_else(PoisonError::into_inner).clone();
        RequestContext {
            client: self.client.clone(),
            request_id: self.request_id.clone(),
            rejected,
            authorization: self.sent.as_ref().map(|sent| sent.authorization.clone()),
            was_accepted: self.was_accepted,
        }
    }

    /// Takes in what `WWW-Authenticate` says of a rejection.
    pub(crate) fn note_challenge(&self, header: &str) {
        let mut rejected = self.rejected.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(response) = &mut *rejected {
            Arc::make_mut(response).note_challenge(header);
        }
    }

    /// Records the `Authorization` value that is about to be sent.
    ///
    /// # Errors
    ///
    /// `token_rejected` for the repetition when it is the value that was just rejected.
    pub fn attempt(&mut self, authorization: &str) -> Result<(), Error> {
        let was_rejected = self.repetition.is_some()
            && self.sent.as_ref().is_some_and(|sent| sent.authorization.expose() == authorization);
        let may_repeat =
            matches!(&self.repetition, Some(Repetition::With(token, _)) if token.is(authorization));
        if was_rejected && !may_repeat {
            return Err(self
                .context()
                .rejection("the API rejected the token, and no other is to be had at the moment"));
        }
        self.sent = Some(Sent {
            authorization: Secret::new(authorization),
            token: self.client.find_token(authorization),
            at: self.client.clock().now(),
        });
        Ok(())
    }

    /// Begins to read a response. `url` is where it came from, if redirects may have been followed:
    /// a response from elsewhere says nothing about the token.
    #[must_use]
    pub fn inspect(&self, status: u16, url: Option<&str>) -> Inspection {
        let inspection = self.inspection(status, url);
        inspection.reporting(&self.rejected)
    }

    fn inspection(&self, status: u16, url: Option<&str>) -> Inspection {
        let is_ours = url.is_none_or(|url| {
            self.client.api_origin().is_ok_and(|origin| self.client.may_send_to(url, origin))
        });
        if !is_ours {
            Inspection::decided(Verdict::Accepted)
        } else if self.client.config().speaks_graphql() {
            Inspection::of_graphql(status, self.evidence())
        } else {
            Inspection::of_status(status, self.evidence().as_ref())
        }
    }

    /// Records that the response was `Rejected`. `Ok` means that the identical request is to be sent
    /// once more, with the token that [`authorization`](Self::authorization) gives.
    ///
    /// # Errors
    ///
    /// `token_rejected` when that was the second time, when the body cannot be sent twice, when the
    /// API accepted the token for a later request, or when too many tokens were rejected lately;
    /// what the last renewal failed with, while its pause lasts.
    pub fn retry(&mut self) -> Result<(), Error> {
        if self.repetition.is_some() {
            return Err(self
                .context()
                .rejection("the API rejected the token for the repetition too"));
        }
        let Some(sent) = &self.sent else {
            return Err(Error::invalid("retry() belongs after attempt(), for a rejected token"));
        };
        self.was_accepted |= sent.token.as_ref().is_some_and(|token| token.was_accepted());
        let generation = sent.token.as_ref().map_or(0, |token| token.generation());
        let repetition = match self.client.reject(sent.authorization.expose(), sent.at) {
            Rejection::SetAside | Rejection::Superseded => Repetition::OtherThan(generation),
            Rejection::Resend(token, at) => Repetition::With(token, at),
            Rejection::Failing(error) => return Err(self.context().annotated(error)),
            Rejection::Disproved => {
                self.was_accepted = true;
                return Err(self.context().rejection(
                    "the API rejected the token for this request and accepted it for a later one, so something in the request is refused",
                ));
            }
            Rejection::Limited if self.was_accepted => {
                return Err(self.context().token_rejected(
                    "the API rejected a token that it had accepted before, and too many were rejected lately to ask for a new one at once; another process may have renewed it, so share tokens between processes (setting `store`)",
                ));
            }
            Rejection::Limited => {
                return Err(self.context().rejection(
                    "the API rejected the token, and too many were rejected lately to ask for a new one at once",
                ));
            }
        };
        self.repetition = Some(repetition);
        if self.replayable {
            Ok(())
        } else {
            Err(self.context().token_rejected(
                "the API rejected the token, and the request's body is a stream that cannot be sent twice; send the request again",
            ))
        }
    }

    /// What an accepted response proves.
    fn evidence(&self) -> Option<Evidence> {
        let sent = self.sent.as_ref()?;
        Some(Evidence { token: Arc::clone(sent.token.as_ref()?), sent: sent.at })
    }
}

/// What is known about a request, for its errors.
pub(crate) struct RequestContext {
    client: Client,
    request_id: Option<RequestId>,
    rejected: Option<Arc<RejectedResponse>>,
    authorization: Option<Secret>,
    was_accepted: bool,
}

impl RequestContext {
    /// Those of a request of which nothing was sent yet.
    pub(crate) fn of_request(client: &Client, request_id: Option<RequestId>) -> Self {
        let client = client.clone();
        Self { client, request_id, rejected: None, authorization: None, was_accepted: false }
    }

    /// The error with the request's id.
    pub(crate) fn annotated(&self, error: Error) -> Error {
        match &self.request_id {
            Some(id) if !self.client.known_secrets().show_in_beside(id, self.token()) => {
                error.with_request_id(id.clone().into())
            }
            _ => error,
        }
    }

    /// `token_rejected` with its causes.
    fn rejection(&self, what: &str) -> Error {
        let cause = rejected_token::cause(self.client.config(), self.was_accepted);
        self.token_rejected(format!("{what}; {cause}"))
    }

    /// `token_rejected` with what the API said.
    fn token_rejected(&self, message: impl Into<String>) -> Error {
        let error = Error::new(ErrorKind::TokenRejected, message);
        let error = self.annotated(error.with_target(self.client.shared_target()));
        let Some(response) = &self.rejected else { return error };
        let (message, path) = response.words(self.client.known_secrets(), self.token());
        error
            .with_response(response.status, response.code.map(str::to_owned))
            .with_server_words(message, path)
    }

    /// The token that was sent last, without the scheme before it.
    fn token(&self) -> &str {
        let authorization = self.authorization.as_ref().map_or("", Secret::expose);
        authorization.split_once(' ').map_or(authorization, |(_, token)| token)
    }
}

impl fmt::Debug for AuthFlow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuthFlow")
            .field("target", &self.client.target())
            .field("is_repetition", &self.repetition.is_some())
            .finish_non_exhaustive()
    }
}

/// The token for the next attempt of an [`AuthFlow`].
pub(crate) struct NextToken {
    repetition: Repetition,
    context: RequestContext,
}

/// The token for the next attempt, at the latest when `limit` has passed.
pub(crate) async fn next_token(
    client: &Client,
    next: NextToken,
    limit: TimeLimit,
) -> Result<Arc<Token>, Error> {
    let context = next.context;
    let annotated = |error| context.annotated(error);
    match next.repetition {
        Repetition::OtherThan(0) => client.get_token_by(limit).await.map_err(annotated),
        Repetition::OtherThan(rejected) => {
            client.get_other_than(rejected, limit).await.map_err(annotated)
        }
        Repetition::With(token, at) => {
            let wait = Duration::from_nanos(at.saturating_sub(client.clock().now().monotonic));
            if wait > limit.left {
                let message = format!(
                    "the API rejected a token that was just issued; give it a moment, and more time than {limit}"
                );
                let error = context.token_rejected(message);
                return Err(error.with_retryable(true).with_retry_after(Some(wait)));
            }
            let client = client.clone();
            let waiting = async move {
                let waited = async {
                    client.clock().back_off(wait).await;
                    Ok(token)
                };
                client.while_open(waited).await
            };
            runtime::run(waiting).await.map_err(annotated)
        }
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

/// Whether `url` leads to this machine, for every parser.
fn is_on_this_machine(url: &str) -> bool {
    Url::parse(url).is_ok_and(|parsed| {
        is_loopback(&parsed) && is_within(url, &parsed.origin().ascii_serialization())
    })
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
        assert!(second.message().contains("a wrong audience, a wrong environment"), "{second}");
        assert!(!format!("{flow:?}{second:?}{same:?}").contains("Bearer"));
    }

    #[test]
    fn a_rejection_carries_what_the_api_said_and_shows_none_of_it() {
        let mut flow = client().auth_flow("https://graphql.seek.com/graphql", true).unwrap();
        flow.set_request_id("mine");
        let mut reject = |token: &str, message: &str| {
            flow.attempt(token).unwrap();
            let mut inspection = flow.inspect(200, None);
            let body = format!(
                r#"{{"errors":[{{"message":"first","extensions":{{"code":"FORBIDDEN"}}}},{{"message":"{message}","path":["self","hirer"],"extensions":{{"code":"UNAUTHENTICATED"}}}}],"data":null}}"#
            );
            // However it is cut.
            for chunk in body.as_bytes().chunks(7) {
                inspection.feed(chunk);
            }
            assert_eq!(inspection.verdict(), Verdict::Rejected);
            flow.retry()
        };
        reject("Bearer token-number-one", "No.").unwrap();
        let error = reject("Bearer token-number-two", "Not a good one").unwrap_err();
        assert_eq!((error.status(), error.server_code()), (Some(200), Some("UNAUTHENTICATED")));
        assert_eq!(error.server_message(), Some("Not a good one"));
        assert_eq!((error.server_path(), error.request_id()), (Some("self.hirer"), Some("mine")));
        assert!(!format!("{error}{error:?}{flow:?}").contains("good one"));
        assert!(!format!("{error}{error:?}").contains("self.hirer"));
    }

    #[test]
    fn words_that_repeat_the_token_are_withheld() {
        let mut flow = client().auth_flow("https://graphql.seek.com/graphql", true).unwrap();
        for token in ["Bearer token-number-one", "Bearer token-number-two"] {
            flow.attempt(token).unwrap();
            let body = r#"{"errors":[{"message":"TOKEN-NUMBER-TWO","extensions":{"code":"UNAUTHENTICATED"}}]}"#;
            assert_eq!(flow.inspect(401, None).feed(body.as_bytes()), Verdict::Rejected);
            if let Err(error) = flow.retry() {
                assert_eq!((error.server_message(), error.status()), (None, Some(401)));
                return;
            }
        }
        panic!("the second rejection is an error");
    }

    #[test]
    fn a_request_id_that_is_the_token_is_no_id() {
        let mut flow = client().auth_flow("https://graphql.seek.com/graphql", true).unwrap();
        flow.set_request_id("token-number-one");
        flow.attempt("Bearer token-number-one").unwrap();
        flow.retry().unwrap();
        let error = flow.attempt("Bearer token-number-one").unwrap_err();
        assert_eq!(error.request_id(), None);
        flow.set_request_id("mine");
        assert_eq!(flow.check_host("evil.example").unwrap_err().request_id(), Some("mine"));
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
