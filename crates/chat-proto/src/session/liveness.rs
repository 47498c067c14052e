//! Whether the connection lives: when something was last heard, when to ask, and what a page that wakes, sleeps or loses its network makes
//! of it. A dead wire that seems open is found in 20 s while somebody looks, in 8 s while a text is on its way, in 5 s after the page
//! woke; with at most five questions a minute, and none while nobody looks (`tests/liveness.rs`).

use super::Session;
use crate::dialect::ClientOp;
use crate::io::SocketId;
use crate::phase::Phase;
use crate::problem::Problem;
use crate::time::{Instant, MINUTE, Now};
use crate::timer::Timer;
use crate::window::Window;

/// What is known of the present connection's life.
#[derive(Clone, Debug, Default)]
pub(super) struct Liveness {
    /// When anything was last heard on it.
    pub(super) heard: Instant,
    /// When anything was last said on it.
    last_row: Instant,
    /// Since when messages flow.
    pub(super) online_since: Option<Instant>,
    /// When something was last said on it that a right is needed for.
    #[cfg(feature = "wires")]
    pub(super) asked: Option<Instant>,
    /// Something of the conversation was known before this connection.
    pub(super) is_return: bool,
    /// The page slept, or was held up, and nothing has been heard since.
    has_overslept: bool,
    /// An unreadable frame was reported.
    is_unreadable_reported: bool,
}

/// What was asked and done lately, on whatever connection.
#[derive(Clone, Debug, Default)]
pub(super) struct Rates {
    /// Frames of any kind.
    pub(super) frames: Window,
    /// Health checks.
    echoes: Window,
    /// Questions for the history's key that were asked only to hear something.
    keys: Window,
    /// When a sign of the network's return, or an impatient visitor, last hastened an attempt.
    pub(super) hastened: Option<Instant>,
    /// The backend asked not to be tried before.
    pub(super) not_before: Instant,
}

impl Session {
    /// Anything at all was heard on the socket.
    pub(super) fn heard(&mut self, now: Now) {
        self.liveness.heard = now.mono;
        self.timers.stop(Timer::ProbeAnswer);
        self.watch(now);
        // The first word after a sleep may be one from before it.
        if core::mem::take(&mut self.liveness.has_overslept) && self.watched().is_some() {
            self.timers.set(Timer::Probe, now.mono + self.config.timings.wake_silence);
        }
    }

    /// Something was said.
    pub(super) fn note_row(&mut self, now: Now) {
        self.liveness.last_row = now.mono;
    }

    /// Arms the watch for silence: while a conversation is on, and somebody looks.
    pub(super) fn watch(&mut self, now: Now) {
        if self.watched().is_some() {
            self.timers.set(Timer::Probe, now.mono + self.config.timings.probe);
        } else {
            self.timers.stop(Timer::Probe);
        }
    }

    /// The socket on which silence would be noticed.
    fn watched(&self) -> Option<SocketId> {
        match self.phase {
            Phase::Online(id) | Phase::Replaying(id) if self.habits().answers_probes => {
                Some(id).filter(|_| self.reading.is_visible)
            }
            _ => None,
        }
    }

    /// The connection has been silent for long.
    pub(super) fn on_quiet(&mut self, now: Now) {
        // One health check of the quota is kept for when the page wakes.
        self.probe(now, self.config.timings.probe_quota - 1);
    }

    /// Asks the backend whether it is there: by a health check, if fewer than so many were sent of late, or else by a question for the
    /// history's key. Where neither may be asked, it is asked as soon as one may.
    fn probe(&mut self, now: Now, quota: usize) {
        let Some(id) = self.watched().filter(|_| self.timers.get(Timer::ProbeAnswer).is_none()) else { return };
        let timings = &self.config.timings;
        let (answer, span) = (now.mono + timings.probe_answer, timings.probe_window);
        let echo = self.rates.echoes.free_at(quota, span);
        let key = self.rates.keys.free_at(timings.probe_keys, span);
        let soonest = echo.min(key).max(self.rates.frames.free_at(timings.frames, timings.frames_span));
        if soonest > now.mono {
            self.timers.set(Timer::Probe, soonest);
            return;
        }
        self.timers.set(Timer::ProbeAnswer, answer);
        if echo <= now.mono || !self.habits().has_history {
            self.rates.echoes.note(now.mono, span);
            self.say(id, &ClientOp::Probe);
        } else {
            self.rates.keys.note(now.mono, span);
            self.ask_for_key(now, id);
        }
    }

    /// A question for the history's key, now and then followed by a look into history: a frame that the backend lost on its way here leaves
    /// no other trace. The longer nothing was said, the rarer.
    fn ask_for_key(&mut self, now: Now, id: SocketId) {
        let quiet_for = now.mono.since(self.liveness.last_row);
        if self.replay.is_older_than(now, self.config.timings.audit.max(quiet_for / 2)) && self.audit(now) {
            return;
        }
        self.say(id, &ClientOp::HistoryKey);
    }

    /// Something suggests that the connection may have died, or that one can be had again.
    pub(super) fn wake(&mut self, now: Now) {
        match self.phase {
            // What was heard a moment ago need not be asked for: whoever switches tabs quickly sends no storm of frames.
            Phase::Online(_) | Phase::Replaying(_) => {
                let soon = self.liveness.heard + self.config.timings.wake_silence;
                if soon > now.mono && self.watched().is_some() {
                    self.timers.set(Timer::Probe, soon);
                } else {
                    self.probe(now, self.config.timings.probe_quota);
                }
            }
            Phase::Backoff { .. } | Phase::Offline if self.has_network => self.hasten(now),
            Phase::Backoff { .. }
            | Phase::Offline
            | Phase::Idle
            | Phase::Starting
            | Phase::Connecting(_)
            | Phase::Handshaking(_)
            | Phase::Restarting(_)
            | Phase::ReadOnly(_)
            | Phase::Evicted
            | Phase::Expired
            | Phase::Refused
            | Phase::Misconfigured => {}
        }
        if self.phase.is_under_way() {
            self.renew_if_due(now);
        }
    }

    /// Time went by in which this page did nothing, or a clock of it stood still: a timer is late, or the wall clock is ahead of the
    /// other.
    pub(super) fn has_slept(&self, now: Now) -> bool {
        let late = self.config.timings.late;
        let went_by = now.wall.since(self.clock.wall) > now.mono.since(self.clock.mono).saturating_add(late);
        went_by || self.timers.next().is_some_and(|at| now.mono.since(at) > late)
    }

    /// What was not heard in a sleep proves nothing, so that nothing is given up for it: the connection is asked, once. Where nobody looks
    /// it is given up all the same, for it is not asked there, and timers are always late.
    pub(super) fn on_sleep(&mut self, now: Now) {
        if cfg!(feature = "wires") && !self.reading.is_visible && !self.habits().answers_probes {
            return self.oversleep_unseen(now);
        }
        if !self.reading.is_visible || core::mem::replace(&mut self.liveness.has_overslept, true) {
            return;
        }
        self.timers.take_if_due(Timer::ProbeAnswer, now.mono);
        if self.timers.take_if_due(Timer::Answer, now.mono) {
            self.timers.set(Timer::Answer, now.mono + self.config.timings.probe_answer);
        }
        // Nobody can say that it is still being sent.
        if self.timers.take_if_due(Timer::Acknowledge, now.mono) {
            self.look_up_in_flight(now);
            // A new key is asked for behind it on the same socket: who has answered that has seen the message, however slow the wire is.
            self.forget_history_key();
        }
        if !self.habits().answers_probes {
            self.replace_socket(now);
        }
        self.wake(now);
    }

    /// Nobody looks, and nothing tells whether the connection lives: it is replaced once somebody looks. A close from the time of the sleep
    /// is heard after the timers, so that what only a close would tell of a message is waited for a second time.
    fn oversleep_unseen(&mut self, now: Now) {
        let is_first = !core::mem::replace(&mut self.liveness.has_overslept, true);
        if is_first && !self.habits().acknowledges && self.timers.take_if_due(Timer::Acknowledge, now.mono) {
            self.timers.set(Timer::Acknowledge, now.mono + self.config.timings.silent_acceptance);
        }
    }

    /// Somebody looks again, after a sleep or a silence in which the connection may have died.
    pub(super) fn replace_if_doubtful(&mut self, now: Now) {
        if !cfg!(feature = "wires") || self.habits().answers_probes {
            return;
        }
        let has_overslept = core::mem::take(&mut self.liveness.has_overslept);
        if has_overslept || now.mono.since(self.liveness.heard) > MINUTE {
            self.replace_socket(now);
        }
    }

    /// Brings the next attempt forward, a little and at random, so that visitors who share a network do not all come at once.
    fn hasten(&mut self, now: Now) {
        let timings = &self.config.timings;
        let soon = now.mono + timings.wake / 2 + self.random.up_to(timings.wake / 2);
        let spaced = self.rates.hastened.map_or(soon, |last| soon.max(last + timings.wake_spacing));
        let until = match self.phase {
            Phase::Backoff { until } => until.min(spaced),
            _ => spaced,
        };
        self.rates.hastened = Some(now.mono);
        self.wait_until(now, until);
    }

    pub(super) fn on_network_back(&mut self, now: Now) {
        self.has_network = true;
        self.wake(now);
    }

    pub(super) fn on_network_gone(&mut self, now: Now) {
        self.has_network = false;
        match self.phase {
            Phase::ReadOnly(_) => {
                self.give_up_socket(now, true);
                self.enter(now, Phase::ReadOnly(None));
            }
            phase if phase.is_under_way() => self.stop(now, Phase::Offline),
            _ => {}
        }
    }

    pub(super) fn on_unreadable(&mut self) {
        if !core::mem::replace(&mut self.liveness.is_unreadable_reported, true) {
            self.report(Problem::UnreadableFrame);
        }
    }
}
