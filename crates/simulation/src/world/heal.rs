//! The end of a run: everything heals, the visitor looks and does what is offered, and then the screens must come to show what the
//! backend has. Nothing may be missing for good.

use chat_proto::io::{Command, Connectivity, Input};
use chat_proto::message::SendState;
use chat_proto::phase::ConnectionStatus;
use simulator::{Accepted, Direction, Kind as RowKind};

use super::World;
use crate::client::Kind;
use crate::endpoint::LINE;
use crate::schedule::Visitor;

/// How soon after healing every screen must be right, in milliseconds, where nothing that was told legitimately takes longer.
const CONVERGENCE: u64 = 30_000;
/// For how long it must then stay right: longer than any frame can be under way.
const CALM: u64 = 35_000;

impl World {
    pub(crate) fn heal(&mut self) {
        self.note(|| "── everything heals".into());
        self.count_strikes();
        self.backend.clear_faults();
        self.endpoint.next.clear();
        self.slow = (0, 0);
        self.disk_well_at = 0;
        self.lock.late_loss = 0;
        self.posts_lost_until = 0;
        self.heal_disk();
        // Without locks a tab's messages are its own, and wait for it.
        let reopened =
            if self.setting.has_locks { usize::from(self.tabs.iter().all(Option::is_none)) } else { self.tabs.len() };
        for tab in 0..reopened {
            self.page_in(tab);
        }
        // Who is frozen thaws first: what was on its way reaches them then, in order.
        let thaw = self.tabs.iter().flatten().map(|page| page.frozen_until).max().unwrap_or(0);
        self.run_for(thaw.saturating_sub(self.now));
        let now = self.mono();
        for page in self.tabs.iter_mut().flatten() {
            (page.throttle, page.lag) = (0, 0);
            page.record.begins_again(now);
        }
        self.is_offline = false;
        self.tell_all(&Input::Network(Connectivity::Online));
        self.tell_all(&Input::Visible);
        self.converge();
        if self.kind == Kind::Real {
            self.judge();
            if !self.habits().has_history {
                self.judge_gaps();
            }
        }
    }

    /// Counts the strikes of the backend's rules under their kinds.
    fn count_strikes(&mut self) {
        for (kind, (_, struck)) in self.rules.iter().zip(self.backend.faults()) {
            self.tally.struck[usize::from(*kind)] += u64::from(struck);
        }
    }

    fn converge(&mut self) {
        let mut healed = self.now;
        let mut rounds = 0;
        // What waits goes one after the other, each there and back, at fifty frames a minute at most: where many have just been sent, the
        // rest waits for the minute to be over.
        let busy = self.sent_at.iter().rev().take_while(|at| self.now - **at < 60_000).count();
        let minute = if busy > 30 || self.oracle.pending.len() > 5 { 60_000 } else { 0 };
        let waiting = minute + self.oracle.pending.len() as u64 * (1_200 + 2 * self.setting.latency.1);
        let line = if self.setting.gives_places { LINE } else { 0 };
        let mut bound = CONVERGENCE + self.patience + waiting + line + self.renewal_due();
        let mut is_last = self.habits().has_history;
        while self.breach.is_none() {
            let is_right = self.is_converged();
            if is_right && self.is_proven() {
                if self.has_unread_records() {
                    // Storage could not be read when the page was loaded: the next page finds what is in it.
                    for tab in 0..self.tabs.len() {
                        self.end_page(tab);
                        self.open_page(tab);
                    }
                    self.run_for(1_000);
                    continue;
                }
                let took = self.now - healed;
                if rounds == 0 {
                    self.tally.converged_in(took);
                }
                self.run_for(CALM);
                if self.breach.is_some() || self.is_converged() || self.kind == Kind::Naive {
                    return;
                }
                // That a session is gone may be found only now, with the next question. Once is fair.
                rounds += 1;
                healed = self.now;
                if rounds > 1 {
                    let words = self.difference();
                    return self.break_rule("I20", format!("converged, and again not for long: {words}"));
                }
                continue;
            }
            // A token that was under way when all was healed may be over at the backend: once more until the next.
            if self.now - healed >= bound && !std::mem::replace(&mut is_last, true) {
                bound += self.renewal_due();
            }
            if self.now - healed >= bound {
                self.tally.not_converged += 1;
                let words = self.difference();
                return self.break_rule("I20", format!("not converged {bound} ms after healing: {words}"));
            }
            // A visitor acts in one tab at a time; where each has a connection of its own, two that are come back to at once take it from
            // each other for ever.
            for tab in 0..self.tabs.len() {
                if self.look_after(tab) && !self.setting.has_locks {
                    break;
                }
            }
            self.ask_for_proof(is_right, healed);
            self.run_for(1_000);
        }
    }

    /// The visitor does what is offered. True if everything had stopped there.
    fn look_after(&mut self, tab: usize) -> bool {
        let Some(page) = &self.tabs[tab] else { return false };
        let has_stopped = matches!(
            page.screen.status,
            ConnectionStatus::Evicted
                | ConnectionStatus::ReadOnly
                | ConnectionStatus::Expired
                | ConnectionStatus::Refused
                | ConnectionStatus::Misconfigured
        );
        let (number, has_more, is_loading) = (page.number, page.screen.has_more, page.screen.is_loading);
        if has_more && !is_loading && page.screen.status == ConnectionStatus::Online {
            self.hand_in(number, Input::Command(Command::LoadEarlier));
        }
        self.visit(number, Visitor::GoOn);
        has_stopped
    }

    fn is_converged(&mut self) -> bool {
        let is_online = |page: &&crate::page::Page| page.screen.status == ConnectionStatus::Online;
        self.tabs.iter().flatten().all(|page| is_online(&page)) && self.difference().is_empty()
    }

    /// A message is in storage and on no screen.
    fn has_unread_records(&self) -> bool {
        let is_shown =
            |text: &str| self.tabs.iter().flatten().any(|page| page.screen.own().any(|own| own.text == text));
        let mut pending = self.oracle.pending.iter().map(|index| self.oracle.written[*index].text.as_str());
        self.kind == Kind::Real && pending.any(|text| self.disk.holds(text) && !is_shown(text))
    }

    /// What keeps the screens from being right, in words; empty if nothing does.
    fn difference(&self) -> String {
        let pages = self.tabs.iter().flatten();
        pages.map(|page| self.difference_of(page)).find(|words| !words.is_empty()).unwrap_or_default()
    }

    fn difference_of(&self, page: &crate::page::Page) -> String {
        let screen = &page.screen;
        if screen.status != ConnectionStatus::Online {
            return format!("tab {} is {:?}", page.tab, screen.status);
        }
        let waits =
            |state| matches!(state, SendState::Queued | SendState::Sending | SendState::Unconfirmed { ask: false });
        if let Some(own) = screen.own().find(|own| waits(own.state)) {
            return format!("tab {}: {:?} is {:?}", page.tab, own.text, own.state);
        }
        let Some(expected) = self.transcript(page) else { return format!("tab {}: no session", page.tab) };
        if !self.habits().has_history {
            return self.gaps_of(page, &expected);
        }
        let is_undecided =
            |text: &str| screen.own().any(|own| own.text == text && matches!(own.state, SendState::Unconfirmed { .. }));
        let mut expected: Vec<(u64, &str)> =
            expected.iter().filter(|row| !is_undecided(&row.text)).map(|row| (row.time, row.id.as_str())).collect();
        // By their ids: what was said twice, by a visitor who was asked, may have the same words.
        let time_of = |id: &str| expected.iter().find(|(_, other)| *other == id).map(|(time, _)| *time);
        let mut shown: Vec<(u64, &str)> = screen.said().filter_map(|id| Some((time_of(id)?, id))).collect();
        // Rows of one millisecond have no order but that of their arrival.
        let is_in_order = shown.is_sorted_by_key(|(time, _)| *time);
        shown.sort_unstable();
        expected.sort_unstable();
        if shown != expected || !is_in_order {
            let texts: Vec<&str> = screen.texts().collect();
            return format!("tab {} shows {shown:?} of {texts:?}, and the backend has {expected:?}", page.tab);
        }
        String::new()
    }

    /// What was said in the conversation that goes on, as the backend has it.
    pub(super) fn transcript(&self, page: &crate::page::Page) -> Option<Vec<Accepted>> {
        let token = self.conversation_name(page)?;
        let session = self.backend.sessions().into_iter().find(|session| session.token == token)?;
        let rows = self.backend.accepted_since(&token, 0);
        let said = rows.filter(|row| row.conversation == session.conversation && row.kind == RowKind::Message);
        Some(said.collect())
    }

    /// As the backend calls it.
    pub(super) fn conversation_name(&self, page: &crate::page::Page) -> Option<String> {
        let mut pages = std::iter::once(page).chain(self.tabs.iter().flatten());
        pages.find_map(|page| self.conversation_of(page)).map(str::to_owned)
    }

    /// How long it may take until a connection that died unnoticed is replaced, where nothing else would tell: until the next token.
    fn renewal_due(&self) -> u64 {
        if self.habits().has_history || self.habits().answers_probes {
            return 0;
        }
        // Where one clock stood still and the other was set, no page can know how old its token is.
        let is_knowable = self.stood_still == 0 || !self.has_skewed;
        let grants = self.tabs.iter().flatten().flat_map(|page| &page.record.grants);
        // Timers go by the clock that stood still.
        let due = grants.map(|grant| (grant.ends_at + self.stood_still).saturating_sub(self.now)).max();
        due.unwrap_or(0) + if is_knowable { 0 } else { self.setting.life * 1_000 }
    }

    /// Every screen has shown a line that was said after all else was right: where nothing tells a dead connection from a quiet one, only
    /// that proves it alive.
    fn is_proven(&self) -> bool {
        self.habits().has_history || self.proof.is_some() || !self.is_writable()
    }

    /// Has a line said by which the screens prove that they hear; where they do not, another one, rarer and rarer.
    fn ask_for_proof(&mut self, is_right: bool, healed: u64) {
        let is_due = match self.proof {
            None => is_right,
            Some((_, at)) => self.now - at > 5_000 + ((self.now - healed) / 4).min(120_000),
        };
        if is_due && !self.habits().has_history && self.is_writable() {
            self.note_presence();
            self.proof = Some((self.agent_said, self.now));
            self.agent_says();
        }
    }

    /// An agent can say something.
    fn is_writable(&self) -> bool {
        self.backend.sessions().last().is_some_and(|session| session.live && !session.read_only)
    }

    /// Nothing is lost, and nothing that is shown is untrue.
    fn judge(&mut self) {
        let mut breach = None;
        let acknowledges = self.habits().acknowledges;
        for page in self.tabs.iter().flatten() {
            for own in page.screen.own() {
                let Some(message) = self.oracle.written.iter().find(|message| message.text == own.text) else {
                    continue;
                };
                let is_on_trust = !acknowledges && message.said.is_some() && !message.is_cut_short;
                match own.state {
                    SendState::Sent if message.accepted == 0 && !is_on_trust => {
                        breach = Some(("T18b", format!("{:?} is shown as sent and was never accepted", own.text)));
                    }
                    SendState::Failed(why) if message.accepted > message.forgiven() => {
                        breach =
                            Some(("T18c", format!("{:?} is shown as failed ({why:?}) and was accepted", own.text)));
                    }
                    _ => {}
                }
            }
        }
        for index in &self.oracle.pending {
            let message = &self.oracle.written[*index];
            let is_shown = |page: &crate::page::Page| page.screen.own().any(|own| own.text == message.text);
            if self.tabs.iter().flatten().any(is_shown) {
                continue;
            }
            // A leader that was frozen may have written over what the next one kept.
            if message.is_unkept || self.has_frozen && self.disk.is_fence_down {
                self.tally.beyond_reach += 1;
            } else {
                breach = Some(("T1", format!("{:?} is lost", message.text)));
            }
        }
        if let Some((rule, words)) = breach {
            self.break_rule(rule, words);
        }
        let written = &self.oracle.written;
        self.tally.on_trust += written.iter().filter(|it| it.is_on_trust && it.accepted == 0).count() as u64;
        let asked = self.tabs.iter().flatten().flat_map(|page| page.screen.own());
        self.tally.asked += asked.filter(|own| matches!(own.state, SendState::Unconfirmed { .. })).count() as u64;
    }

    /// For the naive client: what it lost, what it repeated, and whether it is still there.
    pub(crate) fn damage(&self) -> Damage {
        let written = &self.oracle.written;
        let is_lost = |message: &&crate::oracle::Written| {
            let is_shown_as_failed = || {
                let failed = |state| matches!(state, SendState::Failed(_) | SendState::Unconfirmed { .. });
                let mut own = self.tabs.iter().flatten().flat_map(|page| page.screen.own());
                own.any(|own| own.text == message.text && failed(own.state))
            };
            message.accepted == 0 && !message.is_discarded && message.text.len() < 4_000 && !is_shown_as_failed()
        };
        let accepted: Vec<String> = self
            .backend
            .tokens()
            .flat_map(|token| self.backend.accepted_since(token, 0))
            .filter(|row| row.direction == Direction::Inbound && row.kind == RowKind::Message)
            .map(|row| row.text)
            .collect();
        let extra = accepted.len() - written.iter().filter(|message| message.accepted > 0).count();
        Damage {
            written: written.len() as u64,
            lost: written.iter().filter(is_lost).count() as u64,
            repeated: extra as u64,
            is_stuck: self.tabs.iter().flatten().any(|page| page.screen.status != ConnectionStatus::Online),
        }
    }
}

/// What a client did to a visitor's messages in one run.
#[derive(Clone, Copy, Debug, Default)]
pub struct Damage {
    /// Messages written.
    pub written: u64,
    /// Of those, never accepted, and the visitor was not told.
    pub lost: u64,
    /// Accepted once more than they were sent.
    pub repeated: u64,
    /// Some tab was still not connected after everything had healed.
    pub is_stuck: bool,
}
