//! What the page gets: a token that it cannot read anything from, and how long it is good for.
//! More optional fields may join (such as when to renew); none may become required.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::session_cookie::Session;

/// The body of a successful refresh.
#[derive(Debug, Serialize)]
pub(crate) struct Grant {
    token: Token,
    /// Seconds, counted by the page from when it asked.
    expires_in: u64,
    /// Milliseconds, counted by the page from the answer, before which it opens no socket; absent where it did not ask.
    #[serde(skip_serializing_if = "Option::is_none")]
    connect_after_ms: Option<u64>,
}

impl Grant {
    /// The grant to a session's token. The token outlives it: the next grant says the same one again.
    pub(crate) fn of(session: &Session, life: Duration, connect_after: Option<Duration>) -> Grant {
        // Rounded up: half a millisecond early is early. A wait is ten minutes at most.
        let milliseconds = |wait: Duration| u64::try_from(wait.as_micros().div_ceil(1_000)).unwrap_or(u64::MAX);
        let connect_after_ms = connect_after.map(milliseconds);
        Grant { token: session.token, expires_in: life.as_secs(), connect_after_ms }
    }
}

/// A guest's token: a lower-case UUID v4 that the client's side makes up (upper case is known to confuse the
/// backend). It *is* the credential, so it shows itself to serde alone and never to a log.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Token(Uuid);

impl Token {
    /// One that nobody else has, from the operating system's random source.
    pub(crate) fn fresh() -> Token {
        Token(Uuid::new_v4())
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn token_is_not_shown_by_debug() {
        let token = Token::fresh();
        let grant = Grant { token, expires_in: 3600, connect_after_ms: None };
        let written = serde_json::to_string(&token).expect("a uuid is plain text");
        assert!(!format!("{grant:?}").contains(written.trim_matches('"')));
    }
}
