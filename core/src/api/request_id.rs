//! Values for `X-Request-Id`: random UUIDs, as SEEK's samples have them.

use std::cell::RefCell;

use uuid::Builder;

use crate::sys::process::ProcessMark;

const LENGTH: usize = 16;
/// Asking the system for random bytes costs more than all the rest, so it is asked for many at once.
const STOCK: usize = 64 * LENGTH;

/// Random bytes that a forked child must not use again.
struct Stock {
    process: Option<ProcessMark>,
    bytes: [u8; STOCK],
    used: usize,
}

thread_local! {
    static BYTES: RefCell<Stock> =
        const { RefCell::new(Stock { process: None, bytes: [0; STOCK], used: STOCK }) };
}

/// A version 4 UUID that no other request has.
pub(crate) fn new() -> String {
    let bytes = BYTES.with_borrow_mut(|stock| {
        let is_own = stock.process.as_ref().is_some_and(ProcessMark::is_here);
        if !is_own || stock.used == STOCK {
            if getrandom::fill(&mut stock.bytes).is_err() {
                // A machine that has no randomness left is served by the generator for jitter.
                fastrand::fill(&mut stock.bytes);
            }
            stock.process = Some(ProcessMark::new());
            stock.used = 0;
        }
        let mut bytes = [0; LENGTH];
        bytes.copy_from_slice(&stock.bytes[stock.used..stock.used + LENGTH]);
        stock.used += LENGTH;
        bytes
    });
    Builder::from_random_bytes(bytes).into_uuid().to_string()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    #[test]
    fn no_two_are_the_same() {
        let ids: HashSet<String> = (0..1_000).map(|_| super::new()).collect();
        assert_eq!(ids.len(), 1_000);
        assert!(ids.iter().all(|id| id.len() == 36 && id.as_bytes()[14] == b'4'));
    }
}
