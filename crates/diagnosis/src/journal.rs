//! The widget's last steps, as numbers in and as words out: in the page they are numbers, so that the widget need not carry the words.

use chat_proto::journal::UPON_ASKING;
use chat_proto::phase::State;

/// One step of the session's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Step {
    /// Milliseconds since 1970, by the visitor's clock.
    pub at: u64,
    /// Where the session was: a [`State`] as its number.
    pub from: u8,
    /// Where it went.
    pub to: u8,
    /// The close code, status or protocol code that went with it; 0 if none did.
    pub code: u16,
    /// It came upon something that a right is needed for.
    pub is_upon_asking: bool,
}

/// Every state, where its number says.
const STATES: [State; 14] = [
    State::Idle,
    State::Starting,
    State::Connecting,
    State::Handshaking,
    State::Replaying,
    State::Online,
    State::ReadOnly,
    State::Restarting,
    State::Backoff,
    State::Offline,
    State::Evicted,
    State::Expired,
    State::Refused,
    State::Misconfigured,
];

impl Step {
    /// The word for a state.
    pub fn state(number: u8) -> &'static str {
        STATES.get(usize::from(number)).map_or("unknown", |state| state.word())
    }

    /// Messages could flow.
    pub fn is_online(&self) -> bool {
        self.to == State::Online as u8
    }

    /// A socket on which the hello had gone out is no more.
    pub fn is_loss(&self) -> bool {
        let has_hello =
            |state: u8| [State::Handshaking, State::Replaying, State::Online].iter().any(|it| *it as u8 == state);
        has_hello(self.from) && !has_hello(self.to)
    }

    /// With the code as the widget tells it, which has a mark in it.
    pub fn new(at: u64, from: u8, to: u8, code: u16) -> Self {
        Self { at, from, to, code: code & !UPON_ASKING, is_upon_asking: code & UPON_ASKING != 0 }
    }

    /// It was closed with 1000, without a word; or dropped upon something that a right is needed for.
    pub fn is_silent(&self) -> bool {
        matches!(self.code, 1000 | 1005) || self.code == 1006 && self.is_upon_asking
    }

    /// The session was refused for good.
    pub fn is_given_up(&self) -> bool {
        self.to == State::Refused as u8
    }

    /// The hello had been answered by then.
    pub fn is_past_hello(&self) -> bool {
        self.from != State::Handshaking as u8
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_stands_where_its_number_says() {
        assert!(STATES.iter().enumerate().all(|(number, state)| usize::from(*state as u8) == number));
    }
}
