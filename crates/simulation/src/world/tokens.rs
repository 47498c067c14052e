//! The rules about tokens and places in line: how often they are asked for (I2, I11, I12), and when a socket may be opened with one (T6).

use chat_proto::io::{NetError, Request, RequestId, Response};
use chat_proto::json::Value;

use super::World;
use super::perform::is_for_token;
use crate::client::Kind;
use crate::endpoint::is_connecting;
use crate::page::{Grant, Page, Place};

/// How long after its time a place in line may be used, in milliseconds: what the endpoint's contract grants.
const PLACE_LASTS: u64 = 90_000;

impl World {
    pub(super) fn watch_request(&mut self, number: u32, id: RequestId, request: &Request) {
        self.watch_secrets(&request.url);
        if !is_for_token(request) {
            return;
        }
        self.watch_network(number, "a token was asked for");
        self.tally.token_requests += 1;
        let (mono, asked) = (self.mono(), (self.now, (self.stood_still, self.skew)));
        self.watch_follower(number, "a token was asked for");
        let is_alone = self.kind == Kind::Naive;
        let asking = self.tabs.iter().flatten().filter(|page| page.number != number && page.token_request.is_some());
        let open = asking.filter(|page| self.is_responsible(page)).count();
        // Who was robbed and has not heard cannot know.
        let is_robbed = self.lock.is_robbed(number);
        self.watch_forcing(number, request);
        let Some(page) = self.page(number) else { return };
        page.record.asked = asked;
        page.record.is_connecting = is_connecting(request);
        let is_second = page.token_request.replace(id).is_some() && !is_alone;
        let not_before = page.record.token_not_before;
        if is_second || open > 0 && self.setting.has_locks && !is_robbed {
            self.break_rule("I2", "two token requests at once");
        }
        if mono < not_before {
            self.break_rule("I12", format!("the token endpoint is asked {} ms too early", not_before - mono));
        }
    }

    pub(super) fn watch_answer(&mut self, number: u32, id: RequestId, result: &Result<Response, NetError>) {
        let (now, true_now, clocks_now) = (self.clocks(), self.now, (self.stood_still, self.skew));
        let Some(page) = self.page(number) else { return };
        if page.token_request != Some(id) {
            return;
        }
        page.token_request = None;
        let record = &mut page.record;
        // An endpoint that fails makes nobody wait.
        record.content = None;
        if record.is_connecting {
            (record.place, record.is_place_unknown) = (Place::Free, true);
        }
        let Ok(response) = result else { return };
        let pause = response.retry_after.filter(|_| response.status >= 300).unwrap_or(0);
        record.token_not_before = now.mono.0 + pause.min(3_600_000);
        let body = response.body.as_ref().unwrap_or(&Value::Null);
        if let Some(life) = body.at("expires_in").as_u64().filter(|life| response.status == 200 && *life > 0) {
            let (asked, clocks) = record.asked;
            let life = life.saturating_mul(1_000);
            record.grants.push(Grant { ends_at: asked.saturating_add(life), clocks });
            // One that is nearly over when it arrives, or seems to be by a clock that was set, may be taken for none.
            if true_now - asked < life / 2 && clocks == clocks_now {
                let named = body.at("renew_in").as_u64().map_or(u64::MAX, |seconds| seconds * 1_000);
                record.content = Some((asked.saturating_add(named.min(life / 4 * 3)), clocks));
                record.is_place_unknown &= !record.is_connecting;
                if let Some(wait) = body.at("connect_after_ms").as_u64() {
                    record.place = Place::At(now.mono.0 + wait);
                }
            }
        }
    }

    /// I11: no more than two renewals before their time in ten minutes, each after a loss. An endpoint that gives places is asked before
    /// each socket; one that failed when it was asked for a place is asked for one again.
    fn watch_forcing(&mut self, number: u32, request: &Request) {
        const SPAN: u64 = 600_000;
        let (now, clocks) = (self.now, (self.stood_still, self.skew));
        let wants_new = request.body.as_ref().is_some_and(|body| body.at("session").as_str() == Some("new"));
        if wants_new || self.setting.gives_places {
            return;
        }
        let most = if self.habits().spends_tokens { usize::MAX } else { 2 };
        let Some(Page { record, .. }) = self.page(number) else { return };
        if record.is_place_unknown && is_connecting(request) {
            return;
        }
        if record.content.is_some_and(|(until, with)| now < until && with == clocks) {
            let lost_at = record.lost_at;
            record.forced.retain(|at| at + SPAN > lost_at);
            // Where a token is good for one connection, each loss needs another one, but no loss two.
            let is_twice = most > 2 && record.forced.last() == Some(&lost_at);
            record.forced.push(lost_at);
            let times = record.forced.len();
            if times > most || is_twice {
                self.break_rule("I11", format!("{times} renewals forced in ten minutes"));
            }
        }
    }

    /// T6: a place in line is good for one socket, at its time.
    pub(super) fn watch_place(&mut self, place: Place) {
        let mono = self.mono();
        match place {
            Place::At(at) if mono < at => {
                self.break_rule("T6", format!("a socket was opened {} ms before its place in line", at - mono));
            }
            Place::At(at) if mono > at + PLACE_LASTS => {
                self.break_rule("T6", format!("a socket was opened {} ms after its place in line", mono - at));
            }
            Place::Free | Place::At(_) => {}
            Place::Used => self.break_rule("T6", "a second socket was opened with one place in line"),
        }
    }
}
