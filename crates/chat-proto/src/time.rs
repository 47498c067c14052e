//! Two clocks, both handed in. The monotonic one ([`Instant`]) measures waiting; the wall clock ([`Timestamp`]) dates
//! messages and notices sleep, during which some browsers stop the monotonic one. Nothing here reads a clock:
//! `std::time::Instant` panics on `wasm32-unknown-unknown`, and a core that cannot ask for the time can be tested.

use alloc::{format, string::String};
use core::ops::Add;

/// A span of time in milliseconds.
pub type Millis = u64;

/// One second, in [`Millis`].
pub const SECOND: Millis = 1_000;
/// One minute, in [`Millis`].
pub const MINUTE: Millis = 60 * SECOND;

/// A point on the driver's monotonic clock, in milliseconds since that clock's own start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Instant(pub u64);

impl Instant {
    /// How long ago `earlier` was; zero if it is not in the past.
    pub fn since(self, earlier: Self) -> Millis {
        self.0.saturating_sub(earlier.0)
    }
}

impl Add<Millis> for Instant {
    type Output = Self;
    fn add(self, span: Millis) -> Self {
        Self(self.0.saturating_add(span))
    }
}

/// A point on the wall clock: milliseconds since 1970-01-01T00:00:00Z. It may jump either way at any time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Timestamp(pub u64);

impl Timestamp {
    /// Reads the backend's form, `2026-10-05T09:00:00.120Z`. The fraction may be absent or of any length; the zone must be `Z`.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.strip_suffix('Z')?;
        let (date, clock) = text.split_once('T')?;
        let mut date = date.splitn(3, '-').map(digits);
        let (year, month, day) = (date.next()??, date.next()??, date.next()??);
        let (clock, fraction) = clock.split_once('.').unwrap_or((clock, ""));
        let mut clock = clock.splitn(3, ':').map(digits);
        let (hour, minute, second) = (clock.next()??, clock.next()??, clock.next()??);
        let plausible = (1970..10_000).contains(&year)
            && (1..=12).contains(&month)
            && (1..=31).contains(&day)
            && hour < 24
            && minute < 60
            && second <= 60;
        if !plausible {
            return None;
        }
        let seconds = ((days_since_1970(year, month, day) * 24 + hour) * 60 + minute) * 60 + second;
        Some(Self(seconds * SECOND + milliseconds(fraction)?))
    }

    /// As the backend writes it: `2026-10-05T09:00:00.120Z`.
    pub fn iso(self) -> String {
        let (seconds, millis) = (self.0 / SECOND, self.0 % SECOND);
        let (days, clock) = (seconds / 86_400, seconds % 86_400);
        // The way back: `civil_from_days` of the same paper as below.
        let days = days + 719_468;
        let (era, day_of_era) = (days / 146_097, days % 146_097);
        let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let (month, day) =
            ((5 * day_of_year + 2) / 153, day_of_year - (153 * ((5 * day_of_year + 2) / 153) + 2) / 5 + 1);
        let month = if month < 10 { month + 3 } else { month - 9 };
        let year = year_of_era + era * 400 + u64::from(month <= 2);
        let (hour, minute, second) = (clock / 3_600, clock / 60 % 60, clock % 60);
        format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{millis:03}Z")
    }

    /// How long ago `earlier` was; zero if it is not in the past.
    pub fn since(self, earlier: Self) -> Millis {
        self.0.saturating_sub(earlier.0)
    }
}

/// The time, as the driver saw it when it handed an input in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Now {
    /// On the monotonic clock.
    pub mono: Instant,
    /// On the wall clock.
    pub wall: Timestamp,
}

fn digits(text: &str) -> Option<u64> {
    let plain = !text.is_empty() && text.len() <= 4 && text.bytes().all(|b| b.is_ascii_digit());
    plain.then(|| text.bytes().fold(0, |n, b| n * 10 + u64::from(b - b'0')))
}

fn milliseconds(fraction: &str) -> Option<u64> {
    if !fraction.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let padded = fraction.bytes().chain(core::iter::repeat(b'0')).take(3);
    Some(padded.fold(0, |n, b| n * 10 + u64::from(b - b'0')))
}

/// Days from 1970-01-01 in the proleptic Gregorian calendar, counted in years that begin in March so that the leap day
/// comes last (Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", `days_from_civil`).
fn days_since_1970(year: u64, month: u64, day: u64) -> u64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year / 400;
    let year_of_era = year % 400;
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    (era * 146_097 + day_of_era).saturating_sub(719_468)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn backend_times_are_read_to_the_millisecond() {
        let read = |text| Timestamp::parse(text).map(|t| t.0);
        assert_eq!(read("1970-01-01T00:00:00Z"), Some(0));
        assert_eq!(read("2026-10-05T09:00:00.120Z"), Some(1_791_190_800_120));
        assert_eq!(read("2024-02-29T23:59:59.9Z"), Some(1_709_251_199_900));
        assert_eq!(read("2000-03-01T00:00:00.123456Z"), Some(951_868_800_123));
    }

    #[test]
    fn every_day_of_four_centuries_comes_one_day_after_the_one_before() {
        let mut day_after = 0;
        for year in 1970..2370 {
            let leap = u64::from(year % 4 == 0 && (year % 100 != 0 || year % 400 == 0));
            for (month, days) in (1..).zip([31, 28 + leap, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]) {
                for day in 1..=days {
                    let text = alloc::format!("{year}-{month:02}-{day:02}T00:00:00Z");
                    assert_eq!(Timestamp::parse(&text), Some(Timestamp(day_after * 24 * 60 * MINUTE)), "{text}");
                    let late = Timestamp(day_after * 24 * 60 * MINUTE + 24 * 60 * MINUTE - 1);
                    assert_eq!(late.iso(), alloc::format!("{year}-{month:02}-{day:02}T23:59:59.999Z"));
                    day_after += 1;
                }
            }
        }
    }

    #[test]
    fn a_leap_second_is_the_first_of_the_next_minute() {
        assert_eq!(Timestamp::parse("2016-12-31T23:59:60Z"), Timestamp::parse("2017-01-01T00:00:00Z"));
    }

    #[test]
    fn what_is_not_a_time_is_none() {
        for text in [
            "",
            "Z",
            "2026-10-05",
            "1969-12-31T23:59:59Z",
            "02026-10-05T09:00:00Z",
            "20a6-10-05T09:00:00Z",
            "2026-00-05T09:00:00Z",
            "2026-13-05T09:00:00Z",
            "2026-10-00T09:00:00Z",
            "2026-10-32T09:00:00Z",
            "2026-10-05T:00:00Z",
            "2026-10-05T24:00:00Z",
            "2026-10-05T09:60:00Z",
            "2026-10-05T09:00:61Z",
            "2026-10-05T09:00Z",
            "2026-10-05T09:00:00+02:00",
            "2026-10-05T09:00:00.1e3Z",
        ] {
            assert_eq!(Timestamp::parse(text), None, "{text}");
        }
    }

    #[test]
    fn what_lies_ahead_was_no_time_ago() {
        assert_eq!((Instant(7).since(Instant(4)), Instant(4).since(Instant(7))), (3, 0));
        assert_eq!((Timestamp(7).since(Timestamp(4)), Timestamp(4).since(Timestamp(7))), (3, 0));
    }
}
