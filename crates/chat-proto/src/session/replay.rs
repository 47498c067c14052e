//! What was missed, and what is older: history, asked for with a key that is asked for on the socket. Catching up comes before
//! anything is sent, and is repeated as long as the fate of a message is unknown; it decides by what is there, never by hope.

use alloc::{string::String, vec::Vec};

use super::Session;
use crate::dialect::{ClientOp, HistoryPage, Row, RowContent};
use crate::io::{Event, NetError, Response};
use crate::message::{LocalId, MessageId, Notice};
use crate::outbox::{Evidence, Verdict};
use crate::pending::Asked;
use crate::phase::Phase;
use crate::problem::Problem;
use crate::time::{Instant, Millis, Now, Timestamp};
use crate::timer::Timer;

/// How far the reading of history is.
#[derive(Clone, Debug, Default)]
pub(super) struct Replay {
    task: Option<Task>,
    key: Option<(String, Instant)>,
    /// When history was last read up to its newest row; `None` before the first time in this session.
    caught_up: Option<Instant>,
    /// Up to this time of the backend's, everything that history holds is shown.
    complete_up_to: Timestamp,
    /// Times in a row that catching up failed.
    failures: u32,
    /// The conversation shows that something may be missing.
    is_gap_shown: bool,
    /// There are older messages than those shown.
    pub(super) has_more: bool,
    page_size: Option<u32>,
}

/// One run through the pages.
#[derive(Clone, Debug)]
struct Task {
    purpose: Purpose,
    /// What is not in it may have been accepted since.
    asked: Instant,
    page: u32,
    /// Pages fetched by this run.
    pages: u32,
    /// Collected by this run, newest first.
    rows: Vec<Row>,
    /// The key was refused once and asked for anew.
    has_new_key: bool,
    /// History was not read before in this session.
    is_first: bool,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Purpose {
    /// From the newest row back to what is known.
    CatchUp,
    /// The page before the oldest row.
    Earlier,
}

impl Replay {
    /// A session that is new has no history: there is nothing to read that is not heard.
    pub(super) fn begin_new(&mut self, now: Now) {
        self.forget();
        self.caught_up = Some(now.mono);
    }

    /// Nothing is known of what was said.
    pub(super) fn forget(&mut self) {
        self.caught_up = None;
        self.complete_up_to = Timestamp::default();
        self.has_more = false;
    }

    /// Another tab has read so far.
    pub(super) fn inherit(&mut self, now: Now, complete_up_to: Timestamp, has_more: bool) {
        self.caught_up = Some(now.mono);
        self.complete_up_to = complete_up_to;
        self.has_more = has_more;
    }

    pub(super) fn is_older_than(&self, now: Now, span: Millis) -> bool {
        self.caught_up.is_none_or(|at| now.mono.since(at) > span)
    }

    fn is_loading_earlier(&self) -> bool {
        self.task.as_ref().is_some_and(|task| task.purpose == Purpose::Earlier)
    }
}

impl Session {
    /// Reads history from its newest row back to what is known.
    pub(super) fn catch_up(&mut self, now: Now) {
        if !self.habits().has_history {
            self.ask_about_all();
            self.flush(now);
        } else if self.replay.task.as_ref().is_none_or(|task| task.purpose == Purpose::Earlier) {
            self.run(now, Purpose::CatchUp, 1);
        }
    }

    /// The same with a new key, which is asked for on the socket. False if history is being read already.
    pub(super) fn audit(&mut self, now: Now) -> bool {
        let is_free = self.replay.task.is_none();
        if is_free {
            self.replay.key = None;
            self.run(now, Purpose::CatchUp, 1);
        }
        is_free
    }

    pub(super) fn load_earlier(&mut self, now: Now) {
        if self.replay.has_more && self.replay.task.is_none() && self.phase.accepted().is_some() {
            // Pages shift when something is said, so the page is counted from what is known. An overlap is merged away.
            let size = self.replay.page_size.unwrap_or(1);
            let page = u32::try_from(self.timeline.rows()).unwrap_or(0) / size + 1;
            self.run(now, Purpose::Earlier, page);
            self.show_history();
        }
    }

    fn run(&mut self, now: Now, purpose: Purpose, page: u32) {
        if purpose == Purpose::CatchUp {
            self.timers.stop(Timer::Lookup);
        }
        self.abandon_task();
        let is_first = self.replay.caught_up.is_none();
        self.replay.task =
            Some(Task { purpose, asked: now.mono, page, pages: 0, rows: Vec::new(), has_new_key: false, is_first });
        self.ask_for_page(now);
    }

    pub(super) fn forget_history_key(&mut self) {
        self.replay.key = None;
    }

    /// Nothing more is read, and what is under way answers nobody.
    pub(super) fn abandon_history(&mut self) {
        self.abandon_task();
        self.replay.key = None;
    }

    fn abandon_task(&mut self) {
        self.replay.task = None;
        self.timers.stop(Timer::HistoryAnswer);
        self.pending.forget(|asked| matches!(asked, Asked::History { .. }));
    }

    fn ask_for_page(&mut self, now: Now) {
        let (Some(socket), Some(task)) = (self.phase.accepted(), &self.replay.task) else { return };
        let page = task.page;
        if let Some((key, _)) = self.replay.key.clone().filter(|(_, until)| now.mono < *until) {
            self.ask(Asked::History { page }, &ClientOp::History { key: &key, page });
        } else {
            self.say(socket, &ClientOp::HistoryKey);
            self.timers.set(Timer::HistoryAnswer, now.mono + self.config.timings.answer);
        }
    }

    pub(super) fn on_history_key(&mut self, now: Now, key: String) {
        self.replay.key = Some((key, now.mono + self.config.timings.history_key));
        // It may also have been asked for as a probe.
        if self.timers.get(Timer::HistoryAnswer).is_some() {
            self.timers.stop(Timer::HistoryAnswer);
            self.ask_for_page(now);
        }
    }

    pub(super) fn on_history(&mut self, now: Now, result: Result<Response, NetError>) {
        let Some(task) = &mut self.replay.task else { return };
        let Ok(response) = result else { return self.history_failed(now, 0, None) };
        if matches!(response.status, 401 | 403) && !task.has_new_key {
            task.has_new_key = true;
            self.replay.key = None;
            return self.ask_for_page(now);
        }
        let page = self.config.dialect().decode_history(&response).filter(|_| response.status < 300);
        match (page, task.purpose) {
            (Some(page), Purpose::CatchUp) => self.on_catch_up_page(now, page),
            (Some(page), Purpose::Earlier) => self.on_earlier_page(now, page),
            (None, _) => self.history_failed(now, response.status, response.retry_after),
        }
    }

    fn on_catch_up_page(&mut self, now: Now, page: HistoryPage) {
        let Some(mut task) = self.replay.task.take() else { return };
        self.replay.page_size = Some(page.page_size);
        task.rows.extend(page.rows);
        task.pages += 1;
        let complete_after = if page.has_more { oldest_time(task.rows.iter().rev()) } else { Timestamp::default() };
        let reaches_fates = self.outbox.oldest_unknown().is_none_or(|after| complete_after <= after);
        let reaches_known = complete_after <= self.replay.complete_up_to;
        let is_enough = (task.is_first || reaches_known) && reaches_fates;
        if page.has_more && !is_enough && task.pages < self.config.timings.replay_pages {
            task.page += 1;
            self.replay.task = Some(task);
            return self.ask_for_page(now);
        }
        if task.is_first {
            self.replay.has_more = page.has_more;
        } else if page.has_more && !reaches_known {
            // Too much was missed to fetch at once: what was shown makes room, and can be fetched again by scrolling back.
            let diff = self.timeline.forget_rows();
            self.tell(Event::Timeline(diff));
            self.replay.has_more = true;
        }
        task.rows.reverse();
        self.caught_up(now, task, complete_after);
    }

    /// History is read: fates are judged first, then the rest is shown, then the conversation goes on.
    fn caught_up(&mut self, now: Now, task: Task, complete_after: Timestamp) {
        self.replay.failures = 0;
        self.replay.caught_up = Some(now.mono);
        self.withdraw_gap();
        let is_whole = self.judge_fates(task.asked, &task.rows, complete_after);
        for row in task.rows {
            let was_missed = !task.is_first && matches!(row.content, RowContent::Outbound { .. });
            if let Some(item) = self.take_in(row).filter(|_| was_missed) {
                self.tell(Event::Said(item));
            }
        }
        // What lags behind the newest row may be older than it. And a history that lacks what is known lacks more.
        if is_whole {
            let newest = self.timeline.newest().0;
            self.replay.complete_up_to = Timestamp(newest.saturating_sub(self.config.timings.settle));
        }
        self.show_history();
        self.go_on(now);
    }

    /// With as much history as there is, messages may flow.
    fn go_on(&mut self, now: Now) {
        match self.phase {
            Phase::Replaying(id) => self.go_online(now, id),
            Phase::ReadOnly(_) => self.fail_waiting(),
            _ => self.flush(now),
        }
    }

    /// False if history lacks a row that is known.
    fn judge_fates(&mut self, asked: Instant, rows: &[Row], complete_after: Timestamp) -> bool {
        let has_ids = rows.iter().any(|row| matches!(row.content, RowContent::Inbound { local_id: Some(_), .. }));
        let new: Vec<Row> = rows.iter().filter(|row| !self.timeline.knows(&row.id)).cloned().collect();
        let oldest = oldest_time(rows.iter());
        // A conversation that begins by itself has a beginning, and every row that was heard of this one is in its history. (A sign of
        // typing is no row.) Where that does not hold, the visitor is asked, and nothing is sent twice.
        let begins = self.deployment.as_ref().is_some_and(|deployment| deployment.auto_start);
        let is_complete = complete_after == Timestamp::default();
        let lacks_known = is_complete && rows.len() - new.len() < self.timeline.rows();
        let lacks_beginning = is_complete && begins && !rows.iter().any(|row| row.content == RowContent::Joined);
        let is_elsewhere = lacks_known || lacks_beginning;
        let alone = self.is_alone.then_some(rows);
        let evidence = Evidence { rows: &new, has_ids, oldest, is_elsewhere, alone, complete_after };
        for (id, verdict) in self.outbox.judge(&evidence, asked) {
            match verdict {
                Verdict::Arrived(row_id) => self.found(&id, &row_id, &new),
                Verdict::Absent => self.on_absent(&id),
                Verdict::TooSoon(settled) => self.timers.set(Timer::Lookup, settled),
                Verdict::Ambiguous => {
                    self.outbox.ask(&id);
                    self.is_unsaved = true;
                    self.show_state(&id);
                }
            }
        }
        !lacks_known
    }

    fn found(&mut self, id: &LocalId, row_id: &MessageId, rows: &[Row]) {
        if let Some(row) = rows.iter().find(|row| row.id == *row_id)
            && let Some(item) = self.confirm(id, row)
        {
            self.tell(Event::Said(item));
        }
    }

    /// The backend certainly does not have it: it may be sent again, unless it was too long or the backend keeps failing at it.
    fn on_absent(&mut self, id: &LocalId) {
        if let Some(why) = self.outbox.hopeless(id, self.config.timings.attempts) {
            return self.reject(id, why);
        }
        self.outbox.requeue(id);
        self.is_unsaved = true;
        self.show_state(id);
    }

    fn on_earlier_page(&mut self, now: Now, page: HistoryPage) {
        let Some(mut task) = self.replay.task.take() else { return };
        self.replay.has_more = page.has_more;
        task.pages += 1;
        let is_all_known = page.rows.iter().all(|row| self.timeline.knows(&row.id));
        if is_all_known && page.has_more && task.pages < self.config.timings.replay_pages {
            task.page += 1;
            self.replay.task = Some(task);
            return self.ask_for_page(now);
        }
        for row in page.rows.into_iter().rev() {
            self.take_in(row);
        }
        self.show_history();
    }

    /// History could not be read. Catching up is tried again; in the end the conversation goes on without it, and says so.
    pub(super) fn history_failed(&mut self, now: Now, status: u16, at_least: Option<Millis>) {
        self.timers.stop(Timer::HistoryAnswer);
        let Some(task) = self.replay.task.take() else { return };
        self.report(Problem::History { status });
        self.show_history();
        if task.purpose == Purpose::Earlier {
            return;
        }
        let timings = &self.config.timings;
        let pause = (timings.history_retry << self.replay.failures.min(10)).min(timings.history_retry_cap);
        let asked_for = at_least.unwrap_or(0).min(timings.retry_after_cap);
        self.timers.set(Timer::Lookup, now.mono + pause.max(asked_for));
        self.replay.failures += 1;
        // Nobody waits for that longer than for an answer: the conversation goes on, and what was missed is filled in later.
        if self.replay.failures >= timings.history_failures || asked_for > timings.request {
            self.show_gap(now);
            self.ask_about_all();
            self.go_on(now);
        }
    }

    /// What is of unknown fate stays so: the visitor has to choose.
    fn ask_about_all(&mut self) {
        for id in self.outbox.ask_all() {
            self.is_unsaved = true;
            self.show_state(&id);
        }
    }

    /// Nothing of what was missed comes back on this wire, and the conversation says so where it happened: once, until something is said.
    pub(super) fn go_on_without_history(&mut self, now: Now, is_return: bool) {
        self.replay.begin_new(now);
        self.ask_about_all();
        self.note_absence(now, is_return);
        self.show_history();
    }

    /// Once for each connection that is to come back.
    pub(super) fn note_absence(&mut self, now: Now, is_return: bool) {
        if is_return
            && !core::mem::replace(&mut self.replay.is_gap_shown, true)
            && !self.timeline.ends_with(&Notice::Gap)
        {
            let diff = self.timeline.note(Notice::Gap, now.wall);
            self.tell(Event::Timeline(diff));
        }
    }

    /// A new connection, on which nothing was heard yet.
    pub(super) fn forget_absence(&mut self) {
        if cfg!(feature = "wires") && !self.habits().has_history {
            self.replay.is_gap_shown = false;
        }
    }

    fn show_gap(&mut self, now: Now) {
        if !core::mem::replace(&mut self.replay.is_gap_shown, true) {
            let diff = self.timeline.note(Notice::Gap, now.wall);
            self.tell(Event::Timeline(diff));
        }
    }

    fn withdraw_gap(&mut self) {
        if core::mem::take(&mut self.replay.is_gap_shown) {
            for diff in self.timeline.withdraw(&Notice::Gap) {
                self.tell(Event::Timeline(diff));
            }
        }
    }

    /// Tells whether there is more to fetch, and whether it is being fetched.
    pub(super) fn show_history(&mut self) {
        let (has_more, is_loading) = (self.replay.has_more, self.replay.is_loading_earlier());
        self.tell(Event::History { has_more, is_loading, complete_up_to: self.replay.complete_up_to });
    }
}

fn oldest_time<'a>(mut oldest_first: impl Iterator<Item = &'a Row>) -> Timestamp {
    oldest_first.find_map(|row| row.time).unwrap_or(Timestamp(u64::MAX))
}
