//! A browser with several tabs on virtual time: one lock, one channel, one storage, and the simulator's backend behind a network
//! that loses nothing. Time is what the tabs and the backend are told.

use std::collections::{BTreeMap, VecDeque};

use chat_proto::config::{Config, Settings};
use chat_proto::io::{
    Command, Connectivity, Event, Input, LockEvent, NetError, Output, RequestId, Response, SocketEvent, SocketId,
    TimelineDiff,
};
use chat_proto::json::Value;
use chat_proto::message::{Content, Item};
use chat_proto::phase::ConnectionStatus;
use chat_proto::problem::Advice;
use chat_proto::tab::{Area, Store, Tab};
use chat_proto::time::{Instant, Now, Timestamp};
use simulator::{Action, Backend, Connection, DEMO_DEPLOYMENT, Delivery, Direction, Kind};

const ORIGIN: &str = "https://shop.example";
const BACKEND: &str = "http://127.0.0.1:9000";
const EPOCH: u64 = 1_791_190_800_000;

#[expect(clippy::struct_excessive_bools, reason = "what the browser can and cannot, each on its own")]
pub struct Browser {
    pub tabs: Vec<Page>,
    pub storage: BTreeMap<String, Value>,
    pub backend: Backend,
    pub now: u64,
    /// There are locks.
    pub has_locks: bool,
    /// Nothing can be stored.
    pub is_denied: bool,
    /// Nothing that is posted arrives.
    pub is_deaf: bool,
    /// There is no network; said by [`Self::set_network`].
    is_offline: bool,
    /// What is to happen before anything else does.
    queue: VecDeque<(usize, Input)>,
    is_busy: bool,
    /// In line for the lock; the first holds it.
    line: VecDeque<usize>,
    connections: u64,
}

/// One tab, and what it shows.
pub struct Page {
    pub tab: Option<Tab>,
    /// It takes part in nothing: what comes to it waits.
    pub is_frozen: bool,
    waiting: Vec<Input>,
    own: BTreeMap<String, Value>,
    sockets: Vec<(SocketId, Connection)>,
    pub items: Vec<Item>,
    pub status: ConnectionStatus,
    /// What the visitor is told to do.
    pub advice: Option<Advice>,
    pub draft: String,
    pub is_open: bool,
    pub unread: u32,
}

/// What one tab sees of storage.
struct View<'a> {
    browser: &'a mut BTreeMap<String, Value>,
    own: &'a mut BTreeMap<String, Value>,
    is_denied: bool,
}

impl View<'_> {
    fn area(&mut self, area: Area) -> &mut BTreeMap<String, Value> {
        match area {
            Area::Browser => self.browser,
            Area::Tab => self.own,
        }
    }
}

impl Store for View<'_> {
    fn get(&self, area: Area, key: &str) -> Option<Value> {
        let entries = if area == Area::Browser { &*self.browser } else { &*self.own };
        entries.get(key).filter(|_| !self.is_denied).cloned()
    }
    fn put(&mut self, area: Area, key: &str, value: &Value) -> bool {
        if !self.is_denied {
            self.area(area).insert(key.into(), value.clone());
        }
        !self.is_denied
    }
    fn remove(&mut self, area: Area, key: &str) -> bool {
        if !self.is_denied {
            self.area(area).remove(key);
        }
        !self.is_denied
    }
    fn keys(&self, prefix: &str) -> Vec<String> {
        self.browser.keys().filter(|key| !self.is_denied && key.starts_with(prefix)).cloned().collect()
    }
}

impl Browser {
    pub fn new(tabs: usize) -> Self {
        let mut browser = Self {
            tabs: Vec::new(),
            storage: BTreeMap::new(),
            backend: Backend::new(simulator::Settings::quiet(), 1),
            now: 1_000,
            has_locks: true,
            is_denied: false,
            is_deaf: false,
            is_offline: false,
            queue: VecDeque::new(),
            is_busy: false,
            line: VecDeque::new(),
            connections: 0,
        };
        for _ in 0..tabs {
            browser.open_tab();
        }
        browser
    }

    /// A page is opened, or one comes back that was closed.
    pub fn open_tab(&mut self) -> usize {
        let at = self.tabs.len();
        self.tabs.push(Page {
            tab: None,
            is_frozen: false,
            waiting: Vec::new(),
            own: BTreeMap::new(),
            sockets: Vec::new(),
            items: Vec::new(),
            status: ConnectionStatus::Idle,
            advice: None,
            draft: String::new(),
            is_open: false,
            unread: 0,
        });
        self.load(at);
        at
    }

    pub fn load(&mut self, at: usize) {
        let config = Config::new(&Settings {
            deployment_id: Some(DEMO_DEPLOYMENT.into()),
            endpoint: Some(BACKEND.into()),
            token_url: None,
            page_origin: ORIGIN.into(),
            ..Settings::default()
        })
        .unwrap();
        let mut tab = Tab::new(config, 77 + at as u64 + 1_000 * self.now);
        let page = &mut self.tabs[at];
        page.items.clear();
        let mut view = View { browser: &mut self.storage, own: &mut page.own, is_denied: self.is_denied };
        let mut outputs = Vec::new();
        if self.is_offline {
            let now = Now { mono: Instant(self.now), wall: Timestamp(EPOCH + self.now) };
            outputs.append(&mut tab.handle_input(now, Input::Network(Connectivity::Offline), &mut view));
        }
        outputs.append(&mut tab.start(&mut view));
        page.tab = Some(tab);
        self.perform(at, outputs);
    }

    pub fn say(&mut self, at: usize, command: Command) {
        if matches!(command, Command::Open | Command::Close) {
            self.tabs[at].is_open = command == Command::Open;
        }
        self.hand_in(at, Input::Command(command));
    }

    pub fn send(&mut self, at: usize, text: &str) {
        self.say(at, Command::Send(text.into()));
    }

    /// One after the other: what comes of an input is done before the next.
    pub fn hand_in(&mut self, at: usize, input: Input) {
        self.queue.push_back((at, input));
        if std::mem::replace(&mut self.is_busy, true) {
            return;
        }
        while let Some((at, input)) = self.queue.pop_front() {
            self.take_in(at, input);
        }
        self.is_busy = false;
    }

    fn take_in(&mut self, at: usize, input: Input) {
        let now = Now { mono: Instant(self.now), wall: Timestamp(EPOCH + self.now) };
        let page = &mut self.tabs[at];
        if page.is_frozen {
            return page.waiting.push(input);
        }
        let Some(tab) = &mut page.tab else { return };
        let mut view = View { browser: &mut self.storage, own: &mut page.own, is_denied: self.is_denied };
        let outputs = tab.handle_input(now, input, &mut view);
        self.perform(at, outputs);
    }

    /// The tab is gone without a word; the browser lets go of what it held.
    pub fn crash(&mut self, at: usize) {
        self.tabs[at].tab = None;
        self.let_go(at);
        self.release(at);
    }

    /// The tab is closed.
    pub fn close(&mut self, at: usize) {
        self.hand_in(at, Input::Leaving);
        self.tabs[at].tab = None;
    }

    pub fn thaw(&mut self, at: usize) {
        self.tabs[at].is_frozen = false;
        for input in std::mem::take(&mut self.tabs[at].waiting) {
            self.hand_in(at, input);
        }
    }

    /// The network goes, with every connection, or comes back.
    pub fn set_network(&mut self, is: Connectivity) {
        self.is_offline = is == Connectivity::Offline;
        for at in 0..self.tabs.len() {
            self.hand_in(at, Input::Network(is));
        }
        if self.is_offline {
            self.cut(1006);
        }
    }

    /// The backend closes every connection.
    pub fn cut(&mut self, code: u16) {
        let actions = self.backend.close_all(EPOCH + self.now, code, "");
        self.act(actions);
    }

    fn let_go(&mut self, at: usize) {
        for (_, connection) in std::mem::take(&mut self.tabs[at].sockets) {
            self.backend.disconnect(EPOCH + self.now, connection);
        }
    }

    fn release(&mut self, at: usize) {
        let held = self.line.front() == Some(&at);
        self.line.retain(|it| *it != at);
        if let Some(next) = self.line.front().copied().filter(|_| held) {
            self.hand_in(next, Input::Lock(LockEvent::Granted));
        }
    }

    fn perform(&mut self, at: usize, outputs: Vec<Output>) {
        for output in outputs {
            let wall = EPOCH + self.now;
            match output {
                Output::Save(_) => panic!("a tab keeps by itself"),
                Output::Event(event) => self.tabs[at].show(event),
                Output::MintToken(id) => self.hand_in(at, Input::Minted(id, format!("token-{}", self.now).into())),
                Output::Request(id, request) => self.ask(at, id, &request),
                Output::OpenSocket(id, _) if self.is_offline => {
                    self.hand_in(at, Input::Socket(id, SocketEvent::Closed { code: 1006 }));
                }
                Output::OpenSocket(id, _) => {
                    self.connections += 1;
                    let connection = Connection(self.connections);
                    self.backend.upgrade(wall, connection, DEMO_DEPLOYMENT, Some(ORIGIN)).unwrap();
                    self.tabs[at].sockets.push((id, connection));
                    self.hand_in(at, Input::Socket(id, SocketEvent::Opened));
                }
                Output::SendFrame(id, frame) => {
                    let Some((_, connection)) = self.tabs[at].sockets.iter().find(|(it, _)| *it == id) else {
                        continue;
                    };
                    // Rows of one millisecond would have no order.
                    self.now += 1;
                    let actions =
                        self.backend.receive(EPOCH + self.now, *connection, &serde_json::to_string(&frame).unwrap());
                    self.act(actions);
                }
                Output::CloseSocket(id) => {
                    let sockets = &mut self.tabs[at].sockets;
                    if let Some(place) = sockets.iter().position(|(it, _)| *it == id) {
                        let (_, connection) = sockets.remove(place);
                        self.backend.disconnect(wall, connection);
                    }
                }
                Output::LetGo => self.let_go(at),
                Output::QueueLock if !self.has_locks => self.hand_in(at, Input::Lock(LockEvent::Unsupported)),
                Output::QueueLock => {
                    self.line.push_back(at);
                    if self.line.len() == 1 {
                        self.hand_in(at, Input::Lock(LockEvent::Granted));
                    }
                }
                Output::StealLock => {
                    let robbed = self.line.pop_front();
                    self.line.retain(|it| *it != at);
                    self.line.push_front(at);
                    self.hand_in(at, Input::Lock(LockEvent::Granted));
                    if let Some(robbed) = robbed {
                        self.hand_in(robbed, Input::Lock(LockEvent::Lost));
                    }
                }
                Output::ReleaseLock => self.release(at),
                Output::Post(post) => {
                    for other in 0..self.tabs.len() {
                        if other != at && !self.is_deaf {
                            self.hand_in(other, Input::Heard(post.clone()));
                        }
                    }
                }
            }
        }
    }

    fn act(&mut self, actions: Vec<Action>) {
        for action in actions {
            let connection = action.connection();
            let owner = |page: &Page| page.sockets.iter().find(|(_, it)| *it == connection).map(|(id, _)| *id);
            let Some((at, id)) = self.tabs.iter().enumerate().find_map(|(at, page)| Some((at, owner(page)?))) else {
                continue;
            };
            let event = match action {
                Action::Send { frame, .. } => SocketEvent::Frame(serde_json::from_str(&frame).unwrap()),
                Action::Close { code, .. } => SocketEvent::Closed { code },
                Action::Drop { .. } => SocketEvent::Closed { code: 1006 },
            };
            if matches!(event, SocketEvent::Closed { .. }) {
                self.tabs[at].sockets.retain(|(it, _)| *it != id);
            }
            self.hand_in(at, Input::Socket(id, event));
        }
    }

    fn ask(&mut self, at: usize, id: RequestId, request: &chat_proto::io::Request) {
        if self.is_offline {
            return self.hand_in(at, Input::Response(id, Err(NetError::Failed)));
        }
        let mut asked = simulator::Request::get(request.url.strip_prefix(BACKEND).unwrap(), ORIGIN);
        asked.headers.authorization.clone_from(&request.authorization);
        let answer = self.backend.request(EPOCH + self.now, &asked);
        let result = match answer.delivery {
            Delivery::Never => Err(NetError::Timeout),
            Delivery::Now | Delivery::After(_) => {
                Ok(Response { status: answer.status, retry_after: None, body: serde_json::from_str(&answer.body).ok() })
            }
        };
        self.hand_in(at, Input::Response(id, result));
    }

    /// Lets this much time pass, in steps of what is due.
    pub fn run_for(&mut self, span: u64) {
        let end = self.now + span;
        loop {
            let due = |(at, page): (usize, &Page)| {
                let deadline = page.tab.as_ref().filter(|_| !page.is_frozen)?.deadline()?;
                Some((deadline.0, Some(at)))
            };
            let backend = self.backend.next_due().map(|at| (at.saturating_sub(EPOCH), None));
            let next = self.tabs.iter().enumerate().filter_map(due).chain(backend).min();
            let Some((at, who)) = next.filter(|(at, _)| *at <= end) else { break };
            self.now = self.now.max(at);
            if let Some(tab) = who {
                self.hand_in(tab, Input::Timeout);
            } else {
                let actions = self.backend.advance(EPOCH + self.now);
                self.act(actions);
            }
        }
        self.now = self.now.max(end);
    }

    pub fn agent_says(&mut self, text: &str) {
        let token = self.token();
        let actions = self.backend.agent_says(EPOCH + self.now, &token, text);
        self.act(actions);
    }

    pub fn token(&self) -> String {
        self.backend.sessions().last().expect("a session").token.clone()
    }

    /// What the backend has, in its order.
    pub fn transcript(&self) -> Vec<String> {
        let rows = self.backend.transcript(&self.token()).into_iter().filter(|row| row.kind == Kind::Message);
        rows.map(|row| if row.direction == Direction::Inbound { row.text } else { format!("agent: {}", row.text) })
            .collect()
    }

    pub fn leaders(&self) -> Vec<usize> {
        let leads = |page: &Page| page.tab.as_ref().is_some_and(Tab::is_leader);
        self.tabs.iter().enumerate().filter(|(_, page)| leads(page)).map(|(at, _)| at).collect()
    }

    /// How many sockets there are, over all tabs.
    pub fn sockets(&self) -> usize {
        self.tabs.iter().map(Page::sockets).sum()
    }
}

impl Page {
    /// How many sockets it has.
    pub fn sockets(&self) -> usize {
        self.sockets.len()
    }

    /// What stands on the screen; what is not sent with its state.
    pub fn screen(&self) -> Vec<String> {
        let line = |item: &Item| match &item.content {
            Content::Inbound(message) if message.state.word() == "sent" => Some(message.text.clone()),
            Content::Inbound(message) => Some(format!("{} ({})", message.text, message.state.word())),
            Content::Outbound(message) => Some(format!("agent: {}", message.text)),
            Content::Notice(_) => None,
        };
        self.items.iter().filter_map(line).collect()
    }

    fn show(&mut self, event: Event) {
        match event {
            Event::Status(status, advice) => (self.status, self.advice) = (status, advice),
            Event::Draft(text) => self.draft = text,
            Event::Panel(is_open) => self.is_open = is_open,
            Event::Unread(count) => self.unread = count,
            Event::Timeline(TimelineDiff::Reset(items)) => self.items = items,
            Event::Timeline(TimelineDiff::Insert { index, item }) => self.items.insert(index, item),
            Event::Timeline(TimelineDiff::Set { index, item }) => self.items[index] = item,
            Event::Timeline(TimelineDiff::Move { from, to, item }) => {
                self.items.remove(from);
                self.items.insert(to, item);
            }
            Event::Timeline(TimelineDiff::Remove { index }) => drop(self.items.remove(index)),
            _ => {}
        }
    }
}
