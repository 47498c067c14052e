//! The rules (`rules.rs` says what each of them is), checked at every step against what the backend has really accepted. Each is checked where its breach would show: at a socket's opening, at a frame, at an event, at the end of a page, after the
//! healing. One is not checked, because it cannot be seen in a single run: when the wait, which is random, starts small again (I13).
//! `tests/resume.rs` counts there.

use chat_proto::io::{Event, Input, SocketEvent, SocketId};
use chat_proto::json::Value;
use chat_proto::message::{Content, Item, SendState};
use chat_proto::phase::{ConnectionStatus, is_allowed};

use super::World;
use crate::client::Kind;
use crate::ledger::HEARD_OUT;
use crate::oracle::Written;
use crate::page::{Page, Place};
use crate::wire;

/// How many timers may fire at one instant in one page before we call it spinning.
const SPIN: u32 = 20;

impl World {
    /// Looks at everything that may have changed.
    pub(super) fn watch(&mut self) {
        self.look();
        if self.kind == Kind::Real {
            self.watch_storage();
        }
    }

    /// I7, I8: nothing is accepted twice or out of turn.
    pub(super) fn look(&mut self) {
        if let Err((rule, words)) = self.oracle.look(&self.backend) {
            self.break_rule(rule, words);
        }
    }

    /// I5: what is not accepted stays in storage until the visitor takes it out, as long as storage works.
    fn watch_storage(&mut self) {
        // Looking into every record after every step would be a fifth of the whole run.
        let revision = (self.disk.revision, self.oracle.written.len());
        if self.storage_seen == revision {
            return;
        }
        self.storage_seen = revision;
        let failures = self.disk.failures;
        let mut lost = None;
        for index in &self.oracle.pending {
            let message = &mut self.oracle.written[*index];
            if self.disk.holds(&message.text) {
                message.durable_at = Some(failures);
            } else if message.durable_at == Some(failures) && !message.is_unkept && !self.disk.is_fence_down {
                lost = Some(message.text.clone());
            }
        }
        if let Some(text) = lost {
            self.break_rule("I5", format!("{text:?} is not accepted and no longer kept"));
        }
    }

    /// Storage refused to keep how far messages had got. Whoever reads it next cannot know, and may send one again.
    pub(super) fn forgive_stale(&mut self) {
        if self.disk.is_stale() {
            for message in self.oracle.written.iter_mut().filter(|message| self.disk.holds_stale(&message.text)) {
                self.tally.unnoted += u64::from(message.unnoted == 0);
                message.unnoted = message.unnoted.max(message.accepted).max(1);
            }
        }
    }

    /// A record is destroyed. How far a message had got may have stood in it, and where there is no history nothing else tells.
    pub(super) fn forgive_destroyed(&mut self) {
        for message in self.oracle.written.iter_mut().filter(|message| self.disk.holds(&message.text)) {
            self.tally.unnoted += u64::from(message.unnoted == 0);
            message.unnoted = message.unnoted.max(message.accepted).max(1);
        }
    }

    /// Another page leads from now on, or what was handed over was destroyed. What stands in no storage may be heard of later than what was
    /// written after it.
    pub(super) fn forgive_order(&mut self) {
        for index in &self.oracle.pending {
            let message = &mut self.oracle.written[*index];
            message.was_held_up |= self.disk.is_denied || !self.disk.holds(&message.text);
        }
    }

    /// A page or a record is gone, or was loaded without storage: what only it knew is lost. That is forgiven only where storage had failed.
    pub(super) fn mourn(&mut self) {
        if self.kind != Kind::Real {
            return;
        }
        let mut lost = None;
        for index in &self.oracle.pending {
            let message = &mut self.oracle.written[*index];
            if self.disk.holds(&message.text) && !self.disk.is_denied {
                continue;
            }
            let is_shown = |page: &Page| page.screen.own().any(|own| own.text == message.text);
            if self.disk.failures > 0 || self.disk.is_denied {
                message.is_unkept = true;
            } else if !self.tabs.iter().flatten().any(is_shown) {
                lost = Some(message.text.clone());
            }
        }
        if let Some(text) = lost {
            self.break_rule("T12", format!("{text:?} is gone with its page"));
        }
    }

    /// Counts the transitions of every session that is there. One that the table does not have is a broken rule.
    pub(crate) fn read_journals(&mut self) {
        for tab in 0..self.tabs.len() {
            self.read_journal(tab);
        }
    }

    pub(super) fn read_journal(&mut self, tab: usize) {
        let mut unknown = None;
        for transition in self.tabs[tab].iter().flat_map(|page| page.client.journal()) {
            self.tally.edges[transition.from as usize] |= 1 << (transition.to as usize);
            if !is_allowed(transition.from, transition.to) {
                unknown = Some((transition.from, transition.to));
            }
        }
        if let Some((from, to)) = unknown {
            self.break_rule("table", format!("{from:?} to {to:?} is no transition"));
        }
    }

    /// I14: no page spins.
    pub(super) fn watch_for_spinning(&mut self, number: u32) {
        let now = self.now;
        let Some(page) = self.page(number) else { return };
        let (at, count) = page.timeouts;
        page.timeouts = if at == now { (at, count + 1) } else { (now, 1) };
        if page.timeouts.1 >= SPIN {
            self.break_rule("I14", "the page spins");
        }
    }

    pub(super) fn watch_input(&mut self, number: u32, input: &Input) {
        let mono = self.mono();
        let acknowledges = self.habits().acknowledges;
        let sockets = self.network.of_page(number).count();
        let (has_another, is_second) = (sockets > 0, sockets > 1);
        self.watch_second(number);
        let Some(page) = self.page(number) else { return };
        match input {
            // One of two may go at any time.
            Input::Socket(_, SocketEvent::Closed { .. }) if has_another => {}
            Input::Socket(_, SocketEvent::Closed { .. }) => {
                (page.record.closed_at, page.record.lost_at) = (Some(mono), mono);
            }
            // One that is to take another's place needs none in line.
            Input::Socket(_, SocketEvent::Opened) if page.record.place != Place::Free && !is_second => {
                page.record.place = Place::Used;
            }
            Input::Socket(_, SocketEvent::Frame(frame)) if wire::is_expiry(frame) => page.record.lost_at = mono,
            Input::Socket(..) | Input::Response(..) | Input::Minted(..) | Input::Timeout | Input::Hidden => {}
            // A person, the network or another tab may hasten things.
            _ => page.record.closed_at = None,
        }
        if matches!(input, Input::Lock(_)) {
            page.record.begins_to_lead();
        }
        let late = page.lag + page.throttle;
        let allowed = 15_000 + late;
        // A page that slept unseen waits a second time for the close that alone would tell.
        let patience = if acknowledges { allowed } else { allowed + late };
        let (two_since, sending, is_leader) = (page.record.two_since, page.record.sending, page.client.is_leader());
        if two_since.is_some_and(|since| mono > since + allowed + HEARD_OUT) && *input == Input::Timeout {
            self.break_rule("I3", "two sockets for longer than one needs to take the other's place");
        }
        if let Some((_, since)) = sending
            && mono > since + patience
            && *input == Input::Timeout
            && is_leader
        {
            self.break_rule("T18a", format!("a message is shown as being sent for {} ms", mono - since));
        }
    }

    /// I10: nothing is asked for while the page knows that there is no network.
    pub(super) fn watch_network(&mut self, number: u32, what: &str) {
        if self.page(number).is_some_and(|page| page.is_told_offline) {
            self.break_rule("I10", format!("{what} while offline"));
        }
    }

    /// It can be blamed: it is awake, and knows whether it holds the lock.
    pub(super) fn is_responsible(&self, page: &Page) -> bool {
        page.frozen_until <= self.now && !self.lock.is_robbed(page.number)
    }

    /// I17: only who holds the lock touches the network.
    pub(super) fn watch_follower(&mut self, number: u32, what: &str) {
        let is_holder = self.lock.holder() == Some(number) || self.lock.is_robbed(number);
        if self.setting.has_locks && !is_holder {
            self.break_rule("I17", format!("{what} by a tab that follows"));
        }
    }

    /// I1, I3: a socket is opened with a token that lives, and while there is no other.
    pub(super) fn watch_open(&mut self, number: u32) {
        self.watch_network(number, "a socket was opened");
        let (now, has_endpoint) = (self.clocks(), self.setting.has_endpoint);
        let (true_now, clocks) = (self.now, (self.stood_still, self.skew));
        self.watch_follower(number, "a socket was opened");
        // Where nobody is to notice that a token is renewed, the next socket is there before the last one goes.
        let own = self.network.of_page(number).count();
        let is_second = own > 0;
        let own = own > usize::from(self.replaces());
        let others = self.tabs.iter().flatten().filter(|page| page.number != number && self.is_responsible(page));
        let others = others.filter(|page| self.network.of_page(page.number).next().is_some()).count();
        if own || others > 0 && self.setting.has_locks && !self.lock.is_robbed(number) {
            self.break_rule("I3", "two sockets at once");
        }
        let Some(page) = self.page(number) else { return };
        let (closed_at, place) = (page.record.closed_at.take(), page.record.place);
        // Where one clock stood still and the other was set, no page can know how old its token is.
        let is_dead = page.record.grants.iter().all(|grant| {
            let is_knowable = grant.clocks.0 == clocks.0 || grant.clocks.1 == clocks.1;
            grant.ends_at <= true_now && is_knowable
        });
        if has_endpoint && is_dead && self.kind == Kind::Real {
            self.break_rule("I1", "a socket was opened without a token that lives");
        }
        if !is_second {
            self.watch_place(place);
        }
        // I12: never at once after a close, unless something hastens it.
        if let Some(at) = closed_at.filter(|at| now.mono.0 < at + 100) {
            self.break_rule("I12", format!("a socket was opened {} ms after a close", now.mono.0 - at));
        }
    }

    /// I6, I16: nothing is sent again that was taken, and nothing too fast.
    pub(super) fn watch_frame(&mut self, number: u32, id: SocketId, frame: &Value) {
        self.watch_follower(number, "a frame was sent");
        let (mono, now) = (self.mono(), self.now);
        let dialect = self.setting.dialect;
        self.watch_spending(frame);
        let Some(link) = self.network.of_socket(number, id) else {
            return self.break_rule("I3", "a frame for a socket that is gone");
        };
        link.sent.retain(|at| now - at < 60_000);
        link.sent.push(now);
        let (frames, connection) = (link.sent.len(), link.connection);
        if frames > 60 {
            self.break_rule("I16", format!("{frames} frames in a minute"));
        }
        if let Some(text) = wire::text_of(dialect, frame) {
            self.watch_text(number, mono, text);
            self.note_said(text, connection);
        }
        let Some(page) = self.page(number).filter(|_| wire::is_typing(dialect, frame)) else { return };
        let too_soon = page.record.last_typing_at.replace(mono).is_some_and(|at| mono < at + 5_000);
        if too_soon {
            self.break_rule("I16", "two signs of typing within five seconds");
        }
    }

    pub(super) fn watch_text(&mut self, number: u32, mono: u64, text: &str) {
        self.tally.texts += 1;
        // Storage that failed may tell of another fate.
        let can_know = !self.habits().has_history && self.disk.failures == 0;
        let is_doubtful = |message: &mut Written| message.is_doubtful && message.forgiven() == 0;
        if can_know && self.oracle.of_text(text).is_some_and(is_doubtful) {
            self.break_rule("I6", format!("{text:?} is sent again, and nobody knows whether it was taken"));
        }
        let again = self.oracle.of_text(text).is_some_and(|message| message.accepted > message.forgiven());
        if again {
            self.break_rule("I6", format!("{text:?} is sent again, though it was taken"));
        }
        let Some(page) = self.page(number) else { return };
        let too_soon = page.record.last_text_at.is_some_and(|at| mono < at + 500);
        page.record.last_text_at = Some(mono);
        if too_soon {
            self.break_rule("I16", "two texts within half a second");
        }
    }

    /// I15: no token and no text in anything that is logged or asked for.
    pub(super) fn watch_secrets(&mut self, words: &str) {
        if ["visitor ", "granted-", "own-", "token=guest-"].iter().any(|secret| words.contains(secret)) {
            self.break_rule("I15", format!("a secret in {words:?}"));
        }
    }

    pub(super) fn watch_event(&mut self, number: u32, event: &Event) {
        if matches!(event, Event::Status(ConnectionStatus::Refused, _))
            && let Some(page) = self.page(number)
        {
            // Whoever clicks then asks anew.
            page.record.content = None;
        }
        match event {
            Event::Problem(problem) => {
                self.problems += 1;
                self.watch_secrets(&format!("{problem:?}"));
            }
            // I19: nothing ends without a word about why.
            Event::Status(ConnectionStatus::Refused | ConnectionStatus::Misconfigured, _) if self.problems == 0 => {
                self.break_rule("I19", "an end without a reason");
            }
            Event::Status(ConnectionStatus::Online, _) => {
                self.tally.connections += 1;
                self.note_return(number);
            }
            _ => {}
        }
    }

    /// I9, I18: no line twice, and no more waiting than is promised. Also notes what is being sent, and what was held up.
    pub(super) fn watch_screen(&mut self, number: u32) {
        if self.kind != Kind::Real {
            return;
        }
        let (mono, acknowledges) = (self.mono(), self.habits().acknowledges);
        let Some(page) = self.tabs.iter_mut().flatten().find(|page| page.number == number) else { return };
        let mut sending = None;
        let mut waiting = 0;
        let mut twice = None;
        for (place, item) in page.screen.items.iter().enumerate() {
            let own = match &item.content {
                Content::Inbound(own) => own,
                Content::Outbound(said) => {
                    let is_same =
                        |other: &Item| matches!(&other.content, Content::Outbound(other) if other.id == said.id);
                    if page.screen.items[..place].iter().any(is_same) {
                        twice = Some(said.text.clone());
                    }
                    continue;
                }
                Content::Notice(_) => continue,
            };
            match own.state {
                SendState::Sending => {
                    waiting += 1;
                    sending = Some((
                        item.key,
                        page.record.sending.filter(|(key, _)| *key == item.key).map_or(mono, |it| it.1),
                    ));
                }
                SendState::Queued => waiting += 1,
                SendState::Failed(_) | SendState::Unconfirmed { ask: true } => {
                    if let Some(message) = self.oracle.of_text(&own.text) {
                        message.was_held_up = true;
                        message.is_doubtful |= matches!(own.state, SendState::Unconfirmed { .. });
                    }
                }
                SendState::Unconfirmed { ask: false } => {
                    if let Some(message) = self.oracle.of_text(&own.text) {
                        message.is_doubtful = true;
                        self.tally.unconfirmed += u64::from(!core::mem::replace(&mut message.was_unconfirmed, true));
                    }
                }
                SendState::Sent => {
                    if !acknowledges {
                        self.oracle.trust(&own.text);
                    }
                    let is_same = |other: &&Item| match &other.content {
                        Content::Inbound(other) => own.id.is_some() && other.id == own.id,
                        Content::Outbound(_) | Content::Notice(_) => false,
                    };
                    let is_known = |message: &mut Written| message.forgiven() > 0;
                    if page.screen.items[..place].iter().any(|other| is_same(&other))
                        && !self.oracle.of_text(&own.text).is_some_and(is_known)
                    {
                        twice = Some(own.text.clone());
                    }
                }
            }
        }
        page.record.sending = sending;
        if let Some(text) = twice {
            self.break_rule("I18", format!("{text:?} is shown twice"));
        }
        if waiting > 100 {
            self.break_rule("I9", format!("{waiting} messages wait"));
        }
    }
}
