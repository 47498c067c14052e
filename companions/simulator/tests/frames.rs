//! The pure backend against frames copied from the protocol reference: what each request is answered with, and how
//! sessions begin, go on and end. Virtual time throughout.

mod bench;

use bench::{A, B, Bench, NOW, TOKEN, configure, frames, gist, presence, text, typing, with_token};
use serde_json::json;
use simulator::{Connection, DEMO_DEPLOYMENT, Deployment, Direction, Kind};

#[test]
fn a_new_token_is_a_new_session_and_the_same_token_resumes_it() {
    let mut bench = Bench::silent();
    let first = bench.configured(A);
    assert_eq!(
        first,
        json!({
            "type":"response","class":"SessionResponse","code":200,"tracingId":"a1",
            "body":{
                "connected":true,"newSession":true,"readOnly":false,"clearedExistingSession":false,"autoStarted":false,
                "allowedMedia":{},"blockedExtensions":[],"maxCustomDataBytes":2048,
                "durationSeconds":259_200,"expirationDate":NOW / 1000 + 259_200
            }
        })
    );
    bench.backend.disconnect(bench.now, A);
    bench.pass(60_000);
    let again = bench.configured(B);
    assert_eq!(again["body"]["newSession"], false);
    assert_eq!(again["body"]["expirationDate"], NOW / 1000 + 60 + 259_200);
}

#[test]
fn the_smallest_configure_of_the_field_is_accepted() {
    let mut bench = Bench::silent();
    bench.open(A);
    let frame = with_token(json!({"action":"configureSession","deploymentId":DEMO_DEPLOYMENT}));
    let answer = bench.ask(A, &frame);
    assert_eq!(answer["body"]["connected"], true);
    assert_eq!(answer.get("tracingId"), None);
}

#[test]
fn an_unknown_deployment_is_refused_at_the_upgrade_and_named_in_configure() {
    let mut bench = Bench::silent();
    let refusal = bench.backend.upgrade(NOW, A, "11111111-2222-4333-8444-555555555555", None);
    assert_eq!(refusal.unwrap_err().status, 403);
    bench.open(A);
    let answer = bench.ask(A, &with_token(json!({"action":"configureSession","deploymentId":"nope"})));
    assert_eq!((&answer["code"], &answer["body"]), (&json!(400), &json!("Deployment not found")));
}

#[test]
fn a_text_is_echoed_with_its_tracing_id_to_every_connection() {
    let mut bench = Bench::silent();
    bench.configured(A);
    bench.configured(B);
    let actions = bench.send(A, &text("hello", "m1"));
    assert_eq!(gist(&actions), ["1 hello", "2 hello"]);
    let (_, echo) = &frames(&actions)[0];
    assert_eq!(echo, &frames(&actions)[1].1);
    assert_eq!(echo["type"], "message");
    assert_eq!(echo["class"], "StructuredMessage");
    assert_eq!(echo["tracingId"], "m1");
    let body = &echo["body"];
    assert_eq!(body["type"], "Text");
    assert_eq!(body["direction"], "Inbound");
    assert_eq!(body["channel"]["time"], "2026-10-04T18:38:59.120Z");
    let id = body["id"].as_str().unwrap();
    assert!(id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit()), "{id}");
    let accepted = bench.backend.transcript(TOKEN).remove(0);
    assert_eq!(accepted.id, body["channel"]["messageId"].as_str().unwrap());
    assert_eq!(accepted.direction, Direction::Inbound);
    assert_eq!(accepted.kind, Kind::Message);
    assert_eq!(accepted.tracing_id.as_deref(), Some("m1"));
    assert_eq!(accepted.client_id.as_deref(), Some("c-m1"));
}

#[test]
fn a_bot_is_told_from_a_person() {
    let mut bench = Bench::silent();
    bench.configured(A);
    let beep = &frames(&bench.backend.bot_says(NOW, TOKEN, "Beep"))[0].1["body"];
    let name = |body: &serde_json::Value| body["channel"]["from"]["nickname"].clone();
    assert_eq!((&beep["originatingEntity"], name(beep)), (&json!("Bot"), json!("Shop assistant")));
    let hello = &frames(&bench.backend.agent_says(NOW, TOKEN, "Hello"))[0].1["body"];
    assert_eq!((&hello["originatingEntity"], name(hello)), (&json!("Human"), json!("Ana")));
}

#[test]
fn a_resend_with_the_same_tracing_id_is_a_second_message() {
    let mut bench = Bench::silent();
    bench.configured(A);
    bench.send(A, &text("twice", "m1"));
    bench.send(A, &text("twice", "m1"));
    assert_eq!(bench.texts(), ["twice", "twice"]);
}

#[test]
fn nothing_can_be_asked_before_configure() {
    let mut bench = Bench::silent();
    bench.open(A);
    assert_eq!(bench.ask(A, &text("early", "m1"))["code"], 4007);
    bench.configured(B);
    assert_eq!(bench.ask(A, &text("still early", "m2"))["code"], 400);
    assert_eq!(bench.ask(A, &with_token(json!({"action":"getJwt","tracingId":"j"})))["tracingId"], "j");
    assert!(bench.texts().is_empty());
}

#[test]
fn what_is_no_request_is_answered_with_400() {
    let mut bench = Bench::silent();
    bench.configured(A);
    for frame in ["not json", "[]", r#"{"action":"fly","token":"t"}"#, r#"{"action":"disconnectCustomer"}"#] {
        let actions = bench.backend.receive(NOW, A, frame);
        assert_eq!(frames(&actions)[0].1["code"], 400, "{frame}");
    }
    assert_eq!(bench.ask(A, &with_token(json!({"action":"onMessage"})))["code"], 4020);
}

#[test]
fn what_the_deployment_has_switched_off_is_refused_with_403() {
    let mut bench = Bench::with(Deployment {
        show_user_typing_indicator: false,
        show_agent_typing_indicator: false,
        conversation_clear: false,
        ..Deployment::default()
    });
    bench.configured(A);
    let answer = bench.ask(A, &typing());
    assert_eq!(answer["body"], "Turn on the Feature Toggle or fix the configuration.");
    let answer = bench.ask(A, &presence("Clear"));
    assert_eq!(answer["body"], "Presence events Conversation Clear are not supported");
    assert_eq!(answer["code"], 403);
    assert!(bench.backend.agent_types(NOW, TOKEN).is_empty());
}

#[test]
fn a_read_only_conversation_takes_nothing_and_says_so_on_resume() {
    let mut bench = Bench::silent();
    bench.configured(A);
    let actions = bench.backend.disconnect_conversation(NOW, TOKEN, true);
    let (_, frame) = &frames(&actions)[0];
    assert_eq!(frame["body"]["metadata"]["readOnly"], "true");
    assert_eq!(frame["body"]["events"], json!([{"eventType":"Presence","presence":{"type":"Disconnect"}}]));
    for frame in [text("anyone?", "m1"), typing(), presence("Join")] {
        let answer = bench.ask(A, &frame);
        assert_eq!(answer["code"], 409);
        assert_eq!(answer["body"], "Session is read-only, no new messages allowed");
    }
    let resumed = bench.configured(B);
    assert_eq!((&resumed["body"]["newSession"], &resumed["body"]["readOnly"]), (&json!(false), &json!(true)));
    assert_eq!(bench.history(B, "")["total"], 1);
}

#[test]
fn a_disconnect_that_is_not_read_only_lets_the_visitor_go_on() {
    let mut bench = Bench::silent();
    bench.configured(A);
    let actions = bench.backend.disconnect_conversation(NOW, TOKEN, false);
    assert_eq!(frames(&actions)[0].1["body"]["metadata"].get("readOnly"), None);
    assert_eq!(bench.ask(A, &text("one more thing", "m1"))["code"], 200);
}

#[test]
fn a_new_chat_begins_after_close_session_on_the_same_socket() {
    let mut bench = Bench::silent();
    bench.configured(A);
    bench.configured(B);
    bench.send(A, &text("old", "m1"));
    bench.backend.disconnect_conversation(NOW, TOKEN, true);
    let close = with_token(json!({"action":"closeSession","closeAllConnections":true,"tracingId":"x"}));
    let actions = bench.send(A, &close);
    assert_eq!(gist(&actions), ["2 ConnectionClosedEvent", "2 closed 1000", "1 SessionResponse"]);
    let answer = &frames(&actions)[1].1;
    assert_eq!(answer["body"], json!({"connected":false,"readOnly":true}));
    let mut start = configure();
    assert_eq!(bench.ask(A, &start)["body"]["readOnly"], true);
    start["startNew"] = true.into();
    let answer = bench.ask(A, &start);
    assert_eq!((&answer["body"]["newSession"], &answer["body"]["readOnly"]), (&json!(true), &json!(false)));
    assert_eq!(bench.history(A, "")["total"], 0);
    bench.send(A, &text("new", "m2"));
    let conversations: Vec<_> =
        bench.backend.transcript(TOKEN).into_iter().map(|row| (row.conversation, row.text)).collect();
    assert_eq!(conversations, [(1, "old".into()), (1, String::new()), (2, "new".into())]);
}

#[test]
fn clear_is_echoed_and_ends_the_session_everywhere() {
    let mut bench = Bench::silent();
    bench.configured(A);
    bench.configured(B);
    bench.send(A, &text("forget me", "m1"));
    let actions = bench.send(A, &presence("Clear"));
    assert_eq!(
        gist(&actions),
        [
            "1 Clear",
            "2 Clear",
            "1 SessionClearedEvent",
            "1 ConnectionClosedEvent",
            "1 closed 1000",
            "2 SessionClearedEvent",
            "2 ConnectionClosedEvent",
            "2 closed 1000",
        ]
    );
    let again = bench.configured(Connection(3));
    assert_eq!(again["body"]["newSession"], true);
    assert_eq!(bench.history(Connection(3), "")["total"], 0);
}

#[test]
fn a_session_expires_after_its_duration_and_every_message_renews_it() {
    let mut bench = Bench::with(Deployment { session_duration_seconds: 900, ..Deployment::default() });
    bench.configured(A);
    bench.pass(600_000);
    bench.send(A, &text("still here", "m1"));
    assert_eq!(bench.backend.next_due(), Some(NOW + 1_500_000));
    assert!(bench.pass(899_999).is_empty());
    assert_eq!(gist(&bench.pass(1)), ["1 SessionExpiredEvent", "1 closed 1000"]);
    assert_eq!(bench.configured(B)["body"]["newSession"], true);
}

#[test]
fn a_silent_expiry_is_met_as_4006() {
    let mut bench = Bench::silent();
    bench.configured(A);
    assert!(bench.backend.expire(NOW, TOKEN, false).is_empty());
    let answer = bench.ask(A, &text("hello?", "m1"));
    assert_eq!((&answer["code"], &answer["class"]), (&json!(4006), &json!("string")));
}

#[test]
fn a_logout_reaches_every_connection() {
    let mut bench = Bench::silent();
    bench.configured(A);
    bench.configured(B);
    let actions = bench.backend.logout(NOW, TOKEN);
    assert_eq!(gist(&actions), ["1 LogoutEvent", "1 closed 1000", "2 LogoutEvent", "2 closed 1000"]);
}

#[test]
fn a_saved_backend_goes_on_where_the_first_one_stopped() {
    let mut bench = Bench::silent();
    bench.configured(A);
    let before = bench.backend.revision();
    bench.send(A, &text("before", "m1"));
    assert_ne!(bench.backend.revision(), before);
    let saved = bench.backend.save();
    let mut restarted = Bench::silent();
    restarted.backend.restore(&saved).unwrap();
    assert_eq!(restarted.configured(A)["body"]["newSession"], false);
    restarted.send(A, &text("after", "m2"));
    assert_eq!(restarted.texts(), ["before", "after"]);
    let ids: Vec<_> = restarted.backend.transcript(TOKEN).into_iter().map(|row| row.id).collect();
    assert_ne!(ids[0], ids[1]);
    assert!(restarted.backend.restore("{}").is_err());
}
