//! Storms of ends and beginnings: whatever happens, in the end nothing is stuck and nothing is lost or sent twice.
#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::pedantic, clippy::unwrap_used, reason = "tests of what must not happen, written for reach")]

mod common;
use chat_proto::io::*;
use chat_proto::message::*;
use chat_proto::phase::ConnectionStatus as S;
use common::{Dice, Reply, Rig};
use simulator::*;
fn run(seed: u64) {
    let mut d = Dice::new(seed);
    let mut rig = Rig::with(seed, simulator::Settings::quiet(), d.chance(60));
    rig.latency = (1 + d.roll(50), 60 + d.roll(400));
    rig.endpoint.life = [5, 30, 300][d.roll(3) as usize];
    rig.say(Command::Open);
    let mut n = 0;
    let mut written = vec![];
    for _ in 0..60 {
        let has = !rig.backend.sessions().is_empty();
        match d.roll(22) {
            0..=4 => {
                n += 1;
                let t = format!("m{n}");
                written.push(t.clone());
                rig.send(&t)
            }
            5 if has => {
                let t = rig.token();
                let ro = d.chance(70);
                rig.backend_does(|b, now| b.disconnect_conversation(now, &t, ro))
            }
            6 if has => {
                let t = rig.token();
                let a = d.chance(50);
                rig.backend_does(|b, now| b.expire(now, &t, a))
            }
            7 if has => {
                let t = rig.token();
                rig.backend_does(|b, now| b.evict(now, &t))
            }
            8 if has && d.chance(40) => {
                let t = rig.token();
                rig.backend_does(|b, now| b.clear(now, &t))
            }
            9..=11 => rig.say(Command::NewChat),
            12 => rig.say(Command::UseHere),
            13 => rig.say(Command::TryNow),
            14 => rig.cut(),
            15 => {
                rig.go_offline();
                let t = d.roll(3000);
                rig.run_for(t);
                rig.go_online()
            }
            16 => {
                rig.hand_in(Input::Hidden);
                rig.hand_in(Input::Visible)
            }
            17 => rig.reload(),
            18 => rig.endpoint.next.push_back(Reply::Status([401, 503, 429][d.roll(3) as usize], None)),
            19 => {
                let on = [
                    On::Request("text".into()),
                    On::Request("configureSession".into()),
                    On::Request("closeSession".into()),
                    On::Request("getJwt".into()),
                ][d.roll(4) as usize]
                    .clone();
                let c = [401, 409, 429, 500, 4007][d.roll(5) as usize];
                rig.backend.inject(FaultRule::once(on, Effect::Error { code: c, message: "x".into() }))
            }
            20 => rig.backend.inject(FaultRule::once(
                On::Http("messages".into()),
                Effect::Delay { ms: 100 + d.roll(5_000), jitter: 0 },
            )),
            _ => {
                let ids: Vec<_> = rig
                    .items
                    .iter()
                    .filter_map(|i| match &i.content {
                        Content::Inbound(m) if matches!(m.state, SendState::Failed(_)) => m.local_id.clone(),
                        _ => None,
                    })
                    .collect();
                if let Some(id) = ids.first() {
                    rig.say(Command::Retry(id.clone()))
                }
            }
        }
        let p = [5, 100, 700, 4_000][d.roll(4) as usize];
        let p = d.roll(p);
        rig.run_for(p);
    }
    rig.backend.clear_faults();
    rig.endpoint.next.clear();
    rig.go_online();
    rig.run_for(120_000);
    for _ in 0..4 {
        match rig.status {
            S::Evicted => rig.say(Command::UseHere),
            S::ReadOnly | S::Expired => rig.say(Command::NewChat),
            S::Refused | S::Misconfigured => rig.say(Command::TryNow),
            S::Idle => rig.say(Command::Send("hello".into())),
            _ => {}
        }
        rig.run_for(90_000);
    }
    assert_eq!(rig.status, S::Online, "stuck");
    rig.send("last");
    rig.run_for(60_000);
    assert_eq!(rig.state_of("last"), SendState::Sent, "last: {:?}", rig.screen());
    for (t, s) in rig.screen() {
        assert!(["sent", "failed", "agent"].contains(&s) || s == "unconfirmed", "{t} is {s}");
    }
    for i in &rig.items {
        if let Content::Inbound(m) = &i.content {
            assert!(m.state != SendState::Unconfirmed { ask: false }, "checking for ever: {}", m.text);
        }
    }
    // Nothing twice, in any session; nothing vanished.
    let tokens: Vec<String> = rig.backend.sessions().iter().map(|s| s.token.clone()).collect();
    let mut all: Vec<String> = tokens.iter().flat_map(|t| rig.accepted_of(t)).collect();
    let len = all.len();
    all.sort();
    all.dedup();
    assert_eq!(len, all.len(), "sent twice");
    let on_screen: Vec<String> = rig.screen().into_iter().map(|(t, _)| t).collect();
    let kept = rig.saved.tab.outbox.iter().map(|k| k.text.clone()).collect::<Vec<_>>();
    for t in &written {
        assert!(
            all.contains(t)
                || on_screen.contains(t)
                || kept.contains(t)
                || rig.said.iter().any(|i| matches!(&i.content, Content::Inbound(m) if m.text == *t)),
            "{t} vanished"
        );
    }
}
#[test]
fn whatever_ends_something_begins() {
    let get = |n: &str, d: u64| std::env::var(n).ok().and_then(|t| t.parse().ok()).unwrap_or(d);
    let (first, runs) = (get("LIFE_SEED", 1), get("LIFE_RUNS", 1500));
    let mut kinds = std::collections::BTreeMap::<String, (u32, u64, String)>::new();
    std::panic::set_hook(Box::new(|_| {}));
    for seed in first..first + runs {
        if let Err(e) = std::panic::catch_unwind(|| run(seed)) {
            let m = e
                .downcast_ref::<String>()
                .cloned()
                .or(e.downcast_ref::<&str>().map(|s| s.to_string()))
                .unwrap_or_default();
            let key: String = m.chars().filter(|c| !c.is_ascii_digit()).take(60).collect();
            kinds.entry(key).or_insert((0, seed, m)).0 += 1;
        }
    }
    for (n, s, m) in kinds.values() {
        eprintln!("{n:>5} × (seed {s}) {m}");
    }
    assert!(kinds.is_empty());
}
