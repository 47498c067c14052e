//! A tab that follows: it shows what the leader tells, passes commands on, and hands messages over.

use alloc::{string::String, vec::Vec};

use super::post::{self, Post, Word};
use super::{Area, Handed, Role, Store, Tab, screen};
use crate::io::{Command, Event, Output, TimelineDiff};
use crate::message::{Content, Inbound, Item, ItemKey, SendState};
use crate::snapshot::{Fate, Kept};
use crate::time::{Now, Timestamp};

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
        // Their order is that of their times.
        let after = follower.handed.last().map_or(Timestamp(0), |last| Timestamp(last.kept.written.0 + 1));
        let kept = Kept { id: self.random.local_id(), text, written: now.wall.max(after), fate: Fate::Unsent };
        let key = self.keys.handed.clone() + &kept.id.0;
        let is_stored = store.put(Area::Browser, &key, &kept.to_value());
        let item = self.line(&kept);
        let Role::Follower(follower) = &mut self.role else { return };
        let index = self.screen.items.len() + follower.handed.len();
        self.out.push(Output::Event(Event::Timeline(TimelineDiff::Insert { index, item: item.clone() })));
        let alike = self.screen.alike(&kept.text);
        follower.handed.push(Handed { kept, item, is_stored, alike });
        self.remind();
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
        let Role::Follower(follower) = &mut self.role else { return };
        if follower.told.is_none() {
            return;
        }
        let mut posts = Vec::new();
        let mut is_any_stored = false;
        for handed in &mut follower.handed {
            is_any_stored |= handed.is_stored;
            if !handed.is_stored {
                posts.push(handed.kept.to_value());
                // Should it have to be said again, nobody knows what became of it the first time.
                handed.kept.fate = Fate::Unknown(Timestamp(0));
            }
        }
        for kept in posts {
            self.post(Word::Hand, &mut [("kept", kept)]);
        }
        if is_any_stored {
            self.ping(false);
        }
    }

    pub(super) fn on_leaders_post(&mut self, post: &Post, store: &dyn Store) {
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
        if is_sync {
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

    /// What was handed over and is not shown may have been taken by a leader that died, and be shown as somebody's, where history carries
    /// no ids; or its key was cleared away with everything else, and it goes over the channel.
    fn follow_up(&mut self, store: &dyn Store) {
        let Role::Follower(follower) = &mut self.role else { return };
        // Where storage cannot be read, an absent key means nothing.
        if store.get(Area::Browser, &self.keys.reign).is_none() {
            return;
        }
        let (own, mut at, mut is_any_lost) = (self.screen.items.len(), 0, false);
        while let Some(handed) = follower.handed.get_mut(at) {
            let key = self.keys.handed.clone() + &handed.kept.id.0;
            if handed.is_stored && store.get(Area::Browser, &key).is_none() {
                if self.screen.alike(&handed.kept.text) > handed.alike {
                    follower.handed.remove(at);
                    self.out.push(Output::Event(Event::Timeline(TimelineDiff::Remove { index: own + at })));
                    continue;
                }
                (handed.is_stored, handed.kept.fate, is_any_lost) = (false, Fate::Unknown(Timestamp(0)), true);
            }
            at += 1;
        }
        if is_any_lost {
            self.remind();
        }
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
