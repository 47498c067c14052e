//! What stands in a conversation: plain data, no behaviour. The timeline orders it, the UI shows it.

use alloc::string::String;

use crate::time::Timestamp;

/// Names a message of the visitor's from the moment of Enter, before any backend knows it: a lower-case UUID. It travels with
/// every attempt to send the message, and is how our own echo is recognised.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LocalId(pub String);

/// Names a message at the backend, in live frames and in history alike.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct MessageId(pub String);

/// Names a line of this timeline for as long as it is shown. It survives the step from local echo to acknowledged message,
/// so that the line on the screen stays the same one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ItemKey(pub u64);

/// One line of the conversation.
#[derive(Clone, Debug, PartialEq)]
pub struct Item {
    /// Stable for the life of the timeline, never used twice.
    pub key: ItemKey,
    /// When it was said, by the backend's clock; by the visitor's own until the backend has confirmed it.
    pub time: Timestamp,
    /// What it is.
    pub content: Content,
}

/// What a line is.
#[derive(Clone, Debug, PartialEq)]
pub enum Content {
    /// From the visitor, here or in another tab or device. The protocol's word: inbound.
    Inbound(Inbound),
    /// From an agent or a bot. The protocol's word: outbound.
    Outbound(Outbound),
    /// Something that happened and that nobody said.
    Notice(Notice),
}

/// A message of the visitor's.
#[derive(Clone, Debug, PartialEq)]
pub struct Inbound {
    /// Its id on this side; `None` for one that was written elsewhere (another tab, another device, an earlier visit).
    pub local_id: Option<LocalId>,
    /// Its id at the backend, once that is known.
    pub id: Option<MessageId>,
    /// What was written, exactly.
    pub text: String,
    /// How far it got.
    pub state: SendState,
}

/// A message of an agent's or a bot's.
#[derive(Clone, Debug, PartialEq)]
pub struct Outbound {
    /// Its id at the backend.
    pub id: MessageId,
    /// Who wrote it.
    pub author: Author,
    /// What was written. Empty if it held only content that this version cannot show.
    pub text: String,
    /// It holds content (cards, files, …) that this version cannot show.
    pub has_more: bool,
}

/// Who wrote an outbound message.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Author {
    /// The name to show; `None` if the deployment keeps agents anonymous.
    pub name: Option<String>,
    /// Written by a bot.
    pub is_bot: bool,
}

/// Lines that nobody said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    /// The conversation began.
    Joined,
    /// The agent left; the visitor may keep writing.
    Left,
    /// The conversation was ended; nothing more can be written in it.
    Ended,
    /// The visitor signed in, under this name if one was given.
    SignedIn(Option<String>),
    /// There are messages from before this line that could not be fetched.
    Gap,
}

/// How far a message of the visitor's got. The names are public, as `data-state`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SendState {
    /// Kept, and not handed to the backend yet (or certainly not taken by it). Will be sent by itself.
    Queued,
    /// Handed to a live socket, and not acknowledged yet.
    Sending,
    /// Handed over, and the connection ended before we knew. Looked up in history before anything else happens to it; if that
    /// cannot tell, `ask` is set and the visitor chooses (send again, or leave it).
    Unconfirmed {
        /// The visitor has to choose; nothing more happens by itself.
        ask: bool,
    },
    /// The backend has it.
    Sent,
    /// It will not be sent by itself. The visitor may try again.
    Failed(Rejection),
}

impl SendState {
    /// The public word, as in `data-state`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Sending => "sending",
            Self::Unconfirmed { .. } => "unconfirmed",
            Self::Sent => "sent",
            Self::Failed(_) => "failed",
        }
    }
}

/// Why a message will not be sent by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rejection {
    /// Longer than the backend takes (4,096 bytes of UTF-8).
    TooLong,
    /// The backend does not accept it as it is.
    Refused,
    /// The backend failed at it more than once.
    Server,
    /// The conversation ended before it could be sent.
    Ended,
}

impl Rejection {
    /// A stable word for snapshots and page events.
    pub fn word(self) -> &'static str {
        match self {
            Self::TooLong => "too-long",
            Self::Refused => "refused",
            Self::Server => "server",
            Self::Ended => "ended",
        }
    }

    /// The rejection of that word.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::TooLong, Self::Refused, Self::Server, Self::Ended].into_iter().find(|it| it.word() == word)
    }
}
