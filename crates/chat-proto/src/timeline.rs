//! The conversation in order and without duplicates. Whoever shows it mirrors a vector: every change here is returned as a
//! [`TimelineDiff`]. Ordered by the backend's time, ties by arrival; what the visitor wrote and the backend has not yet got stands
//! below everything else, in the order of writing. Rows are known by the backend's id, so that one that arrives live, by echo and in
//! history is one line.

use alloc::vec::Vec;

use crate::dialect::{Row, RowContent};
use crate::io::TimelineDiff;
use crate::message::{Content, Inbound, Item, ItemKey, LocalId, MessageId, Notice, Outbound, SendState};
use crate::time::Timestamp;

/// The conversation.
#[derive(Clone, Debug, Default)]
pub(crate) struct Timeline {
    entries: Vec<Entry>,
    /// Every row of the backend's that was taken in, shown or not, in the order of the ids: pages are counted by it.
    seen: Vec<MessageId>,
    /// How many of them are of a session that is over.
    over: usize,
    last_key: u64,
    last_arrival: u64,
    newest: Timestamp,
}

#[derive(Clone, Debug)]
struct Entry {
    order: Order,
    item: Item,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Order(Timestamp, u64);

/// Below everything the backend has.
const NOT_YET: Timestamp = Timestamp(u64::MAX);

impl Timeline {
    pub(crate) fn items(&self) -> impl DoubleEndedIterator<Item = &Item> {
        self.entries.iter().map(|entry| &entry.item)
    }

    pub(crate) fn knows(&self, id: &MessageId) -> bool {
        self.seen.binary_search(id).is_ok()
    }

    /// How many rows of the present session's were taken in.
    pub(crate) fn rows(&self) -> usize {
        self.seen.len() - self.over
    }

    /// The backend's time of the newest row.
    pub(crate) fn newest(&self) -> Timestamp {
        self.newest
    }

    /// Goes on with what another tab has shown. Keys are greater than `last_key` from here on.
    pub(crate) fn inherit(&mut self, items: Vec<Item>, last_key: u64) {
        self.last_key = last_key;
        for item in items {
            let id = match &item.content {
                Content::Inbound(message) => message.id.as_ref(),
                Content::Outbound(message) => Some(&message.id),
                Content::Notice(_) => None,
            };
            if let Some(id) = id {
                self.see(id);
            }
            // What nobody said, and what the backend gave no time, stands where it stood.
            let time = if has_time(&item.content) { item.time } else { self.newest };
            self.newest = self.newest.max(time);
            let order = self.arrive(time);
            self.entries.push(Entry { order, item });
        }
    }

    /// A message that the visitor just wrote, or that an earlier page kept.
    pub(crate) fn push_local(&mut self, id: LocalId, text: &str, time: Timestamp, state: SendState) -> TimelineDiff {
        let content = Content::Inbound(Inbound { local_id: Some(id), id: None, text: text.into(), state });
        let order = self.order_of(state);
        self.insert(order, time, content)
    }

    /// Shows how far a message got. `None` if that is what is shown already.
    pub(crate) fn set_state(&mut self, id: &LocalId, state: SendState) -> Option<TimelineDiff> {
        let at = self.position(id)?;
        let order = self.order_of(state);
        let Entry { order: old_order, item } = &mut self.entries[at];
        let Content::Inbound(message) = &mut item.content else { return None };
        if message.state == state {
            return None;
        }
        let floats = |state| !matches!(state, SendState::Failed(_) | SendState::Unconfirmed { ask: true });
        let moves = floats(message.state) != floats(state);
        message.state = state;
        if moves {
            *old_order = order;
        }
        Some(self.settle(at))
    }

    /// Shows a message as sent: it takes the backend's id and time, and the place that goes with them.
    pub(crate) fn adopt(&mut self, id: &LocalId, row: &Row) -> Option<TimelineDiff> {
        let at = self.position(id)?;
        self.see(&row.id);
        let time = self.time_of(row);
        let order = self.arrive(time);
        let entry = &mut self.entries[at];
        entry.order = order;
        entry.item.time = row.time.unwrap_or(entry.item.time);
        if let Content::Inbound(message) = &mut entry.item.content {
            message.id = Some(row.id.clone());
            message.state = SendState::Sent;
        }
        Some(self.settle(at))
    }

    /// Takes a line out that a history without ids of ours has brought in, and of which it turns out whose it is.
    pub(crate) fn remove_row(&mut self, id: &MessageId) -> Option<TimelineDiff> {
        let is_it = |entry: &Entry| matches!(&entry.item.content, Content::Inbound(it) if it.local_id.is_none() && it.id.as_ref() == Some(id));
        let index = self.entries.iter().position(is_it)?;
        self.entries.remove(index);
        Some(TimelineDiff::Remove { index })
    }

    /// Takes a row in. `None` if it was known, or shows nothing.
    pub(crate) fn insert_row(&mut self, row: Row) -> Option<(Item, TimelineDiff)> {
        if !self.see(&row.id) {
            return None;
        }
        let time = self.time_of(&row);
        let order = self.arrive(time);
        let content = match row.content {
            RowContent::Inbound { local_id, text } => {
                Content::Inbound(Inbound { local_id, id: Some(row.id), text, state: SendState::Sent })
            }
            RowContent::Outbound { author, text, has_more } => {
                Content::Outbound(Outbound { id: row.id, author, text, has_more })
            }
            RowContent::Joined => Content::Notice(Notice::Joined),
            RowContent::Left => Content::Notice(Notice::Left),
            RowContent::Ended => Content::Notice(Notice::Ended),
            RowContent::SignedIn(name) => Content::Notice(Notice::SignedIn(name)),
            RowContent::Nothing => return None,
        };
        let diff = self.insert(order, time, content);
        let TimelineDiff::Insert { item, .. } = &diff else { return None };
        Some((item.clone(), diff))
    }

    /// A line that nobody said, below everything the backend has.
    pub(crate) fn note(&mut self, notice: Notice, time: Timestamp) -> TimelineDiff {
        let order = self.arrive(self.newest);
        self.insert(order, time, Content::Notice(notice))
    }

    /// The last line, but for what the backend has not yet got, is such a one.
    pub(crate) fn ends_with(&self, notice: &Notice) -> bool {
        let last = self.entries.iter().rev().find(|entry| entry.order.0 < NOT_YET);
        last.is_some_and(|entry| matches!(&entry.item.content, Content::Notice(it) if it == notice))
    }

    /// Takes every such line out again.
    pub(crate) fn withdraw(&mut self, notice: &Notice) -> Vec<TimelineDiff> {
        let mut diffs = Vec::new();
        let is_it = |entry: &Entry| matches!(&entry.item.content, Content::Notice(it) if it == notice);
        while let Some(index) = self.entries.iter().position(is_it) {
            self.entries.remove(index);
            diffs.push(TimelineDiff::Remove { index });
        }
        diffs
    }

    pub(crate) fn find(&self, id: &LocalId) -> Option<&Item> {
        self.position(id).map(|at| &self.entries[at].item)
    }

    pub(crate) fn remove(&mut self, id: &LocalId) -> Option<TimelineDiff> {
        let index = self.position(id)?;
        self.entries.remove(index);
        Some(TimelineDiff::Remove { index })
    }

    /// What was taken in is of a session that is over, and counts no more. It stays known: a row of the new session may have come before
    /// the word that there is one.
    pub(crate) fn count_anew(&mut self) {
        self.over = self.seen.len();
    }

    /// Forgets everything that the backend has; what only the visitor has stays.
    pub(crate) fn forget_rows(&mut self) -> TimelineDiff {
        self.entries.retain(|entry| matches!(&entry.item.content, Content::Inbound(Inbound { id: None, .. })));
        self.seen.clear();
        self.over = 0;
        self.newest = Timestamp::default();
        self.reset()
    }

    /// Everything as it stands.
    pub(crate) fn reset(&self) -> TimelineDiff {
        TimelineDiff::Reset(self.items().cloned().collect())
    }

    /// How many outbound messages are newer than that.
    pub(crate) fn unread(&self, read_up_to: Timestamp) -> u32 {
        let outbound = self.entries.iter().rev().filter(|entry| matches!(entry.item.content, Content::Outbound(_)));
        let unread = outbound.take_while(|entry| entry.order.0 > read_up_to).count();
        u32::try_from(unread).unwrap_or(u32::MAX)
    }

    /// Notes a row. False if it was known.
    fn see(&mut self, id: &MessageId) -> bool {
        match self.seen.binary_search(id) {
            Ok(_) => false,
            Err(at) => {
                self.seen.insert(at, id.clone());
                true
            }
        }
    }

    fn position(&self, id: &LocalId) -> Option<usize> {
        let is_it = |entry: &Entry| matches!(&entry.item.content, Content::Inbound(message) if message.local_id.as_ref() == Some(id));
        self.entries.iter().rposition(is_it)
    }

    /// A failed message keeps the place where it failed; one that is still to be sent stands below all that was said.
    fn order_of(&mut self, state: SendState) -> Order {
        match state {
            SendState::Queued | SendState::Sending | SendState::Unconfirmed { ask: false } => self.arrive(NOT_YET),
            SendState::Unconfirmed { ask: true } | SendState::Failed(_) | SendState::Sent => self.arrive(self.newest),
        }
    }

    /// A row without a time is taken to be as new as the newest.
    fn time_of(&mut self, row: &Row) -> Timestamp {
        let time = row.time.unwrap_or(self.newest);
        self.newest = self.newest.max(time);
        time
    }

    fn arrive(&mut self, time: Timestamp) -> Order {
        self.last_arrival += 1;
        Order(time, self.last_arrival)
    }

    fn insert(&mut self, order: Order, time: Timestamp, content: Content) -> TimelineDiff {
        self.last_key += 1;
        let item = Item { key: ItemKey(self.last_key), time, content };
        let index = self.entries.partition_point(|entry| entry.order < order);
        self.entries.insert(index, Entry { order, item: item.clone() });
        TimelineDiff::Insert { index, item }
    }

    /// Puts the changed entry where its order says.
    fn settle(&mut self, from: usize) -> TimelineDiff {
        let entry = self.entries.remove(from);
        let to = self.entries.partition_point(|other| other.order < entry.order);
        let item = entry.item.clone();
        self.entries.insert(to, entry);
        if from == to { TimelineDiff::Set { index: to, item } } else { TimelineDiff::Move { from, to, item } }
    }
}

/// Its time is the backend's. A message that the backend gave no id of its own has the visitor's.
fn has_time(content: &Content) -> bool {
    match content {
        Content::Inbound(message) => {
            let ids = (&message.id, &message.local_id);
            !cfg!(feature = "wires") || !matches!(ids, (Some(id), Some(local)) if id.0 == local.0)
        }
        Content::Outbound(_) => true,
        Content::Notice(_) => !cfg!(feature = "wires"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::{Author, Rejection};
    use alloc::string::String;

    fn outbound(id: &str, time: u64) -> Row {
        let content = RowContent::Outbound { author: Author::default(), text: id.into(), has_more: false };
        Row { id: MessageId(id.into()), time: Some(Timestamp(time)), content }
    }

    fn echo(id: &str, time: u64) -> Row {
        let content = RowContent::Inbound { local_id: None, text: id.into() };
        Row { id: MessageId(id.into()), time: Some(Timestamp(time)), content }
    }

    fn local(name: &str) -> LocalId {
        LocalId(name.into())
    }

    fn texts(timeline: &Timeline) -> Vec<String> {
        let text = |item: &Item| match &item.content {
            Content::Inbound(message) => message.text.clone(),
            Content::Outbound(message) => message.text.clone(),
            Content::Notice(_) => "—".into(),
        };
        timeline.items().map(text).collect()
    }

    #[test]
    fn rows_stand_in_the_backends_order_whatever_order_they_arrive_in() {
        let mut timeline = Timeline::default();
        for row in [outbound("c", 3), outbound("a", 1), outbound("b", 2), outbound("b2", 2)] {
            timeline.insert_row(row);
        }
        assert_eq!(texts(&timeline), ["a", "b", "b2", "c"]);
    }

    #[test]
    fn a_row_that_is_known_changes_nothing() {
        let mut timeline = Timeline::default();
        assert!(timeline.insert_row(outbound("a", 1)).is_some());
        assert!(timeline.insert_row(outbound("a", 1)).is_none());
        assert_eq!(texts(&timeline), ["a"]);
    }

    #[test]
    fn what_waits_stands_below_what_was_said_and_takes_its_place_when_it_is_sent() {
        let mut timeline = Timeline::default();
        timeline.push_local(local("x"), "mine", Timestamp(999), SendState::Queued);
        timeline.insert_row(outbound("answer", 5));
        assert_eq!(texts(&timeline), ["answer", "mine"]);
        let diff = timeline.adopt(&local("x"), &echo("r", 4)).unwrap();
        assert!(matches!(diff, TimelineDiff::Move { from: 1, to: 0, .. }), "{diff:?}");
        assert_eq!(texts(&timeline), ["mine", "answer"]);
        assert!(timeline.insert_row(echo("r", 4)).is_none(), "its row in history is the same line");
    }

    #[test]
    fn the_line_of_a_message_keeps_its_key_from_writing_to_acknowledgement() {
        let mut timeline = Timeline::default();
        timeline.push_local(local("x"), "mine", Timestamp(1), SendState::Queued);
        let key = |timeline: &Timeline| timeline.items().next().map(|item| item.key);
        let before = key(&timeline);
        timeline.set_state(&local("x"), SendState::Sending);
        timeline.adopt(&local("x"), &echo("r", 4));
        assert_eq!(key(&timeline), before);
    }

    #[test]
    fn a_failed_message_stays_where_it_failed_and_moves_down_when_it_is_tried_again() {
        let mut timeline = Timeline::default();
        timeline.insert_row(outbound("a", 1));
        timeline.push_local(local("x"), "mine", Timestamp(1), SendState::Sending);
        timeline.set_state(&local("x"), SendState::Failed(Rejection::Server));
        timeline.insert_row(outbound("b", 2));
        assert_eq!(texts(&timeline), ["a", "mine", "b"]);
        timeline.set_state(&local("x"), SendState::Queued);
        assert_eq!(texts(&timeline), ["a", "b", "mine"]);
    }

    #[test]
    fn unread_counts_what_others_said_since() {
        let mut timeline = Timeline::default();
        for row in [outbound("a", 1), outbound("b", 2), echo("mine", 3), outbound("c", 4)] {
            timeline.insert_row(row);
        }
        assert_eq!([0, 1, 3, 4].map(|since| timeline.unread(Timestamp(since))), [3, 2, 1, 0]);
    }

    #[test]
    fn what_has_no_time_of_the_backends_stands_where_it_stood_when_another_page_goes_on() {
        let mut before = Timeline::default();
        before.insert_row(outbound("a", 1));
        // The visitor's clock is ahead, and the backend does not say when it took this.
        before.push_local(local("x"), "mine", Timestamp(999), SendState::Sending);
        let content = RowContent::Inbound { local_id: Some(local("x")), text: String::new() };
        before.adopt(&local("x"), &Row { id: MessageId("x".into()), time: None, content });
        before.note(Notice::Gap, Timestamp(999));
        let mut after = Timeline::default();
        after.inherit(before.items().cloned().collect(), 0);
        after.insert_row(outbound("b", 2));
        assert_eq!(texts(&after), ["a", "mine", "—", "b"]);
    }

    #[test]
    fn a_mirror_that_applies_every_diff_shows_the_same() {
        let mut timeline = Timeline::default();
        let mut mirror: Vec<Item> = Vec::new();
        let mut random = crate::random::Random::new(11);
        for step in 0..2_000u64 {
            let name = local(&alloc::format!("m{}", random.up_to(40)));
            let diffs: Vec<TimelineDiff> = match random.up_to(6) {
                0 if timeline.position(&name).is_none() => {
                    [timeline.push_local(name, "t", Timestamp(step), SendState::Queued)].into()
                }
                1 => timeline.set_state(&name, SendState::Failed(Rejection::Server)).into_iter().collect(),
                2 => timeline.set_state(&name, SendState::Sending).into_iter().collect(),
                3 => timeline.adopt(&name, &echo(&alloc::format!("e{step}"), random.up_to(500))).into_iter().collect(),
                4 => timeline.remove(&name).into_iter().collect(),
                _ => {
                    let row = outbound(&alloc::format!("r{}", random.up_to(300)), random.up_to(500));
                    timeline.insert_row(row).map(|(_, diff)| diff).into_iter().collect()
                }
            };
            for diff in diffs {
                match diff {
                    TimelineDiff::Reset(items) => mirror = items,
                    TimelineDiff::Insert { index, item } => mirror.insert(index, item),
                    TimelineDiff::Set { index, item } => mirror[index] = item,
                    TimelineDiff::Move { from, to, item } => {
                        mirror.remove(from);
                        mirror.insert(to, item);
                    }
                    TimelineDiff::Remove { index } => drop(mirror.remove(index)),
                }
            }
            assert!(timeline.items().eq(mirror.iter()), "seed 11, step {step}");
        }
    }
}
