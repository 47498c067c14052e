//! One backend's language behind one face. The session says [`ClientOp`]s and hears [`ServerEvent`]s; a dialect translates, and
//! remembers nothing: whatever has to be known later travels in the answer (a tracing id that says what it belongs to) or is
//! kept by the session.
//!
//! # Writing one
//! A dialect is a unit struct in a file of its own below `dialect/`, with its wire's structures private to that file, and a line in
//! [`DIALECTS`]. It answers, in this order: its habits (where the socket is, how a connection begins, how a new token is applied, what the
//! wire cannot do), how each [`ClientOp`] looks on the wire (`None` where the wire has no such word), what a frame means, and what an HTTP
//! answer means. Be lenient in reading: what is unknown is skipped and never an error, for backends grow new words without asking; an
//! error means only that the frame is none of this language at all. `docs/wires/writing-one.md` goes through one.

use alloc::{borrow::ToOwned, format, string::String, vec::Vec};

use crate::config::Config;
use crate::io::{Request, Response};
use crate::json::Value;
use crate::message::{Author, LocalId, MessageId};
use crate::time::{Millis, Timestamp};

#[cfg(feature = "wires")]
mod guest;

#[cfg(feature = "wires")]
pub mod conversation_socket;
#[cfg(feature = "wires")]
pub mod external_contacts;
#[cfg(feature = "wires")]
pub mod guest_sessions;
#[cfg(feature = "wires")]
pub mod guest_webchat;
pub mod web_messaging;
#[cfg(feature = "wires")]
pub mod webmessaging_guests;

/// Every wire that is spoken. The first is spoken where a page does not choose.
pub static DIALECTS: &[&dyn Dialect] = &[
    &web_messaging::WebMessaging,
    #[cfg(feature = "wires")]
    &external_contacts::ExternalContacts,
    #[cfg(feature = "wires")]
    &guest_sessions::GuestSessions,
    #[cfg(feature = "wires")]
    &guest_webchat::GuestWebchat,
    #[cfg(feature = "wires")]
    &webmessaging_guests::WebmessagingGuests,
    #[cfg(feature = "wires")]
    &conversation_socket::ConversationSocket,
];

/// One backend's language. Stateless.
pub trait Dialect: Sync {
    /// What has to be known of the wire before a word is said on it.
    fn habits(&self) -> &'static Habits;

    /// Where the socket is.
    fn socket_url(&self, config: &Config, speaker: &Speaker) -> String;

    /// Whether this is all that the wire needs: an endpoint may have granted less.
    fn is_enough(&self, _speaker: &Speaker) -> bool {
        true
    }

    /// How this is said; `None` if the wire has no such word. `trace` is new for each call and may be used to mark the frame.
    fn encode(&self, config: &Config, speaker: &Speaker, trace: &str, op: &ClientOp<'_>) -> Option<Wire>;

    /// What a frame means: nothing, one thing or several. An error if it is none of this language.
    fn decode_frame(&self, frame: &Value) -> Result<Vec<ServerEvent>, NotOurs>;

    /// What the answer to a message means that went by HTTP: the id and the time that the backend gave it, or why it was refused.
    fn decode_sent(&self, _response: &Response) -> Result<(Option<MessageId>, Option<Timestamp>), Refusal> {
        Err(Refusal::Server)
    }

    /// What the answer to a question of history means; `None` if it cannot be read, whatever the status.
    fn decode_history(&self, _response: &Response) -> Option<HistoryPage> {
        None
    }

    /// What the deployment's settings say; `None` if they cannot be read.
    fn decode_deployment(&self, _response: &Response) -> Option<Deployment> {
        None
    }
}

impl core::fmt::Debug for dyn Dialect {
    fn fmt(&self, to: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        to.write_str(self.habits().name)
    }
}

/// What a session has to know of a wire before a word is said on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a question of its own")]
pub struct Habits {
    /// What `data-dialect` calls it.
    pub name: &'static str,
    /// The socket's host, in front of the region: `api` for `api.mypurecloud.ie`. `None` where only the operator knows.
    pub host: Option<&'static str>,
    /// The socket's path.
    pub path: &'static str,
    /// How a connection begins.
    pub opening: Opening,
    /// How a new token is applied to a connection that lives.
    pub renewal: Renewal,
    /// A token is good for one connection: the next needs another one.
    pub spends_tokens: bool,
    /// The close code of a connection that the backend ends without a word, beside 1005: for a token that has expired or a scope that is
    /// missing. Where it is 1006, a pulled cable looks the same, and it counts only upon something that a scope is needed for.
    pub silent_close: u16,
    /// A message is answered, by its echo or by its HTTP status. Where it is not, it counts as taken when its connection lives on.
    pub acknowledges: bool,
    /// What was missed can be asked for.
    pub has_history: bool,
    /// A question whether the backend is there is answered.
    pub answers_probes: bool,
    /// A conversation that has ended is continued by a new one on the same socket ([`ClientOp::End`]).
    pub can_restart: bool,
    /// The widget may make its token up.
    pub has_own_tokens: bool,
    /// By what a failure is known.
    #[cfg(feature = "signs")]
    pub signs: Signs,
}

/// What one has to know of a wire to say why a chat on it fails, and a session does not: behind a feature, for the widget has no use for it.
#[cfg(feature = "signs")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Signs {
    /// The grant has to name the conversation, for the page says its id.
    pub says_conversation: bool,
    /// The same of the guest.
    pub says_guest: bool,
    /// A token is looked at when the socket is opened, and a refused upgrade is about the token.
    pub refuses_upgrade: bool,
    /// How a missing right is met, and which one that is, as the end of a sentence.
    pub missing_right: &'static str,
}

/// How a connection begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opening {
    /// We say who we are, and are answered.
    Hello,
    /// The server speaks first.
    Greeting,
    /// Messages flow as soon as the socket is open.
    Silence,
}

/// How a new token is applied to a connection that lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Renewal {
    /// At the next connection: this one does not care.
    Later,
    /// By whatever is said next, and by [`ClientOp::Renew`] where the wire has that word.
    InPlace,
    /// By a second connection, which is there before the first one is closed.
    Replacement,
}

/// Who speaks on a connection.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Speaker {
    /// The token.
    pub token: String,
    /// The conversation's id, or the contact's, where the wire wants to hear it.
    pub conversation: String,
    /// The guest's id, where the wire wants to hear it.
    pub guest: String,
}

/// Never prints the token.
impl core::fmt::Debug for Speaker {
    fn fmt(&self, to: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        to.write_str(&format!("Speaker({})", self.conversation))
    }
}

/// All that a session says to a backend.
#[derive(Clone, Debug, PartialEq)]
pub enum ClientOp<'a> {
    /// The first word on a socket: who we are, and whether to begin a new session.
    Hello {
        /// Begin anew after the old session was ended.
        start_new: bool,
        /// The `traceparent` of the conversation, if it is traced and this is a wire that has a place for it.
        trace: Option<&'a str>,
    },
    /// The second word, where one is wanted after [`ServerEvent::Admitted`].
    Enter,
    /// A new token, for the connection that lives.
    Renew,
    /// A message.
    Text {
        /// The same for every attempt.
        id: &'a LocalId,
        /// Counted from 1; comes back with a refusal of this attempt.
        attempt: u32,
        /// What was written.
        text: &'a str,
        /// When it was written, by the visitor's clock.
        written: Timestamp,
    },
    /// The visitor types.
    Typing,
    /// The visitor is here and has not said anything yet; makes a flow greet them.
    Join,
    /// Are you there?
    Probe,
    /// Asks for what opens the history.
    HistoryKey,
    /// Asks for a page of history with that key.
    History {
        /// From [`ServerEvent::HistoryKey`].
        key: &'a str,
        /// Counted from 1, the newest.
        page: u32,
    },
    /// Ends the session on all its connections, so that a new one can begin.
    End,
    /// Asks for the deployment's settings.
    Deployment,
}

/// How a word goes out.
#[derive(Clone, Debug, PartialEq)]
pub enum Wire {
    /// On the socket.
    Frame(Value),
    /// By HTTP.
    Http(Request),
}

/// All that a session hears from a backend.
#[derive(Clone, Debug, PartialEq)]
pub enum ServerEvent {
    /// The hello was answered: messages may flow.
    Ready {
        /// Nothing lived under this token before.
        is_new: bool,
        /// The conversation has ended and can only be read.
        is_read_only: bool,
    },
    /// The token was accepted.
    Admitted,
    /// The conversation's id, where the backend gives it.
    Conversation(String),
    /// The token of this connection has expired, and a new one is taken on it.
    TokenExpired,
    /// The request to end the session was answered.
    SessionEnded,
    /// Something was said, or happened, just now.
    Row(Row),
    /// The agent types, or stopped.
    Typing {
        /// For how long at most; `None` if the backend does not say. Zero: stopped.
        lasts: Option<Millis>,
    },
    /// The visitor's place in the line for an agent, and the estimate of the wait in seconds.
    #[cfg(feature = "wires")]
    Queue(u32, Option<u32>),
    /// Something was said, in words that are not known: a line that cannot be shown.
    #[cfg(feature = "wires")]
    Unreadable,
    /// A probe was answered.
    ProbeAnswered,
    /// What opens the history.
    HistoryKey(String),
    /// Something we said was refused.
    Refused {
        /// What it was, as far as the backend says.
        about: About,
        /// Why.
        refusal: Refusal,
        /// The protocol's code.
        code: u16,
    },
    /// Another connection took the session over; this one will be closed.
    TakenOver,
    /// The session is gone.
    Expired,
    /// The conversation was cleared: nothing of it is left.
    Cleared,
    /// The visitor was logged out.
    LoggedOut,
}

/// What a refusal is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum About {
    /// This attempt to send this message.
    Message {
        /// The message.
        id: LocalId,
        /// The attempt, counted from 1.
        attempt: u32,
    },
    /// The hello.
    Hello,
    /// A sign that someone types or is there, or a probe: nothing that anybody misses.
    Signal,
    /// The question for the key to the history.
    HistoryKey,
    /// The request to end the session.
    End,
    /// The backend does not say.
    Unknown,
}

/// Why something was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The message is too long.
    TooLong,
    /// It will never be taken as it is.
    Invalid,
    /// Too much at once; to be tried again after this time, if the backend says.
    RateLimited(Option<Millis>),
    /// The conversation has ended.
    ReadOnly,
    /// The session is gone, and its token with it.
    Expired,
    /// The backend does not know the session that this connection speaks of.
    Unknown,
    /// The token is not, or no longer, accepted.
    Unauthorized,
    /// The deployment does not want to hear this kind of thing.
    SwitchedOff,
    /// The backend failed. Whether it took what it was told is not known.
    Server,
}

/// One row of the conversation, live or from history.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// The same in a live frame and in history.
    pub id: MessageId,
    /// When it was said; `None` if the backend does not tell.
    pub time: Option<Timestamp>,
    /// What it is.
    pub content: RowContent,
}

/// What a row is.
#[derive(Clone, Debug, PartialEq)]
pub enum RowContent {
    /// The visitor said it.
    Inbound {
        /// The id that this side gave it, if the row carries one.
        local_id: Option<LocalId>,
        /// What was said.
        text: String,
    },
    /// An agent or a bot said it.
    Outbound {
        /// Who.
        author: Author,
        /// What was said.
        text: String,
        /// It holds content that this version cannot show.
        has_more: bool,
    },
    /// The conversation began.
    Joined,
    /// The agent left.
    Left,
    /// The conversation was ended and can only be read.
    Ended,
    /// The visitor signed in.
    SignedIn(Option<String>),
    /// Nothing to show, but a row all the same: it counts when pages are counted.
    Nothing,
}

/// A page of history.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct HistoryPage {
    /// Newest first.
    pub rows: Vec<Row>,
    /// There are older pages.
    pub has_more: bool,
    /// How many rows a full page holds.
    pub page_size: u32,
}

/// What matters here of a deployment's settings.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "switches, as the deployment has them")]
pub struct Deployment {
    /// It accepts conversations.
    pub is_active: bool,
    /// A new conversation is to be announced, so that a flow greets the visitor.
    pub auto_start: bool,
    /// The agent may be told that the visitor types.
    pub tells_typing: bool,
    /// The visitor may be told that the agent types.
    pub shows_typing: bool,
    /// Agents are shown by name.
    pub shows_names: bool,
    /// The name of the bot.
    pub bot_name: Option<String>,
}

/// What is assumed of a deployment whose settings cannot be had: nothing is said that was not asked for, nothing is hidden.
impl Default for Deployment {
    fn default() -> Self {
        Self {
            is_active: true,
            auto_start: false,
            tells_typing: false,
            shows_typing: true,
            shows_names: true,
            bot_name: None,
        }
    }
}

/// The frame is none of this language.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotOurs;

/// How an attempt is marked: by the message's own id, which from the second attempt on also says which: `0b9f….2`.
fn mark_attempt(id: &LocalId, attempt: u32) -> String {
    if attempt > 1 { format!("{}.{attempt}", id.0) } else { id.0.clone() }
}

/// What was marked so.
fn attempt_of(mark: &str) -> (LocalId, u32) {
    let (id, attempt) = mark.split_once('.').unwrap_or((mark, "1"));
    (LocalId(id.to_owned()), attempt.parse().unwrap_or(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_attempt_is_read_as_it_is_marked() {
        let id = LocalId("m-1".into());
        for attempt in [1, 2, 17] {
            assert_eq!(attempt_of(&mark_attempt(&id, attempt)), (id.clone(), attempt));
        }
    }
}
