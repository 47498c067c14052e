//! One tab of a browser that may have several. One of them leads: it holds the browser's lock, the one [`Session`], and with it the one
//! socket. The others follow: they have no session, show what the leader tells, and pass on what the visitor does. Who leads may
//! change at any time, for tabs are closed, crash, freeze and are put to sleep.
//!
//! ```text
//! visitor ──> follower ── storage: a message, one key each ──> leader ──> Session ──> socket
//!                 ▲       channel: anything else                 │
//!                 └────────────── channel: every event ──────────┘
//! ```
//!
//! What makes it safe, whatever the channel loses and whoever dies:
//! - **A message is handed over through storage, and taken by whoever leads**: a key that is there has not been taken. The leader makes
//!   it its own in storage first and removes the key then, before anything is sent. Who takes over from a leader that died finds either
//!   the key or the record, and in the record how far the message got.
//! - **A leader that was replaced without knowing stands down before it does anything**: every reign has a number that stands in storage
//!   and on every post, and a higher one ends it.
//! - **Posts are numbered.** Who misses one asks for the whole picture.
//!
//! Without locks (an insecure context, an old browser) each tab leads alone, with a record of its own.

mod post;
mod screen;

use alloc::{boxed::Box, string::String, vec::Vec};

use crate::config::Config;
use crate::dialect::Dialect;
use crate::io::{Command, Connectivity, Event, Input, LockEvent, Output, TimelineDiff};
use crate::journal::Transition;
use crate::json::Value;
use crate::message::{Content, Inbound, Item, ItemKey, SendState};
use crate::random::Random;
use crate::session::Session;
use crate::snapshot::{Fate, Kept, SharedRecord, Snapshot, TabRecord};
use crate::time::{Instant, Millis, Now, SECOND, Timestamp};

use post::{Post, Word};
pub(crate) use screen::Known;
use screen::Screen;

/// How often a follower that can be seen asks whether the leader is there. 2 s: three questions without an answer make it take over, at
/// most 8 s after the leader's last word. A post costs nothing; and it makes a leader that is hidden, whose timers the browser
/// holds back, look at what is due.
const PING: Millis = 2 * SECOND;

/// How many questions in a row may stay unanswered.
const PATIENCE: u8 = 3;

/// For how long somebody who asked while being seen is taken to look on: four questions, and a little more.
const LOOKS_ON: Millis = 4 * PING + SECOND;

/// Where something is kept. Both kinds hold JSON, and anything may fail at any time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Area {
    /// What all tabs of this browser share, and what survives them.
    Browser,
    /// What belongs to this tab alone, and survives its reload.
    Tab,
}

/// The browser's storage, as a tab needs it. It answers at once.
pub trait Store {
    /// What stands there; `None` if nothing does, or it cannot be read.
    fn get(&self, area: Area, key: &str) -> Option<Value>;
    /// Lets this stand there. False if it could not be kept.
    fn put(&mut self, area: Area, key: &str, value: &Value) -> bool;
    /// Lets nothing stand there. False if that could not be done.
    fn remove(&mut self, area: Area, key: &str) -> bool;
    /// Every key of [`Area::Browser`] that begins so.
    fn keys(&self, prefix: &str) -> Vec<String>;
}

/// One tab.
pub struct Tab {
    config: Config,
    dialect: &'static dyn Dialect,
    random: Random,
    keys: Keys,
    /// What other tabs know this one by.
    name: String,
    role: Role,
    /// The number of the latest reign that was heard of.
    reign: u64,
    /// What is shown: the same in all tabs.
    screen: Screen,
    is_visible: bool,
    has_network: bool,
    out: Vec<Output>,
}

/// Under which keys things are kept.
struct Keys {
    /// What is known of the conversation: [`SharedRecord`].
    shared: String,
    /// The leader's [`TabRecord`].
    record: String,
    /// The number of the latest reign.
    reign: String,
    /// Before the id of each message that was handed over and not taken.
    handed: String,
}

enum Role {
    /// There is no conversation, or the page was left: nothing is wanted of anybody.
    Apart,
    /// In line for the lock.
    Follower(Follower),
    /// Holds the lock, or there are none.
    Leader(Box<Leader>),
}

struct Leader {
    session: Session,
    /// There are no locks: nobody follows, and nobody is told.
    is_alone: bool,
    /// How many posts of news there were in this reign.
    told: u64,
    /// The session was told that somebody looks.
    is_seen: bool,
    /// Until then somebody looks on in another tab.
    looked_on_until: Instant,
    /// The record could be written.
    is_kept: bool,
}

#[derive(Default)]
struct Follower {
    /// There is a leader, and everything up to its post of this number is shown here.
    told: Option<u64>,
    /// When to ask next, while this page can be seen.
    ping_at: Option<Instant>,
    unanswered: u8,
    /// What was said before there was anybody to say it to.
    unsaid: Vec<Command>,
    /// The draft was changed here, and the leader may not have heard of it.
    is_draft_new: bool,
    /// What was written here and the leader has not shown yet.
    handed: Vec<Handed>,
}

/// A message on its way to the leader. It is shown below everything else.
struct Handed {
    kept: Kept,
    item: Item,
    /// It stands in storage, under a key of its own. Otherwise it goes over the channel.
    is_stored: bool,
}

impl Tab {
    /// A tab that has said nothing yet. `seed` must come from a source of real randomness, and be another one for every tab.
    pub fn new(config: Config, dialect: &'static dyn Dialect, seed: u64) -> Self {
        let mut random = Random::new(seed);
        let shared = String::from("guest-chat:") + &config.deployment_id;
        let below = |name| shared.clone() + name;
        Self {
            keys: Keys { record: below(":tab"), reign: below(":reign"), handed: below(":handed:"), shared },
            name: random.uuid(),
            role: Role::Apart,
            reign: 0,
            screen: Screen::default(),
            is_visible: true,
            has_network: true,
            out: Vec::new(),
            config,
            dialect,
            random,
        }
    }

    /// Comes back to the conversation if there is one, or if something was left over from one. Otherwise it does nothing at all. What is
    /// known of the page (hidden, offline) is to be said before.
    pub fn start(&mut self, store: &mut dyn Store) -> Vec<Output> {
        let is_kept = |area, key| store.get(area, key).is_some();
        if is_kept(Area::Browser, &self.keys.shared)
            || is_kept(Area::Browser, &self.keys.record)
            || is_kept(Area::Tab, &self.keys.record)
            || !store.keys(&self.keys.handed).is_empty()
        {
            self.join();
        }
        core::mem::take(&mut self.out)
    }

    /// Takes one input in and returns all there is to do about it, in order. Never an [`Output::Save`]: that has been done.
    pub fn handle_input(&mut self, now: Now, input: Input, store: &mut dyn Store) -> Vec<Output> {
        match input {
            Input::Visible => self.is_visible = true,
            Input::Hidden => self.is_visible = false,
            Input::Network(is) => self.has_network = is == Connectivity::Online,
            _ => {}
        }
        if self.is_replaced(store) {
            self.stand_down();
        }
        match input {
            Input::Lock(LockEvent::Granted) => self.lead(now, false, store),
            Input::Lock(LockEvent::Unsupported) => self.lead(now, true, store),
            Input::Lock(LockEvent::Lost) => self.stand_down(),
            Input::Heard(post) => {
                if let Some(post) = Post::read(&post) {
                    self.on_post(now, &post, store);
                }
            }
            Input::Leaving => self.leave(now, store),
            Input::Command(command) => self.command(now, command, store),
            input => self.drive(now, input, "", store),
        }
        self.look_at_the_clock(now, store);
        core::mem::take(&mut self.out)
    }

    /// When to come back with [`Input::Timeout`]. Late is fine.
    pub fn deadline(&self) -> Option<Instant> {
        match &self.role {
            Role::Apart => None,
            Role::Follower(follower) => follower.ping_at,
            Role::Leader(leader) => {
                let eyes = (leader.is_seen && !self.is_visible).then_some(leader.looked_on_until);
                leader.session.deadline().into_iter().chain(eyes).min()
            }
        }
    }

    /// The session's latest transitions, oldest first; none if this tab does not lead.
    pub fn journal(&self) -> impl Iterator<Item = &Transition> {
        let leader = if let Role::Leader(leader) = &self.role { Some(leader) } else { None };
        leader.into_iter().flat_map(|leader| leader.session.journal())
    }

    /// This tab holds the browser's session.
    pub fn is_leader(&self) -> bool {
        matches!(self.role, Role::Leader(_))
    }

    fn command(&mut self, now: Now, command: Command, store: &mut dyn Store) {
        if matches!(self.role, Role::Apart) {
            self.join();
        }
        match &mut self.role {
            Role::Apart => {}
            Role::Leader(leader) => {
                // Who leads alone does not hear what others do.
                if leader.is_alone {
                    let shared = store.get(Area::Browser, &self.keys.shared);
                    let shared = shared.as_ref().and_then(SharedRecord::from_value);
                    self.drive(now, Input::Shared(shared), "", store);
                }
                self.drive(now, Input::Command(command), "", store);
            }
            Role::Follower(follower) => match command {
                Command::Send(text) => self.hand_over(now, text, store),
                command => {
                    follower.is_draft_new |= matches!(command, Command::Draft(_));
                    if let Some(event) = mirrored(&command) {
                        self.screen.apply(&event);
                    }
                    if follower.told.is_some() {
                        self.post(Post { word: Word::Say, command: Some(command), ..Post::default() });
                    } else {
                        follower.unsaid.push(command);
                    }
                }
            },
        }
    }

    // ── who leads ──

    /// Gets in line, and asks who is there.
    fn join(&mut self) {
        self.role = Role::Follower(Follower::default());
        self.out.push(Output::QueueLock);
        self.ping(false);
    }

    /// From now on this tab holds the session. It begins where the last leader was, as far as that is known.
    fn lead(&mut self, now: Now, is_alone: bool, store: &mut dyn Store) {
        let Role::Follower(follower) = core::mem::replace(&mut self.role, Role::Apart) else {
            return;
        };
        let (area, has_heard) = (area(is_alone), follower.told.is_some());
        if !is_alone {
            self.reign = self.reign.max(self.stored_reign(store)) + 1;
            store.put(Area::Browser, &self.keys.reign, &self.reign.into());
        }
        let shared = store.get(Area::Browser, &self.keys.shared);
        let shared = shared.as_ref().and_then(SharedRecord::from_value);
        let tab = store.get(area, &self.keys.record);
        let mut tab = tab.as_ref().and_then(TabRecord::from_value).unwrap_or_default();
        if has_heard {
            tab.draft.clone_from(&self.screen.draft);
            tab.is_open = self.screen.is_open;
        }
        // A conversation that has ended is come back to only where it is being read.
        let is_read = has_heard && tab.is_open && shared.as_ref().is_some_and(|shared| shared.is_over);
        let seed = self.random.seed();
        let mut session = Session::new(self.config.clone(), self.dialect, Snapshot { shared, tab }, seed);
        let mut outputs = session.inherit(now, self.reign, &self.screen.known(!follower.handed.is_empty()));
        if !self.has_network {
            outputs.append(&mut session.handle_input(now, Input::Network(Connectivity::Offline)));
        }
        if !self.is_visible {
            outputs.append(&mut session.handle_input(now, Input::Hidden));
        }
        outputs.append(&mut session.start(now));
        self.role = Role::Leader(Box::new(Leader {
            session,
            is_alone,
            told: 0,
            is_seen: self.is_visible,
            looked_on_until: Instant::default(),
            is_kept: true,
        }));
        self.pass_on(outputs, None, "", store);
        if is_read {
            self.drive(now, Input::Command(Command::Open), "", store);
        }
        if !is_alone {
            self.take_handed(now, store);
        }
        for handed in follower.handed {
            // What stood in storage has been taken from there, by this tab just now or by one before it.
            if !handed.is_stored || is_alone {
                let key = self.keys.handed.clone() + &handed.kept.id.0;
                self.drive(now, Input::Handed(handed.kept), "", store);
                store.remove(Area::Browser, &key);
            }
        }
        for command in follower.unsaid {
            self.drive(now, Input::Command(command), "", store);
        }
        self.tell_all();
    }

    /// Another tab leads, or is about to. Nothing is said or written any more.
    fn stand_down(&mut self) {
        let Role::Leader(leader) = &mut self.role else { return };
        // What could not be written is known here alone.
        let unkept = if leader.is_kept { Vec::new() } else { leader.session.snapshot().tab.outbox };
        self.out.extend([Output::LetGo, Output::ReleaseLock]);
        self.join();
        for kept in unkept {
            let item = self.line(&kept);
            if let Role::Follower(follower) = &mut self.role {
                follower.handed.push(Handed { kept, item, is_stored: false });
            }
        }
    }

    /// A leader that was frozen may find itself replaced before it has heard of it.
    fn is_replaced(&self, store: &dyn Store) -> bool {
        matches!(&self.role, Role::Leader(leader) if !leader.is_alone) && self.stored_reign(store) > self.reign
    }

    fn stored_reign(&self, store: &dyn Store) -> u64 {
        store.get(Area::Browser, &self.keys.reign).and_then(|it| it.as_u64()).unwrap_or(0)
    }

    /// The page is left. Whoever comes next, and be it this page again, must find nothing held.
    fn leave(&mut self, now: Now, store: &mut dyn Store) {
        self.is_visible = false;
        self.drive(now, Input::Hidden, "", store);
        if matches!(self.role, Role::Follower(_)) {
            self.ping(false);
        }
        self.role = Role::Apart;
        self.out.extend([Output::LetGo, Output::ReleaseLock]);
    }

    // ── what is due ──

    fn look_at_the_clock(&mut self, now: Now, store: &mut dyn Store) {
        match &mut self.role {
            Role::Apart => {}
            Role::Follower(follower) => {
                if !self.is_visible {
                    (follower.ping_at, follower.unanswered) = (None, 0);
                } else if follower.ping_at.is_none_or(|at| at <= now.mono) {
                    let woke = follower.ping_at.is_none();
                    if follower.unanswered >= PATIENCE {
                        follower.unanswered = 0;
                        self.out.push(Output::StealLock);
                    }
                    follower.unanswered += 1;
                    follower.ping_at = Some(now.mono + PING);
                    self.ping(woke);
                }
            }
            Role::Leader(leader) => {
                let is_seen = self.is_visible || now.mono < leader.looked_on_until;
                if leader.session.deadline().is_some_and(|at| at <= now.mono) {
                    self.drive(now, Input::Timeout, "", store);
                }
                self.let_it_be_seen(now, is_seen, false, store);
            }
        }
    }

    /// Tells the session whether anybody looks, in whatever tab.
    fn let_it_be_seen(&mut self, now: Now, is_seen: bool, woke: bool, store: &mut dyn Store) {
        let Role::Leader(leader) = &mut self.role else { return };
        if is_seen != core::mem::replace(&mut leader.is_seen, is_seen) || woke {
            self.drive(now, if is_seen { Input::Visible } else { Input::Hidden }, "", store);
        }
    }

    /// Asks whether the leader is there, and says what is known here.
    fn ping(&mut self, woke: bool) {
        let Role::Follower(follower) = &self.role else { return };
        let post = Post {
            word: Word::Ping,
            told: follower.told.unwrap_or(u64::MAX),
            is_seen: self.is_visible,
            woke,
            has_handed: follower.handed.iter().any(|handed| handed.is_stored),
            ..Post::default()
        };
        self.post(post);
    }

    // ── the session, and what comes of it ──

    /// Hands something to the session, on behalf of the tab of that name; of this one, if there is none.
    fn drive(&mut self, now: Now, input: Input, by: &str, store: &mut dyn Store) {
        let Role::Leader(leader) = &mut self.role else { return };
        match input {
            // Whether this page is seen is one thing, whether any is another: see `let_it_be_seen`.
            Input::Hidden if now.mono < leader.looked_on_until => return,
            Input::Visible => leader.is_seen = true,
            Input::Hidden => leader.is_seen = false,
            _ => {}
        }
        let mirrored = if let Input::Command(command) = &input { mirrored(command) } else { None };
        let outputs = leader.session.handle_input(now, input);
        self.pass_on(outputs, mirrored, by, store);
    }

    /// Does what is to be done with what the session said: keeps, shows, tells the others, and passes the rest on.
    fn pass_on(&mut self, outputs: Vec<Output>, mirrored: Option<Event>, by: &str, store: &mut dyn Store) {
        let mut events = Vec::new();
        if let Some(event) = mirrored {
            events.push(post::event(&event));
            self.screen.apply(&event);
            if !by.is_empty() {
                self.out.push(Output::Event(event));
            }
        }
        for output in outputs {
            match output {
                Output::Save(snapshot) => self.keep(&snapshot, store),
                Output::Event(event) => {
                    self.screen.apply(&event);
                    // What went wrong is told by the tab in which it did.
                    if !matches!(event, Event::Problem(_)) {
                        events.push(post::event(&event));
                    }
                    self.out.push(Output::Event(event));
                }
                other => self.out.push(other),
            }
        }
        let Role::Leader(leader) = &mut self.role else { return };
        if !events.is_empty() && !leader.is_alone {
            leader.told += 1;
            let told = leader.told;
            self.post(Post { word: Word::Tell, told, by: by.into(), events, ..Post::default() });
        }
    }

    fn keep(&mut self, snapshot: &Snapshot, store: &mut dyn Store) {
        let Role::Leader(leader) = &mut self.role else { return };
        let shared = snapshot.shared.as_ref().map(SharedRecord::to_value);
        put(store, Area::Browser, &self.keys.shared, shared);
        let tab = (!snapshot.tab.is_empty()).then(|| snapshot.tab.to_value());
        leader.is_kept = put(store, area(leader.is_alone), &self.keys.record, tab);
    }

    // ── messages that change hands ──

    /// Puts a message where the leader will find it, and shows it at once.
    fn hand_over(&mut self, now: Now, text: String, store: &mut dyn Store) {
        let Role::Follower(follower) = &mut self.role else { return };
        if text.trim().is_empty() {
            return;
        }
        // Their order is that of their times.
        let after = follower.handed.last().map_or(Timestamp(0), |last| Timestamp(last.kept.written.0 + 1));
        let kept = Kept { id: self.random.local_id(), text, written: now.wall.max(after), fate: Fate::Unsent };
        let key = self.keys.handed.clone() + &kept.id.0;
        let is_stored = store.put(Area::Browser, &key, &kept.to_value());
        let item = self.line(&kept);
        let Role::Follower(follower) = &mut self.role else { return };
        let index = self.screen.items.len() + follower.handed.len();
        self.out.push(Output::Event(Event::Timeline(TimelineDiff::Insert { index, item: item.clone() })));
        follower.handed.push(Handed { kept, item, is_stored });
        self.remind();
    }

    /// As it is shown until the leader shows it.
    fn line(&mut self, kept: &Kept) -> Item {
        let (local_id, text) = (Some(kept.id.clone()), kept.text.clone());
        Item {
            key: ItemKey(self.screen.own_key()),
            time: kept.written,
            content: Content::Inbound(Inbound { local_id, id: None, text, state: SendState::Queued }),
        }
    }

    /// Tells the leader, if there is one, of what was handed over.
    fn remind(&mut self) {
        let Role::Follower(follower) = &mut self.role else { return };
        if follower.told.is_none() {
            return;
        }
        let mut posts = Vec::new();
        let mut is_any_stored = false;
        for handed in &mut follower.handed {
            is_any_stored |= handed.is_stored;
            if !handed.is_stored {
                posts.push(Post { word: Word::Hand, kept: Some(handed.kept.clone()), ..Post::default() });
                // Should it have to be said again, nobody knows what became of it the first time.
                handed.kept.fate = Fate::Unknown(Timestamp(0));
            }
        }
        for post in posts {
            self.post(post);
        }
        if is_any_stored {
            self.ping(false);
        }
    }

    /// Takes over what was handed over, in the order of writing. The session knows what had been taken before by a leader that came no
    /// further.
    fn take_handed(&mut self, now: Now, store: &mut dyn Store) {
        let mut keys = store.keys(&self.keys.handed);
        loop {
            let mut first: Option<(usize, Kept)> = None;
            for (at, key) in keys.iter().enumerate() {
                let read = store.get(Area::Browser, key).as_ref().and_then(Kept::from_value);
                if let Some(read) = read
                    && first.as_ref().is_none_or(|(_, first)| read.written < first.written)
                {
                    first = Some((at, read));
                }
            }
            let Some((at, handed)) = first else { return };
            self.drive(now, Input::Handed(handed), "", store);
            store.remove(Area::Browser, &keys.swap_remove(at));
        }
    }

    // ── what other tabs say ──

    fn post(&mut self, mut post: Post) {
        post.reign = self.reign;
        post.from.clone_from(&self.name);
        self.out.push(Output::Post(post.to_value()));
    }

    /// The whole picture, for whoever needs it.
    fn tell_all(&mut self) {
        let Role::Leader(leader) = &self.role else { return };
        if !leader.is_alone {
            let events = self.screen.events().iter().map(post::event).collect();
            self.post(Post { word: Word::Sync, told: leader.told, events, ..Post::default() });
        }
    }

    fn on_post(&mut self, now: Now, post: &Post, store: &mut dyn Store) {
        let is_of_leader = matches!(post.word, Word::Tell | Word::Sync | Word::Pong);
        match &mut self.role {
            Role::Apart if is_of_leader => self.join(),
            Role::Follower(_) if is_of_leader && post.reign >= self.reign => self.on_leaders_post(post),
            Role::Apart | Role::Follower(_) => {}
            Role::Leader(leader) if leader.is_alone => {}
            // Two with one number there are only where storage is denied.
            Role::Leader(_) if is_of_leader => {
                if (post.reign, &post.from) > (self.reign, &self.name) {
                    self.reign = post.reign;
                    self.stand_down();
                }
            }
            Role::Leader(_) => self.on_followers_post(now, post, store),
        }
    }

    fn on_followers_post(&mut self, now: Now, post: &Post, store: &mut dyn Store) {
        let Role::Leader(leader) = &mut self.role else { return };
        match post.word {
            Word::Say => {
                if let Some(command) = post.command.clone() {
                    self.drive(now, Input::Command(command), &post.from, store);
                }
            }
            Word::Hand => {
                if let Some(kept) = post.kept.clone() {
                    self.drive(now, Input::Handed(kept), "", store);
                }
            }
            // Ping; the other words are a leader's.
            _ => {
                // Who no longer looks may not be the only one: others that do will ask again before that is over.
                let span = if post.is_seen { LOOKS_ON } else { PING + SECOND };
                if post.is_seen || now.mono < leader.looked_on_until {
                    leader.looked_on_until = now.mono + span;
                }
                let knows = post.reign == self.reign && post.told == leader.told;
                if post.is_seen {
                    self.let_it_be_seen(now, true, post.woke, store);
                }
                if post.has_handed {
                    self.take_handed(now, store);
                }
                if knows {
                    self.post(Post { word: Word::Pong, ..Post::default() });
                } else {
                    self.tell_all();
                }
            }
        }
    }

    fn on_leaders_post(&mut self, post: &Post) {
        let Role::Follower(follower) = &mut self.role else { return };
        let is_known = post.reign == self.reign;
        let is_next = is_known && follower.told.is_some_and(|told| post.told == told + 1);
        let is_old = is_known && follower.told.is_some_and(|told| post.told <= told);
        match post.word {
            // Somebody else had asked for it.
            Word::Sync if is_old => {
                follower.unanswered = 0;
                return;
            }
            Word::Sync => {}
            Word::Tell if is_next => {}
            Word::Tell if is_old => return,
            Word::Pong if is_known => {
                follower.unanswered = 0;
                follower.is_draft_new = false;
                return;
            }
            // Something was missed.
            _ => return self.ping(false),
        }
        follower.unanswered = 0;
        self.reign = post.reign;
        let is_sync = post.word == Word::Sync;
        let is_meeting = is_sync && (!is_known || follower.told.is_none());
        follower.told = Some(post.told);
        let keeps_draft = if is_sync { follower.is_draft_new } else { post.by == self.name };
        for event in &post.events {
            let Some(event) = post::read_event(event) else { continue };
            let is_own = match event {
                Event::Draft(_) => keeps_draft,
                Event::Panel(_) => post.by == self.name,
                _ => false,
            };
            if !is_own {
                self.show(event);
            }
        }
        if is_meeting {
            self.meet();
        }
    }

    /// A leader that was not known before: it hears what nobody has heard yet.
    fn meet(&mut self) {
        let Role::Follower(follower) = &mut self.role else { return };
        let mut unsaid = core::mem::take(&mut follower.unsaid);
        if core::mem::take(&mut follower.is_draft_new) {
            unsaid.push(Command::Draft(self.screen.draft.clone()));
        }
        for command in unsaid {
            self.post(Post { word: Word::Say, command: Some(command), ..Post::default() });
        }
        self.remind();
    }

    /// Shows what the leader told. What was written here and stands there now is shown no longer twice.
    fn show(&mut self, event: Event) {
        let Role::Follower(follower) = &mut self.role else { return };
        let own = self.screen.items.len();
        if let Event::Timeline(diff) = &event {
            let mut at = 0;
            while let Some(handed) = follower.handed.get(at) {
                if screen::shows(diff, &handed.kept.id) {
                    follower.handed.remove(at);
                    self.out.push(Output::Event(Event::Timeline(TimelineDiff::Remove { index: own + at })));
                } else {
                    at += 1;
                }
            }
        }
        // What does not fit can only come of a leader of another build; the next question brings the whole picture.
        if !self.screen.apply(&event) {
            follower.told = None;
            return;
        }
        let event = match event {
            Event::Timeline(TimelineDiff::Reset(mut items)) => {
                items.extend(follower.handed.iter().map(|handed| handed.item.clone()));
                Event::Timeline(TimelineDiff::Reset(items))
            }
            other => other,
        };
        self.out.push(Output::Event(event));
    }
}

/// What other tabs have to show of a command, beside what comes of it.
fn mirrored(command: &Command) -> Option<Event> {
    match command {
        Command::Draft(text) => Some(Event::Draft(text.clone())),
        Command::Open => Some(Event::Panel(true)),
        Command::Close => Some(Event::Panel(false)),
        _ => None,
    }
}

fn area(is_alone: bool) -> Area {
    if is_alone { Area::Tab } else { Area::Browser }
}

fn put(store: &mut dyn Store, area: Area, key: &str, value: Option<Value>) -> bool {
    match value {
        Some(value) => store.put(area, key, &value),
        None => store.remove(area, key),
    }
}
