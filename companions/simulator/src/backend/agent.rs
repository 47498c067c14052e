//! The scripted agent at work: cues to the script, its steps onto the queue, and each step carried out if the
//! conversation is still the same by then.

use super::{Backend, Due};
use crate::script::{self, Act, Cue};
use crate::settings::Disconnection;

impl Backend {
    pub(super) fn agent_hears_join(&mut self, now: u64, token: &str) {
        self.agent_hears(now, token, Cue::Arrival);
    }

    pub(super) fn agent_hears_text(&mut self, now: u64, token: &str, text: &str) {
        self.agent_hears(now, token, Cue::Words(text));
    }

    /// Schedules the answer behind whatever she is still writing in this conversation.
    fn agent_hears(&mut self, now: u64, token: &str, cue: Cue) {
        let Some(session) = self.sessions.get_mut(token).filter(|_| self.settings.agent) else { return };
        let steps = script::reply(&mut self.random, cue, session.agent_turns);
        session.agent_turns += 1;
        let mut at = session.agent_free_at.max(now);
        let conversation = session.conversation;
        let timed: Vec<(u64, Act)> = steps
            .into_iter()
            .map(|step| {
                at += step.after;
                (at, step.act)
            })
            .collect();
        session.agent_free_at = at;
        for (at, act) in timed {
            self.schedule(at, Due::Agent { token: token.to_owned(), conversation, act });
        }
    }

    pub(super) fn agent_acts(&mut self, now: u64, token: &str, conversation: u32, act: Act) {
        let same = |session: &super::Session| session.conversation == conversation && session.is_writable();
        if !self.sessions.get(token).is_some_and(same) {
            return;
        }
        if self.sessions.get_mut(token).is_some_and(|session| std::mem::take(&mut session.is_queued)) {
            self.queue_moves(now, token, 0, 0);
        }
        match act {
            Act::Types => self.send_agent_typing(now, token),
            Act::Says(text) => self.accept_outbound(now, token, &text),
            Act::Disconnects => match self.deployment_of(token).conversation_disconnect {
                Disconnection::Off => {}
                Disconnection::Send => self.accept_disconnect(now, token, false),
                Disconnection::ReadOnly => self.accept_disconnect(now, token, true),
            },
            Act::Expires => self.expire_session(now, token, true),
        }
    }
}
