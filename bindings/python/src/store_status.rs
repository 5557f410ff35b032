//! `seekauth.StoreStatus`: how the store fares through which a client shares its tokens.

use pyo3::prelude::*;

/// How the store fares through which a client shares its tokens. It never changes.
#[pyclass(frozen, get_all, module = "seekauth", name = "StoreStatus")]
pub(crate) struct StoreStatus {
    /// Which store it is: `none`, `local` or `redis`.
    kind: &'static str,
    /// Whether it is used now.
    ///
    /// One that failed is left alone for a second at first, and a minute at most.
    usable: bool,
    /// The last problem with it, in one line that is safe to log, or None.
    last_problem: Option<String>,
    /// How often it was read.
    reads: u64,
    /// Tokens taken over that another process, or another client of this one, had got.
    adopted: u64,
    /// Requests for a token made on behalf of all.
    claimed: u64,
    /// Times that this process waited for the request of another.
    waited: u64,
    /// Tokens put into it.
    published: u64,
    /// Requests made without it: it failed, rested, or another process took too long.
    alone: u64,
    /// Records that did not open: damaged, or of another secret.
    unreadable: u64,
    /// Refusals of the secret that another process had met.
    notes: u64,
    /// Steps that failed.
    failures: u64,
    /// Records left alone because two clocks disagree about them by more than five minutes.
    clock_disagreements: u64,
}

impl From<seekauth::StoreStatus> for StoreStatus {
    fn from(status: seekauth::StoreStatus) -> Self {
        Self {
            kind: status.kind,
            usable: status.usable,
            last_problem: status.last_problem,
            reads: status.reads,
            adopted: status.adopted,
            claimed: status.claimed,
            waited: status.waited,
            published: status.published,
            alone: status.alone,
            unreadable: status.unreadable,
            notes: status.notes,
            failures: status.failures,
            clock_disagreements: status.clock_disagreements,
        }
    }
}

#[pymethods]
impl StoreStatus {
    fn __repr__(&self) -> String {
        let Self { kind, adopted, published, alone, failures, .. } = self;
        let usable = if self.usable { "True" } else { "False" };
        format!(
            "<seekauth.StoreStatus kind='{kind}' usable={usable} adopted={adopted} published={published} \
             alone={alone} failures={failures}>"
        )
    }
}
