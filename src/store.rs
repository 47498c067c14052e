//! The conversation as signals: what the components show. [`ChatStore::apply`] mirrors the core's [`Event`]s and is the only writer
//! of the conversation's state; beside it stand the few facts that only a screen has (open, broken, badly set up).
//! Decides nothing: it never sorts, searches or merges, and says no command by itself.

mod live;
mod place;

use chat_proto::config::FieldError;
use chat_proto::io::{Command, Event, TimelineDiff};
use chat_proto::message::{Content, Item};
use chat_proto::phase::ConnectionStatus;
use chat_proto::problem::Advice;

pub use live::{Live, Shared};
pub use place::{Day, Place};

/// Handles to all signals; copying it copies nothing of the conversation. The signals live as long as the owner they were made in,
/// or as long as the page if there was none.
#[derive(Clone, Copy, Debug)]
pub struct ChatStore {
    /// The lines of the conversation, in the core's order.
    pub rows: Live<Vec<Row>>,
    /// The state of the connection, and what the visitor can do about the latest trouble. One value, because each further type of them costs
    /// the bundle its own code.
    pub standing: Live<(ConnectionStatus, Option<Advice>)>,
    /// The agent is typing.
    pub is_typing: Live<bool>,
    /// Outbound messages that came since the panel was last seen open.
    pub unread: Live<u32>,
    /// There are older messages at the backend.
    pub has_earlier: Live<bool>,
    /// A page of older messages is being fetched.
    pub is_loading_earlier: Live<bool>,
    /// What stands in the composer. The composer writes it, too.
    pub draft: Live<String>,
    /// So much waits to be sent that nothing more can be.
    pub is_full: Live<bool>,
    /// Said just now and not announced yet; the announcer takes them out.
    pub said: Live<Vec<Item>>,
    /// How many outbound messages were said while this page is open; it only grows.
    pub arrived: Live<u32>,
    /// The visitor's today, as of the last change. It dates the day separators.
    pub today: Live<Day>,
    /// The panel is open.
    pub is_open: Live<bool>,
    /// The attributes of the tag that cannot be used.
    pub misconfigured: Live<Vec<FieldError>>,
    /// A bug stopped the widget. Nothing works any more, and it is shown plainly.
    pub broken: Live<bool>,
}

/// One line of the conversation. Its signals survive every change but its removal, and so does its element on the screen.
#[derive(Clone, Debug)]
pub struct Row {
    /// Names the line for as long as it is shown.
    pub key: u64,
    /// What it is.
    pub item: Shared<Item>,
    /// How it stands to its neighbours.
    pub place: Shared<Place>,
    /// It came at the end of a conversation that was on the screen already, not out of history.
    pub is_fresh: bool,
}

impl ChatStore {
    /// An empty conversation, closed.
    pub fn new() -> Self {
        Self {
            rows: Live::new(Vec::new()),
            standing: Live::new((ConnectionStatus::Idle, None)),
            is_typing: Live::new(false),
            unread: Live::new(0),
            has_earlier: Live::new(false),
            is_loading_earlier: Live::new(false),
            draft: Live::new(String::new()),
            is_full: Live::new(false),
            said: Live::new(Vec::new()),
            arrived: Live::new(0),
            today: Live::new(Day::today()),
            is_open: Live::new(false),
            misconfigured: Live::new(Vec::new()),
            broken: Live::new(false),
        }
    }

    /// Takes over one event of the core's.
    pub fn apply(&self, event: Event) {
        match event {
            Event::Status(status, advice) => set(self.standing, (status, advice)),
            Event::Timeline(diff) => {
                set(self.today, Day::today());
                self.mirror(diff);
            }
            Event::Said(item) => {
                if matches!(item.content, Content::Outbound(_)) {
                    self.arrived.update(|count| *count += 1);
                }
                self.said.update(|said| said.push(item));
            }
            Event::Typing(is_typing) => set(self.is_typing, is_typing),
            Event::Unread(count) => set(self.unread, count),
            Event::History { has_more, is_loading, .. } => {
                set(self.has_earlier, has_more);
                set(self.is_loading_earlier, is_loading);
            }
            Event::Draft(text) => set(self.draft, text),
            Event::Full(is_full) => set(self.is_full, is_full),
            Event::Panel(is_open) => set(self.is_open, is_open),
            // For developers, by the page's own `error` event; the visitor reads the status, and what to do.
            #[cfg(feature = "wires")]
            Event::Queue { .. } => {}
            Event::Problem(_) => {}
        }
    }

    /// The state of the connection, followed from here on.
    pub fn status(&self) -> ConnectionStatus {
        self.standing.get().0
    }

    /// Opens or closes the panel and says so, if it is not so already. Moves no focus.
    pub fn toggle(&self, open: bool, say: &impl Fn(Command)) {
        if self.is_open.get_untracked() != open {
            self.is_open.set(open);
            say(if open { Command::Open } else { Command::Close });
        }
    }

    /// The tag is set up wrongly: the panel names every bad field.
    pub fn misconfigured(&self, errors: Vec<FieldError>) {
        self.misconfigured.set(errors);
        set(self.standing, (ConnectionStatus::Misconfigured, None));
    }

    /// A bug stopped the widget: the panel says so.
    pub fn broken(&self) {
        set(self.broken, true);
    }

    fn mirror(&self, diff: TimelineDiff) {
        // What comes while nothing can be heard comes out of history.
        let is_online = self.standing.get_untracked().0 == ConnectionStatus::Online;
        let is_live = is_online && !self.is_loading_earlier.get_untracked();
        match diff {
            // The list stays as it is, so that only this one line is looked at again.
            TimelineDiff::Set { index, item } => self.rows.with_untracked(|rows| {
                if let Some(row) = rows.get(index) {
                    row.item.set(item);
                    place::settle(rows, index);
                }
            }),
            TimelineDiff::Reset(items) => self.rows.update(|rows| {
                // A line that stays is the same line: whoever shows it follows it further.
                let old = std::mem::take(rows);
                rows.extend(items.into_iter().map(|item| match old.iter().find(|row| row.key == item.key.0) {
                    Some(row) => {
                        row.item.set(item);
                        row.clone()
                    }
                    None => Row::new(item, false),
                }));
                (0..rows.len()).for_each(|index| place::settle(rows, index));
            }),
            TimelineDiff::Insert { index, item } => self.rows.update(|rows| {
                let index = index.min(rows.len());
                rows.insert(index, Row::new(item, is_live && index == rows.len()));
                place::settle(rows, index);
            }),
            TimelineDiff::Move { from, to, item } => self.rows.update(|rows| {
                if from < rows.len() {
                    let row = rows.remove(from);
                    row.item.set(item);
                    let to = to.min(rows.len());
                    rows.insert(to, row);
                    place::settle(rows, from);
                    place::settle(rows, to);
                }
            }),
            TimelineDiff::Remove { index } => self.rows.update(|rows| {
                if index < rows.len() {
                    rows.remove(index);
                    place::settle(rows, index);
                }
            }),
        }
    }
}

impl Default for ChatStore {
    fn default() -> Self {
        Self::new()
    }
}

impl Row {
    fn new(item: Item, is_fresh: bool) -> Self {
        Self { key: item.key.0, item: Shared::new(item), place: Shared::new(Place::default()), is_fresh }
    }
}

/// Leaves the value in peace if nothing changes, for every write wakes whoever reads it.
fn set<T: PartialEq>(live: Live<T>, value: T) {
    if live.with_untracked(|old| *old != value) {
        live.set(value);
    }
}
