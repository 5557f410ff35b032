//! The authentication flow carried by an HTTP client of the user's own, as a middleware.

use async_trait::async_trait;
use http::Extensions;
use reqwest::{Request, Response};
use reqwest_middleware::{Error, Middleware, Next};

use crate::api::send::{Problem, ReplayableRequest};
use crate::client::Client;
use crate::sys::time_limit::TimeLimit;

/// A client is a middleware: `ClientBuilder::new(reqwest_client).with(client)`. Each request gets
/// the token as in [`Client::send`], with the HTTP client's own connections, time-outs and redirect
/// policy (which drops the token when it leaves the origin). The token itself is waited for as
/// long as the client's `timeout` says. Failures of seekauth's are
/// [`Error::Middleware`](reqwest_middleware::Error::Middleware) holding a [`crate::Error`].
#[async_trait]
impl Middleware for Client {
    async fn handle(
        &self,
        request: Request,
        extensions: &mut Extensions,
        next: Next<'_>,
    ) -> Result<Response, Error> {
        let timeout = request.timeout().copied();
        let limit = timeout.map_or_else(|| self.config().time_limit(), TimeLimit::of_http_client);
        let mut replayable = ReplayableRequest::new(self, request).map_err(Error::middleware)?;
        loop {
            let deadline = self.clock().now().plus(limit.left);
            let mut request = replayable.next(deadline, limit).await.map_err(Error::middleware)?;
            // Without one of its own, the request has that of the HTTP client.
            *request.timeout_mut() = timeout;
            let response = next.clone().run(request, extensions).await?;
            match replayable.accept_or_retry(response).await {
                Ok(Some(response)) => return Ok(response),
                Ok(None) => {}
                Err(Problem::Flow(error)) => return Err(Error::middleware(error)),
                Err(Problem::Http(error)) => return Err(Error::Reqwest(error)),
            }
        }
    }
}
