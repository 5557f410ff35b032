//! Spans of requests to the API, for programs that trace with the crate `tracing`. Their fields are those
//! that OpenTelemetry's layer reads (`otel.kind`, `otel.status_code`) and its conventions name.

use std::future::Future;

use tracing::field::Empty;
use tracing::{Instrument, Span, info_span};

use crate::client::Client;
use crate::error::Error;
use crate::sys::runtime;

/// The first HTTP status that is an error for a client.
const FIRST_ERROR: u16 = 400;

/// A span of [`Client::send`]. On the library's own runtime, where no subscriber of the program's may run,
/// there is none.
pub(super) fn of_send(client: &Client, method: &str) -> Span {
    if runtime::is_current() {
        return Span::none();
    }
    let (address, port) = client.config().api_server().unzip();
    info_span!(
        target: "seekauth",
        "send",
        otel.kind = "client",
        otel.status_code = Empty,
        http.request.method = method,
        http.response.status_code = Empty,
        server.address = address,
        server.port = port,
        "error.type" = Empty,
    )
}

/// A span of [`Client::graphql`], as [`of_send`] makes one.
pub(super) fn of_graphql(client: &Client, operation_name: Option<&str>) -> Span {
    if runtime::is_current() {
        return Span::none();
    }
    let (address, port) = client.config().api_server().unzip();
    info_span!(
        target: "seekauth",
        "graphql",
        otel.kind = "client",
        otel.status_code = Empty,
        graphql.operation.name = operation_name,
        http.request.method = "POST",
        http.response.status_code = Empty,
        server.address = address,
        server.port = port,
        "error.type" = Empty,
    )
}

/// Does the work within its span, and records how it ended.
pub(super) async fn within<R>(
    span: Span,
    work: impl Future<Output = Result<R, Error>>,
    status: impl FnOnce(&R) -> u16,
) -> Result<R, Error> {
    let result = work.instrument(span.clone()).await;
    let (status, failure) = match &result {
        Ok(response) => (Some(status(response)), None),
        Err(error) => (error.status(), Some(error.kind().name())),
    };
    if let Some(status) = status {
        span.record("http.response.status_code", status);
    }
    match (failure, status) {
        (Some(kind), _) => span.record("error.type", kind),
        (None, Some(status)) if status >= FIRST_ERROR => span.record("error.type", status),
        _ => return result,
    };
    span.record("otel.status_code", "ERROR");
    result
}
