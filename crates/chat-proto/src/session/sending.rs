//! What the visitor writes: kept, shown, sent when its turn comes, and followed until the backend has it.

use alloc::{string::String, vec::Vec};

use super::Session;
use crate::dialect::{About, ClientOp, Refusal, Row, RowContent, Wire};
use crate::io::{Event, NetError, Response};
use crate::message::{LocalId, MessageId, Rejection};
use crate::pending::Asked;
use crate::phase::Phase;
use crate::problem::Problem;
use crate::snapshot::{Fate, Kept};
use crate::time::{Millis, Now, Timestamp};
use crate::timer::Timer;
use crate::timings::Timings;

impl Session {
    /// Shows what an earlier page kept.
    pub(super) fn show_restored(&mut self) {
        let kept =
            self.outbox.iter().map(|(entry, state)| (entry.id.clone(), entry.text.clone(), entry.written(), state));
        for (id, text, written, state) in kept.collect::<Vec<_>>() {
            let diff = self.timeline.push_local(id, &text, written, state);
            self.tell(Event::Timeline(diff));
        }
        self.restore_reading();
    }

    pub(super) fn send(&mut self, now: Now, text: String) {
        if text.trim().is_empty() {
            return;
        }
        if !self.outbox.has_room(text.len(), &self.config.timings) {
            return self.give_back(&text);
        }
        self.reading.is_written(&text);
        let id = self.random.local_id();
        self.take_over(now, Kept { id, text, written: now.wall, fate: Fate::Unsent });
    }

    /// A message that was just written, here or in another tab. One that is known is not taken twice.
    pub(super) fn take_over(&mut self, now: Now, mut kept: Kept) {
        if self.outbox.send_state(&kept.id).is_some() || self.timeline.find(&kept.id).is_some() {
            return;
        }
        if kept.fate == Fate::Unsent {
            if kept.text.len() > self.config.timings.text_bytes {
                kept.fate = Fate::Rejected(Rejection::TooLong);
            } else if self.phase.is_over() {
                kept.fate = Fate::Rejected(Rejection::Ended);
            }
        }
        let settled = now.mono + self.config.timings.settle;
        if kept.fate != Fate::Unsent && matches!(self.phase, Phase::Online(_)) {
            self.timers.set(Timer::Lookup, settled);
        }
        self.push(kept);
        self.outbox.settle_at(settled);
        self.send_soon(now);
    }

    fn push(&mut self, kept: Kept) {
        let (id, text, written) = (kept.id.clone(), kept.text.clone(), kept.written);
        self.outbox.push(kept);
        self.is_unsaved = true;
        let Some(state) = self.outbox.send_state(&id) else { return };
        let diff = self.timeline.push_local(id, &text, written, state);
        self.tell(Event::Timeline(diff));
    }

    /// There is no room for it among what waits: it stays with the visitor, below what stands in the composer.
    fn give_back(&mut self, text: &str) {
        append(&mut self.reading.draft, text);
        let draft = self.reading.draft.clone();
        self.tell(Event::Draft(draft));
        self.is_unsaved = true;
    }

    /// Tells when the longest message would be given back, and when no longer.
    pub(super) fn show_full(&mut self) {
        let is_full = !self.outbox.has_room(self.config.timings.text_bytes, &self.config.timings);
        if is_full != self.shown_full {
            self.shown_full = is_full;
            self.tell(Event::Full(is_full));
        }
    }

    pub(super) fn retry(&mut self, now: Now, id: &LocalId) {
        // In a conversation that is over there is nothing to try: the message waits for the next one.
        if self.phase.is_over() || !self.outbox.retry(id) {
            return;
        }
        self.is_unsaved = true;
        self.show_state(id);
        self.send_soon(now);
    }

    pub(super) fn discard(&mut self, now: Now, id: &LocalId) {
        if !self.outbox.discard(id) {
            return;
        }
        self.is_unsaved = true;
        if let Some(diff) = self.timeline.remove(id) {
            self.tell(Event::Timeline(diff));
        }
        self.flush(now);
    }

    /// A visitor who writes wants a connection, even where nothing connects by itself.
    fn send_soon(&mut self, now: Now) {
        match self.phase {
            Phase::Idle | Phase::Evicted | Phase::Refused | Phase::Misconfigured => self.begin_afresh(now),
            Phase::Online(_) => self.flush(now),
            Phase::Starting
            | Phase::Connecting(_)
            | Phase::Handshaking(_)
            | Phase::Replaying(_)
            | Phase::ReadOnly(_)
            | Phase::Restarting(_)
            | Phase::Backoff { .. }
            | Phase::Offline
            | Phase::Expired => {}
        }
    }

    /// Hands the next message to the socket, if there is one, its turn has come, and nothing is in flight.
    pub(super) fn flush(&mut self, now: Now) {
        let Phase::Online(socket) = self.phase else { return };
        let Some(entry) = self.outbox.next() else { return };
        let Timings { frames_of_ours, frames_span, .. } = self.config.timings;
        let gate = self.send_gate.max(self.rates.frames.free_at(frames_of_ours, frames_span));
        if now.mono < gate {
            self.timers.set(Timer::Flush, gate);
            return;
        }
        let (id, text, attempt, written) = (entry.id.clone(), entry.text.clone(), entry.attempts + 1, entry.written());
        self.outbox.mark_sending(&id, self.timeline.newest());
        self.is_unsaved = true;
        self.show_state(&id);
        #[cfg(feature = "wires")]
        self.note_asking(now);
        let Timings { acknowledge, silent_acceptance, .. } = self.config.timings;
        match self.encode(&ClientOp::Text { id: &id, attempt, text: &text, written }) {
            Some(Wire::Frame(frame)) => {
                self.send_frame(socket, frame);
                self.relay.has_text = false;
                let patience = if self.habits().acknowledges { acknowledge } else { silent_acceptance };
                self.timers.set(Timer::Acknowledge, now.mono + patience);
            }
            // Its answer has a time-out of its own.
            Some(Wire::Http(request)) => {
                self.posted = Some(id);
                self.request(Asked::Text { attempt }, request);
            }
            None => {}
        }
        self.send_gate = now.mono + self.config.timings.pace;
    }

    /// What went by HTTP was answered, or not.
    pub(super) fn on_posted(&mut self, now: Now, attempt: u32, result: Result<Response, NetError>) {
        let Some(id) = self.posted.take() else { return };
        let Ok(response) = result else {
            self.unposted += 1;
            #[cfg(feature = "wires")]
            if self.unposted > 1 && matches!(self.phase, Phase::Online(_)) {
                self.report(Problem::Unposted);
            }
            self.look_up_in_flight(now);
            return self.catch_up(now);
        };
        self.unposted = 0;
        match self.config.dialect().decode_sent(&response) {
            Ok((row, time)) => self.taken(now, &id, row, time),
            // Everything has stopped meanwhile: it waits like the rest.
            Err(Refusal::Unauthorized) if !self.phase.is_under_way() => self.requeue_in_flight(true),
            Err(refusal) => {
                self.on_server_refusal(now, &About::Message { id, attempt }, refusal, response.status);
            }
        }
    }

    /// On a wire that answers nothing, a message that was said on a connection that lives counts as taken.
    pub(super) fn counts_as_taken(&mut self, now: Now) -> bool {
        let id = self.outbox.in_flight().map(|entry| entry.id.clone());
        let Some(id) = id.filter(|_| !self.habits().acknowledges) else { return false };
        self.taken(now, &id, None, None);
        true
    }

    /// The backend has it. Where it gives no id, ours is as good.
    fn taken(&mut self, now: Now, id: &LocalId, row: Option<MessageId>, time: Option<Timestamp>) {
        let content = RowContent::Inbound { local_id: Some(id.clone()), text: String::new() };
        let row = Row { id: row.unwrap_or_else(|| MessageId(id.0.clone())), time, content };
        if let Some(item) = self.confirm(id, &row) {
            self.tell(Event::Said(item));
        }
        self.note_row(now);
        self.flush(now);
    }

    /// Nothing is sent for so long, and a little longer at random, so that all who were told the same do not come back at once.
    fn pause(&mut self, now: Now, span: Option<Millis>) {
        let span = span.unwrap_or(self.config.timings.rate_pause).min(self.config.timings.retry_after_cap);
        let until = now.mono + span + self.random.up_to(span / 5);
        self.send_gate = self.send_gate.max(until);
    }

    /// Shows the state that the outbox has for this message.
    pub(super) fn show_state(&mut self, id: &LocalId) {
        let Some(state) = self.outbox.send_state(id) else { return };
        if let Some(diff) = self.timeline.set_state(id, state) {
            self.tell(Event::Timeline(diff));
        }
    }

    /// Something that we said was refused.
    pub(super) fn on_server_refusal(&mut self, now: Now, about: &About, refusal: Refusal, code: u16) {
        self.cause = code;
        let is_about_flight = matches!(about, About::Message { id, attempt } if self.is_in_flight(id, *attempt));
        match refusal {
            // These are about the session, whatever the frame was. Only a message that was refused itself is certainly not taken.
            Refusal::Expired => return self.on_expired(now),
            // A new one is under way, for this very connection.
            Refusal::Unauthorized if self.awaits_token_in_place() => {
                self.requeue_in_flight(is_about_flight);
                self.pause(now, Some(self.config.timings.renewal_retry));
                return self.flush(now);
            }
            Refusal::Unauthorized => {
                self.requeue_in_flight(is_about_flight);
                return self.on_socket_refused(now, code);
            }
            Refusal::Unknown => {
                self.requeue_in_flight(is_about_flight);
                return self.on_unknown_session(now, code);
            }
            Refusal::ReadOnly => {
                self.requeue_in_flight(is_about_flight);
                if let Some(socket) = self.phase.accepted() {
                    self.enter_read_only(now, socket);
                }
                return;
            }
            Refusal::TooLong | Refusal::Invalid | Refusal::RateLimited(_) | Refusal::SwitchedOff | Refusal::Server => {}
        }
        match about {
            // It was answered before: this is a word from the past.
            About::Hello if !matches!(self.phase, Phase::Handshaking(_)) => {}
            About::Hello => match refusal {
                Refusal::RateLimited(span) => {
                    self.fail_connection(now, span.unwrap_or(self.config.timings.rate_pause));
                }
                Refusal::Invalid => self.on_hello_invalid(now, code),
                _ => self.fail_connection(now, 0),
            },
            About::End => self.fail_connection(now, 0),
            About::HistoryKey => {
                let span = if let Refusal::RateLimited(span) = refusal { span } else { None };
                self.history_failed(now, code, span);
            }
            About::Message { .. } if is_about_flight => self.on_message_refused(now, refusal),
            // An earlier attempt, or a sign that nobody misses; a refused health check even proves that the backend is there.
            About::Message { .. } | About::Signal => {}
            // Only one message is ever in flight, so an error that can only be about a message is about that one.
            About::Unknown => match refusal {
                Refusal::TooLong | Refusal::RateLimited(_) if self.outbox.in_flight().is_some() => {
                    self.on_message_refused(now, refusal);
                }
                _ => self.report(Problem::Backend { code }),
            },
        }
    }

    /// What was said on a connection that has been replaced was refused there. That is about the message in flight, or about nothing that
    /// matters any more; and the present connection's token is another.
    pub(super) fn on_refused_by_former(&mut self, now: Now, about: &About, refusal: Refusal) {
        if !matches!(about, About::Message { id, attempt } if self.is_in_flight(id, *attempt)) {
            return;
        }
        if refusal == Refusal::Unauthorized {
            self.requeue_in_flight(true);
            self.flush(now);
        } else {
            self.on_message_refused(now, refusal);
        }
    }

    /// The message in flight was refused.
    fn on_message_refused(&mut self, now: Now, refusal: Refusal) {
        match refusal {
            Refusal::RateLimited(span) => {
                self.requeue_in_flight(true);
                self.pause(now, span);
            }
            // It may have been taken all the same: history knows.
            Refusal::Server => {
                self.outbox.count_error();
                self.look_up_in_flight(now);
            }
            Refusal::TooLong => self.reject_in_flight(Rejection::TooLong),
            _ => self.reject_in_flight(Rejection::Refused),
        }
        self.flush(now);
    }

    fn is_in_flight(&self, id: &LocalId, attempt: u32) -> bool {
        self.outbox.in_flight().is_some_and(|entry| entry.id == *id && entry.attempts == attempt)
    }

    /// What is in flight is of unknown fate, and history will be asked about it as soon as it can tell.
    pub(super) fn look_up_in_flight(&mut self, now: Now) {
        self.timers.stop(Timer::Acknowledge);
        let settled = now.mono + self.config.timings.settle;
        if let Some(id) = self.outbox.unsettle(settled) {
            self.is_unsaved = true;
            self.show_state(&id);
            self.timers.set(Timer::Lookup, settled);
        }
    }

    /// What is in flight was certainly not taken, if that is so, and waits for its next turn.
    fn requeue_in_flight(&mut self, is_not_taken: bool) {
        if !is_not_taken {
            return;
        }
        let Some(id) = self.outbox.in_flight().map(|entry| entry.id.clone()) else { return };
        self.timers.stop(Timer::Acknowledge);
        self.outbox.requeue(&id);
        self.is_unsaved = true;
        self.show_state(&id);
    }

    fn reject_in_flight(&mut self, why: Rejection) {
        let Some(id) = self.outbox.in_flight().map(|entry| entry.id.clone()) else { return };
        self.timers.stop(Timer::Acknowledge);
        self.reject(&id, why);
    }

    pub(super) fn reject(&mut self, id: &LocalId, why: Rejection) {
        self.outbox.reject(id, why);
        self.is_unsaved = true;
        self.show_state(id);
    }

    /// The conversation is over: what waits is shown as not sent, and kept.
    pub(super) fn fail_waiting(&mut self) {
        for id in self.outbox.fail_waiting(Rejection::Ended) {
            self.is_unsaved = true;
            self.show_state(&id);
        }
    }
}

/// Puts a text below what stands in the composer.
pub(crate) fn append(draft: &mut String, text: &str) {
    if !draft.is_empty() {
        draft.push('\n');
    }
    draft.push_str(text);
}
