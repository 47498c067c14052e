//! The token, which nothing here looks into, how long it is good for and when it is renewed. Its life is counted from the moment it
//! was asked for, so that a slow answer errs on the safe side, and by whichever clock has gone further: the monotonic one stops in
//! some browsers while the machine sleeps, the wall clock may be set back.

use alloc::string::String;

use crate::dialect::Speaker;
use crate::json::Value;
use crate::random::Random;
use crate::time::{Instant, Millis, Now, SECOND};
use crate::timings::Timings;

/// A token and its life.
#[derive(Clone, PartialEq)]
pub(crate) struct Grant {
    speaker: Speaker,
    /// `None` for a token that the widget made itself: it lives as long as the session.
    life: Option<Millis>,
    /// The age at which it is renewed.
    due: Millis,
    asked: Now,
}

impl Grant {
    /// A token of the widget's own making.
    pub(crate) fn own(token: String) -> Self {
        let speaker = Speaker { token, ..Speaker::default() };
        Self { speaker, life: None, due: 0, asked: Now::default() }
    }

    /// Reads `{"token": "…", "expires_in": seconds, …}`; `None` if it is no grant, or one that is over before it began.
    ///
    /// It is renewed when three quarters of its life are over, or up to a tenth of it later: drawn for each grant, so that visitors
    /// who were granted theirs together do not renew together. The endpoint may name its own time, as `renew_in` in seconds.
    pub(crate) fn read(body: &Value, asked: Now, timings: &Timings, random: &mut Random) -> Option<Self> {
        let token = body.at("token").as_text()?;
        let seconds = |name| body.at(name).as_u64().map(|seconds: u64| seconds.saturating_mul(SECOND));
        let life = seconds("expires_in").filter(|life| *life > 0)?;
        let earliest = life / 4 * 3;
        let latest = if life / 4 < timings.renewal_margin { life / 20 * 17 } else { life - timings.renewal_margin };
        let named = seconds("renew_in").filter(|due| (timings.renewal_soonest..=latest).contains(due));
        let due = named.unwrap_or_else(|| earliest + random.up_to((life / 10).min(latest - earliest)));
        let id = |name| String::from(body.at(name).as_text().unwrap_or_default());
        let speaker = Speaker { token: token.into(), conversation: id("conversation_id"), guest: id("guest_id") };
        Some(Self { speaker, life: Some(life), due, asked })
    }

    pub(crate) fn speaker(&self) -> &Speaker {
        &self.speaker
    }

    pub(crate) fn token(&self) -> &str {
        &self.speaker.token
    }

    /// Made by the widget itself, and so to be kept by it.
    pub(crate) fn is_own(&self) -> bool {
        self.life.is_none()
    }

    /// When the renewal timer should fire; `None` if never.
    pub(crate) fn renew_at(&self) -> Option<Instant> {
        self.life.map(|_| self.asked.mono + self.due)
    }

    /// Whether the time to renew it has come, by either clock.
    pub(crate) fn is_due(&self, now: Now) -> bool {
        self.life.is_some() && self.age(now) >= self.due
    }

    /// Whether it is over, or so nearly that a connection opened with it might be refused on arrival.
    pub(crate) fn is_over(&self, now: Now, timings: &Timings) -> bool {
        self.life.is_some_and(|life| self.age(now) >= life - timings.token_reserve.min(life / 10))
    }

    fn age(&self, now: Now) -> Millis {
        now.mono.since(self.asked.mono).max(now.wall.since(self.asked.wall))
    }
}

/// Never prints the token.
impl core::fmt::Debug for Grant {
    fn fmt(&self, to: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        to.debug_struct("Grant").field("life", &self.life).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use super::*;
    use crate::time::Timestamp;

    fn at(seconds: u64) -> Now {
        Now { mono: Instant(seconds * SECOND), wall: Timestamp((1_000_000 + seconds) * SECOND) }
    }

    fn grant(expires_in: &str) -> Option<Grant> {
        let text = alloc::format!(r#"{{"token":"t","expires_in":{expires_in},"later":1}}"#);
        read(&text, 7)
    }

    fn read(text: &str, seed: u64) -> Option<Grant> {
        Grant::read(&serde_json::from_str(text).unwrap(), at(0), &Timings::default(), &mut Random::new(seed))
    }

    fn due(text: &str, seed: u64) -> Millis {
        read(text, seed).unwrap().renew_at().unwrap().0
    }

    #[test]
    fn a_token_is_renewed_at_75_to_85_percent_of_its_life_and_a_minute_before_its_end_where_that_is_possible() {
        for life in [5, 60, 239, 240, 300, 400, 3_600, 86_400, 1 << 32] {
            let text = alloc::format!(r#"{{"token":"t","expires_in":{life}}}"#);
            let dues: Vec<_> = (0..500).map(|seed| due(&text, seed)).collect();
            let (least, most) = (*dues.iter().min().unwrap(), *dues.iter().max().unwrap());
            let life = life * SECOND;
            assert!(least * 100 >= life * 75 && most * 100 <= life * 85, "{life}: {least} to {most}");
            assert!(life < 240 * SECOND || most + 60 * SECOND <= life, "{life}: {most}");
            // Where the bounds leave room it is used, evenly: the mean lies in the middle.
            let room = if life < 240 * SECOND { life / 10 } else { (life / 10).min(life / 4 - 60 * SECOND) };
            let middle = life / 4 * 3 + room / 2;
            let mean = dues.iter().sum::<u64>() / 500;
            assert!(mean.abs_diff(middle) <= room / 20, "{life}: {mean} instead of {middle}");
        }
    }

    #[test]
    fn the_endpoint_may_name_the_time_of_renewal_within_reason() {
        let named = |life: u64, renew_in: &str| {
            let text = alloc::format!(r#"{{"token":"t","expires_in":{life},"renew_in":{renew_in}}}"#);
            due(&text, 7) / SECOND
        };
        assert_eq!(named(3_600, "10"), 10);
        assert_eq!(named(3_600, "\"1800\""), 1_800);
        assert_eq!(named(3_600, "3540"), 3_540);
        assert_eq!(named(100, "85"), 85);
        for renew_in in ["0", "9", "3541", "3600", "1e300", "-5", "null", "\"soon\""] {
            assert!((2_700..=3_060).contains(&named(3_600, renew_in)), "{renew_in}");
        }
    }

    #[test]
    fn no_socket_is_opened_with_a_token_of_the_last_ten_seconds_or_of_the_last_tenth_of_a_short_life() {
        for (life, last) in [("3600", 3_589), ("100", 89), ("50", 44), ("5", 4)] {
            let grant = grant(life).unwrap();
            assert!(!grant.is_over(at(last), &Timings::default()), "{life}");
            assert!(grant.is_over(at(last + 1), &Timings::default()), "{life}");
        }
    }

    #[test]
    fn a_life_that_no_clock_can_hold_never_ends() {
        assert!(!grant("1e300").unwrap().is_due(at(1 << 33)));
    }

    #[test]
    fn what_is_no_grant_is_none() {
        for life in ["0", "-1", "null", "\"soon\"", "{}"] {
            assert_eq!(grant(life), None, "{life}");
        }
        for body in
            ["null", "[]", r#"{"expires_in":60}"#, r#"{"token":"","expires_in":60}"#, r#"{"token":7,"expires_in":60}"#]
        {
            assert_eq!(read(body, 7), None, "{body}");
        }
    }

    #[test]
    fn a_sleep_that_stops_the_monotonic_clock_still_ages_a_token() {
        let grant = grant("300").unwrap();
        let awake = Now { mono: at(10).mono, wall: at(4_000).wall };
        assert!(grant.is_over(awake, &Timings::default()));
    }

    #[test]
    fn a_wall_clock_that_is_set_back_keeps_no_token_alive() {
        let grant = grant("300").unwrap();
        let set_back = Now { mono: at(299).mono, wall: Timestamp(0) };
        assert!(grant.is_over(set_back, &Timings::default()));
    }

    #[test]
    fn a_token_is_never_printed() {
        let printed = alloc::format!("{:?}", Grant::own("secret-token".into()));
        assert!(!printed.contains("secret-token"));
    }
}
