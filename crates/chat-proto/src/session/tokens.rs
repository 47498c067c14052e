//! Where tokens come from: the site's own endpoint, or, where there is none, the widget itself. One question at a time, ahead of
//! expiry by a timer, without touching a live socket; a refusal is followed by one forced renewal and then by a visible end.

use alloc::string::String;

use super::Session;
use crate::credential::Grant;
use crate::io::{Method, NetError, Output, Problem, Request, Response, RetryAfter, TokenTrouble};
use crate::json::Value;
use crate::pending::Asked;
use crate::phase::Phase;
use crate::time::{Instant, Millis, Now, SECOND};
use crate::timer::Timer;

/// How the supply of tokens fares.
#[derive(Clone, Debug, Default)]
pub(super) struct TokenSupply {
    /// Refusals since the backend last accepted us, by the endpoint or by the backend itself. The second one is final.
    refusals: u32,
    /// Questions in a row that gave no grant.
    failures: u32,
    /// The endpoint asked not to be asked before.
    not_before: Instant,
    /// The old session is over: the next token must be of a new one.
    wants_new: bool,
    /// The token that is being asked for is of a session that has ended meanwhile.
    is_outdated: bool,
}

impl TokenSupply {
    /// The backend accepted the token.
    pub(super) fn accepted(&mut self) {
        self.refusals = 0;
    }

    /// A person wants to try again.
    pub(super) fn forgive(&mut self) {
        self.refusals = 0;
    }

    pub(super) fn not_before(&self) -> Instant {
        self.not_before
    }
}

impl Session {
    /// The token, if it is good for opening a socket.
    pub(super) fn usable_grant(&self, now: Now) -> Option<&Grant> {
        self.grant.as_ref().filter(|grant| !grant.is_over(now, &self.config.timings))
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
        if self.grant.as_ref().is_some_and(|grant| grant.is_due(now, &self.config.timings)) {
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
        let body =
            Value::object([("deployment_id", self.config.deployment_id.as_str().into()), ("session", session.into())]);
        let id = self.pending.ask(Asked::Token(now));
        self.out.push(Output::Request(
            id,
            Request {
                method: Method::Post,
                url,
                authorization: None,
                body: Some(body),
                with_cookies: true,
                timeout: self.config.timings.request,
            },
        ));
    }

    pub(super) fn on_token(&mut self, now: Now, asked: Now, result: Result<Response, NetError>) {
        if core::mem::take(&mut self.supply.is_outdated) {
            if self.phase == Phase::Starting {
                self.ensure_token(now);
            }
            return;
        }
        match result {
            Ok(Response { status: 200..=299, body, .. }) => {
                // A grant that is over when it arrives is as good as none, and asking for the next at once would never end.
                let grant = Grant::read(&body, asked).filter(|grant| !grant.is_over(now, &self.config.timings));
                match grant {
                    Some(grant) => self.on_grant(now, grant),
                    None => self.token_failed(now, TokenTrouble::NotAGrant, None),
                }
            }
            // Where everything has stopped meanwhile, a refusal of what nobody needs changes nothing.
            Ok(Response { status: 401 | 403, .. }) if !self.phase.is_under_way() => {}
            Ok(Response { status: status @ (401 | 403), .. }) => self.on_refused(now, status),
            Ok(response) => self.token_failed(now, TokenTrouble::Status(response.status), response.retry_after),
            Err(_) => self.token_failed(now, TokenTrouble::Unreachable, None),
        }
    }

    fn on_grant(&mut self, now: Now, grant: Grant) {
        self.supply.failures = 0;
        self.supply.wants_new = false;
        if self.phase.accepted().is_some() {
            self.supply.accepted();
        }
        self.grant = Some(grant);
        self.arm_renewal(now);
        self.open_when_ready(now);
    }

    /// Sets the timer for the present token's renewal, unless that is under way already.
    fn arm_renewal(&mut self, now: Now) {
        if self.pending.is_open(|asked| matches!(asked, Asked::Token(_))) {
            return;
        }
        if let Some(at) = self.grant.as_ref().and_then(|grant| grant.renew_at(&self.config.timings)) {
            // A second at least, so that a short life and a slow endpoint together make no storm.
            self.timers.set(Timer::Renew, at.max(now.mono + SECOND));
        }
    }

    /// The endpoint gave no grant, but may later.
    fn token_failed(&mut self, now: Now, trouble: TokenTrouble, retry_after: Option<RetryAfter>) {
        self.report(Problem::TokenUnavailable(trouble));
        let asked_for = retry_after.map_or(0, |it| delay(it, now)).min(self.config.timings.retry_after_cap);
        self.supply.not_before = now.mono + asked_for;
        if self.phase == Phase::Starting {
            self.supply.failures = 0;
            self.back_off(now, asked_for);
        } else if self.phase.is_under_way() {
            let timings = &self.config.timings;
            let pause = (timings.renewal_retry << self.supply.failures.min(10)).min(timings.renewal_retry_cap);
            let jitter = self.random.up_to(pause / 2);
            self.supply.failures += 1;
            self.timers.set(Timer::Renew, now.mono + (pause + jitter).max(asked_for));
        }
    }

    /// The endpoint does not accept this visitor. Once, the token may simply have been the wrong one.
    fn on_refused(&mut self, now: Now, code: u16) {
        self.supply.refusals += 1;
        if self.supply.refusals > 1 {
            self.refuse(now, code);
        } else {
            self.fetch_token(now);
        }
    }

    /// The backend refused the token of the present socket: it is given up, and one forced renewal comes before the next.
    pub(super) fn on_socket_refused(&mut self, now: Now, code: u16) {
        self.supply.refusals += 1;
        if self.supply.refusals > 1 {
            self.refuse(now, code);
        } else {
            self.forget_fetched_token();
            self.fail_connection(now, 0);
        }
    }

    pub(super) fn refuse(&mut self, now: Now, code: u16) {
        self.forget_fetched_token();
        self.report(Problem::Refused { code });
        self.stop(now, Phase::Refused);
    }

    /// The connection was closed with a code that speaks of permission. The next one gets a new token, once.
    pub(super) fn distrust_token(&mut self) {
        if self.supply.refusals == 0 {
            self.supply.refusals = 1;
            self.forget_fetched_token();
        }
    }

    /// A token of the widget's own making is kept: it is the session, and no other would be better.
    fn forget_fetched_token(&mut self) {
        self.grant = self.grant.take().filter(Grant::is_own);
    }

    /// The session is over, and its token with it.
    pub(super) fn drop_session_token(&mut self) {
        self.grant = None;
        self.supply.wants_new = true;
        self.supply.is_outdated = self.pending.is_open(|asked| matches!(asked, Asked::Token(_)));
    }

    /// Another tab began a session with a token of its own making; the next connection is to join it.
    pub(super) fn adopt_token(&mut self, token: String) {
        self.grant = Some(Grant::own(token));
        self.supply.wants_new = false;
    }
}

fn delay(retry_after: RetryAfter, now: Now) -> Millis {
    match retry_after {
        RetryAfter::Delay(delay) => delay,
        RetryAfter::At(at) => at.since(now.wall),
    }
}
