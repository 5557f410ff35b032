//! Completions of calls, requests for credentials and events, on their way from the library's threads to
//! JavaScript: through one threadsafe function, because one for each call costs more than the call.
//! It is there while a call waits, a client may ask for credentials or somebody listens, and JavaScript is
//! held through it only while a call waits: a module registry or context that is thrown away can be collected, and
//! a program that has done with its clients has no handle open. The environment may end first, with a
//! worker or the process; what arrives after that is dropped.

use std::cell::{Cell, RefCell};
use std::ptr;
use std::rc::Rc;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};

use napi::bindgen_prelude::{Either6, FnArgs, Function};
use napi::threadsafe_function::{ThreadsafeFunction, ThreadsafeFunctionCallMode};
use napi::{Env, Status, sys};
use napi_derive::napi;
use seekauth::{Error, ErrorKind, Token, blocking};

use crate::authorities::AuthoritiesRequest;
use crate::credentials::CredentialsRequest;
use crate::error::Outcome;
use crate::events::{EVENTS, Handover, Handovers, NativeEvent};
use crate::fake::FakeRequest;
use crate::graphql::NativeResponse;
use crate::token::NativeToken;
use crate::weak_function::WeakFunction;

/// What a call may give, or a request to JavaScript.
type Content = Either6<
    NativeToken,
    NativeResponse,
    CredentialsRequest,
    AuthoritiesRequest,
    Vec<NativeEvent>,
    FakeRequest,
>;

/// The number of a call and its outcome, or that of a function and the request to it.
type Arguments = FnArgs<(f64, Outcome<Content>)>;

/// What is on its way to JavaScript.
pub(crate) enum Message {
    /// The outcome of the call of this number.
    Outcome(f64, Result<Content, Error>),
    /// A request to the function of this number.
    Request(f64, Content),
    /// Events for all who listen.
    Events(Vec<NativeEvent>, Handover),
    /// What the last call sends after it, to see whether another one has begun since.
    Idle,
}

/// Not called with an error first, and weak: it does not keep the process alive by itself.
pub(crate) type Channel = ThreadsafeFunction<Message, (), (), Status, false, true>;
/// The channel that is there at present, if one is.
type Present = Arc<Mutex<Weak<Channel>>>;

/// Calls one JavaScript function for each call that has ended and each request to JavaScript.
#[napi]
#[derive(Clone)]
pub struct Completions {
    delivery: Rc<Delivery>,
}

#[napi]
impl Completions {
    /// Calls `settle` with the number of a call and its outcome, or the number of a function and a
    /// request. `settle` must not throw, and JavaScript has to hold it: here it is held only while a
    /// call waits.
    ///
    /// # Errors
    ///
    /// When the environment is about to end.
    #[napi(constructor)]
    #[allow(clippy::needless_pass_by_value, reason = "napi hands values over")]
    pub fn new(env: Env, settle: Function<'_, Arguments, ()>) -> napi::Result<Self> {
        Ok(Self {
            delivery: Rc::new(Delivery {
                settle: WeakFunction::new(env, &settle)?,
                channel: Arc::default(),
                kept: RefCell::default(),
                waiting: Cell::new(0),
                handovers: Handovers::default(),
            }),
        })
    }
}

impl Completions {
    /// The channel to JavaScript, which is there until its last owner drops it.
    pub(crate) fn open(&self, env: Env) -> napi::Result<Arc<Channel>> {
        Delivery::open(&self.delivery, env)
    }

    /// The batches of events that are on their way to JavaScript.
    pub(crate) fn handovers(&self) -> &Handovers {
        &self.delivery.handovers
    }

    /// What can send messages under this number while somebody has the channel open.
    pub(crate) fn recipient(&self, number: f64) -> Recipient {
        Recipient { channel: Arc::clone(&self.delivery.channel), number }
    }
}

/// The receiving end, on the thread of JavaScript.
struct Delivery {
    settle: WeakFunction<Arguments>,
    channel: Present,
    /// The channel, from the first call that waits to a moment after the last: programs that make one
    /// call after the other make them on one channel.
    kept: RefCell<Option<Arc<Channel>>>,
    /// How many calls wait. While any does, the event loop goes on and `settle` is kept.
    waiting: Cell<usize>,
    handovers: Handovers,
}

impl Delivery {
    fn open(this: &Rc<Self>, env: Env) -> napi::Result<Arc<Channel>> {
        if let Some(channel) = present(&this.channel) {
            return Ok(channel);
        }
        let delivery = Rc::clone(this);
        // Dropped with the channel, whose messages are leaked where the environment ends first.
        let end = this.handovers.end_on_drop();
        // The function of a channel is held by it, so it is one that leads nowhere.
        let nothing = env.create_function::<(), ()>("seekauth", nothing)?;
        let channel = nothing
            .build_threadsafe_function::<Message>()
            .callee_handled::<false>()
            .weak::<true>()
            .build_callback(move |context| {
                let _ = &end;
                delivery.deliver(context.env, context.value);
                Ok(())
            })?;
        let channel = Arc::new(channel);
        *this.channel.lock().unwrap_or_else(PoisonError::into_inner) = Arc::downgrade(&channel);
        Ok(channel)
    }

    /// One more call waits.
    fn begin(this: &Rc<Self>, env: Env) -> napi::Result<Arc<Channel>> {
        let channel = Self::open(this, env)?;
        if this.waiting.replace(this.waiting.get() + 1) == 0 {
            this.kept.replace(Some(Arc::clone(&channel)));
            this.settle.keep();
            ref_loop(env, &channel);
        }
        Ok(channel)
    }

    fn deliver(&self, env: Env, message: Message) {
        match message {
            Message::Outcome(call, outcome) => {
                let settle = self.settle.get(env);
                self.end(env);
                call_with(settle, call, outcome);
            }
            Message::Request(number, request) => {
                call_with(self.settle.get(env), number, Ok(request));
            }
            Message::Events(events, handover) => {
                call_with(self.settle.get(env), EVENTS, Ok(Either6::E(events)));
                drop(handover);
            }
            Message::Idle if self.waiting.get() == 0 => drop(self.kept.take()),
            Message::Idle => (),
        }
    }

    /// One call less waits.
    fn end(&self, env: Env) {
        self.waiting.set(self.waiting.get() - 1);
        if self.waiting.get() > 0 {
            return;
        }
        self.settle.release();
        if let Some(channel) = self.kept.borrow().as_deref() {
            unref_loop(env, channel);
            send(channel, Message::Idle);
        }
    }
}

/// Where `settle` is gone, so is everybody who could ask.
fn call_with(
    settle: Option<Function<'_, Arguments, ()>>,
    number: f64,
    content: Result<Content, Error>,
) {
    if let Some(settle) = settle {
        // It does not throw, unless the environment is about to end.
        let _ = settle.call((number, Outcome::from(content)).into());
    }
}

fn present(channel: &Present) -> Option<Arc<Channel>> {
    channel.lock().unwrap_or_else(PoisonError::into_inner).upgrade()
}

unsafe extern "C" fn nothing(_: sys::napi_env, _: sys::napi_callback_info) -> sys::napi_value {
    ptr::null_mut()
}

/// Keeps the event loop, and so the process, alive from now on.
fn ref_loop(env: Env, channel: &Channel) {
    channel.handle.with_read_aborted(|aborted| {
        if !aborted {
            // SAFETY: the function has not been finalized, and this is its environment's thread.
            unsafe { sys::napi_ref_threadsafe_function(env.raw(), channel.handle.get_raw()) };
        }
    });
}

/// Lets the event loop, and so the process, end.
fn unref_loop(env: Env, channel: &Channel) {
    channel.handle.with_read_aborted(|aborted| {
        if !aborted {
            // SAFETY: as in `ref_loop`.
            unsafe { sys::napi_unref_threadsafe_function(env.raw(), channel.handle.get_raw()) };
        }
    });
}

/// Sends a message, from any thread.
pub(crate) fn send(channel: &Channel, message: Message) {
    // Sending fails only where the environment has ended, and its callers with it.
    let _ = channel.call(message, ThreadsafeFunctionCallMode::NonBlocking);
}

/// What JavaScript knows under one number: a function for credentials, or the source of certificate
/// authorities. It can be sent requests from any thread.
pub(crate) struct Recipient {
    channel: Present,
    number: f64,
}

impl Recipient {
    /// A request that is sent while the channel is not open is dropped.
    pub(crate) fn send(&self, request: Content) {
        if let Some(channel) = present(&self.channel) {
            send(&channel, Message::Request(self.number, request));
        }
    }
}

/// The completion of one call. It arrives exactly once, also when the work that should have produced
/// a result was dropped: a caller who waits in vain would keep the process alive for ever.
pub(crate) struct Completion {
    channel: Option<Arc<Channel>>,
    call: f64,
}

impl Completion {
    /// From here on the call of this number waits.
    pub(crate) fn new(env: Env, completions: &Completions, call: f64) -> napi::Result<Self> {
        Ok(Self { channel: Some(Delivery::begin(&completions.delivery, env)?), call })
    }

    /// Sends the result, from any thread.
    pub(crate) fn complete(mut self, result: Result<Content, Error>) {
        self.send(result);
    }

    /// The same for a call that gives a token.
    pub(crate) fn of_token(self) -> impl FnOnce(Result<Arc<Token>, Error>) + Send + 'static {
        let asked = Instant::now();
        move |result| {
            self.complete(result.map(|token| Either6::A(NativeToken::new(token, asked))));
        }
    }

    fn send(&mut self, content: Result<Content, Error>) {
        if let Some(channel) = self.channel.take() {
            send(&channel, Message::Outcome(self.call, content));
        }
    }
}

impl Drop for Completion {
    fn drop(&mut self) {
        self.send(Err(Error::new(ErrorKind::Internal, "the call ended without a result")));
    }
}

/// Cancels one pending call. Dropping it changes nothing.
#[napi(js_name = "CancelHandle")]
pub struct NativeCancelHandle {
    handle: blocking::CancelHandle,
}

impl From<blocking::CancelHandle> for NativeCancelHandle {
    fn from(handle: blocking::CancelHandle) -> Self {
        Self { handle }
    }
}

#[napi]
impl NativeCancelHandle {
    /// Gives the call up; its outcome is then a failure. Does nothing to a call that has ended.
    #[napi]
    pub fn cancel(&self) {
        self.handle.cancel();
    }
}

/// The time that a call has left which has used `spent_ms` of it. A call that has used none may have
/// that of the client.
pub(crate) fn time_left(
    client: &blocking::Client,
    timeout: Option<Duration>,
    spent_ms: f64,
) -> Option<Duration> {
    if spent_ms <= 0.0 {
        return timeout;
    }
    let spent = Duration::try_from_secs_f64(spent_ms / 1_000.0).unwrap_or(Duration::MAX);
    Some(timeout.unwrap_or_else(|| client.timeout()).saturating_sub(spent))
}
