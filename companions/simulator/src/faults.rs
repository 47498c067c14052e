//! Faults as data: what a rule looks at, when it strikes, and what happens then. The rules are kept and drawn here; the
//! effects are carried out where the frame or request passes by. The same JSON goes through `POST /control/faults`.

use serde::{Deserialize, Serialize};

use crate::{Connection, random::Random};

/// One fault. It strikes the `nth` match and those after it, `count` times, each with `probability`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct FaultRule {
    /// What it looks at.
    pub on: On,
    /// Only traffic of the session with this token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
    /// Only traffic of this connection.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connection: Option<Connection>,
    /// The first match that can be struck, counted from 1 (default 1).
    #[serde(default = "first")]
    pub nth: u32,
    /// How often it strikes; absent means until cleared (default: once).
    #[serde(default = "once")]
    pub count: Option<u32>,
    /// Odds of each strike, drawn from the backend's seed (default 1.0).
    #[serde(default = "always")]
    pub probability: f64,
    /// What happens.
    pub effect: Effect,
}

fn first() -> u32 {
    1
}

#[expect(clippy::unnecessary_wraps, reason = "serde wants the field's own type")]
fn once() -> Option<u32> {
    Some(1)
}

fn always() -> f64 {
    1.0
}

/// What a rule looks at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum On {
    /// A socket's upgrade.
    Upgrade,
    /// A frame from the client with this `action`; `*` is any. Text messages answer to `text` and events to `Typing`,
    /// `Join` and `Clear` as well as to `onMessage`.
    Request(String),
    /// A frame to the client: its class (`SessionResponse`), a message's direction (`Inbound` is the echo) or an
    /// event's name (`Typing`); `*` is any.
    Push(String),
    /// An HTTP request whose path contains this; `*` is any.
    Http(String),
}

/// Where a request is cut short.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Cut {
    /// The backend never sees the request.
    BeforeAccept,
    /// The request is carried out, but its connection is gone before any answer. Other connections are told.
    #[default]
    AfterAccept,
    /// The request is carried out and answered, and then the connection goes.
    AfterEcho,
}

/// Which way of a connection is dead.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Side {
    /// What the client sends is lost; it still hears.
    FromClient,
    /// What the backend sends is lost; it still hears.
    ToClient,
    /// Both.
    #[default]
    Both,
}

/// What happens when a rule strikes. Several rules may strike the same frame; all of them happen.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase", deny_unknown_fields)]
pub enum Effect {
    /// Request, push, upgrade: close with a handshake and this code.
    Close {
        /// 1000–4999; 1005 is a close without code, 1006 the same as `drop`.
        code: u16,
        /// The close reason.
        #[serde(default)]
        reason: String,
        /// How far the request got. A push is delivered only with `afterEcho`.
        #[serde(default)]
        cut: Cut,
    },
    /// Request, push, upgrade: cut the wire without a close handshake (1006).
    Drop {
        /// How far the request got. A push is delivered only with `afterEcho`.
        #[serde(default)]
        cut: Cut,
    },
    /// Request, push, upgrade: the connection stays open and nothing gets through, beginning with this frame.
    BlackHole {
        /// Which way is dead.
        #[serde(default)]
        side: Side,
        /// For how many milliseconds; absent means for the connection's life.
        #[serde(default)]
        ms: Option<u64>,
    },
    /// Request, push: this one frame is lost. `{"on":{"push":"SessionResponse"},"effect":"lose"}` is a missing
    /// handshake.
    Lose,
    /// Request, push, HTTP: it arrives later. Frames of a connection do not overtake each other.
    Delay {
        /// Milliseconds.
        ms: u64,
        /// Up to so many milliseconds more, drawn from the seed.
        #[serde(default)]
        jitter: u64,
    },
    /// Push: it arrives after the frame that follows it, or after this time if none does.
    Reorder {
        /// Milliseconds (default 1000).
        #[serde(default = "a_second")]
        ms: u64,
    },
    /// Push: it arrives twice.
    Duplicate,
    /// Request: the session has just expired.
    Expire {
        /// With a `SessionExpiredEvent`; otherwise the request is answered with 4006.
        #[serde(default)]
        announce: bool,
    },
    /// Request: an error frame instead of being carried out.
    Error {
        /// HTTP-like, or 4xxx.
        code: u16,
        /// The text of the frame.
        #[serde(default)]
        message: String,
    },
    /// Request: a 429 frame instead of being carried out.
    TooManyRequests {
        /// Seconds; absent leaves the field out.
        #[serde(default)]
        retry_after: Option<u64>,
    },
    /// Request: carried out, but its row shows in history only so many milliseconds later.
    HistoryLate {
        /// Milliseconds.
        ms: u64,
    },
    /// Upgrade, HTTP: this status instead of an answer.
    Status {
        /// The HTTP status, 200–599: what an answer can end with.
        status: u16,
        /// A `Retry-After` header, sent as it stands: seconds, a date, or garbage.
        #[serde(default)]
        retry_after: Option<String>,
        /// With an HTML body, as a captive portal or a login page answers.
        #[serde(default)]
        html: bool,
    },
    /// HTTP: no answer at all.
    Hang,
    /// HTTP: history answers without any row.
    HistoryEmpty,
    /// HTTP: history rows come without `metadata.id`.
    HistoryWithoutIds,
}

/// The longest that a fault may last, in milliseconds: sums of times stay far from what a number can hold.
const A_DAY: u64 = 86_400_000;

fn a_second() -> u64 {
    1000
}

impl FaultRule {
    /// A rule that strikes the first match, once.
    pub fn once(on: On, effect: Effect) -> Self {
        Self { on, token: None, connection: None, nth: first(), count: once(), probability: always(), effect }
    }

    /// The same, striking every match until it is cleared.
    #[must_use]
    pub fn always(self) -> Self {
        Self { count: None, ..self }
    }

    /// Whether the effect means anything, and there; the reason if not.
    pub fn check(&self) -> Result<(), String> {
        use Effect as E;
        let fits = match self.effect {
            E::Close { .. } | E::Drop { .. } | E::BlackHole { .. } => !matches!(self.on, On::Http(_)),
            E::Lose => matches!(self.on, On::Request(_) | On::Push(_)),
            E::Delay { .. } => self.on != On::Upgrade,
            E::Reorder { .. } | E::Duplicate => matches!(self.on, On::Push(_)),
            E::Expire { .. } | E::Error { .. } | E::TooManyRequests { .. } | E::HistoryLate { .. } => {
                matches!(self.on, On::Request(_))
            }
            E::Status { .. } => matches!(self.on, On::Upgrade | On::Http(_)),
            E::Hang | E::HistoryEmpty | E::HistoryWithoutIds => matches!(self.on, On::Http(_)),
        };
        let longest = match self.effect {
            E::Delay { ms, jitter } => ms.max(jitter),
            E::Reorder { ms } | E::HistoryLate { ms } | E::BlackHole { ms: Some(ms), .. } => ms,
            _ => 0,
        };
        if longest > A_DAY {
            return Err(format!("{longest} ms is longer than a day"));
        }
        match self.effect {
            E::Status { status, .. } if !(200..=599).contains(&status) => {
                return Err(format!("status {status} is not one of 200 to 599"));
            }
            E::Close { code, .. } if !(1000..=4999).contains(&code) => {
                return Err(format!("code {code} is not one of 1000 to 4999"));
            }
            _ => {}
        }
        if fits { Ok(()) } else { Err(format!("{:?} cannot happen on {:?}", self.effect, self.on)) }
    }
}

/// One frame or request that passes by, as rules see it.
pub(crate) struct Passing<'a> {
    pub(crate) at: Place<'a>,
    pub(crate) token: Option<&'a str>,
    pub(crate) connection: Option<Connection>,
}

/// Where it passes, with the names it answers to.
#[derive(Clone, Copy)]
pub(crate) enum Place<'a> {
    Upgrade,
    Request(&'a [&'a str]),
    Push(&'a [&'a str]),
    Http(&'a str),
}

/// The rules in force, in the order in which they were injected.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    rules: Vec<Counted>,
}

#[derive(Debug)]
struct Counted {
    rule: FaultRule,
    matched: u32,
    struck: u32,
}

impl Faults {
    pub(crate) fn inject(&mut self, rule: FaultRule) {
        self.rules.push(Counted { rule, matched: 0, struck: 0 });
    }

    pub(crate) fn clear(&mut self) {
        self.rules.clear();
    }

    /// The rules in force, with how often each has struck.
    pub(crate) fn list(&self) -> impl Iterator<Item = (&FaultRule, u32)> {
        self.rules.iter().map(|counted| (&counted.rule, counted.struck))
    }

    /// The effects of every rule that strikes here.
    pub(crate) fn strike(&mut self, passing: &Passing, random: &mut Random) -> Vec<Effect> {
        self.rules
            .iter_mut()
            .filter(|counted| counted.rule.matches(passing))
            .filter_map(|counted| counted.strike(random))
            .collect()
    }
}

impl Counted {
    fn strike(&mut self, random: &mut Random) -> Option<Effect> {
        self.matched += 1;
        let due = self.matched >= self.rule.nth
            && self.rule.count.is_none_or(|count| self.struck < count)
            && random.chance(self.rule.probability);
        due.then(|| {
            self.struck += 1;
            self.rule.effect.clone()
        })
    }
}

impl FaultRule {
    fn matches(&self, passing: &Passing) -> bool {
        let place = match (&self.on, passing.at) {
            (On::Upgrade, Place::Upgrade) => true,
            (On::Request(name), Place::Request(names)) | (On::Push(name), Place::Push(names)) => {
                name == "*" || names.contains(&name.as_str())
            }
            (On::Http(part), Place::Http(path)) => part == "*" || path.contains(part.as_str()),
            (On::Upgrade | On::Request(_) | On::Push(_) | On::Http(_), _) => false,
        };
        place
            && self.token.as_deref().is_none_or(|token| passing.token == Some(token))
            && self.connection.is_none_or(|connection| passing.connection == Some(connection))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame<'a>(names: &'a [&'a str]) -> Passing<'a> {
        Passing { at: Place::Request(names), token: Some("t"), connection: Some(Connection(1)) }
    }

    #[test]
    fn a_rule_strikes_from_its_nth_match_as_often_as_it_says() {
        let mut faults = Faults::default();
        let rule = FaultRule::once(On::Request("onMessage".into()), Effect::Lose);
        faults.inject(FaultRule { nth: 2, count: Some(2), ..rule });
        let mut random = Random::new(1);
        let strikes: Vec<usize> =
            (0..5).map(|_| faults.strike(&frame(&["onMessage", "text"]), &mut random).len()).collect();
        assert_eq!(strikes, [0, 1, 1, 0, 0]);
    }

    #[test]
    fn the_same_seed_draws_the_same_strikes() {
        let draw = |seed| {
            let mut faults = Faults::default();
            let rule = FaultRule::once(On::Request("*".into()), Effect::Lose).always();
            faults.inject(FaultRule { probability: 0.5, ..rule });
            let mut random = Random::new(seed);
            (0..64).map(|_| faults.strike(&frame(&["echo"]), &mut random).len()).collect::<Vec<_>>()
        };
        assert_eq!(draw(7), draw(7));
        assert_ne!(draw(7), draw(8));
        assert!((10..54).contains(&draw(7).iter().sum::<usize>()));
    }

    #[test]
    fn a_rule_reads_as_short_json() {
        let rule: FaultRule = serde_json::from_str(
            r#"{"on":{"request":"onMessage"},"effect":{"close":{"code":1000,"cut":"afterAccept"}}}"#,
        )
        .unwrap();
        let effect = Effect::Close { code: 1000, reason: String::new(), cut: Cut::AfterAccept };
        assert_eq!(rule, FaultRule::once(On::Request("onMessage".into()), effect));
    }

    #[test]
    fn a_number_that_cannot_go_over_the_wire_is_refused() {
        let status = |status| Effect::Status { status, retry_after: None, html: false };
        let close = |code| Effect::Close { code, reason: String::new(), cut: Cut::default() };
        for (effect, named) in [
            (status(99), "status 99"),
            (status(1000), "status 1000"),
            (close(999), "code 999"),
            (close(5000), "code 5000"),
        ] {
            let said = FaultRule::once(On::Upgrade, effect).check().unwrap_err();
            assert!(said.starts_with(named), "{said}");
        }
        for effect in [status(200), status(599), close(1000), close(4999)] {
            assert_eq!(FaultRule::once(On::Upgrade, effect).check(), Ok(()));
        }
    }

    #[test]
    fn an_effect_out_of_place_is_refused() {
        assert!(FaultRule::once(On::Upgrade, Effect::Hang).check().is_err());
        assert!(FaultRule::once(On::Http("*".into()), Effect::Hang).check().is_ok());
    }
}
