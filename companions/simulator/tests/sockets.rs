//! The server through raw sockets and plain HTTP: what a browser would meet.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should fail where it stands")]

mod site;

use serde_json::{Value, json};
use simulator::{DEMO_DEPLOYMENT, Options, Server, Settings};
use site::{Site, TOKEN, ask, configure, text};

#[tokio::test]
async fn a_visitor_configures_writes_and_is_echoed() {
    let site = Site::silent().await;
    let mut socket = site.socket().await;
    let welcome = socket.ask(&configure()).await;
    assert_eq!((&welcome["tracingId"], &welcome["body"]["newSession"]), (&json!("a1"), &json!(true)));
    let echo = socket.ask(&text("hello")).await;
    assert_eq!((&echo["tracingId"], &echo["body"]["text"]), (&json!("m1"), &json!("hello")));
    assert_eq!(site.texts().await, ["hello"]);
}

#[tokio::test]
async fn two_tabs_hear_each_other_and_the_fourth_evicts_the_oldest() {
    let site = Site::silent().await;
    let mut tabs = Vec::new();
    for _ in 0..4 {
        tabs.push(site.configured().await);
    }
    assert_eq!(tabs[0].hear().await["class"], "ConnectionClosedEvent");
    assert_eq!(tabs[0].end().await, (0, 1000));
    tabs[1].say(&text("all of you")).await;
    for tab in &mut tabs[1..] {
        assert_eq!(tab.hear().await["body"]["text"], "all of you");
    }
}

#[tokio::test]
async fn quotas_and_sizes_hold_on_the_wire() {
    let site = Site::silent().await;
    let mut socket = site.configured().await;
    let long = socket.ask(&text(&"€".repeat(1366))).await;
    assert_eq!((&long["code"], &long["body"]), (&json!(4011), &json!("Message length 4098 is larger than 4096")));
    for _ in 0..2 {
        assert_eq!(socket.ask(&ask("echo")).await["type"], "response");
    }
    let refused = socket.ask(&ask("echo")).await;
    assert_eq!((&refused["class"], &refused["code"]), (&json!("TooManyRequestsErrorMessage"), &json!(429)));
    assert!((1..=60).contains(&refused["body"]["retryAfter"].as_u64().unwrap()));
}

#[tokio::test]
async fn an_upgrade_is_refused_with_the_status_of_its_reason() {
    let site = Site::silent().await;
    assert_eq!(site.upgrade("someone-elses").await.err(), Some(403));
    site.inject(json!({"on":"upgrade","count":2,"effect":{"status":{"status":503}}})).await;
    assert_eq!(site.upgrade(DEMO_DEPLOYMENT).await.err(), Some(503));
    assert_eq!(site.upgrade(DEMO_DEPLOYMENT).await.err(), Some(503));
    site.configured().await;
}

#[tokio::test]
async fn every_close_code_arrives_as_it_was_asked_for() {
    let site = Site::silent().await;
    for code in [1000, 1001, 1005, 1006, 1008, 1011, 1012, 1013, 3000, 4001] {
        let mut socket = site.configured().await;
        site.control("POST", "agent", &json!({"action":"close-all","code":code})).await;
        assert_eq!(socket.end().await, (0, code));
    }
}

#[tokio::test]
async fn a_message_is_cut_before_accept_after_accept_and_after_echo() {
    let site = Site::silent().await;
    let cases = [("beforeAccept", 0, false), ("afterAccept", 0, true), ("afterEcho", 1, true)];
    for (cut, echoes, accepted) in cases {
        let mut socket = site.configured().await;
        site.inject(json!({"on":{"request":"text"},"effect":{"close":{"code":1000,"cut":cut}}})).await;
        socket.say(&text(cut)).await;
        assert_eq!(socket.end().await, (echoes, 1000), "{cut}");
        assert_eq!(site.texts().await.contains(&cut.to_owned()), accepted, "{cut}");
    }
}

#[tokio::test]
async fn a_silent_drop_has_no_close_frame() {
    let site = Site::silent().await;
    let mut socket = site.configured().await;
    site.inject(json!({"on":{"request":"onMessage"},"effect":{"drop":{"cut":"afterAccept"}}})).await;
    socket.say(&text("gone")).await;
    assert_eq!(socket.end().await, (0, 1006));
    assert_eq!(site.texts().await, ["gone"]);
}

#[tokio::test]
async fn the_other_tab_hears_what_the_cut_one_does_not() {
    let site = Site::silent().await;
    let (mut cut, mut other) = (site.configured().await, site.configured().await);
    site.inject(json!({"on":{"request":"text"},"effect":{"close":{"code":1001}}})).await;
    cut.say(&text("half heard")).await;
    assert_eq!(cut.end().await, (0, 1001));
    assert_eq!(other.hear().await["body"]["text"], "half heard");
}

#[tokio::test]
async fn a_black_hole_keeps_the_connection_and_swallows_the_words() {
    let site = Site::silent().await;
    let (mut lost, mut other) = (site.configured().await, site.configured().await);
    site.inject(json!({"on":{"request":"text"},"connection":1,"effect":{"blackHole":{}}})).await;
    lost.say(&text("into the dark")).await;
    assert_eq!(other.ask(&text("in the light")).await["body"]["text"], "in the light");
    assert_eq!(site.texts().await, ["in the light"]);
    let connections = site.control("GET", "connections", &Value::Null).await;
    assert_eq!(connections.as_array().unwrap().len(), 2);
    assert_eq!(connections[1]["received"], json!({"configureSession":1,"onMessage":1}));
}

#[tokio::test]
async fn a_delayed_answer_arrives_by_itself() {
    let site = Site::silent().await;
    let mut socket = site.configured().await;
    site.inject(json!({"on":{"push":"Inbound"},"effect":{"delay":{"ms":50}}})).await;
    assert_eq!(socket.ask(&text("slow")).await["body"]["text"], "slow");
}

#[tokio::test]
async fn history_pages_newest_first_to_whom_a_jwt_was_given() {
    let site = Site::silent().await;
    let mut socket = site.configured().await;
    for n in 1..=30 {
        site.control("POST", "agent", &json!({"action":"say","text":format!("line {n}")})).await;
        socket.hear().await;
    }
    let jwt = socket.ask(&ask("getJwt")).await["body"]["jwt"].as_str().unwrap().to_owned();
    let bearer = format!("bearer {jwt}");
    let headers = [("Origin", "http://localhost:8080"), ("Authorization", bearer.as_str())];
    let page = async |number: u32| {
        let target = format!("/api/v2/webmessaging/messages?pageNumber={number}&pageSize=25");
        site.http("GET", &target, &headers, "").await.json()
    };
    let (first, second) = (page(1).await, page(2).await);
    assert_eq!((&first["total"], &first["pageCount"]), (&json!(30), &json!(2)));
    assert_eq!(first["entities"][0]["text"], "line 30");
    assert_eq!(second["entities"].as_array().unwrap().len(), 5);
    assert_eq!(second["entities"][4]["text"], "line 1");
    assert_eq!(site.get("/api/v2/webmessaging/messages").await.status, 401);
}

#[tokio::test]
async fn http_fails_in_every_way_that_it_is_told_to() {
    let site = Site::silent().await;
    let config = format!("/webdeployments/v1/deployments/{DEMO_DEPLOYMENT}/config.json");
    site.inject(json!({"on":{"http":"config.json"},"effect":{"status":{"status":429,"retryAfter":"soon"}}})).await;
    let refused = site.get(&config).await;
    assert_eq!(refused.status, 429);
    assert!(refused.head.contains("retry-after: soon"), "{}", refused.head);
    site.inject(json!({"on":{"http":"*"},"effect":{"status":{"status":200,"html":true}}})).await;
    assert!(site.get(&config).await.body.starts_with("<!doctype html>"));
    let fine = site.get(&config).await;
    assert_eq!(fine.json()["id"], DEMO_DEPLOYMENT);
    assert!(fine.head.contains("access-control-allow-origin: *"), "{}", fine.head);
    assert_eq!(fine.json()["apiEndpoint"], format!("http://{}", site.address));
}

#[tokio::test]
async fn a_browsers_preflight_is_answered() {
    let site = Site::silent().await;
    let headers = [
        ("Origin", "http://localhost:8080"),
        ("Access-Control-Request-Method", "GET"),
        ("Access-Control-Request-Headers", "authorization"),
    ];
    let answer = site.http("OPTIONS", "/api/v2/webmessaging/messages", &headers, "").await;
    assert_eq!(answer.status, 204);
    assert!(answer.head.contains("access-control-allow-origin: http://localhost:8080"), "{}", answer.head);
    assert!(answer.head.contains("authorization"), "{}", answer.head);
}

#[tokio::test]
async fn a_lever_without_a_token_is_the_newest_sessions() {
    let site = Site::silent().await;
    let mut socket = site.configured().await;
    site.control("POST", "agent", &json!({"action":"type"})).await;
    assert_eq!(socket.hear().await["body"]["events"][0]["eventType"], "Typing");
    site.control("POST", "agent", &json!({"action":"disconnect","token":TOKEN})).await;
    assert_eq!(socket.hear().await["body"]["metadata"]["readOnly"], "true");
    let sessions = site.control("GET", "sessions", &Value::Null).await;
    assert_eq!((&sessions[0]["token"], &sessions[0]["readOnly"]), (&json!(TOKEN), &json!(true)));
    site.control("POST", "agent", &json!({"action":"expire"})).await;
    assert_eq!(socket.hear().await["class"], "SessionExpiredEvent");
    assert_eq!(socket.end().await, (0, 1000));
}

#[tokio::test]
async fn control_names_what_it_does_not_understand() {
    let site = Site::silent().await;
    let post = async |target: &str, body: &str| site.http("POST", target, &[], body).await;
    let answer = post("/control/faults", r#"{"on":"upgrade","effect":{"hang":null}}"#).await;
    assert_eq!(answer.status, 400);
    assert!(answer.body.contains("cannot happen on Upgrade"), "{}", answer.body);
    assert_eq!(post("/control/agent", r#"{"action":"fly"}"#).await.status, 400);
    let answer = post("/control/settings", r#"{"limits":{"textBites":1}}"#).await;
    assert!(answer.body.contains("textBites"), "{}", answer.body);
}

#[tokio::test]
async fn settings_change_while_it_runs_and_reset_brings_them_back() {
    let site = Site::silent().await;
    let mut socket = site.configured().await;
    site.control("POST", "settings", &json!({"limits":{"textBytes":3}})).await;
    assert_eq!(socket.ask(&text("four")).await["code"], 4011);
    site.control("POST", "reset", &Value::Null).await;
    assert_eq!(socket.end().await, (0, 1001));
    let mut socket = site.socket().await;
    assert_eq!(socket.ask(&configure()).await["body"]["newSession"], true);
    assert_eq!(socket.ask(&text("four")).await["code"], 200);
}

#[tokio::test]
async fn a_killed_simulator_goes_on_from_its_state_file() {
    let state = std::env::temp_dir().join(format!("simulator-{}.json", std::process::id()));
    let options = Options {
        state: Some(state.clone()),
        settings: Settings { agent: false, ..Settings::default() },
        ..Options::default()
    };
    let first = Site::start(options.clone()).await;
    first.configured().await.ask(&text("before")).await;
    // The echo was heard, so the file has the message: nothing need be done on the way out.
    first.kill();
    let second = Site::start(options).await;
    let mut socket = second.socket().await;
    assert_eq!(socket.ask(&configure()).await["body"]["newSession"], false);
    socket.ask(&text("after")).await;
    assert_eq!(second.texts().await, ["before", "after"]);
    second.stop().await;
    std::fs::remove_file(state).unwrap();
}

#[tokio::test]
async fn a_stop_says_goodbye_with_1001() {
    let site = Site::silent().await;
    let mut socket = site.configured().await;
    let ((), ended) = tokio::join!(site.stop(), socket.end());
    assert_eq!(ended, (0, 1001));
}

#[tokio::test]
async fn a_taken_port_is_an_error_and_not_a_surprise() {
    let site = Site::silent().await;
    let second = Server::bind(Options { address: site.address, ..Options::default() }).await;
    let said = second.err().unwrap().to_string();
    assert_eq!(said, format!("{} is already in use; choose another with --port", site.address));
}

#[tokio::test]
async fn a_fault_that_cannot_go_over_the_wire_is_refused() {
    let site = Site::silent().await;
    for status in [99, 1000] {
        let rule = json!({ "on": "upgrade", "effect": { "status": { "status": status } } });
        let answer = site.http("POST", "/control/faults", &[], &rule.to_string()).await;
        assert_eq!(answer.status, 400, "{}", answer.body);
        assert!(answer.body.contains(&format!("status {status} is not one of 200 to 599")), "{}", answer.body);
    }
    assert_eq!(site.control("GET", "faults", &Value::Null).await, json!([]));
}

#[tokio::test]
async fn the_scripted_agent_answers_on_a_real_clock() {
    let site = Site::start(Options::default()).await;
    let mut socket = site.configured().await;
    socket.ask(&text("hello")).await;
    assert_eq!(socket.hear().await["body"]["events"][0]["eventType"], "Typing");
    let answer = socket.hear().await;
    assert_eq!(answer["body"]["direction"], "Outbound");
    assert_eq!(answer["body"]["channel"]["from"]["nickname"], "Ana");
}
