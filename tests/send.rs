//! What the visitor writes: in order, acknowledged by its echo, refused with a reason, never twice.
#![cfg(not(target_arch = "wasm32"))]

mod common;

use chat_proto::io::{Command, Input, SocketEvent, SocketId};
use chat_proto::message::{Content, LocalId, Rejection, SendState};
use chat_proto::phase::ConnectionStatus;
use chat_proto::problem::Problem;
use chat_proto::snapshot::{Fate, Kept};
use chat_proto::time::Timestamp;
use chat_proto::timings::Timings;
use common::Rig;
use simulator::{Action, Cut, Effect, FaultRule, On, Settings};

#[test]
fn a_message_is_queued_sending_and_sent() {
    let mut rig = Rig::new(1);
    rig.send("hello");
    assert_eq!(rig.state_of("hello"), SendState::Queued);
    rig.run_until("sending", |rig| rig.state_of("hello") == SendState::Sending);
    rig.run_until("sent", |rig| rig.state_of("hello") == SendState::Sent);
    assert_eq!(rig.accepted(), ["hello"]);
}

#[test]
fn a_message_is_kept_before_it_leaves() {
    let mut rig = Rig::new(1).online();
    rig.send("hello");
    assert_eq!(rig.saved.tab.outbox.len(), 1);
    rig.run_for(2_000);
    assert_eq!(rig.saved.tab.outbox.len(), 0, "what the backend has need not be kept");
}

#[test]
fn messages_arrive_in_the_order_of_writing_and_at_two_a_second() {
    let mut rig = Rig::new(1).online();
    let texts: Vec<_> = (0..20).map(|n| format!("message {n}")).collect();
    for text in &texts {
        rig.send(text);
    }
    rig.run_for(2_000);
    assert!(rig.accepted().len() <= 5, "{} in two seconds", rig.accepted().len());
    rig.run_for(30_000);
    assert_eq!(rig.accepted(), texts);
}

#[test]
fn what_is_only_blank_is_not_a_message() {
    let mut rig = Rig::new(1);
    rig.send("  \n ");
    assert_eq!((rig.items.len(), rig.sockets), (0, 0));
}

#[test]
fn a_text_longer_than_the_backend_takes_is_kept_and_holds_nothing_up() {
    let mut rig = Rig::new(1).online();
    // 4,096 bytes of UTF-8 are the limit: 1,025 emoji are more, 1,024 are not.
    let (long, fits) = ("😀".repeat(1_025), "😀".repeat(1_024));
    rig.send(&long);
    rig.send(&fits);
    rig.run_for(5_000);
    assert_eq!(rig.state_of(&long), SendState::Failed(Rejection::TooLong));
    assert_eq!(rig.accepted(), [fits]);
}

#[test]
fn a_backend_with_a_smaller_limit_fails_that_message_only() {
    let mut rig = Rig::new(1).online();
    rig.backend.inject(FaultRule::once(On::Request("text".into()), error(4011)));
    rig.send("one");
    rig.send("two");
    rig.run_for(5_000);
    assert_eq!(rig.state_of("one"), SendState::Failed(Rejection::TooLong));
    assert_eq!(rig.state_of("two"), SendState::Sent);
}

#[test]
fn a_failed_message_can_be_tried_again_or_discarded() {
    let mut rig = Rig::new(1).online();
    rig.backend.inject(FaultRule { count: Some(2), ..FaultRule::once(On::Request("text".into()), error(4013)) });
    rig.send("one");
    rig.send("two");
    rig.run_for(5_000);
    assert_eq!(rig.state_of("one"), SendState::Failed(Rejection::Refused));
    let (one, two) = (rig.local_id_of("one"), rig.local_id_of("two"));
    rig.say(Command::Retry(one));
    rig.say(Command::Discard(two));
    rig.run_for(5_000);
    assert_eq!(rig.accepted(), ["one"]);
    assert_eq!(rig.screen(), [("one".into(), "sent")]);
}

#[test]
fn a_rate_limit_pauses_the_queue_and_fails_nothing() {
    for retry_after in [Some(0), Some(1), Some(60), None] {
        let mut rig = Rig::new(1).online();
        let sent_at = rig.now();
        rig.backend.inject(FaultRule::once(On::Request("text".into()), Effect::TooManyRequests { retry_after }));
        rig.send("one");
        rig.send("two");
        rig.run_until("sent", |rig| rig.state_of("two") == SendState::Sent);
        assert_eq!(rig.accepted(), ["one", "two"]);
        assert_eq!(rig.sockets, 1, "a limit is no reason to reconnect");
        // Zero seconds is no leave to go faster than the usual pace.
        let at_least = (retry_after.unwrap_or(5) * 1_000).max(500);
        assert!(rig.now() - sent_at >= at_least, "{retry_after:?} was not honoured");
    }
}

#[test]
fn the_quotas_of_the_real_service_lose_nothing() {
    let mut rig = Rig::with(1, Settings { agent: false, ..Settings::default() }, true).online();
    let texts: Vec<_> = (0..80).map(|n| format!("message {n}")).collect();
    for text in &texts {
        rig.send(text);
    }
    rig.run_for(300_000);
    assert_eq!(rig.accepted(), texts);
}

#[test]
fn a_server_error_is_looked_up_before_anything_is_sent_again() {
    let mut rig = Rig::new(1).online();
    rig.backend.inject(FaultRule::once(On::Request("text".into()), error(500)));
    rig.send("one");
    rig.run_for(20_000);
    assert_eq!(rig.accepted(), ["one"]);
    assert_eq!(rig.state_of("one"), SendState::Sent);
}

#[test]
fn a_message_that_the_backend_keeps_failing_at_fails_in_the_end() {
    let mut rig = Rig::new(1).online();
    rig.backend.inject(FaultRule::once(On::Request("text".into()), error(500)).always());
    rig.send("one");
    rig.run_for(60_000);
    assert_eq!(rig.state_of("one"), SendState::Failed(Rejection::Server));
    assert_eq!(rig.frames_with(r#""text":"one""#), 3);
}

#[test]
fn an_echo_that_never_comes_is_not_waited_for_longer_than_eight_seconds() {
    let mut rig = Rig::new(1).online();
    rig.run_for(1_000);
    rig.backend.inject(FaultRule::once(On::Push("Inbound".into()), Effect::Lose));
    rig.send("one");
    rig.run_for(8_100);
    assert_eq!(rig.problems, [Problem::Unresponsive]);
    rig.run_for(20_000);
    assert_eq!(rig.accepted(), ["one"], "it had arrived, and is not sent again");
    assert_eq!(rig.state_of("one"), SendState::Sent);
}

#[test]
fn the_agent_is_told_that_the_visitor_types_at_most_every_five_seconds() {
    let deployment = simulator::Deployment { show_user_typing_indicator: true, ..simulator::Deployment::default() };
    let mut rig = Rig::with(1, Settings { deployments: vec![deployment], ..Settings::quiet() }, true).online();
    for n in 1..=100 {
        rig.say(Command::Draft("x".repeat(n)));
        rig.run_for(100);
    }
    assert_eq!(rig.frames_with(r#""eventType":"Typing""#), 2);
}

#[test]
fn nobody_is_told_of_typing_where_the_deployment_does_not_want_it() {
    let deployment = simulator::Deployment { show_user_typing_indicator: false, ..simulator::Deployment::default() };
    let mut rig = Rig::with(1, Settings { deployments: vec![deployment], ..Settings::quiet() }, true).online();
    rig.say(Command::Draft("x".into()));
    rig.run_for(1_000);
    assert_eq!(rig.frames_with("Typing"), 0);
}

#[test]
fn the_agents_typing_ends_by_itself_and_with_what_they_say() {
    let mut rig = Rig::new(1).online();
    let token = rig.token();
    rig.backend_does(|backend, now| backend.agent_types(now, &token));
    rig.run_for(200);
    assert!(rig.agent_types);
    rig.agent_says("here I am");
    rig.run_for(200);
    assert!(!rig.agent_types);
    rig.backend_does(|backend, now| backend.agent_types(now, &token));
    rig.run_for(10_000);
    assert!(!rig.agent_types);
}

#[test]
fn what_the_agent_says_is_unread_until_the_panel_is_seen_open() {
    let mut rig = Rig::new(1);
    rig.send("hello");
    rig.run_until("online", |rig| rig.status == ConnectionStatus::Online);
    rig.run_for(1_000);
    rig.agent_says("one");
    rig.agent_says("two");
    rig.run_for(1_000);
    assert_eq!(rig.unread, 2);
    rig.say(Command::Open);
    assert_eq!(rig.unread, 0);
    rig.agent_says("three");
    rig.run_for(1_000);
    assert_eq!(rig.unread, 0);
}

fn error(code: u16) -> Effect {
    Effect::Error { code, message: "Request failed.".into() }
}

#[test]
fn what_waits_is_bounded_and_what_has_no_room_is_given_back() {
    let Timings { outbox_messages, outbox_bytes, text_bytes, .. } = Timings::default();
    for (text, fit) in [("x".to_owned(), outbox_messages), ("y".repeat(text_bytes), outbox_bytes / text_bytes)] {
        let mut rig = Rig::new(1).online();
        rig.go_offline();
        for n in 1..=fit {
            assert!(!rig.is_full, "after {} of {fit}", n - 1);
            rig.send(&text);
        }
        assert!(rig.is_full);
        rig.say(Command::Draft("half a sent".into()));
        rig.send("one too many");
        assert_eq!((rig.items.len(), rig.draft.as_deref()), (fit, Some("half a sent\none too many")));
        assert_eq!((rig.saved.tab.outbox.len(), rig.saved.tab.draft.as_str()), (fit, "half a sent\none too many"));
        rig.reload();
        assert!(rig.is_full, "still, after a reload");
        rig.go_online();
        rig.run_for(240_000);
        assert_eq!((rig.accepted().len(), rig.is_full), (fit, false));
    }
}

#[test]
fn what_failed_counts_until_it_is_taken_away() {
    let mut rig = Rig::new(1).online();
    let long = "z".repeat(Timings::default().text_bytes + 1);
    while !rig.is_full {
        rig.send(&long);
    }
    assert!(rig.items.len() > 60, "{}", rig.items.len());
    let first = rig.local_id_of(&long);
    rig.say(Command::Discard(first));
    assert!(!rig.is_full);
}

#[test]
fn an_error_that_names_nothing_and_can_only_be_about_the_message_in_flight_is_about_it() {
    let too_long = r#"{"type":"response","class":"string","code":4011,"body":"Message length"}"#;
    let say = |rig: &mut Rig| {
        let connection = rig.backend.connections()[0].connection;
        rig.backend_does(|_, _| vec![Action::Send { connection, frame: too_long.into() }]);
        rig.run_for(200);
    };
    let mut rig = Rig::new(1).online();
    say(&mut rig);
    assert_eq!(rig.problems, [Problem::Backend { code: 4011 }], "with nothing in flight it concerns no message");

    rig.backend.inject(FaultRule::once(On::Push("Inbound".into()), Effect::Lose));
    rig.send("hello");
    say(&mut rig);
    assert_eq!(rig.state_of("hello"), SendState::Failed(Rejection::TooLong));
    assert_eq!(rig.problems.len(), 1);
}

#[test]
fn a_message_that_another_tab_hands_over_twice_is_one_message() {
    let handed = || {
        let (id, text, written) = (LocalId("from-a-follower".into()), "hello".into(), Timestamp(1_791_190_800_000));
        Input::Handed(Kept { id, text, written, fate: Fate::Unsent })
    };
    let mut rig = Rig::new(1).online();
    rig.hand_in(handed());
    rig.hand_in(handed());
    rig.run_for(3_000);
    assert_eq!(rig.screen(), [("hello".into(), "sent")]);
    rig.hand_in(handed());
    rig.run_for(3_000);
    assert_eq!(rig.screen(), [("hello".into(), "sent")], "nor once it was sent");
    assert_eq!(rig.accepted(), ["hello"]);
}

#[test]
fn a_history_that_lacks_what_was_heard_proves_nothing() {
    let mut rig = Rig::new(1).online();
    rig.agent_says("hello");
    rig.run_for(1_000);
    let closed = Effect::Close { code: 1006, reason: String::new(), cut: Cut::AfterAccept };
    rig.backend.inject(FaultRule::once(On::Request("text".into()), closed));
    rig.backend.inject(FaultRule::once(On::Http("messages".into()), Effect::HistoryEmpty).always());
    rig.send("hello to you");
    rig.run_for(60_000);
    assert_eq!(rig.state_of("hello to you"), SendState::Unconfirmed { ask: true }, "the visitor is asked");
    assert_eq!(rig.accepted(), ["hello to you"], "and nothing is sent twice");
}

/// The backend says this on the page's connection.
fn push(rig: &mut Rig, frame: &str) {
    let connection = rig.backend.connections()[0].connection;
    rig.backend_does(|_, _| vec![Action::Send { connection, frame: frame.into() }]);
    rig.run_for(200);
}

#[test]
fn a_refusal_is_about_the_attempt_that_it_names() {
    let mut rig = Rig::new(1).online();
    rig.run_for(1_000);
    rig.backend.inject(FaultRule::once(On::Request("text".into()), Effect::Drop { cut: Cut::BeforeAccept }));
    rig.backend.inject(FaultRule::once(On::Push("Inbound".into()), Effect::Lose));
    rig.send("one");
    rig.run_until("sent again", |rig| rig.frames_with(r#""text":"one""#) == 2);
    let id = rig.local_id_of("one").0;
    let refusal = |trace: &str| {
        format!(
            r#"{{"type":"response","class":"string","code":4013,"tracingId":"{trace}","body":"Custom Attributes"}}"#
        )
    };
    for trace in ["another", &id, &format!("{id}.3")] {
        push(&mut rig, &refusal(trace));
        assert_eq!(rig.state_of("one"), SendState::Sending, "{trace}");
    }
    push(&mut rig, &refusal(&format!("{id}.2")));
    assert_eq!(rig.state_of("one"), SendState::Failed(Rejection::Refused));
}

#[test]
fn visitors_who_meet_a_limit_together_do_not_come_back_together() {
    let mut waits = Vec::new();
    for seed in 1..=40 {
        let mut rig = Rig::new(seed).online();
        let limit = Effect::TooManyRequests { retry_after: Some(10) };
        rig.backend.inject(FaultRule::once(On::Request("text".into()), limit));
        rig.send("one");
        let from = rig.now();
        rig.run_until("tried again", |rig| rig.frames_with(r#""text":"one""#) == 2);
        waits.push(rig.now() - from);
    }
    waits.sort_unstable();
    assert!(waits[0] >= 10_000 && waits[39] <= 12_500, "{waits:?}");
    assert!(waits[39] - waits[0] > 1_000, "{waits:?}");
}

#[test]
fn a_message_that_is_handed_over_is_looked_up_where_nobody_knows_whether_it_left() {
    let handed = |fate| {
        let (id, text, written) = (LocalId("from-a-follower".into()), "hello".into(), Timestamp(1_791_190_800_000));
        Input::Handed(Kept { id, text, written, fate })
    };
    for (fate, looks, waits) in [(Fate::Unsent, 0, 0), (Fate::Unknown(Timestamp(0)), 1, 3_000)] {
        let mut rig = Rig::new(1).online();
        rig.run_for(1_000);
        let asked = rig.pages_asked.len();
        rig.hand_in(handed(fate));
        rig.run_for(waits);
        assert_eq!(rig.accepted(), [""; 0]);
        rig.run_for(1_000);
        assert_eq!((rig.accepted(), rig.pages_asked.len() - asked), (vec!["hello".to_owned()], looks), "{fate:?}");
    }
}

#[test]
fn names_are_shown_where_the_deployment_shows_them_and_a_bot_without_one_gets_its_own() {
    for (humanize, expected) in [(true, [None, Some("Ada"), Some("Shop assistant"), Some("Robo")]), (false, [None; 4])]
    {
        let deployment = simulator::Deployment { humanize, ..simulator::Deployment::default() };
        let mut rig = Rig::with(1, Settings { deployments: vec![deployment], ..Settings::quiet() }, true).online();
        let froms = [("Human", ""), ("Human", "Ada"), ("Bot", ""), ("Bot", "Robo")];
        for (at, (kind, name)) in froms.into_iter().enumerate() {
            push(
                &mut rig,
                &format!(
                    r#"{{"type":"message","class":"StructuredMessage","code":200,"body":{{"id":"x{at}","type":"Text","direction":"Outbound","text":"hi","originatingEntity":"{kind}","channel":{{"from":{{"nickname":"{name}"}}}}}}}}"#
                ),
            );
        }
        let name = |content: &Content| match content {
            Content::Outbound(message) => Some(message.author.name.clone()),
            _ => None,
        };
        let names: Vec<_> = rig.items.iter().filter_map(|item| name(&item.content)).collect();
        assert_eq!(names, expected.map(|name| name.map(String::from)), "humanize: {humanize}");
    }
}

#[test]
fn an_agent_who_stops_typing_is_shown_as_typing_at_no_moment() {
    let typing = |word: &str| {
        let frame = format!(
            r#"{{"class":"StructuredMessage","body":{{"id":"x","type":"Event","direction":"Outbound","events":[{{"eventType":"Typing","typing":{{"type":"{word}"}}}}]}}}}"#
        );
        Input::Socket(SocketId(1), SocketEvent::Frame(serde_json::from_str(&frame).expect("JSON")))
    };
    let mut rig = Rig::new(1).online();
    for (word, is_shown) in [("Off", false), ("On", true), ("Off", false)] {
        rig.hand_in(typing(word));
        assert_eq!(rig.agent_types, is_shown, "{word}");
    }
}
