//! Clients as C sees them: each entry point checks its pointers, asks the core's blocking client,
//! and writes the result where C wants it.

use std::ffi::CString;
use std::mem::MaybeUninit;
use std::sync::Arc;

use arc_swap::ArcSwapOption;
use seekauth_core::testing::Fake;
use seekauth_core::{Config, ErrorKind, blocking};

use crate::call::{self, Call};
use crate::cancellation::Uncancelled;
use crate::error::{Error, c_string, catch_error, catch_error_only};
use crate::event::EventListener;
use crate::panic::catch_panic;
use crate::pointer::{Buffer, OptionsPtr, Text, UserData, required};
use crate::settings::timeout;
use crate::thread_sanitizer;
use crate::token::Token;

/// Obtains, caches and renews tokens. Make one when the program starts and share it: any number of
/// threads may use it at once. Its maker frees it with seekauth_client_free.
#[derive(Debug)]
pub struct Client {
    inner: blocking::Client,
    api_url: Option<CString>,
    warnings: CString,
    /// Who plays its token endpoint and its API, if it is one for tests.
    fake: Option<Fake>,
    /// Without a lock, which a forked child might inherit in another thread's hands.
    event_listener: ArcSwapOption<EventListener>,
}

impl Client {
    /// A client of `fake`, or a real one.
    pub(crate) fn new(inner: blocking::Client, fake: Option<Fake>) -> Self {
        let api_url = inner.api_url().map(c_string);
        let warnings = c_string(&inner.warnings().join("\n"));
        Self { inner, api_url, warnings, fake, event_listener: ArcSwapOption::empty() }
    }

    /// Who plays its token endpoint and its API, if it is one for tests.
    pub(crate) fn fake(&self) -> Option<&Fake> {
        self.fake.as_ref()
    }

    /// The client that does the work.
    pub(crate) fn inner(&self) -> &blocking::Client {
        &self.inner
    }

    /// Sets who is told of events, in place of whoever was.
    pub(crate) fn set_event_listener(&self, listener: Option<EventListener>) {
        self.event_listener.store(listener.map(Arc::new));
    }
}

/// Receives the outcome of seekauth_client_get_token_async: NULL and a token, or an error and NULL.
/// The one that is not NULL belongs to the callback, which frees it.
pub type TokenCallback = Option<
    extern "C" fn(user_data: UserData, error: Option<Box<Error>>, token: Option<Box<Token>>),
>;

/// Receives the outcome of seekauth_client_authorization_async: NULL and the value of the
/// Authorization header, or an error and NULL. The error belongs to the callback, which frees it; the
/// text is lent until the callback returns.
pub type AuthorizationCallback =
    Option<extern "C" fn(user_data: UserData, error: Option<Box<Error>>, authorization: Text<'_>)>;

/// Makes a client. Checks every setting and starts nothing: no request, no thread.
///
/// Fails with SEEKAUTH_INVALID_ARGUMENT and a message that names the setting.
#[unsafe(no_mangle)]
#[must_use]
pub extern "C" fn seekauth_client_new(
    options: OptionsPtr<'_>,
    out: Option<&mut MaybeUninit<Option<Box<Client>>>>,
) -> Option<Box<Error>> {
    catch_error(|| {
        let config = options.read()?.config()?;
        let out = required("out", out)?;
        out.write(Some(Box::new(Client::new(blocking::Client::new(config)?, None))));
        Ok(())
    })
}

/// Makes a client from the environment variables SEEKAUTH_SERVICE, SEEKAUTH_ENVIRONMENT,
/// SEEKAUTH_CLIENT_ID, SEEKAUTH_CLIENT_SECRET, SEEKAUTH_USER_AGENT and so on, one for each setting;
/// durations there are in seconds. The environment must not be changed by another thread meanwhile.
///
/// Fails with SEEKAUTH_INVALID_ARGUMENT and a message that names the variable.
#[unsafe(no_mangle)]
#[must_use]
pub extern "C" fn seekauth_client_from_env(
    out: Option<&mut MaybeUninit<Option<Box<Client>>>>,
) -> Option<Box<Error>> {
    catch_error(|| {
        let out = required("out", out)?;
        out.write(Some(Box::new(Client::new(blocking::Client::new(Config::from_env()?)?, None))));
        Ok(())
    })
}

/// As seekauth_client_from_env, from variables whose names begin with `prefix` in place of SEEKAUTH_, for
/// a program with several clients: with "PASS_", the client id is in PASS_CLIENT_ID.
///
/// Fails as that, also with SEEKAUTH_INVALID_ARGUMENT for a prefix that does not end with an underscore, or
/// is not made of ASCII letters, digits and underscores.
#[unsafe(no_mangle)]
#[must_use]
pub extern "C" fn seekauth_client_from_env_with_prefix(
    prefix: Text<'_>,
    out: Option<&mut MaybeUninit<Option<Box<Client>>>>,
) -> Option<Box<Error>> {
    catch_error(|| {
        let config = Config::from_env_with_prefix(prefix.read_required("prefix")?)?;
        let out = required("out", out)?;
        out.write(Some(Box::new(Client::new(blocking::Client::new(config)?, None))));
        Ok(())
    })
}

/// Makes a client for other scopes, separated by spaces, that shares everything else with this one:
/// settings, cache and connections. It is cheap, is freed on its own, and may outlive this one.
///
/// Fails with SEEKAUTH_INVALID_ARGUMENT for scopes that the service does not take, and with
/// SEEKAUTH_CLOSED.
#[unsafe(no_mangle)]
#[must_use]
pub extern "C" fn seekauth_client_with_scopes(
    client: Option<&Client>,
    scopes: Text<'_>,
    out: Option<&mut MaybeUninit<Option<Box<Client>>>>,
) -> Option<Box<Error>> {
    catch_error(|| {
        let client = required("client", client)?;
        let scopes = scopes.read_required("scopes")?;
        let out = required("out", out)?;
        out.write(Some(Box::new(Client::new(
            client.inner.with_scope(scopes)?,
            client.fake.clone(),
        ))));
        Ok(())
    })
}

/// Copies the value of the Authorization header, "Bearer " and the token, into `buffer`, with a NUL
/// after it. While the token is fresh this is a copy and waits for nothing; otherwise it waits for a
/// token, for the time that the client's `timeout_ms` says.
///
/// `length`, which may be NULL, receives the length of the value without its NUL. If the value does
/// not fit, nothing is copied, the call fails with SEEKAUTH_INVALID_ARGUMENT, and `length` is
/// written all the same: `*length + 1` bytes are enough for this value. To ask for the size alone,
/// pass NULL and 0: that is no error. The next token may be longer, so a program that sizes its
/// buffer exactly has to be ready to do so again; 4096 bytes hold any token that usual servers accept.
///
/// Otherwise fails as seekauth_client_get_token does.
#[unsafe(no_mangle)]
#[must_use]
pub extern "C" fn seekauth_client_authorization(
    client: Option<&Client>,
    buffer: Buffer<'_>,
    capacity: usize,
    length: Option<&mut MaybeUninit<usize>>,
) -> Option<Box<Error>> {
    catch_error_only(|| {
        let client = &required("client", client)?.inner;
        let wanted = buffer.is_present(capacity)?;
        if !wanted && length.is_none() {
            return Err(invalid("buffer and length are both NULL; one of them has to be given"));
        }
        let copy = |token: &seekauth_core::Token| {
            let authorization = token.authorization();
            (authorization.len(), buffer.store(capacity, authorization) || !wanted)
        };
        let (needed, fits) = if let Some(copied) = client.with_fresh(copy) {
            copied
        } else {
            let _wait = Uncancelled::new();
            copy(&*call::wait(|| client.get_token(None))?)
        };
        if let Some(length) = length {
            length.write(needed);
        }
        if fits {
            Ok(())
        } else {
            Err(invalid(format!(
                "capacity is {capacity}; the value and its NUL need {} bytes",
                needed + 1
            )))
        }
    })
}

/// As seekauth_client_authorization, without waiting for it: `callback` receives the value.
///
/// Arguments and failures are those of seekauth_client_get_token_async.
#[unsafe(no_mangle)]
#[must_use]
pub extern "C" fn seekauth_client_authorization_async(
    client: Option<&Client>,
    timeout_ms: u64,
    callback: AuthorizationCallback,
    user_data: UserData,
    call: Option<&mut MaybeUninit<Option<Box<Call>>>>,
) -> Option<Box<Error>> {
    catch_error(|| {
        let client = required("client", client)?;
        let callback = required("callback", callback)?;
        let deliver = move |user_data, outcome| match outcome {
            Ok(token) => callback(user_data, None, Token::new(token).as_c_authorization()),
            Err(error) => callback(user_data, Some(Box::new(Error::new(error))), Text::as_c(None)),
        };
        start(client, timeout_ms, call, call::callback(user_data, deliver))
    })
}

/// Waits for a usable token, for at most `timeout_ms` milliseconds; 0 means as long as the client's
/// own `timeout_ms` says. If one is in the cache it waits for nothing.
///
/// Fails with SEEKAUTH_TIMEOUT when the time is up, SEEKAUTH_CLOSED or SEEKAUTH_CANCELLED when the
/// client is or was closed, and otherwise as the token request failed: SEEKAUTH_NETWORK,
/// SEEKAUTH_INVALID_CREDENTIALS, SEEKAUTH_NOT_GRANTED, SEEKAUTH_THROTTLED, SEEKAUTH_UNAVAILABLE or
/// SEEKAUTH_PROTOCOL.
#[unsafe(no_mangle)]
#[must_use]
pub extern "C" fn seekauth_client_get_token(
    client: Option<&Client>,
    timeout_ms: u64,
    out: Option<&mut MaybeUninit<Option<Box<Token>>>>,
) -> Option<Box<Error>> {
    catch_error(|| {
        let client = required("client", client)?;
        let out = required("out", out)?;
        let timeout = timeout(timeout_ms)?;
        let token = call::wait(|| client.inner.get_token(timeout))?;
        out.write(Some(Box::new(Token::new(token))));
        Ok(())
    })
}

/// As seekauth_client_get_token, without waiting for it: `callback` receives the outcome, with
/// `user_data` passed through.
///
/// If the call returns NULL, the callback runs exactly once: on a thread of the library, never inside
/// this call, possibly before this call has returned. If the call returns an error, it never runs.
/// `call`, which may be NULL, receives a handle to cancel the call by; the caller frees it.
///
/// The call itself fails with SEEKAUTH_INVALID_ARGUMENT, or with SEEKAUTH_UNAVAILABLE if the system
/// refuses the library its thread; what seekauth_client_get_token fails with goes to the callback.
#[unsafe(no_mangle)]
#[must_use]
pub extern "C" fn seekauth_client_get_token_async(
    client: Option<&Client>,
    timeout_ms: u64,
    callback: TokenCallback,
    user_data: UserData,
    call: Option<&mut MaybeUninit<Option<Box<Call>>>>,
) -> Option<Box<Error>> {
    catch_error(|| {
        let client = required("client", client)?;
        let callback = required("callback", callback)?;
        let deliver = move |user_data, outcome| deliver(callback, user_data, outcome);
        start(client, timeout_ms, call, call::callback(user_data, deliver))
    })
}

/// Runs the callback with the outcome.
pub(crate) fn deliver(
    callback: extern "C" fn(UserData, Option<Box<Error>>, Option<Box<Token>>),
    user_data: UserData,
    outcome: Result<Arc<seekauth_core::Token>, seekauth_core::Error>,
) {
    match outcome {
        Ok(token) => callback(user_data, None, Some(Box::new(Token::new(token)))),
        Err(error) => callback(user_data, Some(Box::new(Error::new(error))), None),
    }
}

/// Starts a call whose outcome goes to `done`, and gives C the handle to cancel it by.
fn start(
    client: &Client,
    timeout_ms: u64,
    call: Option<&mut MaybeUninit<Option<Box<Call>>>>,
    done: impl FnOnce(Result<Arc<seekauth_core::Token>, seekauth_core::Error>) + Send + 'static,
) -> Result<(), seekauth_core::Error> {
    Call::write_handle(client.inner.get_token_then(timeout(timeout_ms)?, done)?, call);
    Ok(())
}

/// The token in the cache, if it has not expired; otherwise `*out` is NULL. Never waits and never
/// fetches.
#[unsafe(no_mangle)]
#[must_use]
pub extern "C" fn seekauth_client_cached_token(
    client: Option<&Client>,
    out: Option<&mut MaybeUninit<Option<Box<Token>>>>,
) -> Option<Box<Error>> {
    catch_error(|| {
        let client = required("client", client)?;
        let out = required("out", out)?;
        out.write(client.inner.cached_token().map(|token| Box::new(Token::new(token))));
        Ok(())
    })
}

/// Says that an API rejected `token`: the token itself, or the whole header value that was sent. If it
/// is still the client's current token it is set aside, and `*invalidated`, which may be NULL, is true:
/// calls wait for a new one, and get this one again, until it expires, if renewing fails for a transient
/// reason. Otherwise nothing happens and `*invalidated` is false: a newer one has taken its place, it is
/// younger than two seconds, which servers may take to accept a new token everywhere, or tokens were
/// rejected so often lately that another new one would not help. A seekauth_auth_flow knows what to do in
/// each of these cases.
#[unsafe(no_mangle)]
#[must_use]
pub extern "C" fn seekauth_client_invalidate(
    client: Option<&Client>,
    token: Text<'_>,
    invalidated: Option<&mut MaybeUninit<bool>>,
) -> Option<Box<Error>> {
    catch_error(|| {
        let client = required("client", client)?;
        let was_current = client.inner.invalidate(token.read_required("token")?);
        if let Some(invalidated) = invalidated {
            invalidated.write(was_current);
        }
        Ok(())
    })
}

/// The address of the API that the client's tokens are for: the service's own, or the setting
/// `api_url`; NULL if there is none, and for NULL. The client owns the text.
#[unsafe(no_mangle)]
pub extern "C" fn seekauth_client_api_url(client: Option<&Client>) -> Text<'_> {
    Text::as_c(client.and_then(|client| client.api_url.as_deref()))
}

/// Warnings about the client's options, one line each, to be logged when the program starts: of files with
/// secrets that every user of the machine may read, and of environment variables that look like a misspelt
/// setting. "" if there are none, and for NULL. The client owns the text.
#[unsafe(no_mangle)]
pub extern "C" fn seekauth_client_warnings(client: Option<&Client>) -> Text<'_> {
    Text::as_c(Some(client.map_or(c"", |client| client.warnings.as_c_str())))
}

/// Closes the client: calls in flight end with SEEKAUTH_CANCELLED, later ones with SEEKAUTH_CLOSED.
/// Closing one from seekauth_client_new or seekauth_client_from_env also closes those made from it with
/// other scopes, and forgets all tokens. Closing again does nothing, and NULL is accepted. The client
/// still has to be freed.
#[unsafe(no_mangle)]
pub extern "C" fn seekauth_client_close(client: Option<&Client>) {
    catch_panic((), || {
        if let Some(client) = client {
            client.inner.close();
        }
    });
}

/// Waits until every callback of the client's asynchronous calls has returned, for at most `timeout_ms`
/// milliseconds; 0 means as long as the client's own `timeout_ms` says. Those of one from
/// seekauth_client_new or seekauth_client_from_env include those of the clients made from it with other
/// scopes; those of such a client are its own. Nothing is cancelled: to end quickly, close the client first.
/// Callbacks for events have been told by then of all that happened before.
///
/// Fails with SEEKAUTH_TIMEOUT if a callback has not returned by then, and with SEEKAUTH_INVALID_ARGUMENT in
/// a callback, which cannot wait for itself.
#[unsafe(no_mangle)]
#[must_use]
pub extern "C" fn seekauth_client_drain(
    client: Option<&Client>,
    timeout_ms: u64,
) -> Option<Box<Error>> {
    catch_error(|| {
        required("client", client)?.inner.drain(timeout(timeout_ms)?)?;
        thread_sanitizer::callbacks_have_returned();
        Ok(())
    })
}

/// Frees the client. What is in flight on it is cancelled, and each callback still runs, possibly
/// after this call has returned, with SEEKAUTH_CANCELLED. No other call may be using the client.
/// NULL is accepted.
#[unsafe(no_mangle)]
pub extern "C" fn seekauth_client_free(client: Option<Box<Client>>) {
    catch_panic((), || {
        if let Some(client) = client {
            client.inner.release();
        }
    });
}

/// As seekauth_client_free, and returns when every callback of the client's own calls has returned, and its
/// callback for events, however long they take; what they use may go then. In a callback, which cannot wait
/// for itself, it waits for none. NULL is accepted.
#[unsafe(no_mangle)]
pub extern "C" fn seekauth_client_free_and_wait(client: Option<Box<Client>>) {
    catch_panic((), || {
        if let Some(client) = client {
            client.set_event_listener(None);
            client.inner.release_and_wait();
            thread_sanitizer::callbacks_have_returned();
        }
    });
}

fn invalid(message: impl Into<String>) -> seekauth_core::Error {
    seekauth_core::Error::new(ErrorKind::InvalidArgument, message)
}
