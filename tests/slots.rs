//! Places in line: an endpoint that gives them is asked before each socket, and no socket comes before its time.
#![cfg(not(target_arch = "wasm32"))]

mod common;

use chat_proto::io::{Command, Input};
use chat_proto::phase::ConnectionStatus;
use chat_proto::problem::{Problem, TokenTrouble};
use common::{Reply, Rig};
use simulator::{Effect, FaultRule, On};

const MINUTE: u64 = 60_000;

/// A page whose endpoint tells everybody to wait so long.
fn in_line(wait: u64) -> Rig {
    let mut rig = Rig::new(1);
    rig.endpoint.connect_after = Some(wait);
    rig
}

fn is_online(rig: &Rig) -> bool {
    rig.status == ConnectionStatus::Online
}

#[test]
fn the_first_socket_waits_for_its_place_in_line_and_the_visitor_sees_for_how_long() {
    let mut rig = in_line(30_000);
    rig.say(Command::Open);
    rig.run_for(10_000);
    assert!(matches!(rig.status, ConnectionStatus::Reconnecting { next_try_in: Some(19..=21) }), "{:?}", rig.status);
    assert_eq!(rig.sockets, 0);
    rig.run_until("online", is_online);
    let waited = rig.now() - rig.endpoint.connecting[0];
    assert!((30_000..31_000).contains(&waited), "{waited}");
    assert_eq!((rig.endpoint.requests(), rig.sockets), (1, 1), "the place is kept, not asked for again");
}

#[test]
fn impatience_and_a_network_that_comes_back_jump_no_line() {
    let mut rig = in_line(30_000);
    rig.say(Command::Open);
    rig.run_for(5_000);
    for _ in 0..8 {
        rig.say(Command::TryNow);
        rig.hand_in(Input::Visible);
        rig.go_offline();
        rig.run_for(1_000);
        rig.go_online();
        rig.run_for(1_000);
    }
    assert_eq!((rig.endpoint.requests(), rig.sockets), (1, 0));
    rig.run_until("online", is_online);
    let waited = rig.now() - rig.endpoint.connecting[0];
    assert!((30_000..31_000).contains(&waited), "{waited}");
}

#[test]
fn each_socket_has_a_place_of_its_own() {
    let mut rig = in_line(0).online();
    for sockets in 2..6 {
        rig.cut();
        rig.run_until("back", |rig| is_online(rig) && rig.sockets == sockets);
        assert_eq!(rig.endpoint.connecting.len(), sockets as usize);
    }
}

#[test]
fn a_socket_that_does_not_open_keeps_its_place_for_five_seconds_and_then_gives_it_back() {
    let mut rig = in_line(0).online();
    let refused = Effect::Status { status: 503, retry_after: None, html: false };
    rig.backend.inject(FaultRule::once(On::Upgrade, refused).always());
    rig.cut();
    rig.run_until("asked again", |rig| rig.endpoint.connecting.len() == 2);
    let (sockets, asked) = (rig.sockets, rig.now());
    rig.run_until("asked again", |rig| rig.endpoint.connecting.len() == 3);
    assert!(rig.sockets > sockets + 1 && rig.now() > asked + 5_000, "tried again without asking");
    assert_eq!(rig.endpoint.unused, 1);
    rig.backend.clear_faults();
    rig.run_until("online", is_online);
    rig.cut();
    rig.run_until("back", is_online);
    assert_eq!(rig.endpoint.unused, 1, "a place that was used is not given back");
}

#[test]
fn an_endpoint_that_gives_no_places_is_asked_once_for_many_sockets() {
    let mut rig = Rig::new(1).online();
    for sockets in 2..6 {
        rig.cut();
        rig.run_until("back", |rig| is_online(rig) && rig.sockets == sockets);
    }
    assert_eq!(rig.endpoint.requests(), 1);
}

#[test]
fn an_endpoint_that_stops_giving_places_is_not_asked_for_them_any_more() {
    let mut rig = in_line(0).online();
    rig.endpoint.connect_after = None;
    for sockets in 2..6 {
        rig.cut();
        rig.run_until("back", |rig| is_online(rig) && rig.sockets == sockets);
    }
    assert_eq!(rig.endpoint.connecting.len(), 2);
}

#[test]
fn a_renewal_in_place_asks_for_no_place_and_touches_no_live_socket() {
    let mut rig = in_line(0).online();
    rig.endpoint.next.push_back(Reply::ConnectAfter(5 * MINUTE));
    rig.run_for(60 * MINUTE);
    assert_eq!((rig.endpoint.requests(), rig.endpoint.connecting.len(), rig.sockets), (2, 1, 1));
    assert_eq!(rig.status, ConnectionStatus::Online);
}

#[test]
fn a_place_that_came_with_a_renewal_holds_for_the_next_socket() {
    let mut rig = Rig::new(1);
    rig.endpoint.renew_in = Some(300);
    let mut rig = rig.online();
    rig.endpoint.next.push_back(Reply::ConnectAfter(MINUTE));
    rig.run_until("renewed", |rig| rig.endpoint.requests() == 2);
    rig.run_for(10_000);
    let renewed = rig.endpoint.asked[1].0;
    rig.cut();
    rig.run_until("back", |rig| is_online(rig) && rig.sockets == 2);
    let waited = rig.now() - renewed;
    assert!((MINUTE..MINUTE + 1_000).contains(&waited), "{waited}");
    assert_eq!(rig.endpoint.requests(), 2);
}

#[test]
fn a_socket_lost_while_the_token_is_renewed_still_gets_its_place() {
    let mut rig = in_line(0);
    rig.endpoint.life = 300;
    let mut rig = rig.online();
    rig.latency = (2_000, 2_000);
    rig.run_until("asked to renew", |rig| rig.endpoint.requests() == 2);
    rig.endpoint.connect_after = Some(20_000);
    rig.cut();
    rig.run_until("back", |rig| is_online(rig) && rig.sockets == 2);
    assert_eq!(rig.endpoint.connecting.len(), 2);
    assert!(rig.now() - rig.endpoint.connecting[1] >= 20_000);
}

#[test]
fn a_place_that_has_gone_by_is_asked_for_anew() {
    let mut rig = in_line(20_000);
    rig.say(Command::Open);
    rig.run_for(5_000);
    rig.go_offline();
    rig.run_for(10 * MINUTE);
    assert_eq!((rig.endpoint.requests(), rig.sockets), (1, 0), "nothing is asked for while offline");
    rig.go_online();
    rig.run_until("online", is_online);
    assert_eq!(rig.endpoint.connecting.len(), 2);
}

#[test]
fn a_throttled_page_uses_its_place_a_minute_late_instead_of_queueing_for_ever() {
    let mut rig = in_line(20_000);
    rig.timer_lag = MINUTE;
    rig.say(Command::Open);
    rig.run_until("online", is_online);
    assert_eq!(rig.endpoint.requests(), 1);
}

#[test]
fn a_token_that_ends_in_line_is_renewed_and_the_place_kept() {
    let mut rig = in_line(5 * MINUTE);
    rig.endpoint.life = 20;
    rig.say(Command::Open);
    rig.run_until("online", is_online);
    assert_eq!((rig.endpoint.connecting.len(), rig.sockets), (1, 1));
    let waited = rig.now() - rig.endpoint.connecting[0];
    assert!((5 * MINUTE..5 * MINUTE + 1_500).contains(&waited), "{waited}");
}

#[test]
fn no_line_is_longer_than_ten_minutes() {
    let mut rig = in_line(u64::MAX >> 12);
    rig.say(Command::Open);
    rig.run_until("told to wait", |rig| matches!(rig.status, ConnectionStatus::Reconnecting { next_try_in: Some(_) }));
    rig.run_for(9 * MINUTE);
    assert_eq!(rig.sockets, 0);
    rig.run_until("online", is_online);
}

#[test]
fn an_endpoint_that_fails_keeps_nobody_away_whose_token_is_still_good() {
    let mut rig = in_line(0).online();
    rig.endpoint.next.extend([Reply::Status(503, None), Reply::Status(503, None), Reply::Status(503, None)]);
    rig.cut();
    rig.run_until("back", |rig| is_online(rig) && rig.sockets == 2);
    assert_eq!(rig.endpoint.connecting.len(), 2, "asked once, and gone without");
    assert!(rig.problems.contains(&Problem::TokenUnavailable(TokenTrouble::Status(503))));
    rig.cut();
    rig.run_until("back", |rig| is_online(rig) && rig.sockets == 3);
    assert_eq!(rig.endpoint.connecting.len(), 3, "asked again before the next");
}

#[test]
fn a_renewal_in_place_after_a_failed_question_takes_nobody_out_of_line() {
    let mut rig = in_line(0).online();
    rig.latency = (200, 200);
    rig.endpoint.next.push_back(Reply::Status(503, None));
    rig.cut();
    rig.run_until("asked for a place", |rig| rig.endpoint.connecting.len() == 2);
    // The token seems to be over when the answer comes, and a page that seems to have slept renews at once, while it waits.
    rig.wall_skew = 86_400_000;
    rig.run_until("back", |rig| is_online(rig) && rig.sockets == 2);
    assert_eq!((rig.endpoint.requests(), rig.endpoint.connecting.len()), (4, 3));
}

#[test]
fn a_wall_clock_that_jumps_moves_nobody_in_line() {
    for skew in [-86_400_000, 86_400_000] {
        let mut rig = in_line(30_000);
        rig.say(Command::Open);
        rig.run_for(5_000);
        rig.wall_skew = skew;
        rig.hand_in(Input::Visible);
        rig.run_until("online", is_online);
        let waited = rig.now() - rig.endpoint.connecting[0];
        assert!((30_000..31_500).contains(&waited), "{skew}: {waited}");
        assert_eq!(rig.endpoint.connecting.len(), 1, "{skew}");
    }
}

#[test]
fn a_line_of_more_than_two_seconds_is_told() {
    for (wait, told) in [(2_000, vec![]), (2_001, vec![Problem::InLine])] {
        let mut rig = in_line(wait);
        // The settings and the place come together.
        rig.latency = (20, 20);
        assert_eq!(rig.online().problems, told, "{wait} ms");
    }
}
