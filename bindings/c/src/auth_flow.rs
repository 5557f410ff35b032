//! The rules of one authenticated request, for C programs that send with an HTTP client of their own.
//! The core decides; this file keeps its texts ready for C.

use std::ffi::CString;
use std::fmt;
use std::mem::MaybeUninit;

use seekauth_core::{ErrorKind, Inspection, Verdict};
use zeroize::Zeroizing;

use crate::client::Client;
use crate::error::{Error, c_string};
use crate::headers;
use crate::panic::{attempt, guard};
use crate::pointer::{Bytes, Headers, Text, required};

const AUTHORIZATION: &str = "Authorization";

/// One request to the API and, if the API rejects its token, its one repetition, for programs that
/// send with an HTTP client of their own. It sends nothing. For each of the two times: get the value
/// of the Authorization header from the client, give it to seekauth_exchange_admit, send the headers
/// that the exchange lists, and show it the answer with seekauth_exchange_inspect and
/// seekauth_exchange_feed. If seekauth_exchange_rejected says so, drop the answer, call
/// seekauth_exchange_reject, and do it all again with the same request; otherwise the answer is yours.
///
/// It belongs to one request: no two calls may use it at once. Whoever makes one frees it with
/// seekauth_exchange_free. It outlives its client.
pub struct Exchange {
    inner: seekauth_core::Exchange,
    headers: Vec<(CString, Zeroizing<CString>)>,
    inspection: Option<Inspection>,
}

impl fmt::Debug for Exchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}

/// Makes the exchange of one request to `url`. `replayable` says whether its body can be sent a second
/// time; one that is read from a stream cannot.
///
/// Fails with SEEKAUTH_FORBIDDEN_ORIGIN unless `url` is absolute, without credentials in it, and has
/// scheme, host and port of the client's API, so that the token goes nowhere else; and with
/// SEEKAUTH_INVALID_ARGUMENT if the client has no API.
#[unsafe(no_mangle)]
pub extern "C" fn seekauth_client_exchange(
    client: Option<&Client>,
    url: Text<'_>,
    replayable: bool,
    out: Option<&mut MaybeUninit<Option<Box<Exchange>>>>,
) -> Option<Box<Error>> {
    attempt(|| {
        let client = required("client", client)?;
        let url = url.read_required("url")?;
        let out = required("out", out)?;
        let inner = client.inner().exchange(url, replayable)?;
        out.write(Some(Box::new(Exchange { inner, headers: Vec::new(), inspection: None })));
        Ok(())
    })
}

/// Takes the value of the Authorization header and the request's own headers, of which `headers` points
/// to the first of `header_count`, and lists the headers to send: these, with Authorization and
/// User-Agent in place of any the request has, and with X-Request-Id and the client's Accept-Language
/// unless the request has them.
///
/// Fails with SEEKAUTH_TOKEN_REJECTED if this is the value that the API has just rejected: so many were
/// lately that no newer one can be had at the moment.
#[unsafe(no_mangle)]
pub extern "C" fn seekauth_exchange_admit(
    exchange: Option<&mut Exchange>,
    authorization: Text<'_>,
    headers: Headers<'_>,
    header_count: usize,
) -> Option<Box<Error>> {
    attempt(|| {
        let exchange = required("exchange", exchange)?;
        let authorization = authorization.read_required("authorization")?;
        let own = headers::read("headers", headers, header_count)?;
        exchange.inner.admit(authorization)?;
        let present: Vec<&str> = own.iter().map(|(name, _)| *name).collect();
        let set = exchange.inner.headers(&present);
        let replaced = |name: &str| {
            let mut names = set.iter().map(|(name, _)| *name).chain([AUTHORIZATION]);
            names.any(|set| set.eq_ignore_ascii_case(name))
        };
        let kept = own.into_iter().filter(|(name, _)| !replaced(name));
        let set = set.iter().map(|(name, value)| (*name, value.as_str()));
        exchange.headers = kept
            .chain(set)
            .chain([(AUTHORIZATION, authorization)])
            .map(|(name, value)| (c_string(name), Zeroizing::new(c_string(value))))
            .collect();
        Ok(())
    })
}

/// How many headers to send; 0 before seekauth_exchange_admit, and for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn seekauth_exchange_header_count(exchange: Option<&Exchange>) -> usize {
    exchange.map_or(0, |exchange| exchange.headers.len())
}

/// The name of the header with this index, counted from 0; NULL past the last one and for NULL. The
/// exchange owns the text, until seekauth_exchange_admit is called again.
#[unsafe(no_mangle)]
pub extern "C" fn seekauth_exchange_header_name(
    exchange: Option<&Exchange>,
    index: usize,
) -> Text<'_> {
    let header = exchange.and_then(|exchange| exchange.headers.get(index));
    Text::lend(header.map(|(name, _)| name.as_c_str()))
}

/// The value of the header with this index, counted from 0; NULL past the last one and for NULL. The
/// exchange owns the text, until seekauth_exchange_admit is called again.
#[unsafe(no_mangle)]
pub extern "C" fn seekauth_exchange_header_value(
    exchange: Option<&Exchange>,
    index: usize,
) -> Text<'_> {
    let header = exchange.and_then(|exchange| exchange.headers.get(index));
    Text::lend(header.map(|(_, value)| value.as_c_str()))
}

/// Begins to look at an answer. `url` is where it came from, if redirects may have been followed, or
/// NULL: an answer from elsewhere says nothing about the token. `*more`, which may be NULL, becomes what
/// seekauth_exchange_feed returns.
///
/// Fails with SEEKAUTH_INVALID_ARGUMENT for a `status` that cannot be HTTP's.
#[unsafe(no_mangle)]
pub extern "C" fn seekauth_exchange_inspect(
    exchange: Option<&mut Exchange>,
    status: i32,
    url: Text<'_>,
    more: Option<&mut MaybeUninit<bool>>,
) -> Option<Box<Error>> {
    attempt(|| {
        let exchange = required("exchange", exchange)?;
        let status = u16::try_from(status).map_err(|_| {
            seekauth_core::Error::new(
                ErrorKind::InvalidArgument,
                format!("status is {status}; it has to be an HTTP status"),
            )
        })?;
        let inspection = exchange.inner.inspect(status, url.read("url")?);
        if let Some(more) = more {
            more.write(inspection.verdict() == Verdict::Undecided);
        }
        exchange.inspection = Some(inspection);
        Ok(())
    })
}

/// Shows the exchange the next piece of the answer's body, after any content decoding: `length` bytes.
/// True if it has to see more to know whether the API rejected the token; false once it knows, and for
/// NULL. It copies what it needs, 1 MiB at most.
#[unsafe(no_mangle)]
pub extern "C" fn seekauth_exchange_feed(
    exchange: Option<&mut Exchange>,
    data: Bytes<'_>,
    length: usize,
) -> bool {
    guard(false, || {
        let inspection = exchange.and_then(|exchange| exchange.inspection.as_mut());
        let piece = data.read("data", length).unwrap_or_default();
        inspection.is_some_and(|inspection| inspection.feed(piece) == Verdict::Undecided)
    })
}

/// Whether the API rejected the token. Ask when seekauth_exchange_feed has returned false or the body
/// has ended: what comes later is not looked at. False if no answer was inspected, and for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn seekauth_exchange_rejected(exchange: Option<&mut Exchange>) -> bool {
    guard(false, || {
        let inspection = exchange.and_then(|exchange| exchange.inspection.as_mut());
        inspection.is_some_and(|inspection| inspection.finish() == Verdict::Rejected)
    })
}

/// Takes note that the API rejected the token: the client drops it. If this succeeds, get a new value
/// from the client and send the identical request once more.
///
/// Fails with SEEKAUTH_TOKEN_REJECTED if that was the second time, or if the body cannot be sent twice.
#[unsafe(no_mangle)]
pub extern "C" fn seekauth_exchange_reject(exchange: Option<&mut Exchange>) -> Option<Box<Error>> {
    attempt(|| required("exchange", exchange)?.inner.reject())
}

/// Frees an exchange and every text it owns, wiping the memory that held the token. NULL is accepted.
#[unsafe(no_mangle)]
pub extern "C" fn seekauth_exchange_free(exchange: Option<Box<Exchange>>) {
    guard((), || drop(exchange));
}
