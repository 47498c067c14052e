//! Looks at a chat from outside, as the widget would: token endpoint, deployment, domains, socket, hello. What is seen goes down as
//! [`Observations`]; what it speaks for is the rule book's to say (`crates/diagnosis`).
//!
//! It says no more on a socket than it takes to be let in, which no agent sees; sends no message but one that it was told to, into a
//! conversation of its own; and never opens two sockets at once. Tokens stay in this process: the observations have no field for one.
//!
//! [`examine`] tells the story; `net` reaches a host, `http` and `socket` speak to it.

pub mod args;
pub mod http;
mod net;
mod socket;

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use chat_proto::dialect::Speaker;
use diagnosis::Observations;
use diagnosis::note::{form_of, says_no_store};
use diagnosis::observe::{Again, Asked, End, Form, Grant, Reach, TokenEndpoint, TokenProblem, Trial, Whose};
use diagnosis::plan::{Plan, Settings, admits};
use diagnosis::talk::Talk;
use diagnosis::wire;
use serde_json::Value;

use http::{Question, Reply};

/// How long to wait for what.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// An answer by HTTP.
    pub answer: Duration,
    /// A socket's upgrade.
    pub open: Duration,
    /// The answer to the hello.
    pub hello: Duration,
}

impl Default for Patience {
    /// As long as the widget waits.
    fn default() -> Self {
        Self { answer: ms(wire::ANSWER_MS), open: ms(wire::OPEN_MS), hello: ms(wire::HELLO_MS) }
    }
}

/// Milliseconds.
fn ms(ms: u32) -> Duration {
    Duration::from_millis(ms.into())
}

/// Looks at everything, one thing after the other. A text is written as a message, into a conversation that nobody else is in.
pub fn examine(settings: &Settings, patience: Patience, text: Option<&str>) -> Observations {
    let (mut seen, plan) = Observations::begin(settings);
    let Some(plan) = plan else { return seen };
    let mut look = Look { origin: &settings.page_origin, patience, text, plan: &plan, seen: &mut seen };
    let speaker = look.at_token_endpoint();
    look.at_deployment();
    look.at_socket(speaker);
    seen
}

/// One look in progress.
struct Look<'a> {
    origin: &'a str,
    patience: Patience,
    text: Option<&'a str>,
    plan: &'a Plan,
    seen: &'a mut Observations,
}

impl Look<'_> {
    /// Who speaks with the token, if there was one.
    fn at_token_endpoint(&mut self) -> Option<Speaker> {
        let url = self.plan.token_url.clone()?;
        let (endpoint, first) = self.ask_for_token(&url, None, false);
        let mut endpoint = endpoint;
        let speaker = first.as_ref().and_then(speaker_in);
        if let (Some(speaker), Some(reply)) = (&speaker, &first) {
            let cookie = http::cookie_for(&url, reply.headers("set-cookie"));
            let (_, second) = self.ask_for_token(&url, cookie.as_deref(), false);
            endpoint.again = match second.as_ref().and_then(speaker_in) {
                Some(again) if again.token == speaker.token => Again::Same,
                Some(again) if again.conversation != speaker.conversation => Again::Elsewhere,
                Some(_) => Again::Another,
                None => Again::Nothing,
            };
            // On Genesys' own wire the visitor is told by the cookie, and here by nothing.
            if endpoint.again == Again::Same && self.seen.wire.is_some() {
                let stranger = self.fresh_speaker();
                endpoint.is_everybody_s = stranger.is_some_and(|it| it.token == speaker.token);
            }
        }
        self.seen.token = Some(endpoint);
        speaker
    }

    /// One of a new conversation.
    fn fresh_speaker(&mut self) -> Option<Speaker> {
        let url = self.plan.token_url.clone()?;
        self.ask_for_token(&url, None, true).1.as_ref().and_then(speaker_in)
    }

    fn ask_for_token(&mut self, url: &str, cookie: Option<&str>, is_new: bool) -> (TokenEndpoint, Option<Reply>) {
        let body = self.plan.token_request(is_new);
        let mut headers =
            vec![("Origin", self.origin), ("Sec-Fetch-Site", "same-origin"), ("Content-Type", "application/json")];
        headers.extend(cookie.map(|cookie| ("Cookie", cookie)));
        let question = Question { method: "POST", url, headers: &headers, body: &body };
        let mut endpoint = TokenEndpoint::default();
        let (asked, reply) = self.ask(&question);
        endpoint.asked = asked;
        let Some(reply) = reply else { return (endpoint, None) };
        endpoint.is_cacheable = !reply.headers("cache-control").any(says_no_store);
        endpoint.is_aged = reply.header("age").is_some_and(|age| age.trim().parse() != Ok(0));
        endpoint.is_shared = reply.header("access-control-allow-origin").is_some();
        let body = reply.json();
        endpoint.problem = body.as_ref().and_then(|body| TokenProblem::read(body["type"].as_str()?));
        if let Some(body) = body.filter(|_| asked.is_good()) {
            endpoint.expires_in = body["expires_in"].as_u64();
            endpoint.is_service_s = ["access_token", "token_type"].iter().any(|name| body[*name].is_string());
            endpoint.has_conversation = is_text(&body["conversation_id"]);
            endpoint.has_guest = is_text(&body["guest_id"]);
            endpoint.grant = match (body["token"].as_str(), endpoint.expires_in) {
                (None, _) => Grant::NoToken,
                (Some(_), None | Some(0)) => Grant::NoLife,
                (Some(_), Some(_)) => Grant::Good,
            };
        }
        (endpoint, Some(reply))
    }

    fn at_deployment(&mut self) {
        let (Some(config_url), Some(domains_url)) = (&self.plan.config_url, &self.plan.domains_url) else { return };
        let (asked, reply) = self.get(config_url);
        self.seen.deployment.config = asked;
        let status = reply.and_then(|reply| reply.json()).filter(|_| asked.is_good());
        self.seen.deployment.is_active = status.and_then(|body| Some(body["status"].as_str()? == "Active"));

        let (asked, reply) = self.get(domains_url);
        self.seen.deployment.domains = asked;
        let host = &self.seen.page_host;
        let body = reply.and_then(|reply| reply.json()).filter(|_| asked.is_good());
        self.seen.deployment.admits_page = body.and_then(|body| {
            let mut entries = body["allowedDomains"].as_array().into_iter().flatten().filter_map(Value::as_str);
            Some(body["allowAllDomains"].as_bool()? || entries.any(|entry| admits(entry, host)))
        });
    }

    /// With the endpoint's token first. Where that is not accepted, a token of our own, or of a new conversation, is the experiment that tells
    /// what the token's fault is from what it is not.
    fn at_socket(&mut self, speaker: Option<Speaker>) {
        let has_endpoint = speaker.is_some();
        if let Some(speaker) = speaker {
            let end = self.attend(Whose::Endpoint, speaker.clone());
            let is_about_the_hello =
                !matches!(end, End::Accepted | End::Failed(_) | End::NeverOpened | End::Status(..));
            let is_about_the_address = self.seen.wire.is_some() && matches!(end, End::Status(401 | 403, _));
            if is_about_the_address {
                self.seen.is_origin_refused = socket::opens_to_nobody(&self.talk(speaker), self.patience);
            }
            if !(is_about_the_hello || is_about_the_address) {
                return;
            }
        }
        let own = match self.seen.wire {
            None => Some(Speaker { token: own_token(), ..Speaker::default() }),
            Some(_) if has_endpoint => self.fresh_speaker(),
            // The page cannot make one up.
            Some(_) => None,
        };
        if let Some(own) = own {
            self.attend(Whose::Own, own);
        }
    }

    fn attend(&mut self, token: Whose, speaker: Speaker) -> End {
        let end = socket::attend(self.talk(speaker), self.origin, self.patience);
        self.seen.trials.push(Trial { token, end });
        end
    }

    fn talk(&self, speaker: Speaker) -> Talk {
        let patience = u32::try_from(self.patience.hello.as_millis()).unwrap_or(u32::MAX);
        Talk::new(self.plan, speaker, self.text, patience)
    }

    fn get(&mut self, url: &str) -> (Asked, Option<Reply>) {
        let headers = [("Origin", self.origin)];
        self.ask(&Question { method: "GET", url, headers: &headers, body: "" })
    }

    fn ask(&mut self, question: &Question) -> (Asked, Option<Reply>) {
        match http::ask(question, self.patience.answer) {
            Err(failure) => (Asked { reach: Reach::Failed(failure), form: Form::Unknown }, None),
            Ok(reply) => {
                if self.seen.clock_ahead.is_none() {
                    self.seen.clock_ahead = reply.clock_ahead(now());
                }
                let reach =
                    if (300..400).contains(&reply.status) { Reach::Redirected } else { Reach::Answered(reply.status) };
                let kind = reply.header("content-type").unwrap_or_default();
                let form = form_of(kind, &String::from_utf8_lossy(&reply.body), reply.json().is_some());
                (Asked { reach, form }, Some(reply))
            }
        }
    }
}

fn speaker_in(reply: &Reply) -> Option<Speaker> {
    let body = reply.json()?;
    let id = |name| body[name].as_str().unwrap_or_default().to_owned();
    let token = body["token"].as_str()?.to_owned();
    Some(Speaker { token, conversation: id("conversation_id"), guest: id("guest_id") })
}

fn is_text(value: &Value) -> bool {
    value.as_str().is_some_and(|text| !text.is_empty())
}

fn now() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}

/// A UUID that nobody else has. It opens an empty session that nothing is ever said in, so it need not be hard to guess.
fn own_token() -> String {
    let now = now().as_nanos();
    let process = u128::from(std::process::id());
    let bits = now.wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835) ^ (process << 64);
    format!(
        "{:08x}-{:04x}-4{:03x}-a{:03x}-{:012x}",
        bits >> 96,
        (bits >> 80) & 0xffff,
        (bits >> 68) & 0xfff,
        (bits >> 56) & 0xfff,
        bits & 0xffff_ffff_ffff
    )
}
