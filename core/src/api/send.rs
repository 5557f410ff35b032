//! The authenticated sender: an [`AuthFlow`] carried by this library's own HTTP client. Responses of
//! any size stream through; of a GraphQL response only as much is read ahead as the verdict needs.

use std::collections::VecDeque;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body as _, Frame, SizeHint};
use http_body_util::BodyExt;
use reqwest::header::{AUTHORIZATION, HOST, HeaderName, HeaderValue, WWW_AUTHENTICATE};
use reqwest::{Body, Request, Response};
use tokio::time::Instant;

use crate::api::auth_flow::{AuthFlow, RequestContext, next_token};
use crate::api::http_message::API;
use crate::api::inspection::{Inspection, Verdict};
use crate::api::request_id::RequestId;
#[cfg(feature = "tracing")]
use crate::api::span;
use crate::client::Client;
use crate::error::{Error, ErrorKind};
use crate::http::client::{Failure, addressed};
use crate::http::failure;
use crate::sys::clock::Moment;
use crate::sys::runtime;
use crate::sys::time_limit::TimeLimit;

impl Client {
    /// Sends a request of reqwest's to the API with the token, and once more with a new one if the API rejects
    /// it. Sets `Authorization` and `User-Agent`, and `X-Request-Id` and `Accept-Language` unless
    /// the request has them. Waits for token and response together for the request's own `timeout`,
    /// or the client's; reading the response's body counts too, so give a long download more.
    ///
    /// The [`RequestId`](crate::RequestId) is in the extensions of the response, and every error has it.
    ///
    /// Any response but a rejection of the token is handed over as it is, redirects included: none is
    /// followed, so that the token goes nowhere else. Dropping the future gives the request up. A body
    /// that is a stream is read on the library's own thread and must not block it.
    ///
    /// # Errors
    ///
    /// `forbidden_origin` when the request does not go to [`api_url`](Self::api_url)'s scheme,
    /// host and port, `token_rejected` when the API rejected a new token too, or the first one and
    /// the body is a stream; `timeout`, `network`, and what [`get_token`](Self::get_token) fails
    /// with.
    pub async fn send(&self, request: Request) -> Result<Response, Error> {
        #[cfg(feature = "tracing")]
        let span = span::of_send(self, request.method().as_str());
        let work = self.send_request(request);
        #[cfg(feature = "tracing")]
        let work = span::within(span, work, |response| response.status().as_u16());
        work.await
    }

    async fn send_request(&self, request: Request) -> Result<Response, Error> {
        self.check_open()?;
        let limit = self.config().time_limit_of_call(request.timeout().copied());
        let deadline = self.clock().now().plus(limit.left);
        let request = ReplayableRequest::new(self, request)?;
        let context = request.flow.context();
        let client = self.clone();
        let sending =
            async move { client.while_open(client.transmit(request, deadline, limit)).await };
        // On the heap, because the future of an HTTP request is large and would be moved about.
        Box::pin(runtime::run(sending)).await.map_err(|error| context.annotated(error))
    }

    /// The request and its repetition, on the library's runtime.
    async fn transmit(
        &self,
        mut request: ReplayableRequest,
        deadline: Moment,
        limit: TimeLimit,
    ) -> Result<Response, Error> {
        let timed_out = || {
            Error::new(ErrorKind::Timeout, format!("no response from the API within {limit}"))
                .with_target(self.shared_target())
        };
        loop {
            let attempt = request.next(deadline, limit).await?;
            let left = attempt.timeout().copied().unwrap_or(limit.left);
            let response = self.http().execute(attempt, API, Instant::now() + left).await;
            let response = response.map_err(|failure| match failure {
                Failure::TimedOut => timed_out(),
                Failure::Failed(error) => error,
            })?;
            let accepted = request.accept_or_retry(response).await;
            if let Some(mut response) = accepted.map_err(|problem| problem.into_error(timed_out))? {
                response.extensions_mut().insert(limit);
                return Ok(response);
            }
        }
    }
}

/// The end of an authentication flow without a response.
pub(crate) enum Problem {
    /// The rules of the flow end it.
    Flow(Error),
    /// The response's body broke off.
    Http(reqwest::Error),
}

impl Problem {
    fn into_error(self, timed_out: impl Fn() -> Error) -> Error {
        match self {
            Self::Flow(error) => error,
            Self::Http(problem) if problem.is_timeout() => timed_out(),
            Self::Http(problem) => failure::broken_body(&problem, API),
        }
    }
}

/// One request to the API and its repetition, for the sender and the middleware.
pub(crate) struct ReplayableRequest {
    client: Client,
    flow: AuthFlow,
    request: Option<Request>,
}

impl ReplayableRequest {
    pub(crate) fn new(client: &Client, mut request: Request) -> Result<Self, Error> {
        let replayable = request.try_clone().is_some();
        let id = RequestId::of(&mut request);
        let annotated = |error| RequestContext::of_request(client, id.clone()).annotated(error);
        let mut flow = client.auth_flow(request.url().as_str(), replayable).map_err(annotated)?;
        flow.note_request_id(id);
        for host in request.headers().get_all(HOST) {
            // One that is not text is no host's name.
            flow.check_host(host.to_str().unwrap_or_default())?;
        }
        Ok(Self { client: client.clone(), flow, request: Some(request) })
    }

    /// The request to transmit next, with a token that is to be had by `deadline`.
    pub(crate) async fn next(
        &mut self,
        deadline: Moment,
        limit: TimeLimit,
    ) -> Result<Request, Error> {
        let left = |client: &Client| deadline.monotonic_remaining(client.clock().now());
        let limit = limit.with_left(left(&self.client));
        let token = next_token(&self.client, self.flow.next(), limit).await?;
        self.flow.attempt(token.authorization())?;
        let request = match self.request.as_ref().and_then(Request::try_clone) {
            Some(copy) => Some(copy),
            None => self.request.take(),
        };
        let mut request = request.ok_or_else(|| {
            Error::new(
                ErrorKind::Internal,
                "a request whose body cannot be sent twice was sent twice",
            )
        })?;
        let present: Vec<String> =
            request.headers().keys().map(|name| name.as_str().to_owned()).collect();
        let headers = request.headers_mut();
        for (name, value) in self.flow.headers(&present) {
            let name = HeaderName::from_bytes(name.as_bytes()).map_err(invalid_header)?;
            headers.insert(name, HeaderValue::from_str(&value).map_err(invalid_header)?);
        }
        let mut authorization =
            HeaderValue::from_str(token.authorization()).map_err(invalid_header)?;
        authorization.set_sensitive(true);
        headers.insert(AUTHORIZATION, authorization);
        *request.timeout_mut() = Some(left(&self.client));
        Ok(request)
    }

    /// The response if it is the caller's; nothing if the request is to be transmitted again.
    pub(crate) async fn accept_or_retry(
        &mut self,
        response: Response,
    ) -> Result<Option<Response>, Problem> {
        let inspection =
            self.flow.inspect(response.status().as_u16(), Some(response.url().as_str()));
        let (verdict, mut response) =
            peek_response(inspection, response).await.map_err(Problem::Http)?;
        if verdict == Verdict::Rejected {
            let challenge = response.headers().get(WWW_AUTHENTICATE);
            if let Some(Ok(challenge)) = challenge.map(HeaderValue::to_str) {
                self.flow.note_challenge(challenge);
            }
            self.flow.retry().map_err(Problem::Flow)?;
            return Ok(None);
        }
        if let Some(id) = self.flow.shared_request_id() {
            response.extensions_mut().insert(id);
        }
        Ok(Some(response))
    }
}

/// Settings and tokens were checked when they came in.
fn invalid_header<E>(_: E) -> Error {
    Error::new(ErrorKind::Internal, "a header that was checked before is not one")
}

/// Reads a response as far as its inspection needs, and puts what was read back in front.
async fn peek_response(
    mut inspection: Inspection,
    response: Response,
) -> Result<(Verdict, Response), reqwest::Error> {
    if inspection.verdict() != Verdict::Undecided {
        return Ok((inspection.verdict(), response));
    }
    let url = response.url().clone();
    let (parts, mut rest) = http::Response::<Body>::from(response).into_parts();
    let mut read = VecDeque::new();
    while inspection.verdict() == Verdict::Undecided {
        match rest.frame().await.transpose()? {
            Some(frame) => {
                if let Some(chunk) = frame.data_ref() {
                    inspection.feed(chunk);
                }
                read.push_back(frame);
            }
            None => {
                inspection.finish();
            }
        }
    }
    let body = match (read.pop_front().map(Frame::into_data), rest.is_end_stream()) {
        // The common case: all of it came at once.
        (Some(Ok(whole)), true) if read.is_empty() => Body::from(whole),
        (Some(first), _) => {
            read.push_front(first.map_or_else(|first| first, Frame::data));
            Body::wrap(PrefixedBody { read, rest })
        }
        (None, _) => rest,
    };
    let response = addressed(http::Response::from_parts(parts, body), url);
    Ok((inspection.verdict(), response))
}

/// A body of which the beginning has been read already.
struct PrefixedBody {
    read: VecDeque<Frame<Bytes>>,
    rest: Body,
}

impl http_body::Body for PrefixedBody {
    type Data = Bytes;
    type Error = reqwest::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, reqwest::Error>>> {
        match self.read.pop_front() {
            Some(frame) => Poll::Ready(Some(Ok(frame))),
            None => Pin::new(&mut self.rest).poll_frame(context),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.read.is_empty() && self.rest.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let read: usize = self.read.iter().filter_map(Frame::data_ref).map(Bytes::len).sum();
        let read = read as u64;
        let rest = self.rest.size_hint();
        let mut hint = SizeHint::new();
        hint.set_lower(rest.lower().saturating_add(read));
        if let Some(upper) = rest.upper() {
            hint.set_upper(upper.saturating_add(read));
        }
        hint
    }
}

#[cfg(test)]
mod tests {
    use reqwest::{Method, Url};

    use super::*;
    use crate::config::{Config, Environment};

    #[test]
    fn a_host_that_is_not_the_apis_gets_no_token() {
        let config = Config::seek_api(Environment::Live).credentials("id", "s3cret-value");
        let client = Client::new(config.user_agent("Acme/1.2.3")).unwrap();
        let url = Url::parse("https://graphql.seek.com/graphql").unwrap();
        for (hosts, is_refused) in [
            (&[b"graphql.seek.com".as_slice()][..], false),
            (&[b"GraphQL.seek.com:443"], false),
            (&[b"evil.example"], true),
            (&[b"graphql.seek.com", b"evil.example"], true),
            (&[b"graphql.seek.com\xe9"], true),
            (&[b""], true),
        ] {
            let mut request = Request::new(Method::POST, url.clone());
            for host in hosts {
                request.headers_mut().append(HOST, HeaderValue::from_bytes(host).unwrap());
            }
            let refused = ReplayableRequest::new(&client, request).err();
            let kind = refused.map(|error| error.kind());
            assert_eq!(kind, is_refused.then_some(ErrorKind::ForbiddenOrigin), "{hosts:?}");
        }
    }
}
