//! The visitor, the agent and the weather: each act of a schedule is carried out.

use chat_proto::io::{Command, Connectivity, Input};
use chat_proto::message::SendState;
use chat_proto::phase::ConnectionStatus;
use simulator::Effect;

use super::{Arrival, Happening, World};
use crate::schedule::{Act, Fault, Reply, Visitor};

impl World {
    pub(crate) fn act_out(&mut self, act: &Act) {
        self.note(|| format!("── {act}"));
        match act {
            Act::Visitor(tab, visitor) => {
                let page = self.page_in((*tab).min(self.tabs.len() - 1));
                if self.deferred(page) {
                    return;
                }
                self.visit(page, *visitor);
            }
            Act::AgentSays => self.agent_says(),
            Act::AgentTypes => self.with_session(|world, token| {
                let actions = world.backend.agent_types(world.true_wall(), token);
                world.act(actions);
            }),
            Act::Fault(kind, fault) => {
                self.tally.faults[usize::from(*kind)] += 1;
                self.strike(*kind, fault);
            }
        }
        self.watch();
    }

    /// Nobody can do anything in a page that is frozen.
    fn deferred(&mut self, page: u32) -> bool {
        let now = self.now;
        self.page(page).is_none_or(|page| page.frozen_until > now)
    }

    fn say(&mut self, page: u32, command: Command) {
        self.hand_in(page, Input::Command(command));
    }

    pub(super) fn visit(&mut self, page: u32, visitor: Visitor) {
        match visitor {
            Visitor::Open => self.say(page, Command::Open),
            Visitor::Close => self.say(page, Command::Close),
            Visitor::Write { long } => self.write(page, long),
            Visitor::Draft => self.draft(page),
            Visitor::TryNow => self.say(page, Command::TryNow),
            Visitor::LoadEarlier => self.say(page, Command::LoadEarlier),
            Visitor::GoOn => self.go_on(page),
            Visitor::Retry | Visitor::Discard => self.decide(page, visitor == Visitor::Retry),
        }
    }

    fn write(&mut self, page: u32, long: bool) {
        let tab = self.page(page).map_or(0, |page| page.tab);
        let text = self.oracle.write(page, tab, long);
        self.tally.messages += 1;
        let failures = self.disk.failures;
        self.say(page, Command::Send(text.clone()));
        let shown = self.page(page).map_or(0, |page| page.screen.own().filter(|own| own.text == text).count());
        if shown != 1 {
            self.break_rule("I4", format!("{text:?} was written and is shown {shown} times"));
        }
        if self.disk.failures == failures && !self.disk.holds(&text) {
            self.break_rule("I5", format!("{text:?} was written and not kept"));
        }
    }

    /// Something new stands in the composer, or nothing any more.
    fn draft(&mut self, page: u32) {
        self.drafts += 1;
        let text = if self.drafts.is_multiple_of(5) { String::new() } else { format!("visitor types {}", self.drafts) };
        self.say(page, Command::Draft(text));
    }

    /// The first failed or doubtful message is sent again or taken out.
    fn decide(&mut self, page: u32, again: bool) {
        let Some((id, text)) = self.page(page).and_then(|page| page.screen.doubtful()) else { return };
        let is_doubtful = self.page(page).is_some_and(|page| {
            page.screen.own().any(|own| own.text == text && matches!(own.state, SendState::Unconfirmed { .. }))
        });
        if again {
            if let Some(message) = self.oracle.of_text(&text) {
                // A message that failed was certainly not taken; only of a doubtful one may there be two.
                message.retries += u32::from(is_doubtful);
                message.is_doubtful = false;
                message.was_held_up = true;
            }
            self.say(page, Command::Retry(id));
        } else {
            self.oracle.discard(&text);
            self.say(page, Command::Discard(id));
        }
    }

    /// Does what is offered where everything has stopped.
    pub(super) fn go_on(&mut self, page: u32) {
        let Some(status) = self.page(page).map(|page| page.screen.status) else { return };
        match status {
            ConnectionStatus::Idle => self.say(page, Command::Open),
            ConnectionStatus::Evicted => self.say(page, Command::UseHere),
            ConnectionStatus::ReadOnly | ConnectionStatus::Expired => self.say(page, Command::NewChat),
            ConnectionStatus::Refused | ConnectionStatus::Misconfigured => self.say(page, Command::TryNow),
            ConnectionStatus::Connecting
            | ConnectionStatus::Online
            | ConnectionStatus::Reconnecting { .. }
            | ConnectionStatus::Offline => {}
        }
    }

    fn with_session(&mut self, act: impl FnOnce(&mut Self, &str)) {
        if let Some(token) = self.backend.sessions().last().map(|session| session.token.clone()) {
            act(self, &token);
        }
    }

    pub(super) fn agent_says(&mut self) {
        self.watch_being_online();
        // Rows of one millisecond have no order but that of their arrival, which the weather disturbs.
        self.run_for(1);
        let text = format!("agent {}", self.agent_said);
        self.agent_said += 1;
        self.ledger.say(self.now);
        self.with_session(|world, token| {
            let actions = world.backend.agent_says(world.true_wall(), token, &text);
            world.act(actions);
        });
        self.run_for(1);
    }

    fn strike(&mut self, kind: u8, fault: &Fault) {
        match *fault {
            Fault::Rule(ref rule) => {
                self.bear_with(patience(&rule.effect));
                self.rules.push(kind);
                self.backend.inject(rule.clone());
            }
            Fault::CloseAll(code) => {
                let actions = self.backend.close_all(self.true_wall(), code, "");
                self.act(actions);
            }
            Fault::Latency { most, ms } => {
                self.slow = (most, self.now + ms);
                self.bear_with(2 * most);
            }
            Fault::Closing { ms, code } => self.begin_closing(ms, code),
            Fault::Expire { announce } => self.with_session(|world, token| {
                let actions = world.backend.expire(world.true_wall(), token, announce);
                world.act(actions);
            }),
            Fault::End { read_only } => self.with_session(|world, token| {
                let actions = world.backend.disconnect_conversation(world.true_wall(), token, read_only);
                world.act(actions);
            }),
            Fault::Clear => self.with_session(|world, token| {
                let actions = world.backend.clear(world.true_wall(), token);
                world.act(actions);
            }),
            Fault::Evict => self.with_session(|world, token| {
                let actions = world.backend.evict(world.true_wall(), token);
                world.act(actions);
            }),
            Fault::Endpoint(ref reply) => {
                self.bear_with(match *reply {
                    Reply::Status(_, Some(seconds)) => seconds * 1_200,
                    _ => 10_000,
                });
                self.endpoint.next.push_back(reply.clone());
            }
            Fault::Clock(skew) => (self.skew, self.has_skewed) = (skew, true),
            Fault::Sleep { ms, stops_clock, cuts } => self.sleep(ms, stops_clock, cuts),
            Fault::Throttle { tab, to, late } => {
                let now = self.mono();
                if let Some(page) = self.tabs.get_mut(tab).and_then(Option::as_mut) {
                    // What was armed before may be as late as the old setting allows.
                    page.record.begins_again(now + page.throttle + page.lag);
                    (page.throttle, page.lag) = (to, late);
                }
            }
            Fault::Freeze { tab, ms } => self.freeze(tab, ms),
            Fault::Hide(tab) => self.tell_tab(tab, Input::Hidden),
            Fault::Show(tab) => self.tell_tab(tab, Input::Visible),
            Fault::PutAway(tab) => {
                self.tell_tab(tab, Input::Leaving);
                self.end_page(tab);
            }
            Fault::Cache { tab, ms } => {
                if self.tabs.get(tab).is_some_and(Option::is_some) {
                    self.tell_tab(tab, Input::Leaving);
                    self.end_page(tab);
                    self.later(ms, Happening::Back(tab));
                }
            }
            Fault::Crash(tab) => self.end_page(tab),
            Fault::Reload(tab) => {
                if self.tabs.get(tab).is_some_and(Option::is_some) {
                    self.tally.reloads += 1;
                    self.end_page(tab);
                    self.open_page(tab);
                }
            }
            Fault::KillLeader => {
                let leader = self.tabs.iter().flatten().find(|page| page.client.is_leader()).map(|page| page.tab);
                if let Some(tab) = leader {
                    self.end_page(tab);
                }
            }
            Fault::LateLoss { ms } => self.lock.late_loss = ms,
            Fault::LosePosts { ms } => self.posts_lost_until = self.now + ms,
            Fault::Storage { unreadable, ms } => {
                (self.disk.is_full, self.disk.is_denied) = (true, unreadable);
                self.disk.fail();
                self.disk_well_at = self.now + ms;
                self.later(ms, Happening::DiskIsWell);
            }
            Fault::Corrupt(how) => {
                let place = self.dice.roll(1 << 20);
                if !self.habits().has_history {
                    self.forgive_destroyed();
                }
                if self.disk.corrupt(place, how) {
                    self.forgive_order();
                }
                self.mourn();
            }
            Fault::Network { is_there } => self.set_network(is_there),
        }
    }

    /// After healing, so much longer than usual may legitimately be waited.
    fn bear_with(&mut self, span: u64) {
        self.patience = self.patience.max(span);
    }

    fn tell_tab(&mut self, tab: usize, input: Input) {
        if let Some(page) = self.tabs.get(tab).and_then(Option::as_ref).map(|page| page.number) {
            self.hand_in(page, input);
        }
    }

    pub(super) fn tell_all(&mut self, input: &Input) {
        for tab in 0..self.tabs.len() {
            self.tell_tab(tab, input.clone());
        }
    }

    pub(super) fn set_network(&mut self, is_there: bool) {
        self.is_offline = !is_there;
        let network = if is_there { Connectivity::Online } else { Connectivity::Offline };
        self.tell_all(&Input::Network(network));
    }

    fn begin_closing(&mut self, ms: u64, code: u16) {
        let mut closing = Vec::new();
        for link in self.network.all() {
            link.is_closing = true;
            closing.push(link.connection);
        }
        for connection in closing {
            self.later(0, Happening::Gone(connection));
            self.later(ms, Happening::ToPage(connection, Arrival::Closed(code)));
        }
    }

    fn freeze(&mut self, tab: usize, ms: u64) {
        let until = self.now + ms;
        let Some(page) = self.tabs.get_mut(tab).and_then(Option::as_mut) else { return };
        page.frozen_until = page.frozen_until.max(until);
        self.has_frozen = true;
        let (number, until) = (page.number, page.frozen_until);
        page.record.begins_again(until.saturating_sub(self.stood_still));
        self.at(until, Happening::Tell(number, Input::Visible));
    }

    fn sleep(&mut self, ms: u64, stops_clock: bool, cuts: bool) {
        self.asleep_until = self.now + ms;
        if cuts {
            let mut cut = Vec::new();
            for link in self.network.all() {
                link.is_dead = true;
                cut.push(link.connection);
            }
            for connection in cut {
                self.later(ms.min(20_000), Happening::Gone(connection));
            }
        }
        if stops_clock {
            self.stood_still += ms;
        }
        let wakes_at = self.asleep_until.saturating_sub(self.stood_still);
        for page in self.tabs.iter_mut().flatten() {
            page.record.begins_again(wakes_at);
        }
        self.run_for(ms);
        if self.dice.chance(50) {
            self.tell_all(&Input::Visible);
        }
    }

    pub(super) fn heal_disk(&mut self) {
        if self.now >= self.disk_well_at {
            (self.disk.is_full, self.disk.is_denied) = (false, false);
        }
    }
}

/// How much longer than usual a client may need after this one, once everything is well: it keeps to what it was told, and what is lost on
/// a connection that seems well is found by the next look into history.
fn patience(effect: &Effect) -> u64 {
    match effect {
        Effect::TooManyRequests { retry_after } => retry_after.unwrap_or(5) * 1_200,
        Effect::Delay { ms, jitter } => ms + jitter,
        Effect::Reorder { ms } => *ms,
        Effect::Hang => 70_000,
        Effect::Status { .. } | Effect::HistoryEmpty | Effect::HistoryWithoutIds => 60_000,
        // Another connection's history may have been read before the row was in it.
        Effect::Lose | Effect::BlackHole { .. } | Effect::HistoryLate { .. } => 110_000,
        Effect::Close { .. }
        | Effect::Drop { .. }
        | Effect::Expire { .. }
        | Effect::Error { .. }
        | Effect::Duplicate => 0,
    }
}
