//! How the store fares through which a client shares its tokens, as JavaScript reads it.

use napi_derive::napi;
use seekauth::binding::camel_case;

/// A snapshot.
#[napi(object, object_from_js = false)]
pub struct StoreStatus {
    /// Which store it is: `none`, `local` or `redis`.
    pub kind: &'static str,
    /// Whether it is used now.
    pub usable: bool,
    /// The last problem with it, in one line.
    pub last_problem: Option<String>,
    /// The counts, with the core's names.
    pub counts: Vec<StoreCount>,
}

/// One count.
#[napi(object, object_from_js = false)]
pub struct StoreCount {
    /// `reads`, `clockDisagreements` and so on.
    pub name: String,
    /// How many.
    pub count: f64,
}

impl From<seekauth::StoreStatus> for StoreStatus {
    fn from(status: seekauth::StoreStatus) -> Self {
        // Exact up to the ninth quadrillion.
        #[expect(clippy::cast_precision_loss, reason = "nobody counts so far")]
        let row =
            |(name, count): (&str, u64)| StoreCount { name: camel_case(name), count: count as f64 };
        Self {
            kind: status.kind,
            usable: status.usable,
            counts: status.counts().into_iter().map(row).collect(),
            last_problem: status.last_problem,
        }
    }
}
