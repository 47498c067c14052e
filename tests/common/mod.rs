//! The rig: a session and the simulator's backend on virtual time, with a network between them. It performs what the session
//! says, keeps what it saves, mirrors what it shows, and holds it to its word at every step: one socket at a time, none with a token
//! at its end, one token request at a time, nothing asked for while offline, no spinning. Nothing here knows the wire: frames pass as bytes.
#![allow(
    dead_code,
    unused_imports,
    unreachable_pub,
    clippy::struct_excessive_bools,
    clippy::unwrap_used,
    reason = "a rig: each test file uses its own part of it"
)]

mod endpoint;
mod link;
mod mint;

use std::collections::BTreeMap;

use chat_proto::config::{Config, Settings};
use chat_proto::dialect::Renewal;
use chat_proto::io::{
    Command, Connectivity, Event, Input, NetError, Output, Request, RequestId, Response, SocketEvent, SocketId,
    TimelineDiff,
};
use chat_proto::json::Value;
use chat_proto::message::{Content, Inbound, Item, LocalId, Notice, SendState};
use chat_proto::phase::ConnectionStatus;
use chat_proto::problem::{Advice, Problem};
use chat_proto::session::Session;
use chat_proto::snapshot::Snapshot;
use chat_proto::time::{Instant, Now, Timestamp};
use simulator::{Action, Backend, Connection, DEMO_DEPLOYMENT, Delivery, Direction, Kind};

pub use endpoint::{Endpoint, Reply};
use link::Links;
use mint::Mint;

pub const ORIGIN: &str = "https://shop.example";
const TOKEN_URL: &str = "https://shop.example/api/genesys/refresh";
const BACKEND: &str = "http://127.0.0.1:9000";
/// 2026-10-05T09:00:00Z, when every run begins.
const EPOCH: u64 = 1_791_190_800_000;

/// Small, seeded, and not the session's own.
#[derive(Clone)]
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x5851_f42d_4c95_7f2d)
    }

    pub fn roll(&mut self, bound: u64) -> u64 {
        // Marsaglia's xorshift64.
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound.max(1)
    }

    pub fn chance(&mut self, percent: u64) -> bool {
        self.roll(100) < percent
    }
}

enum Happening {
    Opened(SocketId, String),
    ToBackend(Connection, String),
    ToSession(SocketId, SocketEvent),
    Gone(Connection),
    Ask(RequestId, Request),
    Answer(RequestId, Result<Response, NetError>),
    Minted(RequestId, String),
}

pub struct Rig {
    pub backend: Backend,
    pub endpoint: Endpoint,
    pub mint: Mint,
    pub session: Session,
    /// What storage holds.
    pub saved: Snapshot,
    /// The screen.
    pub items: Vec<Item>,
    pub status: ConnectionStatus,
    /// What the visitor is told to do.
    pub advice: Option<Advice>,
    pub statuses: Vec<ConnectionStatus>,
    pub unread: u32,
    pub agent_types: bool,
    pub said: Vec<Item>,
    pub problems: Vec<Problem>,
    /// The places in line for an agent that were told, with the estimate of the wait.
    pub places: Vec<(u32, Option<u32>)>,
    pub draft: Option<String>,
    /// The composer holds back what is written.
    pub is_full: bool,
    pub reopened: bool,
    pub has_more: bool,
    pub is_loading: bool,
    /// When which page of history was asked for, by its number.
    pub pages_asked: Vec<(u64, u32)>,
    /// Every frame that the session handed to a socket, as text.
    pub frames: Vec<String>,
    /// Where something was asked by HTTP, and with which `traceparent`.
    pub told: Vec<(String, Option<String>)>,
    /// When this page handed a frame of which kind to a socket, in the last minute.
    lately: Vec<(u64, &'static str)>,
    /// Since when a message is shown as being sent.
    sending: BTreeMap<LocalId, u64>,
    /// The longest that one was.
    pub longest_sending: u64,
    /// How many sockets were opened.
    pub sockets: u32,
    /// How many times a snapshot was saved.
    pub saves: u32,
    /// Timers fire so late: a throttled page.
    pub timer_lag: u64,
    /// How far the visitor's wall clock is off.
    pub wall_skew: i64,
    /// One way, in milliseconds; drawn from this range for each packet.
    pub latency: (u64, u64),
    config: Config,
    seed: u64,
    now: u64,
    dice: Dice,
    links: Links,
    queue: BTreeMap<(u64, u64), Happening>,
    scheduled: u64,
    is_offline: bool,
    open_token_requests: u32,
    pages: u64,
    timeouts_at: (u64, u32),
    is_traced: bool,
}

impl Rig {
    /// A page with a token endpoint and a backend without quotas or agent.
    pub fn new(seed: u64) -> Self {
        Self::with(seed, simulator::Settings::quiet(), true)
    }

    /// A page without a token endpoint.
    pub fn without_endpoint(seed: u64) -> Self {
        Self::with(seed, simulator::Settings::quiet(), false)
    }

    pub fn with(seed: u64, settings: simulator::Settings, has_endpoint: bool) -> Self {
        Self::on("web-messaging", seed, settings, has_endpoint)
    }

    /// A page that speaks this dialect.
    pub fn on(dialect: &str, seed: u64, settings: simulator::Settings, has_endpoint: bool) -> Self {
        Self::configured(seed, settings, |page| {
            page.dialect = Some(dialect.into());
            page.token_url = has_endpoint.then(|| TOKEN_URL.into());
        })
    }

    /// A page with these settings of its own beside those that every page has.
    pub fn configured(seed: u64, settings: simulator::Settings, set: impl FnOnce(&mut Settings)) -> Self {
        let mut page = Settings {
            deployment_id: Some(DEMO_DEPLOYMENT.into()),
            endpoint: Some(BACKEND.into()),
            token_url: Some(TOKEN_URL.into()),
            page_origin: ORIGIN.into(),
            ..Settings::default()
        };
        set(&mut page);
        let config = Config::new(&page).unwrap();
        let session = Session::new(config.clone(), Snapshot::default(), seed);
        let mut rig = Self {
            backend: Backend::new(settings, seed),
            endpoint: Endpoint::default(),
            mint: Mint::default(),
            session,
            saved: Snapshot::default(),
            items: Vec::new(),
            status: ConnectionStatus::Idle,
            advice: None,
            statuses: Vec::new(),
            unread: 0,
            agent_types: false,
            said: Vec::new(),
            problems: Vec::new(),
            places: Vec::new(),
            draft: None,
            is_full: false,
            reopened: false,
            has_more: false,
            is_loading: false,
            pages_asked: Vec::new(),
            frames: Vec::new(),
            told: Vec::new(),
            lately: Vec::new(),
            sending: BTreeMap::new(),
            longest_sending: 0,
            sockets: 0,
            saves: 0,
            timer_lag: 0,
            wall_skew: 0,
            latency: (20, 60),
            config,
            seed,
            now: 1_000,
            dice: Dice::new(seed),
            links: Links::default(),
            queue: BTreeMap::new(),
            scheduled: 0,
            is_offline: false,
            open_token_requests: 0,
            pages: 0,
            timeouts_at: (0, 0),
            is_traced: std::env::var_os("STORM_TRACE").is_some(),
        };
        let outputs = rig.session.start(rig.clocks());
        assert_eq!(outputs, [], "a fresh page does nothing at all");
        rig
    }

    // ── what a test says ──

    /// Opens the panel and waits until messages flow.
    pub fn online(mut self) -> Self {
        self.say(Command::Open);
        self.run_until("online", |rig| rig.status == ConnectionStatus::Online);
        self
    }

    pub fn say(&mut self, command: Command) {
        self.hand_in(Input::Command(command));
    }

    pub fn send(&mut self, text: &str) {
        self.say(Command::Send(text.into()));
    }

    pub fn hand_in(&mut self, input: Input) {
        self.trace("in ", &input);
        let outputs = self.session.handle_input(self.clocks(), input);
        self.perform(outputs);
        let stuck = self.sending.values().find(|since| self.now - **since > 15_000);
        assert_eq!(stuck, None, "seed {}: sending for ever", self.seed);
    }

    pub fn go_offline(&mut self) {
        self.is_offline = true;
        self.hand_in(Input::Network(Connectivity::Offline));
    }

    pub fn go_online(&mut self) {
        self.is_offline = false;
        self.hand_in(Input::Network(Connectivity::Online));
    }

    /// Cuts every connection without a close handshake.
    pub fn cut(&mut self) {
        self.close_all(1006);
    }

    /// The backend closes every connection with this code.
    pub fn close_all(&mut self, code: u16) {
        let actions = self.backend.close_all(self.wall(), code, "");
        self.act(actions);
    }

    /// Something that the backend does by itself: `rig.backend_does(|backend, now| backend.agent_says(now, …))`.
    pub fn backend_does(&mut self, lever: impl FnOnce(&mut Backend, u64) -> Vec<Action>) {
        let now = self.backend_now();
        let actions = lever(&mut self.backend, now);
        self.act(actions);
    }

    pub fn agent_says(&mut self, text: &str) {
        let token = self.token();
        self.backend_does(|backend, now| backend.agent_says(now, &token, text));
    }

    /// The page is reloaded, or crashes and is opened again: only what was saved is left.
    pub fn reload(&mut self) {
        self.trace("───", &"reload");
        for connection in self.links.connections() {
            self.later(30, Happening::Gone(connection));
        }
        self.links = self.links.reloaded();
        self.queue.retain(|_, happening| matches!(happening, Happening::ToBackend(..) | Happening::Gone(_)));
        self.lately.clear();
        self.sending.clear();
        self.open_token_requests = 0;
        self.pages += 1;
        self.items.clear();
        self.unread = 0;
        self.agent_types = false;
        self.draft = None;
        self.is_full = false;
        self.reopened = false;
        self.status = ConnectionStatus::Idle;
        let seed = self.seed ^ (self.pages << 32);
        self.session = Session::new(self.config.clone(), self.saved.clone(), seed);
        if self.is_offline {
            self.hand_in(Input::Network(Connectivity::Offline));
        }
        let outputs = self.session.start(self.clocks());
        self.perform(outputs);
    }

    /// Lets this much time pass.
    pub fn run_for(&mut self, span: u64) {
        let end = self.now + span;
        while self.step(end) {}
        self.now = end;
    }

    /// The page does nothing for so long, and then everything at once. What arrived meanwhile was kept for it.
    pub fn sleep(&mut self, span: u64) {
        self.now += span;
    }

    /// Lets time pass until this holds. Fails after ten minutes.
    pub fn run_until(&mut self, what: &str, holds: impl Fn(&Self) -> bool) {
        let end = self.now + 600_000;
        while !holds(self) {
            assert!(self.step(end), "seed {}: never {what}; {:?}", self.seed, self.status);
        }
    }

    // ── what a test looks at ──

    pub fn now(&self) -> u64 {
        self.now
    }

    /// The session's token, as the backend knows it.
    pub fn token(&self) -> String {
        self.backend.sessions().last().expect("a session").token.clone()
    }

    /// The texts that the backend has accepted from the visitor, in order.
    pub fn accepted(&self) -> Vec<String> {
        self.accepted_of(&self.token())
    }

    pub fn accepted_of(&self, token: &str) -> Vec<String> {
        let rows = self.backend.transcript(token).into_iter();
        rows.filter(|row| row.direction == Direction::Inbound && row.kind == Kind::Message)
            .map(|row| row.text)
            .collect()
    }

    /// Every text on the screen with its state (`agent` for the other side), in order.
    pub fn screen(&self) -> Vec<(String, &'static str)> {
        self.items
            .iter()
            .filter_map(|item| match &item.content {
                Content::Inbound(message) => Some((message.text.clone(), message.state.word())),
                Content::Outbound(message) => Some((message.text.clone(), "agent")),
                Content::Notice(_) => None,
            })
            .collect()
    }

    pub fn state_of(&self, text: &str) -> SendState {
        let find = |item: &Item| match &item.content {
            Content::Inbound(message) if message.text == text => Some(message.state),
            _ => None,
        };
        self.items.iter().find_map(find).unwrap_or_else(|| panic!("no message {text:?} in {:?}", self.screen()))
    }

    pub fn local_id_of(&self, text: &str) -> LocalId {
        let find = |item: &Item| match &item.content {
            Content::Inbound(message) if message.text == text => message.local_id.clone(),
            _ => None,
        };
        self.items.iter().find_map(find).unwrap_or_else(|| panic!("no message {text:?} of ours"))
    }

    /// How often it is said that messages may be missing.
    pub fn gaps(&self) -> usize {
        self.items.iter().filter(|item| item.content == Content::Notice(Notice::Gap)).count()
    }

    /// The page hears this frame on its latest socket, whoever said it.
    pub fn hear(&mut self, frame: &str) {
        let frame = serde_json::from_str(frame).expect("JSON");
        self.hand_in(Input::Socket(SocketId(self.sockets), SocketEvent::Frame(frame)));
    }

    /// How many frames with this action were handed to a socket.
    pub fn frames_with(&self, needle: &str) -> usize {
        self.frames.iter().filter(|frame| frame.contains(needle)).count()
    }

    /// With `STORM_TRACE` set, every word in and out is printed.
    fn trace(&self, way: &str, word: &impl std::fmt::Debug) {
        if self.is_traced {
            eprintln!("{:>8} {way} {word:?}", self.now);
        }
    }

    // ── time ──

    fn wall(&self) -> u64 {
        EPOCH + self.now
    }

    /// The backend's clock is the true one.
    fn backend_now(&self) -> u64 {
        self.wall()
    }

    fn clocks(&self) -> Now {
        let wall = self.wall().saturating_add_signed(self.wall_skew);
        Now { mono: Instant(self.now), wall: Timestamp(wall) }
    }

    fn later(&mut self, span: u64, happening: Happening) {
        self.at(self.now + span, happening);
    }

    fn at(&mut self, at: u64, happening: Happening) {
        self.scheduled += 1;
        self.queue.insert((at, self.scheduled), happening);
    }

    fn one_way(&mut self) -> u64 {
        let (least, most) = self.latency;
        least + self.dice.roll(most - least + 1)
    }

    /// Does the next thing that is due before `end`, and moves time there. False if there is none.
    fn step(&mut self, end: u64) -> bool {
        let packet = self.queue.first_key_value().map(|((at, _), _)| *at);
        let due = self.backend.next_due().map(|at| at.saturating_sub(EPOCH).max(self.now));
        let timer = self.session.deadline().map(|Instant(at)| at.saturating_add(self.timer_lag).max(self.now));
        let Some(next) = [packet, due, timer].into_iter().flatten().min().filter(|at| *at <= end) else {
            return false;
        };
        self.now = self.now.max(next);
        if packet == Some(next) {
            let (_, happening) = self.queue.pop_first().expect("just seen");
            self.happen(happening);
        } else if due == Some(next) {
            let actions = self.backend.advance(self.backend_now());
            self.act(actions);
        } else {
            self.watch_for_spinning();
            self.hand_in(Input::Timeout);
        }
        true
    }

    fn watch_for_spinning(&mut self) {
        let (at, count) = self.timeouts_at;
        self.timeouts_at = if at == self.now { (at, count + 1) } else { (self.now, 1) };
        assert!(self.timeouts_at.1 < 20, "seed {}: the session spins at {}", self.seed, self.now);
    }

    fn happen(&mut self, happening: Happening) {
        match happening {
            Happening::Opened(id, target) => {
                let Some(connection) = self.links.connection(id) else { return };
                let refused = self.is_offline
                    || self.backend.upgrade_to(self.backend_now(), connection, &target, Some(ORIGIN)).is_err();
                if refused {
                    self.links.forget(id);
                    self.hand_in(Input::Socket(id, SocketEvent::Closed { code: 1006 }));
                } else {
                    self.hand_in(Input::Socket(id, SocketEvent::Opened));
                }
            }
            Happening::ToBackend(connection, frame) => {
                let actions = self.backend.receive(self.backend_now(), connection, &frame);
                self.act(actions);
            }
            Happening::ToSession(id, event) => {
                if self.links.connection(id).is_none() {
                    return;
                }
                if matches!(event, SocketEvent::Closed { .. }) {
                    self.links.forget(id);
                }
                self.hand_in(Input::Socket(id, event));
            }
            Happening::Gone(connection) => self.backend.disconnect(self.backend_now(), connection),
            Happening::Ask(id, request) => self.ask(id, &request),
            Happening::Answer(id, result) => self.hand_in(Input::Response(id, result)),
            Happening::Minted(id, token) => self.hand_in(Input::Minted(id, token.into())),
        }
    }

    // ── the network ──

    fn act(&mut self, actions: Vec<Action>) {
        for action in actions {
            let Some(id) = self.links.socket(action.connection()) else { continue };
            let event = match action {
                Action::Send { frame, .. } => {
                    SocketEvent::Frame(serde_json::from_str(&frame).expect("the backend's JSON"))
                }
                Action::Close { code, .. } => SocketEvent::Closed { code },
                Action::Drop { .. } => SocketEvent::Closed { code: 1006 },
            };
            let wait = self.one_way();
            let at = self.links.arrival(id, self.now + wait);
            self.at(at, Happening::ToSession(id, event));
        }
    }

    fn ask(&mut self, id: RequestId, request: &Request) {
        let wait = self.one_way();
        if request.url == TOKEN_URL {
            self.open_token_requests -= 1;
            let dialect = self.config.dialect().habits().name;
            let mut answer = self.endpoint.answer(request, self.now);
            if dialect != "web-messaging"
                && let Ok(Response { status: 200, body: Some(body), .. }) = &mut answer
                && body.at("expires_in").as_u64().is_some()
            {
                let asked = request.body.as_ref().expect("a body");
                assert_eq!(asked.at("dialect").as_str(), Some(dialect));
                let (is_new, now) = (asked.at("session").as_str() == Some("new"), self.backend_now());
                let (grant, life) = self.mint.grant(&mut self.backend, now, dialect, is_new);
                self.endpoint.granted(self.now, life);
                *body = grant;
            }
            let wait = if answer == Err(NetError::Timeout) { request.timeout } else { wait };
            return self.later(wait, Happening::Answer(id, answer));
        }
        let target = request.url.strip_prefix(BACKEND).unwrap_or_else(|| panic!("asked elsewhere: {}", request.url));
        let page = target.split_once("pageNumber=").and_then(|(_, rest)| rest.split('&').next()?.parse().ok());
        self.pages_asked.extend(page.map(|page| (self.now, page)));
        let mut asked = simulator::Request::get(target, ORIGIN);
        if let Some(body) = &request.body {
            asked.method = "POST".into();
            asked.body = serde_json::to_string(body).expect("JSON");
        }
        asked.headers.authorization.clone_from(&request.authorization);
        let answer = self.backend.request(self.backend_now(), &asked);
        let due = self.backend.advance(self.backend_now());
        self.act(due);
        let held = match answer.delivery {
            Delivery::Now => 0,
            Delivery::After(span) => span,
            Delivery::Never => return self.later(request.timeout, Happening::Answer(id, Err(NetError::Timeout))),
        };
        if held + wait > request.timeout {
            return self.later(request.timeout, Happening::Answer(id, Err(NetError::Timeout)));
        }
        let retry_after = answer.headers.get("retry-after").and_then(|value| value.parse::<u64>().ok());
        let response = Response {
            status: answer.status,
            retry_after: retry_after.map(|seconds| seconds * 1_000),
            body: serde_json::from_str(&answer.body).ok(),
        };
        self.later(held + wait, Happening::Answer(id, Ok(response)));
    }

    fn perform(&mut self, outputs: Vec<Output>) {
        for output in outputs {
            self.trace("out", &output);
            match output {
                Output::MintToken(id) => {
                    let token = format!("own-{}-{}", self.seed, self.scheduled);
                    self.later(0, Happening::Minted(id, token));
                }
                Output::Request(id, request) => {
                    assert!(!self.is_offline, "seed {}: asked {} while offline", self.seed, request.url);
                    self.told.push((request.url.clone(), request.trace.clone()));
                    if request.url == TOKEN_URL {
                        assert_eq!(self.open_token_requests, 0, "seed {}: two token requests at once", self.seed);
                        self.open_token_requests += 1;
                    }
                    let wait = self.one_way();
                    self.later(wait, Happening::Ask(id, request));
                }
                Output::OpenSocket(id, url) => {
                    assert!(!self.is_offline, "seed {}: opened a socket while offline", self.seed);
                    let target = url.strip_prefix("ws://127.0.0.1:9000").expect("the simulator").to_owned();
                    let habits = self.config.dialect().habits();
                    assert!(target.starts_with(habits.path), "{target}");
                    // One at a time; where a new token needs a new one, that is there before the other one goes.
                    let may_be_two = habits.renewal == Renewal::Replacement || !habits.answers_probes;
                    let most = usize::from(may_be_two || self.mint.has_forgotten);
                    assert!(self.links.open() <= most, "seed {}: too many sockets at once", self.seed);
                    let has_token = self.config.token_url.is_none() || self.endpoint.is_good(self.now);
                    assert!(has_token, "seed {}: opened a socket with a token at its end", self.seed);
                    self.sockets += 1;
                    self.links.add(id);
                    let wait = self.one_way();
                    self.later(wait, Happening::Opened(id, target));
                }
                Output::SendFrame(id, frame) => {
                    let text = serde_json::to_string(&frame).expect("JSON");
                    self.hold_to_its_rates(&text);
                    self.frames.push(text.clone());
                    let connection = self.links.connection(id);
                    let connection = connection.unwrap_or_else(|| panic!("seed {}: sent to a dead socket", self.seed));
                    let wait = self.one_way();
                    let at = self.links.departure(id, self.now + wait);
                    self.at(at, Happening::ToBackend(connection, text));
                }
                Output::CloseSocket(id) => {
                    if let Some(connection) = self.links.connection(id) {
                        let at = self.links.departure(id, self.now + 1);
                        self.at(at, Happening::Gone(connection));
                    }
                    self.links.forget(id);
                }
                Output::Save(snapshot) => {
                    self.saves += 1;
                    self.saved = snapshot;
                }
                Output::Event(event) => self.show(event),
                Output::QueueLock | Output::StealLock | Output::ReleaseLock | Output::Post(_) | Output::LetGo => {
                    panic!("seed {}: a session has no tabs", self.seed)
                }
            }
        }
    }

    /// Fifty frames a minute in all, two of them health checks; two texts a second; a sign of typing in five seconds.
    fn hold_to_its_rates(&mut self, frame: &str) {
        let kinds = [r#""action":"echo""#, r#""type":"Text""#, r#""eventType":"Typing""#];
        let kind = kinds.into_iter().find(|kind| frame.contains(kind)).unwrap_or_default();
        self.lately.retain(|(at, _)| self.now - at < 60_000);
        self.lately.push((self.now, kind));
        let count = |kind: &str, span: u64| {
            self.lately.iter().filter(|(at, it)| self.now - at < span && (*it == kind || kind.is_empty())).count()
        };
        for (kind, span, most) in [("", 60_000, 50), (kinds[0], 60_000, 2), (kinds[1], 1_000, 2), (kinds[2], 5_000, 1)]
        {
            assert!(count(kind, span) <= most, "seed {}: more than {most} {kind} frames in {span} ms", self.seed);
        }
    }

    /// Since when it is being sent. That this is never more than fifteen seconds is looked at after every input.
    fn follow_sending(&mut self, item: &Item) {
        if let Content::Inbound(Inbound { local_id: Some(id), state, .. }) = &item.content {
            if *state == SendState::Sending {
                self.sending.entry(id.clone()).or_insert(self.now);
            } else if let Some(since) = self.sending.remove(id) {
                self.longest_sending = self.longest_sending.max(self.now - since);
            }
        }
    }

    fn show(&mut self, event: Event) {
        match event {
            Event::Status(status, advice) => {
                let is_new = (self.status, self.advice) != (status, advice);
                assert!(is_new, "seed {}: the same status was told twice", self.seed);
                if self.status != status {
                    self.statuses.push(status);
                }
                (self.status, self.advice) = (status, advice);
            }
            Event::Timeline(diff) => self.mirror(diff),
            Event::Said(item) => self.said.push(item),
            Event::Typing(types) => self.agent_types = types,
            Event::Unread(count) => self.unread = count,
            Event::History { has_more, is_loading, .. } => (self.has_more, self.is_loading) = (has_more, is_loading),
            Event::Draft(text) => self.draft = Some(text),
            Event::Full(is_full) => self.is_full = is_full,
            Event::Panel(is_open) => self.reopened = is_open,
            Event::Queue { position, wait } => self.places.push((position, wait)),
            Event::Problem(problem) => self.problems.push(problem),
        }
    }

    fn mirror(&mut self, diff: TimelineDiff) {
        if let TimelineDiff::Insert { item, .. } | TimelineDiff::Set { item, .. } | TimelineDiff::Move { item, .. } =
            &diff
        {
            self.follow_sending(item);
        }
        match diff {
            TimelineDiff::Reset(items) => self.items = items,
            TimelineDiff::Insert { index, item } => self.items.insert(index, item),
            TimelineDiff::Set { index, item } => {
                assert_eq!(self.items[index].key, item.key);
                self.items[index] = item;
            }
            TimelineDiff::Move { from, to, item } => {
                assert_eq!(self.items.remove(from).key, item.key);
                self.items.insert(to, item);
            }
            TimelineDiff::Remove { index } => {
                self.items.remove(index);
            }
        }
    }
}
