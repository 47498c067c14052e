//! Dead connections are found, and found in time: with the worst case over many seeds held against its bound. And what that costs: how
//! many frames, and none while nobody looks. The rig itself holds every test to its rates, and to nothing being sent for ever.
#![cfg(not(target_arch = "wasm32"))]

mod common;

use chat_proto::io::{Command, Connectivity, Input};
use chat_proto::message::SendState;
use chat_proto::phase::ConnectionStatus;
use chat_proto::problem::Problem;
use common::{Dice, Rig};
use simulator::{Effect, FaultRule, On, Settings, Side};

const SEEDS: u64 = 400;

/// From this moment on the wire is dead that way, however it looks.
fn kill(rig: &mut Rig, side: Side) {
    let black_hole = Effect::BlackHole { side, ms: None };
    // A frame towards a dead side is what makes it strike: whichever comes first.
    rig.backend.inject(FaultRule::once(On::Request("*".into()), black_hole.clone()));
    rig.backend.inject(FaultRule::once(On::Push("*".into()), black_hole));
}

fn side(dice: &mut Dice) -> Side {
    [Side::Both, Side::FromClient, Side::ToClient][usize::try_from(dice.roll(3)).expect("small")]
}

/// How long it took from now until the connection was given up.
fn time_to_notice(rig: &mut Rig) -> u64 {
    let (from, known) = (rig.now(), rig.problems.len());
    rig.run_until("noticed", |rig| rig.problems[known..].contains(&Problem::Unresponsive));
    rig.backend.clear_faults();
    rig.now() - from
}

/// A connection that lives, at a random moment of its life.
fn somewhere(seed: u64) -> (Rig, Dice) {
    let mut dice = Dice::new(seed);
    let settings = Settings { agent: false, ..Settings::default() };
    let mut rig = Rig::with(seed, settings, dice.chance(50)).online();
    rig.run_for(dice.roll(200_000));
    if dice.chance(50) {
        rig.agent_says("hello");
        rig.run_for(dice.roll(2_000));
    }
    assert_eq!(rig.problems, [], "seed {seed}: a connection that lives is not given up");
    (rig, dice)
}

#[test]
fn a_dead_connection_is_found_within_twenty_seconds_while_somebody_looks() {
    let mut worst = 0;
    for seed in 1..=SEEDS {
        let (mut rig, mut dice) = somewhere(seed);
        kill(&mut rig, side(&mut dice));
        worst = worst.max(time_to_notice(&mut rig));
        rig.run_for(5_000);
        assert_eq!(rig.status, ConnectionStatus::Online, "seed {seed}: and there is a new one");
    }
    eprintln!("found after {worst} ms at worst, over {SEEDS} seeds");
    assert!((15_000..=20_000).contains(&worst), "{worst} ms");
}

#[test]
fn a_dead_connection_is_found_within_eight_seconds_while_a_text_is_on_its_way() {
    let mut worst = 0;
    for seed in 1..=SEEDS {
        let (mut rig, mut dice) = somewhere(seed);
        kill(&mut rig, side(&mut dice));
        rig.send("one");
        worst = worst.max(time_to_notice(&mut rig));
        assert_eq!(rig.state_of("one"), SendState::Unconfirmed { ask: false }, "seed {seed}");
        rig.run_for(20_000);
        assert_eq!(rig.accepted(), ["one"], "seed {seed}");
    }
    eprintln!("found after {worst} ms at worst, over {SEEDS} seeds");
    assert!((7_000..=8_000).contains(&worst), "{worst} ms");
}

#[test]
fn a_dead_connection_is_found_within_five_seconds_after_the_page_woke() {
    let mut worst = 0;
    for seed in 1..=SEEDS {
        let (mut rig, mut dice) = somewhere(seed);
        let seen = dice.chance(70);
        if seen {
            rig.hand_in(Input::Hidden);
            rig.run_for(dice.roll(30_000));
        }
        kill(&mut rig, side(&mut dice));
        rig.run_for(if seen { dice.roll(3_600_000) } else { dice.roll(2_000) });
        rig.hand_in(if seen { Input::Visible } else { Input::Network(Connectivity::Online) });
        worst = worst.max(time_to_notice(&mut rig));
    }
    eprintln!("found after {worst} ms at worst, over {SEEDS} seeds");
    assert!((4_000..=5_000).contains(&worst), "{worst} ms");
}

#[test]
fn a_sleep_that_nobody_told_of_is_noticed_by_its_clocks() {
    for (how, seed) in (1..=SEEDS).flat_map(|seed| [("late timers", seed), ("a clock that stood still", seed)]) {
        let (mut rig, mut dice) = somewhere(seed);
        kill(&mut rig, side(&mut dice));
        let asleep = 20_000 + dice.roll(3_600_000);
        // Some systems stop the monotonic clock while they sleep, the others only the page.
        match how {
            "late timers" => rig.sleep(asleep),
            _ => rig.wall_skew += i64::try_from(asleep).expect("an hour"),
        }
        let slept = rig.now();
        rig.hand_in(Input::Timeout);
        let noticed = time_to_notice(&mut rig);
        // A word from before the sleep may come first, and is answered by a second question.
        assert!(noticed <= 6_000, "seed {seed}, {how}: {noticed} ms after {slept}");
    }
}

#[test]
fn a_sleep_is_not_taken_for_the_death_of_a_connection_that_lives() {
    for seed in 1..=SEEDS {
        let (mut rig, mut dice) = somewhere(seed);
        rig.send("on its way");
        rig.run_for(dice.roll(100));
        let (sockets, asleep) = (rig.sockets, dice.roll(3_600_000));
        rig.sleep(asleep);
        rig.run_for(20_000);
        assert_eq!((rig.sockets, rig.accepted()), (sockets, vec!["on its way".to_owned()]), "seed {seed}");
        assert_eq!(rig.state_of("on its way"), SendState::Sent, "seed {seed}");
    }
}

#[test]
fn timers_that_are_always_late_still_find_a_dead_connection() {
    for seed in 1..=SEEDS {
        let (mut rig, mut dice) = somewhere(seed);
        rig.timer_lag = 500 + dice.roll(4_000);
        kill(&mut rig, side(&mut dice));
        rig.send("one");
        let noticed = time_to_notice(&mut rig);
        assert!(noticed <= 8_000 + 2 * rig.timer_lag + 4_000, "seed {seed}: {noticed} ms");
    }
}

#[test]
fn nothing_is_shown_as_being_sent_for_more_than_fifteen_seconds() {
    let mut worst = 0;
    for seed in 1..=SEEDS {
        let (mut rig, mut dice) = somewhere(seed);
        rig.timer_lag = dice.roll(5_000);
        for n in 0..6 {
            let effect = match dice.roll(5) {
                0 => Effect::BlackHole { side: side(&mut dice), ms: None },
                1 => Effect::Lose,
                2 => Effect::Error { code: 500, message: "Request failed.".into() },
                3 => Effect::TooManyRequests { retry_after: Some(dice.roll(20)) },
                _ => Effect::Delay { ms: dice.roll(30_000), jitter: 0 },
            };
            rig.backend.inject(FaultRule::once(On::Request("text".into()), effect));
            rig.send(&format!("{n}"));
            rig.run_for(dice.roll(30_000));
        }
        rig.backend.clear_faults();
        rig.run_for(120_000);
        // Three errors of the backend's own fail a message; everything else arrives.
        let screen = rig.screen();
        assert!(screen.iter().all(|(_, state)| ["sent", "failed", "agent"].contains(state)), "seed {seed}: {screen:?}");
        worst = worst.max(rig.longest_sending);
    }
    eprintln!("{worst} ms at worst, over {SEEDS} seeds");
    assert!((7_500..=15_000).contains(&worst), "{worst} ms");
}

#[test]
fn a_dead_connection_is_found_while_history_is_read() {
    for seed in 1..=SEEDS {
        let mut rig = Rig::new(seed).online();
        rig.agent_says("hello");
        rig.run_for(1_000);
        rig.cut();
        rig.run_until("reading", |rig| rig.frames_with("getJwt") == 1);
        kill(&mut rig, Side::Both);
        let noticed = time_to_notice(&mut rig);
        assert!(noticed <= 20_000, "seed {seed}: {noticed} ms");
        rig.run_for(5_000);
        assert_eq!(rig.status, ConnectionStatus::Online, "seed {seed}: and it is read on the next");
    }
}

#[test]
fn a_quiet_hour_costs_four_questions_a_minute_and_none_while_nobody_looks() {
    let mut rig = Rig::with(1, Settings { agent: false, ..Settings::default() }, true).online();
    rig.run_for(10_000);
    let asked = |rig: &Rig| (rig.frames_with(r#""action":"echo""#), rig.frames_with(r#""action":"getJwt""#));
    let before = asked(&rig);
    rig.run_for(3_600_000);
    let (echoes, keys) = asked(&rig);
    let (echoes, keys) = (echoes - before.0, keys - before.1);
    eprintln!("in an hour: {echoes} health checks, {keys} questions for a key");
    assert!((40..=60).contains(&echoes) && keys <= 4 * 60 && echoes + keys >= 3 * 60, "{echoes} and {keys}");
    rig.hand_in(Input::Hidden);
    let frames = rig.frames.len();
    rig.hand_in(Input::Network(Connectivity::Online));
    rig.run_for(3_600_000);
    assert_eq!(rig.frames.len(), frames);
    assert_eq!(rig.problems, []);
}

#[test]
fn whoever_hurries_sends_no_more_than_fifty_frames_a_minute() {
    // The rig holds to that; here it is tried hard.
    let mut rig = Rig::new(1).online();
    let mut dice = Dice::new(1);
    let before = rig.frames.len();
    for n in 0..300 {
        rig.send(&format!("{n}"));
        rig.say(Command::Draft("…".repeat(n)));
        rig.hand_in(Input::Hidden);
        rig.hand_in(Input::Visible);
        if dice.chance(5) {
            rig.cut();
        }
        rig.run_for(dice.roll(400));
    }
    rig.run_for(60_000);
    let sent = rig.frames.len() - before;
    assert!(sent >= 60, "{sent} frames: nothing was tried");
}

#[test]
fn the_agent_is_told_of_typing_once_in_five_seconds_whatever_is_sent_between() {
    let mut rig = Rig::new(1).online();
    for n in 0..60 {
        rig.say(Command::Draft(format!("{n}")));
        if n % 4 == 0 {
            rig.send(&format!("{n}"));
        }
        rig.run_for(500);
    }
    let told = rig.frames_with(r#""eventType":"Typing""#);
    assert!((5..=7).contains(&told), "{told} times in thirty seconds");
}

#[test]
fn whoever_switches_tabs_quickly_asks_nothing_that_was_just_heard() {
    let mut rig = Rig::new(1).online();
    rig.run_for(10_000);
    rig.agent_says("hello");
    rig.run_until("heard", |rig| rig.screen().len() == 1);
    let asked = rig.frames.len();
    for _ in 0..5 {
        rig.hand_in(Input::Hidden);
        rig.hand_in(Input::Visible);
        rig.run_for(50);
    }
    assert_eq!(rig.frames.len(), asked, "what was heard a moment ago need not be asked for");
    rig.run_for(1_000);
    assert_eq!(rig.frames.len(), asked + 1, "and then once");
}

#[test]
fn a_quiet_minute_writes_nothing_into_storage() {
    let mut rig = Rig::new(1).online();
    rig.agent_says("hello");
    rig.run_for(5_000);
    let saves = rig.saves;
    rig.run_for(60_000);
    rig.hand_in(Input::Visible);
    assert_eq!(rig.saves, saves, "what is read was read before");
}

#[test]
fn whoever_gets_the_network_back_tries_again_soon_and_not_with_everybody_else() {
    let mut waits = Vec::new();
    for seed in 1..=100 {
        let mut rig = Rig::without_endpoint(seed).online();
        rig.go_offline();
        rig.run_for(10_000);
        rig.go_online();
        let (from, sockets) = (rig.now(), rig.sockets);
        rig.run_until("another attempt", |rig| rig.sockets > sockets);
        waits.push(rig.now() - from);
    }
    waits.sort_unstable();
    assert!(waits[0] >= 250 && waits[99] <= 500, "{waits:?}");
    waits.dedup();
    assert!(waits.len() > 50, "only {} different waits", waits.len());
}

#[test]
fn the_longer_nothing_was_said_the_rarer_history_is_looked_into() {
    let mut rig = Rig::new(1).online();
    let looks = |rig: &mut Rig, span: u64| {
        let before = rig.pages_asked.len();
        rig.run_for(span);
        rig.pages_asked.len() - before
    };
    let in_an_hour = looks(&mut rig, 3_600_000);
    assert!((4..=10).contains(&in_an_hour), "{in_an_hour}");
    rig.agent_says("still there?");
    let in_ten_minutes = looks(&mut rig, 600_000);
    assert!((3..=5).contains(&in_ten_minutes), "{in_ten_minutes}");
}

#[test]
fn a_hello_that_was_on_its_way_when_the_page_slept_is_waited_for_four_seconds_more() {
    let mut rig = Rig::new(1);
    rig.backend.inject(FaultRule::once(On::Push("SessionResponse".into()), Effect::Lose));
    rig.say(Command::Open);
    rig.run_until("said", |rig| rig.frames_with("configureSession") == 1);
    rig.sleep(60_000);
    rig.run_for(3_900);
    assert_eq!(rig.problems, []);
    rig.run_for(200);
    assert_eq!(rig.problems, [Problem::Unresponsive]);
}

#[test]
fn the_agent_is_told_of_typing_only_where_something_else_stands_there_than_before() {
    let mut rig = Rig::new(1).online();
    let told = |rig: &mut Rig, draft: &str| {
        let before = rig.frames_with(r#""eventType":"Typing""#);
        rig.say(Command::Draft(draft.into()));
        rig.run_for(6_000);
        rig.frames_with(r#""eventType":"Typing""#) - before
    };
    assert_eq!(["a", "a", "", "ab"].map(|draft| told(&mut rig, draft)), [1, 0, 0, 1]);
}

#[test]
fn two_seconds_late_are_no_sleep_and_more_are() {
    for (late, jump, gives_up) in [(2_000, 0, true), (2_001, 0, false), (0, 2_000, true), (0, 2_001, false)] {
        let mut rig = Rig::new(1);
        rig.backend.inject(FaultRule::once(On::Push("SessionResponse".into()), Effect::Lose));
        rig.say(Command::Open);
        rig.run_until("said", |rig| rig.frames_with("configureSession") == 1);
        rig.timer_lag = late;
        rig.wall_skew = jump;
        rig.run_for(12_100);
        let expected = if gives_up { vec![Problem::Unresponsive] } else { vec![] };
        assert_eq!(rig.problems, expected, "timers {late} ms late, a clock {jump} ms ahead");
    }
}
