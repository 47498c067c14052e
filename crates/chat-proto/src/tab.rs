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
//! - **A leader that was replaced without knowing stands down before it does anything**: every reign has a mark that stands in storage, and
//!   a number on every post; another mark of that number, or a higher number, ends it.
//! - **Posts are numbered.** Who misses one asks for the whole picture.
//!
//! Without locks (an insecure context, an old browser) each tab leads alone, with a record of its own.

mod following;
mod leading;
mod post;
mod screen;

use alloc::{boxed::Box, string::String, vec::Vec};

use crate::config::Config;
use crate::io::{Command, Connectivity, Event, Input, LockEvent, Output, TimelineDiff};
use crate::journal::Transition;
use crate::json::Value;
use crate::message::Item;
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

/// How much of the mark of a reign tells apart those that bear the same number.
const SALT_BITS: u32 = 16;

/// For how long somebody who asked while being seen is taken to look on: four questions, and a little more.
const LOOKS_ON: Millis = 4 * PING + SECOND;

/// How many of the latest lines are kept where the backend keeps none. 200: what a person scrolls back through, and 50 KiB of storage.
const KEPT_LINES: usize = 200;

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
    random: Random,
    keys: Keys,
    /// What other tabs know this one by.
    name: String,
    salt: u64,
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
    /// The mark of the latest reign.
    reign: String,
    /// Before the id of each message that was handed over and not taken.
    handed: String,
    /// The latest lines, where the backend keeps none.
    rows: String,
    /// What was typed in a tab that follows, until the leader has heard of it and kept it.
    draft: String,
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
    /// Its name: where the number of a reign could not be kept, another may have the same.
    leader: String,
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
    /// How many rows of unknown origin with this text were shown when it was written.
    alike: usize,
}

impl Tab {
    /// A tab that has said nothing yet. `seed` must come from a source of real randomness, and be another one for every tab.
    pub fn new(config: Config, seed: u64) -> Self {
        let mut random = Random::new(seed);
        let shared = config.name_in_browser();
        let below = |name| shared.clone() + name;
        Self {
            keys: Keys {
                record: below(":tab"),
                reign: below(":reign"),
                handed: below(":handed:"),
                rows: below(":rows"),
                draft: below(":draft"),
                shared,
            },
            name: random.uuid(),
            salt: random.up_to((1 << SALT_BITS) - 1),
            role: Role::Apart,
            reign: 0,
            screen: Screen::default(),
            is_visible: true,
            has_network: true,
            out: Vec::new(),
            config,
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
            Input::Timeout => {
                self.drive(now, input, "", store);
                self.take_handed(now, store);
            }
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
                    if let Command::Draft(text) = &command {
                        follower.is_draft_new = true;
                        store.put(Area::Browser, &self.keys.draft, &text.as_str().into());
                    }
                    if let Some(event) = mirrored(&command) {
                        self.screen.apply(&event);
                    }
                    if follower.told.is_some() {
                        self.post(Word::Say, &mut [("command", post::command(&command))]);
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
        // Whoever took the lock by force may be handed it a second time, for having waited.
        let Role::Follower(follower) = &mut self.role else { return };
        let mut follower = core::mem::take(follower);
        let (area, has_heard) = (area(is_alone), follower.told.is_some());
        if !is_alone {
            self.reign = self.reign.max(self.stored_reign(store)) + 1;
            self.put_reign(store);
        }
        let shared = store.get(Area::Browser, &self.keys.shared);
        let shared = shared.as_ref().and_then(SharedRecord::from_value);
        let tab = store.get(area, &self.keys.record);
        let has_history = self.config.dialect().habits().has_history;
        // What nobody else would tell.
        if !has_history && let Some(rows) = store.get(area, &self.keys.rows) {
            self.screen.restore(post::read_items(&rows));
        }
        let known = self.screen.known(!follower.handed.is_empty(), !has_history);
        let mut tab = tab.as_ref().and_then(TabRecord::from_value).unwrap_or_default();
        // Where storage has failed, the record may be older than what is shown.
        tab.outbox.retain(|kept| !known.items.iter().any(|item| screen::is_line_of(item, &kept.id)));
        for line in self.screen.unconfirmed() {
            if !tab.outbox.iter().any(|kept| kept.id == line.id) {
                tab.outbox.push(line);
            }
        }
        if has_heard {
            tab.draft.clone_from(&self.screen.draft);
            tab.is_open = self.screen.is_open;
        }
        if let Some(draft) = store.get(Area::Browser, &self.keys.draft).as_ref().and_then(Value::as_str) {
            tab.draft = draft.into();
        }
        // Where the panel is open it was opened by somebody, who may have said so to a leader that was no more. And a conversation that
        // has ended is come back to only where it is being read.
        let is_wanted = has_heard && tab.is_open;
        let seed = self.random.seed();
        let mut session = Session::new(self.config.clone(), Snapshot { shared, tab }, seed);
        let mut outputs = session.inherit(now, self.reign, &known);
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
        if is_wanted {
            self.drive(now, Input::Command(Command::Open), "", store);
        }
        // All that was handed over is taken in the order of writing, as far as storage can hold it.
        for handed in &mut follower.handed {
            handed.is_cleared(&self.keys, store);
            handed.store(&self.keys, store);
        }
        self.take_handed(now, store);
        for handed in follower.handed {
            if is_alone || !handed.is_stored {
                let key = handed.key(&self.keys);
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
        if unkept.is_empty() {
            return;
        }
        let mut items = self.screen.items.clone();
        items.retain(|item| !unkept.iter().any(|kept| screen::is_line_of(item, &kept.id)));
        let mut latest = Timestamp(0);
        for mut kept in unkept {
            // It may have gone into a conversation that whoever leads next knows nothing of.
            if let Fate::Unknown(after) = kept.fate {
                kept.fate = Fate::Asked(after);
            }
            // In their order, whatever the clock has done meanwhile.
            kept.written = kept.written.max(latest);
            latest = Timestamp(kept.written.0 + 1);
            let item = self.line(&kept);
            if let Role::Follower(follower) = &mut self.role {
                follower.handed.push(Handed { kept, item, is_stored: false, alike: usize::MAX });
            }
        }
        self.show(Event::Timeline(TimelineDiff::Reset(items)));
    }

    /// A leader that was frozen may find itself replaced before it has heard of it.
    fn is_replaced(&self, store: &dyn Store) -> bool {
        let mark = self.stored_mark(store);
        let is_another = mark != self.mark() && mark >> SALT_BITS >= self.reign;
        is_another && matches!(&self.role, Role::Leader(leader) if !leader.is_alone)
    }

    fn stored_reign(&self, store: &dyn Store) -> u64 {
        self.stored_mark(store) >> SALT_BITS
    }

    fn stored_mark(&self, store: &dyn Store) -> u64 {
        store.get(Area::Browser, &self.keys.reign).and_then(|it| it.as_u64()).unwrap_or(0)
    }

    /// The number of the present reign, and behind it something that no other tab has: where storage was cleared, the next begins to count
    /// anew, and two may bear the same number. Where storage is full, an older mark stands there.
    fn mark(&self) -> u64 {
        self.reign << SALT_BITS | self.salt
    }

    fn put_reign(&self, store: &mut dyn Store) {
        store.put(Area::Browser, &self.keys.reign, &self.mark().into());
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

    // ── what other tabs say ──

    fn post(&mut self, word: Word, more: &mut [(&str, Value)]) {
        self.out.push(Output::Post(post::post(word, &self.name, self.reign, more)));
    }

    fn on_post(&mut self, now: Now, post: &Post, store: &mut dyn Store) {
        let is_of_leader = matches!(post.word, Word::Tell | Word::Sync | Word::Pong);
        match &mut self.role {
            Role::Apart if is_of_leader => self.join(),
            Role::Follower(_) if is_of_leader && post.reign >= self.reign => self.on_leaders_post(post, store),
            Role::Apart | Role::Follower(_) => {}
            Role::Leader(leader) if leader.is_alone => {}
            // Two with one number there are only where storage fails, and then one has written over what the other kept.
            Role::Leader(leader) if is_of_leader => {
                if (post.reign, &post.from) > (self.reign, &self.name) {
                    leader.is_kept &= post.reign > self.reign;
                    self.reign = post.reign;
                    self.stand_down();
                }
            }
            Role::Leader(_) => self.on_followers_post(now, post, store),
        }
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
