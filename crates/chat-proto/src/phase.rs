//! Where a session is, with the data that belongs there, and what the outside sees of it.

use crate::io::SocketId;
use crate::time::Instant;

/// Where the session is. Only `session.rs` and what is below `session/` change it.
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
    /// The token endpoint or the backend refused us, twice. Nothing happens by itself.
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

    /// The conversation is over: the composer is disabled and a new chat is offered.
    pub fn is_over(self) -> bool {
        matches!(self, Self::ReadOnly | Self::Expired)
    }
}
