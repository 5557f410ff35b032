//! Credentials from a function of the C program: called for each token request, on a thread where it
//! may block, with an object that takes what it found.

use std::error::Error as StdError;
use std::ffi::c_int;

use seekauth_core as core;

use crate::error::{Error, catch_error};
use crate::pointer::{Text, UserData, required};
use crate::thread_sanitizer;
use crate::user_data::OwnedUserData;

/// Takes the credentials that a seekauth_credentials_callback found. It belongs to the library and lives
/// until the callback returns.
#[derive(Debug, Default)]
pub struct Credentials(Option<core::Credentials>);

/// Finds the client id and secret to use now, hands them over with seekauth_credentials_set, and returns
/// 0. Any other number says that there are none at present.
///
/// It is called for each token request, never two calls at once for one client, on a thread of its own:
/// it may block for as long as `request_timeout_ms` says. It may use other clients; a call that waits for
/// a token of the client it serves would wait for itself. Signals are blocked on that thread, and a
/// program that it starts inherits that, unless it unblocks them before.
pub type CredentialsCallback =
    Option<extern "C" fn(user_data: UserData, credentials: &mut Credentials) -> c_int>;

/// Frees what a `user_data` points to.
pub type FreeCallback = Option<extern "C" fn(user_data: UserData)>;

/// Hands over credentials, within the callback that was asked for them. The texts are copied before this
/// returns; wipe your own when you need them no more. `client_secret_next`, which may be NULL, is the
/// other secret of a rotation, and is tried when the server refuses the first.
///
/// Fails with SEEKAUTH_INVALID_ARGUMENT for NULL and for text that is not UTF-8.
#[unsafe(no_mangle)]
#[must_use]
pub extern "C" fn seekauth_credentials_set(
    credentials: Option<&mut Credentials>,
    client_id: Text<'_>,
    client_secret: Text<'_>,
    client_secret_next: Text<'_>,
) -> Option<Box<Error>> {
    catch_error(|| {
        let credentials = required("credentials", credentials)?;
        let found = core::Credentials::new(
            client_id.read_required("client_id")?,
            client_secret.read_required("client_secret")?,
        );
        credentials.0 = Some(match client_secret_next.read("client_secret_next")? {
            Some(next) => found.next_secret(next),
            None => found,
        });
        Ok(())
    })
}

/// The function with what it is called with, which is freed when no call can come any more.
pub(crate) struct Provider {
    ask: extern "C" fn(UserData, &mut Credentials) -> c_int,
    user_data: OwnedUserData,
}

impl Provider {
    /// None without a function; `user_data` is then freed at once.
    pub(crate) fn new(
        callback: CredentialsCallback,
        user_data: UserData,
        free: FreeCallback,
    ) -> Option<Self> {
        let user_data = OwnedUserData::new(user_data, free);
        callback.map(|ask| Self { ask, user_data })
    }

    pub(crate) fn ask(&self) -> Result<core::Credentials, Box<dyn StdError + Send + Sync>> {
        let mut found = Credentials::default();
        thread_sanitizer::program_is_asked();
        if self.user_data.lend(|user_data| (self.ask)(user_data, &mut found)) != 0 {
            return Err("the callback found none".into());
        }
        Ok(found.0.ok_or_else(|| {
            core::Error::new(
                core::ErrorKind::CredentialsUnavailable,
                "the credentials callback returned 0 without calling seekauth_credentials_set",
            )
        })?)
    }
}
