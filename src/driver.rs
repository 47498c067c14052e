//! Drives a [`Tab`] in the browser: hands it what happens, one input at a time, and performs what it answers, in order. It decides
//! nothing: there is no `if` about the protocol here or below. It knows neither Leptos nor the page's API; whoever shows the
//! conversation is told by one callback.
//!
//! ```text
//! say, socket, http, page, timer, lock, channel ──> inputs ──> Tab ──> outputs ──> socket, http, lock, channel, tell
//!                                                     └────────── the one timer, re-armed after each ─────┘
//! ```

pub mod broken;
pub mod channel;
pub mod clock;
pub mod http;
pub mod json;
pub mod lock;
pub mod object;
pub mod page;
pub mod random;
pub mod socket;
pub mod storage;

use std::cell::{Cell, RefCell, RefMut};
use std::pin::Pin;
use std::rc::{Rc, Weak};
use std::vec;

use chat_proto::config::Config;
use chat_proto::io::{
    Command, Connectivity, Event, Input, LockEvent, NetError, Output, RequestId, SocketEvent, SocketId, TimelineDiff,
};
use chat_proto::json::Value;
use chat_proto::tab::Tab;
use chat_proto::time::{Instant, Millis};
use gloo_timers::callback::Timeout;
use wasm_bindgen_futures::spawn_local;

use channel::Channel;
use http::Exchange;
use lock::{Place, Waiting};
use page::{Page, PageEvent};
use socket::Socket;
use storage::Storage;

/// One conversation at work. Dropped, it leaves no socket, request, timer, listener or lock behind.
pub struct Driver(Rc<Shell>);

/// What the driver's closures share. They hold it weakly.
struct Shell {
    config: Config,
    tell: Box<dyn Fn(Event)>,
    /// What the tab has yet to hear; rarely more than one.
    inputs: RefCell<Vec<Input>>,
    /// What is left of the tab's latest answer.
    outputs: RefCell<vec::IntoIter<Output>>,
    /// Somebody further up the stack is at work on the queues, or the news of other tabs are waited for.
    is_busy: Cell<bool>,
    tab: RefCell<Option<Box<Tab>>>,
    visit: RefCell<Option<Visit>>,
    /// When it was last at work.
    worked: Cell<Instant>,
    /// Counts places in the line for the lock, so that what is heard of one that was given up is not taken for the present one's.
    places: Cell<u32>,
    page: RefCell<Option<Page>>,
}

/// How long a page may do nothing before it is taken to have hung, in milliseconds. Less than it takes another tab to replace it
/// (`PING` in `chat_proto::tab`).
const AWAY: Millis = 5_000;

/// What is there from the time the page is shown until it is left.
struct Visit {
    storage: Storage,
    sockets: Vec<(SocketId, Socket)>,
    exchanges: Vec<(RequestId, Exchange)>,
    timer: Option<Timeout>,
    place: Option<Place>,
    channel: Option<Channel>,
}

impl Driver {
    /// A driver that does nothing yet. What is said before [`Driver::start`] is kept. `tell` hears every event; it may call back in.
    pub fn new(config: Config, tell: impl Fn(Event) + 'static) -> Self {
        Self(Rc::new(Shell {
            config,
            tell: Box::new(tell),
            inputs: RefCell::default(),
            outputs: RefCell::default(),
            is_busy: Cell::new(false),
            tab: RefCell::default(),
            visit: RefCell::default(),
            worked: Cell::default(),
            places: Cell::new(0),
            page: RefCell::default(),
        }))
    }

    /// Begins. An earlier conversation, or one of another tab's, is joined; otherwise nothing is asked for and nothing stored until
    /// somebody wants something.
    pub fn start(&self) {
        let shell = Rc::downgrade(&self.0);
        self.0.page.replace(Page::listen(move |event| {
            if let Some(shell) = shell.upgrade() {
                shell.on_page(event);
            }
        }));
        self.0.begin();
    }

    /// Passes a wish of the visitor's or the page's on.
    pub fn say(&self, command: Command) {
        self.0.handle(Input::Command(command));
    }

    /// The same, as a closure that may outlive the driver and then does nothing.
    pub fn speaker(&self) -> impl Fn(Command) + Clone + use<> + 'static {
        let shell = Rc::downgrade(&self.0);
        move |command| heard(&shell, Input::Command(command))
    }

    /// Tells the session's last transitions, oldest first: when, and from, to and code in one number. None if another tab has the
    /// session. `tell` must not call back in.
    #[expect(clippy::cast_precision_loss, reason = "times of this era are far below 2^53")]
    pub fn journal(&self, tell: impl Fn(f64, u32)) {
        if let Some(tab) = &*self.0.tab.borrow() {
            for step in tab.journal() {
                let states = (step.from as u32) << 24 | (step.to as u32) << 16;
                tell(step.at.0 as f64, states | u32::from(step.code));
            }
        }
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        // Somebody further up the stack may still hold the shell; with nothing in it, it does nothing.
        let page = self.0.page.take();
        self.0.leave();
        drop(page);
    }
}

impl Shell {
    /// A visit begins: the page was opened, or has come back after it was left.
    fn begin(self: &Rc<Self>) {
        let shell = Rc::downgrade(self);
        let channel = Channel::open(&self.name(), move |post| heard(&shell, Input::Heard(post)));
        let mut storage = Storage::new();
        let mut tab = Tab::new(self.config.clone(), random::seed());
        let now = clock::now();
        // First how the page is: nothing may be asked for while offline, and to start is to ask.
        if page::is_offline() {
            tab.handle_input(now, Input::Network(Connectivity::Offline), &mut storage);
        }
        if page::is_hidden() {
            tab.handle_input(now, Input::Hidden, &mut storage);
        }
        let outputs = tab.start(&mut storage);
        self.outputs.replace(outputs.into_iter());
        self.tab.replace(Some(Box::new(tab)));
        let (sockets, exchanges) = (Vec::new(), Vec::new());
        self.visit.replace(Some(Visit { storage, sockets, exchanges, timer: None, place: None, channel }));
        self.work();
    }

    /// The name of lock and channel. Its number is to be raised when tabs of an older build would not understand what is posted.
    fn name(&self) -> String {
        self.config.name_in_browser() + ":1"
    }

    /// A visit ends: everything that it held is let go of. What was said and not yet heard is kept for the next.
    fn leave(&self) {
        self.places.set(self.places.get() + 1);
        let visit = self.visit.take();
        self.tab.take();
        self.outputs.take();
        self.inputs.borrow_mut().retain(|input| matches!(input, Input::Command(_)));
        self.is_busy.set(false);
        drop(visit);
    }

    fn handle(self: &Rc<Self>, input: Input) {
        if broken::is_broken() {
            return;
        }
        self.later(input);
        self.work();
    }

    /// Works the queues off. What comes in meanwhile, from `tell` for instance, finds it busy and waits in the queue.
    fn work(self: &Rc<Self>) {
        if broken::is_broken() || self.visit.borrow().is_none() || self.is_busy.replace(true) {
            return;
        }
        if self.catches_up() {
            return; // still busy: the rest waits
        }
        loop {
            let output = self.outputs.borrow_mut().next();
            if let Some(output) = output {
                self.perform(output);
                continue;
            }
            // Taken out while it works, so that a panic in it leaves nothing borrowed.
            let Some(mut tab) = self.tab.take() else { break };
            let input = self.next_input();
            let is_idle = input.is_none();
            if let (Some(input), Some(mut visit)) = (input, self.visit()) {
                self.outputs.replace(tab.handle_input(clock::now(), input, &mut visit.storage).into_iter());
            }
            self.tab.replace(Some(tab));
            if is_idle {
                break;
            }
        }
        self.is_busy.set(false);
        self.arm();
    }

    /// A page that hung may have been replaced by another tab, and what that one wrote comes late: storage and locks are other processes'
    /// affairs. One errand to the keeper of locks, and the news are here. True while it is on its way; nothing is done before.
    fn catches_up(self: &Rc<Self>) -> bool {
        let now = clock::mono();
        let was_away = now.since(self.worked.replace(now)) >= AWAY;
        if !was_away || self.visit().is_none_or(|visit| visit.place.is_none()) {
            return false;
        }
        let Some((errand, Waiting { granted, .. })) = Place::take(&(self.name() + ":news"), true) else { return false };
        let (shell, number) = (Rc::downgrade(self), self.places.get());
        run(async move {
            let _ = granted.await;
            drop(errand);
            if let Some(shell) = shell.upgrade().filter(|shell| shell.places.get() == number) {
                shell.is_busy.set(false);
                shell.work();
            }
        });
        true
    }

    fn next_input(&self) -> Option<Input> {
        let mut inputs = self.inputs.borrow_mut();
        if inputs.is_empty() { None } else { Some(inputs.remove(0)) }
    }

    fn perform(self: &Rc<Self>, output: Output) {
        let shell = Rc::downgrade(self);
        match output {
            Output::Event(event) => (self.tell)(event),
            Output::MintToken(id) => self.later(Input::Minted(id, random::uuid().into())),
            Output::Request(id, request) => {
                match Exchange::ask(&request, move |answer| heard(&shell, Input::Response(id, answer))) {
                    Some(exchange) => self.with(|visit| visit.exchanges.push((id, exchange))),
                    None => self.later(Input::Response(id, Err(NetError::Failed))),
                }
            }
            Output::OpenSocket(id, url) => {
                match Socket::open(&url, move |event| heard(&shell, Input::Socket(id, event))) {
                    Some(socket) => self.with(|visit| visit.sockets.push((id, socket))),
                    None => self.later(Input::Socket(id, socket::never_opened())),
                }
            }
            Output::SendFrame(id, frame) => self.with(|visit| visit.send(id, &frame)),
            Output::CloseSocket(id) => self.with(|visit| visit.close(id)),
            Output::Post(post) => self.with(|visit| visit.post(&post)),
            Output::QueueLock => self.line_up(false),
            Output::StealLock => self.line_up(true),
            Output::ReleaseLock => self.give_place_up(),
            Output::LetGo => self.with(|visit| {
                visit.sockets.clear();
                visit.exchanges.clear();
            }),
            Output::Save(_) => {} // the tab has done so
        }
    }

    /// Gets in the line for the lock, or takes it from whoever holds it. A place that was held before is given up.
    fn line_up(self: &Rc<Self>, steals: bool) {
        self.give_place_up();
        let Some((place, Waiting { granted, over })) = Place::take(&self.name(), steals) else {
            return self.later(Input::Lock(LockEvent::Unsupported));
        };
        self.with(|visit| visit.place = Some(place));
        let (shell, number) = (Rc::downgrade(self), self.places.get());
        run(async move {
            let event = if granted.await.is_ok() { LockEvent::Granted } else { LockEvent::Unsupported };
            hear_of_lock(&shell, number, event);
            if over.await.is_err() {
                hear_of_lock(&shell, number, LockEvent::Lost);
            }
        });
    }

    fn give_place_up(&self) {
        self.places.set(self.places.get() + 1);
        let mut place = None;
        self.with(|visit| place = visit.place.take());
    }

    /// What there is while the page is shown; `None` before and after.
    fn visit(&self) -> Option<RefMut<'_, Visit>> {
        RefMut::filter_map(self.visit.borrow_mut(), Option::as_mut).ok()
    }

    /// Does something to the visit, if there still is one.
    fn with(&self, act: impl FnOnce(&mut Visit)) {
        if let Some(mut visit) = self.visit() {
            act(&mut visit);
        }
    }

    /// What there is at once waits its turn like any other.
    fn later(&self, input: Input) {
        self.inputs.borrow_mut().push(input);
    }

    /// Takes in what was heard. Sockets and exchanges are let go of with their last word.
    fn hear(self: &Rc<Self>, input: Input) {
        self.with(|visit| match &input {
            Input::Response(id, _) => visit.exchanges.retain(|(it, _)| it != id),
            Input::Socket(id, SocketEvent::Closed { .. }) => visit.close(*id),
            _ => {}
        });
        self.handle(input);
    }

    /// Sets the one timer for whatever is due first.
    fn arm(self: &Rc<Self>) {
        let mut due = self.tab.borrow().as_ref().and_then(|tab| tab.deadline());
        let Some(mut visit) = self.visit() else { return };
        for (_, exchange) in &visit.exchanges {
            due = Some(due.map_or(exchange.deadline(), |due| due.min(exchange.deadline())));
        }
        let shell = Rc::downgrade(self);
        let look = move || {
            if let Some(shell) = shell.upgrade() {
                shell.on_timer();
            }
        };
        visit.timer = due.map(|due| clock::timer(due, look));
    }

    /// The timer went off, perhaps early, perhaps late: what has taken too long is given up, and the session looks for itself.
    fn on_timer(self: &Rc<Self>) {
        while let Some(id) = self.overdue() {
            self.hear(Input::Response(id, Err(NetError::Timeout)));
        }
        self.handle(Input::Timeout);
    }

    fn overdue(&self) -> Option<RequestId> {
        let now = clock::mono();
        self.visit()?.exchanges.iter().find(|(_, exchange)| exchange.deadline() <= now).map(|(id, _)| *id)
    }

    fn on_page(self: &Rc<Self>, event: PageEvent) {
        match event {
            PageEvent::Network(connectivity) => self.handle(Input::Network(connectivity)),
            PageEvent::Visible => self.handle(Input::Visible),
            PageEvent::Hidden => self.handle(Input::Hidden),
            PageEvent::Leaving => {
                // There is no time for errands: what was said is to be written down now.
                self.worked.set(clock::mono());
                self.is_busy.set(false);
                self.handle(Input::Leaving);
                // Whoever comes next must find the lock free, and a page in the back/forward cache must hold nothing.
                self.leave();
            }
            // What was left may have gone on in another tab since. It begins like a page that was opened.
            PageEvent::Back if self.visit.borrow().is_some() => {}
            PageEvent::Back => {
                // The tab to come knows nothing of what is still on the screen, and will show all of it itself.
                (self.tell)(Event::Timeline(TimelineDiff::Reset(Vec::new())));
                (self.tell)(Event::Typing(false));
                self.begin();
            }
        }
    }
}

impl Visit {
    fn send(&self, id: SocketId, frame: &Value) {
        let Some((_, socket)) = self.sockets.iter().find(|(it, _)| *it == id) else { return };
        if let Some(text) = json::print(frame) {
            socket.send(&text);
        }
    }

    fn post(&self, post: &Value) {
        if let (Some(channel), Some(text)) = (&self.channel, json::print(post)) {
            channel.post(&text);
        }
    }

    fn close(&mut self, id: SocketId) {
        self.sockets.retain(|(it, _)| *it != id);
    }
}

/// What a closure has heard, if the shell is still there.
fn heard(shell: &Weak<Shell>, input: Input) {
    if let Some(shell) = shell.upgrade() {
        shell.hear(input);
    }
}

/// What became of the place of that number in the line, if it is still the present one.
fn hear_of_lock(shell: &Weak<Shell>, number: u32, event: LockEvent) {
    if let Some(shell) = shell.upgrade().filter(|shell| shell.places.get() == number) {
        // Before everything that waits: who has lost the lock may do none of it.
        shell.inputs.borrow_mut().insert(0, Input::Lock(event));
        shell.work();
    }
}

/// Runs a task of the browser's. Boxed, because its queue would be compiled anew for every kind of task.
fn run(task: impl Future<Output = ()> + 'static) {
    spawn_local(Box::pin(task) as Pin<Box<dyn Future<Output = ()>>>);
}
