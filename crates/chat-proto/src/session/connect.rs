//! From wanting a connection to having one, and from losing it to having the next. Sockets are opened and closed here only.

use super::Session;
use super::liveness::Liveness;
use crate::closure::{Remedy, remedy};
use crate::dialect::{ClientOp, Opening, Speaker};
use crate::io::{Event, NetError, Output, Response, SocketId};
#[cfg(feature = "wires")]
use crate::journal::UPON_ASKING;
use crate::message::Notice;
use crate::pending::Asked;
use crate::phase::Phase;
use crate::problem::Problem;
use crate::time::{Instant, Millis, Now, SECOND};
use crate::timer::Timer;
use crate::timings::Timings;
use crate::window::Window;

/// After so many sockets in a row that never opened, those are asked who may know why: the token endpoint and the settings. A browser
/// does not tell a refused upgrade from a dead network. After so many that were closed without a word, at the hello or soon after it, the
/// endpoint is asked as well: the token may have expired. What the next one meets is not chance any more, and is told as a cause.
const DOUBTFUL: u32 = 2;

/// A wait in line of more than this is told. Until then nobody sees it.
const LONG_LINE: Millis = 2 * SECOND;

impl Session {
    /// Starts an attempt: what a socket needs is fetched first.
    pub(super) fn begin(&mut self, now: Now) {
        self.give_up_socket(now, true);
        self.timers.stop(Timer::Reconnect);
        self.timers.stop(Timer::Countdown);
        if !self.is_live {
            self.is_live = true;
            self.is_unsaved = true;
        }
        if !self.has_network {
            self.enter(now, Phase::Offline);
            return;
        }
        // A token that is good for one connection has had it.
        if self.habits().spends_tokens && self.grant.as_ref().is_some_and(|grant| grant.token() == self.speaker.token) {
            self.grant = None;
        }
        self.enter(now, Phase::Starting);
        if self.deployment.is_none() || self.unopened == DOUBTFUL {
            self.ask(Asked::Deployment, &ClientOp::Deployment);
        }
        self.ensure_token(now);
        self.open_when_ready(now);
    }

    /// Opens the socket once nothing is awaited any more. Never without a token that is good for it.
    pub(super) fn open_when_ready(&mut self, now: Now) {
        if self.phase != Phase::Starting || self.pending.is_open(|asked| *asked == Asked::Deployment) {
            return;
        }
        let Some(grant) = self.usable_grant(now) else { return };
        let speaker = grant.speaker().clone();
        if let Some(slot) = self.supply.slot().filter(|slot| *slot > now.mono) {
            if slot.since(now.mono) > LONG_LINE {
                self.report(Problem::InLine);
            }
            return self.wait_until(now, slot);
        }
        self.supply.try_slot();
        let id = self.open_socket(&speaker);
        self.speaker = speaker;
        self.enter(now, Phase::Connecting(id));
        self.timers.set(Timer::Answer, now.mono + self.config.timings.connect);
    }

    pub(super) fn open_socket(&mut self, speaker: &Speaker) -> SocketId {
        self.last_socket = self.last_socket.wrapping_add(1);
        let id = SocketId(self.last_socket);
        let url = self.config.dialect().socket_url(&self.config, speaker);
        self.out.push(Output::OpenSocket(id, url.into()));
        id
    }

    pub(super) fn on_deployment(&mut self, now: Now, result: Result<Response, NetError>) {
        if self.phase != Phase::Starting {
            return;
        }
        // Settings that cannot be had are no reason not to talk; they are asked for again at the next attempt. A deployment that
        // is certainly not there, or switched off, is.
        if let Ok(response) = result {
            if matches!(response.status, 403 | 404) {
                return self.misconfigured(now, response.status);
            }
            let read = self.config.dialect().decode_deployment(&response).filter(|_| response.status < 300);
            if read.as_ref().is_some_and(|deployment| !deployment.is_active) {
                return self.misconfigured(now, response.status);
            }
            self.deployment = read.or(self.deployment.take());
        }
        // While the settings were awaited the place in line may have gone by, or the token ended: nothing else would ask for the next.
        if self.config.token_url.is_some() {
            self.ensure_token(now);
        }
        self.open_when_ready(now);
    }

    pub(super) fn on_opened(&mut self, now: Now, id: SocketId) {
        if self.phase == Phase::Connecting(id) {
            self.unopened = 0;
            self.supply.use_slot();
            self.liveness.heard = now.mono;
            self.hello(now, id, false);
        }
    }

    pub(super) fn hello(&mut self, now: Now, id: SocketId, start_new: bool) {
        self.enter(now, Phase::Handshaking(id));
        self.liveness.is_return = self.timeline.rows() > 0;
        self.forget_absence();
        self.timers.set(Timer::Answer, now.mono + self.config.timings.answer);
        if self.habits().opening == Opening::Silence {
            return self.on_ready(now, id, false, false);
        }
        let trace = self.trace();
        self.say(id, &ClientOp::Hello { start_new, trace: trace.as_deref() });
        #[cfg(feature = "wires")]
        if self.is_in_haste {
            self.say(id, &ClientOp::Enter);
        }
    }

    /// The backend knows us.
    pub(super) fn on_ready(&mut self, now: Now, id: SocketId, is_new: bool, is_read_only: bool) {
        if self.phase != Phase::Handshaking(id) {
            return;
        }
        self.timers.stop(Timer::Answer);
        let is_return = core::mem::replace(&mut self.was_accepted, true);
        self.unheard[0] = 0;
        // A backend that keeps nothing does not say that it is over, either.
        let is_read_only = is_read_only || self.is_over && !self.habits().has_history;
        match (is_read_only, is_new) {
            (true, _) if self.wants_new_chat => self.end_session(now, id),
            (true, _) => {
                self.enter_read_only(now, id);
                self.catch_up(now);
            }
            (false, true) => {
                self.goes_on();
                self.forget_old_session(now);
                if self.deployment.as_ref().is_some_and(|deployment| deployment.auto_start) {
                    self.say(id, &ClientOp::Join);
                }
                self.go_online(now, id);
            }
            (false, false) if !self.habits().has_history => {
                self.goes_on();
                self.go_on_without_history(now, is_return);
                self.go_online(now, id);
            }
            (false, false) => {
                self.goes_on();
                self.enter(now, Phase::Replaying(id));
                self.watch(now);
                self.catch_up(now);
            }
        }
    }

    /// There is a conversation in which something can be written.
    fn goes_on(&mut self) {
        self.wants_new_chat = false;
        self.is_unsaved |= core::mem::take(&mut self.is_over);
    }

    /// The session is another one than before. What was said stays on the screen; what nobody can look up any more is asked about.
    fn forget_old_session(&mut self, now: Now) {
        for id in self.outbox.ask_all() {
            self.show_state(&id);
        }
        if self.liveness.is_return {
            self.timeline.count_anew();
            let diff = self.timeline.note(Notice::Joined, now.wall);
            self.tell(Event::Timeline(diff));
        }
        self.replay.begin_new(now);
        self.show_history();
    }

    pub(super) fn go_online(&mut self, now: Now, id: SocketId) {
        self.enter(now, Phase::Online(id));
        self.liveness.online_since = Some(now.mono);
        self.note_row(now);
        self.heard(now);
        self.flush(now);
    }

    /// Ends the old session on this socket, so that a new one can begin on it.
    fn end_session(&mut self, now: Now, id: SocketId) {
        // What is being read of the old conversation has no place in the new one.
        self.timers.stop(Timer::Lookup);
        self.abandon_history();
        self.enter(now, Phase::Restarting(id));
        self.timers.set(Timer::Answer, now.mono + self.config.timings.answer);
        self.say(id, &ClientOp::End);
    }

    pub(super) fn on_session_ended(&mut self, now: Now, id: SocketId) {
        if self.phase == Phase::Restarting(id) {
            self.clear_conversation();
            self.hello(now, id, true);
        }
    }

    /// The socket closed, and we did not ask for it.
    pub(super) fn on_closed(&mut self, now: Now, code: u16) {
        let was_read_only = matches!(self.phase, Phase::ReadOnly(_));
        let remedy = remedy(code);
        let is_silent = matches!(code, 1000 | 1005);
        self.cause = code;
        #[cfg(feature = "wires")]
        let is_silent = {
            let is_upon_asking = self.is_upon_asking(now);
            self.cause |= if is_upon_asking { UPON_ASKING } else { 0 };
            is_silent || is_upon_asking && code == self.habits().silent_close
        };
        if remedy == Remedy::Shorten {
            self.outbox.suspect();
        }
        let is_young =
            self.liveness.online_since.is_none_or(|since| now.mono.since(since) < self.config.timings.backoff_reset);
        // Where nothing can be looked up, the next attempt is the visitor's own, and may come late.
        let is_upon_text = !self.habits().has_history && self.outbox.in_flight().is_some();
        let has_opened = !matches!(self.phase, Phase::Connecting(_));
        let is_unheard = (is_young || is_upon_text) && is_silent && has_opened;
        let row = usize::from(!matches!(self.phase, Phase::Handshaking(_)));
        let loss = if is_unheard && self.unheard[row] >= DOUBTFUL || self.opens_never() {
            // A token that is good for the hello is to blame only if something else was asked of it.
            self.keeps_failing(code, row == 0 || self.outbox.in_flight().is_some())
        } else {
            Problem::ConnectionLost { code }
        };
        self.give_up_socket(now, false);
        if was_read_only {
            self.enter(now, Phase::ReadOnly(None));
            return;
        }
        self.report(loss);
        if is_unheard {
            self.unheard[row] += 1;
            #[cfg(feature = "wires")]
            if row == 0 {
                self.change_pace();
            }
            // Where nothing else would tell that the backend does not listen, the next socket may seem to live with a token that is over.
            let is_deaf = cfg!(feature = "wires") && !self.habits().answers_probes;
            if self.unheard[row] == DOUBTFUL || is_deaf {
                self.doubt_token(now);
            }
        } else {
            self.unheard = [0; 2];
        }
        let is_enough = match remedy {
            Remedy::Retry | Remedy::Shorten => false,
            Remedy::RetryLater => {
                self.backoff.start_at(2);
                false
            }
            Remedy::Renew => !self.distrust_token(now),
            Remedy::RetrySeldom => {
                let Timings { misunderstandings, misunderstandings_span: span, .. } = self.config.timings;
                let is_enough = self.misunderstandings.free_at(misunderstandings, span) > now.mono;
                self.misunderstandings.note(now.mono, span);
                is_enough
            }
        };
        if is_enough {
            self.report(Problem::Refused { code });
            return self.halt(now, Phase::Refused);
        }
        self.back_off(now, 0);
    }

    /// Nothing came back in time: the connection is held for dead, whatever the browser says.
    pub(super) fn on_silence(&mut self, now: Now) {
        self.report(if self.opens_never() { self.keeps_failing(1006, true) } else { Problem::Unresponsive });
        self.fail_connection(now, 0);
    }

    fn keeps_failing(&self, code: u16, is_asked: bool) -> Problem {
        let has_opened = !matches!(self.phase, Phase::Connecting(_));
        Problem::KeepsFailing { code, has_opened, is_granted: is_asked && self.config.token_url.is_some() }
    }

    /// This socket, like those before it, has not opened.
    fn opens_never(&self) -> bool {
        matches!(self.phase, Phase::Connecting(_)) && self.unopened >= DOUBTFUL
    }

    /// Gives the connection up and tries again, after this wait at least.
    pub(super) fn fail_connection(&mut self, now: Now, at_least: Millis) {
        let was_read_only = matches!(self.phase, Phase::ReadOnly(_));
        self.give_up_socket(now, true);
        self.rates.not_before = now.mono + at_least.min(self.config.timings.retry_after_cap);
        if was_read_only {
            self.enter(now, Phase::ReadOnly(None));
        } else {
            self.back_off(now, 0);
        }
    }

    pub(super) fn back_off(&mut self, now: Now, at_least: Millis) {
        if matches!(self.phase, Phase::Connecting(_)) {
            self.unopened += 1;
            if self.unopened == DOUBTFUL {
                self.doubt_token(now);
            }
        }
        if !self.has_network {
            self.enter(now, Phase::Offline);
            return;
        }
        let wait = self.backoff.next(&self.config.timings, &mut self.random).max(at_least);
        self.wait_until(now, now.mono + wait);
    }

    pub(super) fn wait_until(&mut self, now: Now, until: Instant) {
        let until = until.max(self.not_before());
        self.enter(now, Phase::Backoff { until });
        self.timers.set(Timer::Reconnect, until);
        self.count_down(now, until);
    }

    /// Neither the backend nor the token endpoint is to be asked before, and there must be room for what is said on a new connection.
    fn not_before(&self) -> Instant {
        let Timings { frames_of_ours, frames_span, .. } = self.config.timings;
        let room = self.rates.frames.free_at(frames_of_ours, frames_span);
        self.supply.not_before().max(self.rates.not_before).max(room)
    }

    /// Arms the countdown for the moment at which the number of whole seconds changes.
    fn count_down(&mut self, now: Now, until: Instant) {
        let left = until.since(now.mono);
        if left > SECOND {
            let beat = (left - 1) % SECOND + 1;
            self.timers.set(Timer::Countdown, now.mono + beat);
        }
    }

    pub(super) fn on_countdown(&mut self, now: Now) {
        if let Phase::Backoff { until } = self.phase {
            self.count_down(now, until);
        }
    }

    /// Lets go of the present socket, and whoever calls enters a phase without it: every later word from it is ignored, and what was in
    /// flight on it is of unknown fate.
    pub(super) fn give_up_socket(&mut self, now: Now, close: bool) {
        let Some(id) = self.phase.socket() else { return };
        if close {
            self.out.push(Output::CloseSocket(id));
        }
        for timer in [Timer::Answer, Timer::Acknowledge, Timer::Probe, Timer::ProbeAnswer, Timer::Lookup, Timer::Flush]
        {
            self.timers.stop(timer);
        }
        if self.liveness.online_since.is_some_and(|since| now.mono.since(since) >= self.config.timings.backoff_reset) {
            self.backoff.reset();
        }
        self.liveness = Liveness::default();
        self.give_up_relay();
        // What went by HTTP is answered there.
        if self.posted.is_none()
            && let Some(id) = self.outbox.unsettle(now.mono + self.config.timings.settle)
        {
            self.is_unsaved = true;
            self.show_state(&id);
        }
        self.abandon_history();
        self.agent_stopped_typing();
    }

    /// Stops for good, until a person does something.
    pub(super) fn stop(&mut self, now: Now, phase: Phase) {
        self.give_up_socket(now, true);
        self.halt(now, phase);
    }

    /// The same, where the socket is gone already.
    fn halt(&mut self, now: Now, phase: Phase) {
        self.timers.stop(Timer::Reconnect);
        self.timers.stop(Timer::Countdown);
        self.timers.stop(Timer::Renew);
        // A token that is being asked for is waited for all the same: two questions at once would be one too many.
        self.pending.forget(|asked| !matches!(asked, Asked::Token(_) | Asked::Text { .. }));
        self.enter(now, phase);
    }

    fn misconfigured(&mut self, now: Now, status: u16) {
        self.report(Problem::Deployment { status });
        self.stop(now, Phase::Misconfigured);
    }

    /// The backend does not know our session. Once that is taken for a slip, and the next connection says again who we are; then a new
    /// session begins below what was said in the old one; and then it ends, visibly.
    pub(super) fn on_unknown_session(&mut self, now: Now, code: u16) {
        self.strangeness += 1;
        match self.strangeness {
            1 => {}
            2 => self.drop_session_token(),
            _ => return self.refuse(now, Problem::Refused { code }),
        }
        self.fail_connection(now, 0);
    }

    /// The hello was refused as invalid: there is no such deployment.
    pub(super) fn on_hello_invalid(&mut self, now: Now, code: u16) {
        self.deployment = None;
        self.misconfigured(now, code);
    }

    // ── what the visitor asks for ──

    pub(super) fn try_now(&mut self, now: Now) {
        match self.phase {
            Phase::Backoff { until } => {
                let spaced = self.rates.hastened.map_or(now.mono, |last| last + self.config.timings.wake_spacing);
                let soonest = spaced.max(self.not_before());
                if soonest > now.mono {
                    self.wait_until(now, soonest.min(until));
                } else {
                    self.rates.hastened = Some(now.mono);
                    self.begin(now);
                }
            }
            Phase::Refused | Phase::Misconfigured => self.begin_afresh(now),
            Phase::Offline => self.begin(now),
            Phase::Idle
            | Phase::Starting
            | Phase::Connecting(_)
            | Phase::Handshaking(_)
            | Phase::Replaying(_)
            | Phase::Online(_)
            | Phase::ReadOnly(_)
            | Phase::Restarting(_)
            | Phase::Evicted
            | Phase::Expired => {}
        }
    }

    /// A person wants to go on after everything had stopped. Forced renewals still count: a click is one attempt, and no new loop.
    pub(super) fn begin_afresh(&mut self, now: Now) {
        self.strangeness = 0;
        self.misunderstandings = Window::default();
        self.begin(now);
    }

    pub(super) fn use_here(&mut self, now: Now) {
        if self.phase == Phase::Evicted {
            self.begin_afresh(now);
        }
    }

    pub(super) fn new_chat(&mut self, now: Now) {
        match self.phase {
            Phase::ReadOnly(_) if !self.habits().can_restart => {
                self.drop_session_token();
                self.clear_conversation();
                self.was_accepted = false;
                self.begin_afresh(now);
            }
            Phase::ReadOnly(Some(id)) => {
                self.wants_new_chat = true;
                self.end_session(now, id);
            }
            Phase::ReadOnly(None) => {
                self.wants_new_chat = true;
                self.begin_afresh(now);
            }
            Phase::Expired => {
                self.clear_conversation();
                self.was_accepted = false;
                self.begin_afresh(now);
            }
            Phase::Idle
            | Phase::Starting
            | Phase::Connecting(_)
            | Phase::Handshaking(_)
            | Phase::Replaying(_)
            | Phase::Online(_)
            | Phase::Restarting(_)
            | Phase::Backoff { .. }
            | Phase::Offline
            | Phase::Evicted
            | Phase::Refused
            | Phase::Misconfigured => {}
        }
    }

    /// Empties the screen of what was said. What was written and not sent stays, for the visitor to send or to discard.
    pub(super) fn clear_conversation(&mut self) {
        let diff = self.timeline.forget_rows();
        self.tell(Event::Timeline(diff));
        self.replay.forget();
        self.trace = None;
        self.show_history();
    }
}
