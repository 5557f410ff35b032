//! The core's rules of one authenticated request, for the adapters of the façade and for those that
//! users write themselves. Nothing is decided here. An exchange is a number to JavaScript, and what
//! is done with it a plain function: objects would cost more than all the rest.

use std::cell::RefCell;
use std::rc::Rc;

use napi::bindgen_prelude::{FromNapiValue, ToNapiValue, Unknown};
use napi::{Env, JsValue, ValueType};
use napi_derive::napi;
use seekauth::{Exchange, Inspection, Verdict, host};

use crate::error::{Outcome, type_error};
use crate::function::{Body, Function};
use crate::{number, settings};

/// True for a rejection, false for an answer that is the caller's, none while more of the body has
/// to be read.
type Rejected = Option<bool>;
type Operation<R, const N: usize> = Function<Exchanges, R, N>;

/// The exchanges of one client, each under a number that is free again after `release`.
pub struct Exchanges {
    client: host::Client,
    all: RefCell<Vec<Option<Entry>>>,
    vacant: RefCell<Vec<usize>>,
}

struct Entry {
    exchange: Exchange,
    /// The reading of the answer that came last.
    inspection: Option<Inspection>,
}

/// What can be done with exchanges.
#[napi(object, object_from_js = false)]
pub struct Operations {
    /// `(url, replayable)`: begins one and gives its number.
    pub open: Operation<Outcome<f64>, 2>,
    /// `(exchange, present)`: the headers to set besides `Authorization`, names and values in turn,
    /// each on a line. `present` names those that the request has, each on a line.
    pub headers: Operation<String, 2>,
    /// `(exchange, authorization)`: notes the header value that is about to be sent.
    pub admit: Operation<Outcome<()>, 2>,
    /// `(exchange, status, url)`: begins to read an answer.
    pub inspect: Operation<Rejected, 3>,
    /// `(exchange, piece)`: takes in the next piece of the answer's body.
    pub feed: Operation<Rejected, 2>,
    /// `(exchange)`: says that the answer's body has ended.
    pub finish: Operation<Rejected, 1>,
    /// `(exchange)`: takes note that the answer rejected the token.
    pub reject: Operation<Outcome<()>, 1>,
    /// `(exchange)`: lets it go. Its number means nothing any more.
    pub release: Operation<(), 1>,
}

impl Operations {
    pub(crate) fn new(client: host::Client) -> Self {
        let all = RefCell::default();
        let exchanges = Rc::new(Exchanges { client, all, vacant: RefCell::default() });
        Self {
            open: on(&exchanges, open),
            headers: on(&exchanges, headers),
            admit: on(&exchanges, admit),
            inspect: on(&exchanges, inspect),
            feed: on(&exchanges, feed),
            finish: on(&exchanges, finish),
            reject: on(&exchanges, reject),
            release: on(&exchanges, release),
        }
    }
}

fn on<R: ToNapiValue, const N: usize>(
    exchanges: &Rc<Exchanges>,
    body: Body<Exchanges, R, N>,
) -> Operation<R, N> {
    Function { state: Rc::clone(exchanges), body }
}

impl Exchanges {
    fn add(&self, exchange: Exchange) -> usize {
        let entry = Some(Entry { exchange, inspection: None });
        let mut all = self.all.borrow_mut();
        if let Some(index) = self.vacant.borrow_mut().pop() {
            all[index] = entry;
            return index;
        }
        all.push(entry);
        all.len() - 1
    }

    /// Does something with the exchange of this number.
    fn with<R>(
        &self,
        env: Env,
        index: &Unknown<'_>,
        work: impl FnOnce(&mut Entry) -> R,
    ) -> napi::Result<R> {
        let index = integer(env, index)?;
        match self.all.borrow_mut().get_mut(index as usize) {
            Some(Some(entry)) => Ok(work(entry)),
            _ => Err(napi::Error::from_reason("there is no such exchange")),
        }
    }
}

fn open(
    exchanges: &Exchanges,
    env: Env,
    [url, replayable]: [Unknown<'_>; 2],
) -> napi::Result<Outcome<f64>> {
    let url = settings::string(env, "url", &url)?;
    if replayable.get_type()? != ValueType::Boolean {
        return Err(type_error(env, "replayable must be true or false"));
    }
    // SAFETY: `replayable` was just seen to be a boolean of this environment.
    let replayable = unsafe { bool::from_napi_value(env.raw(), replayable.raw()) }?;
    Ok(Outcome::of(|| {
        let exchange = exchanges.client.exchange(&url, replayable)?;
        Ok(number(exchanges.add(exchange) as u64))
    }))
}

fn headers(
    exchanges: &Exchanges,
    env: Env,
    [index, present]: [Unknown<'_>; 2],
) -> napi::Result<String> {
    let present = settings::string(env, "present", &present)?;
    let present: Vec<&str> = present.lines().collect();
    exchanges.with(env, &index, |entry| {
        let headers = entry.exchange.headers(&present);
        let lines: Vec<&str> =
            headers.iter().flat_map(|(name, value)| [*name, value.as_str()]).collect();
        lines.join("\n")
    })
}

fn admit(
    exchanges: &Exchanges,
    env: Env,
    [index, authorization]: [Unknown<'_>; 2],
) -> napi::Result<Outcome<()>> {
    let authorization = settings::string(env, "authorization", &authorization)?;
    exchanges.with(env, &index, |entry| Outcome::of(|| entry.exchange.admit(&authorization)))
}

fn inspect(
    exchanges: &Exchanges,
    env: Env,
    [index, status, url]: [Unknown<'_>; 3],
) -> napi::Result<Rejected> {
    if status.get_type()? != ValueType::Number {
        return Err(type_error(env, "status must be a number"));
    }
    // A number that is no status means as little as one that nobody knows.
    let status = u16::try_from(integer(env, &status)?).unwrap_or_default();
    let url =
        if settings::is_absent(&url)? { None } else { Some(settings::string(env, "url", &url)?) };
    exchanges.with(env, &index, |entry| {
        let inspection = entry.exchange.inspect(status, url.as_deref());
        rejected(entry.inspection.insert(inspection).verdict())
    })
}

fn feed(
    exchanges: &Exchanges,
    env: Env,
    [index, piece]: [Unknown<'_>; 2],
) -> napi::Result<Rejected> {
    // SAFETY: the value is of this environment, and its kind is looked at first; the bytes are
    // borrowed for this call only, in which no JavaScript runs.
    let Ok(piece) = (unsafe { <&[u8]>::from_napi_value(env.raw(), piece.raw()) }) else {
        return Err(type_error(env, "piece must be a Uint8Array"));
    };
    exchanges.with(env, &index, |entry| {
        entry.inspection.as_mut().and_then(|inspection| rejected(inspection.feed(piece)))
    })
}

fn finish(exchanges: &Exchanges, env: Env, [index]: [Unknown<'_>; 1]) -> napi::Result<Rejected> {
    exchanges.with(env, &index, |entry| {
        entry.inspection.as_mut().and_then(|inspection| rejected(inspection.finish()))
    })
}

fn reject(exchanges: &Exchanges, env: Env, [index]: [Unknown<'_>; 1]) -> napi::Result<Outcome<()>> {
    exchanges.with(env, &index, |entry| Outcome::of(|| entry.exchange.reject()))
}

fn release(exchanges: &Exchanges, env: Env, [index]: [Unknown<'_>; 1]) -> napi::Result<()> {
    let index = integer(env, &index)? as usize;
    let entry = exchanges.all.borrow_mut().get_mut(index).and_then(Option::take);
    if entry.is_some() {
        exchanges.vacant.borrow_mut().push(index);
    }
    Ok(())
}

fn integer(env: Env, value: &Unknown<'_>) -> napi::Result<u32> {
    // SAFETY: the value is of this environment; one that is no number is an error.
    unsafe { u32::from_napi_value(env.raw(), value.raw()) }
}

fn rejected(verdict: Verdict) -> Rejected {
    match verdict {
        Verdict::Rejected => Some(true),
        Verdict::Accepted => Some(false),
        Verdict::Undecided => None,
    }
}
