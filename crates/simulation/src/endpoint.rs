//! The site's token endpoint, as its contract describes it: the same token for as long as the session lives, and a new one where a new
//! session is asked for.

use std::collections::VecDeque;

use chat_proto::io::{Request, Response};
use chat_proto::json::Value;
use simulator::Backend;

use crate::dice::Dice;
use crate::mint::{Mint, Minted};
use crate::schedule::{Reply, Setting, WEB_MESSAGING};

/// The longest life of a token that a service mints, in seconds, whatever is asked of it.
const LONGEST: u64 = 7_200;

#[derive(Debug)]
pub(crate) struct Endpoint {
    /// What it answers next, instead of a grant; then it grants again.
    pub(crate) next: VecDeque<Reply>,
    sessions: u32,
    setting: Setting,
    mint: Mint,
    dice: Dice,
}

/// The longest that anybody has to wait for a place in line, in milliseconds.
pub(crate) const LINE: u64 = 8_000;

/// An answer on its way.
pub(crate) struct Answer {
    /// How long it is held back, in milliseconds; `None` is for ever.
    pub(crate) held: Option<u64>,
    pub(crate) response: Response,
}

impl Endpoint {
    pub(crate) fn new(setting: Setting, seed: u64) -> Self {
        let dice = Dice::new(seed ^ 0x0911);
        Self { next: VecDeque::new(), sessions: 1, setting, mint: Mint::default(), dice }
    }

    /// `now` is the backend's.
    pub(crate) fn answer(&mut self, request: &Request, backend: &mut Backend, now: u64) -> Answer {
        let Setting { dialect, life: usual, gives_places, renew_in, .. } = self.setting;
        let wants_new = request.body.as_ref().is_some_and(|body| body.at("session").as_str() == Some("new"));
        if wants_new {
            self.sessions += 1;
        }
        let is_in_line = gives_places && is_connecting(request);
        let place = is_in_line.then(|| self.dice.pick(&[0, 0, 200, 1_500, LINE]));
        let (sessions, mint) = (self.sessions, &mut self.mint);
        let mut grant = |life: u64| {
            let (life, minted) = if dialect == WEB_MESSAGING {
                (life, Minted { token: format!("granted-{sessions}"), ..Minted::default() })
            } else {
                let life = life.min(LONGEST);
                (life, mint.grant(backend, now, dialect, life, wants_new))
            };
            Some(Value::object([
                ("token", minted.token.into()),
                ("expires_in", life.into()),
                ("renew_in", renew_in.into()),
                ("connect_after_ms", place.into()),
                ("conversation_id", minted.conversation.into()),
                ("guest_id", minted.guest.into()),
            ]))
        };
        let (held, status, retry_after, body) = match self.next.pop_front() {
            None => (Some(0), 200, None, grant(usual)),
            Some(Reply::Status(status, wait)) => (Some(0), status, wait.map(|seconds| seconds * 1_000), None),
            Some(Reply::Html) => (Some(0), 200, None, None),
            Some(Reply::Hang) => (None, 200, None, None),
            Some(Reply::Late { ms, life }) => (Some(ms), 200, None, grant(life)),
            Some(Reply::Life(life)) => (Some(0), 200, None, grant(life)),
        };
        Answer { held, response: Response { status, retry_after, body } }
    }
}

/// Whoever asks is about to open a socket.
pub(crate) fn is_connecting(request: &Request) -> bool {
    request.body.as_ref().is_some_and(|body| body.at("connecting").as_bool() == Some(true))
}
