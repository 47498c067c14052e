//! The token: renewed ahead of its end, in place, one request at a time; refused, renewed by force, twice in ten minutes at most.
#![cfg(not(target_arch = "wasm32"))]

mod common;

use chat_proto::io::{Command, Input};
use chat_proto::phase::ConnectionStatus;
use chat_proto::problem::{Advice, Problem, TokenTrouble};
use common::{Reply, Rig};
use simulator::{Effect, FaultRule, On};

const HOUR: u64 = 3_600_000;

#[test]
fn a_token_is_renewed_without_touching_the_socket() {
    let mut renewed = Vec::new();
    for seed in 0..40 {
        let mut rig = Rig::new(seed).online();
        rig.run_for(HOUR);
        assert_eq!(rig.endpoint.requests(), 2, "once at the start, once ahead of the end");
        let age = rig.endpoint.asked[1].0 - rig.endpoint.asked[0].0;
        assert!((HOUR / 100 * 75..=HOUR / 100 * 85 + 100).contains(&age), "seed {seed}: renewed after {age} ms");
        assert_eq!(rig.sockets, 1);
        assert_eq!(rig.status, ConnectionStatus::Online);
        renewed.push(age / 10_000);
    }
    renewed.sort_unstable();
    renewed.dedup();
    assert!(renewed.len() > 20, "visitors of the same second renew apart: {renewed:?}");
}

#[test]
fn the_endpoint_may_name_the_time_of_renewal() {
    let mut rig = Rig::new(1);
    rig.endpoint.renew_in = Some(600);
    let mut rig = rig.online();
    rig.run_for(HOUR - 60_000);
    assert_eq!((rig.endpoint.requests(), rig.sockets), (6, 1));
}

#[test]
fn a_life_of_nothing_is_no_grant_and_no_storm() {
    let mut rig = Rig::new(1);
    rig.endpoint.life = 0;
    rig.say(Command::Open);
    rig.run_for(120_000);
    assert_eq!(rig.sockets, 0);
    assert_eq!(rig.problems[0], Problem::TokenUnavailable(TokenTrouble::NotAGrant));
    assert!((10..40).contains(&rig.endpoint.requests()), "{} requests in two minutes", rig.endpoint.requests());
}

#[test]
fn lives_from_five_seconds_to_years_are_honoured() {
    let lives =
        [(5, 1, 16), (60, 10, 14), (86_400, 60 * 24, 3), (315_360_000, 60 * 24 * 30, 1), (1 << 32, 60 * 24 * 30, 1)];
    for (life, minutes, most) in lives {
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
fn a_failing_renewal_is_tried_after_1_2_4_seconds_and_so_on_up_to_30() {
    let mut rig = Rig::new(1).online();
    rig.endpoint.next.extend((0..10).map(|_| Reply::Status(503, None)));
    rig.run_for(HOUR);
    let times: Vec<_> = rig.endpoint.asked[1..].iter().map(|(at, _)| *at).collect();
    assert_eq!(times.len(), 11);
    for (pair, longest) in times.windows(2).zip([1, 2, 4, 8, 16, 30, 30, 30, 30, 30]) {
        let (pause, longest) = (pair[1] - pair[0], longest * 1_000);
        // The answer takes two ways through the network.
        assert!((longest * 3 / 4..=longest + 250).contains(&pause), "{pause} of {longest}");
    }
    assert_eq!((rig.sockets, rig.status), (1, ConnectionStatus::Online));
}

#[test]
fn an_endpoint_that_asks_for_patience_is_given_it() {
    let mut rig = Rig::new(1);
    rig.endpoint.next.push_back(Reply::Status(500, Some(45_000)));
    rig.say(Command::Open);
    rig.run_for(20_000);
    assert_eq!(rig.problems, [Problem::TokenUnavailable(TokenTrouble::Status(500))]);
    assert_eq!(rig.advice, Some(Advice::Wait), "and there is nothing to press");
    assert!(matches!(rig.status, ConnectionStatus::Reconnecting { next_try_in: Some(24..=36) }), "{:?}", rig.status);
    rig.say(Command::TryNow);
    rig.run_for(5_000);
    assert_eq!(rig.endpoint.requests(), 1, "it holds for impatient visitors too");
    rig.run_for(40_000);
    assert_eq!(rig.status, ConnectionStatus::Online);
}

/// What was asked for belongs to a session that has ended; what the endpoint says of itself holds all the same.
#[test]
fn patience_that_an_outdated_question_was_answered_with_is_had() {
    let mut rig = Rig::new(1);
    rig.endpoint.life = 60;
    let mut rig = rig.online();
    rig.latency = (400, 400);
    rig.endpoint.next.push_back(Reply::Status(429, Some(20_000)));
    rig.run_until("a renewal is asked for", |rig| rig.endpoint.requests() == 2);
    // The answer is on its way.
    rig.latency = (50, 50);
    let token = rig.token();
    rig.backend_does(|backend, now| backend.expire(now, &token, true));
    rig.run_for(100);
    assert_eq!(rig.status, ConnectionStatus::Expired);
    rig.say(Command::NewChat);
    rig.run_until("asked for another", |rig| rig.endpoint.requests() == 3);
    let waited = rig.endpoint.asked[2].0 - rig.endpoint.asked[1].0;
    assert!((20_000..=25_000).contains(&waited), "{waited}");
    rig.run_until("a new chat", |rig| rig.status == ConnectionStatus::Online);
}

#[test]
fn visitors_who_were_asked_for_the_same_patience_come_back_apart() {
    let mut times: Vec<_> = (0..50)
        .map(|seed| {
            let mut rig = Rig::new(seed);
            rig.endpoint.next.push_back(Reply::Status(429, Some(60_000)));
            rig.say(Command::Open);
            rig.run_until("asked again", |rig| rig.endpoint.requests() == 2);
            rig.endpoint.asked[1].0 - rig.endpoint.asked[0].0
        })
        .collect();
    assert!(times.iter().all(|wait| (60_000..=72_300).contains(wait)), "{times:?}");
    times.sort_unstable();
    times.dedup_by_key(|wait| *wait / 500);
    assert!(times.len() > 10, "{times:?}");
}

#[test]
fn a_refusal_by_the_endpoint_is_tried_once_more_and_then_ends_visibly() {
    for status in [401, 403] {
        let mut rig = Rig::new(1);
        rig.endpoint.next.push_back(Reply::Status(status, None));
        rig.endpoint.next.push_back(Reply::Status(status, None));
        rig.say(Command::Open);
        rig.run_for(HOUR);
        assert_eq!(rig.status, ConnectionStatus::Refused);
        assert_eq!(rig.problems, [Problem::NotSignedIn { status }]);
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

const REFUSED: fn() -> Effect = || Effect::Error { code: 401, message: "User is unauthorized".into() };

#[test]
fn a_backend_that_refuses_every_token_is_asked_with_two_forced_ones_and_then_it_ends_visibly() {
    let mut rig = Rig::new(1);
    rig.backend.inject(FaultRule::once(On::Request("configureSession".into()), REFUSED()).always());
    rig.say(Command::Open);
    rig.run_for(HOUR);
    assert_eq!(rig.status, ConnectionStatus::Refused);
    assert_eq!((rig.endpoint.requests(), rig.sockets), (3, 3), "two forced renewals, two more attempts");
}

#[test]
fn a_backend_that_accepts_every_hello_and_refuses_every_message_makes_no_loop() {
    let mut rig = Rig::new(1).online();
    rig.backend.inject(FaultRule::once(On::Request("text".into()), REFUSED()).always());
    rig.send("one");
    rig.run_until("refused", |rig| rig.status == ConnectionStatus::Refused);
    assert_eq!((rig.endpoint.requests(), rig.sockets), (3, 3));
    assert_eq!(rig.problems.last(), Some(&Problem::Refused { code: 401 }));
    rig.run_for(60_000);
    // A person may try again, and sees at once that it is no better.
    rig.say(Command::TryNow);
    rig.run_until("refused again", |rig| rig.status == ConnectionStatus::Refused && rig.sockets == 4);
    rig.backend.clear_faults();
    rig.say(Command::TryNow);
    rig.run_until("online", |rig| rig.status == ConnectionStatus::Online);
    rig.run_for(5_000);
    assert_eq!(rig.accepted(), ["one"]);
}

#[test]
fn a_socket_closed_for_want_of_permission_is_refused_by_the_third_time() {
    for code in [1008, 3000, 4401] {
        let mut rig = Rig::new(1).online();
        for sockets in [2, 3] {
            rig.close_all(code);
            rig.run_until("back", |rig| rig.status == ConnectionStatus::Online && rig.sockets == sockets);
        }
        rig.close_all(code);
        rig.run_for(HOUR);
        assert_eq!(rig.status, ConnectionStatus::Refused, "{code}");
        assert_eq!(rig.problems.last(), Some(&Problem::Refused { code }));
        assert_eq!((rig.endpoint.requests(), rig.sockets), (3, 3));
    }
}

#[test]
fn refusals_six_minutes_apart_are_each_met_with_a_new_token() {
    let mut rig = Rig::new(1).online();
    for sockets in 2..12 {
        rig.run_for(6 * 60_000);
        rig.close_all(1008);
        rig.run_until("back", |rig| rig.status == ConnectionStatus::Online && rig.sockets == sockets);
    }
}

#[test]
fn a_token_refused_in_the_middle_of_a_conversation_is_renewed_and_nothing_is_lost() {
    let mut rig = Rig::new(1).online();
    rig.backend.inject(FaultRule::once(On::Request("text".into()), REFUSED()));
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
        rig.wall_skew = 0;
        rig.hand_in(Input::Visible);
        rig.run_for(10 * 60_000);
        // A jump ahead cannot be told from a sleep, which may have outlived the token: one renewal in place, at most.
        assert!(rig.endpoint.requests() <= 2);
        assert_eq!((rig.sockets, rig.statuses.len()), (1, 2));
    }
}

#[test]
fn a_wall_clock_that_jumps_while_the_token_is_asked_for_disturbs_nothing() {
    for skew in [-86_400_000, 86_400_000] {
        let mut rig = Rig::new(1);
        rig.latency = (500, 500);
        rig.say(Command::Open);
        rig.run_for(700);
        rig.wall_skew = skew;
        rig.run_until("online", |rig| rig.status == ConnectionStatus::Online);
        rig.run_for(HOUR);
        assert_eq!((rig.sockets, rig.status), (1, ConnectionStatus::Online), "{skew}");
        assert!(rig.endpoint.requests() <= 3, "{skew}: {}", rig.endpoint.requests());
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
