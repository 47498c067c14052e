//! What a visitor sees in one tab: the events of its client, applied.

use chat_proto::io::{Event, TimelineDiff};
use chat_proto::message::{Content, Inbound, Item, LocalId, SendState};
use chat_proto::phase::ConnectionStatus;

#[derive(Debug, Default)]
pub(crate) struct Screen {
    pub(crate) items: Vec<Item>,
    pub(crate) status: ConnectionStatus,
    pub(crate) has_more: bool,
    pub(crate) is_loading: bool,
}

impl Screen {
    /// Applies an event. What cannot be applied is a broken promise, told in words.
    pub(crate) fn show(&mut self, event: Event) -> Result<(), String> {
        match event {
            Event::Status(status, _) => self.status = status,
            Event::Timeline(diff) => return self.apply(diff),
            Event::History { has_more, is_loading, .. } => (self.has_more, self.is_loading) = (has_more, is_loading),
            // Nothing that these runs look at.
            _ => {}
        }
        Ok(())
    }

    fn apply(&mut self, diff: TimelineDiff) -> Result<(), String> {
        let shown = self.items.len();
        let is_there = |index: usize| if index < shown { Ok(()) } else { Err(format!("no line {index} of {shown}")) };
        match diff {
            TimelineDiff::Reset(items) => self.items = items,
            TimelineDiff::Insert { index, item } => {
                if index > shown {
                    return Err(format!("line {index} after {shown}"));
                }
                self.items.insert(index, item);
            }
            TimelineDiff::Set { index, item } => {
                is_there(index)?;
                if self.items[index].key != item.key {
                    return Err("a line changed its key".into());
                }
                self.items[index] = item;
            }
            TimelineDiff::Move { from, to, item } => {
                is_there(from)?;
                is_there(to)?;
                if self.items.remove(from).key != item.key {
                    return Err("a line changed its key".into());
                }
                self.items.insert(to, item);
            }
            TimelineDiff::Remove { index } => {
                is_there(index)?;
                self.items.remove(index);
            }
        }
        Ok(())
    }

    /// The visitor's own messages.
    pub(crate) fn own(&self) -> impl Iterator<Item = &Inbound> {
        self.items.iter().filter_map(|item| match &item.content {
            Content::Inbound(message) => Some(message),
            Content::Outbound(_) | Content::Notice(_) => None,
        })
    }

    /// The backend's ids of all that counts as said, from both sides, in order.
    pub(crate) fn said(&self) -> impl Iterator<Item = &str> {
        self.items
            .iter()
            .filter_map(|item| match &item.content {
                Content::Inbound(message) if message.state == SendState::Sent => message.id.as_ref(),
                Content::Outbound(message) => Some(&message.id),
                Content::Inbound(_) | Content::Notice(_) => None,
            })
            .map(|id| id.0.as_str())
    }

    /// Every text, in order.
    pub(crate) fn texts(&self) -> impl Iterator<Item = &str> {
        self.items.iter().filter_map(|item| match &item.content {
            Content::Inbound(message) => Some(message.text.as_str()),
            Content::Outbound(message) => Some(message.text.as_str()),
            Content::Notice(_) => None,
        })
    }

    /// The first message that the visitor may decide about.
    pub(crate) fn doubtful(&self) -> Option<(LocalId, String)> {
        let is_doubtful =
            |message: &&Inbound| matches!(message.state, SendState::Failed(_) | SendState::Unconfirmed { ask: true });
        let message = self.own().find(is_doubtful)?;
        Some((message.local_id.clone()?, message.text.clone()))
    }
}
