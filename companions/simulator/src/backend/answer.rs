//! What each request does and what it is answered with. Every error of the protocol is given here, in the order in
//! which the service would notice it.

use serde_json::Value;

use super::limits::{MINUTE, SECOND, seconds};
use super::session::{Direction, Kind, Row, Session, State};
use super::{Backend, Connection};
use crate::wire::web_messaging::{self as wire, Ask, Incoming, Message, Said, Welcome};
use crate::wire::{Frame, Wire};

/// An error instead of an answer.
enum Refused {
    Code(u16, String),
    /// Over quota; milliseconds until there is room.
    TooMany(u64),
}

fn refuse<T>(code: u16, text: &str) -> Result<T, Refused> {
    Err(Refused::Code(code, text.to_owned()))
}

/// The texts by which clients recognise their errors.
const BAD_REQUEST: &str = "Request failed.";
const READ_ONLY: &str = "Session is read-only, no new messages allowed";
const TYPING_DISABLED: &str = "Turn on the Feature Toggle or fix the configuration.";
const CLEAR_DISABLED: &str = "Presence events Conversation Clear are not supported";

impl Backend {
    /// Carries out a request and answers it. `late` holds its row back from history, by fault.
    pub(super) fn answer(&mut self, now: u64, connection: Connection, incoming: &Incoming, late: u64) {
        let id = incoming.tracing_id.as_deref();
        match self.carried_out(now, connection, incoming, late) {
            Ok(Some(frame)) => self.push(now, connection, &frame),
            Ok(None) => {}
            Err(Refused::Code(code, text)) => self.push(now, connection, &wire::error(code, &text, id)),
            Err(Refused::TooMany(wait)) => {
                self.push(now, connection, &wire::too_many(Some(seconds(wait)), id));
            }
        }
    }

    /// The frame that answers this connection alone, if there is one; what every connection hears is sent on the way.
    fn carried_out(
        &mut self,
        now: u64,
        connection: Connection,
        incoming: &Incoming,
        late: u64,
    ) -> Result<Option<Frame>, Refused> {
        let limits = self.settings.limits.clone();
        let id = incoming.tracing_id.as_deref();
        // The connection may have been told goodbye by the very fault that struck this request.
        let Some(line) = self.lines.get_mut(&connection).filter(|line| !line.ended) else {
            return Ok(None);
        };
        line.requests.take(now, limits.requests_per_minute, MINUTE).map_err(Refused::TooMany)?;

        let token = incoming.token.as_deref().filter(|token| !token.is_empty());
        match &incoming.ask {
            Ask::Unknown => refuse(400, BAD_REQUEST),
            Ask::Missing(name) => refuse(4020, &format!("Missing parameter: {name}")),
            Ask::Configuration { deployment } => {
                let seconds = self.known_deployment(deployment.as_deref())?;
                Ok(Some(wire::configuration(limits.attribute_bytes, seconds, id)))
            }
            Ask::Configure { deployment, start_new, authenticated, code } => {
                let duration = self.known_deployment(deployment.as_deref())?;
                let Some(token) = token else { return refuse(4020, "Missing parameter: token") };
                let owner = match (authenticated, code) {
                    (false, _) => None,
                    (true, Some(code)) => match self.sign_ins.owner_of(code, now) {
                        Some(owner) => Some(owner.to_owned()),
                        None => return refuse(401, "User is unauthorized"),
                    },
                    (true, None) => return refuse(4020, "Missing parameter: data.code"),
                };
                let welcome = self.configure(now, connection, token, *start_new, owner, duration)?;
                Ok(Some(wire::session(&welcome, id)))
            }
            Ask::Message(message) => {
                let token = self.configured(now, connection, token)?;
                self.message(now, &token, message, id, late).map(|()| None)
            }
            Ask::Echo(text) => {
                let token = self.configured(now, connection, token)?;
                let Some(line) = self.lines.get_mut(&connection) else { return Ok(None) };
                line.echoes.take(now, limits.echoes_per_minute, MINUTE).map_err(Refused::TooMany)?;
                let expires = self.sessions[&token].expires;
                let duration = self.deployment_of(&token).session_duration_seconds;
                Ok(Some(wire::pong(&self.random.hex32(), text, duration, expires, id)))
            }
            Ask::Jwt => {
                let token = self.configured(now, connection, token)?;
                let (jwt, exp) = self.mint_jwt(now, &token);
                Ok(Some(wire::jwt(&jwt, exp, id)))
            }
            Ask::Close { all } => {
                let token = self.configured(now, connection, token)?;
                self.close_session(now, connection, &token, *all);
                Ok(Some(wire::session_over(id)))
            }
            Ask::Attachment => {
                self.configured(now, connection, token)?;
                refuse(4000, "Feature is unavailable")
            }
        }
    }

    /// The session duration of the deployment, if it exists and is active.
    fn known_deployment(&self, id: Option<&str>) -> Result<u64, Refused> {
        let Some(id) = id else { return refuse(4020, "Missing parameter: deploymentId") };
        match self.settings.deployment(id).filter(|deployment| deployment.active) {
            Some(deployment) => Ok(deployment.session_duration_seconds),
            None => refuse(400, "Deployment not found"),
        }
    }

    /// Binds the connection to the session under this token: resumed if it lives, new if it does not. `startNew` counts
    /// where the old conversation is over; a living one is resumed all the same.
    fn configure(
        &mut self,
        now: u64,
        connection: Connection,
        token: &str,
        start_new: bool,
        owner: Option<String>,
        duration: u64,
    ) -> Result<Welcome, Refused> {
        let limits = self.settings.limits.clone();
        self.settle(now, token);
        let number = self.sessions.len() as u64;
        let deployment = self.lines[&connection].deployment.clone();
        let session = self.sessions.entry(token.to_owned()).or_insert_with(|| Session::new(token, number, &deployment));
        if session.wire != Wire::WebMessaging {
            return refuse(400, BAD_REQUEST);
        }
        session.configures.take(now, limits.configures_per_minute, MINUTE).map_err(Refused::TooMany)?;
        if session.is_live() && session.signed_in.is_some() && owner.is_none() {
            return refuse(4017, "Session is authenticated, guest access is not allowed");
        }
        let new_session = match session.state {
            State::Live => false,
            State::ReadOnly => start_new,
            State::Expired | State::Gone => true,
        };
        if new_session {
            session.begin();
            session.signed_in = None;
        }
        if owner.is_some() {
            session.signed_in = owner;
        }
        session.expires = now + duration * SECOND;
        let welcome = Welcome {
            new_session,
            read_only: session.state == State::ReadOnly,
            auto_started: session.joined,
            attribute_bytes: limits.attribute_bytes,
            duration_seconds: duration,
            expires: session.expires,
        };
        self.revision += 1;
        self.join_session(now, connection, token, limits.connections_per_session);
        Ok(welcome)
    }

    /// Adds the connection to the session's list; one too many costs the oldest its place.
    pub(super) fn join_session(&mut self, now: u64, connection: Connection, token: &str, room: usize) {
        if self.lines[&connection].token.as_deref() == Some(token) {
            return;
        }
        self.leave_session(connection);
        if let Some(line) = self.lines.get_mut(&connection) {
            line.token = Some(token.to_owned());
        }
        let Some(session) = self.sessions.get_mut(token) else { return };
        session.connections.push(connection);
        let surplus = session.connections.len().saturating_sub(room);
        let evicted: Vec<Connection> = session.connections[..surplus].to_vec();
        for oldest in evicted {
            self.farewell(now, oldest, &["ConnectionClosedEvent"]);
        }
    }

    /// The session that this connection may speak for. Before configure there is none, and the code says why.
    fn configured(&mut self, now: u64, connection: Connection, token: Option<&str>) -> Result<String, Refused> {
        let Some(token) = token else { return refuse(4020, "Missing parameter: token") };
        self.settle(now, token);
        match self.sessions.get(token).map(|session| session.state) {
            None | Some(State::Gone) => return refuse(4007, "Session not found"),
            Some(State::Expired) => return refuse(4006, "Session has expired"),
            Some(State::Live | State::ReadOnly) => {}
        }
        if self.lines[&connection].token.as_deref() != Some(token) {
            return refuse(400, BAD_REQUEST);
        }
        Ok(token.to_owned())
    }

    fn message(
        &mut self,
        now: u64,
        token: &str,
        message: &Message,
        tracing_id: Option<&str>,
        late: u64,
    ) -> Result<(), Refused> {
        let limits = self.settings.limits.clone();
        let deployment = self.deployment_of(token);
        if self.sessions[token].state == State::ReadOnly && message.said != Said::Clear {
            return refuse(409, READ_ONLY);
        }
        if message.attribute_bytes > limits.attribute_bytes {
            let size = limits.attribute_bytes;
            let text = format!("Custom Attributes in channel metadata is larger than {size} bytes");
            return refuse(4013, &text);
        }
        match message.said {
            Said::UnknownEvent => refuse(400, BAD_REQUEST),
            Said::Typing if !deployment.show_user_typing_indicator => refuse(403, TYPING_DISABLED),
            Said::Typing => {
                let id = self.random.hex32();
                self.tell(now, token, &wire::typing(&id, Direction::Inbound, None, now, tracing_id));
                Ok(())
            }
            Said::Join => {
                self.accept_inbound(now, token, Kind::Join, message, tracing_id, late);
                self.agent_hears_join(now, token);
                Ok(())
            }
            Said::Clear if !deployment.conversation_clear => refuse(403, CLEAR_DISABLED),
            Said::Clear => {
                self.accept_inbound(now, token, Kind::Clear, message, tracing_id, late);
                self.end_session(now, token, State::Gone, &["SessionClearedEvent", "ConnectionClosedEvent"]);
                Ok(())
            }
            Said::Content => {
                let text = message.text.as_deref().unwrap_or_default();
                if text.is_empty() && message.content.is_empty() {
                    return refuse(4020, "Missing parameter: message.text");
                }
                if text.len() > limits.text_bytes {
                    let (length, most) = (text.len(), limits.text_bytes);
                    return refuse(4011, &format!("Message length {length} is larger than {most}"));
                }
                if message.content.iter().any(is_attachment) {
                    return refuse(4009, "Attachment not found");
                }
                if let Some(session) = self.sessions.get_mut(token) {
                    let quota = session.messages.take(now, limits.messages_per_second, SECOND);
                    quota.map_err(Refused::TooMany)?;
                }
                self.accept_inbound(now, token, Kind::Message, message, tracing_id, late);
                self.agent_hears_text(now, token, text);
                Ok(())
            }
        }
    }

    /// Keeps what the visitor said and tells it to every connection: the echo. Nothing is compared with what was said
    /// before, for the service promises no idempotency: a resend is a second message.
    fn accept_inbound(
        &mut self,
        now: u64,
        token: &str,
        kind: Kind,
        message: &Message,
        tracing_id: Option<&str>,
        late: u64,
    ) {
        let row = Row {
            text: message.text.clone().filter(|_| kind == Kind::Message),
            content: message.content.clone(),
            client_id: message.client_id.clone(),
            parent_message_id: message.parent_message_id.clone(),
            tracing_id: tracing_id.map(str::to_owned),
            visible_at: now + late,
            ..self.inbound_row(now, kind)
        };
        self.accept(now, token, row);
    }

    pub(super) fn inbound_row(&mut self, now: u64, kind: Kind) -> Row {
        Row {
            id: self.random.hex32(),
            message_id: Some(self.random.uuid()),
            direction: Direction::Inbound,
            kind,
            text: None,
            content: Vec::new(),
            nickname: None,
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

    /// Keeps a row and tells every connection of its session.
    pub(super) fn accept(&mut self, now: u64, token: &str, mut row: Row) {
        let duration = self.deployment_of(token).session_duration_seconds;
        let Some(session) = self.sessions.get_mut(token) else { return };
        row.conversation = session.conversation;
        session.joined |= row.kind == Kind::Join;
        if session.wire == Wire::WebMessaging {
            session.expires = now + duration * SECOND;
        }
        let frame = session.wire.accepted(token, &row);
        session.rows.push(row);
        self.revision += 1;
        if let Some(frame) = frame {
            self.tell(now, token, &frame);
        }
    }

    /// Says one thing to every connection of the session, oldest first.
    pub(super) fn tell(&mut self, now: u64, token: &str, frame: &Frame) {
        let listeners = self.sessions.get(token).map_or(Vec::new(), |session| session.connections.clone());
        for connection in listeners {
            self.push(now, connection, frame);
        }
    }

    /// Ends what the token stands for, with these events and a close on every connection.
    pub(super) fn end_session(&mut self, now: u64, token: &str, state: State, events: &[&'static str]) {
        let Some(session) = self.sessions.get_mut(token) else { return };
        session.state = state;
        self.revision += 1;
        for connection in session.connections.clone() {
            self.farewell(now, connection, events);
        }
    }

    /// `closeSession`: with `all` the conversation is over and the other connections are closed; without, this
    /// connection only leaves. Its socket stays open either way, for the next configure.
    fn close_session(&mut self, now: u64, connection: Connection, token: &str, all: bool) {
        self.leave_session(connection);
        if all {
            self.end_session(now, token, State::ReadOnly, &["ConnectionClosedEvent"]);
        }
    }

    /// Lets a session whose time is over be expired, even if nobody has called `advance` since.
    fn settle(&mut self, now: u64, token: &str) {
        if self.sessions.get(token).is_some_and(|session| session.is_live() && session.expires <= now) {
            self.expire_session(now, token, false);
        }
    }

    /// The session expires: with an event and a close everywhere, or silently, to be met as 4006.
    pub(super) fn expire_session(&mut self, now: u64, token: &str, announce: bool) {
        if self.sessions.get(token).is_some_and(|session| session.wire != Wire::WebMessaging) {
            self.expire_tokens(now, token);
        } else if announce {
            self.end_session(now, token, State::Expired, &["SessionExpiredEvent"]);
        } else if let Some(session) = self.sessions.get_mut(token) {
            session.state = State::Expired;
            self.revision += 1;
        }
    }
}

fn is_attachment(content: &Value) -> bool {
    content["contentType"] == "Attachment"
}
