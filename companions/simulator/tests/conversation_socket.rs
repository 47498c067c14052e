//! `conversation-socket`: the first frame authenticates, the second joins, and a token is renewed in place.

mod desk;

use desk::{A, B, Desk, TIME, text_of};
use serde_json::{Value, json};
use simulator::Connection;

const MINT: &str = "/api/v2/conversations/messaging/channels/token";
const SOCKETS: [&str; 2] = ["/api/v2/conversations/messaging/channels/ws", "/api/v2/conversations/websocket"];

struct Visit {
    desk: Desk,
    conversation: String,
    token: String,
}

impl Visit {
    /// A socket on which nothing has been said.
    fn outside(mut desk: Desk) -> Self {
        let minted = desk.mint(MINT, &json!({}));
        let [conversation, token] = ["conversationId", "token"].map(|name| text_of(&minted, name).to_owned());
        assert_eq!(desk.enter(A, SOCKETS[0]), Vec::<Value>::new());
        Self { desk, conversation, token }
    }

    fn begin(desk: Desk) -> Self {
        let mut visit = Self::outside(desk);
        assert_eq!(visit.auth(A), [success(A)]);
        assert_eq!(visit.join(A), [visit.joined(A)]);
        visit
    }

    fn auth(&mut self, connection: Connection) -> Vec<Value> {
        let auth = json!({"action":"auth","token":self.token,"client":"widget","version":"1.0"});
        self.desk.say(connection, &auth)
    }

    fn join(&mut self, connection: Connection) -> Vec<Value> {
        let join = json!({"action":"join","conversationId":self.conversation});
        self.desk.say(connection, &join)
    }

    fn joined(&self, connection: Connection) -> Value {
        json!([connection, {"action":"join","status":"success","conversationId":self.conversation}])
    }

    fn write(&mut self, connection: Connection, id: &str, text: &str) -> Vec<Value> {
        self.desk.say(connection, &json!({"action":"message","id":id,"text":text}))
    }

    fn renew(&mut self) {
        let minted = self.desk.mint(MINT, &json!({"conversationId":self.conversation}));
        text_of(&minted, "token").clone_into(&mut self.token);
    }

    fn texts(&self) -> Vec<String> {
        self.desk.texts(&self.conversation)
    }
}

fn success(connection: Connection) -> Value {
    json!([connection, {"action":"auth","status":"success"}])
}

fn expired(connection: Connection) -> Value {
    json!([connection, {"action":"auth","status":"expired"}])
}

fn dropped(connection: Connection) -> Value {
    json!([connection, "dropped"])
}

fn error(id: &str, status: u16) -> Value {
    json!([1, {"action":"error","id":id,"status":status}])
}

#[test]
fn a_guest_joins_on_either_path_is_echoed_and_reads_on_every_socket() {
    let mut visit = Visit::begin(Desk::silent());
    visit.desk.enter(B, SOCKETS[1]);
    visit.auth(B);
    assert_eq!(visit.join(B), [visit.joined(B)]);
    let echo = json!({"action":"message","id":"c-1","role":"guest","text":"Hello","timestamp":TIME});
    assert_eq!(visit.write(A, "c-1", "Hello"), [json!([1, echo]), json!([2, echo])]);
    let accepted = visit.desk.backend.transcript(&visit.conversation).remove(0);
    assert_eq!((accepted.text.as_str(), accepted.client_id.as_deref()), ("Hello", Some("c-1")));

    let said = visit.desk.agent_says(&visit.conversation, "Hi");
    let id = visit.desk.last_id(&visit.conversation);
    let message = json!({"action":"message","id":id,"role":"agent","name":"Ana","text":"Hi","timestamp":TIME});
    assert_eq!(said, [json!([1, message]), json!([2, message])]);
    let typing = json!({"action":"typing","role":"agent","durationMs":5000});
    assert_eq!(visit.desk.agent_types(&visit.conversation)[0], json!([1, typing]));
    let ended = json!({"action":"ended"});
    assert_eq!(visit.desk.agent_leaves(&visit.conversation), [json!([1, ended]), json!([2, ended])]);
    assert_eq!(visit.write(A, "c-2", "wait"), [error("c-2", 400)]);
}

#[test]
fn the_other_form_of_auth_is_answered_in_kind() {
    let mut visit = Visit::outside(Desk::silent());
    let auth = json!({"type":"auth","token":visit.token});
    assert_eq!(visit.desk.say(A, &auth), [json!([1, {"type":"auth-success"}])]);
    assert_eq!(visit.join(A), [visit.joined(A)]);
}

#[test]
fn whoever_does_not_authenticate_within_five_seconds_is_dropped() {
    let mut visit = Visit::outside(Desk::silent());
    assert_eq!(visit.desk.pass(4999), Vec::<Value>::new());
    assert_eq!(visit.desk.pass(1), [dropped(A)]);
    visit.desk.enter(B, SOCKETS[0]);
    visit.desk.pass(4999);
    assert_eq!(visit.auth(B), [success(B)]);
}

#[test]
fn another_frame_before_auth_is_dropped() {
    for early in [json!({"action":"join","conversationId":"c"}), json!({"action":"ping"}), json!({}), json!("auth")] {
        let mut visit = Visit::outside(Desk::silent());
        assert_eq!(visit.desk.say(A, &early), [dropped(A)], "{early}");
    }
}

#[test]
fn a_bad_token_fails_and_is_dropped() {
    let failed = [json!([1, {"action":"auth","status":"failed"}]), dropped(A)];
    let mut visit = Visit::outside(Desk::silent());
    assert_eq!(visit.desk.say(A, &json!({"type":"auth","token":"guess"})), failed);
    let mut visit = Visit::outside(Desk::silent());
    visit.token = text_of(&visit.desk.mint("/api/v2/guest/sessions/token", &json!({})), "token").to_owned();
    assert_eq!(visit.auth(A), failed);
    let mut visit = Visit::outside(Desk::silent());
    visit.desk.run(900_000);
    visit.desk.enter(B, SOCKETS[0]);
    assert_eq!(visit.auth(B), [json!([2, {"action":"auth","status":"failed"}]), dropped(B)]);
}

#[test]
fn whoever_says_nothing_behind_auth_is_dropped_after_half_a_second() {
    let mut visit = Visit::outside(Desk::silent());
    visit.auth(A);
    assert_eq!(visit.desk.pass(499), Vec::<Value>::new());
    assert_eq!(visit.desk.pass(1), [dropped(A)]);
}

#[test]
fn a_keep_alive_behind_auth_is_something() {
    let mut visit = Visit::outside(Desk::silent());
    visit.auth(A);
    for _ in 0..3 {
        assert_eq!(visit.desk.pass(400), Vec::<Value>::new());
        assert_eq!(visit.desk.say(A, &json!({"action":"ping"})), [json!([1, {"action":"pong"}])]);
    }
    assert_eq!(visit.join(A), [visit.joined(A)]);
    assert_eq!(visit.desk.pass(10_000), Vec::<Value>::new());
}

#[test]
fn without_the_scope_to_listen_the_join_is_dropped_without_a_word() {
    let mut visit = Visit::outside(Desk::with_scopes(&["conversation:write"]));
    assert_eq!(visit.auth(A), [success(A)]);
    assert_eq!(visit.join(A), [dropped(A)]);
}

#[test]
fn without_the_scope_to_send_the_first_message_is_dropped_without_a_word() {
    let mut visit = Visit::begin(Desk::with_scopes(&["conversation:read"]));
    assert_eq!(visit.desk.agent_says(&visit.conversation, "I can be heard").len(), 1);
    assert_eq!(visit.write(A, "c-1", "Hello"), [dropped(A)]);
    assert_eq!(visit.texts(), [""; 0]);
}

#[test]
fn another_conversation_cannot_be_joined() {
    let mut visit = Visit::outside(Desk::silent());
    visit.auth(A);
    visit.conversation = "someone-else".into();
    assert_eq!(visit.join(A), [dropped(A)]);
}

#[test]
fn an_expired_token_is_said_and_renewed_on_the_same_socket_without_a_join() {
    let mut visit = Visit::begin(Desk::silent());
    assert_eq!(visit.desk.pass(899_999), Vec::<Value>::new());
    assert_eq!(visit.desk.pass(1), [expired(A)]);
    assert_eq!(visit.write(A, "c-1", "between"), [error("c-1", 401)]);
    assert_eq!(visit.desk.pass(29_999), Vec::<Value>::new());
    visit.renew();
    assert_eq!(visit.auth(A), [success(A)]);
    assert_eq!(visit.write(A, "c-2", "after").len(), 1);
    assert_eq!(visit.texts(), ["after"]);
    assert_eq!(visit.desk.run(899_999), Vec::<Value>::new());
    assert_eq!(visit.desk.pass(1), [expired(A)]);
}

#[test]
fn whoever_brings_no_new_token_for_half_a_minute_is_dropped() {
    let mut visit = Visit::begin(Desk::silent());
    visit.desk.pass(900_000);
    assert_eq!(visit.desk.pass(29_999), Vec::<Value>::new());
    assert_eq!(visit.desk.pass(1), [dropped(A)]);
}

#[test]
fn whoever_waits_for_a_new_token_is_not_asked_for_it_again() {
    let mut visit = Visit::begin(Desk::silent());
    for told in [vec![expired(A)], vec![]] {
        assert_eq!(desk::heard(&visit.desk.backend.expire(visit.desk.now, &visit.conversation, true)), told);
    }
}

#[test]
fn a_renewal_before_the_end_is_never_told_of_the_end() {
    let mut visit = Visit::begin(Desk::silent());
    visit.desk.pass(700_000);
    visit.renew();
    visit.auth(A);
    assert_eq!(visit.desk.run(899_999), Vec::<Value>::new());
}

#[test]
fn a_renewal_must_be_for_the_conversation_that_was_joined() {
    let mut visit = Visit::begin(Desk::silent());
    visit.token = text_of(&visit.desk.mint(MINT, &json!({})), "token").to_owned();
    assert_eq!(visit.auth(A), [json!([1, {"action":"auth","status":"failed"}]), dropped(A)]);
}

#[test]
fn what_cannot_be_taken_is_refused_by_its_id() {
    let mut visit = Visit::begin(Desk::slow());
    assert_eq!(visit.write(A, "c-1", ""), [error("c-1", 400)]);
    assert_eq!(visit.write(A, "c-2", &"x".repeat(4097)), [error("c-2", 413)]);
    assert_eq!(visit.desk.say(A, &json!({"action":"fly"})), [json!([1, {"action":"error","status":400}])]);
    assert_eq!(visit.write(A, "c-3", "one").len(), 1);
    let hasty = json!([1, {"action":"error","id":"c-4","status":429,"retryAfter":1}]);
    assert_eq!(visit.write(A, "c-4", "two"), [hasty]);
    assert_eq!(visit.texts(), ["one"]);
}

#[test]
fn typing_is_repeated_to_nobody() {
    let mut visit = Visit::begin(Desk::silent());
    assert_eq!(visit.desk.say(A, &json!({"action":"typing"})), Vec::<Value>::new());
}
