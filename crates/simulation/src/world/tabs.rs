//! What tabs have in common: the lock, the channel, and being let go of.

use std::rc::Rc;

use chat_proto::io::{Input, LockEvent};
use chat_proto::json::Value;

use super::{Happening, World};

/// How long a post or a word about the lock takes, in milliseconds. The same for all, so that none overtakes another.
const BESIDE: u64 = 2;

impl World {
    pub(super) fn queue_lock(&mut self, page: u32) {
        if !self.setting.has_locks {
            // A browser that has none says so at once.
            return self.later(0, Happening::Tell(page, Input::Lock(LockEvent::Unsupported)));
        }
        if self.lock.queue(page) {
            self.later(BESIDE, Happening::Granted(page));
        }
    }

    pub(super) fn steal_lock(&mut self, page: u32) {
        if let Some(robbed) = self.lock.steal(page) {
            let late = BESIDE + self.lock.late_loss;
            self.later(late, Happening::Lost(robbed));
        }
        self.later(BESIDE, Happening::Granted(page));
    }

    pub(super) fn release_lock(&mut self, page: u32) {
        if self.lock.release(page)
            && let Some(next) = self.lock.holder()
        {
            self.later(BESIDE, Happening::Granted(next));
        }
    }

    pub(super) fn on_granted(&mut self, page: u32) {
        // Somebody else may hold it by now.
        if self.lock.holder() != Some(page) {
            return;
        }
        if self.last_leader != 0 && self.last_leader != page {
            self.tally.takeovers += 1;
        }
        self.last_leader = page;
        self.forgive_stale();
        self.forgive_order();
        if self.disk.is_denied {
            self.mourn();
        }
        // A new session does not know what the endpoint asked of the last.
        if let Some(page) = self.page(page) {
            page.record.token_not_before = 0;
        }
        self.hand_in(page, Input::Lock(LockEvent::Granted));
    }

    pub(super) fn on_lost(&mut self, page: u32) {
        if let Some(until) = self.deferred_until(page) {
            return self.put_off(until, Happening::Lost(page));
        }
        if self.lock.is_robbed(page) {
            self.lock.told(page);
            self.hand_in(page, Input::Lock(LockEvent::Lost));
        }
    }

    /// To all other tabs.
    pub(super) fn post(&mut self, from: u32, post: Value) {
        if self.now < self.posts_lost_until {
            return;
        }
        let post = Rc::new(post);
        for tab in 0..self.tabs.len() {
            if let Some(page) = self.tabs[tab].as_ref().map(|page| page.number).filter(|page| *page != from) {
                self.later(BESIDE, Happening::Heard(page, Rc::clone(&post)));
            }
        }
    }

    /// Closes every socket of the page, and forgets every question of it.
    pub(super) fn let_go(&mut self, number: u32) {
        for connection in self.network.forget_page(number) {
            self.forget_stragglers(connection);
            self.later(1, Happening::Gone(connection));
        }
        self.queue.retain(|_, happening| {
            !matches!(happening, Happening::Answer(page, ..) | Happening::Minted(page, ..) if *page == number)
        });
        if let Some(page) = self.page(number) {
            page.token_request = None;
        }
    }
}
