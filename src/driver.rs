//! Drives a [`Session`] in the browser: hands it what happens, one input at a time, and performs what it answers, in order. It decides
//! nothing: there is no `if` about the protocol here or below. It knows neither Leptos nor the page's API; whoever shows the
//! conversation is told by one callback.
//!
//! ```text
//! say, socket, http, page, timer ──> inputs ──> Session ──> outputs ──> socket, http, records, tell
//!                                      └────────── the one timer, re-armed after each ─────┘
//! ```

pub mod broken;
pub mod clock;
pub mod http;
pub mod json;
pub mod lock;
pub mod object;
pub mod page;
pub mod random;
pub mod records;
pub mod socket;
pub mod storage;

use std::cell::{Cell, RefCell, RefMut};
use std::pin::Pin;
use std::rc::{Rc, Weak};
use std::vec;

use chat_proto::config::Config;
use chat_proto::dialect::web_messaging::WebMessaging;
use chat_proto::io::{Command, Connectivity, Event, Input, NetError, Output, RequestId, SocketEvent, SocketId};
use chat_proto::json::Value;
use chat_proto::session::Session;
use gloo_timers::callback::Timeout;
use wasm_bindgen_futures::spawn_local;

use http::Exchange;
use page::{Page, PageEvent};
use records::{Names, Records};
use socket::Socket;

/// One conversation at work. Dropped, it leaves no socket, request, timer, listener or lock behind.
pub struct Driver(Rc<Shell>);

/// What the driver's closures share. They hold it weakly.
struct Shell {
    config: Config,
    tell: Box<dyn Fn(Event)>,
    /// What the session has yet to hear; rarely more than one.
    inputs: RefCell<Vec<Input>>,
    /// What is left of the session's latest answer.
    outputs: RefCell<vec::IntoIter<Output>>,
    /// Somebody further up the stack is at work on the queues, or they wait for this tab's lock.
    is_busy: Cell<bool>,
    session: RefCell<Option<Box<Session>>>,
    visit: RefCell<Option<Visit>>,
    /// Counts visits, so that what was begun for one that is over is not taken for the present one's.
    visits: Cell<u32>,
    page: RefCell<Option<Page>>,
}

/// What is there from the time the page is shown until it is left.
struct Visit {
    records: Records,
    sockets: Vec<(SocketId, Socket)>,
    exchanges: Vec<(RequestId, Exchange)>,
    timer: Option<Timeout>,
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
            session: RefCell::default(),
            visit: RefCell::default(),
            visits: Cell::new(0),
            page: RefCell::default(),
        }))
    }

    /// Reads what an earlier page kept and begins, in a task of its own. An earlier conversation is resumed; otherwise nothing is asked
    /// for and nothing stored until somebody wants something.
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
        let visit = self.visits.get();
        let names = Names::new(&self.config.deployment_id);
        run(async move {
            let (records, saved) = Records::restore(names).await;
            let Some(shell) = still(&shell, visit) else { return };
            let mut session = Session::new(shell.config.clone(), &WebMessaging, saved, random::seed());
            let now = clock::now();
            let mut outputs = Vec::new();
            // First how the page is: nothing may be asked for while offline, and to start is to ask.
            if page::is_offline() {
                outputs.append(&mut session.handle_input(now, Input::Network(Connectivity::Offline)));
            }
            if page::is_hidden() {
                outputs.append(&mut session.handle_input(now, Input::Hidden));
            }
            outputs.append(&mut session.start(now));
            shell.outputs.replace(outputs.into_iter());
            shell.session.replace(Some(Box::new(session)));
            shell.visit.replace(Some(Visit { records, sockets: Vec::new(), exchanges: Vec::new(), timer: None }));
            shell.work();
        });
    }

    /// A visit ends: everything that it held is let go of. What was said and not yet heard is kept for the next.
    fn leave(&self) {
        self.visits.set(self.visits.get() + 1);
        let visit = self.visit.take();
        self.session.take();
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
        loop {
            if let Some(names) = self.must_claim() {
                return self.claim(names); // still busy: the rest waits
            }
            let output = self.outputs.borrow_mut().next();
            if let Some(output) = output {
                self.perform(output);
                continue;
            }
            // Taken out while it works, so that a panic in it leaves nothing borrowed.
            let Some(mut session) = self.session.take() else { break };
            let input = self.next_input();
            let is_idle = input.is_none();
            if let Some(input) = input {
                self.outputs.replace(session.handle_input(clock::now(), input).into_iter());
            }
            self.session.replace(Some(session));
            if is_idle {
                break;
            }
        }
        self.is_busy.set(false);
        self.arm();
    }

    fn next_input(&self) -> Option<Input> {
        let mut inputs = self.inputs.borrow_mut();
        if inputs.is_empty() { None } else { Some(inputs.remove(0)) }
    }

    /// The names, if the next output can be performed only when this tab owns a record.
    fn must_claim(&self) -> Option<Names> {
        match self.outputs.borrow().as_slice().first() {
            Some(Output::Save(snapshot)) => self.visit()?.records.must_claim(snapshot),
            _ => None,
        }
    }

    /// Makes this tab the owner of a record, and then goes on.
    fn claim(self: &Rc<Self>, names: Names) {
        let shell = Rc::downgrade(self);
        let visit = self.visits.get();
        run(async move {
            let tab = names.claim().await;
            let Some(shell) = still(&shell, visit) else { return };
            shell.with(|visit| visit.records.own(tab));
            shell.is_busy.set(false);
            shell.work();
        });
    }

    fn perform(self: &Rc<Self>, output: Output) {
        let shell = Rc::downgrade(self);
        match output {
            Output::Event(event) => (self.tell)(event),
            Output::MintToken(id) => self.later(Input::Minted(id, random::uuid())),
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
            Output::Save(snapshot) => self.with(|visit| visit.records.save(&snapshot)),
        }
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
        let mut due = self.session.borrow().as_ref().and_then(|session| session.deadline());
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
                self.handle(Input::Hidden);
                // The page after this one must find this tab's lock free, and a page in the back/forward cache must hold nothing.
                self.leave();
            }
            // What was left may have been taken over by another tab since. It begins like a page that was opened.
            PageEvent::Back => {
                self.leave();
                self.begin();
            }
            PageEvent::Stored { key, value } => {
                let record =
                    self.visit().and_then(|mut visit| visit.records.on_stored(key.as_deref(), value.as_deref()));
                if let Some(record) = record {
                    self.handle(Input::Shared(record));
                }
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

/// The shell, if it is still there and still at that visit.
fn still(shell: &Weak<Shell>, visit: u32) -> Option<Rc<Shell>> {
    shell.upgrade().filter(|shell| shell.visits.get() == visit && !broken::is_broken())
}

/// Runs a task of the browser's. Boxed, because its queue would be compiled anew for every kind of task.
fn run(task: impl Future<Output = ()> + 'static) {
    spawn_local(Box::pin(task) as Pin<Box<dyn Future<Output = ()>>>);
}
