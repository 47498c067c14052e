//! What is watched on the wires that are not the default one: which addresses are opened, how many sockets and tokens a renewal takes, and
//! what became of each line where no history tells.

use chat_proto::dialect::Renewal;
use chat_proto::io::{Input, LockEvent, Request};
use chat_proto::json::Value;
use chat_proto::phase::ConnectionStatus;
use simulator::{Connection, DEMO_DEPLOYMENT};

use super::{Arrival, BACKEND, Happening, SOCKETS, World};
use crate::ledger::{Share, line_in};
use crate::page::Page;
use crate::schedule::WEB_MESSAGING;
use crate::wire;

/// How long a connection must live after a message that counts as taken, in milliseconds.
const TRUSTED: u64 = 1_000;

impl World {
    /// A connection may be replaced by a second one that is there before it goes.
    pub(super) fn replaces(&self) -> bool {
        self.habits().renewal != Renewal::Later
    }

    /// The pages that share a session with this one.
    pub(super) fn share_of(&self, page: &Page) -> Share {
        if self.setting.has_locks { 0 } else { page.tab }
    }

    fn share_of_number(&self, number: u32) -> Option<Share> {
        let page = self.tabs.iter().flatten().find(|page| page.number == number)?;
        Some(self.share_of(page))
    }

    /// The conversation that this page attends, as the backend calls it.
    pub(super) fn conversation_of(&self, page: &Page) -> Option<&str> {
        self.network.of_page(page.number).find_map(|link| self.backend.token_of(link.connection))
    }

    /// I15: sockets go to the one address, and a token stands in it only where the wire wants it there.
    pub(super) fn watch_address(&mut self, url: &str) {
        let dialect = self.setting.dialect;
        let expected = if dialect == WEB_MESSAGING {
            format!("{SOCKETS}/v1?deploymentId={DEMO_DEPLOYMENT}")
        } else {
            format!("{SOCKETS}{}", self.habits().path)
        };
        if wire::without_token(dialect, url) != expected {
            self.break_rule("I15", format!("a socket to {url}"));
        }
    }

    /// A page that is not online begins anew.
    pub(super) fn note_opening(&mut self, number: u32) {
        let is_online = self.page(number).is_some_and(|page| page.screen.status == ConnectionStatus::Online);
        if let Some(share) = self.share_of_number(number).filter(|_| !is_online) {
            self.ledger.begin(share);
        }
    }

    /// I3: notes since when a page has had two sockets.
    pub(super) fn watch_second(&mut self, number: u32) {
        let (mono, has_two) = (self.mono(), self.network.of_page(number).count() > 1);
        if let Some(page) = self.page(number) {
            page.record.two_since = if has_two { page.record.two_since.or(Some(mono)) } else { None };
        }
    }

    /// I22: where a token is good for one connection, each has its own.
    pub(super) fn watch_spending(&mut self, frame: &Value) {
        if self.habits().spends_tokens
            && let Some(token) = wire::spent_by(frame)
            && !self.spent.insert(token.to_owned())
        {
            self.break_rule("I22", "a token is said on a second connection");
        }
    }

    /// I6, I16, I17 for a text that goes by HTTP.
    pub(super) fn watch_post(&mut self, number: u32, request: &Request) {
        let text = request.body.as_ref().and_then(|body| body.at("text").as_str());
        if let Some(text) = text.filter(|_| request.url.starts_with(BACKEND)) {
            let mono = self.mono();
            self.watch_follower(number, "a text was posted");
            self.watch_network(number, "a text was posted");
            self.watch_text(number, mono, text);
            if let Some(message) = self.oracle.of_text(text) {
                message.said = Some((None, self.now));
            }
        }
    }

    /// I21: who is shown as online has a socket that is open.
    pub(super) fn watch_being_online(&mut self) {
        let is_deaf = |page: &&Page| {
            page.client.is_leader()
                && self.is_responsible(page)
                && page.screen.status == ConnectionStatus::Online
                && !self.network.of_page(page.number).any(|link| link.opened_at.is_some())
        };
        if let Some(tab) = self.tabs.iter().flatten().find(is_deaf).map(|page| page.tab) {
            self.break_rule("I21", format!("tab {tab} is online without a socket"));
        }
    }

    // ── what became of each line ──

    pub(super) fn note_heard(&mut self, page: u32, frame: &str) {
        if let Some((share, line)) = self.line_for(page, frame) {
            let is_online = self.page(page).is_some_and(|page| page.screen.status == ConnectionStatus::Online);
            self.ledger.hear(share, line, self.now, is_online);
        }
    }

    fn line_for(&self, page: u32, frame: &str) -> Option<(Share, u64)> {
        if self.habits().has_history {
            return None;
        }
        Some((self.share_of_number(page)?, line_in(frame)?))
    }

    /// Whoever leads from now on knows only what storage gives.
    pub(super) fn note_blindness(&mut self, number: u32, input: &Input) {
        let is_taking_over = matches!(input, Input::Lock(LockEvent::Granted | LockEvent::Unsupported));
        if is_taking_over
            && !self.habits().has_history
            && self.disk.is_blind(&self.config.name_in_browser())
            && let Some(share) = self.share_of_number(number)
        {
            self.ledger.go_blind(share, self.now);
        }
    }

    /// Whoever leads is online, perhaps again.
    pub(super) fn note_return(&mut self, number: u32) {
        let Some(page) = self.tabs.iter().flatten().find(|page| page.number == number) else { return };
        if self.habits().has_history || !page.client.is_leader() {
            return;
        }
        let share = self.share_of(page);
        if let Some(conversation) = self.conversation_of(page).map(str::to_owned) {
            self.ledger.come_back(share, &conversation, self.now);
        }
    }

    /// Who leads and is online is in its conversation now at the latest: it may have come there on a second connection, without a return.
    pub(super) fn note_presence(&mut self) {
        let is_there = |page: &&Page| page.client.is_leader() && page.screen.status == ConnectionStatus::Online;
        let there = self.tabs.iter().flatten().filter(is_there);
        let there: Vec<_> =
            there.filter_map(|page| Some((self.share_of(page), self.conversation_of(page)?.to_owned()))).collect();
        for (share, conversation) in there {
            self.ledger.join(share, &conversation, self.now);
        }
    }

    /// The page closes this connection: what was on its way to it is lost, and what it said a moment ago must not count as taken.
    pub(super) fn note_closed(&mut self, page: u32, connection: Connection, is_dead: bool) {
        if self.habits().has_history || is_dead {
            return;
        }
        let Some(share) = self.share_of_number(page) else { return };
        // A second one that was never heard in whole is given up for a third: the first is there still.
        let is_newest = self.network.of_page(page).last().is_some_and(|link| link.connection == connection);
        if is_newest && self.network.of_page(page).count() > 1 {
            return;
        }
        let others = self.network.of_page(page).filter(|link| link.connection != connection);
        let until = others.filter_map(|link| link.opened_at).max().unwrap_or(u64::MAX);
        for ((at, _), happening) in &self.queue {
            if let Happening::ToPage(of, Arrival::Frame(frame)) = happening
                && *of == connection
                && let Some(line) = line_in(frame)
            {
                self.ledger.cut_off((share, line), self.now, *at, until);
            }
        }
    }

    pub(super) fn note_said(&mut self, text: &str, connection: Connection) {
        let now = self.now;
        if !self.habits().acknowledges {
            self.oracle.may_be_overtaken(connection);
        }
        if let Some(message) = self.oracle.of_text(text) {
            (message.said, message.is_cut_short) = (Some((Some(connection), now)), false);
        }
    }

    /// The page hears that this connection was closed, so that what it said a moment ago must not count as taken.
    pub(super) fn note_cut_short(&mut self, connection: Connection) {
        if self.habits().acknowledges {
            return;
        }
        let now = self.now;
        for message in &mut self.oracle.written {
            let is_it = |(of, at): (Option<Connection>, u64)| of == Some(connection) && now < at + TRUSTED;
            message.is_cut_short |= message.said.is_some_and(is_it);
        }
    }
}
