//! What responds to requests in place of the network, for clients that never touch it.

use std::future::Future;
use std::pin::Pin;

use bytes::Bytes;
use http_body_util::BodyExt as _;
use reqwest::{Body, Request};

use crate::error::Error;
use crate::http::failure;

pub(crate) type Responding<'a> =
    Pin<Box<dyn Future<Output = Result<http::Response<Bytes>, Error>> + Send + 'a>>;

pub(crate) trait Responder: Send + Sync {
    /// The response to a request that was read whole.
    fn respond(&self, request: http::Request<Bytes>) -> Responding<'_>;
}

/// Hands a request over as the network would.
pub(crate) async fn execute(
    responder: &dyn Responder,
    request: Request,
    what: &'static str,
) -> Result<http::Response<Body>, Error> {
    let request = http::Request::<Body>::try_from(request)
        .map_err(|_| Error::invalid("the request's URL cannot be sent by HTTP"))?;
    let (parts, body) = request.into_parts();
    let body = body.collect().await;
    let body = body.map_err(|problem| failure::broken_body(&problem, what))?;
    let request = http::Request::from_parts(parts, body.to_bytes());
    Ok(responder.respond(request).await?.map(Body::from))
}
