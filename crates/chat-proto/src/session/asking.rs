//! Whether a connection ended upon something that a right is needed for. Wires that say nothing of a missing right close, or drop, just then;
//! a pulled cable does so whenever it likes, and is not to be told as one.

use super::Session;
use crate::phase::Phase;
use crate::time::{Millis, Now, SECOND};

/// How soon after it was asked for a missing right is met: 500 ms by what is told of it, and the way there and back.
const SOON: Millis = SECOND + SECOND / 2;

impl Session {
    /// The way into the conversation, or a message, was said just now.
    pub(super) fn note_asking(&mut self, now: Now) {
        self.liveness.asked = Some(now.mono);
    }

    /// What was said last has not been answered, and there was no time for much else.
    pub(super) fn is_upon_asking(&self, now: Now) -> bool {
        let is_waited_for = matches!(self.phase, Phase::Handshaking(_)) || self.outbox.in_flight().is_some();
        is_waited_for && self.liveness.asked.is_some_and(|at| now.mono.since(at) < SOON)
    }
}
