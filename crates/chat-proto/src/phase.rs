//! Where a session is, with the data that belongs there; from where it may go where; and what the outside sees of it.

use crate::io::SocketId;
use crate::time::Instant;

/// Where the session is. Only `session.rs` and what is below `session/` change it, as [`TRANSITIONS`] allows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Phase {
    /// Nothing is asked for: no token, no socket, nothing stored.
    Idle,
    /// Fetching what a socket needs: the deployment's settings and a token.
    Starting,
    /// The socket's handshake is under way.
    Connecting(SocketId),
    /// The socket is open and the session's hello is unanswered.
    Handshaking(SocketId),
    /// The backend knows us; what was missed is being fetched. Nothing the visitor wrote is sent before that is done.
    Replaying(SocketId),
    /// Messages flow.
    Online(SocketId),
    /// The conversation is over and can be read but not continued. A socket stays for history and a new chat, but one that
    /// is lost is not replaced until it is needed.
    ReadOnly(Option<SocketId>),
    /// The old session is being closed on this socket so that a new one can begin on it.
    Restarting(SocketId),
    /// Waiting for the next attempt.
    Backoff {
        /// When it comes.
        until: Instant,
    },
    /// The browser has no network; the next attempt comes when it has.
    Offline,
    /// Another tab or device took the conversation over. Nothing happens by itself.
    Evicted,
    /// The session is gone at the backend. A new chat can be started.
    Expired,
    /// The token endpoint refused us twice, or the backend once more than tokens can be renewed by force. Nothing happens by itself.
    Refused,
    /// The deployment is unknown or inactive. Nothing happens by itself.
    Misconfigured,
}

impl Phase {
    /// The socket that this phase owns.
    pub(crate) fn socket(self) -> Option<SocketId> {
        match self {
            Self::Connecting(id)
            | Self::Handshaking(id)
            | Self::Replaying(id)
            | Self::Online(id)
            | Self::Restarting(id)
            | Self::ReadOnly(Some(id)) => Some(id),
            Self::ReadOnly(None)
            | Self::Idle
            | Self::Starting
            | Self::Backoff { .. }
            | Self::Offline
            | Self::Evicted
            | Self::Expired
            | Self::Refused
            | Self::Misconfigured => None,
        }
    }
}

impl Phase {
    /// The socket on which the session has been accepted, so that more than a hello can be said.
    pub(crate) fn accepted(self) -> Option<SocketId> {
        match self {
            Self::Replaying(id) | Self::Online(id) | Self::ReadOnly(Some(id)) => Some(id),
            Self::Connecting(_)
            | Self::Handshaking(_)
            | Self::Restarting(_)
            | Self::ReadOnly(None)
            | Self::Idle
            | Self::Starting
            | Self::Backoff { .. }
            | Self::Offline
            | Self::Evicted
            | Self::Expired
            | Self::Refused
            | Self::Misconfigured => None,
        }
    }

    /// Nothing more can be written in this conversation.
    pub(crate) fn is_over(self) -> bool {
        matches!(self, Self::ReadOnly(_) | Self::Expired)
    }

    /// On the way to a connection, or having one: a token is needed.
    pub(crate) fn is_under_way(self) -> bool {
        match self {
            Self::Starting
            | Self::Connecting(_)
            | Self::Handshaking(_)
            | Self::Replaying(_)
            | Self::Online(_)
            | Self::Restarting(_)
            | Self::Backoff { .. }
            | Self::ReadOnly(Some(_)) => true,
            Self::ReadOnly(None)
            | Self::Idle
            | Self::Offline
            | Self::Evicted
            | Self::Expired
            | Self::Refused
            | Self::Misconfigured => false,
        }
    }
}

/// The name of a phase, without its data: what a journal shows and what [`TRANSITIONS`] speaks of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum State {
    /// Nothing is asked for.
    Idle,
    /// Settings and token are fetched.
    Starting,
    /// A socket is being opened.
    Connecting,
    /// Our hello is unanswered.
    Handshaking,
    /// History is read.
    Replaying,
    /// Messages flow.
    Online,
    /// The conversation is over and can be read.
    ReadOnly,
    /// The old session is being closed, so that a new one can begin.
    Restarting,
    /// Waiting for the next attempt.
    Backoff,
    /// The browser has no network.
    Offline,
    /// Taken over elsewhere.
    Evicted,
    /// Gone at the backend.
    Expired,
    /// Refused for good.
    Refused,
    /// No such deployment.
    Misconfigured,
}

impl State {
    /// The stable word for reports and diagrams.
    pub fn word(self) -> &'static str {
        match self {
            Self::Idle => "idle",
            Self::Starting => "starting",
            Self::Connecting => "connecting",
            Self::Handshaking => "handshaking",
            Self::Replaying => "replaying",
            Self::Online => "online",
            Self::ReadOnly => "readonly",
            Self::Restarting => "restarting",
            Self::Backoff => "backoff",
            Self::Offline => "offline",
            Self::Evicted => "evicted",
            Self::Expired => "expired",
            Self::Refused => "refused",
            Self::Misconfigured => "misconfigured",
        }
    }
}

impl Phase {
    /// Its name.
    pub(crate) fn state(self) -> State {
        match self {
            Self::Idle => State::Idle,
            Self::Starting => State::Starting,
            Self::Connecting(_) => State::Connecting,
            Self::Handshaking(_) => State::Handshaking,
            Self::Replaying(_) => State::Replaying,
            Self::Online(_) => State::Online,
            Self::ReadOnly(_) => State::ReadOnly,
            Self::Restarting(_) => State::Restarting,
            Self::Backoff { .. } => State::Backoff,
            Self::Offline => State::Offline,
            Self::Evicted => State::Evicted,
            Self::Expired => State::Expired,
            Self::Refused => State::Refused,
            Self::Misconfigured => State::Misconfigured,
        }
    }
}

/// From each of these states to that one, for this reason.
#[derive(Clone, Copy, Debug)]
pub struct Edge {
    /// From any of these.
    pub from: &'static [State],
    /// To this one.
    pub to: State,
    /// What happened.
    pub why: &'static str,
}

/// A socket is open, in a conversation that goes on.
const TALKING: &[State] = &[State::Handshaking, State::Replaying, State::Online, State::Restarting];
/// On the way to a connection, or having one.
const WORKING: &[State] =
    &[State::Starting, State::Connecting, State::Handshaking, State::Replaying, State::Online, State::Restarting];
/// Something is done, or will be, without anybody asking for it.
const UNDER_WAY: &[State] = &[
    State::Starting,
    State::Connecting,
    State::Handshaking,
    State::Replaying,
    State::Online,
    State::Restarting,
    State::Backoff,
];
/// Nothing happens by itself.
const STOPPED: &[State] = &[State::Evicted, State::Expired, State::Refused, State::Misconfigured];

/// The sets of states that [`TRANSITIONS`] speaks of, inner ones first, for diagrams.
pub const GROUPS: &[(&str, &[State])] =
    &[("talking", TALKING), ("working", WORKING), ("under_way", UNDER_WAY), ("stopped", STOPPED)];

/// The whole machine: every change of state that there is. Checked at each change in builds with debug assertions; `ARCHITECTURE.md`
/// shows it as a diagram. A state that is entered again with other data (another wait, a lost socket) is no transition.
pub const TRANSITIONS: &[Edge] = &[
    Edge { from: &[State::Idle], to: State::Starting, why: "opened, written, or to be resumed" },
    Edge { from: &[State::Starting], to: State::Connecting, why: "settings and token are there" },
    Edge { from: &[State::Connecting], to: State::Handshaking, why: "the socket is open" },
    Edge { from: &[State::Handshaking], to: State::Replaying, why: "the backend knows us" },
    Edge { from: &[State::Handshaking], to: State::Online, why: "the session is new" },
    Edge { from: &[State::Replaying], to: State::Online, why: "history is read, or cannot be had" },
    // Lost, and had again.
    Edge { from: WORKING, to: State::Backoff, why: "closed, silent, refused for now, or in line" },
    Edge { from: &[State::Backoff], to: State::Starting, why: "the wait is over" },
    Edge { from: UNDER_WAY, to: State::Offline, why: "the network is gone" },
    Edge { from: &[State::Offline], to: State::Backoff, why: "the network is back" },
    // The end of a conversation, and the next.
    Edge {
        from: &[State::Handshaking, State::Replaying, State::Online],
        to: State::ReadOnly,
        why: "the conversation has ended",
    },
    Edge { from: &[State::ReadOnly], to: State::Restarting, why: "a new chat, on the same socket" },
    Edge { from: &[State::Handshaking], to: State::Restarting, why: "a new chat, on a new socket" },
    Edge { from: &[State::Restarting], to: State::Handshaking, why: "the old session is closed" },
    Edge { from: &[State::ReadOnly], to: State::Starting, why: "a new chat, without a socket" },
    Edge { from: TALKING, to: State::Idle, why: "cleared" },
    Edge { from: &[State::ReadOnly], to: State::Idle, why: "cleared" },
    // Stopped, until a person wants to go on.
    Edge { from: TALKING, to: State::Evicted, why: "taken over elsewhere" },
    Edge { from: &[State::ReadOnly], to: State::Evicted, why: "taken over elsewhere" },
    Edge { from: TALKING, to: State::Expired, why: "the session is gone" },
    Edge { from: &[State::ReadOnly], to: State::Expired, why: "the session is gone" },
    Edge { from: UNDER_WAY, to: State::Refused, why: "refused again" },
    Edge { from: &[State::ReadOnly], to: State::Refused, why: "refused again" },
    Edge { from: &[State::Starting], to: State::Misconfigured, why: "no such deployment, or not active" },
    Edge { from: &[State::Handshaking], to: State::Misconfigured, why: "the hello is invalid" },
    Edge { from: STOPPED, to: State::Starting, why: "a person goes on" },
    Edge { from: STOPPED, to: State::Offline, why: "a person goes on, without network" },
    Edge { from: &[State::Idle, State::ReadOnly], to: State::Offline, why: "wanted, without network" },
];

/// Whether the table has that transition.
pub fn is_allowed(from: State, to: State) -> bool {
    TRANSITIONS.iter().any(|edge| edge.to == to && edge.from.contains(&from))
}

/// What the outside sees of the connection. The words are public, as `data-status`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ConnectionStatus {
    /// Nothing is asked for yet.
    #[default]
    Idle,
    /// On the way to the first connection of this conversation.
    Connecting,
    /// Messages flow.
    Online,
    /// A connection was lost, or could not be made; it is being made again.
    Reconnecting {
        /// Whole seconds until the next attempt; `None` while one is under way.
        next_try_in: Option<u32>,
    },
    /// The browser has no network.
    Offline,
    /// Another tab or device took the conversation over.
    Evicted,
    /// The conversation was ended; it can be read.
    ReadOnly,
    /// The conversation is gone at the backend.
    Expired,
    /// The token endpoint or the backend refuses this visitor.
    Refused,
    /// The widget or its deployment is set up wrongly.
    Misconfigured,
}

impl ConnectionStatus {
    /// The public word, as in `data-status`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Idle => "idle",
            Self::Connecting => "connecting",
            Self::Online => "online",
            Self::Reconnecting { .. } => "reconnecting",
            Self::Offline => "offline",
            Self::Evicted => "evicted",
            Self::ReadOnly => "readonly",
            Self::Expired => "expired",
            Self::Refused => "refused",
            Self::Misconfigured => "misconfigured",
        }
    }

    /// Every one of them.
    pub(crate) fn all(next_try_in: Option<u32>) -> [Self; 10] {
        [
            Self::Idle,
            Self::Connecting,
            Self::Online,
            Self::Reconnecting { next_try_in },
            Self::Offline,
            Self::Evicted,
            Self::ReadOnly,
            Self::Expired,
            Self::Refused,
            Self::Misconfigured,
        ]
    }

    /// The status of that word.
    pub(crate) fn parse(word: &str, next_try_in: Option<u32>) -> Option<Self> {
        Self::all(next_try_in).into_iter().find(|status| status.word() == word)
    }

    /// The conversation is over: the composer is disabled and a new chat is offered.
    pub fn is_over(self) -> bool {
        matches!(self, Self::ReadOnly | Self::Expired)
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use super::*;

    #[test]
    fn a_conversation_is_over_where_it_was_ended_or_is_gone() {
        let over = |status: &ConnectionStatus| status.is_over();
        let is_over: Vec<_> =
            ConnectionStatus::all(None).into_iter().filter(over).map(ConnectionStatus::word).collect();
        assert_eq!(is_over, ["readonly", "expired"]);
    }

    #[test]
    fn what_is_not_in_the_table_is_not_allowed() {
        assert!(is_allowed(State::Idle, State::Starting));
        for (from, to) in [
            (State::Idle, State::Online),
            (State::Online, State::Online),
            (State::Evicted, State::Online),
            (State::Starting, State::Idle),
        ] {
            assert!(!is_allowed(from, to), "{from:?} to {to:?}");
        }
    }
}
