//! A guest's end of a connection: how far it has come, what is said to it, and the one alarm that ends its patience or
//! its token.

use super::limits::SECOND;
use super::line::Line;
use super::{Backend, Due};
use crate::Connection;
use crate::wire::Wire;
use crate::wire::guest::Say;

/// How long a `conversation-socket` waits: for its auth, then for the join, and for a new token once its own has ended.
pub(super) const AUTH_MS: u64 = 5 * SECOND;
pub(super) const JOIN_MS: u64 = SECOND / 2;
const RENEWAL_MS: u64 = 30 * SECOND;

/// What is known of a guest at the other end of a connection.
#[derive(Clone, Debug)]
pub(crate) struct Guest {
    pub(super) wire: Wire,
    /// The token in use.
    pub(super) token: Option<String>,
    pub(super) stage: Stage,
    /// What rings for this connection, by its place in the queue.
    alarm: Option<(u64, u64)>,
}

/// How far a guest has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// Nobody knows who it is: not yet, or never will.
    Unknown,
    /// It has said who it is, but not what it wants.
    Authorized,
    /// It hears, and may write as far as its token goes.
    Attending,
    /// It hears, and what it writes is refused: its token has ended in place, or was used before.
    Lapsed,
}

impl Guest {
    pub(super) fn new(wire: Wire, token: Option<String>) -> Self {
        Self { wire, token, stage: Stage::Unknown, alarm: None }
    }

    pub(super) fn wire(&self) -> Wire {
        self.wire
    }
}

impl Backend {
    /// Who is at the other end of this connection, and which conversation it attends. `None` for who is gone, and on the
    /// published wire.
    pub(super) fn guest(&self, connection: Connection) -> Option<(Guest, Option<String>)> {
        let line = self.lines.get(&connection).filter(|line| !line.ended)?;
        Some((line.guest.clone()?, line.token.clone()))
    }

    /// It has come this far, with this token from now on where there is one.
    pub(super) fn come_to(&mut self, connection: Connection, stage: Stage, token: Option<&str>) {
        let Some(guest) = self.lines.get_mut(&connection).and_then(|line| line.guest.as_mut()) else { return };
        guest.stage = stage;
        if let Some(token) = token {
            guest.token = Some(token.to_owned());
        }
    }

    /// Says it to this connection, if its wire has words for it.
    pub(super) fn say(&mut self, now: u64, connection: Connection, say: &Say) {
        let wire = self.lines.get(&connection).map(Line::wire);
        if let Some(frame) = wire.and_then(|wire| wire.say(say)) {
            self.push(now, connection, &frame);
        }
    }

    /// Says it to every connection of the conversation, oldest first.
    pub(super) fn tell_guests(&mut self, now: u64, conversation: &str, say: &Say) {
        let wire = self.sessions.get(conversation).map(|session| session.wire);
        if let Some(frame) = wire.and_then(|wire| wire.say(say)) {
            self.tell(now, conversation, &frame);
        }
    }

    /// Something rings for this connection then, instead of what was to ring before.
    pub(super) fn arm(&mut self, connection: Connection, at: u64) {
        self.disarm(connection);
        if self.guest(connection).is_none() {
            return;
        }
        let place = self.schedule(at, Due::Alarm(connection));
        if let Some(guest) = self.lines.get_mut(&connection).and_then(|line| line.guest.as_mut()) {
            guest.alarm = Some(place);
        }
    }

    pub(super) fn disarm(&mut self, connection: Connection) {
        let guest = self.lines.get_mut(&connection).and_then(|line| line.guest.as_mut());
        if let Some(place) = guest.and_then(|guest| guest.alarm.take()) {
            self.queue.remove(&place);
        }
    }

    /// What should have rung by now has, even if nobody has called `advance` since.
    pub(super) fn ring_if_due(&mut self, now: u64, connection: Connection) {
        let armed = self.guest(connection).and_then(|(guest, _)| guest.alarm);
        if armed.is_some_and(|(at, _)| at <= now) {
            self.ring(now, connection);
        }
    }

    /// The guest's patience with us, or ours with the guest, is at its end.
    pub(super) fn ring(&mut self, now: u64, connection: Connection) {
        self.disarm(connection);
        let Some((guest, _)) = self.guest(connection) else { return };
        match (guest.wire, guest.stage) {
            (Wire::GuestSessions | Wire::GuestWebchat, _) => self.part(now, connection, 1000),
            (Wire::ConversationSocket, Stage::Attending) => {
                self.come_to(connection, Stage::Lapsed, None);
                self.arm(connection, now + RENEWAL_MS);
                self.say(now, connection, &Say::AuthExpired);
            }
            (Wire::ConversationSocket, Stage::Unknown | Stage::Authorized | Stage::Lapsed) => {
                self.part(now, connection, 1006);
            }
            // Nothing is ever armed for these: they meet the end of their token with the next message.
            (Wire::WebMessaging | Wire::ExternalContacts | Wire::WebmessagingGuests, _) => {}
        }
    }

    /// Every token of the conversation ends now, and whoever would learn of that by itself learns of it.
    pub(super) fn expire_tokens(&mut self, now: u64, conversation: &str) {
        self.credentials.expire(now, conversation);
        self.revision += 1;
        let Some(session) = self.sessions.get_mut(conversation) else { return };
        session.expires = session.expires.min(now);
        for connection in session.connections.clone() {
            match self.guest(connection) {
                // It waits for a new one already.
                Some((Guest { stage: Stage::Lapsed, .. }, _)) | None => {}
                Some(_) => self.ring(now, connection),
            }
        }
    }
}
