//! Looks at a chat from outside, as the widget would: token endpoint, deployment, domains, socket, hello. What is seen goes down as
//! [`Observations`]; what it speaks for is the rule book's to say (`crates/diagnosis`).
//!
//! It says one thing on a socket, the hello, which no agent sees; sends no message; and never opens two sockets at once. Tokens stay in
//! this process: the observations have no field for one.
//!
//! [`examine`] tells the story; `net` reaches a host, `http` and `socket` speak to it.

pub mod args;
pub mod http;
mod net;
mod socket;

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use diagnosis::Observations;
use diagnosis::note::{form_of, says_no_store};
use diagnosis::observe::{Again, Asked, End, Form, Grant, Reach, TokenEndpoint, TokenProblem, Trial, Whose};
use diagnosis::plan::{Plan, Settings, admits};
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
        let ms = |ms: u32| Duration::from_millis(ms.into());
        Self { answer: ms(wire::ANSWER_MS), open: ms(wire::OPEN_MS), hello: ms(wire::HELLO_MS) }
    }
}

/// Looks at everything, one thing after the other.
pub fn examine(settings: &Settings, patience: Patience) -> Observations {
    let (mut seen, plan) = Observations::begin(settings);
    let Some(plan) = plan else { return seen };
    let mut look = Look { origin: &settings.page_origin, patience, plan: &plan, seen: &mut seen };
    let token = look.at_token_endpoint();
    look.at_deployment();
    look.at_socket(token.as_deref());
    seen
}

/// One look in progress.
struct Look<'a> {
    origin: &'a str,
    patience: Patience,
    plan: &'a Plan,
    seen: &'a mut Observations,
}

impl Look<'_> {
    /// The token, if there was one.
    fn at_token_endpoint(&mut self) -> Option<String> {
        let url = self.plan.token_url.clone()?;
        let (endpoint, first) = self.ask_for_token(&url, None);
        let mut endpoint = endpoint;
        let token = first.as_ref().and_then(token_in);
        if let (Some(token), Some(reply)) = (&token, &first) {
            let cookie = http::cookie_for(&url, reply.headers("set-cookie"));
            let (_, second) = self.ask_for_token(&url, cookie.as_deref());
            endpoint.again = match second.as_ref().and_then(token_in) {
                Some(again) if again == *token => Again::Same,
                Some(_) => Again::Another,
                None => Again::Nothing,
            };
        }
        self.seen.token = Some(endpoint);
        token
    }

    fn ask_for_token(&mut self, url: &str, cookie: Option<&str>) -> (TokenEndpoint, Option<Reply>) {
        let body = self.plan.token_request();
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
            endpoint.grant = match (body["token"].as_str(), endpoint.expires_in) {
                (None, _) => Grant::NoToken,
                (Some(_), None | Some(0)) => Grant::NoLife,
                (Some(_), Some(_)) => Grant::Good,
            };
        }
        (endpoint, Some(reply))
    }

    fn at_deployment(&mut self) {
        let (asked, reply) = self.get(&self.plan.config_url.clone());
        self.seen.deployment.config = asked;
        let status = reply.and_then(|reply| reply.json()).filter(|_| asked.is_good());
        self.seen.deployment.is_active = status.and_then(|body| Some(body["status"].as_str()? == "Active"));

        let (asked, reply) = self.get(&self.plan.domains_url.clone());
        self.seen.deployment.domains = asked;
        let host = &self.seen.page_host;
        let body = reply.and_then(|reply| reply.json()).filter(|_| asked.is_good());
        self.seen.deployment.admits_page = body.and_then(|body| {
            let mut entries = body["allowedDomains"].as_array().into_iter().flatten().filter_map(Value::as_str);
            Some(body["allowAllDomains"].as_bool()? || entries.any(|entry| admits(entry, host)))
        });
    }

    /// With the endpoint's token first. Where that is not accepted, a token of our own is the experiment that tells what the token's fault
    /// is from what it is not.
    fn at_socket(&mut self, token: Option<&str>) {
        if let Some(token) = token {
            let end = self.hello(token);
            self.seen.trials.push(Trial { token: Whose::Endpoint, end });
            let is_about_the_hello = matches!(end, End::Closed(_) | End::Error(_) | End::Silent | End::Evicted);
            if !is_about_the_hello {
                return;
            }
        }
        let end = self.hello(&own_token());
        self.seen.trials.push(Trial { token: Whose::Own, end });
    }

    fn hello(&self, token: &str) -> End {
        socket::hello(&self.plan.socket_url, self.origin, &wire::hello(&self.plan.deployment, token), self.patience)
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

fn token_in(reply: &Reply) -> Option<String> {
    Some(reply.json()?["token"].as_str()?.to_owned())
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
