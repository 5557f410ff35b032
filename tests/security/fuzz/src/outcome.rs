//! What a C program may rely on in everything that it is handed, checked from all sides, and the
//! count of callbacks that have yet to run.
#![expect(clippy::not_unsafe_ptr_arg_deref, reason = "as in C, the caller answers for the pointer")]

use std::ffi::{CStr, CString, c_char};
use std::sync::{Condvar, Mutex, MutexGuard};
use std::time::Duration;

use crate::SECRET;
use crate::c::*;
use crate::issuer;

/// A call that outlasts this is lost.
const LONG: Duration = Duration::from_secs(60);

/// Calls whose callback has not run yet.
pub struct Calls {
    open: Mutex<usize>,
    ended: Condvar,
}

impl Calls {
    /// None so far.
    #[must_use]
    pub const fn none() -> Self {
        Self { open: Mutex::new(0), ended: Condvar::new() }
    }

    /// One is about to be made.
    pub fn begin(&self) {
        *self.open() += 1;
    }

    /// Its callback has run, or never will because the call failed.
    ///
    /// # Panics
    ///
    /// When it ran twice.
    pub fn end(&self) {
        let mut open = self.open();
        *open = open.checked_sub(1).expect("a callback ran twice");
        self.ended.notify_all();
    }

    /// Waits until all have run.
    ///
    /// # Panics
    ///
    /// When one never does.
    pub fn wait(&self) {
        let waited = self.ended.wait_timeout_while(self.open(), LONG, |open| *open > 0);
        assert_eq!(*waited.expect("nobody panics").0, 0, "callbacks that never ran");
    }

    fn open(&self) -> MutexGuard<'_, usize> {
        self.open.lock().expect("nobody panics")
    }
}

/// Looks at an error from all sides; its code, or `None` for NULL.
///
/// # Panics
///
/// When something about it is not as the header says.
pub fn check_error(error: Handle) -> Option<i32> {
    if error.is_null() {
        return None;
    }
    // SAFETY: it has not been freed.
    let code = unsafe {
        check_text(seekauth_error_server_code(error));
        check_text(seekauth_error_target(error));
        check_text(seekauth_error_request_id(error));
        check_text(seekauth_error_server_message(error));
        check_text(seekauth_error_server_path(error));
        let message = check_text(seekauth_error_message(error)).expect("a message");
        assert!(!message.is_empty() && !message.contains(char::is_control), "{message:?}");
        let code = seekauth_error_code(error);
        let name = check_text(seekauth_error_name(error));
        assert_eq!(name, check_text(seekauth_error_code_name(code)));
        assert!(check_text(seekauth_error_code_meaning(code)).is_some());
        assert!(seekauth_error_retry_after_ms(error) >= -1);
        let _ = (seekauth_error_retryable(error), seekauth_error_status(error));
        code
    };
    assert!(code != 0 && code != 99, "{code}");
    Some(code)
}

/// Looks at a token of the issuer's from all sides.
///
/// # Panics
///
/// When something about it is not as the header says.
pub fn check_token(token: Handle) {
    // SAFETY: it has not been freed.
    unsafe {
        assert_eq!(check_text(seekauth_token_value(token)), Some(issuer::TOKEN.to_owned()));
        assert!(check_text(seekauth_token_authorization(token)).is_some());
        assert!(seekauth_token_expires_at_ms(token) > 0);
        assert!(seekauth_token_remaining_ms(token) <= 3_600_000);
        let count = seekauth_token_scope_count(token);
        for index in 0..count {
            assert!(check_text(seekauth_token_scope(token, index)).is_some());
        }
        assert!(seekauth_token_scope(token, count).is_null());
    }
}

/// Reads a text to its end, and looks for the secret that seeds have as theirs.
///
/// # Panics
///
/// When it is there, or the text is not UTF-8.
pub fn check_text(text: *const c_char) -> Option<String> {
    if text.is_null() {
        return None;
    }
    // SAFETY: what the library hands out ends with a NUL and is still there.
    let text = unsafe { CStr::from_ptr(text) }.to_str().expect("UTF-8").to_owned();
    assert!(!text.contains(SECRET), "{text}");
    Some(text)
}

/// A text of its own length, up to the first NUL.
///
/// # Panics
///
/// Never.
#[must_use]
pub fn text(bytes: &[u8]) -> CString {
    let bytes = bytes.split(|byte| *byte == 0).next().unwrap_or_default();
    CString::new(bytes).expect("it has no NUL")
}
