//! The one `str` that a client hands out again and again while its token is fresh. It is guarded by
//! the lock of the Python object that holds it, which the caller of a method has anyway: the
//! interpreter lock, or on free-threaded builds the object's own. A mutex would cost as much as the
//! rest of the call.

use std::cell::UnsafeCell;
use std::mem;

use pyo3::prelude::*;
use pyo3::sync::critical_section::with_critical_section;
use pyo3::types::PyString;
use seekauth::Token;

use crate::client::Client;

/// The header value that was handed out last, and the generation of the token it was made of.
#[derive(Default)]
pub(crate) struct Header(UnsafeCell<Option<(u64, Py<PyString>)>>);

// SAFETY: the cell is reached only by the two functions below, through the client that holds it and
// inside that object's critical section. On builds with an interpreter lock, being attached, which a
// `Bound` proves, keeps all others out; on free-threaded builds the section locks the object. Python
// code would let others in, but none runs in either section: one counts a reference up, the other
// moves values, and what it replaces is dropped afterwards.
unsafe impl Sync for Header {}

impl Header {
    /// The header value of the token with this generation, if that is the one at hand.
    pub(crate) fn get<'py>(
        client: &Bound<'py, Client>,
        generation: u64,
    ) -> Option<Bound<'py, PyString>> {
        let cell = client.get().header().0.get();
        with_critical_section(client, || {
            // SAFETY: nobody else reaches the cell during the critical section, as said above, and
            // the reference ends with it.
            match unsafe { &*cell } {
                Some((made_of, value)) if *made_of == generation => {
                    Some(value.bind(client.py()).clone())
                }
                _ => None,
            }
        })
    }

    /// The header value of this token, kept for the next call.
    pub(crate) fn keep<'py>(client: &Bound<'py, Client>, token: &Token) -> Bound<'py, PyString> {
        let value = PyString::new(client.py(), token.authorization());
        let fresh = Some((token.generation(), value.clone().unbind()));
        let cell = client.get().header().0.get();
        // SAFETY: as above.
        let old = with_critical_section(client, || mem::replace(unsafe { &mut *cell }, fresh));
        drop(old);
        value
    }
}
