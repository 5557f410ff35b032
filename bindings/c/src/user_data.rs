//! What a callback that may be called more than once is called with, owned until no call of it can come any
//! more.

use crate::credentials::FreeCallback;
use crate::pointer::UserData;
use crate::thread_sanitizer::{self, Handover};

/// The program's function to free it with is called when this is dropped.
pub(crate) struct OwnedUserData {
    user_data: UserData,
    free: FreeCallback,
    handover: Handover,
}

impl OwnedUserData {
    pub(crate) fn new(user_data: UserData, free: FreeCallback) -> Self {
        let handover = Handover::new();
        handover.depart();
        Self { user_data, free, handover }
    }

    /// Calls a function of the program with it.
    pub(crate) fn lend<R>(&self, callback: impl FnOnce(UserData) -> R) -> R {
        self.handover.arrive();
        let returned = callback(self.user_data);
        self.handover.depart();
        thread_sanitizer::callback_returns();
        returned
    }
}

impl Drop for OwnedUserData {
    fn drop(&mut self) {
        if let Some(free) = self.free {
            self.handover.arrive();
            free(self.user_data);
            thread_sanitizer::callback_returns();
        }
    }
}
