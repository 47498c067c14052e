//! `webmessaging-guests`: a CONNECT frame resumes by ids, and its token is good for one CONNECT.

mod desk;

use desk::{A, B, Desk, TIME, text_of};
use serde_json::{Value, json};
use simulator::Connection;

const MINT: &str = "/api/v2/conversations/webmessaging/guests";
const SOCKET: &str = "/api/v2/conversations/webmessaging/websocket";

struct Visit {
    desk: Desk,
    conversation: String,
    guest: String,
}

impl Visit {
    /// Minted, and nobody connected.
    fn outside(mut desk: Desk) -> (Self, String) {
        let minted = desk.mint(MINT, &json!({}));
        let [conversation, guest, token] =
            ["conversationId", "guestId", "token"].map(|name| text_of(&minted, name).to_owned());
        (Self { desk, conversation, guest }, token)
    }

    fn begin(desk: Desk) -> Self {
        let (mut visit, token) = Self::outside(desk);
        assert_eq!(visit.connect(A, &token), [visit.connected(A, false)]);
        visit
    }

    fn renewed(&mut self) -> String {
        let minted = self.desk.mint(MINT, &json!({"conversationId":self.conversation,"guestId":self.guest}));
        text_of(&minted, "token").to_owned()
    }

    fn hello(&self, token: &str) -> Value {
        json!({"type":"CONNECT","conversationId":self.conversation,"guestId":self.guest,"token":token})
    }

    fn connect(&mut self, connection: Connection, token: &str) -> Vec<Value> {
        assert_eq!(self.desk.enter(connection, SOCKET), Vec::<Value>::new(), "nobody speaks before CONNECT");
        let hello = self.hello(token);
        self.desk.say(connection, &hello)
    }

    fn connected(&self, connection: Connection, resumed: bool) -> Value {
        json!([connection, {"type":"CONNECTED","conversationId":self.conversation,"resumed":resumed}])
    }

    fn message(&self, id: &str, text: &str) -> Value {
        json!({"type":"SEND_MESSAGE","requestId":id,"conversationId":self.conversation,"text":text})
    }

    fn write(&mut self, connection: Connection, id: &str, text: &str) -> Vec<Value> {
        let message = self.message(id, text);
        self.desk.say(connection, &message)
    }

    fn texts(&self) -> Vec<String> {
        self.desk.texts(&self.conversation)
    }
}

fn error(connection: Connection, id: &str, status: u16) -> Value {
    json!([connection, {"type":"ERROR","requestId":id,"status":status}])
}

#[test]
fn a_guest_connects_is_echoed_and_reads_on_every_socket() {
    let mut visit = Visit::begin(Desk::silent());
    let token = visit.renewed();
    assert_eq!(visit.connect(B, &token), [visit.connected(B, true)]);
    let heard = visit.write(A, "r-1", "Hello");
    let id = visit.desk.last_id(&visit.conversation);
    let echo = json!({"type":"CONVERSATION_UPDATED","conversationId":visit.conversation,"messages":[
        {"id":id,"requestId":"r-1","role":"guest","text":"Hello","timestamp":TIME}
    ]});
    assert_eq!(heard, [json!([1, echo]), json!([2, echo])]);
    let accepted = visit.desk.backend.transcript(&visit.conversation).remove(0);
    assert_eq!((accepted.text.as_str(), accepted.client_id.as_deref()), ("Hello", Some("r-1")));

    let said = visit.desk.agent_says(&visit.conversation, "Hi");
    let id = visit.desk.last_id(&visit.conversation);
    let update = json!({"type":"CONVERSATION_UPDATED","conversationId":visit.conversation,"messages":[
        {"id":id,"role":"agent","name":"Ana","text":"Hi","timestamp":TIME}
    ]});
    assert_eq!(said, [json!([1, update]), json!([2, update])]);
    let typing = json!({"type":"TYPING","role":"agent","durationMs":5000});
    assert_eq!(visit.desk.agent_types(&visit.conversation)[0], json!([1, typing]));
    let closed = json!({"type":"CONVERSATION_UPDATED","conversationId":visit.conversation,"state":"closed"});
    assert_eq!(visit.desk.agent_leaves(&visit.conversation), [json!([1, closed]), json!([2, closed])]);
    assert_eq!(visit.write(A, "r-2", "wait"), [error(A, "r-2", 400)]);
}

#[test]
fn a_used_token_is_let_in_told_nothing_and_may_not_write() {
    let (mut visit, token) = Visit::outside(Desk::silent());
    visit.connect(A, &token);
    visit.write(A, "r-1", "before");
    visit.desk.backend.disconnect(visit.desk.now, A);
    visit.desk.agent_says(&visit.conversation, "missed");
    assert_eq!(visit.connect(B, &token), [visit.connected(B, true)], "and nothing is replayed");
    assert_eq!(visit.write(B, "r-2", "after"), [error(B, "r-2", 403)]);
    assert_eq!(visit.write(B, "r-3", "again"), [error(B, "r-3", 403)]);
    assert_eq!(visit.texts(), ["before"]);

    let fresh = visit.renewed();
    let hello = visit.hello(&fresh);
    assert_eq!(visit.desk.say(B, &hello), [visit.connected(B, true)], "a fresh one mends it");
    assert_eq!(visit.write(B, "r-4", "after all").len(), 1);
}

#[test]
fn a_fresh_token_resumes_on_a_new_socket() {
    let mut visit = Visit::begin(Desk::silent());
    visit.desk.backend.disconnect(visit.desk.now, A);
    visit.desk.agent_says(&visit.conversation, "missed");
    let token = visit.renewed();
    assert_eq!(visit.connect(B, &token), [visit.connected(B, true)]);
    assert_eq!(visit.write(B, "r-1", "back").len(), 1);
}

#[test]
fn ids_or_tokens_that_do_not_fit_are_refused_and_closed() {
    let (mut visit, token) = Visit::outside(Desk::silent());
    let other = visit.desk.mint(MINT, &json!({}));
    let right = visit.hello(&token);
    for (name, wrong) in [
        ("token", "guess"),
        ("token", text_of(&other, "token")),
        ("guestId", text_of(&other, "guestId")),
        ("conversationId", text_of(&other, "conversationId")),
    ] {
        visit.desk.now += 1;
        let connection = Connection(visit.desk.now);
        visit.desk.enter(connection, SOCKET);
        let mut hello = right.clone();
        hello[name] = wrong.into();
        let refused = [json!([connection, {"type":"ERROR","status":401}]), json!([connection, "closed 1008"])];
        assert_eq!(visit.desk.say(connection, &hello), refused, "{name}");
    }
    visit.desk.enter(A, SOCKET);
    assert_eq!(visit.desk.say(A, &right), [visit.connected(A, false)], "a refusal uses nothing up");
    visit.desk.now += 900_000;
    let late = visit.connect(B, &token);
    assert_eq!(late, [json!([2, {"type":"ERROR","status":401}]), json!([2, "closed 1008"])]);
}

#[test]
fn an_expiry_is_met_by_the_next_message() {
    let mut visit = Visit::begin(Desk::silent());
    assert_eq!(visit.desk.run(899_999), Vec::<Value>::new());
    assert_eq!(visit.write(A, "r-1", "in time").len(), 1);
    visit.desk.pass(1);
    assert_eq!(visit.write(A, "r-2", "too late"), [error(A, "r-2", 403)]);
    assert_eq!(visit.desk.agent_says(&visit.conversation, "I am still heard").len(), 1);
}

#[test]
fn no_scope_is_asked_for() {
    let mut visit = Visit::begin(Desk::with_scopes(&[]));
    assert_eq!(visit.write(A, "r-1", "Hello").len(), 1);
}

#[test]
fn what_cannot_be_taken_is_refused_by_its_request_id() {
    let mut visit = Visit::begin(Desk::slow());
    assert_eq!(visit.write(A, "r-1", ""), [error(A, "r-1", 400)]);
    assert_eq!(visit.write(A, "r-2", &"x".repeat(4097)), [error(A, "r-2", 413)]);
    let mut elsewhere = visit.message("r-3", "Hello");
    elsewhere["conversationId"] = "someone-else".into();
    assert_eq!(visit.desk.say(A, &elsewhere), [error(A, "r-3", 400)]);
    assert_eq!(visit.desk.say(A, &json!({"type":"FLY"})), [json!([1, {"type":"ERROR","status":400}])]);
    assert_eq!(visit.write(A, "r-4", "one").len(), 1);
    let hasty = json!([1, {"type":"ERROR","requestId":"r-5","status":429,"retryAfter":1}]);
    assert_eq!(visit.write(A, "r-5", "two"), [hasty]);
    assert_eq!(visit.texts(), ["one"]);
}

#[test]
fn nothing_is_taken_before_connect() {
    let (mut visit, _) = Visit::outside(Desk::silent());
    visit.desk.enter(A, SOCKET);
    assert_eq!(visit.write(A, "r-1", "early"), [error(A, "r-1", 400)]);
    assert_eq!(visit.desk.agent_says(&visit.conversation, "to nobody"), Vec::<Value>::new());
}

#[test]
fn a_heartbeat_comes_back_and_typing_does_not() {
    let mut visit = Visit::begin(Desk::silent());
    let beat = json!({"type":"HEARTBEAT"});
    assert_eq!(visit.desk.say(A, &beat), [json!([1, beat])]);
    assert_eq!(visit.desk.say(A, &json!({"type":"TYPING"})), Vec::<Value>::new());
}

#[test]
fn a_traceparent_is_nobodys_business() {
    let (mut visit, token) = Visit::outside(Desk::silent());
    visit.desk.enter(A, SOCKET);
    let mut hello = visit.hello(&token);
    hello["traceparent"] = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".into();
    assert_eq!(visit.desk.say(A, &hello), [visit.connected(A, false)]);
}
