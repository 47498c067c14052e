//! What the backend wants done on the wire, and how a connection is named. Plain data; nothing here decides anything.

use serde::{Deserialize, Serialize};

/// One socket, named by whoever drives the backend. A name is never used twice in one backend's life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Connection(pub u64);

/// One thing to do on the wire. Actions are performed in the order in which they were returned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Send this JSON text to the client.
    Send {
        /// To whom.
        connection: Connection,
        /// One whole text frame.
        frame: String,
    },
    /// Close with a handshake. The backend has forgotten the connection already.
    Close {
        /// Which one.
        connection: Connection,
        /// The close code. 1005 stands for a close frame that carries no code.
        code: u16,
        /// The close reason, often empty.
        reason: String,
    },
    /// Cut the wire without a close handshake: the client sees 1006. The backend has forgotten the connection already.
    Drop {
        /// Which one.
        connection: Connection,
    },
}

impl Action {
    /// The connection that this is about.
    pub fn connection(&self) -> Connection {
        match self {
            Self::Send { connection, .. } | Self::Close { connection, .. } | Self::Drop { connection } => *connection,
        }
    }
}

/// The upgrade was answered with an HTTP status instead of a socket. A browser cannot see which: it reports 1006.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The HTTP status: 403 for an unknown deployment, a foreign origin or a token that is no good, 404 where
    /// no socket is, 429 over quota, or what a fault asked for.
    pub status: u16,
    /// A `Retry-After` header, where there is one: whole seconds, or what a fault asked for.
    pub retry_after: Option<String>,
}
