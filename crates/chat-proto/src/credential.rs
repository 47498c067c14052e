//! The token, which nothing here looks into, and how long it is good for. Its life is counted from the moment it was asked for, so that
//! a slow answer errs on the safe side, and by whichever clock has gone further: the monotonic one stops in some browsers while
//! the machine sleeps, the wall clock may be set back.

use alloc::string::String;

use crate::config::Timings;
use crate::json::Value;
use crate::time::{Instant, Millis, Now, SECOND};

/// A token and its life.
#[derive(Clone, PartialEq)]
pub(crate) struct Grant {
    token: String,
    /// `None` for a token that the widget made itself: it lives as long as the session.
    life: Option<Millis>,
    asked: Now,
}

impl Grant {
    /// A token of the widget's own making.
    pub(crate) fn own(token: String) -> Self {
        Self { token, life: None, asked: Now::default() }
    }

    /// Reads `{"token": "…", "expires_in": seconds, …}`; `None` if it is no grant, or one that is over before it began.
    pub(crate) fn read(body: &Value, asked: Now) -> Option<Self> {
        let token = body.at("token").as_text()?;
        let seconds = body.at("expires_in").as_u64().filter(|seconds| *seconds > 0)?;
        Some(Self { token: token.into(), life: Some(seconds.saturating_mul(SECOND)), asked })
    }

    pub(crate) fn token(&self) -> &str {
        &self.token
    }

    /// Made by the widget itself, and so to be kept by it.
    pub(crate) fn is_own(&self) -> bool {
        self.life.is_none()
    }

    /// When the renewal timer should fire; `None` if never.
    pub(crate) fn renew_at(&self, timings: &Timings) -> Option<Instant> {
        self.life.map(|life| self.asked.mono + (life - margin(life, timings)))
    }

    /// Whether the time to renew it has come, by either clock.
    pub(crate) fn is_due(&self, now: Now, timings: &Timings) -> bool {
        self.life.is_some_and(|life| self.age(now) >= life - margin(life, timings))
    }

    /// Whether it is over, or so nearly that a connection opened with it might be refused on arrival.
    pub(crate) fn is_over(&self, now: Now, timings: &Timings) -> bool {
        self.life.is_some_and(|life| self.age(now).saturating_add(margin(life, timings) / 6) >= life)
    }

    fn age(&self, now: Now) -> Millis {
        now.mono.since(self.asked.mono).max(now.wall.since(self.asked.wall))
    }
}

/// The smaller of a minute and a fifth of the life.
fn margin(life: Millis, timings: &Timings) -> Millis {
    timings.renewal_margin.min(life / 5)
}

/// Never prints the token.
impl core::fmt::Debug for Grant {
    fn fmt(&self, to: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        to.debug_struct("Grant").field("life", &self.life).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Timestamp;

    fn at(seconds: u64) -> Now {
        Now { mono: Instant(seconds * SECOND), wall: Timestamp((1_000_000 + seconds) * SECOND) }
    }

    fn grant(expires_in: &str) -> Option<Grant> {
        let text = alloc::format!(r#"{{"token":"t","expires_in":{expires_in},"later":1}}"#);
        Grant::read(&serde_json::from_str(&text).unwrap(), at(0))
    }

    #[test]
    fn the_margin_is_a_fifth_of_the_life_but_a_minute_at_most() {
        let renewed_after = |life| grant(life).unwrap().renew_at(&Timings::default()).unwrap().0 / 100;
        assert_eq!(renewed_after("5"), 40);
        assert_eq!(renewed_after("100"), 800);
        assert_eq!(renewed_after("3600"), 35_400);
        assert_eq!(renewed_after("63072000"), 630_719_400);
        assert_eq!(renewed_after("\"300\""), 2_400);
    }

    #[test]
    fn a_life_that_no_clock_can_hold_never_ends() {
        assert!(!grant("1e300").unwrap().is_due(at(1 << 33), &Timings::default()));
    }

    #[test]
    fn what_is_no_grant_is_none() {
        for life in ["0", "-1", "null", "\"soon\"", "{}"] {
            assert_eq!(grant(life), None, "{life}");
        }
        for body in
            ["null", "[]", r#"{"expires_in":60}"#, r#"{"token":"","expires_in":60}"#, r#"{"token":7,"expires_in":60}"#]
        {
            assert_eq!(Grant::read(&serde_json::from_str(body).unwrap(), at(0)), None, "{body}");
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
