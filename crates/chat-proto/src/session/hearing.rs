//! What the backend says, one word after the other.

use alloc::vec::Vec;

use super::Session;
use crate::dialect::{Row, RowContent, ServerEvent};
use crate::io::{Event, SocketId};
use crate::message::{Content, Item, LocalId};
use crate::phase::Phase;
use crate::time::{MINUTE, Millis, Now};
use crate::timer::Timer;

impl Session {
    pub(super) fn on_server_events(&mut self, now: Now, socket: SocketId, events: Vec<ServerEvent>) {
        for event in events {
            // An earlier word of the same frame may have been the last one of this connection.
            if self.phase.socket() != Some(socket) {
                return;
            }
            self.on_server_event(now, socket, event);
        }
    }

    fn on_server_event(&mut self, now: Now, socket: SocketId, event: ServerEvent) {
        match event {
            ServerEvent::Ready { is_new, is_read_only } => self.on_ready(now, socket, is_new, is_read_only),
            ServerEvent::Admitted => {
                #[cfg(feature = "wires")]
                self.on_admitted(now, socket);
            }
            ServerEvent::Conversation(id) => self.speaker.conversation = id,
            ServerEvent::TokenExpired => self.on_token_expired(now),
            ServerEvent::SessionEnded => self.on_session_ended(now, socket),
            ServerEvent::Row(row) => self.on_live_row(now, row),
            ServerEvent::Typing { lasts } => self.on_agent_typing(now, lasts),
            // That it came is all there is to it.
            ServerEvent::ProbeAnswered => {}
            ServerEvent::HistoryKey(key) => self.on_history_key(now, key),
            ServerEvent::Refused { about, refusal, code } => self.on_server_refusal(now, &about, refusal, code),
            #[cfg(feature = "wires")]
            ServerEvent::Queue(position, wait) => self.tell(Event::Queue { position, wait }),
            #[cfg(feature = "wires")]
            ServerEvent::Unreadable => self.on_unreadable(),
            ServerEvent::TakenOver => self.stop(now, Phase::Evicted),
            ServerEvent::Expired | ServerEvent::LoggedOut => self.on_expired(now),
            ServerEvent::Cleared => self.on_cleared(now),
        }
    }

    /// Something was said just now.
    pub(super) fn on_live_row(&mut self, now: Now, row: Row) {
        self.note_row(now);
        // What was missed was missed before it, though the word may be still to come that opens this connection.
        if cfg!(feature = "wires") && matches!(self.phase, Phase::Handshaking(_)) && !self.habits().has_history {
            self.note_absence(now, self.was_accepted);
        }
        let ends = row.content == RowContent::Ended;
        if let Some(item) = self.take_in(row) {
            self.tell(Event::Said(item));
        }
        // While the old session is being closed, that it has ended is no news.
        if let Some(socket) = self.phase.accepted().filter(|_| ends) {
            self.enter_read_only(now, socket);
        }
        self.flush(now);
    }

    /// Takes a row into the conversation, live or from history: as the acknowledgement of a message of ours, or as a new line. Gives the
    /// message if it is one, and new.
    pub(super) fn take_in(&mut self, mut row: Row) -> Option<Item> {
        self.name(&mut row);
        if let RowContent::Inbound { local_id: Some(id), .. } = &row.content {
            let id = id.clone();
            if self.outbox.send_state(&id).is_some() {
                return self.confirm(&id, &row);
            }
        }
        let (item, diff) = self.timeline.insert_row(row)?;
        self.tell(Event::Timeline(diff));
        match item.content {
            Content::Outbound(_) => {
                self.agent_stopped_typing();
                Some(item)
            }
            Content::Inbound(_) => Some(item),
            Content::Notice(_) => None,
        }
    }

    /// The backend has this message of ours.
    pub(super) fn confirm(&mut self, id: &LocalId, row: &Row) -> Option<Item> {
        if self.outbox.in_flight().is_some_and(|entry| entry.id == *id) {
            self.timers.stop(Timer::Acknowledge);
        }
        self.outbox.confirm(id)?;
        self.strangeness = 0;
        self.unheard = [0; 2];
        self.is_unsaved = true;
        if let Some(diff) = self.timeline.remove_row(&row.id) {
            self.tell(Event::Timeline(diff));
        }
        let diff = self.timeline.adopt(id, row)?;
        self.tell(Event::Timeline(diff));
        self.timeline.find(id).cloned()
    }

    /// Names are shown as the deployment wants them shown.
    fn name(&self, row: &mut Row) {
        let Some(deployment) = &self.deployment else { return };
        if let RowContent::Outbound { author, .. } = &mut row.content {
            if !deployment.shows_names {
                author.name = None;
            } else if author.is_bot && author.name.is_none() {
                author.name.clone_from(&deployment.bot_name);
            }
        }
    }

    fn on_agent_typing(&mut self, now: Now, lasts: Option<Millis>) {
        let is_shown = self.deployment.as_ref().is_none_or(|deployment| deployment.shows_typing);
        match lasts {
            Some(0) => self.agent_stopped_typing(),
            _ if !is_shown => {}
            _ => {
                // A minute at the longest: whoever types for longer says so again.
                let span = lasts.unwrap_or(self.config.timings.agent_typing).min(MINUTE);
                if self.timers.get(Timer::AgentTyping).is_none() {
                    self.tell(Event::Typing(true));
                }
                self.timers.set(Timer::AgentTyping, now.mono + span);
                self.reading.agent_types = true;
            }
        }
    }

    pub(super) fn agent_stopped_typing(&mut self) {
        self.timers.stop(Timer::AgentTyping);
        if core::mem::take(&mut self.reading.agent_types) {
            self.tell(Event::Typing(false));
        }
    }

    /// The conversation can be read from now on, and nothing else.
    pub(super) fn enter_read_only(&mut self, now: Now, socket: SocketId) {
        self.look_up_in_flight(now);
        for timer in [Timer::Answer, Timer::Probe, Timer::ProbeAnswer, Timer::Flush] {
            self.timers.stop(timer);
        }
        self.agent_stopped_typing();
        self.enter(now, Phase::ReadOnly(Some(socket)));
        self.is_over = true;
        self.is_unsaved = true;
        self.fail_waiting();
    }

    /// The session is gone at the backend. What was said can still be read; what waits is kept for the next conversation.
    pub(super) fn on_expired(&mut self, now: Now) {
        self.stop(now, Phase::Expired);
        self.drop_session_token();
        // The visitor has asked for a new chat already, and it needs nothing of the old one.
        if core::mem::take(&mut self.wants_new_chat) {
            return self.new_chat(now);
        }
        self.fail_waiting();
        for id in self.outbox.ask_all() {
            self.show_state(&id);
        }
        self.is_live = false;
        self.is_over = false;
        self.is_unsaved = true;
    }

    /// The conversation was cleared: there is nothing left to read, and nothing to come back to.
    fn on_cleared(&mut self, now: Now) {
        self.stop(now, Phase::Idle);
        self.clear_conversation();
        self.wants_new_chat = false;
        self.was_accepted = false;
        self.is_live = false;
        self.is_over = false;
        self.is_unsaved = true;
    }
}
