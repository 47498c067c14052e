//! What the visitor wrote and the backend has not certainly got: in the order of writing, one in flight at a time, so that what was
//! written first arrives first. A message leaves in one of two ways only: it is confirmed, or the visitor discards it; the end of a
//! conversation is neither. Its id is the same for every attempt.
//!
//! A message whose connection ended before its echo came is of *unknown* fate. It is never sent again until history has
//! been asked; where history cannot tell, the visitor is.

use alloc::{string::String, vec::Vec};

use crate::dialect::{Row, RowContent};
use crate::message::{LocalId, MessageId, Rejection, SendState};
use crate::snapshot::{Fate, Kept};
use crate::time::{Instant, Timestamp};
use crate::timings::Timings;

/// All messages that are not certainly delivered.
#[derive(Clone, Debug, Default)]
pub(crate) struct Outbox {
    entries: Vec<Entry>,
}

#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) id: LocalId,
    pub(crate) text: String,
    written: Timestamp,
    /// How often it was handed to a socket by this page: a refusal names the attempt that it is about.
    pub(crate) attempts: u32,
    /// How often the backend answered it with a failure of its own, since it was last written or tried again.
    errors: u32,
    /// The connection that it was last sent on was closed as if it were too long.
    is_suspect: bool,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum State {
    Queued,
    /// `after`: the newest time of the backend's that was known when it was handed over. If it arrived, its row is newer.
    Sending {
        after: Timestamp,
    },
    /// `settled`: from when on its absence from history means something.
    Unknown {
        after: Timestamp,
        settled: Instant,
        ask: bool,
    },
    Failed(Rejection),
}

const NEVER: Instant = Instant(u64::MAX);

/// What history says about a message of unknown fate.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Verdict {
    /// It is there, as the row of this id.
    Arrived(MessageId),
    /// It is certainly not there.
    Absent,
    /// It is not there yet; history may lag behind.
    TooSoon(Instant),
    /// Several rows, or too few of them, could be it; or history does not reach back far enough.
    Ambiguous,
}

/// What was fetched of history, for judging fates.
pub(crate) struct Evidence<'a> {
    /// Rows that the timeline does not hold yet, oldest first.
    pub(crate) rows: &'a [Row],
    /// History carries our ids, so that a row without one is not ours.
    pub(crate) has_ids: bool,
    /// The time of the oldest row, known or not.
    pub(crate) oldest: Timestamp,
    /// It lacks what it must hold, so that it is of another conversation.
    pub(crate) is_elsewhere: bool,
    /// All rows that were fetched, where other tabs have sessions of their own: such a one may have begun the conversation anew, or its
    /// conversation be the one that an earlier page's message is looked for in.
    pub(crate) alone: Option<&'a [Row]>,
    /// Everything after this time was fetched.
    pub(crate) complete_after: Timestamp,
}

impl Evidence<'_> {
    /// What was last heard before the message was sent is not there, so that this may be the conversation of another tab's session.
    fn lacks(&self, after: Timestamp) -> bool {
        after > Timestamp::default() && self.alone.is_some_and(|rows| rows.iter().all(|row| row.time != Some(after)))
    }
}

impl Outbox {
    /// The messages that an earlier page kept.
    pub(crate) fn restore(kept: Vec<Kept>) -> Self {
        let mut outbox = Self::default();
        for kept in kept {
            outbox.push(kept);
        }
        outbox
    }

    /// From then on the absence from history of what an earlier page or another tab sent means something.
    pub(crate) fn settle_at(&mut self, at: Instant) {
        for entry in &mut self.entries {
            if let State::Unknown { settled, .. } = &mut entry.state
                && *settled == NEVER
            {
                *settled = at;
            }
        }
    }

    /// As they are to be kept for a reload.
    pub(crate) fn kept(&self) -> Vec<Kept> {
        let keep = |entry: &Entry| Kept {
            id: entry.id.clone(),
            text: entry.text.clone(),
            written: entry.written,
            fate: match entry.state {
                State::Queued => Fate::Unsent,
                State::Sending { after } | State::Unknown { after, ask: false, .. } => Fate::Unknown(after),
                State::Unknown { after, ask: true, .. } => Fate::Asked(after),
                State::Failed(why) => Fate::Rejected(why),
            },
        };
        self.entries.iter().map(keep).collect()
    }

    /// One more, the last in order. Until `settle_at` says when, the absence of one of unknown fate means nothing.
    pub(crate) fn push(&mut self, kept: Kept) {
        let state = match kept.fate {
            Fate::Unsent => State::Queued,
            Fate::Unknown(after) => State::Unknown { after, settled: NEVER, ask: false },
            Fate::Asked(after) => State::Unknown { after, settled: NEVER, ask: true },
            Fate::Rejected(why) => State::Failed(why),
        };
        let Kept { id, text, written, .. } = kept;
        self.entries.push(Entry { id, text, written, attempts: 0, errors: 0, is_suspect: false, state });
    }

    /// A message of that many bytes can be kept in addition.
    pub(crate) fn has_room(&self, bytes: usize, timings: &Timings) -> bool {
        let kept: usize = self.entries.iter().map(|entry| entry.text.len()).sum();
        self.entries.len() < timings.outbox_messages && kept.saturating_add(bytes) <= timings.outbox_bytes
    }

    /// The message that may be handed over now: the first that is not parked, if it waits for nothing else.
    pub(crate) fn next(&self) -> Option<&Entry> {
        let head = self.entries.iter().find(|entry| !entry.is_parked())?;
        (head.state == State::Queued).then_some(head)
    }

    pub(crate) fn mark_sending(&mut self, id: &LocalId, after: Timestamp) {
        if let Some(entry) = self.find(id) {
            entry.attempts += 1;
            entry.state = State::Sending { after };
        }
    }

    /// The message in flight.
    pub(crate) fn in_flight(&self) -> Option<&Entry> {
        self.entries.iter().find(|entry| matches!(entry.state, State::Sending { .. }))
    }

    /// The backend has it. `None` if it is none of ours (another tab's, or confirmed before).
    pub(crate) fn confirm(&mut self, id: &LocalId) -> Option<Entry> {
        let at = self.entries.iter().position(|entry| entry.id == *id)?;
        Some(self.entries.remove(at))
    }

    /// The backend certainly did not take it; it waits for the next turn.
    pub(crate) fn requeue(&mut self, id: &LocalId) {
        self.set(id, State::Queued);
    }

    pub(crate) fn reject(&mut self, id: &LocalId, why: Rejection) {
        self.set(id, State::Failed(why));
    }

    /// History cannot tell; the visitor has to choose.
    pub(crate) fn ask(&mut self, id: &LocalId) {
        if let Some(entry) = self.find(id)
            && let State::Unknown { ask, .. } = &mut entry.state
        {
            *ask = true;
        }
    }

    /// The message in flight is of unknown fate from now on. Gives its id. On a slow wire, others may still be on their way as well.
    pub(crate) fn unsettle(&mut self, settled: Instant) -> Option<LocalId> {
        let mut flying = None;
        for entry in &mut self.entries {
            match &mut entry.state {
                State::Sending { after } => {
                    entry.state = State::Unknown { after: *after, settled, ask: false };
                    flying = Some(entry.id.clone());
                }
                State::Unknown { settled: at, .. } => *at = settled.max(*at),
                _ => {}
            }
        }
        flying
    }

    /// The backend failed at the message in flight.
    pub(crate) fn count_error(&mut self) {
        if let Some(entry) = self.flying() {
            entry.errors += 1;
        }
    }

    /// The connection is closed because of something too long, which only the message in flight can be.
    pub(crate) fn suspect(&mut self) {
        if let Some(entry) = self.flying() {
            entry.is_suspect = true;
        }
    }

    /// Why it is of no use to send it again after so many failures; `None` if it may go better.
    pub(crate) fn hopeless(&self, id: &LocalId, attempts: u32) -> Option<Rejection> {
        let entry = self.entries.iter().find(|entry| entry.id == *id)?;
        if entry.is_suspect {
            Some(Rejection::TooLong)
        } else {
            (entry.errors >= attempts).then_some(Rejection::Server)
        }
    }

    fn flying(&mut self) -> Option<&mut Entry> {
        self.entries.iter_mut().find(|entry| matches!(entry.state, State::Sending { .. }))
    }

    /// The visitor wants it sent again, whatever its fate was. It goes to the end: that is where the visitor sees it go.
    pub(crate) fn retry(&mut self, id: &LocalId) -> bool {
        let Some(at) = self.entries.iter().position(|entry| entry.id == *id && entry.is_parked()) else { return false };
        let mut entry = self.entries.remove(at);
        entry.state = State::Queued;
        entry.errors = 0;
        entry.is_suspect = false;
        self.entries.push(entry);
        true
    }

    /// The visitor wants it gone. Only what is parked can be discarded.
    pub(crate) fn discard(&mut self, id: &LocalId) -> bool {
        let before = self.entries.len();
        self.entries.retain(|entry| entry.id != *id || !entry.is_parked());
        self.entries.len() < before
    }

    /// The conversation is over: what waits will not be sent in it. Gives the ids of what changed.
    pub(crate) fn fail_waiting(&mut self, why: Rejection) -> Vec<LocalId> {
        let waiting = self.entries.iter_mut().filter(|entry| matches!(entry.state, State::Queued));
        waiting
            .map(|entry| {
                entry.state = State::Failed(why);
                entry.id.clone()
            })
            .collect()
    }

    /// The session is another one from now on: what was of unknown fate can no longer be looked up. Gives the ids of what changed.
    pub(crate) fn ask_all(&mut self) -> Vec<LocalId> {
        let mut changed = Vec::new();
        for entry in &mut self.entries {
            if let State::Unknown { ask, .. } = &mut entry.state
                && !*ask
            {
                *ask = true;
                changed.push(entry.id.clone());
            }
        }
        changed
    }

    /// The time after which history must have been read in whole to judge every fate that is not known.
    pub(crate) fn oldest_unknown(&self) -> Option<Timestamp> {
        self.entries.iter().filter_map(Entry::left_after).min()
    }

    /// Judges every message of unknown fate by what history showed when it was `asked`. Whoever asks acts on the verdicts.
    pub(crate) fn judge(&self, evidence: &Evidence<'_>, asked: Instant) -> Vec<(LocalId, Verdict)> {
        self.entries
            .iter()
            .filter_map(|entry| Some((entry.id.clone(), self.verdict(entry, evidence, asked)?)))
            .collect()
    }

    /// `None` if there is nothing to judge.
    fn verdict(&self, entry: &Entry, evidence: &Evidence<'_>, asked: Instant) -> Option<Verdict> {
        let after = entry.left_after()?;
        if let Some(row) = evidence.rows.iter().find(|row| carries(row, &entry.id)) {
            return Some(Verdict::Arrived(row.id.clone()));
        }
        let verdict = if evidence.has_ids { None } else { self.verdict_by_text(entry, evidence) };
        // One in flight may be found before its echo comes; otherwise that is still awaited.
        let State::Unknown { settled, ask, .. } = entry.state else {
            return verdict.filter(|verdict| matches!(verdict, Verdict::Arrived(_)));
        };
        Some(match verdict {
            Some(verdict) => verdict,
            None if ask => return None,
            None if evidence.complete_after > after => Verdict::Ambiguous,
            None if asked < settled => Verdict::TooSoon(settled),
            // There was something before it, and now there is nothing so old: the conversation was cleared, and it perhaps with it. Where
            // nothing was heard before it, only who has the browser's one session can tell.
            None if evidence.is_elsewhere
                || evidence.lacks(after)
                || evidence.oldest > after && (evidence.alone.is_some() || after > Timestamp::default()) =>
            {
                Verdict::Ambiguous
            }
            None => Verdict::Absent,
        })
    }

    /// Where history carries no ids: as many rows as messages of that text, newer than the attempt, are those messages, in order. No row
    /// at all is no verdict; any other number is ambiguous.
    fn verdict_by_text(&self, entry: &Entry, evidence: &Evidence<'_>) -> Option<Verdict> {
        let alike = || self.entries.iter().filter(|other| other.text == entry.text && other.left_after().is_some());
        let oldest = alike().filter_map(Entry::left_after).min()?;
        let mut candidates = evidence.rows.iter().filter(|row| {
            row.time.is_some_and(|time| time > oldest)
                && matches!(&row.content, RowContent::Inbound { text, .. } if *text == entry.text)
        });
        let found = candidates.clone().count();
        if found == 0 {
            return None;
        }
        if found != alike().count() {
            return Some(Verdict::Ambiguous);
        }
        let turn = alike().position(|other| other.id == entry.id)?;
        candidates.nth(turn).map(|row| Verdict::Arrived(row.id.clone()))
    }

    /// Every message with the state that is shown for it.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&Entry, SendState)> {
        self.entries.iter().map(|entry| (entry, entry.send_state()))
    }

    pub(crate) fn send_state(&self, id: &LocalId) -> Option<SendState> {
        self.entries.iter().find(|entry| entry.id == *id).map(Entry::send_state)
    }

    fn find(&mut self, id: &LocalId) -> Option<&mut Entry> {
        self.entries.iter_mut().find(|entry| entry.id == *id)
    }

    fn set(&mut self, id: &LocalId, state: State) {
        if let Some(entry) = self.find(id) {
            entry.state = state;
        }
    }
}

impl Entry {
    pub(crate) fn written(&self) -> Timestamp {
        self.written
    }

    /// It waits for the visitor and not for the backend, so that it holds nothing up.
    fn is_parked(&self) -> bool {
        matches!(self.state, State::Failed(_) | State::Unknown { ask: true, .. })
    }

    /// For one that was handed over: the backend's newest time that was known then.
    fn left_after(&self) -> Option<Timestamp> {
        match self.state {
            State::Sending { after } | State::Unknown { after, .. } => Some(after),
            State::Queued | State::Failed(_) => None,
        }
    }

    fn send_state(&self) -> SendState {
        match self.state {
            State::Queued => SendState::Queued,
            State::Sending { .. } => SendState::Sending,
            State::Unknown { ask, .. } => SendState::Unconfirmed { ask },
            State::Failed(why) => SendState::Failed(why),
        }
    }
}

fn carries(row: &Row, id: &LocalId) -> bool {
    matches!(&row.content, RowContent::Inbound { local_id: Some(carried), .. } if carried == id)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LATER: Instant = Instant(10_000);

    fn id(name: &str) -> LocalId {
        LocalId(name.into())
    }

    fn unsent(name: &str, text: &str) -> Kept {
        Kept { id: id(name), text: text.into(), written: Timestamp(1), fate: Fate::Unsent }
    }

    /// An outbox in which each of these messages (id, text) is of unknown fate since the backend's time 100.
    fn unknown(messages: &[(&str, &str)]) -> Outbox {
        let kept = messages.iter().map(|(name, text)| Kept {
            id: id(name),
            text: (*text).into(),
            written: Timestamp(5),
            fate: Fate::Unknown(Timestamp(100)),
        });
        let mut outbox = Outbox::restore(kept.collect());
        outbox.settle_at(Instant(3_000));
        outbox
    }

    fn row(row_id: &str, time: u64, text: &str, local_id: Option<&str>) -> Row {
        Row {
            id: MessageId(row_id.into()),
            time: Some(Timestamp(time)),
            content: RowContent::Inbound { local_id: local_id.map(id), text: text.into() },
        }
    }

    fn evidence(rows: &[Row], has_ids: bool) -> Evidence<'_> {
        let (oldest, complete_after) = (Timestamp(0), Timestamp(0));
        Evidence { rows, has_ids, oldest, is_elsewhere: false, alone: None, complete_after }
    }

    fn judge(outbox: &Outbox, rows: &[Row], has_ids: bool, now: Instant) -> Vec<Verdict> {
        let verdicts = outbox.judge(&evidence(rows, has_ids), now);
        verdicts.into_iter().map(|(_, verdict)| verdict).collect()
    }

    fn arrived(row_id: &str) -> Verdict {
        Verdict::Arrived(MessageId(row_id.into()))
    }

    #[test]
    fn one_message_is_in_flight_at_a_time_and_the_first_written_goes_first() {
        let mut outbox = Outbox::default();
        outbox.push(unsent("a", "one"));
        outbox.push(unsent("b", "two"));
        assert_eq!(outbox.next().unwrap().id, id("a"));
        outbox.mark_sending(&id("a"), Timestamp(0));
        assert!(outbox.next().is_none());
        outbox.confirm(&id("a"));
        assert_eq!(outbox.next().unwrap().id, id("b"));
    }

    #[test]
    fn a_message_of_unknown_fate_holds_up_what_was_written_after_it_until_the_visitor_is_asked() {
        let mut outbox = unknown(&[("a", "one")]);
        outbox.push(unsent("b", "two"));
        assert!(outbox.next().is_none());
        outbox.ask(&id("a"));
        assert_eq!(outbox.next().unwrap().id, id("b"));
    }

    #[test]
    fn a_row_with_our_id_is_ours_even_if_its_text_was_changed() {
        assert_eq!(judge(&unknown(&[("a", "one")]), &[row("r", 50, "***", Some("a"))], true, LATER), [arrived("r")]);
    }

    #[test]
    fn absence_means_nothing_before_history_has_settled() {
        let outbox = unknown(&[("a", "one")]);
        assert_eq!(judge(&outbox, &[], true, Instant(2_999)), [Verdict::TooSoon(Instant(3_000))]);
        assert_eq!(judge(&outbox, &[], true, Instant(3_000)), [Verdict::Absent]);
    }

    #[test]
    fn without_ids_text_and_time_decide_in_order() {
        let outbox = unknown(&[("a", "ok"), ("b", "ok"), ("c", "bye")]);
        let rows = [row("old", 100, "ok", None), row("r1", 101, "ok", None), row("r2", 102, "ok", None)];
        assert_eq!(judge(&outbox, &rows, false, LATER), [arrived("r1"), arrived("r2"), Verdict::Absent]);
    }

    #[test]
    fn without_ids_too_few_or_too_many_rows_are_ambiguous() {
        let outbox = unknown(&[("a", "ok"), ("b", "ok")]);
        assert_eq!(
            judge(&outbox, &[row("r", 101, "ok", None)], false, LATER),
            [Verdict::Ambiguous, Verdict::Ambiguous]
        );
        let outbox = unknown(&[("a", "ok")]);
        let rows = [row("r1", 101, "ok", None), row("r2", 102, "ok", None)];
        assert_eq!(judge(&outbox, &rows, false, LATER), [Verdict::Ambiguous]);
    }

    #[test]
    fn a_message_in_flight_is_recognised_in_history_by_its_text_before_its_echo_comes() {
        let mut outbox = Outbox::default();
        outbox.push(unsent("a", "ok"));
        outbox.mark_sending(&id("a"), Timestamp(100));
        assert_eq!(judge(&outbox, &[], false, LATER), []);
        assert_eq!(judge(&outbox, &[row("r", 101, "ok", None)], false, LATER), [arrived("r")]);
    }

    #[test]
    fn where_history_carries_ids_an_equal_text_from_elsewhere_is_not_ours() {
        let rows = [row("r", 101, "ok", Some("another-device"))];
        assert_eq!(judge(&unknown(&[("a", "ok")]), &rows, true, LATER), [Verdict::Absent]);
    }

    #[test]
    fn history_that_does_not_reach_back_far_enough_proves_no_absence() {
        for (complete_after, verdict) in [(100, Verdict::Absent), (101, Verdict::Ambiguous)] {
            let evidence = Evidence { complete_after: Timestamp(complete_after), ..evidence(&[], true) };
            assert_eq!(unknown(&[("a", "one")]).judge(&evidence, LATER), [(id("a"), verdict)], "{complete_after}");
        }
    }

    #[test]
    fn history_of_another_conversation_proves_no_absence() {
        let verdict = |evidence| unknown(&[("a", "one")]).judge(&evidence, LATER).remove(0).1;
        assert_eq!(verdict(Evidence { is_elsewhere: true, ..evidence(&[], true) }), Verdict::Ambiguous);
        // What was there when it was sent is there no more.
        for (oldest, expected) in [(100, Verdict::Absent), (101, Verdict::Ambiguous)] {
            assert_eq!(verdict(Evidence { oldest: Timestamp(oldest), ..evidence(&[], true) }), expected, "{oldest}");
        }
    }

    #[test]
    fn what_was_settled_once_is_not_put_off() {
        let mut outbox = unknown(&[("a", "one")]);
        outbox.settle_at(Instant(9_000));
        assert_eq!(judge(&outbox, &[], true, Instant(3_000)), [Verdict::Absent]);
    }

    #[test]
    fn a_first_message_is_not_sent_again_where_another_session_may_have_begun_the_conversation_anew() {
        let mut outbox = Outbox::default();
        outbox.push(unsent("a", "one"));
        outbox.mark_sending(&id("a"), Timestamp(0));
        outbox.unsettle(Instant(3_000));
        let rows = [row("r", 101, "hello", None)];
        let only = Evidence { oldest: Timestamp(101), ..evidence(&rows, true) };
        assert_eq!(outbox.judge(&only, LATER), [(id("a"), Verdict::Absent)]);
        let one_of_many = Evidence { alone: Some(&rows), ..only };
        assert_eq!(outbox.judge(&one_of_many, LATER), [(id("a"), Verdict::Ambiguous)]);
    }

    #[test]
    fn what_was_said_in_one_session_is_not_sent_again_in_another_tab_s() {
        // The last that was heard before it is of the time 100.
        for (heard, expected) in [(100, Verdict::Absent), (99, Verdict::Ambiguous)] {
            let rows = [row("r", heard, "hello", None), row("s", 300, "you", None)];
            let alone = Evidence { alone: Some(&rows), ..evidence(&rows, true) };
            assert_eq!(unknown(&[("a", "one")]).judge(&alone, LATER), [(id("a"), expected)], "{heard}");
        }
    }

    #[test]
    fn what_was_asked_about_is_still_confirmed_when_it_turns_up() {
        let mut outbox = unknown(&[("a", "one")]);
        outbox.ask(&id("a"));
        assert_eq!(judge(&outbox, &[], true, LATER), []);
        assert_eq!(judge(&outbox, &[row("r", 101, "one", Some("a"))], true, LATER), [arrived("r")]);
    }

    #[test]
    fn only_what_is_parked_can_be_tried_again_or_discarded() {
        let mut outbox = unknown(&[("a", "one")]);
        assert!(!outbox.retry(&id("a")) && !outbox.discard(&id("a")));
        outbox.reject(&id("a"), Rejection::Server);
        outbox.push(unsent("b", "two"));
        assert!(outbox.retry(&id("a")));
        assert_eq!(outbox.iter().map(|(entry, _)| entry.id.0.as_str()).collect::<Vec<_>>(), ["b", "a"]);
        assert!(!outbox.discard(&id("a")));
    }

    #[test]
    fn a_message_in_flight_is_kept_as_one_of_unknown_fate() {
        let mut outbox = Outbox::default();
        outbox.push(unsent("a", "one"));
        outbox.mark_sending(&id("a"), Timestamp(77));
        assert_eq!(outbox.kept()[0].fate, Fate::Unknown(Timestamp(77)));
    }
}
