//! The five wires beside Genesys' own against the simulator, which was written from the same documents and by nobody who had seen the other
//! side. What is promised to a visitor is promised on all of them: nothing lost, nothing twice, in order; and where a wire cannot promise,
//! it says so. One promise less has `guest-sessions`: it answers nothing, and what goes into a dead connection there is held for taken.
#![cfg(not(target_arch = "wasm32"))]

mod common;

use chat_proto::dialect::DIALECTS;
use chat_proto::io::Command;
use chat_proto::journal::UPON_ASKING;
use chat_proto::message::{Content, Notice, SendState};
use chat_proto::phase::ConnectionStatus;
use chat_proto::problem::Problem;
use common::Rig;
use simulator::{Effect, FaultRule, On, Settings, Side};

const FIVE: [&str; 5] =
    ["external-contacts", "guest-sessions", "guest-webchat", "webmessaging-guests", "conversation-socket"];

fn on(dialect: &str) -> Rig {
    Rig::on(dialect, 1, Settings::quiet(), true).online()
}

/// With guests' tokens that live so long, in seconds.
fn with_tokens_of(dialect: &str, life: u64) -> Rig {
    let mut settings = Settings::quiet();
    settings.oauth.guest_token_seconds = life;
    Rig::on(dialect, 1, settings, true).online()
}

fn without_scope(dialect: &str, scope: &str) -> Rig {
    let mut settings = Settings::quiet();
    settings.oauth.scopes.remove(scope);
    Rig::on(dialect, 1, settings, true)
}

fn gaps(rig: &Rig) -> usize {
    rig.items.iter().filter(|item| item.content == Content::Notice(Notice::Gap)).count()
}

fn both(texts: &[(&str, &'static str)]) -> Vec<(String, &'static str)> {
    texts.iter().map(|(text, state)| ((*text).to_owned(), *state)).collect()
}

/// The codes of the session's steps.
fn noted(rig: &Rig) -> Vec<u16> {
    rig.session.journal().map(|step| step.code).collect()
}

#[test]
fn the_table_lists_every_wire_that_is_tested() {
    let names: Vec<_> = DIALECTS.iter().map(|dialect| dialect.habits().name).collect();
    assert_eq!(names[0], "web-messaging");
    assert_eq!(names[1..], FIVE);
}

#[test]
fn a_visitor_and_an_agent_talk_in_order() {
    for dialect in FIVE {
        let mut rig = on(dialect);
        for text in ["one", "two", "three"] {
            rig.send(text);
        }
        rig.run_for(8_000);
        rig.agent_says("hello");
        rig.run_for(1_000);
        let expected = both(&[("one", "sent"), ("two", "sent"), ("three", "sent"), ("hello", "agent")]);
        assert_eq!(rig.screen(), expected, "{dialect}");
        assert_eq!(rig.accepted(), ["one", "two", "three"], "{dialect}");
        assert_eq!((rig.sockets, gaps(&rig)), (1, 0), "{dialect}");
    }
}

#[test]
fn an_agent_who_types_is_seen_to() {
    for dialect in FIVE {
        let mut rig = on(dialect);
        rig.send("one");
        rig.run_for(3_000);
        let token = rig.token();
        rig.backend_does(|backend, now| backend.agent_types(now, &token));
        rig.run_for(500);
        assert!(rig.agent_types, "{dialect}");
        rig.run_for(10_000);
        assert!(!rig.agent_types, "{dialect}");
    }
}

#[test]
fn a_page_hears_of_the_visitor_s_place_in_line_where_the_wire_tells_it() {
    for dialect in ["guest-sessions", "guest-webchat"] {
        let mut rig = on(dialect);
        rig.send("one");
        rig.run_for(3_000);
        let token = rig.token();
        rig.backend_does(|backend, now| backend.queue(now, &token, 3, 40));
        rig.run_for(500);
        assert_eq!(rig.places, [(3, Some(40))], "{dialect}");
    }
}

/// Over an hour of tokens that live a minute, with a message every twenty seconds.
#[test]
fn nobody_notices_that_tokens_are_renewed() {
    for dialect in FIVE {
        let mut rig = with_tokens_of(dialect, 60);
        let mut written = Vec::new();
        for number in 0..180 {
            let text = format!("text {number}");
            rig.send(&text);
            written.push(text);
            rig.run_for(20_000);
        }
        assert_eq!(rig.accepted(), written, "{dialect}");
        assert!(rig.screen().iter().all(|(_, state)| *state == "sent"), "{dialect}");
        assert_eq!(rig.statuses, [ConnectionStatus::Connecting, ConnectionStatus::Online], "{dialect}");
        assert_eq!(gaps(&rig), 0, "{dialect}");
        assert!(rig.endpoint.requests() >= 60, "{dialect}: {}", rig.endpoint.requests());
    }
}

#[test]
fn what_is_being_said_while_the_token_is_renewed_arrives_once() {
    for dialect in FIVE {
        // A renewal every 3 s or so, and words from both sides at every moment of it.
        let mut rig = with_tokens_of(dialect, 5);
        rig.send("first");
        rig.run_for(3_000);
        for number in 0..60 {
            rig.send(&format!("visitor {number}"));
            rig.agent_says(&format!("agent {number}"));
            rig.run_for(611);
        }
        // There are so many frames that a minute may have, and a renewal takes one.
        rig.run_for(150_000);
        let screen = rig.screen();
        for side in ["visitor", "agent"] {
            let shown: Vec<_> =
                screen.iter().filter(|(text, _)| text.starts_with(side)).map(|(text, _)| text).collect();
            let expected: Vec<_> = (0..60).map(|number| format!("{side} {number}")).collect();
            assert_eq!(shown, expected.iter().collect::<Vec<_>>(), "{dialect}");
        }
        assert_eq!(rig.accepted().len(), 61, "{dialect}");
    }
}

#[test]
fn a_connection_that_is_lost_comes_back_and_the_transcript_says_that_something_may_be_missing() {
    for dialect in FIVE {
        let mut rig = on(dialect);
        rig.send("one");
        rig.run_for(5_000);
        rig.cut();
        rig.agent_says("missed");
        rig.run_for(200);
        rig.run_until("online again", |rig| rig.status == ConnectionStatus::Online);
        rig.send("two");
        rig.run_for(5_000);
        assert_eq!(rig.accepted(), ["one", "two"], "{dialect}");
        assert_eq!(gaps(&rig), 1, "{dialect}");
        let at = rig.items.iter().position(|item| item.content == Content::Notice(Notice::Gap));
        assert_eq!(at, Some(1), "{dialect}: between what was said before and after");
    }
}

#[test]
fn losses_without_a_word_in_between_leave_one_notice() {
    for dialect in FIVE {
        let mut rig = on(dialect);
        rig.send("one");
        rig.run_for(5_000);
        for _ in 0..3 {
            rig.cut();
            rig.run_for(200);
            rig.run_until("online again", |rig| rig.status == ConnectionStatus::Online);
            rig.run_for(2_000);
        }
        assert_eq!(gaps(&rig), 1, "{dialect}");
    }
}

/// The connection is cut at every moment of a message's way.
#[test]
fn a_message_of_unknown_fate_is_never_sent_again_by_itself() {
    for dialect in FIVE {
        for after in (0..300).step_by(10) {
            let mut rig = on(dialect);
            rig.send("one");
            rig.run_for(5_000);
            rig.send("two");
            rig.run_for(after);
            rig.cut();
            rig.run_for(60_000);
            let accepted = rig.accepted();
            let count = accepted.iter().filter(|text| *text == "two").count();
            match rig.state_of("two") {
                SendState::Sent => assert_eq!(count, 1, "{dialect} {after}"),
                SendState::Unconfirmed { ask: true } => assert!(count <= 1, "{dialect} {after}"),
                other => panic!("{dialect} {after}: {other:?}"),
            }
            rig.send("three");
            rig.run_for(5_000);
            assert_eq!(
                rig.accepted().last().map(String::as_str),
                Some("three"),
                "{dialect} {after}: nothing is held up"
            );
            // The visitor chooses.
            if rig.state_of("two") != SendState::Sent {
                rig.say(Command::Retry(rig.local_id_of("two")));
                rig.run_for(5_000);
                assert_eq!(rig.state_of("two"), SendState::Sent, "{dialect} {after}");
            }
        }
    }
}

#[test]
fn what_is_written_without_a_connection_waits_and_is_sent_once() {
    for dialect in FIVE {
        let mut rig = on(dialect);
        rig.go_offline();
        rig.cut();
        rig.send("one");
        rig.send("two");
        rig.run_for(30_000);
        rig.go_online();
        rig.run_until("both sent", |rig| rig.screen().iter().filter(|(_, state)| *state == "sent").count() == 2);
        assert_eq!(rig.accepted(), ["one", "two"], "{dialect}");
    }
}

#[test]
fn a_conversation_that_the_agent_ends_can_be_read_and_followed_by_a_new_one() {
    for dialect in FIVE {
        let mut rig = on(dialect);
        rig.send("one");
        rig.run_for(3_000);
        let before = rig.token();
        rig.backend_does(|backend, now| backend.disconnect_conversation(now, &before, true));
        rig.run_for(1_000);
        assert_eq!(rig.status, ConnectionStatus::ReadOnly, "{dialect}");
        rig.say(Command::NewChat);
        rig.run_until("a new one", |rig| rig.status == ConnectionStatus::Online);
        rig.send("anew");
        rig.run_for(5_000);
        assert_eq!(rig.accepted_of(&before), ["one"], "{dialect}");
        assert_eq!(rig.accepted(), ["anew"], "{dialect}");
        assert_eq!(rig.screen(), both(&[("anew", "sent")]), "{dialect}");
    }
}

#[test]
fn a_visitor_who_types_is_told_of_where_the_wire_has_a_word_for_it() {
    for (dialect, word) in [
        ("guest-webchat", r#""type":"typing""#),
        ("webmessaging-guests", r#""type":"TYPING""#),
        ("conversation-socket", r#""action":"typing""#),
    ] {
        let mut rig = on(dialect);
        rig.say(Command::Draft("hel".into()));
        rig.say(Command::Draft("hello".into()));
        assert_eq!(rig.frames_with(word), 1, "{dialect}: once in five seconds");
    }
}

/// On a wire that answers no question, a connection that died without a word is found with the next token at the latest.
#[test]
fn a_reading_socket_that_has_died_unnoticed_is_replaced_with_the_next_token() {
    let mut rig = with_tokens_of("external-contacts", 60);
    rig.send("one");
    rig.run_for(3_000);
    let dead = Effect::BlackHole { side: Side::ToClient, ms: None };
    rig.backend.inject(FaultRule::once(On::Push("message".into()), dead));
    rig.agent_says("into the void");
    rig.run_for(60_000);
    rig.agent_says("heard again");
    rig.run_for(1_000);
    assert!(rig.screen().contains(&("heard again".into(), "agent")), "{:?}", rig.screen());
}

/// The backend has forgotten it, say: the next token is of another conversation. At every moment of the renewal something is written.
#[test]
fn a_token_of_another_conversation_costs_nothing_that_is_written() {
    for dialect in FIVE {
        for offset in (0..500).step_by(20) {
            let mut rig = with_tokens_of(dialect, 30);
            rig.send("text 0");
            rig.run_for(3_000 + offset);
            let before = rig.token();
            rig.mint.forget();
            let mut written = vec!["text 0".to_owned()];
            while rig.token() == before || written.len() % 10 != 0 {
                let text = format!("text {}", written.len());
                rig.send(&text);
                written.push(text);
                rig.run_for(1_500);
            }
            rig.run_for(120_000);
            assert!(rig.screen().iter().all(|(_, state)| *state == "sent"), "{dialect} {offset}: {:?}", rig.screen());
            let accepted = [rig.accepted_of(&before), rig.accepted()].concat();
            assert_eq!(accepted, written, "{dialect} {offset}");
            // One beside the renewals at most: none of them has to be forced because of it.
            assert!(rig.endpoint.requests() <= 8, "{dialect} {offset}: {}", rig.endpoint.requests());
        }
    }
}

// ── each thread's own failure ──

/// A: the token has expired between handshake and POST. It is renewed once, and the message goes with the new one.
#[test]
fn a_post_with_an_expired_token_is_said_again_with_a_new_one_and_arrives_once() {
    let mut rig = with_tokens_of("external-contacts", 60);
    rig.send("one");
    rig.run_for(2_000);
    // Renewals fail until the token is over.
    rig.endpoint.next = (0..40).map(|_| common::Reply::Unreachable).collect();
    rig.run_for(61_000);
    rig.endpoint.next.clear();
    rig.send("two");
    rig.run_for(40_000);
    assert_eq!(rig.accepted(), ["one", "two"]);
    assert_eq!(rig.state_of("two"), SendState::Sent);
}

/// A, B: a scope is missing. The backend closes with 1000 and says nothing; it ends, visibly or as a cause, and nothing is lost.
#[test]
fn a_missing_scope_is_no_endless_loop_and_loses_nothing() {
    for (dialect, scope) in [
        ("external-contacts", "conversation:write"),
        ("guest-sessions", "guest:write"),
        ("guest-webchat", "guest:write"),
        ("conversation-socket", "conversation:read"),
        ("conversation-socket", "conversation:write"),
    ] {
        let mut rig = without_scope(dialect, scope);
        rig.say(Command::Open);
        rig.send("one");
        rig.run_for(600_000);
        // Where nothing tells whether it was taken, the visitor is asked, and tries again.
        for _ in 0..2 {
            rig.say(Command::Retry(rig.local_id_of("one")));
            rig.run_for(60_000);
        }
        let state = rig.state_of("one");
        assert_ne!(state, SendState::Sent, "{dialect} {scope}");
        // Where the upgrade is refused nobody says why, and it is tried for as long as the visitor stays: every six seconds in the mean.
        assert!(rig.sockets < 150, "{dialect} {scope}: {} sockets in twelve minutes", rig.sockets);
        assert!(rig.problems.iter().any(|problem| problem.cause().is_some()), "{dialect} {scope}: {:?}", rig.problems);
    }
}

/// D: the backend accepts a resume by a token that was used, and refuses every message from then on. So every connection gets a new one.
#[test]
fn every_connection_by_ids_has_a_token_of_its_own() {
    let mut rig = on("webmessaging-guests");
    for number in 0..5 {
        rig.send(&format!("text {number}"));
        rig.run_for(3_000);
        rig.cut();
        rig.run_for(200);
        rig.run_until("online again", |rig| rig.status == ConnectionStatus::Online);
    }
    rig.run_for(5_000);
    assert_eq!(rig.accepted().len(), 5);
    assert_eq!(rig.frames_with(r#""type":"CONNECT""#), rig.sockets as usize);
    assert!(rig.problems.iter().all(|problem| problem.code() != Some(403)), "{:?}", rig.problems);
}

/// E: the token expires in place, because the endpoint was away when it was to be renewed.
#[test]
fn a_token_that_expires_in_place_is_renewed_on_the_same_socket() {
    let mut rig = with_tokens_of("conversation-socket", 60);
    rig.send("one");
    rig.run_for(2_000);
    rig.endpoint.next = (0..8).map(|_| common::Reply::Unreachable).collect();
    rig.run_for(70_000);
    rig.endpoint.next.clear();
    rig.send("two");
    rig.run_for(40_000);
    assert_eq!(rig.accepted(), ["one", "two"]);
    assert_eq!(rig.state_of("two"), SendState::Sent);
}

/// E: the join has to be there half a second after the auth's success has left. Further away than that, it cannot wait for that word.
#[test]
fn a_visitor_who_is_far_away_gets_in_at_the_second_attempt() {
    let mut rig = Rig::on("conversation-socket", 1, Settings::quiet(), true);
    rig.latency = (400, 450);
    rig.say(Command::Open);
    rig.send("one");
    rig.run_for(15_000);
    assert_eq!((rig.status, rig.sockets), (ConnectionStatus::Online, 2));
    assert_eq!(rig.accepted(), ["one"]);
    assert_eq!(rig.state_of("one"), SendState::Sent);
    assert_eq!(rig.frames_with(r#""action":"join""#), 2, "one join a connection");
    rig.cut();
    rig.run_for(15_000);
    assert_eq!((rig.status, rig.sockets), (ConnectionStatus::Online, 3), "and from then on at the first");
}

/// E: a pulled cable and a missing scope end with the same code. But a cable is pulled at any time, and a right is missed when it is asked for.
#[test]
fn a_bad_network_is_not_told_as_a_missing_scope() {
    for after in (100..12_000).step_by(700) {
        let mut rig = on("conversation-socket");
        rig.send("taken");
        rig.run_for(5_000);
        for _ in 0..4 {
            rig.cut();
            rig.run_for(200);
            rig.run_until("online again", |rig| rig.status == ConnectionStatus::Online);
            rig.run_for(after);
        }
        let told: Vec<_> = rig.problems.iter().filter_map(Problem::cause).collect();
        assert_eq!(told, [""; 0], "cut {after} ms after it was back");
    }
}

/// The session's last steps say which of its losses came upon something that a right is needed for: the report cannot know by itself.
#[test]
fn a_loss_upon_something_that_a_right_is_needed_for_is_noted_as_one() {
    for (dialect, scope, code) in [
        ("guest-sessions", "guest:write", 1000),
        ("conversation-socket", "conversation:read", 1006),
        ("conversation-socket", "conversation:write", 1006),
    ] {
        let mut rig = without_scope(dialect, scope);
        rig.say(Command::Open);
        rig.send("one");
        rig.run_for(20_000);
        assert!(noted(&rig).contains(&(UPON_ASKING + code)), "{dialect} {scope}: {:?}", noted(&rig));

        let mut rig = on(dialect);
        rig.send("one");
        rig.run_for(5_000);
        rig.close_all(code);
        rig.run_for(20_000);
        assert!(noted(&rig).contains(&code), "{dialect}: {:?}", noted(&rig));
        assert!(noted(&rig).iter().all(|it| it & UPON_ASKING == 0), "{dialect}: {:?}", noted(&rig));
    }
}
