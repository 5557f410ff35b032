//! Random numbers that differ between a process and its forked children. They spread load and carry
//! no secret, so a small generator is enough.

use std::process;
use std::time::{SystemTime, UNIX_EPOCH};

/// A number from 0 up to but not including 1.
pub(crate) fn fraction() -> f64 {
    #[cfg(test)]
    if let Some(fraction) = seeded::fraction() {
        return fraction;
    }
    // The thread's generator is copied by fork(); process id and time tell the copies apart.
    let time = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().subsec_nanos();
    let salt = (u64::from(process::id()) << 32) ^ u64::from(time);
    fastrand::Rng::with_seed(fastrand::u64(..) ^ salt).f64()
}

/// Numbers that a test can repeat.
#[cfg(test)]
pub(crate) mod seeded {
    use std::cell::RefCell;

    thread_local! {
        static SEEDED: RefCell<Option<fastrand::Rng>> = const { RefCell::new(None) };
    }

    /// From now on this thread's numbers follow from `seed`.
    pub(crate) fn seed(seed: u64) {
        SEEDED.set(Some(fastrand::Rng::with_seed(seed)));
    }

    pub(super) fn fraction() -> Option<f64> {
        SEEDED.with_borrow_mut(|rng| rng.as_mut().map(fastrand::Rng::f64))
    }
}

#[cfg(test)]
mod tests {
    use super::fraction;

    #[test]
    fn fractions_fill_the_unit_interval() {
        let fractions: Vec<f64> = (0..1_000).map(|_| fraction()).collect();
        assert!(fractions.iter().all(|fraction| (0.0..1.0).contains(fraction)));
        assert!(
            fractions.iter().any(|fraction| *fraction < 0.1)
                && fractions.iter().any(|fraction| *fraction > 0.9)
        );
    }
}
