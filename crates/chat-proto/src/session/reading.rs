//! The visitor's side of the screen: whether the panel is open and seen, what has been read, what stands in the composer.

use alloc::string::String;

use super::Session;
use crate::dialect::ClientOp;
use crate::io::Event;
use crate::phase::Phase;
use crate::snapshot::SharedRecord;
use crate::time::{Instant, Now, Timestamp};
use crate::timer::Timer;
use crate::timings::Timings;

/// What the visitor sees and writes.
#[derive(Clone, Debug)]
pub(super) struct Reading {
    pub(super) is_open: bool,
    /// The page is in the foreground.
    pub(super) is_visible: bool,
    pub(super) read_up_to: Timestamp,
    pub(super) draft: String,
    pub(super) agent_types: bool,
    /// The agent may be told again that the visitor types.
    may_tell_typing_from: Instant,
    shown_unread: u32,
}

impl Reading {
    pub(super) fn restore(is_open: bool, draft: String, read_up_to: Timestamp) -> Self {
        Self {
            is_open,
            is_visible: true,
            read_up_to,
            draft,
            agent_types: false,
            may_tell_typing_from: Instant::default(),
            shown_unread: 0,
        }
    }

    /// What stood in the composer has been sent; should the page end before the composer says that it is empty, it must not stand
    /// there again.
    pub(super) fn is_written(&mut self, text: &str) {
        if self.draft.trim() == text.trim() {
            self.draft.clear();
        }
    }
}

impl Session {
    pub(super) fn restore_reading(&mut self) {
        if !self.reading.draft.is_empty() {
            self.tell(Event::Draft(self.reading.draft.clone()));
        }
        if self.reading.is_open {
            self.tell(Event::Panel(true));
        }
    }

    pub(super) fn open(&mut self, now: Now) {
        self.reading.is_open = true;
        self.is_unsaved |= self.is_live;
        match self.phase {
            Phase::Idle => self.begin(now),
            Phase::Backoff { .. } => self.wake(now),
            Phase::Starting
            | Phase::Connecting(_)
            | Phase::Handshaking(_)
            | Phase::Replaying(_)
            | Phase::Online(_)
            | Phase::ReadOnly(_)
            | Phase::Restarting(_)
            | Phase::Offline
            | Phase::Evicted
            | Phase::Expired
            | Phase::Refused
            | Phase::Misconfigured => {}
        }
    }

    pub(super) fn close(&mut self) {
        self.reading.is_open = false;
        self.is_unsaved |= self.is_live;
    }

    pub(super) fn on_visible(&mut self, now: Now) {
        self.reading.is_visible = true;
        self.replace_if_doubtful(now);
        self.wake(now);
    }

    pub(super) fn on_hidden(&mut self) {
        self.reading.is_visible = false;
        // Nobody looks, so nobody is disappointed; and a page that is hidden may never come back to save anything.
        self.timers.stop(Timer::Probe);
        self.is_unsaved |= self.timers.get(Timer::SaveDraft).is_some();
    }

    pub(super) fn on_draft(&mut self, now: Now, text: String) {
        let is_typing = !text.is_empty() && text != self.reading.draft;
        self.reading.draft = text;
        self.timers.set(Timer::SaveDraft, now.mono + self.config.timings.save_draft);
        if is_typing {
            self.tell_typing(now);
        }
    }

    fn tell_typing(&mut self, now: Now) {
        let Phase::Online(socket) = self.phase else { return };
        // A wire without settings says with its words what it wants to hear.
        let is_wanted = self.deployment.as_ref().map_or(!self.habits().has_history, |it| it.tells_typing);
        let Timings { typing, frames_typing, frames_span, .. } = self.config.timings;
        let room = self.rates.frames.free_at(frames_typing, frames_span);
        if is_wanted && now.mono >= self.reading.may_tell_typing_from.max(room) {
            self.reading.may_tell_typing_from = now.mono + typing;
            self.say(socket, &ClientOp::Typing);
        }
    }

    /// Counts what came since the panel was last seen open, and notes as read what is seen now.
    pub(super) fn show_unread(&mut self) {
        let newest = self.timeline.newest();
        if self.reading.is_open && self.reading.is_visible && newest > self.reading.read_up_to {
            self.reading.read_up_to = newest;
            self.is_unsaved |= self.is_live;
        }
        let unread = self.timeline.unread(self.reading.read_up_to);
        if unread != self.reading.shown_unread {
            self.reading.shown_unread = unread;
            self.tell(Event::Unread(unread));
        }
    }

    /// Another tab wrote the shared record: what was read there is read here, and a session that it began is joined by whoever has
    /// none, at the next connection.
    pub(super) fn on_shared(&mut self, record: Option<SharedRecord>) {
        let Some(record) = record else { return };
        self.reading.read_up_to = self.reading.read_up_to.max(record.read_up_to);
        self.trace = self.trace.take().or(record.trace);
        let is_between = matches!(self.phase, Phase::Idle | Phase::Evicted | Phase::Expired);
        if let Some(token) = record.token.filter(|_| is_between && self.config.token_url.is_none()) {
            self.adopt_token(token);
        }
    }
}
