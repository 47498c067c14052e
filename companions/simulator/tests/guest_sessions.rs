//! `guest-sessions`: one socket that lives as long as its token, and answers nothing.

mod desk;

use desk::{A, B, Desk, TIME, text_of};
use serde_json::{Value, json};
use simulator::Connection;

const MINT: &str = "/api/v2/guest/sessions/token";

struct Visit {
    desk: Desk,
    session: String,
    token: String,
}

impl Visit {
    fn begin(mut desk: Desk) -> Self {
        let minted = desk.mint(MINT, &json!({}));
        let mut visit = Self {
            desk,
            session: text_of(&minted, "sessionId").to_owned(),
            token: text_of(&minted, "token").to_owned(),
        };
        assert_eq!(visit.enter(A), Vec::<Value>::new(), "nobody speaks unless there is something to say");
        visit
    }

    fn enter(&mut self, connection: Connection) -> Vec<Value> {
        let target = format!("/api/v2/guest/sessions?token={}", self.token);
        self.desk.enter(connection, &target)
    }

    fn write(&mut self, connection: Connection, text: &str) -> Vec<Value> {
        self.desk.say(connection, &json!({"type":"message","content":text,"timestamp":TIME}))
    }

    fn texts(&self) -> Vec<String> {
        self.desk.texts(&self.session)
    }
}

#[test]
fn a_guest_writes_unanswered_and_reads_on_every_socket() {
    let mut visit = Visit::begin(Desk::silent());
    visit.enter(B);
    assert_eq!(visit.write(A, "Hello"), Vec::<Value>::new());
    assert_eq!(visit.write(B, "from here, too"), Vec::<Value>::new());
    assert_eq!(visit.texts(), ["Hello", "from here, too"]);

    let said = visit.desk.agent_says(&visit.session, "Hi");
    let message = json!({
        "type":"message","id":visit.desk.last_id(&visit.session),"sender":{"role":"agent","name":"Ana"},"content":"Hi",
        "timestamp":TIME
    });
    assert_eq!(said, [json!([1, message]), json!([2, message])]);
    let typing = visit.desk.agent_types(&visit.session).remove(0);
    assert_eq!((&typing[1]["type"], &typing[1]["durationMs"]), (&json!("typing"), &json!(5000)));
    assert_eq!(typing[1]["sender"]["role"], "agent");
    let moved = visit.desk.backend.queue(visit.desk.now, &visit.session, 3, 40);
    let queue = json!({"type":"queue","position":3,"waitSeconds":40});
    assert_eq!(desk::heard(&moved), [json!([1, queue]), json!([2, queue])]);
    let ended = json!({"type":"ended"});
    assert_eq!(visit.desk.agent_leaves(&visit.session), [json!([1, ended]), json!([2, ended])]);
    assert_eq!(visit.write(A, "wait"), [json!([1, "closed 1000"])]);
    assert_eq!(visit.texts().len(), 2);
}

#[test]
fn a_socket_dies_with_the_token_that_it_was_opened_with() {
    let mut visit = Visit::begin(Desk::silent());
    visit.desk.pass(600_000);
    let renewed = visit.desk.mint(MINT, &json!({"sessionId":visit.session}));
    visit.token = text_of(&renewed, "token").to_owned();
    assert_eq!(visit.enter(B), Vec::<Value>::new());
    assert_eq!(visit.desk.agent_says(&visit.session, "to both").len(), 2);
    assert_eq!(visit.desk.pass(299_999), Vec::<Value>::new());
    assert_eq!(visit.desk.pass(1), [json!([1, "closed 1000"])]);
    assert_eq!(visit.desk.agent_says(&visit.session, "to one").len(), 1);
    assert_eq!(visit.desk.run(600_000), [json!([2, "closed 1000"])]);
    assert_eq!(visit.desk.backend.next_due(), None);
}

#[test]
fn a_message_after_the_end_of_the_token_is_not_taken_even_if_nobody_has_looked_at_the_clock() {
    let mut visit = Visit::begin(Desk::silent());
    visit.desk.now += 900_000;
    assert_eq!(visit.write(A, "too late"), [json!([1, "closed 1000"])]);
    assert_eq!(visit.texts(), [""; 0]);
}

#[test]
fn a_missing_scope_looks_like_an_expiry() {
    let mut visit = Visit::begin(Desk::with_scopes(&["guest:read", "conversation:write"]));
    assert_eq!(visit.desk.agent_says(&visit.session, "I can be heard").len(), 1);
    assert_eq!(visit.write(A, "Hello"), [json!([1, "closed 1000"])]);
    assert_eq!(visit.texts(), [""; 0]);
}

#[test]
fn a_token_that_is_unknown_or_expired_is_let_in_and_closed_after_the_first_frame() {
    let mut visit = Visit::begin(Desk::silent());
    visit.desk.pass(900_000);
    for target in [
        format!("/api/v2/guest/sessions?token={}", visit.token),
        "/api/v2/guest/sessions?token=guess".into(),
        "/api/v2/guest/sessions".into(),
    ] {
        let connection = Connection(visit.desk.now);
        assert_eq!(visit.desk.enter(connection, &target), Vec::<Value>::new());
        assert_eq!(visit.desk.agent_says(&visit.session, "to nobody"), Vec::<Value>::new());
        assert_eq!(visit.desk.run(60_000), Vec::<Value>::new(), "it stays open until something is said");
        assert_eq!(visit.desk.say(connection, &json!({})), [json!([connection, "closed 1000"])], "{target}");
    }
}

#[test]
fn a_close_is_all_that_a_refusal_is_said_with() {
    for text in ["", &"x".repeat(4097)] {
        let mut visit = Visit::begin(Desk::silent());
        assert_eq!(visit.write(A, text), [json!([1, "closed 1000"])], "{} bytes", text.len());
    }
    let mut visit = Visit::begin(Desk::slow());
    assert_eq!(visit.write(A, "one"), Vec::<Value>::new());
    assert_eq!(visit.write(A, "two"), [json!([1, "closed 1000"])]);
    assert_eq!(visit.texts(), ["one"]);
}

#[test]
fn what_is_no_message_is_passed_over() {
    let mut visit = Visit::begin(Desk::silent());
    for frame in [json!({"type":"ping"}), json!({"type":"message"}), json!("Hello")] {
        assert_eq!(visit.desk.say(A, &frame), Vec::<Value>::new());
    }
    assert_eq!(visit.write(A, "Hello"), Vec::<Value>::new());
    assert_eq!(visit.texts(), ["Hello"]);
}
