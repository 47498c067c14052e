//! From opening the panel to the first word: what is asked for, in which order, and what happens when it is not to be had.
#![cfg(not(target_arch = "wasm32"))]

mod common;

use chat_proto::io::Command;
use chat_proto::message::{Content, Notice};
use chat_proto::phase::ConnectionStatus;
use chat_proto::problem::Problem;
use common::Rig;
use simulator::{Deployment, Effect, FaultRule, On, Settings};

#[test]
fn until_the_panel_is_opened_nothing_is_asked_for_and_nothing_is_kept() {
    let mut rig = Rig::new(1);
    rig.run_for(3_600_000);
    assert_eq!((rig.sockets, rig.saves, rig.endpoint.requests()), (0, 0, 0));
    assert_eq!(rig.status, ConnectionStatus::Idle);
}

#[test]
fn opening_the_panel_connects() {
    let rig = Rig::new(1).online();
    assert_eq!(rig.statuses, [ConnectionStatus::Connecting, ConnectionStatus::Online]);
    assert_eq!((rig.sockets, rig.endpoint.requests()), (1, 1));
    assert!(rig.frames[0].contains(r#""action":"configureSession","token":"granted-1""#), "{}", rig.frames[0]);
}

#[test]
fn a_message_connects_without_opening_the_panel() {
    let mut rig = Rig::new(1);
    rig.send("hello");
    rig.run_for(5_000);
    assert_eq!(rig.accepted(), ["hello"]);
    assert!(!rig.saved.tab.is_open);
}

#[test]
fn without_an_endpoint_the_widget_makes_its_own_token_and_keeps_it() {
    let mut rig = Rig::without_endpoint(1).online();
    let token = rig.saved.shared.as_ref().and_then(|shared| shared.token.clone()).expect("kept");
    assert_eq!(rig.token(), token);
    rig.reload();
    rig.run_for(5_000);
    assert_eq!(rig.backend.sessions().len(), 1, "a reload comes back to the same session");
}

#[test]
fn a_token_of_the_endpoint_is_never_kept() {
    let rig = Rig::new(1).online();
    assert_eq!(rig.saved.shared.as_ref().expect("a conversation").token, None);
}

#[test]
fn a_new_conversation_is_announced_once_where_the_deployment_wants_it() {
    let deployment = Deployment { auto_start: true, ..Deployment::default() };
    let mut rig = Rig::with(1, Settings { deployments: vec![deployment], ..Settings::quiet() }, true).online();
    rig.run_for(2_000);
    rig.cut();
    rig.run_for(20_000);
    assert_eq!(rig.frames_with(r#""type":"Join""#), 1);
    assert_eq!(rig.items[0].content, Content::Notice(Notice::Joined));
}

#[test]
fn an_unknown_deployment_is_said_and_not_tried_again() {
    let mut rig = Rig::new(1);
    rig.backend.inject(FaultRule::once(On::Http("config.json".into()), status(403)).always());
    rig.say(Command::Open);
    rig.run_for(600_000);
    assert_eq!(rig.status, ConnectionStatus::Misconfigured);
    assert_eq!(rig.problems, [Problem::Deployment { status: 403 }]);
    assert_eq!(rig.sockets, 0);
}

#[test]
fn settings_that_cannot_be_had_are_no_reason_not_to_talk() {
    for effect in [status(503), Effect::Hang] {
        let mut rig = Rig::new(1);
        rig.backend.inject(FaultRule::once(On::Http("config.json".into()), effect));
        rig.say(Command::Open);
        rig.run_for(15_000);
        assert_eq!(rig.status, ConnectionStatus::Online);
    }
}

#[test]
fn a_refused_upgrade_is_tried_again_with_growing_waits() {
    let mut rig = Rig::new(1);
    rig.backend.inject(FaultRule::once(On::Upgrade, status(403)).always());
    rig.say(Command::Open);
    rig.run_for(60_000);
    assert!((5..=25).contains(&rig.sockets), "{} attempts in a minute", rig.sockets);
    rig.backend.clear_faults();
    rig.run_for(15_000);
    assert_eq!(rig.status, ConnectionStatus::Online);
}

#[test]
fn a_hello_that_is_never_answered_does_not_wait_for_ever() {
    let mut rig = Rig::new(1);
    rig.backend.inject(FaultRule::once(On::Push("SessionResponse".into()), Effect::Lose));
    rig.say(Command::Open);
    rig.run_for(20_000);
    assert_eq!(rig.status, ConnectionStatus::Online);
    assert_eq!(rig.problems, [Problem::Unresponsive]);
}

fn status(status: u16) -> Effect {
    Effect::Status { status, retry_after: None, html: false }
}

/// How long it takes from now until the next socket is opened, after the connection was cut.
fn wait_after_a_cut(rig: &mut Rig) -> u64 {
    let (from, sockets) = (rig.now(), rig.sockets);
    rig.cut();
    rig.run_until("another attempt", |rig| rig.sockets > sockets);
    rig.now() - from
}

#[test]
fn failures_are_forgotten_after_half_a_minute_online_and_not_before() {
    let (mut worst_soon, mut worst_late) = (0, 0);
    for seed in 1..=40 {
        for (held, worst) in [(20_000, &mut worst_soon), (40_000, &mut worst_late)] {
            let mut rig = Rig::without_endpoint(seed).online();
            let refused = FaultRule {
                count: Some(6),
                ..FaultRule::once(On::Upgrade, Effect::Status { status: 503, retry_after: None, html: false })
            };
            rig.backend.inject(refused);
            rig.cut();
            rig.run_until("back", |rig| rig.sockets == 8 && rig.status == ConnectionStatus::Online);
            rig.run_for(held);
            *worst = (*worst).max(wait_after_a_cut(&mut rig));
        }
    }
    assert!(worst_late <= 1_000, "the first wait is 900 ms at most, not {worst_late}");
    assert!(worst_soon > 5_000, "a connection that does not hold must not be tried ever faster: {worst_soon}");
}

#[test]
fn a_first_attempt_that_fails_is_told_as_one_to_come_back() {
    let mut rig = Rig::new(1);
    rig.backend.inject(FaultRule::once(On::Upgrade, status(503)));
    let mut rig = rig.online();
    let first = rig.statuses.remove(0);
    let last = rig.statuses.pop();
    assert_eq!((first, last), (ConnectionStatus::Connecting, Some(ConnectionStatus::Online)));
    let between = rig.statuses.iter().all(|status| matches!(status, ConnectionStatus::Reconnecting { .. }));
    assert!(between && !rig.statuses.is_empty(), "{:?}", rig.statuses);
}
