//! What the simulation found on the five wires (`cargo xtask simulate --dialect all`), each as the least that showed it.
#![cfg(not(target_arch = "wasm32"))]

mod common;

use chat_proto::io::{Command, Input};
use chat_proto::message::{Content, Notice, SendState};
use chat_proto::phase::ConnectionStatus;
use common::{Reply, Rig};
use simulator::{Cut, Effect, FaultRule, On, Settings, Side};

const FIVE: [&str; 5] =
    ["external-contacts", "guest-sessions", "guest-webchat", "webmessaging-guests", "conversation-socket"];

fn on(dialect: &str, life: u64) -> Rig {
    let mut settings = Settings::quiet();
    settings.oauth.guest_token_seconds = life;
    Rig::on(dialect, 1, settings, true).online()
}

/// What is on the screen, with a dash where something may be missing.
fn lines(rig: &Rig) -> Vec<&str> {
    let word = |content| match content {
        &Content::Notice(Notice::Gap) => Some("—"),
        Content::Inbound(message) => Some(message.text.as_str()),
        Content::Outbound(message) => Some(message.text.as_str()),
        Content::Notice(_) => None,
    };
    rig.items.iter().filter_map(|item| word(&item.content)).collect()
}

fn back_online(rig: &mut Rig) {
    rig.run_until("online again", |rig| rig.status == ConnectionStatus::Online);
}

/// The rig holds that no socket is opened with a token at its end.
#[test]
fn a_page_that_wakes_when_its_token_is_over_asks_for_another_before_it_opens_a_second_socket() {
    for dialect in FIVE {
        let mut rig = on(dialect, 60);
        rig.send("one");
        rig.run_for(3_000);
        rig.sleep(70_000);
        rig.hand_in(Input::Visible);
        rig.run_for(30_000);
        rig.agent_says("good morning");
        rig.run_for(1_000);
        assert_eq!(lines(&rig).last(), Some(&"good morning"), "{dialect}");
    }
}

#[test]
fn a_post_that_nobody_answers_holds_up_nothing_that_was_written_after_it() {
    let mut rig = on("external-contacts", 900);
    rig.backend.inject(FaultRule::once(On::Http("messages".into()), Effect::Hang));
    rig.send("one");
    rig.send("two");
    rig.run_for(30_000);
    assert_eq!(rig.state_of("one"), SendState::Unconfirmed { ask: true });
    assert_eq!(rig.state_of("two"), SendState::Sent);
}

#[test]
fn a_token_that_was_said_on_a_second_connection_which_came_to_nothing_is_not_said_again() {
    let mut rig = on("webmessaging-guests", 60);
    rig.send("one");
    rig.run_for(5_000);
    let dead = Effect::BlackHole { side: Side::ToClient, ms: None };
    rig.backend.inject(FaultRule::once(On::Push("CONNECTED".into()), dead));
    // Until the second connection has said its token and hears nothing.
    rig.run_until("two sockets", |rig| rig.sockets == 2);
    rig.run_for(500);
    rig.cut();
    rig.run_for(200);
    back_online(&mut rig);
    let mut tokens: Vec<_> = rig.frames.iter().filter(|frame| frame.contains("CONNECT")).collect();
    let said = tokens.len();
    tokens.sort();
    tokens.dedup();
    assert_eq!((said, tokens.len()), (3, 3));
}

#[test]
fn a_visitor_who_was_away_before_anything_was_said_learns_that_something_may_be_missing() {
    for dialect in FIVE {
        let mut rig = on(dialect, 900);
        rig.cut();
        rig.agent_says("missed");
        rig.run_for(200);
        back_online(&mut rig);
        assert_eq!(lines(&rig), ["—"], "{dialect}");
    }
}

#[test]
fn what_is_refused_while_the_token_is_renewed_in_place_goes_by_itself_once_it_is() {
    let mut rig = on("conversation-socket", 900);
    rig.send("one");
    rig.run_for(3_000);
    let token = rig.token();
    rig.latency = (150, 200);
    rig.backend_does(|backend, now| backend.expire(now, &token, true));
    rig.send("two");
    rig.run_for(10_000);
    assert_eq!(rig.accepted(), ["one", "two"]);
    assert_eq!(rig.state_of("two"), SendState::Sent);
}

#[test]
fn a_limit_called_on_a_sign_of_typing_is_none_for_the_message_on_its_way() {
    for (dialect, word) in
        [("guest-webchat", "typing"), ("webmessaging-guests", "TYPING"), ("conversation-socket", "typing")]
    {
        let mut rig = on(dialect, 900);
        let limit = Effect::TooManyRequests { retry_after: Some(0) };
        rig.backend.inject(FaultRule::once(On::Request(word.into()), limit));
        rig.backend.inject(FaultRule::once(On::Push("Inbound".into()), Effect::Delay { ms: 2_000, jitter: 0 }));
        rig.say(Command::Draft("on".into()));
        rig.send("one");
        rig.run_for(10_000);
        assert_eq!(rig.accepted(), ["one"], "{dialect}");
    }
}

#[test]
fn a_connection_that_is_replaced_twice_in_a_row_is_heard_out_all_the_same() {
    for dialect in ["external-contacts", "guest-sessions", "guest-webchat"] {
        for after in (0..300).step_by(10) {
            let mut rig = on(dialect, 60);
            rig.send("one");
            rig.run_for(3_000);
            rig.latency = (100, 100);
            // A second connection upon waking, and a third with the token that is fetched meanwhile.
            rig.sleep(48_500);
            rig.hand_in(Input::Visible);
            rig.run_for(after);
            rig.latency = (1_500, 1_500);
            rig.agent_says("on its way");
            rig.latency = (100, 100);
            rig.run_for(15_000);
            assert!(lines(&rig).contains(&"on its way"), "{dialect} {after}: {:?}", lines(&rig));
        }
    }
}

#[test]
fn a_line_that_comes_before_the_word_that_opens_the_connection_stands_below_what_may_be_missing() {
    for (dialect, word) in [("external-contacts", "greeting"), ("webmessaging-guests", "CONNECTED")] {
        let mut rig = on(dialect, 900);
        rig.send("one");
        rig.run_for(5_000);
        rig.backend.inject(FaultRule::once(On::Push(word.into()), Effect::Reorder { ms: 3_000 }));
        rig.cut();
        rig.agent_says("missed");
        rig.run_until("the third socket", |rig| rig.sockets == 2);
        rig.run_for(200);
        rig.agent_says("heard");
        rig.run_for(5_000);
        assert_eq!(lines(&rig), ["one", "—", "heard"], "{dialect}");
    }
}

/// The backend closes without a word, and the next socket opens with the same token as if nothing were: but nobody is told anything there.
#[test]
fn whoever_was_closed_without_a_word_and_cannot_ask_comes_back_with_another_token() {
    for dialect in ["external-contacts", "guest-sessions"] {
        let mut rig = on(dialect, 900);
        rig.send("one");
        rig.run_for(5_000);
        let token = rig.token();
        rig.backend_does(|backend, now| backend.expire(now, &token, true));
        let close = Effect::Close { code: 1000, reason: String::new(), cut: Cut::AfterEcho };
        rig.backend.inject(FaultRule::once(On::Push("typing".into()), close));
        rig.backend_does(|backend, now| backend.agent_types(now, &token));
        rig.run_for(200);
        back_online(&mut rig);
        assert_eq!(rig.endpoint.requests(), 2, "{dialect}");
    }
}

/// Otherwise the visitor would come back to the conversation that is over, as if nothing were, and everything written there would fail.
#[test]
fn a_page_that_is_reloaded_before_the_new_chat_has_begun_still_knows_that_the_old_one_is_over() {
    for dialect in FIVE {
        let mut rig = on(dialect, 900);
        rig.send("one");
        rig.run_for(3_000);
        let token = rig.token();
        rig.backend_does(|backend, now| backend.disconnect_conversation(now, &token, true));
        rig.run_for(1_000);
        rig.endpoint.next = [Reply::Status(429, Some(20_000))].into();
        rig.say(Command::NewChat);
        rig.run_for(2_000);
        rig.reload();
        rig.say(Command::Open);
        rig.run_until("read only", |rig| rig.status == ConnectionStatus::ReadOnly);
        rig.say(Command::NewChat);
        rig.run_until("a new one", |rig| rig.status == ConnectionStatus::Online);
        rig.send("anew");
        rig.run_for(5_000);
        assert_eq!((rig.accepted_of(&token).len(), rig.accepted()), (1, vec!["anew".to_owned()]), "{dialect}");
    }
}
