//! How long to wait before the next attempt: a fixed floor, and above it anything up to a bound that grows with each failure.
//! The whole span is random ("full jitter"), so that visitors who were dropped together do not come back together.

use crate::random::Random;
use crate::time::Millis;
use crate::timings::Timings;

/// Counts failures in a row. Lives outside the phase, or every wait would be the first.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Backoff {
    failures: u32,
}

impl Backoff {
    /// The wait before the next attempt. Each call counts as one more failure.
    pub(crate) fn next(&mut self, timings: &Timings, random: &mut Random) -> Millis {
        let bound = self.bound(timings);
        self.failures = self.failures.saturating_add(1);
        timings.backoff_floor + random.up_to(bound)
    }

    /// Skips ahead, for a server that says that it is restarting or overloaded.
    pub(crate) fn start_at(&mut self, failures: u32) {
        self.failures = self.failures.max(failures);
    }

    pub(crate) fn reset(&mut self) {
        self.failures = 0;
    }

    pub(crate) fn is_first(&self) -> bool {
        self.failures == 0
    }

    /// `first · 1.7ⁿ`, capped. In a simulated storm 1.7 came back sooner than 2 at the same peak load.
    fn bound(&self, timings: &Timings) -> Millis {
        let mut bound = timings.backoff_first;
        for _ in 0..self.failures {
            if bound >= timings.backoff_cap {
                break;
            }
            bound = bound * 17 / 10;
        }
        bound.min(timings.backoff_cap)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_lie_between_the_floor_and_a_growing_capped_bound() {
        let timings = Timings::default();
        for seed in 0..200 {
            let (mut backoff, mut random) = (Backoff::default(), Random::new(seed));
            for bound in [800, 1_360, 2_312, 3_930, 6_681, 11_357, 12_000, 12_000] {
                let wait = backoff.next(&timings, &mut random);
                assert!((100..=100 + bound).contains(&wait), "seed {seed}: {wait} of {bound}");
            }
        }
    }

    #[test]
    fn visitors_who_are_dropped_together_come_back_apart() {
        let first_wait = |seed| Backoff::default().next(&Timings::default(), &mut Random::new(seed));
        let mut waits: Vec<_> = (0..1_000).map(first_wait).collect();
        waits.sort_unstable();
        waits.dedup();
        assert!(waits.len() > 500, "only {} different waits", waits.len());
    }
}
