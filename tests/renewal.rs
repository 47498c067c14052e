//! The token: renewed ahead of its end, in place, one request at a time; refused once, tried once more; refused twice, at an end.
#![cfg(not(target_arch = "wasm32"))]

mod common;

use chat_proto::io::{Command, Input, Problem, RetryAfter, TokenTrouble};
use chat_proto::phase::ConnectionStatus;
use common::{Reply, Rig};
use simulator::{Effect, FaultRule, On};

const HOUR: u64 = 3_600_000;

#[test]
fn a_token_is_renewed_without_touching_the_socket() {
    let mut rig = Rig::new(1).online();
    rig.run_for(HOUR);
    assert_eq!(rig.endpoint.requests(), 2, "once at the start, once a minute before the end");
    assert!(rig.endpoint.asked[1].0 <= HOUR - 55_000);
    assert_eq!(rig.sockets, 1);
    assert_eq!(rig.status, ConnectionStatus::Online);
}

#[test]
fn lives_from_five_seconds_to_years_are_honoured() {
    for (life, minutes, most) in [(5, 1, 16), (60, 10, 14), (86_400, 60 * 24, 3), (315_360_000, 60 * 24 * 30, 1)] {
        let mut rig = Rig::new(1);
        rig.endpoint.life = life;
        let mut rig = rig.online();
        rig.hand_in(Input::Hidden);
        rig.run_for(minutes * 60_000);
        assert!((1..=most).contains(&rig.endpoint.requests()), "life {life}: {} requests", rig.endpoint.requests());
        assert_eq!(rig.sockets, 1, "life {life}");
    }
}

#[test]
fn a_changed_token_is_used_by_the_next_connection_only() {
    let mut rig = Rig::new(1).online();
    rig.endpoint.next.push_back(Reply::Changed("changed".into()));
    rig.run_for(HOUR);
    rig.send("on the old one");
    rig.run_for(2_000);
    assert_eq!(rig.frames_with("changed"), 0);
    rig.cut();
    rig.run_for(10_000);
    assert!(rig.frames_with(r#""action":"configureSession","token":"changed""#) == 1);
}

#[test]
fn renewals_that_fail_are_tried_again_and_the_visitor_sees_nothing() {
    let mut rig = Rig::new(1);
    rig.endpoint.life = 300;
    let mut rig = rig.online();
    for reply in
        [Reply::Status(503, None), Reply::Html, Reply::Hang, Reply::Status(429, None), Reply::Status(408, None)]
    {
        rig.endpoint.next.push_back(reply);
    }
    rig.run_for(300_000);
    assert_eq!(rig.status, ConnectionStatus::Online);
    assert_eq!(rig.statuses.len(), 2, "connecting, online, and nothing else: {:?}", rig.statuses);
    assert!(rig.endpoint.next.is_empty(), "all five failures were met");
}

#[test]
fn an_endpoint_that_asks_for_patience_is_given_it() {
    for retry_after in
        [RetryAfter::Delay(45_000), RetryAfter::At(chat_proto::time::Timestamp(1_791_190_800_000 + 46_000))]
    {
        let mut rig = Rig::new(1);
        rig.endpoint.next.push_back(Reply::Status(429, Some(retry_after)));
        rig.say(Command::Open);
        rig.run_for(20_000);
        assert_eq!(rig.problems, [Problem::TokenUnavailable(TokenTrouble::Status(429))]);
        assert!(
            matches!(rig.status, ConnectionStatus::Reconnecting { next_try_in: Some(20..=30) }),
            "{:?}",
            rig.status
        );
        rig.say(Command::TryNow);
        rig.run_for(5_000);
        assert_eq!(rig.endpoint.requests(), 1, "{retry_after:?} holds for impatient visitors too");
        rig.run_for(40_000);
        assert_eq!(rig.status, ConnectionStatus::Online);
    }
}

#[test]
fn a_refusal_is_tried_once_more_and_then_ends_visibly() {
    for status in [401, 403] {
        let mut rig = Rig::new(1);
        rig.endpoint.next.push_back(Reply::Status(status, None));
        rig.endpoint.next.push_back(Reply::Status(status, None));
        rig.say(Command::Open);
        rig.run_for(HOUR);
        assert_eq!(rig.status, ConnectionStatus::Refused);
        assert_eq!(rig.problems, [Problem::Refused { code: status }]);
        assert_eq!((rig.endpoint.requests(), rig.sockets), (2, 0), "no further request by itself");
        rig.say(Command::TryNow);
        rig.run_for(5_000);
        assert_eq!(rig.status, ConnectionStatus::Online);
    }
}

#[test]
fn one_refusal_alone_is_not_seen() {
    let mut rig = Rig::new(1);
    rig.endpoint.next.push_back(Reply::Status(401, None));
    let rig = rig.online();
    assert_eq!(rig.statuses, [ConnectionStatus::Connecting, ConnectionStatus::Online]);
}

#[test]
fn a_backend_that_refuses_the_token_twice_ends_it_visibly() {
    let mut rig = Rig::new(1);
    let refused = Effect::Error { code: 401, message: "User is unauthorized".into() };
    rig.backend.inject(FaultRule::once(On::Request("configureSession".into()), refused).always());
    rig.say(Command::Open);
    rig.run_for(HOUR);
    assert_eq!(rig.status, ConnectionStatus::Refused);
    assert_eq!((rig.endpoint.requests(), rig.sockets), (2, 2), "one forced renewal, one more attempt");
}

#[test]
fn a_token_refused_in_the_middle_of_a_conversation_is_renewed_and_nothing_is_lost() {
    let mut rig = Rig::new(1).online();
    let refused = Effect::Error { code: 401, message: "User is unauthorized".into() };
    rig.backend.inject(FaultRule::once(On::Request("text".into()), refused));
    rig.send("one");
    rig.run_for(10_000);
    assert_eq!(rig.accepted(), ["one"]);
    assert_eq!(rig.endpoint.requests(), 2);
}

#[test]
fn no_token_is_asked_for_while_offline_and_one_soon_after() {
    let mut rig = Rig::new(1);
    rig.endpoint.life = 60;
    let mut rig = rig.online();
    rig.go_offline();
    let before = rig.endpoint.requests();
    rig.run_for(HOUR);
    assert_eq!(rig.endpoint.requests(), before);
    rig.go_online();
    rig.run_for(5_000);
    assert_eq!(rig.endpoint.requests(), before + 1);
    assert_eq!(rig.status, ConnectionStatus::Online);
}

#[test]
fn a_wall_clock_that_jumps_disturbs_nothing() {
    for skew in [-86_400_000, 86_400_000] {
        let mut rig = Rig::new(1).online();
        rig.wall_skew = skew;
        rig.hand_in(Input::Visible);
        rig.send("still here");
        rig.run_for(30_000);
        assert_eq!(rig.accepted(), ["still here"]);
        assert_eq!(rig.sockets, 1);
        assert_eq!(rig.statuses.len(), 2);
        assert!(rig.endpoint.requests() <= 2);
    }
}

#[test]
fn a_token_that_ended_during_sleep_is_renewed_before_the_next_socket() {
    let mut rig = Rig::new(1).online();
    // The machine slept: the monotonic clock stood still, the wall clock did not, and the connection is gone.
    rig.wall_skew = 8 * 3_600_000;
    rig.cut();
    rig.run_for(10_000);
    assert_eq!(rig.status, ConnectionStatus::Online);
    assert_eq!(rig.endpoint.requests(), 2);
}

#[test]
fn a_throttled_timer_renews_late_but_renews() {
    let mut rig = Rig::new(1).online();
    rig.timer_lag = 60_000;
    rig.run_for(2 * HOUR);
    assert_eq!(rig.status, ConnectionStatus::Online);
    assert!((2..=4).contains(&rig.endpoint.requests()));
}

#[test]
fn a_grant_that_is_over_on_arrival_makes_no_storm() {
    let mut rig = Rig::new(1);
    rig.endpoint.life = 5;
    rig.latency = (3_000, 3_000);
    rig.say(Command::Open);
    rig.run_for(120_000);
    assert!(rig.endpoint.requests() <= 20, "{} requests in two minutes", rig.endpoint.requests());
}
