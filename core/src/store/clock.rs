//! What time it is by the store's clock, as of the last reading.

use crate::store::record::Stamp;
use crate::sys::clock::Moment;

/// One moment by two clocks: the store's, and this process's own, by which it lies between two.
#[derive(Debug, Clone)]
pub(crate) struct StoreClock {
    pub(crate) now: Stamp,
    pub(crate) asked: Moment,
    pub(crate) answered: Moment,
}

impl StoreClock {
    /// A moment of this process as other processes can read it; rather too early than too late, so that a
    /// token seems no younger than it is.
    pub(crate) fn stamp(&self, moment: Moment) -> Stamp {
        let since = i128::from(moment.monotonic) - i128::from(self.answered.monotonic);
        let at_ms = i128::from(self.now.at_ms) + since.div_euclid(1_000_000);
        Stamp {
            clock: self.now.clock.clone(),
            at_ms: u64::try_from(at_ms).unwrap_or_default(),
            wall_ms: moment.wall / 1_000_000,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_told_by_the_stores_clock() {
        let now = Stamp { clock: "server".to_owned(), at_ms: 5_000, wall_ms: 1 };
        let moment = |monotonic| Moment { monotonic, wall: 0 };
        let (asked, answered) = (moment(1_000_000_000), moment(9_000_000_000));
        let clock = StoreClock { now, asked, answered };
        let stamp = |monotonic, wall| clock.stamp(Moment { monotonic, wall });
        assert_eq!(stamp(9_250_000_000, 7_000_000).at_ms, 5_250);
        assert_eq!(stamp(8_000_000_000, 7_000_000).at_ms, 4_000, "a request that was sent before");
        assert_eq!(stamp(9_250_000_000, 7_000_000).wall_ms, 7);
        assert_eq!(stamp(0, 0).at_ms, 0);
    }
}
