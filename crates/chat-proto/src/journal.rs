//! What a session went through, for whoever has to find out what happened: its last transitions. Times, states and numbers; never a
//! token, never a text.

use alloc::vec::Vec;

use crate::phase::State;
use crate::time::Timestamp;

/// How many are kept. 500: hours of a bad network, in eight kilobytes.
const KEPT: usize = 500;

/// Set in a transition's code beside the close code, where the connection ended upon something that a right is needed for: the entry into the
/// conversation, or a message. Not on the wire that is spoken by default, where the backend says what it refuses.
pub const UPON_ASKING: u16 = 1 << 15;

/// One change of state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Transition {
    /// When, by the visitor's clock.
    pub at: Timestamp,
    /// From where.
    pub from: State,
    /// To where.
    pub to: State,
    /// The close code, HTTP status or protocol code that was the cause; 0 if there was none. May hold [`UPON_ASKING`].
    pub code: u16,
}

/// The last transitions, in a ring.
#[derive(Debug, Default)]
pub(crate) struct Journal {
    entries: Vec<Transition>,
    /// Where the oldest stands.
    oldest: usize,
}

impl Journal {
    pub(crate) fn note(&mut self, transition: Transition) {
        if self.entries.len() < KEPT {
            self.entries.push(transition);
        } else if let Some(oldest) = self.entries.get_mut(self.oldest) {
            *oldest = transition;
            self.oldest = (self.oldest + 1) % KEPT;
        }
    }

    /// Oldest first.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Transition> {
        let (newer, older) = self.entries.split_at(self.oldest);
        older.iter().chain(newer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_five_hundred_are_kept_in_order() {
        let mut journal = Journal::default();
        for at in 0..1_234 {
            journal.note(Transition { at: Timestamp(at), from: State::Idle, to: State::Starting, code: 0 });
        }
        assert!(journal.iter().map(|it| it.at.0).eq(734..1_234));
    }
}
