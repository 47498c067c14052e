//! I20 and I23 on a wire without history: a screen cannot get back what it missed, so that nothing may be missing from it without a word.

use chat_proto::message::{Content, Inbound, Item, Notice, SendState};
use simulator::{Accepted, Direction};

use super::World;
use crate::ledger::{Share, line_of};
use crate::oracle::Written;
use crate::page::Page;

impl World {
    /// What keeps this screen from being right; empty if nothing does. `rows` is what the backend has of the conversation.
    pub(super) fn gaps_of(&self, page: &Page, rows: &[Accepted]) -> String {
        if let Some(words) = self.unlike_its_leader(page).or_else(|| self.own_missing(page, rows)) {
            return words;
        }
        match self.proof {
            Some((line, at)) if self.was_there(page, at) && has_line(rows, line) && !shows(page, line) => {
                format!("tab {} has not heard line {line}", page.tab)
            }
            _ => out_of_order(page, rows, &self.oracle.written),
        }
    }

    /// It has been in the conversation that it is in since then at least.
    fn was_there(&self, page: &Page, at: u64) -> bool {
        let conversation = self.conversation_name(page);
        let joined = conversation.and_then(|conversation| self.ledger.joined(self.share_of(page), &conversation));
        joined.is_some_and(|joined| joined <= at)
    }

    /// All tabs of a session show the same.
    fn unlike_its_leader(&self, page: &Page) -> Option<String> {
        let leader = self.tabs.iter().flatten().find(|other| other.client.is_leader())?;
        let contents = |page: &Page| page.screen.items.iter().map(|item| item.content.clone()).collect::<Vec<_>>();
        let is_unlike = self.setting.has_locks && contents(leader) != contents(page);
        is_unlike.then(|| format!("tab {} shows something else than tab {}, which leads", page.tab, leader.tab))
    }

    /// Every text of the visitor's that was taken stands where it was written.
    fn own_missing(&self, page: &Page, rows: &[Accepted]) -> Option<String> {
        let is_here = |message: &&Written| {
            message.accepted > 0
                && !message.is_discarded
                && (self.setting.has_locks || message.tab == page.tab)
                && rows.iter().any(|row| row.direction == Direction::Inbound && row.text == message.text)
        };
        let is_shown = |text: &str| page.screen.own().any(|own| own.text == text);
        let missing = self.oracle.written.iter().filter(is_here).find(|message| !is_shown(&message.text))?;
        // Storage that failed may have taken the line along with its page; then a notice has to say so, unless it took all there was.
        let is_blind = self.ledger.blind_until(self.share_of(page)).is_some();
        let is_told = self.disk.failures > 0 && (is_blind || has_gap(&page.screen.items));
        (!is_told).then(|| format!("tab {} does not show {:?}, which was taken", page.tab, missing.text))
    }

    /// I23, for every screen: each line that is missing has a notice between its neighbours, or nobody could know of it.
    pub(super) fn judge_gaps(&mut self) {
        let mut breach = None;
        let mut unheard = 0;
        for page in self.tabs.iter().flatten() {
            let Some(rows) = self.transcript(page) else { continue };
            let Some(conversation) = self.conversation_name(page) else { continue };
            match self.missing_without_a_word(page, &conversation, &rows) {
                Ok(count) => unheard += count,
                Err(words) => breach = Some(words),
            }
        }
        self.tally.unheard += unheard;
        if let Some(words) = breach {
            self.break_rule("I23", words);
        }
    }

    /// How many lines of this conversation the screen lacks without a notice where nobody could know. Words if somebody could.
    fn missing_without_a_word(&self, page: &Page, conversation: &str, rows: &[Accepted]) -> Result<u64, String> {
        let (share, mut unheard) = (self.share_of(page), 0);
        let lines: Vec<(u64, u64)> = rows.iter().filter_map(|row| Some((line_of(&row.text)?, row.time))).collect();
        for (place, (line, said)) in lines.iter().enumerate() {
            let shown_at = |line: &u64| agents(page).find(|(_, shown)| shown == line).map(|(at, _)| at);
            if shown_at(line).is_some() {
                continue;
            }
            let before = lines[..place].iter().rev().find_map(|(line, _)| Some((*line, shown_at(line)?)));
            let after = lines[place + 1..].iter().find_map(|(line, _)| Some((*line, shown_at(line)?)));
            let from = before.map_or(0, |(_, at)| at);
            let to = after.map_or(page.screen.items.len(), |(_, at)| at);
            if has_gap(&page.screen.items[from.min(to)..to]) {
                continue;
            }
            let heard = |line: &u64| self.ledger.heard(share, *line);
            // A line that was heard before those that were said before it stands above the notice that came after it.
            let next = after.and(lines[place + 1..].iter().filter_map(|(line, _)| heard(line)).min());
            let span = (before.and_then(|(line, _)| heard(&line)), next);
            self.excuse(share, conversation, *line, said - super::EPOCH, span)
                .map_err(|why| format!("tab {} lacks line {line} without a word: {why}", page.tab))?;
            unheard += 1;
        }
        Ok(unheard)
    }

    /// Whether nobody could know that this line is missing: it was said before anybody was there, or was lost on a connection on which the
    /// lines before and after it were heard.
    fn excuse(
        &self,
        share: Share,
        conversation: &str,
        line: u64,
        said: u64,
        (before, after): (Option<u64>, Option<u64>),
    ) -> Result<(), &'static str> {
        let joined = self.ledger.joined(share, conversation).unwrap_or(u64::MAX);
        if said <= joined || self.ledger.blind_until(share).is_some_and(|at| said <= at) {
            return Ok(());
        }
        let after = after.unwrap_or(u64::MAX);
        if self.ledger.has_returned(share, before.unwrap_or(0).max(joined).max(said), after) {
            return Err("the browser was away in between");
        }
        // Storage that failed may have taken it along with its page.
        if self.ledger.heard(share, line).is_some() && self.disk.failures == 0 {
            return Err("it was heard");
        }
        // Nobody expects a line that was overtaken by the next.
        if self.ledger.cut_off_at(share, line).is_some_and(|at| at < after) {
            return Err("it was on its way when its connection was closed");
        }
        Ok(())
    }
}

fn shows(page: &Page, line: u64) -> bool {
    agents(page).any(|(_, shown)| shown == line)
}

fn has_gap(items: &[Item]) -> bool {
    items.iter().any(|item| item.content == Content::Notice(Notice::Gap))
}

fn has_line(rows: &[Accepted], line: u64) -> bool {
    rows.iter().any(|row| line_of(&row.text) == Some(line))
}

/// The agent's lines on a screen, each with its place.
fn agents(page: &Page) -> impl Iterator<Item = (usize, u64)> {
    page.screen.items.iter().enumerate().filter_map(|(at, item)| match &item.content {
        Content::Outbound(said) => Some((at, line_of(&said.text)?)),
        Content::Inbound(_) | Content::Notice(_) => None,
    })
}

/// What is shown as said stands in the order in which the backend took it, each side for itself: between the two there is no order on a
/// wire that gives no times. What was once of unknown fate stands where that was found out.
fn out_of_order(page: &Page, rows: &[Accepted], written: &[Written]) -> String {
    let lines = agents(page).map(|(_, line)| line).filter(|line| has_line(rows, *line));
    if !lines.is_sorted() {
        return format!("tab {} shows the agent's lines out of order", page.tab);
    }
    let sent = |own: &&Inbound| own.state == SendState::Sent;
    let times = page.screen.own().filter(sent).filter_map(|own| {
        let mut of_it = rows.iter().filter(|row| row.direction == Direction::Inbound && row.text == own.text);
        // Of one that was taken twice, nobody can say which is shown.
        let (first, is_once) = (of_it.next()?, of_it.next().is_none());
        let was_held_up = written.iter().any(|message| message.was_held_up && message.text == own.text);
        (is_once && !was_held_up).then_some(first.time)
    });
    if times.is_sorted() { String::new() } else { format!("tab {} shows the visitor's texts out of order", page.tab) }
}
