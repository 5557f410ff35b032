//! Clients for a program's tests, as the façade drives them. What responds to their requests is JavaScript,
//! which is sent each of them as a client's function for credentials is.

use napi::bindgen_prelude::{Either6, Object, Uint8Array, Unknown};
use napi::{Env, JsValue, ValueType};
use napi_derive::napi;
use seekauth::testing::{self, Fake, Request, Response, token};
use seekauth::{Error, ErrorKind, blocking};
use std::time::Instant;
use tokio::sync::oneshot;

use crate::call::Completions;
use crate::client::NativeClient;
use crate::error::{Outcome, Refusal};
use crate::events::unix_milliseconds;
use crate::settings;
use crate::token::NativeToken;

/// A client for tests, and what drives it.
#[napi(object, object_from_js = false)]
pub struct NewFake {
    /// The client itself.
    pub client: NativeClient,
    /// Its other side.
    pub fake: NativeFake,
}

/// The other side of a client for tests, and of the handles made from it.
#[napi(js_name = "Fake")]
pub struct NativeFake {
    fake: Fake,
}

/// A client for tests with these options.
#[napi]
pub fn new_fake(env: Env, options: Unknown<'_>) -> Outcome<NewFake> {
    Outcome::of(|| {
        let mut fake = Fake::new();
        members(env, &options, &["token", "scopes", "lifetimeMs", "apiUrl"], |name, value| {
            let given = std::mem::take(&mut fake);
            fake = match name {
                "token" => given.token(settings::string(name, value)?),
                "scopes" => given.scopes(scopes(env, name, value)?),
                "lifetimeMs" => given.lifetime(settings::span(env, name, value)?),
                _ => given.api_url(settings::string(name, value)?),
            };
            Ok(())
        })?;
        let client = blocking::Client::fake(&fake)?.into();
        Ok(NewFake { client, fake: NativeFake { fake } })
    })
}

/// A token without a client.
#[napi]
pub fn new_token(env: Env, value: Unknown<'_>, options: Unknown<'_>) -> Outcome<NativeToken> {
    Outcome::of(|| {
        let (mut lifetime, mut granted) = (None, Vec::new());
        members(env, &options, &["lifetimeMs", "scopes"], |name, value| {
            match name {
                "lifetimeMs" => lifetime = settings::duration(env, name, value)?,
                _ => granted = scopes(env, name, value)?,
            }
            Ok(())
        })?;
        let token = token(settings::string("value", &value)?, lifetime, granted)?;
        Ok(NativeToken::new(token, Instant::now()))
    })
}

#[napi]
impl NativeFake {
    /// From now on requests for tokens fail with the kind of this name.
    #[napi]
    pub fn fail_with(&self, env: Env, code: Unknown<'_>, options: Unknown<'_>) -> Outcome<()> {
        Outcome::of(|| {
            let kind = ErrorKind::parse(&settings::string("code", &code)?)?;
            let mut retry_after = None;
            members(env, &options, &["retryAfterMs"], |name, value| {
                retry_after = settings::duration(env, name, value)?;
                Ok(())
            })?;
            self.fake.fail_with(kind, retry_after);
            Ok(())
        })
    }

    /// From now on requests for tokens succeed.
    #[napi]
    pub fn succeed(&self) {
        self.fake.succeed();
    }

    /// Lets so many milliseconds pass.
    #[napi]
    pub fn advance(&self, env: Env, ms: Unknown<'_>) -> Outcome<()> {
        Outcome::of(|| {
            self.fake.advance(settings::span(env, "ms", &ms)?);
            Ok(())
        })
    }

    /// Its time, in milliseconds since 1970.
    #[napi(getter)]
    pub fn now_ms(&self) -> f64 {
        unix_milliseconds(self.fake.now())
    }

    /// From now on requests to the API go to `completions` under this number.
    #[napi]
    pub fn respond(&self, completions: &Completions, number: f64) {
        let recipient = completions.recipient(number);
        self.fake.respond_with(move |request| {
            let (sender, response) = oneshot::channel();
            recipient.send(Either6::F(FakeRequest { request, sender: Some(sender) }));
            Box::pin(async move {
                // The end of the environment, or of the client, drops the request.
                let gone = || Error::new(ErrorKind::Cancelled, "nothing is there to respond");
                response.await.unwrap_or_else(|_| Err(gone()))
            })
        });
    }

    /// From now on there is no response to requests to the API.
    #[napi]
    pub fn clear_responses(&self) {
        self.fake.respond([]);
    }

    /// Notes a request that JavaScript responds to without being asked.
    #[napi]
    pub fn record(
        &self,
        method: String,
        url: String,
        headers: Vec<(String, String)>,
        body: &[u8],
    ) -> Outcome<()> {
        let request = Request { method, url, headers, body: body.to_vec(), timeout: None };
        self.fake.record(request).into()
    }

    /// What was asked so far.
    #[napi]
    pub fn journal(&self) -> Vec<JournalEntry> {
        self.fake.journal().into_iter().filter_map(JournalEntry::of).collect()
    }
}

/// One request: for a token with `scopes`, or to the API with a `method`.
#[napi(object, object_from_js = false)]
#[derive(Default)]
pub struct JournalEntry {
    /// The scopes that were asked for.
    pub scopes: Option<Vec<String>>,
    /// The code that it was made to fail with.
    pub failure: Option<&'static str>,
    /// `GET`, `POST` and so on.
    pub method: Option<String>,
    /// The whole address.
    pub url: Option<String>,
    /// Names and values.
    pub headers: Option<Vec<(String, String)>>,
    /// The body.
    pub body: Option<Uint8Array>,
}

impl JournalEntry {
    /// None for what JavaScript is not told of yet.
    fn of(asked: testing::JournalEntry) -> Option<Self> {
        Some(match asked {
            testing::JournalEntry::Token { scopes, failure } => Self {
                scopes: Some(scopes),
                failure: failure.map(ErrorKind::name),
                ..Self::default()
            },
            testing::JournalEntry::Api(request) => Self {
                method: Some(request.method),
                url: Some(request.url),
                headers: Some(request.headers),
                body: Some(request.body.into()),
                ..Self::default()
            },
            _ => return None,
        })
    }
}

/// A request to the API that JavaScript responds to. It fails when it is dropped.
#[napi]
pub struct FakeRequest {
    request: Request,
    sender: Option<oneshot::Sender<Result<Response, Error>>>,
}

#[napi]
impl FakeRequest {
    /// `GET`, `POST` and so on.
    #[napi(getter)]
    pub fn method(&self) -> &str {
        &self.request.method
    }

    /// The whole address.
    #[napi(getter)]
    pub fn url(&self) -> &str {
        &self.request.url
    }

    /// Names and values.
    #[napi(getter)]
    pub fn headers(&self) -> Vec<(String, String)> {
        self.request.headers.clone()
    }

    /// The body.
    #[napi(getter)]
    pub fn body(&self) -> Uint8Array {
        self.request.body.clone().into()
    }

    /// Responds.
    #[napi]
    pub fn provide(&mut self, status: u16, headers: Vec<(String, String)>, body: &[u8]) {
        let headers = headers.into_iter().map(|(name, value)| (name, value.into_bytes())).collect();
        self.end(Ok(Response { headers, ..Response::new(status, body.to_vec()) }));
    }

    /// Fails, with the kind of this name and with this pause if there are any: what a function threw.
    #[napi]
    pub fn fail(
        &mut self,
        env: Env,
        message: String,
        code: Option<String>,
        retry_after_ms: Unknown<'_>,
    ) {
        let kind = code.and_then(|code| ErrorKind::parse(&code).ok());
        let retry_after = settings::duration(env, "retryAfterMs", &retry_after_ms).ok().flatten();
        let error = Error::new(kind.unwrap_or(ErrorKind::InvalidArgument), message);
        self.end(Err(error.with_retry_after(retry_after)));
    }

    fn end(&mut self, result: Result<Response, Error>) {
        if let Some(sender) = self.sender.take() {
            // The receiver is gone where the call was given up.
            let _ = sender.send(result);
        }
    }
}

/// Scopes in one string or several.
fn scopes(env: Env, name: &str, value: &Unknown<'_>) -> Result<Vec<String>, Refusal> {
    match settings::text(value)? {
        Some(text) => Ok(text.split_ascii_whitespace().map(str::to_owned).collect()),
        None => settings::strings(env, name, value),
    }
}

/// Reads the members of `options`, of which there are those of `names`; `undefined` and `null` mean absent.
fn members(
    env: Env,
    options: &Unknown<'_>,
    names: &[&str],
    mut read: impl FnMut(&str, &Unknown<'_>) -> Result<(), Refusal>,
) -> Result<(), Refusal> {
    if settings::is_absent(options)? {
        return Ok(());
    }
    if options.get_type()? != ValueType::Object || options.is_array()? {
        let what = settings::name_of(options)?;
        return Err(Refusal::WrongType(format!("options must be an object, not {what}")));
    }
    let options = Object::from_raw(env.raw(), options.raw());
    for key in settings::own_keys(&options)? {
        if !names.contains(&&*key) {
            let names = names.join(", ");
            let message = format!("unknown option {key:?}; the options are {names}");
            return Err(Refusal::WrongType(message));
        }
        match options.get::<Unknown<'_>>(&key)? {
            Some(value) if !settings::is_absent(&value)? => read(&key, &value)?,
            _ => {}
        }
    }
    Ok(())
}
