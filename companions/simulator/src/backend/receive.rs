//! A frame comes in: the request faults first, then whether this connection may ask at all. What is asked is answered
//! in `answer`.

use super::{Backend, Due};
use crate::faults::{Passing, Place};
use crate::wire::web_messaging::{Incoming, error, parse, too_many};
use crate::{Action, Connection, Cut, Effect};

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
        let Some(incoming) = parse(frame) else {
            *line.received.entry("unreadable".into()).or_default() += 1;
            self.push(now, connection, &error(400, "Request failed.", None));
            return;
        };
        *line.received.entry(incoming.action.clone()).or_default() += 1;

        let passing = Passing {
            at: Place::Request(&incoming.names()),
            token: incoming.token.as_deref(),
            connection: Some(connection),
        };
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
            None => self.carry_out(now, connection, &incoming, effects),
            Some(at) => self.schedule(at, Due::Inbound(connection, Box::new(incoming), effects)),
        }
    }

    /// A request that was under way arrives.
    pub(super) fn arrived(&mut self, now: u64, connection: Connection, incoming: &Incoming, effects: Vec<Effect>) {
        let Some(line) = self.lines.get_mut(&connection) else { return };
        line.inbound.leave();
        if !line.ended {
            self.carry_out(now, connection, incoming, effects);
        }
    }

    fn carry_out(&mut self, now: u64, connection: Connection, incoming: &Incoming, effects: Vec<Effect>) {
        let tracing_id = incoming.tracing_id.as_deref();
        let (mut goodbye, mut refusal, mut late) = (None, None, 0);
        for effect in effects {
            match effect {
                Effect::Close { code, reason, cut } => goodbye = Some((cut, code, reason)),
                Effect::Drop { cut } => goodbye = Some((cut, 1006, String::new())),
                Effect::Error { code, message } => refusal = Some(error(code, &message, tracing_id)),
                Effect::TooManyRequests { retry_after } => {
                    refusal = Some(too_many(retry_after, tracing_id));
                }
                Effect::HistoryLate { ms } => late = ms,
                Effect::Expire { announce } => {
                    let token = incoming.token.as_deref().unwrap_or_default();
                    self.expire_session(now, token, announce);
                }
                other => unreachable!("{other:?} was refused by FaultRule::check or is dealt with above"),
            }
        }
        match goodbye {
            Some((Cut::BeforeAccept, code, reason)) => self.cut(connection, code, &reason),
            Some((cut, code, reason)) => {
                let heard = cut == Cut::AfterEcho;
                self.deafen(now, connection, !heard);
                self.answer_or_refuse(now, connection, incoming, late, refusal);
                self.cut(connection, code, &reason);
            }
            None => self.answer_or_refuse(now, connection, incoming, late, refusal),
        }
    }

    fn answer_or_refuse(
        &mut self,
        now: u64,
        connection: Connection,
        incoming: &Incoming,
        late: u64,
        refusal: Option<crate::wire::web_messaging::Frame>,
    ) {
        match refusal {
            Some(frame) => self.push(now, connection, &frame),
            None => self.answer(now, connection, incoming, late),
        }
    }

    /// The connection is about to be cut: what is said to it meanwhile does not arrive.
    fn deafen(&mut self, now: u64, connection: Connection, silent: bool) {
        if let Some(line) = self.lines.get_mut(&connection).filter(|_| silent) {
            line.black_hole(now, crate::Side::ToClient, None);
        }
    }
}
