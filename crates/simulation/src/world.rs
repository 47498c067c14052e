//! The world: pages, network, backend, token endpoint, storage and clocks, in one process on virtual time. This file holds the state
//! and the passing of time; `world/` does things by subject. The same schedule gives the same run, to the last byte.

mod account;
mod happen;
mod heal;
mod perform;
mod strike;
mod tabs;
mod tokens;
mod watch;
mod wires;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::rc::Rc;

use chat_proto::config::{Config, Settings};
use chat_proto::dialect::Habits;
use chat_proto::io::{Connectivity, Input, NetError, Output, Request, RequestId, Response, SocketEvent};
use chat_proto::json::Value;
use chat_proto::time::{Instant, Now, Timestamp};
use simulator::{Backend, Connection, DEMO_DEPLOYMENT};

use crate::client::{Client, Kind};
use crate::dice::{Dice, Digest};
use crate::disk::{Disk, View};
use crate::endpoint::Endpoint;
use crate::ledger::Ledger;
use crate::locks::Lock;
use crate::network::Network;
use crate::oracle::Oracle;
use crate::page::{Page, Record};
use crate::run::{Breach, Tally};
use crate::schedule::{Schedule, Setting};
use crate::screen::Screen;

pub use heal::Damage;

const ORIGIN: &str = "https://shop.example";
const TOKEN_URL: &str = "https://shop.example/api/genesys/refresh";
const BACKEND: &str = "http://127.0.0.1:9000";
const SOCKETS: &str = "ws://127.0.0.1:9000";
/// 2026-10-05T09:00:00Z, when every run begins.
const EPOCH: u64 = 1_791_190_800_000;
/// How long a frame may linger in the network after its socket was closed, in milliseconds.
const LINGER: u64 = 2_500;

pub(crate) struct World {
    kind: Kind,
    setting: Setting,
    seed: u64,
    config: Config,
    /// True time, in milliseconds since the run began.
    now: u64,
    /// The monotonic clock has stood still for so long.
    stood_still: u64,
    /// How far the visitor's wall clock is off.
    skew: i64,
    /// It was set at all.
    has_skewed: bool,
    /// The machine sleeps until then.
    asleep_until: u64,
    is_offline: bool,
    /// Packets take up to so long until then.
    slow: (u64, u64),
    dice: Dice,
    backend: Backend,
    endpoint: Endpoint,
    network: Network,
    disk: Disk,
    /// What storage was last looked at: its revision, and how many messages had been written.
    storage_seen: (u64, usize),
    lock: Lock,
    /// The last page that was granted the lock.
    last_leader: u32,
    /// Posts between tabs are lost until then.
    posts_lost_until: u64,
    /// Storage works again from then on.
    disk_well_at: u64,
    tabs: Vec<Option<Page>>,
    pages: u32,
    queue: BTreeMap<(u64, u64), Happening>,
    scheduled: u64,
    /// The number of what is happening now.
    turn: u64,
    /// The numbers of what was put off because its page did nothing: it keeps its turn however often that is.
    put_off: BTreeSet<u64>,
    pub(crate) oracle: Oracle,
    ledger: Ledger,
    /// The tokens that were said on a connection each.
    spent: BTreeSet<String>,
    agent_said: u64,
    /// The line by which every screen has to prove, after the healing, that it hears; and when it was said.
    proof: Option<(u64, u64)>,
    /// How often the visitor has changed what stands in a composer.
    drafts: u64,
    /// How often something was told that names what went wrong, in any tab.
    problems: u64,
    /// Until then, something that was told or done may still legitimately hold the client back.
    patience: u64,
    /// The kind of each rule that was handed to the backend, in order.
    rules: Vec<u8>,
    /// A page was frozen for a while.
    has_frozen: bool,
    /// When each frame was handed to a socket.
    sent_at: VecDeque<u64>,
    pub(crate) breach: Option<Breach>,
    pub(crate) tally: Tally,
    digest: Option<Digest>,
    pub(crate) trace: Option<Vec<String>>,
}

/// Something that is under way.
enum Happening {
    Opened(Connection),
    ToBackend(Connection, String),
    ToPage(Connection, Arrival),
    Gone(Connection),
    Ask(u32, RequestId, Request),
    Answer(u32, RequestId, Result<Response, NetError>),
    Minted(u32, RequestId, String),
    Tell(u32, Input),
    /// A post of another tab's.
    Heard(u32, Rc<Value>),
    /// The lock is this page's, if it still wants it.
    Granted(u32),
    /// The lock was taken from this page.
    Lost(u32),
    /// The storage recovers.
    DiskIsWell,
    /// The page that was in this tab comes back out of the cache.
    Back(usize),
}

/// What comes in on a socket.
enum Arrival {
    Frame(String),
    Closed(u16),
}

impl World {
    pub(crate) fn new(schedule: &Schedule, kind: Kind, is_digested: bool, is_traced: bool) -> Self {
        let setting = schedule.setting;
        let config = Config::new(&Settings {
            deployment_id: Some(DEMO_DEPLOYMENT.into()),
            endpoint: Some(BACKEND.into()),
            token_url: setting.has_endpoint.then(|| TOKEN_URL.into()),
            page_origin: ORIGIN.into(),
            dialect: Some(setting.dialect.into()),
            ..Settings::default()
        })
        .expect("settings that are right");
        Self {
            kind,
            setting,
            seed: schedule.seed,
            config,
            now: 1_000,
            stood_still: 0,
            skew: 0,
            has_skewed: false,
            asleep_until: 0,
            is_offline: false,
            slow: (0, 0),
            dice: Dice::new(schedule.seed ^ 0x5eed),
            backend: Backend::new(simulator::Settings::quiet(), schedule.seed),
            endpoint: Endpoint::new(setting, schedule.seed),
            network: Network::default(),
            disk: Disk::default(),
            storage_seen: (0, 0),
            lock: Lock::default(),
            last_leader: 0,
            posts_lost_until: 0,
            disk_well_at: 0,
            tabs: (0..setting.tabs).map(|_| None).collect(),
            pages: 0,
            queue: BTreeMap::new(),
            scheduled: 0,
            turn: 0,
            put_off: BTreeSet::new(),
            oracle: Oracle::default(),
            ledger: Ledger::default(),
            spent: BTreeSet::new(),
            agent_said: 0,
            proof: None,
            drafts: 0,
            problems: 0,
            patience: 0,
            rules: Vec::new(),
            has_frozen: false,
            sent_at: VecDeque::new(),
            breach: None,
            tally: Tally::default(),
            digest: is_digested.then(Digest::default),
            trace: is_traced.then(Vec::new),
        }
    }

    /// All that went in and came out, in 64 bits.
    pub(crate) fn digest(&self) -> u64 {
        self.digest.map_or(0, |digest| digest.0)
    }

    fn habits(&self) -> &'static Habits {
        self.config.dialect().habits()
    }

    // ── time ──

    /// The backend's clock is the true one.
    fn true_wall(&self) -> u64 {
        EPOCH + self.now
    }

    fn mono(&self) -> u64 {
        self.now.saturating_sub(self.stood_still)
    }

    /// The clocks as pages see them.
    fn clocks(&self) -> Now {
        let wall = self.true_wall().saturating_add_signed(self.skew);
        Now { mono: Instant(self.mono()), wall: Timestamp(wall) }
    }

    fn later(&mut self, span: u64, happening: Happening) {
        self.at(self.now + span, happening);
    }

    fn at(&mut self, at: u64, happening: Happening) {
        self.scheduled += 1;
        self.queue.insert((at, self.scheduled), happening);
    }

    /// Lets it happen when its page does something again, after what has waited for that before.
    fn put_off(&mut self, until: u64, happening: Happening) {
        let mut turn = self.turn;
        if !self.put_off.contains(&turn) || self.queue.contains_key(&(until, turn)) {
            self.scheduled += 1;
            turn = self.scheduled;
            self.put_off.insert(turn);
        }
        self.queue.insert((until, turn), happening);
    }

    fn one_way(&mut self) -> u64 {
        let (least, most) = self.setting.latency;
        let most = if self.now < self.slow.1 { most.max(self.slow.0) } else { most };
        self.dice.between(least, most)
    }

    /// Lets this much time pass, or less if something is broken.
    pub(crate) fn run_for(&mut self, span: u64) {
        let end = self.now + span;
        while self.breach.is_none() && self.step(end) {
            self.watch();
        }
        self.now = self.now.max(end);
    }

    /// Does the next thing that is due by `end`, and moves time there. False if there is none.
    fn step(&mut self, end: u64) -> bool {
        let packet = self.queue.first_key_value().map(|((at, _), _)| (*at).max(self.now));
        let due = self.backend.next_due().map(|at| at.saturating_sub(EPOCH).max(self.now));
        let timer = self.next_timer();
        let next = [packet, due, timer.map(|(at, _)| at)].into_iter().flatten().min();
        let Some(next) = next.filter(|at| *at <= end) else { return false };
        self.now = next;
        if packet == Some(next) {
            if let Some(((_, turn), happening)) = self.queue.pop_first() {
                self.turn = turn;
                self.happen(happening);
                self.turn = 0;
            }
        } else if due == Some(next) {
            let actions = self.backend.advance(self.true_wall());
            self.act(actions);
        } else if let Some((_, page)) = timer {
            self.watch_for_spinning(page);
            self.hand_in(page, Input::Timeout);
        }
        true
    }

    /// The next timer of any page, and whose.
    fn next_timer(&self) -> Option<(u64, u32)> {
        let timers = self.tabs.iter().flatten().filter_map(|page| {
            let Instant(at) = page.client.deadline()?;
            let at = page.fires_at(at.saturating_add(self.stood_still)).max(self.now).max(self.asleep_until);
            Some((at, page.number))
        });
        timers.min()
    }

    // ── pages ──

    fn page(&mut self, number: u32) -> Option<&mut Page> {
        self.tabs.iter_mut().flatten().find(|page| page.number == number)
    }

    /// The page in this tab, opened if it is not there.
    fn page_in(&mut self, tab: usize) -> u32 {
        match self.tabs.get(tab).and_then(Option::as_ref) {
            Some(page) => page.number,
            None => self.open_page(tab),
        }
    }

    fn open_page(&mut self, tab: usize) -> u32 {
        self.pages += 1;
        let number = self.pages;
        let seed = self.seed ^ (u64::from(number) << 32);
        let client = Client::new(self.kind, self.config.clone(), seed);
        self.tabs[tab] = Some(Page {
            number,
            tab,
            client,
            screen: Screen::default(),
            frozen_until: 0,
            throttle: 0,
            lag: 0,
            is_told_offline: false,
            token_request: None,
            timeouts: (0, 0),
            record: Record::default(),
        });
        self.note(|| format!("tab {tab}: page {number} is loaded"));
        if self.disk.is_denied {
            self.mourn();
        }
        if self.is_offline {
            self.hand_in(number, Input::Network(Connectivity::Offline));
        }
        let Some(page) = self.tabs[tab].as_mut() else { return number };
        let outputs = page.client.start(View { disk: &mut self.disk, tab });
        self.perform(number, outputs);
        number
    }

    /// The page is no more; its sockets are found closed a little later.
    fn end_page(&mut self, tab: usize) {
        if tab >= self.tabs.len() {
            return;
        }
        self.read_journal(tab);
        let Some(page) = self.tabs.get_mut(tab).and_then(Option::take) else { return };
        self.note(|| format!("tab {tab}: page {} is gone", page.number));
        self.forgive_stale();
        self.mourn();
        self.release_lock(page.number);
        for connection in self.network.forget_page(page.number) {
            self.forget_stragglers(connection);
            self.later(30, Happening::Gone(connection));
        }
    }

    /// What is still under way when its socket is closed arrives soon, or never: no client could tell for how long a text may linger in
    /// the network, and the time for which history is not believed is made for this much.
    fn forget_stragglers(&mut self, connection: Connection) {
        let soon = self.now + LINGER;
        self.queue.retain(|(at, _), happening| {
            *at <= soon || !matches!(happening, Happening::ToBackend(of, _) if *of == connection)
        });
        self.backend.lose_delayed(connection);
    }

    /// Hands an input to a page, now, and performs what it says. A page that is frozen hears of it when it thaws.
    fn hand_in(&mut self, number: u32, input: Input) {
        let (now, asleep_until, true_now) = (self.clocks(), self.asleep_until, self.now);
        let Some(page) = self.page(number) else { return };
        let later = page.frozen_until.max(asleep_until);
        if later > true_now {
            return self.put_off(later, Happening::Tell(number, input));
        }
        if let Input::Network(network) = input {
            page.is_told_offline = network == Connectivity::Offline;
        }
        let tab = page.tab;
        if let Some(digest) = &mut self.digest {
            digest.input(now, number, &input);
        }
        if self.trace.is_some() {
            let words = format!("tab {tab} <- {}", told(&input));
            self.note(|| words);
        }
        self.watch_input(number, &input);
        self.note_blindness(number, &input);
        let Some(page) = self.tabs[tab].as_mut() else { return };
        let outputs = page.client.handle_input(now, input, View { disk: &mut self.disk, tab });
        self.perform(number, outputs);
    }

    fn note(&mut self, words: impl FnOnce() -> String) {
        let now = self.now;
        if let Some(trace) = &mut self.trace {
            trace.push(format!("{:>9}.{:03}  {}", now / 1_000, now % 1_000, words()));
        }
    }

    /// Something that must never be.
    fn break_rule(&mut self, rule: &'static str, words: impl Into<String>) {
        if self.breach.is_none() && self.kind == Kind::Real {
            let breach = Breach { rule, words: words.into(), at: self.now };
            self.note(|| format!("BROKEN {rule}: {}", breach.words));
            self.breach = Some(breach);
        }
    }
}

/// An input in words; frames as they are on the wire.
fn told(input: &Input) -> String {
    match input {
        Input::Socket(id, SocketEvent::Frame(frame)) => {
            format!("socket {}: {}", id.0, serde_json::to_string(frame).unwrap_or_default())
        }
        other => format!("{other:?}"),
    }
}

/// An output in words.
fn told_out(output: &Output) -> String {
    match output {
        Output::SendFrame(id, frame) => {
            format!("socket {}: {}", id.0, serde_json::to_string(frame).unwrap_or_default())
        }
        other => format!("{other:?}"),
    }
}
