//! What the virtual-time tests share: a backend on a clock that only moves when told, and frames copied from the
//! protocol reference (its sections 2 and 5; tokens filled in).

#![allow(dead_code, unreachable_pub, reason = "each test file uses its own part of this")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on should fail where it stands")]

use serde_json::{Value, json};
use simulator::{Action, Backend, Connection, DEMO_DEPLOYMENT, Deployment, Request, Settings};

pub const NOW: u64 = 1_791_139_139_120;
pub const TOKEN: &str = "3f0e8a7c-15b2-4c1d-9e6f-0a1b2c3d4e5f";
pub const ORIGIN: &str = "http://localhost:8080";
pub const A: Connection = Connection(1);
pub const B: Connection = Connection(2);

/// A backend on a clock that only moves when told.
pub struct Bench {
    pub backend: Backend,
    pub now: u64,
}

impl Bench {
    pub fn new(settings: Settings) -> Self {
        Self { backend: Backend::new(settings, 42), now: NOW }
    }

    pub fn silent() -> Self {
        Self::new(Settings { agent: false, ..Settings::default() })
    }

    pub fn with(deployment: Deployment) -> Self {
        Self::new(Settings { agent: false, deployments: vec![deployment], ..Settings::default() })
    }

    pub fn open(&mut self, connection: Connection) {
        self.backend.upgrade(self.now, connection, DEMO_DEPLOYMENT, Some(ORIGIN)).unwrap();
    }

    pub fn configured(&mut self, connection: Connection) -> Value {
        self.open(connection);
        let heard = self.send(connection, &configure());
        frames(&heard).last().unwrap().1.clone()
    }

    pub fn send(&mut self, connection: Connection, frame: &Value) -> Vec<Action> {
        self.backend.receive(self.now, connection, &frame.to_string())
    }

    /// The one frame that this is answered with.
    pub fn ask(&mut self, connection: Connection, frame: &Value) -> Value {
        let actions = self.send(connection, frame);
        let [(to, answer)] = frames(&actions).try_into().unwrap();
        assert_eq!(to, connection);
        answer
    }

    pub fn pass(&mut self, ms: u64) -> Vec<Action> {
        self.now += ms;
        self.backend.advance(self.now)
    }

    pub fn texts(&self) -> Vec<String> {
        self.backend.transcript(TOKEN).into_iter().map(|accepted| accepted.text).collect()
    }

    pub fn history(&mut self, connection: Connection, query: &str) -> Value {
        let answer = self.ask(connection, &with_token(json!({"action":"getJwt"})));
        let jwt = answer["body"]["jwt"].as_str().unwrap().to_owned();
        let target = format!("/api/v2/webmessaging/messages{query}");
        let response = self.backend.request(self.now, &Request::get(&target, ORIGIN).bearer(&jwt));
        assert_eq!(response.status, 200, "{}", response.body);
        serde_json::from_str(&response.body).unwrap()
    }
}

pub fn with_token(mut frame: Value) -> Value {
    frame["token"] = TOKEN.into();
    frame
}

pub fn configure() -> Value {
    with_token(json!({
        "action":"configureSession","deploymentId":DEMO_DEPLOYMENT,"startNew":false,"tracingId":"a1",
        "journeyContext":{"customer":{"id":TOKEN,"idType":"cookie"},"customerSession":{"id":"","type":"web"}}
    }))
}

pub fn text(text: &str, tracing_id: &str) -> Value {
    with_token(json!({
        "action":"onMessage","message":{"type":"Text","text":text,"metadata":{"id":format!("c-{tracing_id}")}},
        "tracingId":tracing_id
    }))
}

pub fn presence(kind: &str) -> Value {
    with_token(json!({
        "action":"onMessage","tracingId":"p1",
        "message":{"type":"Event","events":[{"eventType":"Presence","presence":{"type":kind}}]}
    }))
}

pub fn typing() -> Value {
    with_token(json!({
        "action":"onMessage","tracingId":"t1",
        "message":{"type":"Event","events":[{"eventType":"Typing","typing":{"type":"On"}}]}
    }))
}

pub fn frames(actions: &[Action]) -> Vec<(Connection, Value)> {
    actions
        .iter()
        .filter_map(|action| match action {
            Action::Send { connection, frame } => Some((*connection, serde_json::from_str(frame).unwrap())),
            Action::Close { .. } | Action::Drop { .. } => None,
        })
        .collect()
}

/// Who hears which class, and who is closed with what, in order.
pub fn gist(actions: &[Action]) -> Vec<String> {
    actions
        .iter()
        .map(|action| match action {
            Action::Send { connection, frame } => {
                let frame: Value = serde_json::from_str(frame).unwrap();
                let body = &frame["body"];
                let event = &body["events"][0];
                let what = [&body["text"], &event["presence"]["type"], &event["eventType"]]
                    .into_iter()
                    .find_map(Value::as_str);
                let class = frame["class"].as_str().unwrap();
                format!("{} {}", connection.0, what.unwrap_or(class))
            }
            Action::Close { connection, code, .. } => format!("{} closed {code}", connection.0),
            Action::Drop { connection } => format!("{} dropped", connection.0),
        })
        .collect()
}
