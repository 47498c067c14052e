//! A frame comes in: the request faults first, then whether this connection may ask at all. What is asked is answered
//! in `answer`.

use super::guests::Refused;
use super::{Backend, Due};
use crate::faults::{Passing, Place};
use crate::wire::guest::{Ask, Asked};
use crate::wire::web_messaging::{Incoming, error, parse, too_many};
use crate::{Action, Connection, Cut, Effect};

/// A frame of a client, as its wire reads it.
#[derive(Debug)]
pub(super) enum Heard {
    /// On the published wire.
    Published(Incoming),
    /// On one of the field's, in the conversation that was attended then.
    Field(Asked, Option<String>),
}

/// What a fault answers instead of carrying out a request.
enum Instead {
    Error { code: u16, message: String },
    TooMany { retry_after: Option<u64> },
}

impl Heard {
    fn names(&self) -> [&str; 2] {
        match self {
            Self::Published(incoming) => incoming.names(),
            Self::Field(asked, _) => asked.names(),
        }
    }

    /// The session that it is about.
    fn token(&self) -> Option<&str> {
        match self {
            Self::Published(incoming) => incoming.token.as_deref(),
            Self::Field(_, conversation) => conversation.as_deref(),
        }
    }

    /// What it is counted as.
    fn word(&self) -> &str {
        match self {
            Self::Published(incoming) => &incoming.action,
            Self::Field(asked, _) => &asked.word,
        }
    }
}

impl Backend {
    /// A text frame from the client. Frames of connections that are unknown or already told goodbye are ignored.
    pub fn receive(&mut self, now: u64, connection: Connection, frame: &str) -> Vec<Action> {
        self.take_in(now, connection, frame);
        self.take_out()
    }

    fn take_in(&mut self, now: u64, connection: Connection, frame: &str) {
        let Some(line) = self.lines.get_mut(&connection).filter(|line| !line.ended && !line.is_deaf(now)) else {
            return;
        };
        let heard = match &line.guest {
            Some(guest) => Some(Heard::Field(Asked::read(guest.wire(), frame), line.token.clone())),
            None => parse(frame).map(Heard::Published),
        };
        let Some(heard) = heard else {
            *line.received.entry("unreadable".into()).or_default() += 1;
            self.push(now, connection, &error(400, "Request failed.", None));
            return;
        };
        *line.received.entry(heard.word().to_owned()).or_default() += 1;

        let passing =
            Passing { at: Place::Request(&heard.names()), token: heard.token(), connection: Some(connection) };
        let mut effects = self.faults.strike(&passing, &mut self.random);
        let mut delay = 0;
        for effect in &effects {
            match effect {
                Effect::BlackHole { side, ms } => line.black_hole(now, *side, *ms),
                Effect::Delay { ms, jitter } => delay += ms + self.random.between(0, *jitter),
                _ => {}
            }
        }
        if line.is_deaf(now) || effects.contains(&Effect::Lose) {
            return;
        }
        effects.retain(|effect| !matches!(effect, Effect::BlackHole { .. } | Effect::Delay { .. }));
        match line.inbound.enter(now, delay) {
            None => self.carry_out(now, connection, &heard, effects),
            Some(at) => drop(self.schedule(at, Due::Inbound(connection, Box::new(heard), effects))),
        }
    }

    /// A request that was under way arrives.
    pub(super) fn arrived(&mut self, now: u64, connection: Connection, heard: &Heard, effects: Vec<Effect>) {
        let Some(line) = self.lines.get_mut(&connection) else { return };
        line.inbound.leave();
        if !line.ended {
            self.carry_out(now, connection, heard, effects);
        }
    }

    fn carry_out(&mut self, now: u64, connection: Connection, heard: &Heard, effects: Vec<Effect>) {
        let (mut goodbye, mut instead, mut late) = (None, None, 0);
        for effect in effects {
            match effect {
                Effect::Close { code, reason, cut } => goodbye = Some((cut, code, reason)),
                Effect::Drop { cut } => goodbye = Some((cut, 1006, String::new())),
                Effect::Error { code, message } => instead = Some(Instead::Error { code, message }),
                Effect::TooManyRequests { retry_after } => instead = Some(Instead::TooMany { retry_after }),
                Effect::HistoryLate { ms } => late = ms,
                Effect::Expire { announce } => {
                    self.expire_session(now, heard.token().unwrap_or_default(), announce);
                }
                other => unreachable!("{other:?} was refused by FaultRule::check or is dealt with above"),
            }
        }
        match goodbye {
            Some((Cut::BeforeAccept, code, reason)) => self.cut(connection, code, &reason),
            Some((cut, code, reason)) => {
                self.deafen(now, connection, cut != Cut::AfterEcho);
                self.answer_or_refuse(now, connection, heard, late, instead);
                self.cut(connection, code, &reason);
            }
            None => self.answer_or_refuse(now, connection, heard, late, instead),
        }
    }

    fn answer_or_refuse(
        &mut self,
        now: u64,
        connection: Connection,
        heard: &Heard,
        late: u64,
        instead: Option<Instead>,
    ) {
        match (heard, instead) {
            (Heard::Published(incoming), None) => self.answer(now, connection, incoming, late),
            (Heard::Published(incoming), Some(instead)) => {
                let id = incoming.tracing_id.as_deref();
                let frame = match instead {
                    Instead::Error { code, message } => error(code, &message, id),
                    Instead::TooMany { retry_after } => too_many(retry_after, id),
                };
                self.push(now, connection, &frame);
            }
            // Nothing comes back on these wires, late or not.
            (Heard::Field(asked, _), None) => self.guest_asks(now, connection, asked),
            (Heard::Field(asked, _), Some(instead)) => {
                let id = match &asked.ask {
                    Ask::Text { id, .. } | Ask::Unknown { id } => id.as_deref(),
                    Ask::Typing | Ask::Connect { .. } | Ask::Auth { .. } | Ask::Join { .. } | Ask::Ping => None,
                };
                let why = match instead {
                    Instead::Error { code, .. } => Refused::Status(code),
                    Instead::TooMany { retry_after } => Refused::TooMany(retry_after),
                };
                self.refuse_guest(now, connection, id, &why);
            }
        }
    }

    /// The connection is about to be cut: what is said to it meanwhile does not arrive.
    fn deafen(&mut self, now: u64, connection: Connection, silent: bool) {
        if let Some(line) = self.lines.get_mut(&connection).filter(|_| silent) {
            line.black_hole(now, crate::Side::ToClient, None);
        }
    }
}
