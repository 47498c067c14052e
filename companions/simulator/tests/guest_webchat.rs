//! `guest-webchat`: the token rides in the URL, and is looked at there.

mod desk;

use desk::{A, B, Desk, TIME, text_of};
use serde_json::{Value, json};
use simulator::Connection;

const MINT: &str = "/api/v2/guest/conversations/webchat/token";
const SOCKET: &str = "/api/v2/guest/conversations/webchat";

struct Visit {
    desk: Desk,
    conversation: String,
    token: String,
}

fn guest() -> Value {
    json!({"name":"Guest User","email":"guest@example.com"})
}

impl Visit {
    fn outside(mut desk: Desk) -> Self {
        let minted = desk.mint(MINT, &guest());
        let [conversation, token] = ["conversationId", "token"].map(|name| text_of(&minted, name).to_owned());
        Self { desk, conversation, token }
    }

    fn begin(desk: Desk) -> Self {
        let mut visit = Self::outside(desk);
        assert_eq!(visit.desk.enter(A, &visit.target()), Vec::<Value>::new());
        visit
    }

    fn target(&self) -> String {
        format!("{SOCKET}?token={}", self.token)
    }

    fn write(&mut self, connection: Connection, id: &str, text: &str) -> Vec<Value> {
        self.desk.say(connection, &json!({"type":"message","id":id,"text":text}))
    }

    fn texts(&self) -> Vec<String> {
        self.desk.texts(&self.conversation)
    }
}

#[test]
fn a_guest_is_echoed_on_every_socket_and_reads_on_every_socket() {
    let mut visit = Visit::begin(Desk::silent());
    visit.desk.enter(B, &visit.target());
    let echo = json!({"type":"message","id":"c-1","sender":{"role":"guest"},"text":"Hello","timestamp":TIME});
    assert_eq!(visit.write(A, "c-1", "Hello"), [json!([1, echo]), json!([2, echo])]);
    let accepted = visit.desk.backend.transcript(&visit.conversation).remove(0);
    assert_eq!((accepted.text.as_str(), accepted.client_id.as_deref()), ("Hello", Some("c-1")));

    let said = visit.desk.agent_says(&visit.conversation, "Hi");
    let message = json!({
        "type":"message","id":visit.desk.last_id(&visit.conversation),"sender":{"role":"agent","name":"Ana"},
        "text":"Hi","timestamp":TIME
    });
    assert_eq!(said, [json!([1, message]), json!([2, message])]);
    let typing = json!({"type":"typing","sender":{"role":"agent"},"durationMs":5000});
    assert_eq!(visit.desk.agent_types(&visit.conversation)[0], json!([1, typing]));
    let moved = visit.desk.backend.queue(visit.desk.now, &visit.conversation, 3, 40);
    assert_eq!(desk::heard(&moved)[1], json!([2, {"type":"queue","position":3,"waitSeconds":40}]));
    assert_eq!(visit.desk.agent_leaves(&visit.conversation)[0], json!([1, {"type":"ended"}]));
    assert_eq!(visit.write(A, "c-2", "wait"), [json!([1, {"type":"error","id":"c-2","status":400}])]);
    assert_eq!(visit.texts(), ["Hello"]);
}

#[test]
fn the_same_id_again_is_a_second_message() {
    let mut visit = Visit::begin(Desk::silent());
    visit.write(A, "c-1", "twice");
    assert_eq!(visit.write(A, "c-1", "twice").len(), 1);
    assert_eq!(visit.texts(), ["twice", "twice"]);
}

#[test]
fn typing_is_taken_and_repeated_to_nobody() {
    let mut visit = Visit::begin(Desk::silent());
    assert_eq!(visit.desk.say(A, &json!({"type":"typing"})), Vec::<Value>::new());
    assert_eq!(visit.desk.backend.connections()[0].received["typing"], 1);
}

#[test]
fn no_upgrade_without_a_living_token_in_the_url() {
    let mut visit = Visit::outside(Desk::silent());
    for target in [SOCKET.to_owned(), format!("{SOCKET}?token="), format!("{SOCKET}?token=guess")] {
        assert_eq!(visit.desk.refused(A, &target), 403, "{target}");
    }
    visit.desk.now += 900_000;
    assert_eq!(visit.desk.refused(A, &visit.target()), 403);
    assert_eq!(visit.desk.backend.connections(), []);
}

#[test]
fn no_upgrade_without_both_scopes() {
    for scopes in [&["guest:read", "conversation:write"][..], &["guest:write"], &[]] {
        let mut visit = Visit::outside(Desk::with_scopes(scopes));
        assert_eq!(visit.desk.refused(A, &visit.target()), 403, "{scopes:?}");
    }
    let mut visit = Visit::outside(Desk::with_scopes(&["guest:read", "guest:write"]));
    visit.desk.enter(A, &visit.target());
}

#[test]
fn a_scope_that_comes_later_is_in_the_next_token() {
    let mut visit = Visit::outside(Desk::with_scopes(&[]));
    visit.desk.backend.set_settings(simulator::Settings { agent: false, ..simulator::Settings::default() });
    assert_eq!(visit.desk.refused(A, &visit.target()), 403);
    let mut again = guest();
    again["conversationId"] = visit.conversation.as_str().into();
    let renewed = visit.desk.mint(MINT, &again);
    visit.token = text_of(&renewed, "token").to_owned();
    visit.desk.enter(A, &visit.target());
}

#[test]
fn an_expired_token_closes_its_socket_and_leaves_the_second_one() {
    let mut visit = Visit::begin(Desk::silent());
    visit.desk.pass(600_000);
    let mut again = guest();
    again["conversationId"] = visit.conversation.as_str().into();
    let renewed = visit.desk.mint(MINT, &again);
    visit.desk.enter(B, &format!("{SOCKET}?token={}", text_of(&renewed, "token")));
    assert_eq!(visit.desk.run(300_000), [json!([1, "closed 1000"])]);
    assert_eq!(visit.write(B, "c-1", "still here").len(), 1);
}

#[test]
fn what_cannot_be_taken_is_refused_by_its_id() {
    let mut visit = Visit::begin(Desk::slow());
    let error = |status: u16| json!([1, {"type":"error","id":"c-1","status":status}]);
    assert_eq!(visit.write(A, "c-1", ""), [error(400)]);
    assert_eq!(visit.write(A, "c-1", &"€".repeat(1366)), [error(413)]);
    assert_eq!(visit.desk.say(A, &json!({"type":"message","id":"c-1"})), [error(400)]);
    assert_eq!(visit.write(A, "c-1", "one").len(), 1);
    assert_eq!(visit.write(A, "c-2", "two"), [json!([1, {"type":"error","id":"c-2","status":429,"retryAfter":1}])]);
    assert_eq!(visit.texts(), ["one"]);
}

#[test]
fn a_token_in_the_first_frame_is_not_understood() {
    let mut visit = Visit::begin(Desk::silent());
    let error = json!([1, {"type":"error","status":400}]);
    assert_eq!(visit.desk.say(A, &json!({"type":"auth","token":visit.token})), std::slice::from_ref(&error));
    assert_eq!(desk::heard(&visit.desk.backend.receive(visit.desk.now, A, "not json")), [error]);
}

#[test]
fn whoever_comes_back_is_told_nothing_of_what_was_missed() {
    let mut visit = Visit::begin(Desk::silent());
    visit.desk.backend.disconnect(visit.desk.now, A);
    visit.desk.agent_says(&visit.conversation, "Are you there?");
    assert_eq!(visit.desk.enter(B, &visit.target()), Vec::<Value>::new());
}
