//! What is shown of the conversation, the same in all tabs: mirrored from events, so that it can be told whole, and gone on with when
//! the leader is gone.

use alloc::{string::String, vec::Vec};

use crate::io::{Event, TimelineDiff};
use crate::message::{Content, Inbound, Item, LocalId, MessageId, Notice, SendState};
use crate::phase::ConnectionStatus;
use crate::problem::Advice;
use crate::snapshot::{Fate, Kept};
use crate::time::Timestamp;

/// What is shown.
#[derive(Clone, Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "independent facts, each shown on its own")]
pub(super) struct Screen {
    pub(super) items: Vec<Item>,
    standing: (ConnectionStatus, Option<Advice>),
    is_typing: bool,
    unread: u32,
    has_more: bool,
    is_loading: bool,
    complete_up_to: Timestamp,
    pub(super) draft: String,
    pub(super) is_full: bool,
    pub(super) is_open: bool,
    own_keys: u64,
}

/// What a session that takes over has to know.
#[derive(Clone, Debug, Default)]
pub(crate) struct Known {
    /// What stands on the screen and the backend has.
    pub(crate) items: Vec<Item>,
    /// Up to this time of the backend's, nothing is missing there.
    pub(crate) complete_up_to: Timestamp,
    /// There are older messages at the backend.
    pub(crate) has_more: bool,
    /// There are lines on the screen.
    pub(crate) is_anything_shown: bool,
    /// What the screen says of the connection.
    pub(crate) standing: (ConnectionStatus, Option<Advice>),
}

impl Screen {
    /// Takes one event over. False if it does not fit what is shown.
    pub(super) fn apply(&mut self, event: &Event) -> bool {
        match event {
            Event::Status(status, advice) => self.standing = (*status, *advice),
            Event::Timeline(diff) => return self.mirror(diff),
            Event::Typing(is) => self.is_typing = *is,
            Event::Unread(count) => self.unread = *count,
            Event::History { has_more, is_loading, complete_up_to } => {
                (self.has_more, self.is_loading, self.complete_up_to) = (*has_more, *is_loading, *complete_up_to);
            }
            Event::Draft(text) => self.draft.clone_from(text),
            Event::Full(is) => self.is_full = *is,
            Event::Panel(is) => self.is_open = *is,
            #[cfg(feature = "wires")]
            Event::Queue { .. } => {}
            Event::Said(_) | Event::Problem(_) => {}
        }
        true
    }

    fn mirror(&mut self, diff: &TimelineDiff) -> bool {
        let items = &mut self.items;
        match diff {
            TimelineDiff::Reset(all) => items.clone_from(all),
            TimelineDiff::Insert { index, item } if *index <= items.len() => items.insert(*index, item.clone()),
            TimelineDiff::Set { index, item } if *index < items.len() => items[*index] = item.clone(),
            TimelineDiff::Move { from, to, item } if *from < items.len() && *to < items.len() => {
                items.remove(*from);
                items.insert(*to, item.clone());
            }
            TimelineDiff::Remove { index } if *index < items.len() => drop(items.remove(*index)),
            _ => return false,
        }
        true
    }

    /// Everything, as events that make an empty screen show the same.
    pub(super) fn events(&self) -> [Event; 8] {
        let Self { has_more, is_loading, complete_up_to, .. } = *self;
        [
            Event::Timeline(TimelineDiff::Reset(self.items.clone())),
            Event::Status(self.standing.0, self.standing.1),
            Event::Typing(self.is_typing),
            Event::Unread(self.unread),
            Event::History { has_more, is_loading, complete_up_to },
            Event::Draft(self.draft.clone()),
            Event::Full(self.is_full),
            Event::Panel(self.is_open),
        ]
    }

    /// Goes back to what the last leader kept, where that is more than is shown here: this page may have been frozen, or have missed a
    /// post.
    pub(super) fn restore(&mut self, mut kept: Vec<Item>) {
        let last = kept.iter().rev().find_map(row_of);
        if last.is_some() && !self.items.iter().any(|item| row_of(item) == last) {
            kept.extend(self.items.drain(..).filter(|item| row_of(item).is_none() && !is_notice(item)));
            self.items = kept;
        }
    }

    /// What the backend has of what is shown. Lines that nobody said come back out of history; where there is none, that something is
    /// missing must be kept, too (`keeps_gaps`). `is_more_shown`: there are lines that are only shown here.
    pub(super) fn known(&self, is_more_shown: bool, keeps_gaps: bool) -> Known {
        let is_row = |item: &&Item| match &item.content {
            Content::Inbound(message) => message.id.is_some(),
            Content::Outbound(_) => true,
            Content::Notice(notice) => cfg!(feature = "wires") && keeps_gaps && *notice == Notice::Gap,
        };
        let items = self.items.iter().filter(is_row).cloned().collect();
        let is_anything_shown = is_more_shown || !self.items.is_empty();
        Known {
            items,
            complete_up_to: self.complete_up_to,
            has_more: self.has_more,
            is_anything_shown,
            standing: self.standing,
        }
    }

    /// What is shown of what the visitor wrote and the backend has not certainly got. How far it got since is not known; and what was on
    /// its way may have been in a conversation of which there is no record: if history does not have it, the visitor is asked.
    pub(super) fn unconfirmed(&self) -> Vec<Kept> {
        let kept = |item: &Item| {
            let Content::Inbound(Inbound { local_id: Some(id), id: None, text, state }) = &item.content else {
                return None;
            };
            let after = Timestamp(0);
            let fate = match *state {
                SendState::Failed(why) => Fate::Rejected(why),
                SendState::Queued => Fate::Unknown(after),
                _ => Fate::Asked(after),
            };
            Some(Kept { id: id.clone(), text: text.clone(), written: item.time, fate })
        };
        self.items.iter().filter_map(kept).collect()
    }

    /// How many rows with this text are shown that may be anybody's.
    pub(super) fn alike(&self, text: &str) -> usize {
        let is_alike =
            |item: &&Item| matches!(&item.content, Content::Inbound(it) if it.local_id.is_none() && it.text == text);
        self.items.iter().filter(is_alike).count()
    }

    /// A key that no session gives: theirs stay below 2⁵².
    pub(super) fn own_key(&mut self) -> u64 {
        self.own_keys += 1;
        (1 << 52) + self.own_keys
    }
}

/// The backend's id of a line, if the backend has it.
fn row_of(item: &Item) -> Option<&MessageId> {
    match &item.content {
        Content::Inbound(message) => message.id.as_ref(),
        Content::Outbound(message) => Some(&message.id),
        Content::Notice(_) => None,
    }
}

fn is_notice(item: &Item) -> bool {
    matches!(item.content, Content::Notice(_))
}

/// Whether this is the line of that message.
pub(super) fn is_line_of(item: &Item, id: &LocalId) -> bool {
    matches!(&item.content, Content::Inbound(message) if message.local_id.as_ref() == Some(id))
}

/// Whether the line of this message comes onto the screen by it.
pub(super) fn shows(diff: &TimelineDiff, id: &LocalId) -> bool {
    match diff {
        TimelineDiff::Reset(items) => items.iter().any(|item| is_line_of(item, id)),
        TimelineDiff::Insert { item, .. } | TimelineDiff::Set { item, .. } | TimelineDiff::Move { item, .. } => {
            is_line_of(item, id)
        }
        TimelineDiff::Remove { .. } => false,
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec;

    use super::*;
    use crate::message::{Author, ItemKey, Outbound};

    fn line(key: u64, content: Content) -> Item {
        Item { key: ItemKey(key), time: Timestamp(key), content }
    }

    fn said(key: u64) -> Item {
        let (id, text) = (MessageId(alloc::format!("r-{key}")), String::new());
        line(key, Content::Outbound(Outbound { id, author: Author::default(), text, has_more: false }))
    }

    fn gap(key: u64) -> Item {
        line(key, Content::Notice(Notice::Gap))
    }

    fn written(key: u64) -> Item {
        let state = SendState::Queued;
        line(key, Content::Inbound(Inbound { local_id: None, id: None, text: String::new(), state }))
    }

    fn screen(items: Vec<Item>) -> Screen {
        Screen { items, ..Screen::default() }
    }

    #[test]
    fn where_nothing_comes_back_it_is_kept_that_something_is_missing() {
        let screen = screen(vec![said(1), gap(2), said(3), written(4)]);
        assert_eq!(screen.known(false, true).items, [said(1), gap(2), said(3)]);
        assert_eq!(screen.known(false, false).items, [said(1), said(3)]);
    }

    #[test]
    fn a_page_that_missed_what_the_last_leader_kept_goes_back_to_that_and_keeps_what_it_wrote() {
        let mut behind = screen(vec![said(1), written(9)]);
        behind.restore(vec![said(1), gap(2), said(3)]);
        assert_eq!(behind.items, [said(1), gap(2), said(3), written(9)]);
        // Where storage has failed it is older than what is shown.
        let mut ahead = screen(vec![said(1), said(3), written(9)]);
        ahead.restore(vec![said(1)]);
        assert_eq!(ahead.items, [said(1), said(3), written(9)]);
    }
}
