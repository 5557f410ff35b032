//! Clients for tests, which never touch the network, and what a test does to them. The core plays the token
//! endpoint and the API; what a test may do is done to the client itself, of which it has the pointer.

use std::mem::MaybeUninit;
use std::time::{Duration, SystemTime};

use seekauth_core::testing::Fake;
use seekauth_core::{Error as Failure, ErrorKind, blocking};

use crate::client::Client;
use crate::error::{Error, catch_error};
use crate::pointer::{FakeOptionsPtr, Text, required};

/// What a client for tests is to be like. Start from SEEKAUTH_FAKE_OPTIONS_INIT and set the fields you need;
/// NULL or 0 in a field means the default. Every text is borrowed for the call that takes the options.
#[repr(C)]
#[derive(Debug, Clone, Copy, Default)]
pub struct FakeOptions<'a> {
    /// sizeof(seekauth_fake_options), which is how the library knows the header you compiled with.
    pub struct_size: usize,
    /// The value of the first token, visible ASCII; the ones after it end in "-2", "-3" and so on. Default:
    /// fake-token.
    pub token: Text<'a>,
    /// The scopes to ask for, separated by single spaces: the client is one of SEEK Pass then, and each token
    /// is granted what is asked for. Default: a client of the SEEK API, whose tokens have none.
    pub scopes: Text<'a>,
    /// How long each token lives. In milliseconds. Default: half an hour.
    pub lifetime_ms: u64,
    /// What seekauth_client_api_url returns: a URL on this machine. Default: one where nobody listens.
    pub api_url: Text<'a>,
}

impl FakeOptions<'_> {
    /// The other side of the client to be made.
    fn fake(&self) -> Result<Fake, Failure> {
        let mut fake = Fake::new();
        if let Some(token) = self.token.read("token")? {
            fake = fake.token(token);
        }
        if let Some(scopes) = self.scopes.read("scopes")? {
            fake = fake.scopes(scopes.split_ascii_whitespace());
        }
        if self.lifetime_ms != 0 {
            fake = fake.lifetime(span("lifetime_ms", self.lifetime_ms)?);
        }
        if let Some(url) = self.api_url.read("api_url")? {
            fake = fake.api_url(url);
        }
        Ok(fake)
    }
}

/// A length of time. What is negative in a caller's signed numbers is none.
fn span(name: &str, milliseconds: u64) -> Result<Duration, Failure> {
    if i64::try_from(milliseconds).is_err() {
        return Err(invalid(format!("{name} is {milliseconds}; no time is that long")));
    }
    Ok(Duration::from_millis(milliseconds))
}

/// The other side of `client`. Fails unless it is one for tests.
pub(crate) fn fake_of(client: Option<&Client>) -> Result<&Fake, Failure> {
    required("client", client)?.fake().ok_or_else(|| {
        invalid(
            "the client is a real one; only one from seekauth_client_fake can be told what to do",
        )
    })
}

/// Makes a client for tests. It is a real one, with its cache, renewals and retries, but token endpoint and API
/// are played: it never connects to anything, its tokens go to addresses of this machine only, and its time
/// stands still until seekauth_fake_advance moves it (only the pauses between failed attempts pass by
/// themselves). Every function that takes a client takes this one; those whose names begin with seekauth_fake_
/// take it, and the clients made from it with other scopes, and no others. It is freed as all clients are.
///
/// Tokens, errors and responses that a test needs by themselves come from such a client.
///
/// Fails with SEEKAUTH_INVALID_ARGUMENT for a token or scopes that are none, and for an `api_url` that is not
/// on this machine.
#[unsafe(no_mangle)]
#[must_use]
pub extern "C" fn seekauth_client_fake(
    options: FakeOptionsPtr<'_>,
    out: Option<&mut MaybeUninit<Option<Box<Client>>>>,
) -> Option<Box<Error>> {
    catch_error(|| {
        let fake = options.read()?.fake()?;
        let out = required("out", out)?;
        out.write(Some(Box::new(Client::new(blocking::Client::fake(&fake)?, Some(fake)))));
        Ok(())
    })
}

/// Whether the client is one for tests, from seekauth_client_fake or made from such a one; false for NULL. A
/// program may refuse to start in production with one.
#[unsafe(no_mangle)]
pub extern "C" fn seekauth_client_is_fake(client: Option<&Client>) -> bool {
    client.is_some_and(|client| client.fake().is_some())
}

/// From now on requests for tokens fail with this code, such as SEEKAUTH_UNAVAILABLE, and with a pause of
/// `retry_after_ms` milliseconds, or -1 for none, as seekauth_error_retry_after_ms has it. A token that is still
/// good is served meanwhile, as in production.
///
/// Fails with SEEKAUTH_INVALID_ARGUMENT for a number that is no error's code, and for a client that is no fake.
#[unsafe(no_mangle)]
#[must_use]
pub extern "C" fn seekauth_fake_fail_with(
    client: Option<&Client>,
    code: i32,
    retry_after_ms: i64,
) -> Option<Box<Error>> {
    catch_error(|| {
        let retry_after = u64::try_from(retry_after_ms).ok().map(Duration::from_millis);
        fake_of(client)?.fail_with(kind(code)?, retry_after);
        Ok(())
    })
}

/// The kind of error that has this code.
pub(crate) fn kind(code: i32) -> Result<ErrorKind, Failure> {
    let unknown = || invalid(format!("code is {code}; it has to be that of an error"));
    ErrorKind::from_code(code).ok_or_else(unknown)
}

/// From now on requests for tokens succeed.
///
/// Fails with SEEKAUTH_INVALID_ARGUMENT for a client that is no fake.
#[unsafe(no_mangle)]
#[must_use]
pub extern "C" fn seekauth_fake_succeed(client: Option<&Client>) -> Option<Box<Error>> {
    catch_error(|| {
        fake_of(client)?.succeed();
        Ok(())
    })
}

/// Lets so many milliseconds pass for the client: its tokens age, pauses end.
///
/// Fails with SEEKAUTH_INVALID_ARGUMENT for a client that is no fake.
#[unsafe(no_mangle)]
#[must_use]
pub extern "C" fn seekauth_fake_advance(
    client: Option<&Client>,
    span_ms: u64,
) -> Option<Box<Error>> {
    catch_error(|| {
        fake_of(client)?.advance(span("span_ms", span_ms)?);
        Ok(())
    })
}

/// The time of the client, in milliseconds since 1970-01-01 00:00 UTC; 0 for NULL and for one that is no fake.
#[unsafe(no_mangle)]
pub extern "C" fn seekauth_fake_now_ms(client: Option<&Client>) -> u64 {
    let now = client.and_then(Client::fake).map_or(SystemTime::UNIX_EPOCH, Fake::now);
    let time = now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

pub(crate) fn invalid(message: impl Into<String>) -> Failure {
    Failure::new(ErrorKind::InvalidArgument, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_padding_hides_a_field() {
        let fields = 3 * size_of::<Text>() + size_of::<usize>() + size_of::<u64>();
        assert_eq!(size_of::<FakeOptions>(), fields);
    }
}
