//! The authentication flow of one request, for C programs that send with an HTTP client of their own.
//! The core decides; this file keeps its texts ready for C.

use std::ffi::CString;
use std::fmt;
use std::mem::MaybeUninit;

use seekauth_core::{ErrorKind, Inspection, blocking};
use zeroize::Zeroizing;

use crate::call::{self, Call};
use crate::client::{Client, TokenCallback, deliver};
use crate::error::{Error, c_string, catch_error};
use crate::headers;
use crate::panic::catch_panic;
use crate::pointer::{Bytes, Headers, Text, UserData, required};
use crate::settings::timeout;
use crate::token::Token;

const AUTHORIZATION: &str = "Authorization";
const HOST: &str = "Host";
const REQUEST_ID: &str = "X-Request-Id";

/// The authentication flow of one request to the API and, if the API rejects its token, of its one
/// repetition, for programs that send with an HTTP client of their own. It sends nothing itself. Per
/// attempt: get the token, give the value of the Authorization header to seekauth_auth_flow_attempt, send
/// the headers that the flow lists, and show it the response with seekauth_auth_flow_inspect and
/// seekauth_auth_flow_feed. If seekauth_auth_flow_rejected returns true, drop the response, call
/// seekauth_auth_flow_retry, and make the second attempt with the same request; otherwise the response is
/// yours. The token of the first attempt may come from the client, whose seekauth_client_authorization is
/// the fastest way to it; that of the second comes from seekauth_auth_flow_get_token.
///
/// A flow belongs to one request: no two calls may use it at once. Its maker frees it with
/// seekauth_auth_flow_free. It outlives its client, but gives no token any more then.
pub struct AuthFlow {
    client: blocking::Client,
    inner: seekauth_core::AuthFlow,
    headers: Vec<(CString, Zeroizing<CString>)>,
    inspection: Option<Inspection>,
}

impl fmt::Debug for AuthFlow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}

/// Makes the flow of one request to `url`. `replayable` says whether its body can be sent a second time;
/// one that is read from a stream cannot.
///
/// Fails with SEEKAUTH_FORBIDDEN_ORIGIN unless `url` is absolute, without credentials in it, and has
/// scheme, host and port of the client's API, so that the token goes nowhere else; and with
/// SEEKAUTH_INVALID_ARGUMENT if the client has no API.
#[unsafe(no_mangle)]
#[must_use]
pub extern "C" fn seekauth_client_auth_flow(
    client: Option<&Client>,
    url: Text<'_>,
    replayable: bool,
    out: Option<&mut MaybeUninit<Option<Box<AuthFlow>>>>,
) -> Option<Box<Error>> {
    catch_error(|| {
        let client = required("client", client)?;
        let url = url.read_required("url")?;
        let out = required("out", out)?;
        let inner = client.inner().auth_flow(url, replayable)?;
        let client = client.inner().clone();
        out.write(Some(Box::new(AuthFlow {
            client,
            inner,
            headers: Vec::new(),
            inspection: None,
        })));
        Ok(())
    })
}

/// Waits for the token of the next attempt, for at most `timeout_ms` milliseconds; 0 means as long as the
/// client's own `timeout_ms` says. At first it is the client's token, and after seekauth_auth_flow_retry
/// the one to send the request with once more: a new one, or, because servers may take a moment to accept
/// a token that was just issued, the one before it, or the same one a little later.
///
/// Fails as seekauth_client_get_token does, and with SEEKAUTH_TOKEN_REJECTED if a token that was just
/// issued was rejected and the time does not suffice to wait for that moment.
#[unsafe(no_mangle)]
#[must_use]
pub extern "C" fn seekauth_auth_flow_get_token(
    auth_flow: Option<&AuthFlow>,
    timeout_ms: u64,
    out: Option<&mut MaybeUninit<Option<Box<Token>>>>,
) -> Option<Box<Error>> {
    catch_error(|| {
        let auth_flow = required("auth_flow", auth_flow)?;
        let out = required("out", out)?;
        let timeout = timeout(timeout_ms)?;
        let (client, flow) = (&auth_flow.client, &auth_flow.inner);
        let token = call::wait(|| client.start_for(flow, timeout)?.wait())?;
        out.write(Some(Box::new(Token::new(token))));
        Ok(())
    })
}

/// As seekauth_auth_flow_get_token, without waiting for it: `callback` receives the outcome. The flow may
/// be used and freed meanwhile.
///
/// Arguments and failures are those of seekauth_client_get_token_async.
#[unsafe(no_mangle)]
#[must_use]
pub extern "C" fn seekauth_auth_flow_get_token_async(
    auth_flow: Option<&AuthFlow>,
    timeout_ms: u64,
    callback: TokenCallback,
    user_data: UserData,
    call: Option<&mut MaybeUninit<Option<Box<Call>>>>,
) -> Option<Box<Error>> {
    catch_error(|| {
        let auth_flow = required("auth_flow", auth_flow)?;
        let callback = required("callback", callback)?;
        let deliver = move |user_data, outcome| deliver(callback, user_data, outcome);
        let done = call::callback(user_data, deliver);
        let timeout = timeout(timeout_ms)?;
        let handle = auth_flow.client.get_token_for_then(&auth_flow.inner, timeout, done)?;
        Call::write_handle(handle, call);
        Ok(())
    })
}

/// Says whether a Host header of the request's own may be sent with the token: a proxy, or a server with
/// several names, would take the token to the host that it names. seekauth_auth_flow_attempt asks this by
/// itself for the headers that it is given; call it if the program sets that header in another way.
///
/// Fails with SEEKAUTH_FORBIDDEN_ORIGIN if `host` is not the host, and port, of the client's API.
#[unsafe(no_mangle)]
#[must_use]
pub extern "C" fn seekauth_auth_flow_check_host(
    auth_flow: Option<&AuthFlow>,
    host: Text<'_>,
) -> Option<Box<Error>> {
    catch_error(|| {
        let auth_flow = required("auth_flow", auth_flow)?;
        auth_flow.inner.check_host(host.read_required("host")?)
    })
}

/// Begins an attempt with the value of the Authorization header and the request's own headers, of which
/// `headers` points to the first of `header_count`, and lists the headers to send: these, with
/// Authorization and User-Agent in place of any the request has, and with X-Request-Id and the client's
/// Accept-Language unless the request has them. The errors of the flow carry the X-Request-Id, from here on
/// the request's own.
///
/// Fails with SEEKAUTH_TOKEN_REJECTED if this is the value that the API has just rejected, unless
/// seekauth_auth_flow_get_token gave it for the second attempt, and with SEEKAUTH_FORBIDDEN_ORIGIN if a
/// Host header of the request's own names another host than the API's.
#[unsafe(no_mangle)]
#[must_use]
pub extern "C" fn seekauth_auth_flow_attempt(
    auth_flow: Option<&mut AuthFlow>,
    authorization: Text<'_>,
    headers: Headers<'_>,
    header_count: usize,
) -> Option<Box<Error>> {
    catch_error(|| {
        let auth_flow = required("auth_flow", auth_flow)?;
        let authorization = authorization.read_required("authorization")?;
        let own = headers::read("headers", headers, header_count)?;
        if let Some((_, id)) = own.iter().find(|(name, _)| name.eq_ignore_ascii_case(REQUEST_ID)) {
            auth_flow.inner.set_request_id(id);
        }
        for (_, host) in own.iter().filter(|(name, _)| name.eq_ignore_ascii_case(HOST)) {
            auth_flow.inner.check_host(host)?;
        }
        auth_flow.inner.attempt(authorization)?;
        // What was seen belongs to the attempt before.
        auth_flow.inspection = None;
        let present: Vec<&str> = own.iter().map(|(name, _)| *name).collect();
        let set = auth_flow.inner.headers(&present);
        let replaced = |name: &str| {
            let mut names = set.iter().map(|(name, _)| *name).chain([AUTHORIZATION]);
            names.any(|set| set.eq_ignore_ascii_case(name))
        };
        let kept = own.into_iter().filter(|(name, _)| !replaced(name));
        let set = set.iter().map(|(name, value)| (*name, value.as_str()));
        auth_flow.headers = kept
            .chain(set)
            .chain([(AUTHORIZATION, authorization)])
            .map(|(name, value)| (c_string(name), Zeroizing::new(c_string(value))))
            .collect();
        Ok(())
    })
}

/// How many headers to send; 0 before seekauth_auth_flow_attempt, and for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn seekauth_auth_flow_header_count(auth_flow: Option<&AuthFlow>) -> usize {
    auth_flow.map_or(0, |auth_flow| auth_flow.headers.len())
}

/// The name of the header with this index, counted from 0; NULL past the last one and for NULL. The
/// flow owns the text, until seekauth_auth_flow_attempt is called again.
#[unsafe(no_mangle)]
pub extern "C" fn seekauth_auth_flow_header_name(
    auth_flow: Option<&AuthFlow>,
    index: usize,
) -> Text<'_> {
    let header = auth_flow.and_then(|auth_flow| auth_flow.headers.get(index));
    Text::as_c(header.map(|(name, _)| name.as_c_str()))
}

/// The value of the header with this index, counted from 0; NULL past the last one and for NULL. The
/// flow owns the text, until seekauth_auth_flow_attempt is called again.
#[unsafe(no_mangle)]
pub extern "C" fn seekauth_auth_flow_header_value(
    auth_flow: Option<&AuthFlow>,
    index: usize,
) -> Text<'_> {
    let header = auth_flow.and_then(|auth_flow| auth_flow.headers.get(index));
    Text::as_c(header.map(|(_, value)| value.as_c_str()))
}

/// Begins to inspect a response. `url` is where it came from, if redirects may have been followed, or
/// NULL: a response from another origin says nothing about the token. `*more`, which may be NULL, becomes
/// what seekauth_auth_flow_feed returns.
///
/// Fails with SEEKAUTH_INVALID_ARGUMENT for a `status` that cannot be HTTP's.
#[unsafe(no_mangle)]
#[must_use]
pub extern "C" fn seekauth_auth_flow_inspect(
    auth_flow: Option<&mut AuthFlow>,
    status: i32,
    url: Text<'_>,
    more: Option<&mut MaybeUninit<bool>>,
) -> Option<Box<Error>> {
    catch_error(|| {
        let auth_flow = required("auth_flow", auth_flow)?;
        let status = u16::try_from(status).map_err(|_| {
            seekauth_core::Error::new(
                ErrorKind::InvalidArgument,
                format!("status is {status}; it has to be an HTTP status"),
            )
        })?;
        let inspection = auth_flow.inner.inspect(status, url.read("url")?);
        if let Some(more) = more {
            more.write(inspection.verdict().is_rejected().is_none());
        }
        auth_flow.inspection = Some(inspection);
        Ok(())
    })
}

/// Shows the flow the next chunk of the response's body, after any content decoding: `length` bytes.
/// True if it needs more to know whether the API rejected the token; false once it knows, and for NULL.
/// It keeps nothing of it.
#[unsafe(no_mangle)]
pub extern "C" fn seekauth_auth_flow_feed(
    auth_flow: Option<&mut AuthFlow>,
    data: Bytes<'_>,
    length: usize,
) -> bool {
    catch_panic(false, || {
        let inspection = auth_flow.and_then(|auth_flow| auth_flow.inspection.as_mut());
        let chunk = data.read("data", length).unwrap_or_default();
        inspection.is_some_and(|inspection| inspection.feed(chunk).is_rejected().is_none())
    })
}

/// Whether the API rejected the token. Ask when seekauth_auth_flow_feed has returned false or the body
/// has ended: later chunks change nothing. False if no response was inspected, and for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn seekauth_auth_flow_rejected(auth_flow: Option<&mut AuthFlow>) -> bool {
    catch_panic(false, || {
        let inspection = auth_flow.and_then(|auth_flow| auth_flow.inspection.as_mut());
        inspection.is_some_and(|inspection| inspection.finish().is_rejected() == Some(true))
    })
}

/// Prepares the second attempt after the API rejected the token. If this succeeds, send the identical
/// request once more, with the token that seekauth_auth_flow_get_token gives.
///
/// Fails with SEEKAUTH_TOKEN_REJECTED if there was a second attempt already, if the body cannot be sent
/// twice, if the API accepted the token for a request that was sent later, or if too many tokens were
/// rejected lately; and as the last renewal failed, while its pause lasts.
#[unsafe(no_mangle)]
#[must_use]
pub extern "C" fn seekauth_auth_flow_retry(auth_flow: Option<&mut AuthFlow>) -> Option<Box<Error>> {
    catch_error(|| required("auth_flow", auth_flow)?.inner.retry())
}

/// Frees a flow and every text it owns, wiping the memory that held the token. NULL is accepted.
#[unsafe(no_mangle)]
pub extern "C" fn seekauth_auth_flow_free(auth_flow: Option<Box<AuthFlow>>) {
    catch_panic((), || drop(auth_flow));
}
