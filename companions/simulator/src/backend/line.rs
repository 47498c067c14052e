//! One connection, and how frames get to it: through the push faults, in order, unless a fault says otherwise. The only
//! place that makes [`Action`]s.

use std::collections::BTreeMap;

use serde::Serialize;

use super::guest_line::Guest;
use super::limits::Window;
use super::{Backend, Due};
use crate::faults::{Passing, Place};
use crate::wire::web_messaging::bare_event;
use crate::wire::{Frame, Wire};
use crate::{Action, Connection, Cut, Effect, Side};

/// One live connection, for a look from outside.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ConnectionReport {
    /// Its name.
    pub connection: Connection,
    /// How it speaks.
    pub wire: Wire,
    /// The session that it was configured for, or the conversation that it attends.
    pub token: Option<String>,
    /// When it was opened, Unix milliseconds.
    pub opened: u64,
    /// Frames received, by action.
    pub received: BTreeMap<String, u64>,
    /// Frames sent.
    pub sent: u64,
}

/// A connection as the backend knows it.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    pub(crate) deployment: String,
    /// The session that it was configured for, or the conversation that it attends.
    pub(crate) token: Option<String>,
    /// Who is there, on any other wire than the published one.
    pub(crate) guest: Option<Guest>,
    opened: u64,
    pub(crate) requests: Window,
    pub(crate) echoes: Window,
    pub(crate) received: BTreeMap<String, u64>,
    sent: u64,
    /// Nothing that the client sends arrives before this time.
    deaf_until: u64,
    /// Nothing that we send arrives before this time.
    mute_until: u64,
    pub(crate) inbound: Lane,
    outbound: Lane,
    /// Frames that a fault put behind the next one.
    overtaken: Vec<String>,
    /// It was told goodbye; only what is still under way is delivered.
    pub(crate) ended: bool,
}

/// What is under way in one direction. Later frames queue behind it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Lane {
    held: u32,
    until: u64,
}

impl Lane {
    /// When a frame that is `delay` ms late arrives; `None` means that it need not wait at all.
    pub(crate) fn enter(&mut self, now: u64, delay: u64) -> Option<u64> {
        if delay == 0 && self.held == 0 {
            return None;
        }
        self.until = self.until.max(now + delay);
        self.held += 1;
        Some(self.until)
    }

    pub(crate) fn leave(&mut self) {
        self.held -= 1;
    }
}

/// What travels to a client.
#[derive(Clone, Debug)]
pub(crate) enum Parcel {
    Frame(String),
    /// A frame that waits for the next one to overtake it.
    Straggler(String),
    /// The close that follows a farewell, with its code.
    Close(u16),
}

impl Line {
    pub(crate) fn new(now: u64, deployment: &str) -> Self {
        Self {
            deployment: deployment.to_owned(),
            token: None,
            guest: None,
            opened: now,
            requests: Window::default(),
            echoes: Window::default(),
            received: BTreeMap::new(),
            sent: 0,
            deaf_until: 0,
            mute_until: 0,
            inbound: Lane::default(),
            outbound: Lane::default(),
            overtaken: Vec::new(),
            ended: false,
        }
    }

    /// Without a deployment: those wires know none.
    pub(crate) fn of_guest(now: u64, guest: Guest) -> Self {
        let name = format!("{:?}", guest.wire());
        Self { guest: Some(guest), ..Self::new(now, &name) }
    }

    pub(crate) fn wire(&self) -> Wire {
        self.guest.as_ref().map_or(Wire::WebMessaging, Guest::wire)
    }

    pub(crate) fn is_deaf(&self, now: u64) -> bool {
        now < self.deaf_until
    }

    pub(crate) fn black_hole(&mut self, now: u64, side: Side, ms: Option<u64>) {
        let until = ms.map_or(u64::MAX, |ms| now + ms);
        match side {
            Side::FromClient => self.deaf_until = until,
            Side::ToClient => self.mute_until = until,
            Side::Both => (self.deaf_until, self.mute_until) = (until, until),
        }
    }

    pub(crate) fn report(&self, connection: Connection) -> ConnectionReport {
        ConnectionReport {
            connection,
            wire: self.wire(),
            token: self.token.clone(),
            opened: self.opened,
            received: self.received.clone(),
            sent: self.sent,
        }
    }
}

impl Backend {
    /// Sends a frame on its way, past the push faults.
    pub(super) fn push(&mut self, now: u64, connection: Connection, frame: &Frame) {
        let Some(line) = self.lines.get_mut(&connection).filter(|line| !line.ended) else { return };
        let token = line.token.clone();
        let passing = Passing { at: Place::Push(&frame.names), token: token.as_deref(), connection: Some(connection) };
        let (mut delay, mut copies, mut behind, mut goodbye) = (0, 1, None, None);
        for effect in self.faults.strike(&passing, &mut self.random) {
            match effect {
                Effect::Lose => copies = 0,
                Effect::Duplicate => copies *= 2,
                Effect::Delay { ms, jitter } => delay += ms + self.random.between(0, jitter),
                Effect::Reorder { ms } => behind = Some(ms),
                Effect::BlackHole { side, ms } => line.black_hole(now, side, ms),
                Effect::Close { code, reason, cut } => goodbye = Some((cut, code, reason)),
                Effect::Drop { cut } => goodbye = Some((cut, 1006, String::new())),
                other => unreachable!("{other:?} was refused by FaultRule::check"),
            }
        }
        if goodbye.as_ref().is_some_and(|(cut, ..)| *cut != Cut::AfterEcho) {
            copies = 0;
        }
        for _ in 0..copies {
            match behind {
                Some(ms) => {
                    if let Some(line) = self.lines.get_mut(&connection) {
                        line.overtaken.push(frame.text.clone());
                    }
                    self.schedule(now + ms, Due::Outbound(connection, Parcel::Straggler(frame.text.clone())));
                }
                None => self.dispatch(now, connection, delay, Parcel::Frame(frame.text.clone())),
            }
        }
        if let Some((_, code, reason)) = goodbye {
            self.cut(connection, code, &reason);
        }
    }

    /// Tells the client that it is over, where its wire has these words, and closes with 1000 behind that.
    pub(super) fn farewell(&mut self, now: u64, connection: Connection, events: &[&'static str]) {
        if self.lines.get(&connection).is_some_and(|line| line.wire() == Wire::WebMessaging) {
            for event in events {
                self.push(now, connection, &bare_event(event));
            }
        }
        self.part(now, connection, 1000);
    }

    /// Closes with this code behind all that was said; 1006 without a handshake. Nothing else reaches the connection.
    pub(super) fn part(&mut self, now: u64, connection: Connection, code: u16) {
        self.disarm(connection);
        self.leave_session(connection);
        self.dispatch(now, connection, 0, Parcel::Close(code));
        if let Some(line) = self.lines.get_mut(&connection) {
            line.ended = true;
        }
    }

    /// Ends the connection at once, whatever is under way; 1006 without a handshake.
    pub(super) fn cut(&mut self, connection: Connection, code: u16, reason: &str) {
        self.disarm(connection);
        self.leave_session(connection);
        if self.lines.remove(&connection).is_some() {
            self.out.push(closing(connection, code, reason));
        }
    }

    /// A parcel arrives, unless the connection has become a black hole meanwhile.
    pub(super) fn deliver(&mut self, now: u64, connection: Connection, parcel: Parcel) {
        let Some(line) = self.lines.get_mut(&connection) else { return };
        if now < line.mute_until {
            return;
        }
        match parcel {
            Parcel::Frame(frame) => {
                let overtaken = std::mem::take(&mut line.overtaken);
                line.sent += 1 + overtaken.len() as u64;
                let frames = std::iter::once(frame).chain(overtaken);
                self.out.extend(frames.map(|frame| Action::Send { connection, frame }));
            }
            Parcel::Straggler(frame) => {
                let Some(at) = line.overtaken.iter().position(|kept| *kept == frame) else { return };
                line.overtaken.remove(at);
                line.sent += 1;
                self.out.push(Action::Send { connection, frame });
            }
            Parcel::Close(code) => {
                self.lines.remove(&connection);
                self.out.push(closing(connection, code, ""));
            }
        }
    }

    /// A parcel that waited in the lane arrives.
    pub(super) fn arrive(&mut self, now: u64, connection: Connection, parcel: Parcel) {
        if let Some(line) = self.lines.get_mut(&connection) {
            match parcel {
                Parcel::Frame(_) | Parcel::Close(_) => line.outbound.leave(),
                Parcel::Straggler(_) => {}
            }
        }
        self.deliver(now, connection, parcel);
    }

    fn dispatch(&mut self, now: u64, connection: Connection, delay: u64, parcel: Parcel) {
        let Some(line) = self.lines.get_mut(&connection) else { return };
        match line.outbound.enter(now, delay) {
            None => self.deliver(now, connection, parcel),
            Some(at) => drop(self.schedule(at, Due::Outbound(connection, parcel))),
        }
    }

    /// Takes the connection out of its session's list, so that nothing more is told to it.
    pub(super) fn leave_session(&mut self, connection: Connection) {
        let Some(line) = self.lines.get_mut(&connection) else { return };
        let Some(token) = line.token.take() else { return };
        if let Some(session) = self.sessions.get_mut(&token) {
            session.connections.retain(|&other| other != connection);
        }
    }
}

fn closing(connection: Connection, code: u16, reason: &str) -> Action {
    match code {
        1006 => Action::Drop { connection },
        _ => Action::Close { connection, code, reason: reason.to_owned() },
    }
}
