//! What the five wires of the field have in common, before it has words: what a client asks and what the service says.
//! Each wire's own file knows the words; when they are said, `backend/guests` decides. Remembers nothing.

use serde_json::{Value, json};

use super::{Frame, Wire};
use crate::backend::{Direction, Row};

/// One frame of a client.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    /// The wire's own word for it, by which it is counted; `unreadable` where it has none.
    pub(crate) word: String,
    pub(crate) ask: Ask,
}

/// What is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Ask {
    /// A message; `id` is the client's, `conversation` the one that it names.
    Text { id: Option<String>, conversation: Option<String>, text: String },
    /// The visitor types.
    Typing,
    /// Who this is, on a wire that resumes by ids.
    Connect { conversation: String, guest: String, token: String },
    /// Who this is, on a wire whose tokens are renewed in place.
    Auth { token: String, form: AuthForm },
    /// Which conversation is meant.
    Join { conversation: String },
    /// Whether anybody is there.
    Ping,
    /// No JSON, or no frame of this wire; `id` is the client's, where it can be told.
    Unknown { id: Option<String> },
}

/// The two ways in which the field says `auth`. Each is answered in kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AuthForm {
    Type,
    Action,
}

/// What the service says.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Say<'a> {
    /// Whose socket this is.
    Greeting {
        contact: &'a str,
        now: u64,
    },
    /// Somebody's message was accepted.
    Message {
        row: &'a Row,
        conversation: &'a str,
    },
    /// The agent types.
    Typing {
        name: Option<&'a str>,
    },
    /// The visitor's place in line; 0 means that an agent has the conversation.
    Queue {
        position: u32,
        wait_seconds: u64,
    },
    /// The agent ended the conversation.
    Ended {
        conversation: &'a str,
    },
    /// A frame was not carried out; `retry_after` in seconds.
    Refused {
        id: Option<&'a str>,
        status: u16,
        retry_after: Option<u64>,
    },
    /// The answer to [`Ask::Connect`].
    Connected {
        conversation: &'a str,
        resumed: bool,
    },
    /// The answers to [`Ask::Auth`], and what is said when its token ends.
    Authorized(AuthForm),
    AuthFailed,
    AuthExpired,
    /// The answer to [`Ask::Join`].
    Joined {
        conversation: &'a str,
    },
    /// The answer to [`Ask::Ping`].
    Pong,
}

impl Asked {
    /// Reads a frame as this wire writes it. What cannot be read is kept as [`Ask::Unknown`].
    pub(crate) fn read(wire: Wire, frame: &str) -> Self {
        let frame: Value = serde_json::from_str(frame).unwrap_or_default();
        let word = text(&frame, "type").or_else(|| text(&frame, "action"));
        Self { word: word.unwrap_or_else(|| "unreadable".into()), ask: wire.read(&frame) }
    }

    /// The names under which fault rules know it.
    pub(crate) fn names(&self) -> [&str; 2] {
        let what = match self.ask {
            Ask::Text { .. } => "text",
            Ask::Typing => "Typing",
            Ask::Connect { .. } | Ask::Auth { .. } | Ask::Join { .. } | Ask::Ping | Ask::Unknown { .. } => &self.word,
        };
        [&self.word, what]
    }
}

impl Say<'_> {
    /// The names under which fault rules know it on every wire.
    fn names(&self) -> &'static [&'static str] {
        match self {
            Self::Message { row, .. } => match row.direction {
                Direction::Inbound => &["Inbound", "text"],
                Direction::Outbound => &["Outbound", "text"],
            },
            Self::Typing { .. } => &["Outbound", "Typing"],
            Self::Ended { .. } => &["Outbound", "Disconnect"],
            Self::Refused { .. } => &["error"],
            Self::Greeting { .. }
            | Self::Queue { .. }
            | Self::Connected { .. }
            | Self::Authorized(_)
            | Self::AuthFailed
            | Self::AuthExpired
            | Self::Joined { .. }
            | Self::Pong => &[],
        }
    }
}

/// A frame whose kind stands under `key`.
pub(super) fn frame(say: &Say, key: &str, word: &'static str, mut body: Value) -> Frame {
    body[key] = word.into();
    let names = std::iter::once(word).chain(say.names().iter().copied()).collect();
    Frame { names, text: body.to_string() }
}

/// The fields of a refusal, with the client's id under this key.
pub(super) fn refusal(key: &str, id: Option<&str>, status: u16, retry_after: Option<u64>) -> Value {
    let mut body = json!({ "status": status });
    if let Some(id) = id {
        body[key] = id.into();
    }
    if let Some(seconds) = retry_after {
        body["retryAfter"] = seconds.into();
    }
    body
}

/// `{"role","name"?}`: whose words these are, where they are not the visitor's.
pub(super) fn author(row: &Row) -> Value {
    let mut author = agent(row.nickname.as_deref());
    if row.by_bot {
        author["role"] = "bot".into();
    }
    author
}

/// The same for a person.
pub(super) fn agent(name: Option<&str>) -> Value {
    let mut agent = json!({ "role": "agent" });
    if let Some(name) = name {
        agent["name"] = name.into();
    }
    agent
}

/// How long an agent's typing is shown, in milliseconds.
pub(super) const TYPING_MS: u64 = 5000;

/// A field that is text.
pub(super) fn text(frame: &Value, name: &str) -> Option<String> {
    frame[name].as_str().map(str::to_owned)
}
