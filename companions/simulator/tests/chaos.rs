//! Everything at once: seeded schedules of visitors, levers and every kind of fault. Whatever happens, the backend
//! neither panics nor speaks to a connection that is gone, and the same seed gives the same bytes. A failure names its
//! seed.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should fail where it stands")]

mod bench;

use std::collections::BTreeSet;

use bench::{NOW, ORIGIN, TOKEN, configure, presence, text, typing, with_token};
use serde_json::json;
use simulator::{Action, Backend, Connection, Cut, DEMO_DEPLOYMENT, Effect, FaultRule, On, Request, Settings, Side};

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
        for action in &actions {
            let connection = action.connection();
            match action {
                Action::Send { .. } => assert!(open.contains(&connection), "seed {seed}: {action:?}"),
                Action::Close { .. } | Action::Drop { .. } => {
                    assert!(open.remove(&connection), "seed {seed}: {action:?}");
                }
            }
        }
        heard.extend(actions);
        for session in backend.sessions() {
            assert!(session.connections.len() <= 3, "seed {seed}: {session:?}");
        }
    }
    heard
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
