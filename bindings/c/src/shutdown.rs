//! The end of the library in a process that goes on.

use seekauth_core::blocking;

use crate::error::{Error, catch_error};
use crate::settings::timeout;
use crate::thread_sanitizer;

/// Ends the library's threads and connections, and waits until nothing of it runs any more, for at most
/// `timeout_ms` milliseconds; 0 means 30 seconds. Calls under way end with SEEKAUTH_CANCELLED, and so do
/// those that begin meanwhile; every callback has returned when this has.
///
/// Call it before dlclose(), and at the end of a program that is searched for leaks or unjoined threads; no
/// other needs it. Objects may be freed before or after it. The library may be used again afterwards: the
/// first call that waits starts anew, and clients still have their tokens. A forked child ends what is its own.
///
/// Fails with SEEKAUTH_TIMEOUT if a callback, the look-up of a name, or something that finds credentials still
/// runs when the time is up; a later call goes on waiting for it. Fails with SEEKAUTH_INVALID_ARGUMENT in a
/// callback.
#[unsafe(no_mangle)]
#[must_use]
pub extern "C" fn seekauth_shutdown(timeout_ms: u64) -> Option<Box<Error>> {
    catch_error(|| {
        blocking::shutdown(timeout(timeout_ms)?)?;
        thread_sanitizer::callbacks_have_returned();
        Ok(())
    })
}
