//! The core's rules of one authenticated request, for the façade's adapters and for those of users.
//! Nothing is decided here. To JavaScript an auth flow is a number, and its methods are plain
//! functions: objects would cost more than all the rest.

use std::cell::RefCell;
use std::rc::Rc;

use napi::bindgen_prelude::{FromNapiValue, ToNapiValue, Unknown};
use napi::{Env, JsValue, ValueType, sys};
use napi_derive::napi;
use seekauth::{AuthFlow, Inspection, blocking};
use slab::Slab;

use crate::call::{self, Completion, Completions, NativeCancelHandle};
use crate::error::{Outcome, Refusal};
use crate::function::{Callback, Function, value_or_throw};
use crate::settings;

/// True for a rejection, false for a response that is the caller's, none while more of the body has
/// to be read.
type Rejected = Option<bool>;
type Body<R, const N: usize> = fn(&AuthFlows, Env, [Unknown<'_>; N]) -> Result<R, Refusal>;

/// The auth flows of one client, each under a number that is free again after `release`.
pub struct AuthFlows {
    client: blocking::Client,
    completions: Completions,
    all: RefCell<Slab<Entry>>,
}

struct Entry {
    flow: AuthFlow,
    /// The reading of the response that came last.
    inspection: Option<Inspection>,
}

/// A function on the auth flows of one client.
pub struct OnFlows<R, const N: usize> {
    flows: Rc<AuthFlows>,
    body: Body<R, N>,
}

impl<R: ToNapiValue + 'static, const N: usize> Callback<N> for OnFlows<R, N> {
    fn call(&self, env: Env, arguments: [Unknown<'_>; N]) -> sys::napi_value {
        value_or_throw(env, Outcome::of(|| (self.body)(&self.flows, env, arguments)))
    }
}

/// A method of an auth flow.
pub type Method<R, const N: usize> = Function<OnFlows<R, N>, N>;

/// What can be done with auth flows.
#[napi(object, object_from_js = false)]
pub struct Methods {
    /// `(url, replayable)`: opens one and gives its number.
    pub open: Method<f64, 2>,
    /// `(flow, present)`: the headers to set besides `Authorization`, names and values in turn,
    /// each on a line. `present` names those that the request has, each on a line.
    pub headers: Method<String, 2>,
    /// `(flow)`: the id of its request.
    pub request_id: Method<Option<String>, 1>,
    /// `(flow, value)`: takes note of the id that its request has already.
    pub set_request_id: Method<(), 2>,
    /// `(flow, host)`: refuses a `Host` header of the request that names another host than the API's.
    pub check_host: Method<(), 2>,
    /// `(flow, timeoutMs, spentMs, call)`: asks for the token of the next attempt, as the
    /// client's `get_token` does for any token.
    pub get_token: Method<NativeCancelHandle, 4>,
    /// `(flow, authorization)`: notes the header value that is about to be sent.
    pub attempt: Method<(), 2>,
    /// `(flow, status, url)`: begins to read a response.
    pub inspect: Method<Rejected, 3>,
    /// `(flow, chunk)`: takes in the next chunk of the response's body.
    pub feed: Method<Rejected, 2>,
    /// `(flow)`: says that the response's body has ended.
    pub finish: Method<Rejected, 1>,
    /// `(flow)`: takes note that the response rejected the token.
    pub retry: Method<(), 1>,
    /// `(flow)`: frees it. Its number means nothing any more.
    pub release: Method<(), 1>,
}

impl Methods {
    pub(crate) fn new(client: blocking::Client, completions: Completions) -> Self {
        let flows = Rc::new(AuthFlows { client, completions, all: RefCell::default() });
        Self {
            open: on(&flows, open),
            headers: on(&flows, headers),
            request_id: on(&flows, request_id),
            set_request_id: on(&flows, set_request_id),
            check_host: on(&flows, check_host),
            get_token: on(&flows, get_token),
            attempt: on(&flows, attempt),
            inspect: on(&flows, inspect),
            feed: on(&flows, feed),
            finish: on(&flows, finish),
            retry: on(&flows, retry),
            release: on(&flows, release),
        }
    }
}

fn on<R, const N: usize>(flows: &Rc<AuthFlows>, body: Body<R, N>) -> Method<R, N> {
    Function(OnFlows { flows: Rc::clone(flows), body })
}

impl AuthFlows {
    /// Does something with the auth flow of this number.
    fn with<R>(
        &self,
        env: Env,
        index: &Unknown<'_>,
        work: impl FnOnce(&mut Entry) -> R,
    ) -> Result<R, Refusal> {
        let index = integer(env, index)?;
        match self.all.borrow_mut().get_mut(index as usize) {
            Some(entry) => Ok(work(entry)),
            None => Err(napi::Error::from_reason("there is no such auth flow").into()),
        }
    }
}

fn open(flows: &AuthFlows, env: Env, [url, replayable]: [Unknown<'_>; 2]) -> Result<f64, Refusal> {
    let url = settings::string("url", &url)?;
    if replayable.get_type()? != ValueType::Boolean {
        return Err(Refusal::WrongType("replayable must be true or false".to_owned()));
    }
    // SAFETY: `replayable` was just seen to be a boolean of this environment.
    let replayable = unsafe { bool::from_napi_value(env.raw(), replayable.raw()) }?;
    let flow = flows.client.auth_flow(&url, replayable)?;
    let index = flows.all.borrow_mut().insert(Entry { flow, inspection: None });
    Ok(crate::number(index as u64))
}

fn headers(
    flows: &AuthFlows,
    env: Env,
    [index, present]: [Unknown<'_>; 2],
) -> Result<String, Refusal> {
    let present = settings::string("present", &present)?;
    let present: Vec<&str> = present.lines().collect();
    flows.with(env, &index, |entry| {
        let headers = entry.flow.headers(&present);
        let lines: Vec<&str> =
            headers.iter().flat_map(|(name, value)| [*name, value.as_str()]).collect();
        lines.join("\n")
    })
}

fn request_id(
    flows: &AuthFlows,
    env: Env,
    [index]: [Unknown<'_>; 1],
) -> Result<Option<String>, Refusal> {
    flows.with(env, &index, |entry| entry.flow.request_id().map(str::to_owned))
}

fn set_request_id(
    flows: &AuthFlows,
    env: Env,
    [index, value]: [Unknown<'_>; 2],
) -> Result<(), Refusal> {
    let value = settings::string("requestId", &value)?;
    flows.with(env, &index, |entry| entry.flow.set_request_id(&value))
}

fn check_host(flows: &AuthFlows, env: Env, [index, host]: [Unknown<'_>; 2]) -> Result<(), Refusal> {
    let host = settings::string("host", &host)?;
    Ok(flows.with(env, &index, |entry| entry.flow.check_host(&host))??)
}

fn get_token(
    flows: &AuthFlows,
    env: Env,
    [index, timeout_ms, spent_ms, call]: [Unknown<'_>; 4],
) -> Result<NativeCancelHandle, Refusal> {
    let timeout = settings::duration(env, "timeoutMs", &timeout_ms)?;
    let (spent_ms, call) = (number(env, &spent_ms)?, number(env, &call)?);
    flows.with(env, &index, |entry| {
        let done = Completion::new(env, &flows.completions, call)?.of_token();
        let timeout = call::time_left(&flows.client, timeout, spent_ms);
        Ok(flows.client.get_token_for_then(&entry.flow, timeout, done)?.into())
    })?
}

fn attempt(
    flows: &AuthFlows,
    env: Env,
    [index, authorization]: [Unknown<'_>; 2],
) -> Result<(), Refusal> {
    let authorization = settings::string("authorization", &authorization)?;
    Ok(flows.with(env, &index, |entry| entry.flow.attempt(&authorization))??)
}

fn inspect(
    flows: &AuthFlows,
    env: Env,
    [index, status, url]: [Unknown<'_>; 3],
) -> Result<Rejected, Refusal> {
    if status.get_type()? != ValueType::Number {
        return Err(Refusal::WrongType("status must be a number".to_owned()));
    }
    // A number that is no status counts as a status that is not known.
    let status = u16::try_from(integer(env, &status)?).unwrap_or_default();
    let url = if settings::is_absent(&url)? { None } else { Some(settings::string("url", &url)?) };
    flows.with(env, &index, |entry| {
        let inspection = entry.flow.inspect(status, url.as_deref());
        entry.inspection.insert(inspection).verdict().is_rejected()
    })
}

fn feed(
    flows: &AuthFlows,
    env: Env,
    [index, chunk]: [Unknown<'_>; 2],
) -> Result<Rejected, Refusal> {
    // SAFETY: the value is of this environment, and its kind is looked at first; the bytes are
    // borrowed for this call only, in which no JavaScript runs.
    let Ok(chunk) = (unsafe { <&[u8]>::from_napi_value(env.raw(), chunk.raw()) }) else {
        return Err(Refusal::WrongType("chunk must be a Uint8Array".to_owned()));
    };
    flows.with(env, &index, |entry| {
        entry.inspection.as_mut().and_then(|inspection| inspection.feed(chunk).is_rejected())
    })
}

fn finish(flows: &AuthFlows, env: Env, [index]: [Unknown<'_>; 1]) -> Result<Rejected, Refusal> {
    flows.with(env, &index, |entry| {
        entry.inspection.as_mut().and_then(|inspection| inspection.finish().is_rejected())
    })
}

fn retry(flows: &AuthFlows, env: Env, [index]: [Unknown<'_>; 1]) -> Result<(), Refusal> {
    Ok(flows.with(env, &index, |entry| entry.flow.retry())??)
}

fn release(flows: &AuthFlows, env: Env, [index]: [Unknown<'_>; 1]) -> Result<(), Refusal> {
    let index = integer(env, &index)? as usize;
    flows.all.borrow_mut().try_remove(index);
    Ok(())
}

fn number(env: Env, value: &Unknown<'_>) -> napi::Result<f64> {
    // SAFETY: the value is of this environment; one that is no number is an error.
    unsafe { f64::from_napi_value(env.raw(), value.raw()) }
}

fn integer(env: Env, value: &Unknown<'_>) -> napi::Result<u32> {
    // SAFETY: the value is of this environment; one that is no number is an error.
    unsafe { u32::from_napi_value(env.raw(), value.raw()) }
}
