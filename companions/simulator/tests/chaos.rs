//! Everything at once: seeded schedules of visitors, levers and every kind of fault. Whatever happens, the backend
//! neither panics nor speaks to a connection that is gone, and the same seed gives the same bytes. A failure names its
//! seed.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should fail where it stands")]

mod bench;

use std::collections::{BTreeMap, BTreeSet};

use bench::{NOW, ORIGIN, TOKEN, configure, presence, text, typing, with_token};
use serde_json::{Value, json};
use simulator::{
    Action, Backend, Connection, Cut, DEMO_DEPLOYMENT, Effect, FaultRule, OAuth, On, Request, Settings, Side,
};

/// A die of the test's own (xorshift), so that it cannot share a flaw with the backend's.
struct Die(u64);

impl Die {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % sides
    }

    fn pick<T>(&mut self, from: Vec<T>) -> T {
        let at = usize::try_from(self.roll(from.len() as u64)).unwrap();
        from.into_iter().nth(at).unwrap()
    }
}

fn any_rule(die: &mut Die) -> FaultRule {
    let cut = die.pick(vec![Cut::BeforeAccept, Cut::AfterAccept, Cut::AfterEcho]);
    let side = die.pick(vec![Side::FromClient, Side::ToClient, Side::Both]);
    let ms = die.roll(5000);
    let on = die.pick(vec![
        On::Upgrade,
        On::Request("*".into()),
        On::Request("text".into()),
        On::Push("*".into()),
        On::Push("Inbound".into()),
        On::Http("*".into()),
    ]);
    let effect = die.pick(vec![
        Effect::Close { code: 1000, reason: String::new(), cut },
        Effect::Drop { cut },
        Effect::BlackHole { side, ms: Some(ms) },
        Effect::Lose,
        Effect::Delay { ms, jitter: ms },
        Effect::Reorder { ms },
        Effect::Duplicate,
        Effect::Expire { announce: ms.is_multiple_of(2) },
        Effect::Error { code: 500, message: "Request failed.".into() },
        Effect::TooManyRequests { retry_after: None },
        Effect::HistoryLate { ms },
        Effect::Status { status: 503, retry_after: None, html: false },
        Effect::Hang,
        Effect::HistoryEmpty,
        Effect::HistoryWithoutIds,
    ]);
    FaultRule { count: None, probability: 0.3, ..FaultRule::once(on, effect) }
}

/// One schedule; every byte that came of it.
fn run(seed: u64) -> Vec<Action> {
    let mut die = Die(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
    let mut backend = Backend::new(Settings::default(), seed);
    for _ in 0..3 {
        let rule = any_rule(&mut die);
        if rule.check().is_ok() {
            backend.inject(rule);
        }
    }
    let (mut now, mut open, mut heard) = (NOW, BTreeSet::new(), Vec::new());
    for step in 0..150 {
        now += die.roll(2000);
        let connection = Connection(die.roll(step + 1));
        let frame = die.pick(vec![
            configure(),
            text("hello", "m"),
            text("bye", "b"),
            typing(),
            presence("Join"),
            presence("Clear"),
            with_token(json!({"action":"getJwt"})),
            with_token(json!({"action":"closeSession","closeAllConnections":true})),
        ]);
        let actions = match die.roll(12) {
            0 | 1 => {
                let fresh = Connection(step);
                if backend.upgrade(now, fresh, DEMO_DEPLOYMENT, Some(ORIGIN)).is_ok() {
                    open.insert(fresh);
                }
                backend.receive(now, fresh, &configure().to_string())
            }
            2 => {
                backend.disconnect(now, connection);
                open.remove(&connection);
                Vec::new()
            }
            3 => {
                backend.request(now, &Request::get("/api/v2/webmessaging/messages", ORIGIN).bearer("x"));
                Vec::new()
            }
            4 => backend.agent_says(now, TOKEN, "hi"),
            5 => backend.evict(now, TOKEN),
            6 | 7 => backend.advance(now),
            _ => backend.receive(now, connection, &frame.to_string()),
        };
        watch(&mut open, &actions, seed);
        heard.extend(actions);
        for session in backend.sessions() {
            assert!(session.connections.len() <= 3, "seed {seed}: {session:?}");
        }
    }
    heard
}

/// Nobody is spoken to who is not there, or closed twice.
fn watch(open: &mut BTreeSet<Connection>, actions: &[Action], seed: u64) {
    for action in actions {
        let connection = action.connection();
        match action {
            Action::Send { .. } => assert!(open.contains(&connection), "seed {seed}: {action:?}"),
            Action::Close { .. } | Action::Drop { .. } => {
                assert!(open.remove(&connection), "seed {seed}: {action:?}");
            }
        }
    }
}

/// Where each wire mints, and where it talks.
const WIRES: [(&str, &str); 5] = [
    ("/api/v2/conversations/messaging/external/contacts", "/api/v2/conversations/messaging/external/contacts"),
    ("/api/v2/guest/sessions/token", "/api/v2/guest/sessions"),
    ("/api/v2/guest/conversations/webchat/token", "/api/v2/guest/conversations/webchat"),
    ("/api/v2/conversations/webmessaging/guests", "/api/v2/conversations/webmessaging/websocket"),
    ("/api/v2/conversations/messaging/channels/token", "/api/v2/conversations/websocket"),
];

/// What was minted, and on which wire.
#[derive(Clone, Default)]
struct Grant {
    wire: usize,
    answer: Value,
}

impl Grant {
    fn id(&self) -> &str {
        let names = ["contactId", "sessionId", "conversationId"];
        names.into_iter().find_map(|name| self.answer[name].as_str()).unwrap_or_default()
    }

    fn token(&self) -> &str {
        self.answer["token"].as_str().unwrap_or_default()
    }

    /// What a client may say; mostly it fits the wire.
    fn frames(&self) -> Vec<Value> {
        let (id, token) = (self.id(), self.token());
        match self.wire {
            0..=2 => vec![json!({"type":"message","id":"c","text":"hello","content":"bye"}), json!({"type":"typing"})],
            3 => vec![
                json!({"type":"CONNECT","conversationId":id,"guestId":self.answer["guestId"],"token":token}),
                json!({"type":"SEND_MESSAGE","requestId":"r","conversationId":id,"text":"hello"}),
                json!({"type":"HEARTBEAT"}),
            ],
            _ => vec![
                json!({"action":"auth","token":token}),
                json!({"action":"join","conversationId":id}),
                json!({"action":"message","id":"c","text":"bye"}),
                json!({"action":"ping"}),
            ],
        }
    }
}

/// The same with guests on every wire, whose tokens live for seconds.
fn run_guests(seed: u64) -> Vec<Action> {
    let mut die = Die(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
    let oauth = OAuth { service_token_seconds: 60, guest_token_seconds: 20, ..OAuth::default() };
    let mut backend = Backend::new(Settings { oauth, ..Settings::default() }, seed);
    let (mut now, mut open, mut heard) = (NOW, BTreeSet::new(), Vec::new());
    let (mut grants, mut whose) = (Vec::<Grant>::new(), BTreeMap::new());
    for step in 0..300 {
        if step == 100 {
            let rules = [any_rule(&mut die), any_rule(&mut die)];
            rules.into_iter().filter(|rule| rule.check().is_ok()).for_each(|rule| backend.inject(rule));
        }
        now += die.roll(500);
        let connection = if open.is_empty() { Connection(step) } else { die.pick(open.iter().copied().collect()) };
        let recent = grants[grants.len().saturating_sub(3)..].to_vec();
        let grant = if recent.is_empty() { Grant::default() } else { die.pick(recent) };
        let actions = match die.roll(32) {
            0 | 1 => {
                let ask = Request::post("/oauth/token", "grant_type=client_credentials");
                let service = backend.request(now, &ask.basic("demo-client", "demo-secret"));
                let service: Value = serde_json::from_str(&service.body).unwrap_or_default();
                let is_renewal = die.roll(2) == 0 && grant.answer.is_object();
                let wire = if is_renewal { grant.wire } else { die.pick((0..5).collect()) };
                let mut body = if is_renewal { grant.answer.clone() } else { json!({}) };
                (body["name"], body["email"]) = ("Guest User".into(), "guest@example.com".into());
                let ask = Request::post(WIRES[wire].0, &body.to_string());
                let minted = backend.request(now, &ask.bearer(service["access_token"].as_str().unwrap_or_default()));
                let answer: Value = serde_json::from_str(&minted.body).unwrap_or_default();
                grants.extend(answer["token"].is_string().then_some(Grant { wire, answer }));
                Vec::new()
            }
            2..=4 => {
                let (fresh, target) = (Connection(step), format!("{}?token={}", WIRES[grant.wire].1, grant.token()));
                if backend.upgrade_to(now, fresh, &target, Some(ORIGIN)).is_ok() {
                    open.insert(fresh);
                    whose.insert(fresh, grant);
                }
                Vec::new()
            }
            5 => {
                backend.disconnect(now, connection);
                open.remove(&connection);
                Vec::new()
            }
            6 | 7 => {
                let path = format!("{}/{}/messages", WIRES[0].0, grant.id());
                let body = json!({"to":grant.id(),"text":"hello"}).to_string();
                backend.request(now, &Request::post(&path, &body).bearer(grant.token()));
                Vec::new()
            }
            8 => backend.agent_says(now, grant.id(), "hi"),
            9 => backend.expire(now, grant.id(), true),
            10 if die.roll(4) == 0 => backend.clear(now, grant.id()),
            10..=13 => backend.advance(now),
            _ => {
                let own = whose.get(&connection).filter(|_| die.roll(4) > 0).unwrap_or(&grant);
                backend.receive(now, connection, &die.pick(own.frames()).to_string())
            }
        };
        watch(&mut open, &actions, seed);
        heard.extend(actions);
        if die.roll(4) == 0 {
            let actions = backend.advance(now);
            watch(&mut open, &actions, seed);
            heard.extend(actions);
            assert!(backend.next_due().is_none_or(|due| due > now), "seed {seed}: nothing that was due is left");
        }
    }
    heard
}

#[test]
fn no_schedule_of_guests_makes_the_backend_speak_to_the_gone() {
    let mut words = BTreeMap::new();
    for seed in 1..=300 {
        for action in run_guests(seed) {
            let word = match &action {
                Action::Send { frame, .. } => {
                    let frame: Value = serde_json::from_str(frame).unwrap();
                    let word = frame["type"].as_str().or(frame["action"].as_str()).unwrap();
                    format!("{word} {}", frame["status"])
                }
                Action::Close { code, .. } => format!("closed {code}"),
                Action::Drop { .. } => "dropped".into(),
            };
            *words.entry(word).or_insert(0_u32) += 1;
        }
    }
    for word in ["CONNECTED null", "ERROR 403", "auth \"expired\"", "join \"success\"", "queue null", "dropped"] {
        assert!(words.contains_key(word), "{word} is never met: {words:?}");
    }
    assert_eq!(run_guests(7), run_guests(7));
}

#[test]
fn no_schedule_makes_the_backend_speak_to_the_gone() {
    for seed in 1..=300 {
        run(seed);
    }
}

#[test]
fn the_same_seed_gives_the_same_bytes() {
    for seed in 1..=50 {
        assert_eq!(run(seed), run(seed), "seed {seed}");
    }
}
