//! What a fake client was asked, as C reads it.

use std::ffi::CString;
use std::mem::MaybeUninit;

use seekauth_core::ErrorKind;
use seekauth_core::testing::JournalEntry;

use crate::client::Client;
use crate::error::{Error, SEEKAUTH_OK, c_string, catch_error};
use crate::fake::fake_of;
use crate::fake_request::FakeRequest;
use crate::panic::catch_panic;
use crate::pointer::{Text, required};

/// What a client for tests was asked so far, in order: requests for tokens and requests to the API. Those that
/// an HTTP client of the program's own sends are not in it: that client's doubles see them. The receiver frees
/// it with seekauth_journal_free. It never changes, so any number of threads may read it at once, and it
/// outlives its client.
#[derive(Debug)]
pub struct Journal(Vec<Entry>);

#[derive(Debug)]
enum Entry {
    Token { scopes: CString, failure: Option<ErrorKind> },
    Api(FakeRequest),
}

impl Entry {
    fn new(asked: JournalEntry) -> Option<Self> {
        match asked {
            JournalEntry::Token { scopes, failure } => {
                Some(Self::Token { scopes: c_string(&scopes.join(" ")), failure })
            }
            JournalEntry::Api(request) => Some(Self::Api(request.into())),
            _ => None,
        }
    }
}

fn entry(journal: Option<&Journal>, index: usize) -> Option<&Entry> {
    journal.and_then(|journal| journal.0.get(index))
}

/// What `client`, and the clients that share with it (see seekauth_client_with_scopes), were asked so far.
///
/// Fails with SEEKAUTH_INVALID_ARGUMENT for a client that is no fake.
#[unsafe(no_mangle)]
#[must_use]
pub extern "C" fn seekauth_fake_journal(
    client: Option<&Client>,
    out: Option<&mut MaybeUninit<Option<Box<Journal>>>>,
) -> Option<Box<Error>> {
    catch_error(|| {
        let fake = fake_of(client)?;
        let out = required("out", out)?;
        let entries = fake.journal().into_iter().filter_map(Entry::new).collect();
        out.write(Some(Box::new(Journal(entries))));
        Ok(())
    })
}

/// How many requests there are; 0 for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn seekauth_journal_count(journal: Option<&Journal>) -> usize {
    journal.map_or(0, |journal| journal.0.len())
}

/// The scopes that the request for a token with this index, counted from 0, asked for, separated by spaces; ""
/// for none. NULL for a request to the API, past the last one and for NULL. The journal owns the text.
#[unsafe(no_mangle)]
pub extern "C" fn seekauth_journal_scopes(journal: Option<&Journal>, index: usize) -> Text<'_> {
    match entry(journal, index) {
        Some(Entry::Token { scopes, .. }) => Text::as_c(Some(scopes)),
        _ => Text::as_c(None),
    }
}

/// The code that the request for a token with this index, counted from 0, was made to fail with; SEEKAUTH_OK if
/// it was not, for a request to the API, past the last one and for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn seekauth_journal_failure(journal: Option<&Journal>, index: usize) -> i32 {
    match entry(journal, index) {
        Some(Entry::Token { failure: Some(kind), .. }) => kind.code(),
        _ => SEEKAUTH_OK,
    }
}

/// The request to the API with this index, counted from 0. NULL for a request for a token, past the last one
/// and for NULL. The journal owns it.
#[unsafe(no_mangle)]
pub extern "C" fn seekauth_journal_request(
    journal: Option<&Journal>,
    index: usize,
) -> Option<&FakeRequest> {
    match entry(journal, index) {
        Some(Entry::Api(request)) => Some(request),
        _ => None,
    }
}

/// Frees the journal and everything it owns. NULL is accepted.
#[unsafe(no_mangle)]
pub extern "C" fn seekauth_journal_free(journal: Option<Box<Journal>>) {
    catch_panic((), || drop(journal));
}
