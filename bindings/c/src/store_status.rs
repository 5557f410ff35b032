//! How the store fares through which a client shares its tokens, as C reads it.

use std::ffi::CString;
use std::mem::MaybeUninit;

use seekauth_core::StoreStatus as Snapshot;

use crate::client::Client;
use crate::error::{Error, c_string, catch_error};
use crate::panic::catch_panic;
use crate::pointer::{Text, required};

/// How the store fares through which a client shares its tokens, as it was when it was asked for. The
/// receiver frees it with seekauth_store_status_free. It never changes, so any number of threads may read
/// it at once, and it outlives its client.
#[derive(Debug)]
pub struct StoreStatus {
    snapshot: Snapshot,
    kind: CString,
    last_problem: Option<CString>,
}

/// How the store of `client` fares; see the setting `store`. Never waits.
#[unsafe(no_mangle)]
#[must_use]
pub extern "C" fn seekauth_client_store_status(
    client: Option<&Client>,
    out: Option<&mut MaybeUninit<Option<Box<StoreStatus>>>>,
) -> Option<Box<Error>> {
    catch_error(|| {
        let client = required("client", client)?;
        let out = required("out", out)?;
        let snapshot = client.inner().store_status();
        out.write(Some(Box::new(StoreStatus {
            kind: c_string(snapshot.kind),
            last_problem: snapshot.last_problem.as_deref().map(c_string),
            snapshot,
        })));
        Ok(())
    })
}

/// Which store it is: "none", "local"; NULL for NULL. The status owns the text.
#[unsafe(no_mangle)]
pub extern "C" fn seekauth_store_status_kind(status: Option<&StoreStatus>) -> Text<'_> {
    Text::as_c(status.map(|status| status.kind.as_c_str()))
}

/// Whether the store is used now; false for NULL. One that failed is left alone for a second at first, and
/// a minute at most.
#[unsafe(no_mangle)]
pub extern "C" fn seekauth_store_status_usable(status: Option<&StoreStatus>) -> bool {
    status.is_some_and(|status| status.snapshot.usable)
}

/// The last problem with the store, in one line that is safe to log; NULL if there was none, and for NULL.
/// The status owns the text.
#[unsafe(no_mangle)]
pub extern "C" fn seekauth_store_status_last_problem(status: Option<&StoreStatus>) -> Text<'_> {
    Text::as_c(status.and_then(|status| status.last_problem.as_deref()))
}

/// One count, by its name: "reads" of the store; tokens "adopted" from others; requests "claimed" for all;
/// times this process "waited" for another; tokens "published"; requests made "alone", without the store;
/// records that were "unreadable"; "notes" of refused secrets; steps that were "failures"; and
/// "clock_disagreements" of more than five minutes. 0 for another name, and for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn seekauth_store_status_count(status: Option<&StoreStatus>, name: Text<'_>) -> u64 {
    catch_panic(0, || {
        let counts = status.map(|status| status.snapshot.counts()).unwrap_or_default();
        let name = name.read("name").ok().flatten();
        let named = counts.iter().find(|(given, _)| name == Some(*given));
        named.map_or(0, |(_, count)| *count)
    })
}

/// Frees a status and every text it owns. NULL is accepted.
#[unsafe(no_mangle)]
pub extern "C" fn seekauth_store_status_free(status: Option<Box<StoreStatus>>) {
    catch_panic((), || drop(status));
}
