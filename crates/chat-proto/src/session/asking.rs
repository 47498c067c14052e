//! The second word of a hello, and whether a connection ended upon something that a right is needed for. Wires that say nothing of a missing right close, or drop, just then;
//! a pulled cable does so whenever it likes, and is not to be told as one.

use super::Session;
use crate::dialect::ClientOp;
use crate::io::SocketId;
use crate::phase::Phase;
use crate::time::{Millis, Now, SECOND};

/// How soon after it was asked for a missing right is met: 500 ms by what is told of it, and the way there and back.
const SOON: Millis = SECOND + SECOND / 2;

impl Session {
    /// The way into the conversation, or a message, was said just now.
    pub(super) fn note_asking(&mut self, now: Now) {
        self.liveness.asked = Some(now.mono);
    }

    /// The first word was good. Said again, for a new token, it calls for no second one.
    pub(super) fn on_admitted(&mut self, now: Now, id: SocketId) {
        if self.phase != Phase::Handshaking(id) {
            return;
        }
        self.note_asking(now);
        if !self.is_in_haste {
            self.say(id, &ClientOp::Enter);
        }
    }

    /// The hello was dropped without a word. The second word of the next goes right behind the first, and does not wait to be called for: it
    /// may have come too late for a backend that is patient for half a second, and far away. If that does not help either, the one
    /// after it waits again, as the backend may be one that wants it in its turn. What helped is kept to.
    pub(super) fn change_pace(&mut self) {
        self.is_in_haste = !self.is_in_haste;
    }

    /// What was said last has not been answered, and there was no time for much else.
    pub(super) fn is_upon_asking(&self, now: Now) -> bool {
        let is_waited_for = matches!(self.phase, Phase::Handshaking(_)) || self.outbox.in_flight().is_some();
        is_waited_for && self.liveness.asked.is_some_and(|at| now.mono.since(at) < SOON)
    }
}
