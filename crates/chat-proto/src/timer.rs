//! The only place where a deadline is kept. The driver holds one timer of the browser's, for the earliest of these.

use crate::time::Instant;

/// What a deadline is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Timer {
    /// A socket that does not open, a hello or a request to end that is not answered.
    Answer,
    /// A sent message that is not echoed.
    Acknowledge,
    /// A connection that has been silent for long enough to be probed.
    Probe,
    /// A probe that is not answered.
    ProbeAnswer,
    /// The next attempt to connect.
    Reconnect,
    /// The countdown to it, once a second.
    Countdown,
    /// A token that is to be renewed.
    Renew,
    /// The second socket is to open, or be there; or the first one, which it has replaced, to be closed.
    Relay,
    /// The next message may be sent.
    Flush,
    /// A look into history that is due.
    Lookup,
    /// A question on the socket about history that is not answered.
    HistoryAnswer,
    /// The agent has stopped typing without saying so.
    AgentTyping,
    /// The composer's text is to be saved.
    SaveDraft,
}

const COUNT: usize = Timer::SaveDraft as usize + 1;

/// At most one deadline for each purpose.
#[derive(Clone, Debug, Default)]
pub(crate) struct TimerTable([Option<Instant>; COUNT]);

impl TimerTable {
    /// Replaces the deadline of that purpose.
    pub(crate) fn set(&mut self, timer: Timer, at: Instant) {
        self.0[timer as usize] = Some(at);
    }

    pub(crate) fn stop(&mut self, timer: Timer) {
        self.0[timer as usize] = None;
    }

    pub(crate) fn get(&self, timer: Timer) -> Option<Instant> {
        self.0[timer as usize]
    }

    /// The earliest deadline.
    pub(crate) fn next(&self) -> Option<Instant> {
        self.0.iter().flatten().min().copied()
    }

    /// If the deadline has passed, clears it and says so.
    pub(crate) fn take_if_due(&mut self, timer: Timer, now: Instant) -> bool {
        let is_due = self.get(timer).is_some_and(|at| at <= now);
        if is_due {
            self.stop(timer);
        }
        is_due
    }
}
