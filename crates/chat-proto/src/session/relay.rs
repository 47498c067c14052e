//! Two connections at once, for a moment: where a token is good for the connection that was opened with it, a new one comes with a second
//! connection, which is there before the first one is closed. Messages go by the second from then on; what is still on its way on the first
//! is heard out, and what both bring is one line by its id.

use super::Session;
use crate::dialect::{ClientOp, Opening, ServerEvent, Speaker};
use crate::io::{Output, SocketEvent, SocketId};
use crate::phase::Phase;
use crate::time::Now;
use crate::timer::Timer;

/// The second connection.
#[derive(Clone, Debug, Default)]
pub(super) struct Relay {
    /// On its way, with who will speak on it.
    next: Option<(SocketId, Speaker)>,
    /// Replaced, and heard out.
    former: Option<SocketId>,
    /// The present one is to be replaced in its turn, as soon as that is over.
    is_wanted_again: bool,
    /// The message in flight was said on a connection that has been replaced.
    pub(super) has_text: bool,
}

impl Relay {
    /// Where no wire needs a second connection there is none, and the compiler leaves all of this out.
    pub(super) fn is_of(&self, id: SocketId) -> bool {
        cfg!(feature = "wires") && (self.former == Some(id) || self.next.as_ref().is_some_and(|(next, _)| *next == id))
    }
}

impl Session {
    /// Opens a second connection, with the present token, to take the place of the one that lives.
    pub(super) fn replace_socket(&mut self, now: Now) {
        let Some(grant) = self.good_grant(now).filter(|_| matches!(self.phase, Phase::Online(_))) else { return };
        // What is still on its way on the former is perhaps on its way on the present one as well, and both would be closed within moments.
        if self.relay.former.is_some() {
            self.relay.is_wanted_again = true;
            return;
        }
        let speaker = grant.speaker().clone();
        self.give_up_relay();
        let id = self.open_socket(&speaker);
        self.relay.next = Some((id, speaker));
        self.timers.set(Timer::Relay, now.mono + self.config.timings.connect);
    }

    pub(super) fn on_relay(&mut self, now: Now, id: SocketId, event: SocketEvent) {
        let is_next = self.relay.former != Some(id);
        match event {
            SocketEvent::Opened if is_next && self.habits().opening == Opening::Silence => self.hand_over_to(now, id),
            SocketEvent::Opened if is_next => {
                let trace = self.trace();
                self.say_as_next(id, &ClientOp::Hello { start_new: false, trace: trace.as_deref() });
            }
            SocketEvent::Frame(frame) => {
                for event in self.config.dialect().decode_frame(&frame).unwrap_or_default() {
                    match event {
                        ServerEvent::Row(row) => self.on_live_row(now, row),
                        ServerEvent::Admitted if is_next => self.say_as_next(id, &ClientOp::Enter),
                        ServerEvent::Conversation(conversation) => {
                            if let Some((_, speaker)) = &mut self.relay.next {
                                speaker.conversation = conversation;
                            }
                        }
                        ServerEvent::Ready { .. } if is_next => self.hand_over_to(now, id),
                        ServerEvent::Refused { about, refusal, .. } if !is_next => {
                            self.on_refused_by_former(now, &about, refusal);
                        }
                        _ => {}
                    }
                }
            }
            SocketEvent::Closed { .. } => self.on_relay_closed(now, id),
            SocketEvent::Opened | SocketEvent::Unreadable => {}
        }
    }

    /// The second connection did not come about in time, or the first one has been heard out.
    pub(super) fn on_relay_due(&mut self, now: Now) {
        let (has_failed, is_wanted_again) = (self.relay.next.is_some(), self.relay.is_wanted_again);
        self.give_up_relay();
        if is_wanted_again {
            return self.replace_socket(now);
        }
        // Where nothing else would tell a dead connection, that no second one opens is telling.
        if has_failed && !self.habits().answers_probes {
            self.on_silence(now);
        }
    }

    pub(super) fn give_up_relay(&mut self) {
        if !cfg!(feature = "wires") {
            return;
        }
        self.spend_next_token();
        let Relay { next, former, has_text, .. } = core::mem::take(&mut self.relay);
        self.relay.has_text = has_text;
        for id in [next.map(|(id, _)| id), former].into_iter().flatten() {
            self.out.push(Output::CloseSocket(id));
        }
        self.timers.stop(Timer::Relay);
    }

    /// The present connection lives on. Where the second one did not come about, the next attempt is the next token's.
    fn on_relay_closed(&mut self, now: Now, id: SocketId) {
        self.spend_next_token();
        let was_said_on_it = self.relay.has_text && self.relay.former == Some(id);
        let Relay { is_wanted_again, has_text, .. } = core::mem::take(&mut self.relay);
        self.relay.has_text = has_text;
        self.timers.stop(Timer::Relay);
        if is_wanted_again {
            self.replace_socket(now);
        }
        // That may have been what it was closed upon.
        if was_said_on_it && !self.habits().acknowledges {
            self.look_up_in_flight(now);
        }
    }

    /// A message that has not been answered for long was said on a connection that is no more: that says nothing of the present one. What
    /// became of it is asked.
    pub(super) fn was_said_before(&mut self, now: Now) -> bool {
        let was = cfg!(feature = "wires") && core::mem::take(&mut self.relay.has_text);
        if was {
            self.look_up_in_flight(now);
        }
        was
    }

    /// The second connection comes to nothing. Its token may have been said on it, and where that is good for one connection it has had it.
    fn spend_next_token(&mut self) {
        if self.habits().spends_tokens
            && let (Some((_, next)), Some(grant)) = (&self.relay.next, &self.grant)
            && grant.token() == next.token
        {
            self.grant = None;
        }
    }

    /// Says it on the second connection, with what is to be said there.
    fn say_as_next(&mut self, id: SocketId, op: &ClientOp<'_>) {
        let Some((_, next)) = &mut self.relay.next else { return };
        core::mem::swap(next, &mut self.speaker);
        self.say(id, op);
        if let Some((_, next)) = &mut self.relay.next {
            core::mem::swap(next, &mut self.speaker);
        }
    }

    fn hand_over_to(&mut self, now: Now, id: SocketId) {
        let Phase::Online(former) = self.phase else { return self.give_up_relay() };
        let Some((_, speaker)) = self.relay.next.take() else { return };
        self.speaker = speaker;
        self.relay.former = Some(former);
        self.relay.has_text = self.outbox.in_flight().is_some();
        self.enter(now, Phase::Online(id));
        self.heard(now);
        self.timers.set(Timer::Relay, now.mono + self.config.timings.settle);
        self.flush(now);
    }
}
