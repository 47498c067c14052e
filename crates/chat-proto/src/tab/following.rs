//! A tab that follows: it shows what the leader tells, passes commands on, and hands messages over.

use alloc::{string::String, vec::Vec};

use super::post::{self, Post, Word};
use super::{Area, Handed, Keys, Role, Store, Tab, screen};
use crate::io::{Command, Event, Output, TimelineDiff};
use crate::message::{Content, Inbound, Item, ItemKey, SendState};
use crate::session::append;
use crate::snapshot::{Fate, Kept};
use crate::time::{Now, Timestamp};
use crate::timings::Timings;

impl Handed {
    pub(super) fn key(&self, keys: &Keys) -> String {
        keys.handed.clone() + &self.kept.id.0
    }

    /// It stands in storage, now if not before.
    pub(super) fn store(&mut self, keys: &Keys, store: &mut dyn Store) -> bool {
        self.is_stored = self.is_stored || store.put(Area::Browser, &self.key(keys), &self.kept.to_value());
        self.is_stored
    }

    /// It stood in storage, and was taken from there or cleared away: nobody knows what became of it. Where storage cannot be touched,
    /// nobody knows what stands there.
    pub(super) fn is_cleared(&mut self, keys: &Keys, store: &mut dyn Store) -> bool {
        let key = self.key(keys);
        let is_there = store.get(Area::Browser, &key).as_ref().and_then(Kept::from_value).is_some();
        let is_cleared = self.is_stored && !is_there && store.remove(Area::Browser, &key);
        if is_cleared {
            (self.is_stored, self.kept.fate) = (false, Fate::Unknown(Timestamp(0)));
        }
        is_cleared
    }
}

impl Tab {
    /// Asks whether the leader is there, and says what is known here.
    pub(super) fn ping(&mut self, woke: bool) {
        let Role::Follower(follower) = &self.role else { return };
        let (told, is_seen) = (follower.told.unwrap_or(u64::MAX), self.is_visible);
        self.post(Word::Ping, &mut [("told", told.into()), ("seen", is_seen.into()), ("woke", woke.into())]);
    }

    /// Puts a message where the leader will find it, and shows it at once.
    pub(super) fn hand_over(&mut self, now: Now, text: String, store: &mut dyn Store) {
        let Role::Follower(follower) = &mut self.role else { return };
        if text.trim().is_empty() {
            return;
        }
        if self.screen.is_full || !has_room(&follower.handed, text.len(), &self.config.timings) {
            return self.give_back(now, &text, store);
        }
        // Their order is that of their times.
        let after = follower.handed.last().map_or(Timestamp(0), |last| Timestamp(last.kept.written.0 + 1));
        let kept = Kept { id: self.random.local_id(), text, written: now.wall.max(after), fate: Fate::Unsent };
        let item = self.line(&kept);
        let Role::Follower(follower) = &mut self.role else { return };
        let index = self.screen.items.len() + follower.handed.len();
        self.out.push(Output::Event(Event::Timeline(TimelineDiff::Insert { index, item: item.clone() })));
        let alike = self.screen.alike(&kept.text);
        follower.handed.push(Handed { kept, item, is_stored: false, alike });
        // What cannot be stored goes over the channel, and nothing that was written after it may overtake it.
        for handed in &mut follower.handed {
            handed.is_cleared(&self.keys, store);
            if !handed.store(&self.keys, store) {
                break;
            }
        }
        self.remind();
    }

    /// There is no room for it among what waits: it stays with the visitor, below what stands in the composer.
    fn give_back(&mut self, now: Now, text: &str, store: &mut dyn Store) {
        let mut draft = self.screen.draft.clone();
        append(&mut draft, text);
        self.out.push(Output::Event(Event::Draft(draft.clone())));
        self.command(now, Command::Draft(draft), store);
    }

    /// As it is shown until the leader shows it.
    pub(super) fn line(&mut self, kept: &Kept) -> Item {
        let (local_id, text) = (Some(kept.id.clone()), kept.text.clone());
        Item {
            key: ItemKey(self.screen.own_key()),
            time: kept.written,
            content: Content::Inbound(Inbound { local_id, id: None, text, state: SendState::Queued }),
        }
    }

    /// Tells the leader, if there is one, of what was handed over.
    pub(super) fn remind(&mut self) {
        let Role::Follower(follower) = &self.role else { return };
        if follower.told.is_some() && follower.handed.iter().any(|it| it.is_stored) {
            self.ping(false);
        }
        self.hand_unstored();
    }

    /// Says what could not be stored, as soon as nothing that was is before it.
    fn hand_unstored(&mut self) {
        let Role::Follower(follower) = &mut self.role else { return };
        if follower.told.is_none() {
            return;
        }
        let mut posts = Vec::new();
        for handed in follower.handed.iter_mut().take_while(|it| !it.is_stored) {
            posts.push(handed.kept.to_value());
            // Should it have to be said again, nobody knows what became of it the first time.
            handed.kept.fate = Fate::Unknown(Timestamp(0));
        }
        for kept in posts {
            self.post(Word::Hand, &mut [("kept", kept)]);
        }
    }

    pub(super) fn on_leaders_post(&mut self, post: &Post, store: &mut dyn Store) {
        let Role::Follower(follower) = &mut self.role else { return };
        let is_known = post.reign == self.reign && post.from == follower.leader;
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
                follower.is_draft_new = false;
                if core::mem::take(&mut follower.unanswered) > 0 {
                    self.follow_up(store);
                }
                return;
            }
            // Something was missed.
            _ => {
                if !is_known {
                    follower.told = None;
                }
                return self.ping(false);
            }
        }
        let was_asked = core::mem::take(&mut follower.unanswered) > 0;
        self.reign = post.reign;
        follower.leader.clone_from(&post.from);
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
        } else if is_sync && was_asked {
            self.follow_up(store);
        }
    }

    /// A leader that was not known before: it hears what nobody has heard yet.
    pub(super) fn meet(&mut self) {
        let Role::Follower(follower) = &mut self.role else { return };
        let mut unsaid = core::mem::take(&mut follower.unsaid);
        if core::mem::take(&mut follower.is_draft_new) {
            unsaid.push(Command::Draft(self.screen.draft.clone()));
        }
        for command in unsaid {
            self.post(Word::Say, &mut [("command", post::command(&command))]);
        }
        self.remind();
    }

    /// A leader that has answered has taken all it could, and everything that it shows is shown here. What was handed over and is not
    /// shown was lost on the way, or cleared out of storage: it goes over the channel. Or it was taken by a leader that died, and is shown
    /// as somebody's, where history carries no ids.
    fn follow_up(&mut self, store: &mut dyn Store) {
        let Role::Follower(follower) = &mut self.role else { return };
        let (own, mut at) = (self.screen.items.len(), 0);
        while let Some(handed) = follower.handed.get_mut(at) {
            if handed.is_stored {
                if !handed.is_cleared(&self.keys, store) {
                    break;
                }
                if self.screen.alike(&handed.kept.text) > handed.alike {
                    follower.handed.remove(at);
                    self.out.push(Output::Event(Event::Timeline(TimelineDiff::Remove { index: own + at })));
                    continue;
                }
            }
            at += 1;
        }
        self.hand_unstored();
    }

    /// Shows what the leader told. What was written here and stands there now is shown no longer twice.
    pub(super) fn show(&mut self, event: Event) {
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

/// Whether so many bytes more can wait here, where nobody takes what was handed over.
fn has_room(handed: &[Handed], bytes: usize, timings: &Timings) -> bool {
    let kept: usize = handed.iter().map(|it| it.kept.text.len()).sum();
    handed.len() < timings.outbox_messages && kept + bytes <= timings.outbox_bytes
}
