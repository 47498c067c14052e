//! The wires of the field through raw sockets and plain HTTP: what a browser and a proxy would meet.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should fail where it stands")]

mod site;

use serde_json::{Value, json};
use simulator::{Options, Settings};
use site::{Answer, Site};

const CONTACTS: &str = "/api/v2/conversations/messaging/external/contacts";
const GUEST: &str = r#"{"name":"Guest User","email":"guest@example.com"}"#;

async fn accepted(site: &Site, conversation: &Value) -> Vec<String> {
    let target = format!("transcript?token={}", conversation.as_str().unwrap());
    let rows = site.control("GET", &target, &Value::Null).await;
    rows.as_array().unwrap().iter().map(|row| row["text"].as_str().unwrap().to_owned()).collect()
}

/// As a page posts: with an origin and a content type.
async fn post(site: &Site, grant: &Value, text: &str) -> Answer {
    let contact = grant["contactId"].as_str().unwrap();
    let bearer = format!("Bearer {}", grant["token"].as_str().unwrap());
    let headers =
        [("Origin", "http://localhost:8080"), ("Authorization", &bearer), ("Content-Type", "application/json")];
    let body = json!({"to":contact,"text":text}).to_string();
    site.http("POST", &format!("{CONTACTS}/{contact}/messages"), &headers, &body).await
}

#[tokio::test]
async fn a_contact_is_minted_and_met_on_one_path_and_written_to_below_it() {
    let site = Site::silent().await;
    let grant = site.mint(CONTACTS, "{}").await;
    let mut socket = site.open(&format!("{CONTACTS}?token={}", grant["token"].as_str().unwrap())).await.unwrap();
    let greeting = socket.hear().await;
    assert_eq!((&greeting["type"], &greeting["contactId"]), (&json!("greeting"), &grant["contactId"]));
    let answer = post(&site, &grant, "Hello").await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert!(answer.head.contains("access-control-allow-origin: http://localhost:8080"), "{}", answer.head);
    assert_eq!(accepted(&site, &grant["contactId"]).await, ["Hello"]);
    site.control("POST", "agent", &json!({"action":"say","text":"Hi","token":grant["contactId"]})).await;
    assert_eq!(socket.hear().await["text"], "Hi");
    site.control("POST", "agent", &json!({"action":"expire"})).await;
    assert_eq!(post(&site, &grant, "too late").await.status, 401);
    assert_eq!(socket.end().await, (0, 1000));
}

#[tokio::test]
async fn a_browsers_preflight_is_answered_where_it_posts() {
    let site = Site::silent().await;
    for target in [CONTACTS.to_owned(), format!("{CONTACTS}/abc/messages")] {
        let headers = [
            ("Origin", "http://localhost:8080"),
            ("Access-Control-Request-Method", "POST"),
            ("Access-Control-Request-Headers", "authorization,content-type"),
        ];
        let answer = site.http("OPTIONS", &target, &headers, "").await;
        assert_eq!(answer.status, 204, "{target}");
        for allowed in ["access-control-allow-methods: get, post", "authorization, content-type"] {
            assert!(answer.head.contains(allowed), "{target}: {}", answer.head);
        }
    }
}

#[tokio::test]
async fn a_session_without_the_scope_to_write_closes_after_its_first_message() {
    let site = Site::silent().await;
    let mint = "/api/v2/guest/sessions/token";
    let patch = json!({"oauth":{"scopes":["guest:read"]}});
    site.control("POST", "settings", &patch).await;
    let grant = site.mint(mint, "").await;
    let mut socket = site.open(&format!("/api/v2/guest/sessions?token={}", grant["token"].as_str().unwrap())).await;
    let socket = socket.as_mut().unwrap();
    site.control("POST", "agent", &json!({"action":"queue","position":3,"waitSeconds":40})).await;
    assert_eq!(socket.hear().await, json!({"type":"queue","position":3,"waitSeconds":40}));
    socket.say(&json!({"type":"message","content":"Hello"})).await;
    assert_eq!(socket.end().await, (0, 1000));
    assert_eq!(accepted(&site, &grant["sessionId"]).await, [""; 0]);
}

#[tokio::test]
async fn a_webchat_without_a_good_token_is_a_403_at_the_upgrade() {
    let site = Site::silent().await;
    let socket = "/api/v2/guest/conversations/webchat";
    assert_eq!(site.open(socket).await.err(), Some(403));
    let grant = site.mint("/api/v2/guest/conversations/webchat/token", GUEST).await;
    let token = grant["token"].as_str().unwrap();
    assert_eq!(site.open(&format!("{socket}?token={token}x")).await.err(), Some(403));
    let mut open = site.open(&format!("{socket}?traceparent=00-1&token={token}")).await.unwrap();
    let echo = open.ask(&json!({"type":"message","id":"c-1","text":"Hello"})).await;
    assert_eq!((&echo["id"], &echo["sender"]["role"]), (&json!("c-1"), &json!("guest")));
}

#[tokio::test]
async fn a_token_dies_on_a_real_clock_and_takes_its_socket_along() {
    let site = Site::silent().await;
    site.control("POST", "settings", &json!({"oauth":{"guestTokenSeconds":1}})).await;
    let grant = site.mint("/api/v2/guest/conversations/webchat/token", GUEST).await;
    assert_eq!(grant["expires_in"], 1);
    let target = format!("/api/v2/guest/conversations/webchat?token={}", grant["token"].as_str().unwrap());
    assert_eq!(site.open(&target).await.unwrap().end().await, (0, 1000));
    assert_eq!(site.open(&target).await.err(), Some(403));
}

#[tokio::test]
async fn a_used_token_connects_and_may_not_write() {
    let site = Site::silent().await;
    let grant = site.mint("/api/v2/conversations/webmessaging/guests", "{}").await;
    let mut hello = grant.clone();
    hello["type"] = "CONNECT".into();
    let send = json!({
        "type":"SEND_MESSAGE","requestId":"r-1","conversationId":grant["conversationId"],"text":"Hello"
    });
    let mut first = site.open("/api/v2/conversations/webmessaging/websocket").await.unwrap();
    assert_eq!(first.ask(&hello).await["resumed"], false);
    assert_eq!(first.ask(&send).await["messages"][0]["requestId"], "r-1");
    let mut second = site.open("/api/v2/conversations/webmessaging/websocket").await.unwrap();
    assert_eq!(second.ask(&hello).await["resumed"], true);
    assert_eq!(second.ask(&send).await, json!({"type":"ERROR","requestId":"r-1","status":403}));
}

#[tokio::test]
async fn whoever_does_not_authenticate_first_is_dropped_without_a_close_handshake() {
    let site = Site::silent().await;
    let grant = site.mint("/api/v2/conversations/messaging/channels/token", "{}").await;
    for path in ["/api/v2/conversations/messaging/channels/ws", "/api/v2/conversations/websocket"] {
        let mut rash = site.open(path).await.unwrap();
        rash.say(&json!({"action":"join","conversationId":grant["conversationId"]})).await;
        assert_eq!(rash.end().await, (0, 1006));
        let mut socket = site.open(path).await.unwrap();
        let auth = json!({"action":"auth","token":grant["token"],"client":"widget","version":"1.0"});
        assert_eq!(socket.ask(&auth).await, json!({"action":"auth","status":"success"}));
        let joined = socket.ask(&json!({"action":"join","conversationId":grant["conversationId"]})).await;
        assert_eq!(joined["status"], "success");
        assert_eq!(socket.ask(&json!({"action":"ping"})).await, json!({"action":"pong"}));
    }
}

#[tokio::test]
async fn control_shows_which_wire_is_spoken() {
    let site = Site::silent().await;
    let grant = site.mint("/api/v2/conversations/webmessaging/guests", "{}").await;
    let _socket = site.open("/api/v2/conversations/websocket").await.unwrap();
    let sessions = site.control("GET", "sessions", &Value::Null).await;
    assert_eq!(
        (&sessions[0]["token"], &sessions[0]["wire"]),
        (&grant["conversationId"], &json!("webmessaging-guests"))
    );
    let connections = site.control("GET", "connections", &Value::Null).await;
    assert_eq!((&connections[0]["wire"], &connections[0]["token"]), (&json!("conversation-socket"), &Value::Null));
}

#[tokio::test]
async fn a_killed_simulator_knows_its_guests_again() {
    let state = std::env::temp_dir().join(format!("simulator-guests-{}.json", std::process::id()));
    let options = Options {
        state: Some(state.clone()),
        settings: Settings { agent: false, ..Settings::default() },
        ..Options::default()
    };
    let first = Site::start(options.clone()).await;
    let grant = first.mint(CONTACTS, "{}").await;
    assert_eq!(post(&first, &grant, "before").await.status, 200);
    first.kill();
    let second = Site::start(options).await;
    assert_eq!(post(&second, &grant, "after").await.status, 200);
    assert_eq!(accepted(&second, &grant["contactId"]).await, ["before", "after"]);
    second.stop().await;
    std::fs::remove_file(state).unwrap();
}
