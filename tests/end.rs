//! How a conversation ends, is taken over, is cleared, and begins anew; and what becomes of what was written.
#![cfg(not(target_arch = "wasm32"))]

mod common;

use chat_proto::io::{Command, Connectivity, Input};
use chat_proto::message::{Content, Notice, Rejection, SendState};
use chat_proto::phase::ConnectionStatus;
use chat_proto::problem::Problem;
use chat_proto::snapshot::SharedRecord;
use common::{ORIGIN, Rig};
use simulator::{Action, Backend, Connection, Cut, DEMO_DEPLOYMENT, Effect, FaultRule, On};

type Lever = fn(&mut Backend, u64, &str) -> Vec<Action>;

fn pull(rig: &mut Rig, lever: Lever) {
    let token = rig.token();
    rig.backend_does(|backend, now| lever(backend, now, &token));
    rig.run_for(1_000);
}

const END: Lever = |backend, now, token| backend.disconnect_conversation(now, token, true);
const LEAVE: Lever = |backend, now, token| backend.disconnect_conversation(now, token, false);
const EXPIRE: Lever = |backend, now, token| backend.expire(now, token, true);
const EVICT: Lever = |backend, now, token| backend.evict(now, token);

#[test]
fn a_conversation_that_was_ended_can_be_read_and_a_new_one_begun() {
    let mut rig = Rig::new(1).online();
    rig.send("one");
    rig.run_for(2_000);
    pull(&mut rig, END);
    assert_eq!(rig.status, ConnectionStatus::ReadOnly);
    assert_eq!(rig.items.last().expect("a line").content, Content::Notice(Notice::Ended));
    rig.say(Command::Draft("unsent".into()));
    rig.say(Command::NewChat);
    rig.run_for(5_000);
    assert_eq!(rig.status, ConnectionStatus::Online);
    assert_eq!(rig.screen(), []);
    assert_eq!(rig.sockets, 1, "on the same socket");
    assert_eq!(rig.saved.tab.draft, "unsent");
    rig.send("two");
    rig.run_for(2_000);
    assert_eq!(rig.screen(), [("two".into(), "sent")]);
}

/// The backend began it, and the answer that says so was lost: what there is of it stands in history.
#[test]
fn a_new_conversation_that_is_joined_after_it_began_is_shown_from_its_beginning_and_nothing_of_the_old_one_with_it() {
    let mut rig = Rig::new(1).online();
    for n in 0..30 {
        rig.agent_says(&format!("old {n}"));
        rig.run_for(10);
    }
    rig.reload();
    rig.run_for(3_000);
    pull(&mut rig, END);
    assert!(rig.has_more);
    let lost = Effect::Drop { cut: Cut::AfterAccept };
    rig.backend.inject(FaultRule::once(On::Request("configureSession".into()), lost));
    rig.say(Command::NewChat);
    rig.run_for(300);
    rig.agent_says("welcome");
    rig.run_for(20_000);
    assert_eq!(rig.status, ConnectionStatus::Online);
    let texts: Vec<_> = rig.screen().into_iter().map(|(text, _)| text).collect();
    assert_eq!((texts, rig.has_more), (vec!["welcome".to_owned()], false));
}

#[test]
fn a_conversation_that_the_agent_left_goes_on() {
    let mut rig = Rig::new(1).online();
    pull(&mut rig, LEAVE);
    assert_eq!(rig.status, ConnectionStatus::Online);
    rig.send("still there?");
    rig.run_for(2_000);
    assert_eq!(rig.accepted(), ["still there?"]);
}

#[test]
fn what_was_written_into_a_conversation_that_had_just_ended_is_kept_for_the_next() {
    let mut rig = Rig::new(1).online();
    let ended = Effect::Error { code: 409, message: "Session is read-only, no new messages allowed".into() };
    rig.backend.inject(FaultRule::once(On::Request("text".into()), ended));
    rig.send("one");
    rig.send("two");
    rig.run_for(2_000);
    assert_eq!(rig.status, ConnectionStatus::ReadOnly);
    assert_eq!(rig.state_of("one"), SendState::Failed(Rejection::Ended));
    assert_eq!(rig.state_of("two"), SendState::Failed(Rejection::Ended));
    rig.say(Command::NewChat);
    rig.run_for(5_000);
    let one = rig.local_id_of("one");
    rig.say(Command::Retry(one));
    rig.run_for(2_000);
    assert_eq!(rig.accepted(), ["one"]);
    assert_eq!(rig.state_of("two"), SendState::Failed(Rejection::Ended), "for the visitor to decide");
}

#[test]
fn an_ended_conversation_is_still_ended_after_a_reload() {
    let mut rig = Rig::new(1).online();
    rig.send("one");
    rig.run_for(2_000);
    pull(&mut rig, END);
    rig.reload();
    rig.run_for(5_000);
    assert_eq!(
        (rig.status, rig.sockets, rig.reopened),
        (ConnectionStatus::Idle, 1, false),
        "it does not come back by itself"
    );
    rig.say(Command::Open);
    rig.run_for(5_000);
    assert_eq!(rig.status, ConnectionStatus::ReadOnly);
    assert_eq!(rig.screen(), [("one".into(), "sent")]);
    rig.say(Command::NewChat);
    rig.run_for(5_000);
    assert_eq!(rig.status, ConnectionStatus::Online);
}

#[test]
fn a_connection_lost_after_the_end_is_not_replaced_until_a_new_chat_needs_it() {
    let mut rig = Rig::new(1).online();
    pull(&mut rig, END);
    rig.cut();
    rig.run_for(60_000);
    assert_eq!((rig.status, rig.sockets), (ConnectionStatus::ReadOnly, 1));
    rig.say(Command::NewChat);
    rig.run_for(10_000);
    assert_eq!((rig.status, rig.sockets), (ConnectionStatus::Online, 2));
    rig.send("fresh");
    rig.run_for(2_000);
    assert_eq!(rig.state_of("fresh"), SendState::Sent);
}

#[test]
fn an_expired_conversation_can_be_read_and_keeps_what_was_not_sent() {
    for has_endpoint in [true, false] {
        let mut rig = if has_endpoint { Rig::new(1) } else { Rig::without_endpoint(1) }.online();
        rig.send("one");
        rig.run_for(2_000);
        let old = rig.token();
        rig.hand_in(Input::Network(Connectivity::Offline));
        rig.send("unsent");
        rig.hand_in(Input::Network(Connectivity::Online));
        rig.run_until("handshaking", |rig| rig.sockets == 2);
        let gone = Effect::Error { code: 4006, message: "session expired".into() };
        rig.backend.inject(FaultRule::once(On::Request("configureSession".into()), gone));
        rig.run_for(2_000);
        assert_eq!(rig.status, ConnectionStatus::Expired);
        assert_eq!(rig.screen(), [("one".into(), "sent"), ("unsent".into(), "failed")]);
        rig.run_for(600_000);
        assert_eq!(rig.sockets, 2, "nothing reconnects by itself");
        rig.say(Command::NewChat);
        rig.run_for(5_000);
        assert_eq!(rig.status, ConnectionStatus::Online);
        assert_ne!(rig.token(), old);
        assert_eq!(rig.screen(), [("unsent".into(), "failed")]);
    }
}

#[test]
fn what_was_not_sent_before_an_expiry_survives_a_reload() {
    let mut rig = Rig::new(1).online();
    rig.say(Command::Draft("draft".into()));
    pull(&mut rig, EXPIRE);
    rig.reload();
    rig.run_for(60_000);
    assert_eq!(rig.status, ConnectionStatus::Idle);
    assert_eq!(rig.sockets, 1, "there is nothing to come back to");
    assert_eq!(rig.draft.as_deref(), Some("draft"));
    assert!(!rig.reopened);
}

#[test]
fn a_session_that_was_taken_over_comes_back_only_when_the_visitor_wants_it() {
    for how in ["use here", "sending"] {
        let mut rig = Rig::new(1).online();
        pull(&mut rig, EVICT);
        assert_eq!(rig.status, ConnectionStatus::Evicted);
        rig.hand_in(Input::Visible);
        rig.hand_in(Input::Network(Connectivity::Online));
        rig.say(Command::Open);
        rig.say(Command::TryNow);
        rig.run_for(600_000);
        assert_eq!(rig.sockets, 1, "not by itself, not on wake");
        match how {
            "use here" => rig.say(Command::UseHere),
            _ => rig.send("over here"),
        }
        assert_eq!(rig.status, ConnectionStatus::Reconnecting { next_try_in: None }, "it was connected before");
        rig.run_for(5_000);
        assert_eq!(rig.status, ConnectionStatus::Online, "{how}");
    }
}

#[test]
fn the_fourth_connection_of_a_session_takes_it_over_from_the_oldest() {
    let mut rig = Rig::new(1).online();
    let token = rig.token();
    for other in 1_001..=1_003 {
        rig.backend_does(|backend, now| {
            backend.upgrade(now, Connection(other), DEMO_DEPLOYMENT, Some(ORIGIN)).expect("a connection");
            let hello =
                format!(r#"{{"action":"configureSession","token":"{token}","deploymentId":"{DEMO_DEPLOYMENT}"}}"#);
            backend.receive(now, Connection(other), &hello)
        });
    }
    rig.run_for(1_000);
    assert_eq!(rig.status, ConnectionStatus::Evicted);
}

#[test]
fn what_was_said_in_another_tab_is_shown_here_once() {
    let mut rig = Rig::new(1).online();
    let token = rig.token();
    rig.backend_does(|backend, now| {
        backend.upgrade(now, Connection(1_001), DEMO_DEPLOYMENT, Some(ORIGIN)).expect("a connection");
        let hello = format!(r#"{{"action":"configureSession","token":"{token}","deploymentId":"{DEMO_DEPLOYMENT}"}}"#);
        backend.receive(now, Connection(1_001), &hello)
    });
    rig.backend_does(|backend, now| {
        let text = format!(r#"{{"action":"onMessage","token":"{token}","tracingId":"t","message":{{"type":"Text","text":"from there"}}}}"#);
        backend.receive(now, Connection(1_001), &text)
    });
    rig.run_for(1_000);
    rig.cut();
    rig.run_for(10_000);
    assert_eq!(rig.screen(), [("from there".into(), "sent")]);
}

#[test]
fn a_cleared_conversation_leaves_nothing_behind() {
    let mut rig = Rig::new(1).online();
    rig.send("one");
    rig.run_for(2_000);
    pull(&mut rig, simulator::Backend::clear);
    assert_eq!(rig.screen(), []);
    assert_eq!(rig.status, ConnectionStatus::Idle);
    assert_eq!(rig.saved.shared, None);
    rig.run_for(60_000);
    assert_eq!(rig.sockets, 1);
    rig.send("two");
    rig.run_for(5_000);
    assert_eq!(rig.screen(), [("two".into(), "sent")]);
}

#[test]
fn a_logout_ends_the_conversation_and_drops_its_token() {
    let mut rig = Rig::without_endpoint(1).online();
    let old = rig.token();
    pull(&mut rig, simulator::Backend::logout);
    assert_eq!(rig.status, ConnectionStatus::Expired);
    assert_eq!(rig.saved.shared, None);
    rig.say(Command::NewChat);
    rig.run_for(5_000);
    assert_ne!(rig.token(), old);
}

#[test]
fn a_network_that_goes_changes_nothing_for_whoever_wants_none() {
    let mut rig = Rig::new(1).online();
    pull(&mut rig, EVICT);
    assert_eq!(rig.status, ConnectionStatus::Evicted);
    rig.go_offline();
    assert_eq!(rig.status, ConnectionStatus::Evicted, "taken over is what a person has to know");
    rig.go_online();
    rig.run_for(60_000);
    assert_eq!((rig.status, rig.sockets), (ConnectionStatus::Evicted, 1));

    let mut rig = Rig::new(1);
    rig.go_offline();
    assert_eq!(rig.status, ConnectionStatus::Idle);
}

#[test]
fn what_is_written_into_a_conversation_that_is_over_is_not_for_that_one() {
    let mut rig = Rig::new(1).online();
    rig.send("one");
    rig.run_for(2_000);
    pull(&mut rig, END);
    rig.send("too late");
    assert_eq!(rig.state_of("too late"), SendState::Failed(Rejection::Ended));
    let late = rig.local_id_of("too late");
    rig.say(Command::Retry(late));
    assert_eq!(rig.state_of("too late"), SendState::Failed(Rejection::Ended), "not before there is a new one");
}

#[test]
fn what_was_lost_on_its_way_into_a_conversation_that_ended_is_kept_for_the_next() {
    let mut rig = Rig::new(1).online();
    rig.run_for(1_000);
    rig.backend.inject(FaultRule::once(On::Request("text".into()), Effect::Lose));
    rig.send("lost");
    rig.run_for(500);
    pull(&mut rig, END);
    rig.run_for(10_000);
    assert_eq!(rig.state_of("lost"), SendState::Failed(Rejection::Ended));
}

#[test]
fn a_new_chat_is_come_back_to_after_a_reload_though_the_one_before_it_had_ended() {
    let mut rig = Rig::new(1).online();
    pull(&mut rig, END);
    rig.say(Command::NewChat);
    rig.run_until("online", |rig| rig.status == ConnectionStatus::Online);
    rig.reload();
    rig.run_for(5_000);
    assert_eq!(rig.status, ConnectionStatus::Online);
}

#[test]
fn a_request_to_end_that_is_not_answered_is_made_again_after_ten_seconds() {
    let mut rig = Rig::new(1).online();
    pull(&mut rig, END);
    rig.backend.inject(FaultRule::once(On::Request("closeSession".into()), Effect::Lose));
    rig.say(Command::NewChat);
    rig.run_for(9_900);
    assert_eq!((rig.status, rig.problems.len()), (ConnectionStatus::Connecting, 0));
    rig.run_for(5_000);
    assert_eq!((rig.status, rig.problems), (ConnectionStatus::Online, vec![Problem::Unresponsive]));
}

#[test]
fn a_conversation_that_is_over_keeps_no_connection_when_the_network_goes() {
    let mut rig = Rig::new(1).online();
    pull(&mut rig, END);
    assert_eq!(rig.backend.connections().len(), 1);
    rig.go_offline();
    rig.run_for(1_000);
    assert_eq!((rig.status, rig.backend.connections().len()), (ConnectionStatus::ReadOnly, 0));
}

#[test]
fn a_token_of_another_tab_is_taken_by_who_has_no_conversation_and_makes_tokens_itself() {
    let theirs = || {
        let shared = SharedRecord { token: Some("another-tab's".into()), ..SharedRecord::default() };
        Input::Shared(Some(shared))
    };
    for (mut rig, takes) in [(Rig::without_endpoint(1), true), (Rig::new(1), false)] {
        rig.hand_in(theirs());
        let rig = rig.online();
        assert_eq!(rig.frames_with("another-tab's") > 0, takes);
    }
    let mut rig = Rig::without_endpoint(1).online();
    rig.hand_in(theirs());
    rig.cut();
    rig.run_for(10_000);
    assert_eq!((rig.status, rig.frames_with("another-tab's")), (ConnectionStatus::Online, 0));
}
