//! OAuth, and the five places where guests' tokens are minted.

mod desk;

use desk::{A, Desk, NOW, json_of, refusal, text_of};
use serde_json::{Value, json};
use simulator::{OAuth, Request, Settings, Wire};

/// Where it is minted, what must be said, what the conversation is called, and how it is spoken in.
const MINTS: [(&str, &str, &str, Wire); 5] = [
    ("/api/v2/conversations/messaging/external/contacts", "{}", "contactId", Wire::ExternalContacts),
    ("/api/v2/guest/sessions/token", "{}", "sessionId", Wire::GuestSessions),
    (
        "/api/v2/guest/conversations/webchat/token",
        r#"{"name":"Guest User","email":"guest@example.com"}"#,
        "conversationId",
        Wire::GuestWebchat,
    ),
    ("/api/v2/conversations/webmessaging/guests", "{}", "conversationId", Wire::WebmessagingGuests),
    ("/api/v2/conversations/messaging/channels/token", "{}", "conversationId", Wire::ConversationSocket),
];

fn body(least: &str) -> Value {
    serde_json::from_str(least).expect("JSON")
}

#[test]
fn client_credentials_are_good_for_a_service_token() {
    let mut desk = Desk::silent();
    let mut ask = Request::post("/oauth/token", "grant_type=client_credentials");
    ask.headers.authorization = Some("Basic ZGVtby1jbGllbnQ6ZGVtby1zZWNyZXQ=".into());
    let answer = desk.request(&ask);
    assert_eq!((answer.status, answer.headers["content-type"].as_str()), (200, "application/json"));
    let answer = json_of(&answer);
    let token = answer["access_token"].clone();
    assert!(!token.as_str().unwrap().is_empty());
    assert_eq!(answer, json!({"access_token":token,"token_type":"bearer","expires_in":3600}));
    assert_ne!(json_of(&desk.request(&ask))["access_token"], token, "each is a new one");
}

#[test]
fn a_wrong_secret_another_client_and_no_credentials_are_all_refused_alike() {
    let mut desk = Desk::silent();
    let ask = || Request::post("/oauth/token", "grant_type=client_credentials");
    for wrong in [
        ask().basic("demo-client", "guess"),
        ask().basic("someone-else", "demo-secret"),
        ask(),
        ask().bearer("ZGVtby1jbGllbnQ6ZGVtby1zZWNyZXQ="),
    ] {
        let answer = desk.request(&wrong);
        assert_eq!((answer.status, json_of(&answer)), (401, json!({"error":"invalid_client"})));
    }
}

#[test]
fn only_the_grant_of_client_credentials_is_known() {
    let mut desk = Desk::silent();
    for form in ["", "grant_type=password", "grant_type"] {
        let answer = desk.request(&Request::post("/oauth/token", form).basic("demo-client", "demo-secret"));
        assert_eq!((answer.status, json_of(&answer)), (400, json!({"error":"unsupported_grant_type"})), "{form}");
    }
}

#[test]
fn each_mint_begins_a_conversation_of_its_own() {
    for (path, least, id, wire) in MINTS {
        let mut desk = Desk::silent();
        let first = desk.mint(path, &body(least));
        let mut wanted = json!({"token":first["token"],"expires_in":900});
        wanted[id] = first[id].clone();
        if wire == Wire::WebmessagingGuests {
            wanted["guestId"] = first["guestId"].clone();
            assert!(!text_of(&first, "guestId").is_empty());
        }
        assert_eq!(first, wanted);
        let second = desk.mint(path, &body(least));
        assert_ne!((&second[id], &second["token"]), (&first[id], &first["token"]));
        let sessions = desk.backend.sessions();
        assert_eq!(
            sessions.iter().map(|it| (it.token.as_str(), it.wire)).collect::<Vec<_>>(),
            [(text_of(&first, id), wire), (text_of(&second, id), wire)]
        );
        assert_eq!(sessions[0].expires, NOW + 900_000);
    }
}

#[test]
fn ids_of_an_earlier_answer_renew_and_unknown_ones_do_not() {
    for (path, least, id, wire) in MINTS {
        let mut desk = Desk::silent();
        let first = desk.mint(path, &body(least));
        let mut again = body(least);
        again[id] = first[id].clone();
        if wire == Wire::WebmessagingGuests {
            again["guestId"] = first["guestId"].clone();
        }
        let renewed = desk.mint(path, &again);
        assert_eq!((&renewed[id], &renewed["guestId"]), (&first[id], &first["guestId"]));
        assert_ne!(renewed["token"], first["token"]);
        assert_eq!(desk.backend.sessions().len(), 1);
        again[id] = "nobody's".into();
        assert_eq!(refusal(&desk.ask_mint(path, &again)), (404, "not.found".into()), "{path}");
        again[id] = 7.into();
        assert_eq!(refusal(&desk.ask_mint(path, &again)), (400, "bad.request".into()), "{path}");
    }
}

#[test]
fn a_guest_id_must_be_the_conversations() {
    let (path, mut desk) = (MINTS[3].0, Desk::silent());
    let first = desk.mint(path, &json!({}));
    let foreign = json!({"conversationId":first["conversationId"],"guestId":"someone-else"});
    assert_eq!(desk.ask_mint(path, &foreign).status, 404);
    assert_eq!(desk.ask_mint(path, &json!({"guestId":first["guestId"]})).status, 404);
}

#[test]
fn a_conversation_of_one_wire_is_unknown_to_the_others() {
    let mut desk = Desk::silent();
    let first = desk.mint(MINTS[4].0, &json!({}));
    let foreign = json!({"conversationId":first["conversationId"]});
    assert_eq!(desk.ask_mint(MINTS[3].0, &foreign).status, 404);
}

#[test]
fn a_webchat_guest_has_a_name_and_an_email() {
    let (path, mut desk) = (MINTS[2].0, Desk::silent());
    for wrong in [json!({}), json!({"name":"Guest User"}), json!({"name":"Guest User","email":7}), json!([])] {
        assert_eq!(desk.ask_mint(path, &wrong).status, 400, "{wrong}");
    }
}

#[test]
fn nobody_mints_without_a_living_service_token() {
    for (path, least, ..) in MINTS {
        let mut desk = Desk::silent();
        let ask = Request::post(path, least);
        let guest = desk.mint(path, &body(least));
        let service = desk.service();
        for wrong in [ask.clone(), ask.clone().bearer("guess"), ask.clone().bearer(text_of(&guest, "token"))] {
            assert_eq!(refusal(&desk.request(&wrong)), (401, "bad.credentials".into()), "{path}");
        }
        desk.now += 3_600_000 - 1;
        assert_eq!(desk.request(&ask.clone().bearer(&service)).status, 200, "{path}");
        desk.now += 1;
        assert_eq!(refusal(&desk.request(&ask.bearer(&service))), (401, "bad.credentials".into()), "{path}");
    }
}

#[test]
fn lives_change_while_it_runs_and_what_was_issued_keeps_its_own() {
    let mut desk = Desk::silent();
    let (path, service) = (MINTS[1].0, desk.service());
    let oauth = OAuth { service_token_seconds: 2, guest_token_seconds: 1, ..OAuth::default() };
    desk.backend.set_settings(Settings { oauth, ..desk.backend.settings().clone() });
    desk.now += 10_000;
    let old = desk.request(&Request::post(path, "").bearer(&service));
    assert_eq!((old.status, json_of(&old)["expires_in"].clone()), (200, json!(1)));
    let short = desk.service();
    desk.now += 2_000;
    assert_eq!(desk.request(&Request::post(path, "").bearer(&short)).status, 401);
}

#[test]
fn tokens_outlive_the_simulator() {
    let mut desk = Desk::silent();
    let (path, service) = (MINTS[2].0, desk.service());
    let before = desk.backend.revision();
    let guest = desk.mint(path, &body(MINTS[2].1));
    assert_ne!(desk.backend.revision(), before, "it is saved before anybody has it");
    let saved = desk.backend.save();
    let mut restarted = Desk::silent();
    restarted.backend.restore(&saved).unwrap();
    let target = format!("/api/v2/guest/conversations/webchat?token={}", text_of(&guest, "token"));
    assert_eq!(restarted.enter(A, &target), Vec::<Value>::new());
    assert_eq!(restarted.request(&Request::post(path, MINTS[2].1).bearer(&service)).status, 200);
}

#[test]
fn a_state_from_before_there_were_guests_is_still_read() {
    let mut desk = Desk::silent();
    let mut saved: Value = serde_json::from_str(&desk.backend.save()).unwrap();
    assert!(saved.as_object_mut().unwrap().remove("credentials").is_some());
    desk.backend.restore(&saved.to_string()).unwrap();
}
