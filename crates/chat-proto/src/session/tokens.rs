//! Where tokens come from: the site's own endpoint, or, where there is none, the widget itself. One question at a time, ahead of
//! expiry by a timer, without touching a live socket. A refusal is followed by a forced renewal, twice in ten minutes at most, and
//! then by a visible end. An endpoint that gives places in line is asked before each socket, so that a site's visitors, dropped
//! together, come back no faster than the backend lets them in.

use alloc::string::String;

use super::Session;
use crate::credential::Grant;
use crate::dialect::{ClientOp, Renewal};
use crate::io::{Method, NetError, Output, Request, Response};
use crate::json::Value;
use crate::pending::Asked;
use crate::phase::Phase;
use crate::problem::{Advice, Problem, TokenTrouble};
use crate::time::{Instant, Millis, Now, SECOND};
use crate::timer::Timer;
use crate::timings::Timings;
use crate::window::Window;

/// How the supply of tokens fares.
#[derive(Clone, Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "independent facts, each read where it matters")]
pub(super) struct TokenSupply {
    /// When renewals were forced of late.
    forced: Window,
    /// Questions in a row that gave no grant.
    failures: u32,
    /// The endpoint asked not to be asked before.
    not_before: Instant,
    slot: Slot,
    /// The old session is over: the next token must be of a new one.
    wants_new: bool,
    /// The endpoint has granted something to this page. Since then it knows the conversation from here.
    has_granted: bool,
    /// The token that is being asked for is of a session that has ended meanwhile.
    is_outdated: bool,
    /// The endpoint's last answer was a refusal.
    was_refused: bool,
}

/// When the next socket may be opened, where the endpoint has a say in it.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
enum Slot {
    /// It has none: whenever there is a token.
    #[default]
    Free,
    /// The endpoint is being asked.
    Asked,
    /// Then, one socket.
    At(Instant),
    /// The socket is being opened, or did not open: soon, it may be tried again.
    Tried(Instant),
    /// The socket opened. The endpoint is asked before the next.
    Used,
}

impl TokenSupply {
    /// Nothing is to be tried before: the endpoint's patience, or the place in line.
    pub(super) fn not_before(&self) -> Instant {
        self.slot().map_or(self.not_before, |at| at.max(self.not_before))
    }

    /// The place in line, if there is one.
    pub(super) fn slot(&self) -> Option<Instant> {
        if let Slot::At(at) = self.slot { Some(at) } else { None }
    }

    /// A socket is being opened.
    pub(super) fn try_slot(&mut self) {
        if let Slot::At(at) = self.slot {
            self.slot = Slot::Tried(at);
        }
    }

    /// It is open.
    pub(super) fn use_slot(&mut self) {
        if let Slot::Tried(_) = self.slot {
            self.slot = Slot::Used;
        }
    }
}

impl Session {
    /// The token, if a socket can be opened with it without asking the endpoint first.
    pub(super) fn usable_grant(&self, now: Now) -> Option<&Grant> {
        let may_open = self.supply.slot == Slot::Free || self.holds_slot(now);
        self.good_grant(now).filter(|_| may_open)
    }

    pub(super) fn good_grant(&self, now: Now) -> Option<&Grant> {
        self.grant.as_ref().filter(|grant| !grant.is_over(now, &self.config.timings))
    }

    /// Has a place in line that has not gone by.
    fn holds_slot(&self, now: Now) -> bool {
        let timings = &self.config.timings;
        match self.supply.slot {
            Slot::At(at) => now.mono.since(at) <= timings.slot_life,
            Slot::Tried(at) => now.mono.since(at) <= timings.slot_retry,
            Slot::Free | Slot::Asked | Slot::Used => false,
        }
    }

    /// Sees to it that there will be a usable token: at once, or by an answer that is under way.
    pub(super) fn ensure_token(&mut self, now: Now) {
        if self.usable_grant(now).is_some() {
            self.renew_if_due(now);
            self.arm_renewal(now);
        } else if self.config.token_url.is_some() {
            self.fetch_token(now);
        } else {
            let id = self.pending.ask(Asked::OwnToken);
            self.out.push(Output::MintToken(id));
        }
    }

    pub(super) fn on_minted(&mut self, now: Now, token: String) {
        self.grant = Some(Grant::own(token));
        self.supply.wants_new = false;
        self.is_unsaved = true;
        self.open_when_ready(now);
    }

    /// The renewal timer has fired.
    pub(super) fn renew(&mut self, now: Now) {
        if self.phase.is_under_way() {
            self.fetch_token(now);
        }
    }

    /// After a sleep, the timer may be late.
    pub(super) fn renew_if_due(&mut self, now: Now) {
        if self.grant.as_ref().is_some_and(|grant| grant.is_due(now)) {
            self.fetch_token(now);
        }
    }

    fn fetch_token(&mut self, now: Now) {
        if !self.has_network || self.pending.is_open(|asked| matches!(asked, Asked::Token(_))) {
            return;
        }
        let Some(url) = self.config.token_url.clone() else { return };
        if self.supply.not_before > now.mono {
            self.timers.set(Timer::Renew, self.supply.not_before);
            return;
        }
        self.timers.stop(Timer::Renew);
        let session = if self.supply.wants_new { "new" } else { "keep" };
        let is_connecting = self.phase == Phase::Starting && !self.holds_slot(now);
        // A place that was of no use is given back while the endpoint still counts it.
        let is_unused = is_connecting
            && matches!(self.supply.slot, Slot::Tried(at) if now.mono.since(at) < self.config.timings.slot_window);
        if is_connecting {
            self.supply.slot = Slot::Asked;
        }
        let yes = |fact| if fact { true.into() } else { Value::Null };
        let dialect = self.habits().name;
        let body = Value::object([
            ("dialect", if self.habits().has_own_tokens { Value::Null } else { dialect.into() }),
            ("deployment_id", self.config.deployment_id.as_str().into()),
            ("session", session.into()),
            ("connecting", yes(is_connecting)),
            ("unused", yes(is_unused)),
        ]);
        let request = Request {
            method: Method::Post,
            url,
            authorization: None,
            trace: None,
            body: Some(body),
            with_cookies: true,
            timeout: self.config.timings.request,
        };
        self.request(Asked::Token(now), request);
    }

    pub(super) fn on_token(&mut self, now: Now, asked: Now, result: Result<Response, NetError>) {
        let is_grant = matches!(result, Ok(Response { status: 200..=299, .. }));
        if core::mem::take(&mut self.supply.is_outdated) && is_grant {
            if self.phase == Phase::Starting {
                self.ensure_token(now);
            }
            return;
        }
        match result {
            Ok(Response { status: 200..=299, body, .. }) => {
                // A grant that is over when it arrives is as good as none, and asking for the next at once would never end.
                let trouble = match body {
                    None => TokenTrouble::NotJson,
                    Some(body) => match Grant::read(&body, asked, &self.config.timings, &mut self.random) {
                        Some(grant)
                            if !grant.is_over(now, &self.config.timings)
                                && self.config.dialect().is_enough(grant.speaker()) =>
                        {
                            // Storage may have been emptied, and the endpoint's cookie not.
                            if cfg!(feature = "wires")
                                && !core::mem::replace(&mut self.supply.has_granted, true)
                                && !self.habits().has_history
                            {
                                self.was_accepted |= body.at("resumed").as_bool() == Some(true);
                            }
                            return self.on_grant(now, grant, body.at("connect_after_ms").as_u64());
                        }
                        _ => TokenTrouble::NotAGrant,
                    },
                };
                self.token_failed(now, trouble, None);
            }
            // Where everything has stopped meanwhile, a refusal of what nobody needs changes nothing.
            Ok(Response { status: 401 | 403, .. }) if !self.phase.is_under_way() => {}
            Ok(Response { status: status @ (401 | 403), .. }) => self.on_refused(now, status),
            Ok(Response { status, retry_after, .. }) => {
                self.token_failed(now, TokenTrouble::Status(status), retry_after);
            }
            Err(NetError::Timeout) => self.token_failed(now, TokenTrouble::Timeout, None),
            Err(NetError::Failed) => self.token_failed(now, TokenTrouble::Unreachable, None),
        }
    }

    fn on_grant(&mut self, now: Now, grant: Grant, connect_after: Option<Millis>) {
        self.supply.failures = 0;
        // From here on there is a conversation that is not over.
        if core::mem::take(&mut self.supply.wants_new) && cfg!(feature = "wires") {
            self.is_unsaved |= core::mem::take(&mut self.is_over);
        }
        self.supply.was_refused = false;
        self.supply.slot = match connect_after {
            Some(wait) => Slot::At(now.mono + wait.min(self.config.timings.slot_cap)),
            None if self.supply.slot == Slot::Asked => Slot::Free,
            // A renewal in place, which says nothing of places.
            None => self.supply.slot,
        };
        self.grant = Some(grant);
        self.arm_renewal(now);
        self.apply_grant(now);
        // The socket may have been lost while a renewal in place was under way: then its place in line is still to be asked for.
        if self.phase == Phase::Starting && self.usable_grant(now).is_none() {
            self.fetch_token(now);
        }
        self.open_when_ready(now);
    }

    /// A new token, where there is a connection that lives: some wires take it in place, some by a second connection.
    fn apply_grant(&mut self, now: Now) {
        let (Some(socket), Some(grant)) = (self.phase.accepted(), &self.grant) else { return };
        match self.habits().renewal {
            Renewal::Later => {}
            // The endpoint had to begin another conversation, and this connection is of the old one.
            Renewal::InPlace if is_other(&grant.speaker().conversation, &self.speaker.conversation) => {
                self.replace_socket(now);
            }
            Renewal::InPlace => {
                self.speaker.token = grant.token().into();
                self.say(socket, &ClientOp::Renew);
                // Nothing would tell a dead connection: with each token it is made anew.
                if !self.habits().answers_probes {
                    self.replace_socket(now);
                }
            }
            Renewal::Replacement => self.replace_socket(now),
        }
    }

    /// The backend wants another token on this connection. There may be one already; otherwise one is forced, as often as that may be.
    pub(super) fn on_token_expired(&mut self, now: Now) {
        if self.good_grant(now).is_some_and(|grant| grant.token() != self.speaker.token) {
            self.apply_grant(now);
        } else if self.awaits_token_in_place() || self.distrust_token(now) {
            self.fetch_token(now);
        } else {
            self.on_socket_refused(now, 401);
        }
    }

    /// A token is being asked for that this connection will take.
    pub(super) fn awaits_token_in_place(&self) -> bool {
        self.habits().renewal == Renewal::InPlace
            && matches!(self.phase, Phase::Online(_))
            && self.pending.is_open(|asked| matches!(asked, Asked::Token(_)))
    }

    /// Sets the timer for the present token's renewal, unless that is under way already.
    fn arm_renewal(&mut self, now: Now) {
        if self.pending.is_open(|asked| matches!(asked, Asked::Token(_))) {
            return;
        }
        if let Some(at) = self.grant.as_ref().and_then(Grant::renew_at) {
            // A second at least, so that a short life and a slow endpoint together make no storm.
            self.timers.set(Timer::Renew, at.max(now.mono + SECOND));
        }
    }

    /// The endpoint gave no grant, but may later.
    fn token_failed(&mut self, now: Now, trouble: TokenTrouble, retry_after: Option<Millis>) {
        self.supply.was_refused = false;
        self.report(Problem::TokenUnavailable(trouble));
        let asked_for = retry_after.unwrap_or(0).min(self.config.timings.retry_after_cap);
        // Whoever was asked for the same patience at the same time is not to come back at the same time.
        let asked_for = asked_for + self.random.up_to(asked_for / 5);
        if asked_for > 0 {
            self.advice = Some(Advice::Wait);
        }
        self.supply.not_before = now.mono + asked_for;
        // An endpoint that fails makes nobody wait whose token is still good: the next attempt goes without a place in line. Nobody else
        // does: the question is asked anew, and a renewal in place is no answer to it.
        if self.supply.slot == Slot::Asked {
            self.supply.slot = if self.good_grant(now).is_some() { Slot::At(now.mono) } else { Slot::Used };
        }
        if self.phase == Phase::Starting {
            self.supply.failures = 0;
            self.back_off(now, asked_for);
        } else if self.phase.is_under_way() {
            let timings = &self.config.timings;
            let pause = (timings.renewal_retry << self.supply.failures.min(10)).min(timings.renewal_retry_cap);
            let pause = pause - self.random.up_to(pause / 4);
            self.supply.failures += 1;
            self.timers.set(Timer::Renew, now.mono + pause.max(asked_for));
        }
    }

    /// The endpoint does not accept this visitor. Once, the token that it was asked to renew may simply have been the wrong one; twice in
    /// a row it means it.
    fn on_refused(&mut self, now: Now, status: u16) {
        if !core::mem::replace(&mut self.supply.was_refused, true) && self.distrust_token(now) {
            self.fetch_token(now);
        } else {
            self.refuse(now, Problem::NotSignedIn { status });
        }
    }

    /// The backend refused the token of the present socket: it is given up, and a forced renewal comes before the next.
    pub(super) fn on_socket_refused(&mut self, now: Now, code: u16) {
        if self.distrust_token(now) {
            self.fail_connection(now, 0);
        } else {
            self.refuse(now, Problem::Refused { code });
        }
    }

    /// Sees to it that the next socket gets a new token, if there were fewer than two such renewals of late; false otherwise. That the
    /// backend accepted us in between makes no difference: a token that is good for hello and for nothing else would be renewed for ever.
    pub(super) fn distrust_token(&mut self, now: Now) -> bool {
        let Timings { forced_renewals, forced_window, .. } = self.config.timings;
        let may_be = self.supply.forced.free_at(forced_renewals, forced_window) <= now.mono;
        if may_be {
            self.supply.forced.note(now.mono, forced_window);
            self.forget_fetched_token();
        }
        may_be
    }

    /// Sockets do not open, and the endpoint may know why: it is asked before the next one. The token is kept, in case it does not answer.
    /// Counted as a forced renewal where there was none of late, so that one is left for a refusal.
    pub(super) fn doubt_token(&mut self, now: Now) {
        let span = self.config.timings.forced_window;
        if self.supply.slot == Slot::Free
            && self.config.token_url.is_some()
            && self.supply.forced.free_at(1, span) <= now.mono
        {
            self.supply.forced.note(now.mono, span);
            self.supply.slot = Slot::Used;
        }
    }

    pub(super) fn refuse(&mut self, now: Now, why: Problem) {
        self.forget_fetched_token();
        self.report(why);
        self.stop(now, Phase::Refused);
    }

    /// A token of the widget's own making is kept: it is the session, and no other would be better.
    fn forget_fetched_token(&mut self) {
        self.grant = self.grant.take().filter(Grant::is_own);
    }

    /// The session is over, and its token with it.
    pub(super) fn drop_session_token(&mut self) {
        self.grant = None;
        self.trace = None;
        self.supply.wants_new = true;
        self.supply.is_outdated = self.pending.is_open(|asked| matches!(asked, Asked::Token(_)));
    }

    /// Another tab began a session with a token of its own making; the next connection is to join it.
    pub(super) fn adopt_token(&mut self, token: String) {
        self.grant = Some(Grant::own(token));
        self.supply.wants_new = false;
    }
}

/// Whether the grant names a conversation, and another one.
fn is_other(granted: &str, present: &str) -> bool {
    !granted.is_empty() && granted != present
}
