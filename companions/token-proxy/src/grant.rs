//! What the page gets: a token that it cannot read anything from, and how long it is good for.
//! More optional fields may join (such as when to renew); none may become required.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::session_cookie::Session;
use crate::wire::{Members, Minted, Wire};

/// The body of a successful refresh.
#[derive(Serialize)]
pub(crate) struct Grant<'a> {
    token: &'a GuestToken,
    /// Seconds, counted by the page from when it asked.
    expires_in: u64,
    /// Milliseconds, counted by the page from the answer, before which it opens no socket; absent where it did not ask.
    #[serde(skip_serializing_if = "Option::is_none")]
    connect_after_ms: Option<u64>,
    /// The conversation is one that the visitor had before; absent where it is new, and where the backend tells that itself.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    resumed: bool,
    /// What the client must say itself; nothing for most wires.
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    ids: Option<Members<'a>>,
}

impl<'a> Grant<'a> {
    /// The grant to a session's token. The token outlives it: the next grant says the same one again.
    pub(crate) fn of(session: &'a Session, life: Duration, connect_after: Option<Duration>) -> Grant<'a> {
        let (expires_in, connect_after_ms) = (life.as_secs(), connect_after.map(milliseconds));
        Grant { token: &session.token, expires_in, connect_after_ms, resumed: false, ids: None }
    }

    /// The grant to a credential of the API's. The next one is another.
    pub(crate) fn to(minted: &'a Minted, wire: Wire, resumed: bool, connect_after: Option<Duration>) -> Grant<'a> {
        let (expires_in, connect_after_ms) = (minted.life.as_secs(), connect_after.map(milliseconds));
        Grant { token: &minted.token, expires_in, connect_after_ms, resumed, ids: Some(wire.granted_ids(&minted.ids)) }
    }
}

/// Rounded up: half a millisecond early is early. A wait is ten minutes at most.
fn milliseconds(wait: Duration) -> u64 {
    u64::try_from(wait.as_micros().div_ceil(1_000)).unwrap_or(u64::MAX)
}

/// A guest's token. It *is* the credential, so it shows itself to serde alone and never to a log.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct GuestToken(String);

impl GuestToken {
    /// One that nobody else has, from the operating system's random source: a lower-case UUID v4 (upper case is known to confuse
    /// the backend).
    pub(crate) fn fresh() -> GuestToken {
        GuestToken(Uuid::new_v4().to_string())
    }

    /// One that was made elsewhere; `None` if it is empty or would not fit into a header or an URL of the page's.
    pub(crate) fn parse(text: &str) -> Option<GuestToken> {
        let fits = (1..=8_192).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic());
        fits.then(|| GuestToken(text.to_owned()))
    }

    /// To be held against what it must not contain.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for GuestToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("GuestToken(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn token_is_not_shown_by_debug() {
        let token = GuestToken::fresh();
        assert!(!format!("{token:?}").contains(token.as_str()));
    }
}
