//! The rule book as `www/diagnose.js` calls it. Text in, text out.

use wasm_bindgen::prelude::*;

use crate::note::{form_of, word_of};
use crate::observe::Observations;
use crate::plan::{Plan, Settings};
use crate::report::Report;
use crate::wire;

/// One look at one page.
#[wasm_bindgen]
pub struct Diagnosis {
    seen: Observations,
    plan: Option<Plan>,
}

#[wasm_bindgen]
impl Diagnosis {
    /// The tag's attributes, empty where absent; the token URL resolved against the page.
    #[wasm_bindgen(constructor)]
    pub fn new(deployment: &str, region: &str, endpoint: &str, token_url: &str, page_origin: &str) -> Self {
        let given = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        let (seen, plan) = Observations::begin(&Settings {
            deployment_id: given(deployment),
            region: given(region),
            endpoint: given(endpoint),
            token_url: given(token_url),
            page_origin: page_origin.to_owned(),
            ..Settings::default()
        });
        Self { seen, plan }
    }

    /// Where to look: `token` (empty where there is none), `config`, `domains`, `socket`; all empty where the attributes cannot be used.
    pub fn url(&self, of: &str) -> String {
        let Some(plan) = &self.plan else { return String::new() };
        match of {
            "token" => plan.token_url.clone().unwrap_or_default(),
            "config" => plan.config_url.clone(),
            "domains" => plan.domains_url.clone(),
            _ => plan.socket_url.clone(),
        }
    }

    /// What the token endpoint is told.
    pub fn token_request(&self) -> String {
        self.plan.as_ref().map(Plan::token_request).unwrap_or_default()
    }

    /// What is said on the socket.
    pub fn hello(&self, token: &str) -> String {
        self.plan.as_ref().map(|plan| wire::hello(&plan.deployment, token)).unwrap_or_default()
    }

    /// What a frame means for the hello, as `trial.…` wants it; empty for one that means nothing.
    pub fn heard(&self, class: &str, code: u16) -> String {
        wire::heard(class, code).map(word_of).unwrap_or_default()
    }

    /// What an answer was, by its `Content-Type`, the beginning of its body, and whether it could be parsed as JSON.
    pub fn form(&self, content_type: &str, start: &str, is_json: bool) -> String {
        form_of(content_type, start, is_json).word().into()
    }

    /// How long to wait, in milliseconds, for: `answer`, `open`, `hello`.
    pub fn patience(&self, what: &str) -> u32 {
        match what {
            "answer" => wire::ANSWER_MS,
            "open" => wire::OPEN_MS,
            _ => wire::HELLO_MS,
        }
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
