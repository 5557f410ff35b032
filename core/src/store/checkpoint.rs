//! The steps of a flight by way of the store, at which a test build can be made to end or to stand still:
//! no signal from outside could be aimed so well.
//!
//! `STORE_CHECKPOINTS` names a folder. Whichever process is the first to reach `claimed` while
//! `claimed.abort` or `claimed.pause` is there renames that to `claimed.reached`; then it aborts, or its
//! flight waits until `claimed.reached` is removed. Released builds have none of this;
//! `tests/release/packaging` checks that.

#[cfg(not(feature = "manual-clock"))]
use std::future::{Ready, ready};

/// A flight has got so far.
#[cfg(not(feature = "manual-clock"))]
pub(super) fn reached(_step: &str) -> Ready<()> {
    ready(())
}

/// A flight has got so far.
#[cfg(feature = "manual-clock")]
pub(super) async fn reached(step: &str) {
    use std::path::PathBuf;
    use std::time::Duration;

    let Some(folder) = std::env::var_os("STORE_CHECKPOINTS").map(PathBuf::from) else { return };
    let taken = folder.join(format!("{step}.reached"));
    let is_told_to = |deed| std::fs::rename(folder.join(format!("{step}.{deed}")), &taken).is_ok();
    if is_told_to("abort") {
        std::process::abort();
    }
    if is_told_to("pause") {
        while taken.exists() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}
