//! Places in line: when each visitor who is about to connect may do so, so that a site's visitors together open no more new
//! connections a minute than the backend allows, not even when all of them were dropped at once. Pure: knows no clock.
//!
//! While there is room everybody goes at once. After that each gets a place of his own, spread evenly over the minutes to come. The
//! places that were given are all that is remembered, and no visitor is among it.

use std::collections::VecDeque;
use std::time::Duration;

/// The window of the quota.
const WINDOW: Duration = Duration::from_mins(1);

/// The longest that anybody is put off; the page's own bound is the same.
pub(crate) const LONGEST: Duration = Duration::from_mins(10);

/// One line: in no window of a minute are there more places than so many.
#[derive(Debug, Clone)]
pub struct Slots {
    per_minute: usize,
    /// The last places, `per_minute` at most, oldest first. The newest may lie ahead.
    given: VecDeque<Duration>,
}

impl Slots {
    /// A line of so many places a minute; at least one.
    pub fn new(per_minute: u32) -> Slots {
        Slots { per_minute: per_minute.max(1) as usize, given: VecDeque::new() }
    }

    /// How long there would be to wait for a place at `now` (on any clock that only goes ahead). `None` if that is more than ten minutes.
    pub fn look(&self, now: Duration) -> Option<Duration> {
        let mut at = now;
        if self.given.len() == self.per_minute {
            // With this one, the oldest of them and all between are one too many for a minute.
            at = at.max(self.given[0] + WINDOW);
        }
        if let Some(&last) = self.given.back().filter(|last| **last > now) {
            at = at.max(last + self.spacing());
        }
        let wait = at.saturating_sub(now);
        (wait <= LONGEST).then_some(wait)
    }

    /// Gives a place to somebody who asks at `now`, and says how long there is to wait for it. `None`, and no place, if that would be more than
    /// ten minutes.
    pub fn take(&mut self, now: Duration) -> Option<Duration> {
        let wait = self.look(now)?;
        if self.given.len() == self.per_minute {
            self.given.pop_front();
        }
        self.given.push_back(now + wait);
        Some(wait)
    }

    /// A place was of no use: the socket did not open. The oldest of those that have gone by is forgotten in its stead, so that no minute has
    /// ever more connections than places.
    pub fn give_back(&mut self, now: Duration) {
        if self.given.front().is_some_and(|oldest| *oldest <= now) {
            self.given.pop_front();
        }
    }

    fn spacing(&self) -> Duration {
        WINDOW / u32::try_from(self.per_minute).unwrap_or(u32::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    /// The places of visitors who ask at these times.
    fn places(per_minute: u32, asking: impl IntoIterator<Item = Duration>) -> Vec<Duration> {
        let mut slots = Slots::new(per_minute);
        asking.into_iter().filter_map(|now| slots.take(now).map(|wait| now + wait)).collect()
    }

    #[test]
    fn everybody_goes_at_once_while_there_is_room_and_then_one_by_one() {
        let places = places(4, [0, 10, 20, 30, 40, 50, 60, 70, 80].map(ms));
        assert_eq!(places, [0, 10, 20, 30, 60_000, 75_000, 90_000, 105_000, 120_000].map(ms));
    }

    #[test]
    fn nobody_jumps_the_line_when_its_minute_is_over() {
        let mut slots = Slots::new(2);
        for wait in [0, 0, 60_000, 90_000] {
            assert_eq!(slots.take(ms(0)), Some(ms(wait)));
        }
        assert_eq!(slots.take(ms(61_000)), Some(ms(120_000 - 61_000)));
        assert_eq!(slots.take(ms(600_000)), Some(ms(0)), "the line is empty again");
    }

    #[test]
    fn no_minute_has_more_places_than_it_may_however_they_are_asked_for() {
        for seed in 1..200_u64 {
            let mut dice = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
            let mut roll = |bound: u64| {
                dice ^= dice << 13;
                dice ^= dice >> 7;
                dice ^= dice << 17;
                dice % bound
            };
            let per_minute = 1 + u32::try_from(roll(40)).unwrap();
            let mut now = 0;
            let crowd = 50 + roll(300);
            let asking: Vec<_> = (0..crowd)
                .map(|_| {
                    now += [0, 0, 5, 200, 3_000, 40_000][usize::try_from(roll(6)).unwrap()];
                    ms(now)
                })
                .collect();
            let places = places(per_minute, asking);
            assert!(places.is_sorted(), "seed {seed}: who asks first goes first");
            for (at, first) in places.iter().enumerate() {
                let within = places[at..].iter().take_while(|place| **place < *first + WINDOW).count();
                assert!(within <= per_minute as usize, "seed {seed}: {within} of {per_minute} in a minute");
            }
        }
    }

    #[test]
    fn places_that_were_of_no_use_are_given_again() {
        let mut slots = Slots::new(2);
        for now in [0, 1_000] {
            assert_eq!(slots.take(ms(now)), Some(ms(0)));
        }
        // Nobody gets in, and everybody tries again: no line.
        for now in 2..60 {
            slots.give_back(ms(now * 1_000));
            assert_eq!(slots.take(ms(now * 1_000)), Some(ms(0)));
        }
        assert_eq!(slots.take(ms(60_000)), Some(ms(58_000)), "the last two may have been used");
        for _ in 0..3 {
            slots.give_back(ms(60_000));
        }
        assert_eq!(slots.take(ms(60_000)), Some(ms(58_000 + 30_000)), "what lies ahead is nobody's to give back");
    }

    #[test]
    fn a_line_of_more_than_ten_minutes_takes_nobody_in() {
        let mut slots = Slots::new(6);
        let waits: Vec<_> = (0..100).filter_map(|_| slots.take(ms(0))).collect();
        assert_eq!(waits.last(), Some(&LONGEST));
        assert_eq!(waits.len(), 6 + 9 * 6 + 1, "a minute's places at once, nine minutes' one by one, and the last");
        assert_eq!(slots.take(ms(10_000)), Some(LONGEST), "those who were turned away took no place");
    }
}
