//! The rule book as `www/diagnose.js` calls it. Text in, text out.

use chat_proto::dialect::Speaker;
use chat_proto::json::Value;
use wasm_bindgen::prelude::*;

use crate::note::{form_of, word_of};
use crate::observe::Observations;
use crate::plan::{Plan, Settings};
use crate::report::Report;
use crate::talk::{Next, Talk};
use crate::wire;

/// One look at one page.
#[wasm_bindgen]
pub struct Diagnosis {
    seen: Observations,
    plan: Option<Plan>,
    talk: Option<Talk>,
}

#[wasm_bindgen]
impl Diagnosis {
    /// The page's origin and the tag's attributes, parted by a null character, empty where absent: of the deployment, region, endpoint,
    /// dialect, socket and place to post to, then the token URL resolved against the page, and at last the trace, which is left out where
    /// it is absent, as an empty one counts.
    #[wasm_bindgen(constructor)]
    pub fn new(attributes: &str) -> Self {
        let mut words = attributes.split('\0').map(str::to_owned);
        let page_origin = words.next().unwrap_or_default();
        let mut given = || words.next().filter(|text| !text.is_empty());
        let (seen, plan) = Observations::begin(&Settings {
            page_origin,
            deployment_id: given(),
            region: given(),
            endpoint: given(),
            dialect: given(),
            socket_url: given(),
            post_url: given(),
            token_url: given(),
            trace: words.next(),
        });
        Self { seen, plan, talk: None }
    }

    /// Whether the attributes can be used.
    pub fn is_usable(&self) -> bool {
        self.plan.is_some()
    }

    /// Whether tokens are the endpoint's alone, and each is another one.
    pub fn is_minted(&self) -> bool {
        self.seen.wire.is_some()
    }

    /// Where to look: `token`, `config`, `domains`; empty where there is none.
    pub fn url(&self, of: &str) -> String {
        let url = self.plan.as_ref().and_then(|plan| match of {
            "token" => plan.token_url.clone(),
            "config" => plan.config_url.clone(),
            _ => plan.domains_url.clone(),
        });
        url.unwrap_or_default()
    }

    /// What the token endpoint is told.
    pub fn token_request(&self, is_new: bool) -> String {
        self.plan.as_ref().map(|plan| plan.token_request(is_new)).unwrap_or_default()
    }

    /// Begins to talk on a socket, with this token and these ids: the address to open it at. What happens there is told by the next four,
    /// at milliseconds of any clock; each answers what is to be done: nothing (go on waiting), or a number of milliseconds to be waited and
    /// what is to be said before that, or `end` and what has become of it, as `trial.…` wants it.
    pub fn talk(&mut self, token: &str, conversation: &str, guest: &str) -> String {
        let speaker = Speaker { token: token.into(), conversation: conversation.into(), guest: guest.into() };
        self.talk = self.plan.as_ref().map(|plan| Talk::new(plan, speaker, None, wire::HELLO_MS));
        self.talk.as_ref().map(Talk::url).unwrap_or_default()
    }

    /// The socket is open.
    pub fn opened(&mut self, now: u32) -> String {
        self.talk.as_mut().map(|talk| talk.opened(now)).map_or_else(String::new, told)
    }

    /// A frame: the names and values of its texts and numbers, one after the other, parted by a null character.
    pub fn heard(&mut self, members: &str, now: u32) -> String {
        let mut words = members.split('\0');
        let mut frame = Vec::new();
        while let (Some(name), Some(value)) = (words.next(), words.next()) {
            frame.push((name.to_owned(), Value::String(value.to_owned())));
        }
        let next = self.talk.as_mut().map(|talk| talk.heard(&Value::Object(frame), now));
        next.map_or_else(String::new, told)
    }

    /// The socket is closed.
    pub fn closed(&self, code: u16, now: u32) -> String {
        self.talk.as_ref().map(|talk| talk.closed(code, now)).map_or_else(String::new, told)
    }

    /// What was to be posted was answered with this status; 0: not at all.
    pub fn answered(&self, status: u16) -> String {
        let status = (status > 0).then_some(status);
        self.talk.as_ref().map(|talk| talk.answered(status)).map_or_else(String::new, told)
    }

    /// The time that was to be waited is over.
    pub fn tired(&self) -> String {
        self.talk.as_ref().map(|talk| Next::Over(talk.tired())).map_or_else(String::new, told)
    }

    /// What an answer was, by its `Content-Type`, the beginning of its body, and whether it could be parsed as JSON.
    pub fn form(&self, content_type: &str, start: &str, is_json: bool) -> String {
        form_of(content_type, start, is_json).word().into()
    }

    /// How long to wait, in milliseconds, for: `answer`, `open`.
    pub fn patience(&self, what: &str) -> u32 {
        if what == "answer" { wire::ANSWER_MS } else { wire::OPEN_MS }
    }

    /// Puts down what was seen: see `note.rs` for the keys.
    pub fn note(&mut self, key: &str, text: &str) -> bool {
        self.seen.note(key, text)
    }

    /// The report, as JSON.
    pub fn report(&self) -> String {
        Report::new(&self.seen).to_json()
    }
}

/// What is to be done, for `www/diagnose.js`.
fn told(next: Next) -> String {
    match next {
        Next::Wait => String::new(),
        Next::For(wait) => wait.to_string(),
        Next::Say(words, wait) => [&wait.to_string(), " say ", &words].concat(),
        Next::Post(post, wait) => {
            [&wait.to_string(), " post ", &post.url, "\n", &post.authorization, "\n", &post.body].concat()
        }
        Next::Over(end) => ["end ", &word_of(end)].concat(),
    }
}
