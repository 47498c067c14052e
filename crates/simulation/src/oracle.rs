//! What was written, and what the backend really accepted of it: the judge of everything.

use std::collections::BTreeMap;

use simulator::{Backend, Connection, Direction, Kind};

/// One message that the visitor wrote.
#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "independent facts, each told apart where it matters")]
pub(crate) struct Written {
    pub(crate) text: String,
    /// The page in which it was written.
    pub(crate) page: u32,
    /// And the tab.
    pub(crate) tab: usize,
    /// How often the backend has accepted it.
    pub(crate) accepted: u32,
    /// How often the visitor asked for it to be sent again, not knowing.
    pub(crate) retries: u32,
    /// How often it had been accepted, or once if it was on its way, when a page ended for which storage refused to keep that: whoever reads
    /// the record next cannot know, and one more is forgiven.
    pub(crate) unnoted: u32,
    /// It was shown as of unknown fate.
    pub(crate) was_unconfirmed: bool,
    /// Nobody knows whether it was taken, and the visitor has not decided about it since.
    pub(crate) is_doubtful: bool,
    /// The connection that it was last said on, and when by true time; for a post, none.
    pub(crate) said: Option<(Option<Connection>, u64)>,
    /// That connection closed so soon upon it that it must not count as taken.
    pub(crate) is_cut_short: bool,
    /// It was shown as sent on a wire that answers nothing, and the backend has not accepted it.
    pub(crate) is_on_trust: bool,
    /// The visitor took it out.
    pub(crate) is_discarded: bool,
    /// It was once shown as failed or doubtful, so that later ones may have gone before it.
    pub(crate) was_held_up: bool,
    /// It stood in storage, when storage had failed so often.
    pub(crate) durable_at: Option<u64>,
    /// Storage had failed, and then a page was gone: perhaps no client could have kept it.
    pub(crate) is_unkept: bool,
}

impl Written {
    /// How often it may be accepted beyond once.
    pub(crate) fn forgiven(&self) -> u32 {
        self.retries + self.unnoted
    }
}

#[derive(Debug, Default)]
pub(crate) struct Oracle {
    pub(crate) written: Vec<Written>,
    /// How many rows of each session have been seen.
    seen: BTreeMap<String, usize>,
    revision: u64,
    /// The last message accepted of each page.
    last_of_page: BTreeMap<u32, usize>,
    /// The messages that are neither accepted nor given up, by their place in `written`.
    pub(crate) pending: Vec<usize>,
}

impl Oracle {
    /// The next text to write in this page.
    pub(crate) fn write(&mut self, page: u32, tab: usize, long: bool) -> String {
        let number = self.written.len();
        let text = if long { format!("visitor {number} {}", "x".repeat(4_100)) } else { format!("visitor {number}") };
        self.written.push(Written {
            text: text.clone(),
            page,
            tab,
            accepted: 0,
            retries: 0,
            unnoted: 0,
            was_unconfirmed: false,
            is_doubtful: false,
            said: None,
            is_cut_short: false,
            is_on_trust: false,
            is_discarded: false,
            was_held_up: false,
            durable_at: None,
            is_unkept: false,
        });
        self.pending.push(number);
        text
    }

    /// The message of this text.
    pub(crate) fn of_text(&mut self, text: &str) -> Option<&mut Written> {
        self.written.get_mut(number(text)?).filter(|message| message.text == text)
    }

    /// Looks at what the backend has accepted since. Words if that is more than once, or out of turn.
    pub(crate) fn look(&mut self, backend: &Backend) -> Result<(), (&'static str, String)> {
        if backend.revision() == self.revision {
            return Ok(());
        }
        self.revision = backend.revision();
        let mut found = Ok(());
        let tokens: Vec<String> = backend.tokens().map(str::to_owned).collect();
        for token in tokens {
            let from = self.seen.get(&token).copied().unwrap_or(0);
            let mut count = from;
            for row in backend.accepted_since(&token, from) {
                count += 1;
                if row.direction == Direction::Inbound && row.kind == Kind::Message {
                    found = found.and(self.accept(&row.text));
                }
            }
            self.seen.insert(token, count);
        }
        found
    }

    fn accept(&mut self, text: &str) -> Result<(), (&'static str, String)> {
        let Some(index) = number(text).filter(|index| *index < self.written.len()) else {
            return Err(("I7", format!("accepted {text:?}, which nobody wrote")));
        };
        self.pending.retain(|pending| *pending != index);
        let message = &mut self.written[index];
        message.accepted += 1;
        if message.accepted > 1 + message.forgiven() {
            return Err(("I7", format!("repeated: {text:?} was accepted {} times", message.accepted)));
        }
        if message.was_held_up || message.accepted > 1 {
            return Ok(());
        }
        let last = self.last_of_page.entry(message.page).or_insert(index);
        if *last > index {
            return Err(("I8", format!("reordered: {text:?} was accepted after message {last}")));
        }
        *last = index;
        Ok(())
    }

    /// It counts as taken where nothing is answered: from then on nobody keeps it for being sent.
    pub(crate) fn trust(&mut self, text: &str) {
        if let Some(message) = self.of_text(text).filter(|message| message.accepted == 0 && !message.is_on_trust) {
            message.is_on_trust = true;
            self.pending.retain(|index| self.written[*index].text != text);
        }
    }

    /// Something is said on this connection. Where nothing is answered, what was said on another one may arrive after it.
    pub(crate) fn may_be_overtaken(&mut self, by: Connection) {
        for message in self.written.iter_mut().filter(|message| message.accepted == 0) {
            message.was_held_up |= message.said.is_some_and(|(on, _)| on != Some(by));
        }
    }

    /// The visitor takes it out.
    pub(crate) fn discard(&mut self, text: &str) {
        if let Some(message) = self.of_text(text) {
            message.is_discarded = true;
        }
        self.pending.retain(|index| self.written[*index].text != text);
    }
}

/// The number in `visitor 17` and `visitor 17 xxx`.
fn number(text: &str) -> Option<usize> {
    text.strip_prefix("visitor ")?.split(' ').next()?.parse().ok()
}
