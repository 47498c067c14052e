//! What hostile networks, odd endpoints and impatient visitors found on the five wires, each as the least that showed it.
#![cfg(not(target_arch = "wasm32"))]

mod common;

use chat_proto::io::{Command, Connectivity, Input};
use chat_proto::message::SendState;
use chat_proto::phase::ConnectionStatus;
use chat_proto::problem::{Problem, TokenTrouble};
use chat_proto::snapshot::Snapshot;
use common::Rig;
use simulator::{Effect, FaultRule, On, Settings, Side};

fn on(dialect: &str, life: u64) -> Rig {
    let mut settings = Settings::quiet();
    settings.oauth.guest_token_seconds = life;
    Rig::on(dialect, 1, settings, true).online()
}

/// A machine that is shut right after a message was sent hides the page first, and hears of the dead connection only after its timers.
#[test]
fn what_was_said_right_before_a_sleep_is_not_held_for_taken_until_the_connection_has_lived_on() {
    let mut rig = on("guest-sessions", 900);
    rig.hand_in(Input::Hidden);
    let dead = Effect::BlackHole { side: Side::Both, ms: None };
    rig.backend.inject(FaultRule::once(On::Request("text".into()), dead));
    rig.send("one");
    rig.sleep(12_000);
    rig.run_for(200);
    rig.cut();
    rig.run_for(5_000);
    assert_eq!((rig.accepted().len(), rig.state_of("one")), (0, SendState::Unconfirmed { ask: true }));
}

#[test]
fn what_is_refused_on_a_connection_that_was_just_replaced_goes_by_the_next_one() {
    for dialect in ["guest-webchat", "webmessaging-guests"] {
        for (code, sends) in [(401, 1), (429, 1)] {
            let mut rig = on(dialect, 60);
            rig.send("one");
            rig.run_until("a second connection", |rig| rig.sockets == 2);
            let refusal = Effect::Error { code, message: String::new() };
            rig.backend.inject(FaultRule::once(On::Request("text".into()), refusal));
            rig.backend.inject(FaultRule::once(On::Push("error".into()), Effect::Delay { ms: 1_000, jitter: 0 }));
            rig.send("two");
            rig.run_for(20_000);
            assert_eq!(rig.accepted(), ["one", "two"], "{dialect} {code}");
            assert_eq!((rig.state_of("two"), rig.sockets), (SendState::Sent, 1 + sends), "{dialect} {code}");
        }
    }
}

/// A gateway's login page is no answer of the backend's.
#[test]
fn a_post_that_a_page_of_html_answers_is_of_unknown_fate() {
    let mut rig = on("external-contacts", 900);
    let login = Effect::Status { status: 200, retry_after: None, html: true };
    rig.backend.inject(FaultRule::once(On::Http("messages".into()), login));
    rig.send("one");
    rig.send("two");
    rig.run_for(10_000);
    assert_eq!(rig.state_of("one"), SendState::Unconfirmed { ask: true });
    assert_eq!((rig.accepted(), rig.state_of("two")), (vec!["two".to_owned()], SendState::Sent));
}

/// It wakes before anybody looks, with the network's return, and is looked at later.
#[test]
fn a_page_that_slept_unseen_has_a_second_connection_as_soon_as_somebody_looks() {
    for dialect in ["external-contacts", "guest-sessions", "guest-webchat"] {
        let mut rig = on(dialect, 900);
        rig.send("one");
        rig.run_for(5_000);
        rig.hand_in(Input::Hidden);
        rig.wall_skew += 60_000;
        rig.hand_in(Input::Network(Connectivity::Online));
        rig.run_for(5_000);
        assert_eq!(rig.sockets, 1, "{dialect}: nobody looks");
        rig.hand_in(Input::Visible);
        rig.run_for(5_000);
        assert_eq!(rig.sockets, 2, "{dialect}");
        rig.hand_in(Input::Hidden);
        rig.hand_in(Input::Visible);
        rig.run_for(5_000);
        assert_eq!(rig.sockets, 2, "{dialect}: once is enough");
    }
}

/// Each message would go to the conversation without a name.
#[test]
fn a_grant_without_the_ids_that_the_page_has_to_say_is_none_and_nothing_written_is_lost() {
    for dialect in ["webmessaging-guests", "conversation-socket"] {
        let mut rig = Rig::on(dialect, 1, Settings::quiet(), true);
        rig.mint.tells_no_ids = true;
        rig.say(Command::Open);
        rig.send("one");
        rig.run_for(10_000);
        assert!(rig.problems.contains(&Problem::TokenUnavailable(TokenTrouble::NotAGrant)), "{dialect}");
        assert_eq!((rig.sockets, rig.state_of("one")), (0, SendState::Queued), "{dialect}");
        rig.mint.tells_no_ids = false;
        rig.run_until("online", |rig| rig.status == ConnectionStatus::Online);
        rig.run_for(1_000);
        assert_eq!(rig.accepted(), ["one"], "{dialect}");
    }
}

/// Browsers empty storage after a week without a visit, and leave the endpoint's cookie.
#[test]
fn a_page_whose_storage_was_emptied_says_that_something_may_be_missing() {
    for dialect in ["guest-sessions", "conversation-socket"] {
        let mut rig = on(dialect, 900);
        assert_eq!(rig.gaps(), 0, "{dialect}: a new conversation");
        rig.send("one");
        rig.run_for(5_000);
        rig.saved = Snapshot::default();
        rig.reload();
        rig.say(Command::Open);
        rig.run_until("online", |rig| rig.status == ConnectionStatus::Online);
        assert_eq!((rig.gaps(), rig.items.len()), (1, 1), "{dialect}");
    }
}

/// The endpoint is asked again before the next socket, and knows its own cookie by then.
#[test]
fn a_new_visitor_whose_first_sockets_are_refused_has_missed_nothing() {
    for dialect in ["guest-sessions", "conversation-socket"] {
        let mut rig = Rig::on(dialect, 1, Settings::quiet(), true);
        let busy = Effect::Status { status: 503, retry_after: None, html: false };
        rig.backend.inject(FaultRule { count: Some(3), ..FaultRule::once(On::Upgrade, busy) });
        rig.say(Command::Open);
        rig.run_until("online", |rig| rig.status == ConnectionStatus::Online);
        assert!(rig.endpoint.requests() > 1, "{dialect}: asked again");
        assert_eq!(rig.gaps(), 0, "{dialect}");
    }
}

#[test]
fn posts_that_nobody_answers_are_told_while_the_socket_lives() {
    let mut rig = on("external-contacts", 900);
    rig.backend.inject(FaultRule::once(On::Http("messages".into()), Effect::Delay { ms: 60_000, jitter: 0 }).always());
    for text in ["one", "two", "three"] {
        rig.send(text);
        rig.run_for(20_000);
    }
    assert_eq!(rig.problems, [Problem::Unposted; 2]);
    assert_eq!(rig.status, ConnectionStatus::Online);
}

#[test]
fn a_line_in_unknown_words_is_not_passed_over_without_a_word() {
    let event = r#"{"type":"message","role":"agent","text":"no id"}"#;
    let mut rig = on("guest-webchat", 900);
    rig.hear(event);
    rig.hear(event);
    assert_eq!(rig.problems, [Problem::UnreadableFrame], "once for each connection");
}

/// It was said on the former one; the present one is well.
#[test]
fn a_message_that_was_lost_with_a_former_connection_costs_only_a_question() {
    for dialect in ["guest-webchat", "webmessaging-guests"] {
        let mut rig = on(dialect, 60);
        rig.send("one");
        rig.run_until("a second connection", |rig| rig.sockets == 2);
        rig.backend.inject(FaultRule::once(On::Request("text".into()), Effect::Lose));
        rig.send("two");
        rig.run_for(20_000);
        assert_eq!(rig.state_of("two"), SendState::Unconfirmed { ask: true }, "{dialect}");
        assert_eq!((rig.sockets, rig.gaps()), (2, 0), "{dialect}: {:?}", rig.problems);
        rig.send("three");
        rig.run_for(3_000);
        assert_eq!(rig.accepted(), ["one", "three"], "{dialect}");
    }
}

#[test]
fn whoever_comes_back_after_a_long_silence_has_a_second_connection() {
    let mut rig = on("guest-webchat", 900);
    rig.send("one");
    rig.run_for(5_000);
    rig.hand_in(Input::Hidden);
    rig.run_for(90_000);
    for sockets in [2, 2] {
        rig.hand_in(Input::Visible);
        rig.run_for(5_000);
        assert_eq!(rig.sockets, sockets, "once");
        rig.hand_in(Input::Hidden);
    }
    assert_eq!(rig.gaps(), 0);
}
