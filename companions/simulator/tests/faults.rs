//! Faults on virtual time: each effect does what its documentation says, to the byte and the millisecond.

mod bench;

use bench::{A, B, Bench, NOW, TOKEN, configure, gist, text};
use serde_json::json;
use simulator::{Effect, FaultRule, On, Side};

#[test]
fn a_black_hole_swallows_one_way_or_both_until_it_ends() {
    let mut bench = Bench::silent();
    bench.configured(A);
    let hole = |side| Effect::BlackHole { side, ms: Some(5000) };
    bench.backend.inject(FaultRule::once(On::Request("text".into()), hole(Side::ToClient)));
    assert!(bench.send(A, &text("heard, not answered", "m1")).is_empty());
    bench.pass(5000);
    bench.backend.inject(FaultRule::once(On::Request("text".into()), hole(Side::FromClient)));
    assert!(bench.send(A, &text("not heard", "m2")).is_empty());
    assert_eq!(gist(&bench.backend.agent_says(bench.now, TOKEN, "are you there?")), ["1 are you there?"]);
    bench.pass(5000);
    assert_eq!(gist(&bench.send(A, &text("back", "m3"))), ["1 back"]);
    assert_eq!(bench.texts(), ["heard, not answered", "are you there?", "back"]);
}

#[test]
fn delayed_frames_keep_their_order_and_reordered_ones_do_not() {
    let mut bench = Bench::silent();
    bench.configured(A);
    let outbound = || On::Push("Outbound".into());
    bench.backend.inject(FaultRule::once(outbound(), Effect::Delay { ms: 3000, jitter: 0 }));
    assert!(bench.backend.agent_says(bench.now, TOKEN, "one").is_empty());
    assert!(bench.backend.agent_says(bench.now, TOKEN, "two").is_empty());
    assert_eq!(bench.backend.next_due(), Some(NOW + 3000));
    assert_eq!(gist(&bench.pass(3000)), ["1 one", "1 two"]);
    bench.backend.inject(FaultRule::once(outbound(), Effect::Reorder { ms: 1000 }));
    assert!(bench.backend.agent_says(bench.now, TOKEN, "three").is_empty());
    assert_eq!(gist(&bench.backend.agent_says(bench.now, TOKEN, "four")), ["1 four", "1 three"]);
    bench.backend.inject(FaultRule::once(outbound(), Effect::Reorder { ms: 1000 }));
    assert!(bench.backend.agent_says(bench.now, TOKEN, "five").is_empty());
    assert_eq!(gist(&bench.pass(1000)), ["1 five"]);
}

#[test]
fn a_delayed_request_is_accepted_when_it_arrives() {
    let mut bench = Bench::silent();
    bench.configured(A);
    bench.backend.inject(FaultRule::once(On::Request("text".into()), Effect::Delay { ms: 2000, jitter: 0 }));
    bench.send(A, &text("slow", "m1"));
    bench.send(A, &text("behind it", "m2"));
    assert!(bench.texts().is_empty());
    assert_eq!(gist(&bench.pass(2000)), ["1 slow", "1 behind it"]);
}

#[test]
fn a_duplicate_is_delivered_twice_and_accepted_once() {
    let mut bench = Bench::silent();
    bench.configured(A);
    bench.backend.inject(FaultRule::once(On::Push("Inbound".into()), Effect::Duplicate));
    assert_eq!(gist(&bench.send(A, &text("echo", "m1"))), ["1 echo", "1 echo"]);
    assert_eq!(bench.texts(), ["echo"]);
}

#[test]
fn a_row_can_reach_history_late() {
    let mut bench = Bench::silent();
    bench.configured(A);
    bench.backend.inject(FaultRule::once(On::Request("text".into()), Effect::HistoryLate { ms: 10_000 }));
    bench.send(A, &text("late", "m1"));
    assert_eq!(bench.history(A, "")["total"], 0);
    bench.pass(10_000);
    assert_eq!(bench.history(A, "")["total"], 1);
}

#[test]
fn a_missing_handshake_and_a_wordless_429_can_be_had() {
    let mut bench = Bench::silent();
    bench.open(A);
    bench.backend.inject(FaultRule::once(On::Push("SessionResponse".into()), Effect::Lose));
    assert!(bench.send(A, &configure()).is_empty());
    bench.configured(B);
    let too_many = Effect::TooManyRequests { retry_after: None };
    bench.backend.inject(FaultRule::once(On::Request("text".into()), too_many));
    let answer = bench.ask(B, &text("hi", "m1"));
    assert_eq!((&answer["code"], answer["body"].get("retryAfter")), (&json!(429), None));
    assert!(bench.texts().is_empty());
}
