//! What the tests of the field's wires share: a backend on a clock that only moves when told, an OAuth client that mints
//! guests' tokens, and what is heard as plain values. Paths and frames are copied from what is known of each wire.

#![allow(dead_code, unreachable_pub, reason = "each test file uses its own part of this")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on should fail where it stands")]

use serde_json::{Value, json};
use simulator::{Action, Backend, Connection, Direction, Kind, Limits, OAuth, Request, Response, Settings};

pub const NOW: u64 = 1_791_139_139_120;
/// The same, as the wires write it.
pub const TIME: &str = "2026-10-04T18:38:59.120Z";
pub const ORIGIN: &str = "http://localhost:8080";
pub const A: Connection = Connection(1);
pub const B: Connection = Connection(2);

pub struct Desk {
    pub backend: Backend,
    pub now: u64,
}

impl Desk {
    pub fn new(settings: Settings) -> Self {
        Self { backend: Backend::new(settings, 42), now: NOW }
    }

    /// Without an agent.
    pub fn silent() -> Self {
        Self::new(Settings { agent: false, ..Settings::default() })
    }

    /// Without an agent, and with an OAuth client that may do only this.
    pub fn with_scopes(scopes: &[&str]) -> Self {
        let scopes = scopes.iter().map(|scope| (*scope).to_owned()).collect();
        Self::new(Settings { agent: false, oauth: OAuth { scopes, ..OAuth::default() }, ..Settings::default() })
    }

    /// Without an agent, and with one text a second.
    pub fn slow() -> Self {
        let limits = Limits { messages_per_second: 1, ..Limits::default() };
        Self::new(Settings { agent: false, limits, ..Settings::default() })
    }

    pub fn request(&mut self, request: &Request) -> Response {
        self.backend.request(self.now, request)
    }

    pub fn service(&mut self) -> String {
        let ask = Request::post("/oauth/token", "grant_type=client_credentials").basic("demo-client", "demo-secret");
        let answer = self.request(&ask);
        assert_eq!(answer.status, 200, "{}", answer.body);
        json_of(&answer)["access_token"].as_str().unwrap().to_owned()
    }

    /// What a program of the organisation's own is answered.
    pub fn ask_mint(&mut self, path: &str, body: &Value) -> Response {
        let service = self.service();
        self.request(&Request::post(path, &body.to_string()).bearer(&service))
    }

    pub fn mint(&mut self, path: &str, body: &Value) -> Value {
        let answer = self.ask_mint(path, body);
        assert_eq!(answer.status, 200, "{}", answer.body);
        json_of(&answer)
    }

    /// A socket, and what it is told at once.
    pub fn enter(&mut self, connection: Connection, target: &str) -> Vec<Value> {
        self.backend.upgrade_to(self.now, connection, target, Some(ORIGIN)).unwrap();
        self.pass(0)
    }

    /// The status that an upgrade is refused with.
    pub fn refused(&mut self, connection: Connection, target: &str) -> u16 {
        self.backend.upgrade_to(self.now, connection, target, Some(ORIGIN)).unwrap_err().status
    }

    pub fn say(&mut self, connection: Connection, frame: &Value) -> Vec<Value> {
        heard(&self.backend.receive(self.now, connection, &frame.to_string()))
    }

    pub fn agent_says(&mut self, conversation: &str, text: &str) -> Vec<Value> {
        heard(&self.backend.agent_says(self.now, conversation, text))
    }

    pub fn agent_types(&mut self, conversation: &str) -> Vec<Value> {
        heard(&self.backend.agent_types(self.now, conversation))
    }

    pub fn agent_leaves(&mut self, conversation: &str) -> Vec<Value> {
        heard(&self.backend.disconnect_conversation(self.now, conversation, true))
    }

    pub fn pass(&mut self, ms: u64) -> Vec<Value> {
        self.now += ms;
        heard(&self.backend.advance(self.now))
    }

    /// Everything that happens within this time, each thing when it is due.
    pub fn run(&mut self, ms: u64) -> Vec<Value> {
        let end = self.now + ms;
        let mut all = Vec::new();
        while let Some(due) = self.backend.next_due().filter(|due| *due <= end) {
            self.now = due.max(self.now);
            all.extend(self.pass(0));
        }
        self.now = end;
        all
    }

    /// What the visitor was believed to have said.
    pub fn texts(&self, conversation: &str) -> Vec<String> {
        let rows = self.backend.transcript(conversation).into_iter();
        let theirs = rows.filter(|row| row.direction == Direction::Inbound && row.kind == Kind::Message);
        theirs.map(|row| row.text).collect()
    }

    /// The id that the newest row goes by.
    pub fn last_id(&self, conversation: &str) -> String {
        self.backend.transcript(conversation).pop().unwrap().id
    }
}

/// `[connection, frame]`, `[connection, "closed CODE REASON"]` or `[connection, "dropped"]`.
pub fn heard(actions: &[Action]) -> Vec<Value> {
    let value = |action: &Action| match action {
        Action::Send { connection, frame } => json!([connection, serde_json::from_str::<Value>(frame).unwrap()]),
        Action::Close { connection, code, reason } => json!([connection, format!("closed {code} {reason}").trim_end()]),
        Action::Drop { connection } => json!([connection, "dropped"]),
    };
    actions.iter().map(value).collect()
}

pub fn json_of(response: &Response) -> Value {
    serde_json::from_str(&response.body).unwrap()
}

/// Status and code word of a refusal, which says both.
pub fn refusal(response: &Response) -> (u16, String) {
    let body = json_of(response);
    assert_eq!(body["status"], response.status);
    assert!(body["message"].is_string(), "{body}");
    (response.status, body["code"].as_str().unwrap().to_owned())
}

pub fn text_of<'a>(answer: &'a Value, name: &str) -> &'a str {
    answer[name].as_str().unwrap()
}
