//! The tab that leads: it drives the session, keeps what is to be kept, and tells the others.

use alloc::vec::Vec;

use super::post::{self, Post, Word};
use super::{Area, KEPT_LINES, LOOKS_ON, PING, Role, Store, Tab, area, mirrored, put};
use crate::io::{Event, Input, Output};
use crate::json::Value;
use crate::snapshot::{Kept, SharedRecord, Snapshot};
use crate::time::{Now, SECOND};

impl Tab {
    /// Tells the session whether anybody looks, in whatever tab.
    pub(super) fn let_it_be_seen(&mut self, now: Now, is_seen: bool, woke: bool, store: &mut dyn Store) {
        let Role::Leader(leader) = &mut self.role else { return };
        if is_seen != core::mem::replace(&mut leader.is_seen, is_seen) || woke {
            self.drive(now, if is_seen { Input::Visible } else { Input::Hidden }, "", store);
        }
    }

    /// Hands something to the session, on behalf of the tab of that name; of this one, if there is none.
    pub(super) fn drive(&mut self, now: Now, input: Input, by: &str, store: &mut dyn Store) {
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
    pub(super) fn pass_on(&mut self, outputs: Vec<Output>, mirrored: Option<Event>, by: &str, store: &mut dyn Store) {
        let (mut events, mut is_changed, mut is_gone) = (Vec::new(), false, false);
        if let Some(event) = mirrored {
            events.push(post::event(&event));
            self.screen.apply(&event);
            if !by.is_empty() {
                self.out.push(Output::Event(event));
            }
        }
        for output in outputs {
            match output {
                Output::Save(snapshot) => {
                    is_gone = snapshot.shared.is_none();
                    self.keep(&snapshot, store);
                }
                Output::Event(event) => {
                    self.screen.apply(&event);
                    is_changed |= matches!(event, Event::Timeline(_));
                    if post::is_for_all(&event) {
                        events.push(post::event(&event));
                    }
                    self.out.push(Output::Event(event));
                }
                other => self.out.push(other),
            }
        }
        let Role::Leader(leader) = &mut self.role else { return };
        // Of a conversation that is over nothing is left lying about.
        if (is_changed || is_gone) && !self.config.dialect().habits().has_history {
            let rows = self.screen.known(false, true).items;
            let latest = &rows[rows.len().saturating_sub(KEPT_LINES)..];
            let rows = (!latest.is_empty() && !is_gone).then(|| post::items(latest));
            put(store, area(leader.is_alone), &self.keys.rows, rows);
        }
        if !events.is_empty() && !leader.is_alone {
            leader.told += 1;
            let told = leader.told;
            let events = Value::Array(events);
            self.post(Word::Tell, &mut [("told", told.into()), ("by", by.into()), ("events", events)]);
        }
    }

    pub(super) fn keep(&mut self, snapshot: &Snapshot, store: &mut dyn Store) {
        // Somebody may have cleared everything away.
        if self.stored_reign(store) < self.reign {
            self.put_reign(store);
        }
        let Role::Leader(leader) = &mut self.role else { return };
        let shared = snapshot.shared.as_ref().map(SharedRecord::to_value);
        put(store, Area::Browser, &self.keys.shared, shared);
        let tab = (!snapshot.tab.is_empty()).then(|| snapshot.tab.to_value());
        leader.is_kept = put(store, area(leader.is_alone), &self.keys.record, tab);
        // What others typed is in it.
        if store.get(Area::Browser, &self.keys.draft).is_some() {
            store.remove(Area::Browser, &self.keys.draft);
        }
    }

    /// Takes over what was handed over, in the order of writing: whenever somebody asks or something is due, for whoever wrote it may be
    /// gone, and its post lost. The session knows what had been taken before by a leader that came no further.
    pub(super) fn take_handed(&mut self, now: Now, store: &mut dyn Store) {
        if !matches!(&self.role, Role::Leader(leader) if !leader.is_alone) {
            return;
        }
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

    /// The whole picture, for whoever needs it.
    pub(super) fn tell_all(&mut self) {
        let Role::Leader(leader) = &self.role else { return };
        if !leader.is_alone {
            let events = self.screen.events().iter().map(post::event).collect();
            let told = leader.told;
            self.post(Word::Sync, &mut [("told", told.into()), ("events", events)]);
        }
    }

    pub(super) fn on_followers_post(&mut self, now: Now, post: &Post, store: &mut dyn Store) {
        let Role::Leader(leader) = &mut self.role else { return };
        match post.word {
            Word::Say => {
                if let Some(command) = post.command.clone() {
                    self.drive(now, Input::Command(command), &post.from, store);
                }
            }
            // What was said to another leader may have been taken. Whoever still has it says it again to the one that answers.
            Word::Hand if post.reign == self.reign => {
                if let Some(kept) = post.kept.clone() {
                    self.drive(now, Input::Handed(kept), "", store);
                }
            }
            // Ping, or as good as one; the other words are a leader's.
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
                self.take_handed(now, store);
                if knows {
                    self.post(Word::Pong, &mut []);
                } else {
                    self.tell_all();
                }
            }
        }
    }
}
