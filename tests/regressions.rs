//! What once went wrong, or nearly: each of these was a bug first. On the rig, like the rest.
#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::pedantic, clippy::unwrap_used, reason = "tests of what must not happen, written for reach")]

mod common;
use chat_proto::io::*;
use chat_proto::json::Value;
use chat_proto::message::*;
use chat_proto::phase::ConnectionStatus;
use common::{Reply, Rig};
use simulator::{Cut, Effect, FaultRule, On};

fn v(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}
fn end(rig: &mut Rig) {
    let token = rig.token();
    rig.backend_does(|b, now| b.disconnect_conversation(now, &token, true));
    rig.run_for(1_000);
}

/// The renewal timer is stopped when the network goes and never armed again.
#[test]
fn a_token_is_renewed_by_a_timer_after_the_network_was_away_for_a_moment() {
    let mut rig = Rig::new(1);
    rig.endpoint.life = 300;
    let mut rig = rig.online();
    rig.go_offline();
    rig.run_for(1_000);
    rig.go_online();
    rig.run_until("online", |rig| rig.status == ConnectionStatus::Online);
    assert_eq!(rig.endpoint.requests(), 1);
    rig.run_for(600_000);
    assert!(rig.endpoint.requests() >= 2, "{} requests in ten minutes of tokens of five", rig.endpoint.requests());
}

/// The same after use-here.
#[test]
fn a_token_is_renewed_by_a_timer_after_use_here() {
    let mut rig = Rig::new(1);
    rig.endpoint.life = 300;
    let mut rig = rig.online();
    let token = rig.token();
    rig.backend_does(|b, now| b.evict(now, &token));
    rig.run_for(1_000);
    rig.say(Command::UseHere);
    rig.run_for(600_000);
    assert!(rig.endpoint.requests() >= 2, "{}", rig.endpoint.requests());
}

/// A late 409 (for a typing sign, say) while the old session is being closed leaks the socket.
#[test]
fn a_late_409_while_restarting_leaks_no_socket() {
    let mut rig = Rig::new(1).online();
    end(&mut rig);
    rig.say(Command::NewChat);
    let late = v(
        r#"{"type":"response","class":"string","code":409,"body":"Session is read-only, no new messages allowed","tracingId":"signal-x"}"#,
    );
    rig.hand_in(Input::Socket(SocketId(1), SocketEvent::Frame(late)));
    rig.run_for(1_000);
    // The rig asserts "two sockets at once".
    rig.say(Command::NewChat);
    rig.run_for(30_000);
    assert_eq!(rig.status, ConnectionStatus::Online);
}

/// The disconnect row itself while handshaking.
#[test]
fn an_ended_row_while_restarting_leaks_no_socket() {
    let mut rig = Rig::new(1).online();
    end(&mut rig);
    rig.say(Command::NewChat);
    let row = v(
        r#"{"type":"message","class":"StructuredMessage","code":200,"body":{"id":"zz","direction":"Outbound","type":"Event","channel":{"time":"2026-10-05T09:00:09.000Z"},"events":[{"eventType":"Presence","presence":{"type":"Disconnect"}}],"metadata":{"readOnly":"true"}}}"#,
    );
    rig.hand_in(Input::Socket(SocketId(1), SocketEvent::Frame(row)));
    rig.run_for(1_000);
    rig.say(Command::NewChat);
    rig.run_for(30_000);
    assert_eq!(rig.status, ConnectionStatus::Online);
}

/// History of the old conversation, asked for before "new chat", lands in the new one.
#[test]
fn history_of_the_old_conversation_does_not_land_in_the_new_one() {
    let mut rig = Rig::new(1).online();
    rig.send("old secret");
    rig.run_for(2_000);
    end(&mut rig);
    rig.reload();
    rig.say(Command::Open);
    rig.backend.inject(FaultRule::once(On::Http("messages".into()), Effect::Delay { ms: 3_000, jitter: 0 }));
    rig.run_until("read-only", |rig| rig.status == ConnectionStatus::ReadOnly);
    rig.run_for(400);
    rig.say(Command::NewChat);
    rig.run_for(20_000);
    assert_eq!(rig.status, ConnectionStatus::Online);
    assert_eq!(rig.screen(), []);
}

/// And the question for the key, when it is lost that way, blocks every later look into history on this connection.
#[test]
fn a_new_chat_during_catch_up_can_still_look_into_history() {
    let mut rig = Rig::new(1).online();
    rig.send("old");
    rig.run_for(2_000);
    end(&mut rig);
    rig.reload();
    rig.say(Command::Open);
    rig.backend.inject(FaultRule::once(On::Http("messages".into()), Effect::Delay { ms: 3_000, jitter: 0 }));
    rig.run_until("read-only", |rig| rig.status == ConnectionStatus::ReadOnly);
    rig.say(Command::NewChat);
    rig.run_for(20_000);
    assert_eq!(rig.status, ConnectionStatus::Online);
    assert_eq!(rig.screen(), []);
    let error = Effect::Error { code: 500, message: "oops".into() };
    rig.backend.inject(FaultRule::once(On::Request("text".into()), error));
    rig.send("one");
    rig.run_for(30_000);
    assert_eq!(rig.state_of("one"), SendState::Sent);
}

/// 429 with a huge retryAfter at the hello: never comes back.
#[test]
fn a_hello_that_is_told_to_wait_for_ever_is_tried_again_within_the_hour() {
    for retry in ["1e300", "31536000"] {
        let mut rig = Rig::new(1);
        rig.say(Command::Open);
        rig.run_until("a socket", |rig| rig.frames_with("configureSession") == 1);
        let frame = v(&format!(
            r#"{{"type":"response","class":"TooManyRequestsErrorMessage","code":429,"body":{{"retryAfter":{retry},"errorCode":4029,"errorMessage":"slow"}},"tracingId":"hello-x"}}"#
        ));
        rig.hand_in(Input::Socket(SocketId(1), SocketEvent::Frame(frame)));
        rig.run_for(2 * 3_600_000);
        assert_eq!(rig.status, ConnectionStatus::Online, "retryAfter {retry}");
    }
}

/// The wait that a 429 at the hello asked for is not kept by Visible / Open / TryNow.
#[test]
fn a_hello_that_is_told_to_wait_waits_even_if_the_visitor_is_impatient() {
    for hurry in [
        Input::Visible,
        Input::Network(Connectivity::Online),
        Input::Command(Command::Open),
        Input::Command(Command::TryNow),
    ] {
        let mut rig = Rig::new(1);
        rig.say(Command::Open);
        rig.run_until("a socket", |rig| rig.frames_with("configureSession") == 1);
        let frame = v(
            r#"{"type":"response","class":"TooManyRequestsErrorMessage","code":429,"body":{"retryAfter":60,"errorCode":4029,"errorMessage":"slow"},"tracingId":"hello-x"}"#,
        );
        rig.hand_in(Input::Socket(SocketId(1), SocketEvent::Frame(frame)));
        rig.run_for(1_000);
        let name = format!("{hurry:?}");
        rig.hand_in(hurry);
        rig.run_for(20_000);
        assert_eq!(rig.frames_with("configureSession"), 1, "{name}");
    }
}

/// Offline, the page is shown: the status must stay "offline".
#[test]
fn showing_the_page_while_offline_stays_offline() {
    let mut rig = Rig::new(1).online();
    rig.go_offline();
    let before = rig.statuses.len();
    for _ in 0..5 {
        rig.hand_in(Input::Hidden);
        rig.hand_in(Input::Visible);
        rig.run_for(5_000);
    }
    assert_eq!(rig.statuses[before..], [], "flickers");
}

/// A renewal that is refused after the takeover must not ask again, nor change "evicted" to "refused".
#[test]
fn a_refused_renewal_after_a_takeover_asks_no_more() {
    let mut rig = Rig::new(1);
    rig.endpoint.life = 300;
    let mut rig = rig.online();
    rig.hand_in(Input::Hidden);
    rig.latency = (2_000, 2_000);
    rig.endpoint.next.push_back(Reply::Status(401, None));
    rig.endpoint.next.push_back(Reply::Status(401, None));
    let token = rig.token();
    rig.run_for(220_000); // asked between 225 s and 240 s
    let evict = v(r#"{"type":"message","class":"ConnectionClosedEvent","code":200,"body":{"reason":"x"}}"#);
    while rig.endpoint.requests() == 1 {
        rig.run_for(100);
    }
    rig.hand_in(Input::Socket(SocketId(1), SocketEvent::Frame(evict)));
    let _ = token;
    let before = rig.endpoint.requests();
    assert_eq!(rig.status, ConnectionStatus::Evicted);
    rig.run_for(60_000);
    assert_eq!((rig.endpoint.requests(), rig.status), (before, ConnectionStatus::Evicted));
}

/// An older page that is still under way is taken for the newest one when the key has run out, and a message that arrived is
/// "certainly absent" and sent twice.
#[test]
fn an_older_page_is_not_taken_for_the_newest() {
    let mut rig = Rig::new(1).online();
    for n in 0..60 {
        rig.agent_says(&format!("a{n}"));
    }
    rig.run_for(1_000);
    rig.reload();
    rig.say(Command::Open);
    rig.run_until("online", |rig| rig.status == ConnectionStatus::Online && rig.has_more);
    rig.run_for(27_000); // the key lives 30 s
    // The backend takes the message, and says 500.
    rig.backend.inject(FaultRule::once(On::Http("messages".into()), Effect::Delay { ms: 9_000, jitter: 0 }));
    rig.say(Command::LoadEarlier);
    rig.run_for(100);
    rig.send("once");
    rig.run_for(10); // handed over, not there yet
    let id = rig.local_id_of("once").0;
    // The echo is lost on the way back:
    rig.backend.inject(FaultRule::once(On::Push("Inbound".into()), Effect::Lose));
    let frame = v(&format!(r#"{{"type":"response","class":"string","code":500,"body":"oops","tracingId":"{id}"}}"#));
    rig.hand_in(Input::Socket(SocketId(2), SocketEvent::Frame(frame.clone())));
    rig.hand_in(Input::Socket(SocketId(1), SocketEvent::Frame(frame)));
    // the key question is slow, so that the old page comes first
    rig.backend.inject(FaultRule::once(On::Push("JwtResponse".into()), Effect::Delay { ms: 9_500, jitter: 0 }));
    rig.run_for(60_000);
    assert_eq!(rig.accepted(), ["once"]);
}

/// A storm of shown/hidden is no storm of frames.
#[test]
fn switching_tabs_quickly_sends_no_storm_of_frames() {
    let mut rig = Rig::new(1).online();
    let before = rig.frames.len();
    for _ in 0..200 {
        rig.hand_in(Input::Hidden);
        rig.hand_in(Input::Visible);
        rig.run_for(150);
    }
    let sent = rig.frames.len() - before;
    assert!(sent <= 30, "{sent} frames in 30 s");
}

/// TryNow spam against a server that refuses.
#[test]
fn impatience_is_no_storm() {
    let mut rig = Rig::new(1);
    for _ in 0..500 {
        rig.endpoint.next.push_back(Reply::Status(503, None));
    }
    rig.say(Command::Open);
    for _ in 0..300 {
        rig.say(Command::TryNow);
        rig.run_for(100);
    }
    assert!(rig.endpoint.requests() <= 60, "{} in 30 s", rig.endpoint.requests());
}

/// A new chat that finds the old session expired.
#[test]
fn a_new_chat_begins_even_if_the_old_one_expired_meanwhile() {
    let mut rig = Rig::new(1).online();
    rig.send("one");
    rig.run_for(2_000);
    end(&mut rig);
    rig.cut();
    rig.run_for(1_000);
    let gone = Effect::Error { code: 4006, message: "session expired".into() };
    rig.backend.inject(FaultRule::once(On::Request("configureSession".into()), gone));
    rig.say(Command::NewChat);
    rig.send("typed while it begins");
    rig.run_for(10_000);
    assert_eq!(rig.status, ConnectionStatus::Online, "one press on new-chat should do");
}

/// The answer to "end the session" is lost with the connection.
#[test]

fn a_new_chat_whose_beginning_was_cut_off_starts_empty() {
    for cut_after in [5, 30, 60, 90, 120, 160, 200] {
        let mut rig = Rig::new(3).online();
        rig.send("old");
        rig.run_for(2_000);
        end(&mut rig);
        rig.say(Command::NewChat);
        rig.run_for(cut_after);
        rig.cut();
        rig.run_for(30_000);
        assert_eq!(rig.status, ConnectionStatus::Online, "cut after {cut_after}");
        assert_eq!(rig.screen(), [], "cut after {cut_after}");
    }
}

/// 401 at renewal while online: visible, and TryNow revives, including the renewal timer.
#[test]
fn a_refusal_at_renewal_ends_visibly_and_can_be_revived() {
    let mut rig = Rig::new(1);
    rig.endpoint.life = 300;
    let mut rig = rig.online();
    rig.endpoint.next.push_back(Reply::Status(401, None));
    rig.endpoint.next.push_back(Reply::Status(401, None));
    rig.run_for(600_000);
    assert_eq!(rig.status, ConnectionStatus::Refused);
    assert_eq!(rig.endpoint.requests(), 3);
    rig.send("hello");
    rig.run_for(600_000);
    assert_eq!(rig.status, ConnectionStatus::Online);
    assert!(rig.endpoint.requests() >= 5, "{}", rig.endpoint.requests());
}

/// 4007 on everything is not tight.
#[test]
fn an_unknown_session_is_not_hammered() {
    let mut rig = Rig::new(1);
    let e = Effect::Error { code: 4007, message: "unknown".into() };
    rig.backend.inject(FaultRule::once(On::Request("configureSession".into()), e).always());
    rig.say(Command::Open);
    rig.run_for(600_000);
    eprintln!("4007: {} sockets in 10 min", rig.sockets);
    assert!(rig.sockets < 150, "{}", rig.sockets);
    let mut rig = Rig::new(1).online();
    let e = Effect::Error { code: 4007, message: "unknown".into() };
    rig.backend.inject(FaultRule::once(On::Request("text".into()), e).always());
    rig.send("x");
    rig.run_for(600_000);
    eprintln!("4007 on text: {} sockets, {:?}", rig.sockets, rig.screen());
    assert!(rig.sockets < 150, "{}", rig.sockets);
}

/// Cleared while something waits: it is not lost.
#[test]
fn what_waited_when_the_conversation_was_cleared_is_not_lost() {
    let mut rig = Rig::new(1).online();
    rig.send("one");
    rig.send("two");
    rig.send("three");
    rig.run_for(5);
    let token = rig.token();
    rig.backend_does(|b, now| b.clear(now, &token));
    rig.run_for(3_000);
    rig.send("four");
    rig.run_for(30_000);
}

/// Hostile history: 10,000 rows, duplicates, no times, wrong types.
#[test]
fn hostile_pages_do_no_harm() {
    let mut rig = Rig::new(1).online();
    rig.agent_says("a");
    rig.run_for(500);
    let mut rows = String::new();
    for n in 0..10_000 {
        if n > 0 {
            rows.push(',');
        }
        rows += &match n % 5 {
            0 => format!(r#"{{"id":"r{}","direction":"Outbound","type":"Text","text":"t{n}"}}"#, n / 10),
            1 => format!(r#"{{"id":{n},"direction":7,"text":[]}}"#),
            2 => format!(
                r#"{{"id":"x{n}","direction":"Inbound","type":"Text","text":"q","channel":{{"time":"9999-12-31T23:59:59.999Z"}}}}"#
            ),
            3 => "null".into(),
            _ => format!(
                r#"{{"id":"y{n}","direction":"Outbound","type":"Event","events":{{"a":1}},"channel":{{"time":-1}}}}"#
            ),
        };
    }
    let body = v(&format!(r#"{{"entities":[{rows}],"pageNumber":-1,"pageCount":1e300,"pageSize":0}}"#));
    rig.cut();
    rig.run_until("asks", |rig| rig.status != ConnectionStatus::Online);
    // Answer whatever request ids there may be.
    let started = std::time::Instant::now();
    for _ in 0..100 {
        rig.run_for(20);
        for id in 0..12 {
            rig.hand_in(Input::Response(
                RequestId(id),
                Ok(Response { status: 200, retry_after: None, body: Some(body.clone()) }),
            ));
        }
    }
    eprintln!("hostile pages: {:?}, {} items", started.elapsed(), rig.items.len());
    rig.run_for(60_000);
}

/// A hello that was accepted and is refused as well, late: the chat that goes on was taken for a wrong deployment. Found by the table of
/// transitions.
#[test]
fn a_late_refusal_of_an_accepted_hello_changes_nothing() {
    let mut rig = Rig::new(1).online();
    let late =
        v(r#"{"type":"response","class":"string","code":400,"body":"Deployment not found","tracingId":"hello-x"}"#);
    rig.hand_in(Input::Socket(SocketId(1), SocketEvent::Frame(late)));
    rig.send("one");
    rig.run_for(5_000);
    assert_eq!((rig.status, rig.accepted()), (ConnectionStatus::Online, vec!["one".to_owned()]));
}

/// The conversation is cleared while a message is of unknown fate, and the word that a new one has begun is lost: the next hello is
/// answered as if nothing had been. That history holds nothing of what was heard says that it is another conversation's.
#[test]
fn a_message_of_a_conversation_that_was_cleared_unnoticed_is_not_sent_again() {
    let mut rig = Rig::new(1).online();
    let token = rig.token();
    let accepted_unheard = Effect::Close { code: 1001, reason: String::new(), cut: Cut::AfterAccept };
    rig.backend.inject(FaultRule::once(On::Request("text".into()), accepted_unheard));
    rig.backend.inject(FaultRule::once(On::Push("SessionResponse".into()), Effect::Lose));
    rig.send("one");
    rig.run_until("unconfirmed", |rig| matches!(rig.state_of("one"), SendState::Unconfirmed { .. }));
    rig.backend_does(|b, now| b.clear(now, &token));
    rig.run_for(60_000);
    assert_eq!(rig.accepted(), ["one"]);
    assert_eq!(rig.state_of("one"), SendState::Unconfirmed { ask: true });
}

/// A row of a new conversation that overtakes the word that it is new is no row of the old one, to be shown again when history is read.
#[test]
fn a_row_that_comes_before_its_conversation_is_announced_is_shown_once() {
    let mut rig = Rig::new(1).online();
    let token = rig.token();
    rig.run_for(1_000);
    rig.cut();
    rig.backend_does(|b, now| b.clear(now, &token));
    rig.backend.inject(FaultRule::once(On::Push("SessionResponse".into()), Effect::Reorder { ms: 3_000 }));
    rig.run_until("the hello taken", |rig| rig.backend.connections().iter().any(|line| line.token.is_some()));
    rig.agent_says("welcome");
    rig.run_until("online", |rig| rig.status == ConnectionStatus::Online);
    rig.cut();
    rig.run_for(30_000);
    assert_eq!(rig.screen(), [("welcome".to_owned(), "agent")]);
}

/// History that was read before it had settled says nothing about a message, however late its answer arrives.
#[test]
fn a_slow_answer_from_history_is_as_old_as_its_question() {
    let mut rig = Rig::new(1).online();
    rig.run_for(1_000);
    let accepted_unheard = Effect::Close { code: 1000, reason: String::new(), cut: Cut::AfterAccept };
    rig.backend.inject(FaultRule::once(On::Request("text".into()), Effect::HistoryLate { ms: 2_500 }));
    rig.backend.inject(FaultRule::once(On::Request("text".into()), accepted_unheard));
    rig.backend.inject(FaultRule::once(On::Http("messages".into()), Effect::Delay { ms: 5_000, jitter: 0 }));
    rig.send("one");
    rig.run_for(30_000);
    assert_eq!(rig.accepted(), ["one"]);
    assert_eq!(rig.state_of("one"), SendState::Sent);
}
