//! One visitor's session: its token, its conversations, and every row ever accepted. Rows are never removed, for the
//! transcript is the test oracle; a new conversation only moves history's beginning.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::limits::Window;
use crate::{Connection, Wire};

/// One thing that the backend really accepted: the test oracle's unit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Accepted {
    /// The id under which history shows it (`channel.messageId ?? id` of the live frame).
    pub id: String,
    /// From the visitor or to the visitor.
    pub direction: Direction,
    /// A text, or which event.
    pub kind: Kind,
    /// The text; empty for events.
    pub text: String,
    /// The request's `tracingId`.
    pub tracing_id: Option<String>,
    /// The request's `message.metadata.id`.
    pub client_id: Option<String>,
    /// When it was accepted, Unix milliseconds.
    pub time: u64,
    /// Which conversation under this token, counted from 1: clear, expiry and new chat begin the next.
    pub conversation: u32,
}

/// Whose words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Direction {
    /// From the visitor.
    Inbound,
    /// From the agent.
    Outbound,
}

/// What was accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Kind {
    /// A message.
    Message,
    /// Presence: the visitor joined.
    Join,
    /// Presence: the visitor cleared the conversation.
    Clear,
    /// Presence: the agent left.
    Disconnect,
}

/// One session that the backend knows, for a look from outside.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SessionReport {
    /// The visitor's token, or the conversation's id.
    pub token: String,
    /// How it is spoken in.
    pub wire: Wire,
    /// Whether it takes requests at all; read-only counts as live.
    pub live: bool,
    /// Whether its conversation is over.
    pub read_only: bool,
    /// Which conversation, counted from 1.
    pub conversation: u32,
    /// When it expires, Unix milliseconds; on any other wire than Web Messaging, when the last of its tokens does.
    pub expires: u64,
    /// Its live connections, oldest first.
    pub connections: Vec<Connection>,
}

/// A message or presence event as the backend keeps it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Row {
    /// The service's own id, 32 hex digits.
    pub(crate) id: String,
    /// The live frame's `channel.messageId`; the visitor's messages only.
    pub(crate) message_id: Option<String>,
    pub(crate) direction: Direction,
    pub(crate) kind: Kind,
    pub(crate) text: Option<String>,
    pub(crate) content: Vec<Value>,
    pub(crate) nickname: Option<String>,
    /// A bot's words and not a person's.
    #[serde(default)]
    pub(crate) by_bot: bool,
    pub(crate) correlation_id: String,
    pub(crate) client_id: Option<String>,
    pub(crate) parent_message_id: Option<String>,
    pub(crate) tracing_id: Option<String>,
    /// On a Disconnect: nothing may be written any more.
    pub(crate) read_only: bool,
    pub(crate) time: u64,
    /// History shows the row from then on; later than `time` only by fault.
    pub(crate) visible_at: u64,
    pub(crate) conversation: u32,
}

impl Row {
    /// What a client should know the message by, and what history calls its id.
    pub(crate) fn key(&self) -> &str {
        self.message_id.as_deref().unwrap_or(&self.id)
    }

    /// The body's `type`. Messages whose content was chosen rather than written come back as `Text` too (observed
    /// live).
    pub(crate) fn wire_type(&self) -> &'static str {
        match self.kind {
            Kind::Message => "Text",
            Kind::Join | Kind::Clear | Kind::Disconnect => "Event",
        }
    }

    /// The presence that an event row stands for.
    pub(crate) fn presence(&self) -> Option<&'static str> {
        match self.kind {
            Kind::Message => None,
            Kind::Join => Some("Join"),
            Kind::Clear => Some("Clear"),
            Kind::Disconnect => Some("Disconnect"),
        }
    }

    pub(crate) fn accepted(&self) -> Accepted {
        Accepted {
            id: self.key().to_owned(),
            direction: self.direction,
            kind: self.kind,
            text: self.text.clone().unwrap_or_default(),
            tracing_id: self.tracing_id.clone(),
            client_id: self.client_id.clone(),
            time: self.time,
            conversation: self.conversation,
        }
    }
}

/// What the session takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum State {
    /// Everything.
    Live,
    /// History and Clear; anything written is refused with 409.
    ReadOnly,
    /// Nothing (4006). The next configure begins a new conversation.
    Expired,
    /// Nothing (4007): cleared or logged out. The next configure begins a new conversation.
    Gone,
}

/// Everything known under one token.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Session {
    pub(crate) token: String,
    #[serde(default)]
    pub(crate) wire: Wire,
    /// The guest's id, on the wire that has one.
    #[serde(default)]
    pub(crate) guest: Option<String>,
    /// The order of first appearance.
    pub(crate) number: u64,
    pub(crate) deployment: String,
    pub(crate) state: State,
    pub(crate) conversation: u32,
    /// A Join was accepted in this conversation; on the wires that have none, somebody has been connected.
    pub(crate) joined: bool,
    /// The refresh token of the sign-in that owns the session.
    pub(crate) signed_in: Option<String>,
    pub(crate) expires: u64,
    pub(crate) rows: Vec<Row>,
    /// Live connections, oldest first.
    #[serde(skip)]
    pub(crate) connections: Vec<Connection>,
    #[serde(skip)]
    pub(crate) messages: Window,
    #[serde(skip)]
    pub(crate) configures: Window,
    #[serde(skip)]
    pub(crate) histories: Window,
    /// The agent has said everything scheduled so far by then.
    #[serde(skip)]
    pub(crate) agent_free_at: u64,
    /// How often the agent has answered in this conversation.
    #[serde(skip)]
    pub(crate) agent_turns: u32,
    /// The visitor was told to wait for the agent.
    #[serde(skip)]
    pub(crate) is_queued: bool,
}

impl Session {
    pub(crate) fn new(token: &str, number: u64, deployment: &str) -> Self {
        Self {
            token: token.to_owned(),
            wire: Wire::WebMessaging,
            guest: None,
            number,
            deployment: deployment.to_owned(),
            state: State::Gone,
            conversation: 0,
            joined: false,
            signed_in: None,
            expires: 0,
            rows: Vec::new(),
            connections: Vec::new(),
            messages: Window::default(),
            configures: Window::default(),
            histories: Window::default(),
            agent_free_at: 0,
            agent_turns: 0,
            is_queued: false,
        }
    }

    /// Begins the next conversation: history is empty again and nobody has joined.
    pub(crate) fn begin(&mut self) {
        self.state = State::Live;
        self.conversation += 1;
        self.joined = false;
        self.agent_free_at = 0;
        self.agent_turns = 0;
        self.is_queued = false;
    }

    /// Whether it takes requests, on this wire.
    pub(crate) fn is_of(&self, wire: Wire) -> bool {
        self.wire == wire && self.is_live()
    }

    /// When it expires by itself. A guest's conversation outlives its tokens.
    pub(crate) fn ends(&self) -> Option<u64> {
        self.is_of(Wire::WebMessaging).then_some(self.expires)
    }

    /// Whether it takes requests at all.
    pub(crate) fn is_live(&self) -> bool {
        match self.state {
            State::Live | State::ReadOnly => true,
            State::Expired | State::Gone => false,
        }
    }

    /// Whether the visitor and the agent may write.
    pub(crate) fn is_writable(&self) -> bool {
        self.state == State::Live
    }

    /// What history shows by now, oldest first.
    pub(crate) fn history(&self, now: u64) -> impl DoubleEndedIterator<Item = &Row> {
        let gone = self.state == State::Gone;
        self.rows.iter().filter(move |row| !gone && row.conversation == self.conversation && row.visible_at <= now)
    }

    pub(crate) fn report(&self) -> SessionReport {
        SessionReport {
            token: self.token.clone(),
            wire: self.wire,
            live: self.is_live(),
            read_only: self.state == State::ReadOnly,
            conversation: self.conversation,
            expires: self.expires,
            connections: self.connections.clone(),
        }
    }
}
