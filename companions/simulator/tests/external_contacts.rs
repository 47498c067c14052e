//! `external-contacts`: read on a socket, write by POST.

mod desk;

use desk::{A, B, Desk, NOW, ORIGIN, TIME, json_of, refusal, text_of};
use serde_json::{Value, json};
use simulator::{Connection, Request, Response};

const CONTACTS: &str = "/api/v2/conversations/messaging/external/contacts";

struct Visit {
    desk: Desk,
    contact: String,
    token: String,
}

impl Visit {
    fn begin(mut desk: Desk) -> Self {
        let minted = desk.mint(CONTACTS, &json!({}));
        let mut visit = Self {
            desk,
            contact: text_of(&minted, "contactId").to_owned(),
            token: text_of(&minted, "token").to_owned(),
        };
        visit.enter(A);
        visit
    }

    fn enter(&mut self, connection: Connection) -> Vec<Value> {
        let target = format!("{CONTACTS}?token={}", self.token);
        self.desk.enter(connection, &target)
    }

    fn renew(&mut self) {
        let minted = self.desk.mint(CONTACTS, &json!({"contactId":self.contact}));
        text_of(&minted, "token").clone_into(&mut self.token);
    }

    fn post(&mut self, body: &str) -> Response {
        self.post_to(&self.contact.clone(), body)
    }

    fn post_to(&mut self, contact: &str, body: &str) -> Response {
        let mut ask = Request::post(&format!("{CONTACTS}/{contact}/messages"), body).bearer(&self.token);
        ask.headers.origin = Some(ORIGIN.into());
        self.desk.request(&ask)
    }

    fn write(&mut self, text: &str) -> Response {
        self.post(&json!({"to":self.contact,"text":text}).to_string())
    }

    fn texts(&self) -> Vec<String> {
        self.desk.texts(&self.contact)
    }
}

#[test]
fn a_contact_is_greeted_posts_and_reads() {
    let mut visit = Visit::begin(Desk::silent());
    assert_eq!(visit.enter(B), [json!([2, {"type":"greeting","contactId":visit.contact,"timestamp":TIME}])]);
    let answer = visit.write("Hello");
    assert_eq!((answer.status, answer.headers["access-control-allow-origin"].as_str()), (200, ORIGIN));
    assert_eq!(json_of(&answer), json!({"id":visit.desk.last_id(&visit.contact),"timestamp":TIME}));
    assert_eq!(visit.desk.pass(0), Vec::<Value>::new(), "the visitor's own words are not echoed");
    assert_eq!(visit.texts(), ["Hello"]);

    let said = visit.desk.agent_says(&visit.contact, "Hi");
    let message = json!({
        "type":"message","id":visit.desk.last_id(&visit.contact),"from":{"role":"agent","name":"Ana"},"text":"Hi",
        "timestamp":TIME
    });
    assert_eq!(said, [json!([1, message]), json!([2, message])]);
    let typing = json!({"type":"typing","from":{"role":"agent"},"durationMs":5000});
    assert_eq!(visit.desk.agent_types(&visit.contact), [json!([1, typing]), json!([2, typing])]);
    let closed = json!({"type":"closed"});
    assert_eq!(visit.desk.agent_leaves(&visit.contact), [json!([1, closed]), json!([2, closed])]);
    assert_eq!(refusal(&visit.write("wait")).0, 400);
}

#[test]
fn an_expired_token_is_met_by_the_post_and_every_socket_closes_without_a_word() {
    let mut visit = Visit::begin(Desk::silent());
    visit.enter(B);
    assert_eq!(visit.desk.pass(900_000 - 1), Vec::<Value>::new());
    assert_eq!(visit.write("in time").status, 200);
    assert_eq!(visit.desk.pass(1), Vec::<Value>::new(), "nothing happens until somebody writes");
    assert_eq!(refusal(&visit.write("too late")).0, 401);
    assert_eq!(visit.desk.pass(0), [json!([1, "closed 1000"]), json!([2, "closed 1000"])]);
    assert_eq!(visit.texts(), ["in time"]);
}

#[test]
fn a_renewed_token_applies_to_the_next_post_and_the_socket_stays() {
    let mut visit = Visit::begin(Desk::silent());
    visit.desk.pass(800_000);
    visit.renew();
    visit.desk.pass(800_000);
    assert_eq!(visit.write("still here").status, 200);
    assert_eq!(visit.desk.agent_says(&visit.contact, "so am I").len(), 1);
}

#[test]
fn a_missing_scope_is_a_403_and_a_close_without_a_word() {
    let mut visit = Visit::begin(Desk::with_scopes(&["conversation:read", "guest:read", "guest:write"]));
    assert_eq!(refusal(&visit.write("Hello")).0, 403);
    assert_eq!(visit.desk.pass(0), [json!([1, "closed 1000"])]);
    assert_eq!(visit.texts(), [""; 0]);
}

#[test]
fn a_token_that_nobody_knows_is_greeted_and_met_by_the_first_post() {
    let mut visit = Visit::begin(Desk::silent());
    visit.token = "guess".into();
    let greeting = visit.enter(B).remove(0);
    let contact = text_of(&greeting[1], "contactId").to_owned();
    assert_ne!(contact, visit.contact);
    assert_eq!(visit.post_to(&contact, &json!({"to":contact,"text":"Hello"}).to_string()).status, 401);
    assert_eq!(visit.desk.pass(0), [json!([2, "closed 1000"])]);
    assert_eq!(visit.desk.backend.sessions().len(), 1, "no conversation comes of it");
}

#[test]
fn another_contact_than_the_tokens_is_a_mismatch_and_closes_nothing() {
    let mut visit = Visit::begin(Desk::silent());
    let mismatch = (409, "contact.mismatch".to_owned());
    let body = json!({"to":visit.contact,"text":"Hello"}).to_string();
    assert_eq!(refusal(&visit.post_to("someone-else", &body)), mismatch);
    assert_eq!(refusal(&visit.post(r#"{"to":"someone-else","text":"Hello"}"#)), mismatch);
    let other = visit.desk.mint(CONTACTS, &json!({}));
    let other = text_of(&other, "contactId");
    assert_eq!(refusal(&visit.post_to(other, &json!({"to":other,"text":"Hello"}).to_string())), mismatch);
    assert_eq!(visit.desk.texts(other), [""; 0]);
    assert_eq!(visit.desk.pass(0), Vec::<Value>::new());
    assert_eq!(visit.texts(), [""; 0]);
}

#[test]
fn what_cannot_be_taken_is_refused_with_its_status() {
    let mut visit = Visit::begin(Desk::slow());
    let to = visit.contact.clone();
    for body in [json!({"to":to,"text":""}), json!({"to":to}), json!({"text":"Hello"}), json!([])] {
        assert_eq!(refusal(&visit.post(&body.to_string())).0, 400, "{body}");
    }
    assert_eq!(refusal(&visit.post("Hello")).0, 400);
    assert_eq!(refusal(&visit.write(&"x".repeat(4097))).0, 413);
    assert_eq!(visit.write(&"x".repeat(4096)).status, 200);
    let hasty = visit.write("too fast");
    assert_eq!((refusal(&hasty).0, hasty.headers["retry-after"].as_str()), (429, "1"));
    assert!(hasty.headers["access-control-expose-headers"].contains("Retry-After"));
    visit.desk.pass(1000);
    assert_eq!(visit.write("slowly").status, 200);
    assert_eq!(visit.desk.now, NOW + 1000);
}

#[test]
fn whoever_comes_back_is_told_nothing_of_what_was_missed() {
    let mut visit = Visit::begin(Desk::silent());
    visit.desk.backend.disconnect(visit.desk.now, A);
    assert_eq!(visit.desk.agent_says(&visit.contact, "Are you there?"), Vec::<Value>::new());
    assert_eq!(visit.enter(B).len(), 1, "the greeting and nothing else");
}
