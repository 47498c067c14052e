//! Why a connection came to nothing: for each way, what the developer hears (kind, code and cause) and what the visitor can do.
#![cfg(not(target_arch = "wasm32"))]

mod common;

use std::collections::BTreeSet;

use chat_proto::io::Command;
use chat_proto::phase::ConnectionStatus;
use chat_proto::problem::Advice::{Elsewhere, SignIn, Wait};
use chat_proto::problem::{Advice, Problem};
use common::{Reply, Rig};
use simulator::{Effect, FaultRule, On, Settings};

const MINUTE: u64 = 60_000;

/// What is wrong, how it is made so, and what is told: kind, code, cause, advice.
type Case = (&'static str, fn(&mut Rig), (&'static str, Option<u16>, &'static str, Option<Advice>));

const CASES: &[Case] = &[
    (
        "a token endpoint that is not there",
        |rig| token(rig, || Reply::Unreachable),
        ("token-unavailable", None, "token-unreachable", None),
    ),
    ("one that hangs", |rig| token(rig, || Reply::Hang), ("token-unavailable", None, "token-timeout", None)),
    (
        "one on another path",
        |rig| token(rig, || Reply::Status(404, None)),
        ("token-unavailable", Some(404), "token-not-found", None),
    ),
    (
        "one that is asked too often",
        |rig| token(rig, || Reply::Status(429, None)),
        ("token-unavailable", Some(429), "token-rate-limited", Some(Wait)),
    ),
    (
        "one that is overloaded",
        |rig| token(rig, || Reply::Status(503, None)),
        ("token-unavailable", Some(503), "token-failing", Some(Wait)),
    ),
    (
        "one that fails",
        |rig| token(rig, || Reply::Status(500, None)),
        ("token-unavailable", Some(500), "token-failing", None),
    ),
    (
        "one behind a login page",
        |rig| token(rig, || Reply::Html),
        ("token-unavailable", None, "token-html", Some(SignIn)),
    ),
    (
        "one that answers with no grant",
        |rig| token(rig, || Reply::NoGrant),
        ("token-unavailable", None, "token-no-grant", None),
    ),
    (
        "one that answers with null",
        |rig| token(rig, || Reply::Null),
        ("token-unavailable", None, "token-no-grant", None),
    ),
    (
        "one that refuses",
        |rig| token(rig, || Reply::Status(401, None)),
        ("refused", Some(401), "token-refused", Some(SignIn)),
    ),
    ("a long line", |rig| rig.endpoint.connect_after = Some(5 * MINUTE), ("in-line", None, "", Some(Wait))),
    (
        "a deployment that is not there",
        |rig| settings(rig, 404),
        ("deployment", Some(404), "deployment-unknown", Some(Elsewhere)),
    ),
    (
        "a hello that finds no deployment",
        |rig| hello(rig, error(400)),
        ("deployment", Some(400), "deployment-unknown", Some(Elsewhere)),
    ),
    (
        "a socket that never opens",
        |rig| on(rig, On::Upgrade, status(403)),
        ("connection-lost", Some(1006), "socket-never-opens", None),
    ),
    (
        "a token that is closed upon without a word",
        |rig| hello(rig, close(1000)),
        ("connection-lost", Some(1000), "token-scope", Some(Elsewhere)),
    ),
    (
        "a token that is refused in words",
        |rig| hello(rig, error(401)),
        ("refused", Some(401), "session-refused", Some(Elsewhere)),
    ),
    (
        "a token that is refused by a close code",
        |rig| hello(rig, close(4401)),
        ("refused", Some(4401), "session-refused", Some(Elsewhere)),
    ),
    (
        "a session that nobody knows",
        |rig| hello(rig, error(4007)),
        ("refused", Some(4007), "session-unknown", Some(Elsewhere)),
    ),
    (
        "a wire that is not understood",
        |rig| hello(rig, close(1002)),
        ("refused", Some(1002), "connection-cut", Some(Elsewhere)),
    ),
    (
        "a backend that restarts",
        |rig| hello(rig, close(1012)),
        ("connection-lost", Some(1012), "backend-failing", Some(Wait)),
    ),
    ("a backend that fails", |rig| hello(rig, close(1011)), ("connection-lost", Some(1011), "backend-failing", None)),
];

fn token(rig: &mut Rig, reply: fn() -> Reply) {
    rig.endpoint.next.extend((0..100).map(|_| reply()));
}

fn on(rig: &mut Rig, on: On, effect: Effect) {
    rig.backend.inject(FaultRule::once(on, effect).always());
}

fn hello(rig: &mut Rig, effect: Effect) {
    on(rig, On::Request("configureSession".into()), effect);
}

fn settings(rig: &mut Rig, code: u16) {
    on(rig, On::Http("config.json".into()), status(code));
}

fn status(status: u16) -> Effect {
    Effect::Status { status, retry_after: None, html: false }
}

fn error(code: u16) -> Effect {
    Effect::Error { code, message: String::new() }
}

fn close(code: u16) -> Effect {
    Effect::Close { code, reason: String::new(), cut: simulator::Cut::BeforeAccept }
}

fn told(problem: Problem) -> (&'static str, Option<u16>, &'static str, Option<Advice>) {
    (problem.word(), problem.code(), problem.cause().unwrap_or_default(), problem.advice())
}

#[test]
fn every_end_that_somebody_can_act_on_says_which_it_is() {
    for (what, break_it, (kind, code, cause, advice)) in CASES {
        let mut rig = Rig::new(1);
        break_it(&mut rig);
        rig.say(Command::Open);
        rig.run_for(2 * MINUTE);
        let last = rig.problems.last().copied().map(told);
        assert_eq!(last, Some((*kind, *code, *cause, *advice)), "{what}: {:?}", rig.problems);
        let causes: BTreeSet<_> = rig.problems.iter().filter_map(Problem::cause).collect();
        assert!(causes.iter().all(|it| it == cause), "{what} is not {causes:?}");
        assert_ne!(rig.status, ConnectionStatus::Online, "{what}");
    }
}

#[test]
fn what_depends_on_the_set_up_is_told_as_well() {
    let deployment = simulator::Deployment { active: false, ..Default::default() };
    let mut rig = Rig::with(1, Settings { deployments: vec![deployment], ..Settings::quiet() }, true);
    rig.say(Command::Open);
    rig.run_for(MINUTE);
    assert_eq!(
        rig.problems.last().copied().map(told),
        Some(("deployment", Some(200), "deployment-inactive", Some(Elsewhere)))
    );

    let mut rig = Rig::without_endpoint(1);
    hello(&mut rig, close(1005));
    rig.say(Command::Open);
    rig.run_for(MINUTE);
    assert_eq!(
        rig.problems.last().copied().map(told),
        Some(("connection-lost", Some(1005), "silent-close", Some(Elsewhere)))
    );

    let mut rig = Rig::new(1);
    rig.endpoint.life = 1;
    rig.latency = (500, 600);
    rig.say(Command::Open);
    rig.run_for(MINUTE);
    assert_eq!(rig.problems.last().copied().map(told), Some(("token-unavailable", None, "token-no-grant", None)));
}

#[test]
fn every_cause_has_a_name_in_the_rule_book_and_a_row_in_the_documentation() {
    let documented = include_str!("../docs/diagnosis.md");
    let further = ["deployment/deployment-inactive", "connection-lost/silent-close"];
    let further = further.iter().filter_map(|it| it.split_once('/'));
    for (kind, cause) in CASES.iter().map(|(_, _, (kind, _, cause, _))| (*kind, *cause)).chain(further) {
        assert!(cause.is_empty() || diagnosis::rules::named(cause).is_some(), "{cause}");
        let row = if cause.is_empty() { format!("| `{kind}` | | ") } else { format!("| `{kind}` | `{cause}` | ") };
        assert!(documented.contains(&row), "{row}");
    }
}

#[test]
fn what_to_do_about_a_trouble_is_said_for_as_long_as_it_lasts() {
    let mut rig = Rig::new(1);
    rig.endpoint.next.push_back(Reply::Status(429, Some(10_000)));
    rig.say(Command::Open);
    rig.run_for(5_000);
    assert_eq!(rig.advice, Some(Wait));
    rig.run_until("in", |rig| rig.status == ConnectionStatus::Online);
    assert_eq!(rig.advice, None);
    // What was said of the last trouble is not said of the next.
    rig.cut();
    rig.run_until("tried again", |rig| matches!(rig.status, ConnectionStatus::Reconnecting { .. }));
    assert_eq!(rig.advice, None);

    let mut rig = Rig::new(1);
    rig.endpoint.next.extend([Reply::Status(401, None), Reply::Status(401, None)]);
    rig.say(Command::Open);
    rig.run_for(5_000);
    assert_eq!((rig.status, rig.advice), (ConnectionStatus::Refused, Some(SignIn)));
    rig.say(Command::TryNow);
    rig.run_for(5_000);
    assert_eq!((rig.status, rig.advice), (ConnectionStatus::Online, None));
}

/// One hello is answered by a close with 1000, without a word.
fn silence() -> FaultRule {
    FaultRule::once(On::Request("configureSession".into()), close(1000))
}

#[test]
fn one_or_two_silent_closes_accuse_nobody() {
    for times in [1, 2] {
        let mut rig = Rig::new(1);
        rig.backend.inject(FaultRule { count: Some(times), ..silence() });
        let rig = rig.online();
        assert_eq!(rig.problems, vec![Problem::ConnectionLost { code: 1000 }; times as usize]);
    }
}

/// A token that has expired at the backend before its time is closed upon without a word, and nothing else says so.
#[test]
fn after_two_silent_closes_the_endpoint_is_asked_for_a_fresh_token_and_that_is_used() {
    let mut rig = Rig::new(1).online();
    rig.backend.inject(FaultRule { count: Some(2), ..silence() });
    rig.cut();
    rig.run_until("back", |rig| rig.status == ConnectionStatus::Online && rig.sockets == 4);
    assert_eq!(rig.endpoint.requests(), 2);
    assert!(rig.problems.iter().all(|problem| problem.cause().is_none()), "{:?}", rig.problems);
}

/// The complaint that this widget was begun for: the handshake works, the first message goes out, and the socket is closed without a word.
#[test]
fn a_socket_that_is_closed_without_a_word_upon_the_first_message_is_told_the_third_time_and_the_message_is_kept() {
    for times in [2, 3] {
        let mut rig = Rig::new(1).online();
        let rule = FaultRule::once(On::Request("text".into()), close(1000));
        rig.backend.inject(FaultRule { count: Some(times), ..rule });
        rig.send("is anybody there?");
        rig.run_for(2 * MINUTE);
        let told: Vec<_> = rig.problems.iter().filter_map(Problem::cause).collect();
        assert_eq!(told, vec!["token-scope"; times as usize - 2]);
        assert_eq!(rig.endpoint.requests(), 2, "a fresh token is tried");
        assert_eq!(rig.screen(), [("is anybody there?".into(), "sent")]);
        assert_eq!(rig.accepted(), ["is anybody there?"]);
    }
}

/// A token that has just been good for a message is not said to lack the right.
#[test]
fn a_socket_that_is_closed_without_a_word_when_nothing_was_asked_does_not_accuse_the_token() {
    let mut rig = Rig::new(1).online();
    rig.send("taken");
    rig.run_for(5_000);
    for _ in 0..3 {
        rig.close_all(1000);
        rig.run_for(10_000);
    }
    assert_eq!(rig.problems.last().and_then(Problem::cause), Some("silent-close"));
}

#[test]
fn connections_that_took_a_message_or_lasted_are_no_row_of_silent_closes() {
    let mut rig = Rig::new(1).online();
    for round in 0..4 {
        rig.close_all(1000);
        rig.run_for(10_000);
        rig.send(&format!("taken {round}"));
        rig.run_for(10_000);
    }
    for _ in 0..4 {
        rig.run_for(30_000);
        rig.close_all(1000);
        rig.run_for(10_000);
    }
    assert!(rig.problems.iter().all(|problem| problem.cause().is_none()), "{:?}", rig.problems);
}

#[test]
fn a_first_connection_that_is_accepted_after_many_that_were_not_begins_a_new_row() {
    let mut rig = Rig::new(1);
    rig.backend.inject(FaultRule { count: Some(3), ..silence() });
    let mut rig = rig.online();
    rig.problems.clear();
    rig.close_all(1000);
    rig.run_for(10_000);
    assert_eq!(rig.problems, [Problem::ConnectionLost { code: 1000 }]);
}

#[test]
fn connections_that_were_accepted_in_between_are_no_row_of_silent_closes() {
    let mut rig = Rig::new(1).online();
    for sockets in [3, 5, 7, 9] {
        rig.backend.inject(silence());
        rig.cut();
        rig.run_until("back", |rig| rig.status == ConnectionStatus::Online && rig.sockets == sockets);
    }
    assert!(rig.problems.iter().all(|problem| problem.cause().is_none()), "{:?}", rig.problems);
}
