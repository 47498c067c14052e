//! Levers for tests and for `/control`: whatever agents, administrators, time and the network may do to a session. Each
//! does nothing where the token is unknown or its session is over.

use super::session::{Direction, Kind, Row, State};
use super::{Action, Backend, Connection};
use crate::script;
use crate::wire::Wire;
use crate::wire::guest::Say;
use crate::wire::web_messaging::typing;

impl Backend {
    /// The agent writes.
    pub fn agent_says(&mut self, now: u64, token: &str, text: &str) -> Vec<Action> {
        if self.is_writable(token) {
            self.accept_outbound(now, token, text);
        }
        self.take_out()
    }

    /// A bot writes.
    pub fn bot_says(&mut self, now: u64, token: &str, text: &str) -> Vec<Action> {
        if self.is_writable(token) {
            let row = self.outbound_row(now, token, Kind::Message);
            let nickname = row.nickname.is_some().then(|| script::BOT_NAME.to_owned());
            self.accept(now, token, Row { text: Some(text.to_owned()), nickname, by_bot: true, ..row });
        }
        self.take_out()
    }

    /// The agent types, if the deployment shows it.
    pub fn agent_types(&mut self, now: u64, token: &str) -> Vec<Action> {
        if self.is_writable(token) {
            self.send_agent_typing(now, token);
        }
        self.take_out()
    }

    /// The visitor's place in line has changed; 0 means that an agent has the conversation. Said on the wires that have a word for it.
    pub fn queue(&mut self, now: u64, token: &str, position: u32, wait_seconds: u64) -> Vec<Action> {
        if self.is_writable(token) {
            self.queue_moves(now, token, position, wait_seconds);
        }
        self.take_out()
    }

    /// The agent or the flow ends the conversation: read-only, or so that the visitor may keep writing. Only Web Messaging
    /// knows the latter; elsewhere an end is an end.
    pub fn disconnect_conversation(&mut self, now: u64, token: &str, read_only: bool) -> Vec<Action> {
        if self.is_writable(token) {
            self.accept_disconnect(now, token, read_only);
        }
        self.take_out()
    }

    /// The session expires: with an event and a close on every connection, or silently, to be met as 4006 by the next
    /// request. On any other wire than Web Messaging it is every token of the conversation that ends, with what that wire
    /// has for it.
    pub fn expire(&mut self, now: u64, token: &str, announce: bool) -> Vec<Action> {
        self.if_live(token, |backend| backend.expire_session(now, token, announce))
    }

    /// The conversation is cleared, as by the visitor's own hand in another tab.
    pub fn clear(&mut self, now: u64, token: &str) -> Vec<Action> {
        let events = ["SessionClearedEvent", "ConnectionClosedEvent"];
        self.if_live(token, |backend| backend.end_session(now, token, State::Gone, &events))
    }

    /// The visitor is signed out everywhere.
    pub fn logout(&mut self, now: u64, token: &str) -> Vec<Action> {
        self.if_live(token, |backend| backend.end_session(now, token, State::Gone, &["LogoutEvent"]))
    }

    /// Every connection of the session loses its place, as when other tabs took it. The session lives on.
    pub fn evict(&mut self, now: u64, token: &str) -> Vec<Action> {
        self.if_live(token, |backend| {
            let connections = backend.sessions.get(token).map(|session| session.connections.clone());
            for connection in connections.unwrap_or_default() {
                backend.farewell(now, connection, &["ConnectionClosedEvent"]);
            }
        })
    }

    /// Closes one connection with this code; 1006 cuts the wire.
    pub fn close(&mut self, _now: u64, connection: Connection, code: u16, reason: &str) -> Vec<Action> {
        self.cut(connection, code, reason);
        self.take_out()
    }

    /// Closes every connection with this code, configured or not; 1006 cuts the wires.
    pub fn close_all(&mut self, _now: u64, code: u16, reason: &str) -> Vec<Action> {
        for connection in self.lines.keys().copied().collect::<Vec<_>>() {
            self.cut(connection, code, reason);
        }
        self.take_out()
    }

    fn is_writable(&self, token: &str) -> bool {
        self.sessions.get(token).is_some_and(super::Session::is_writable)
    }

    fn if_live(&mut self, token: &str, act: impl FnOnce(&mut Self)) -> Vec<Action> {
        if self.sessions.get(token).is_some_and(super::Session::is_live) {
            act(self);
        }
        self.take_out()
    }

    pub(super) fn send_agent_typing(&mut self, now: u64, token: &str) {
        let deployment = self.deployment_of(token);
        if deployment.show_agent_typing_indicator {
            let nickname = deployment.humanize.then_some(script::NAME);
            if self.wire_of(token) != Wire::WebMessaging {
                return self.tell_guests(now, token, &Say::Typing { name: nickname });
            }
            let frame = typing(&self.random.hex32(), Direction::Outbound, nickname, now, None);
            self.tell(now, token, &frame);
        }
    }

    pub(super) fn accept_outbound(&mut self, now: u64, token: &str, text: &str) {
        let row = Row { text: Some(text.to_owned()), ..self.outbound_row(now, token, Kind::Message) };
        self.accept(now, token, row);
    }

    pub(super) fn accept_disconnect(&mut self, now: u64, token: &str, read_only: bool) {
        let read_only = read_only || self.wire_of(token) != Wire::WebMessaging;
        let row = Row { read_only, ..self.outbound_row(now, token, Kind::Disconnect) };
        self.accept(now, token, row);
        if let Some(session) = self.sessions.get_mut(token).filter(|_| read_only) {
            session.state = State::ReadOnly;
        }
    }

    fn wire_of(&self, token: &str) -> Wire {
        self.sessions.get(token).map_or(Wire::WebMessaging, |session| session.wire)
    }

    fn outbound_row(&mut self, now: u64, token: &str, kind: Kind) -> Row {
        let humanize = self.deployment_of(token).humanize;
        Row {
            id: self.random.hex32(),
            message_id: None,
            direction: Direction::Outbound,
            kind,
            text: None,
            content: Vec::new(),
            nickname: humanize.then(|| script::NAME.to_owned()),
            by_bot: false,
            correlation_id: self.random.uuid(),
            client_id: None,
            parent_message_id: None,
            tracing_id: None,
            read_only: false,
            time: now,
            visible_at: now,
            conversation: 0,
        }
    }
}
