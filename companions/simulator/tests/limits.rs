//! The documented quotas and sizes, each at its edge.

mod bench;

use bench::{A, B, Bench, NOW, ORIGIN, configure, gist, text, typing, with_token};
use serde_json::json;
use simulator::{Connection, DEMO_DEPLOYMENT, Limits, Request, Settings};

#[test]
fn a_health_check_is_answered_to_its_connection_alone_within_its_quota() {
    let mut bench = Bench::silent();
    bench.configured(A);
    bench.configured(B);
    let echo = with_token(json!({
        "action":"echo","message":{"type":"Text","text":"ping"},"tracingId":"SGVhbHRoQ2hlY2tNZXNzYWdlSWQ="
    }));
    let pong = bench.ask(A, &echo);
    assert_eq!(pong["type"], "response");
    assert_eq!(pong["tracingId"], "SGVhbHRoQ2hlY2tNZXNzYWdlSWQ=");
    assert_eq!(pong["body"]["text"], "ping");
    assert_eq!(pong["body"]["metadata"]["durationSeconds"], "259200");
    assert_eq!(pong["body"]["metadata"]["expirationDate"], (NOW / 1000 + 259_200).to_string());
    bench.ask(A, &echo);
    let third = bench.ask(A, &echo);
    assert_eq!(third["class"], "TooManyRequestsErrorMessage");
    assert_eq!((&third["code"], &third["body"]["retryAfter"]), (&json!(429), &json!(60)));
    assert_eq!(third["body"]["errorCode"], 4029);
    assert_eq!(bench.ask(B, &echo)["class"], "StructuredMessage");
    bench.pass(60_000);
    assert_eq!(bench.ask(A, &echo)["class"], "StructuredMessage");
    assert!(bench.texts().is_empty());
}

#[test]
fn the_sixth_message_within_a_second_waits() {
    let mut bench = Bench::silent();
    bench.configured(A);
    for n in 0..5 {
        bench.send(A, &text("quick", &n.to_string()));
    }
    let answer = bench.ask(A, &text("too quick", "six"));
    assert_eq!((&answer["tracingId"], &answer["body"]["retryAfter"]), (&json!("six"), &json!(1)));
    bench.pass(1000);
    bench.send(A, &text("patient", "seven"));
    assert_eq!(bench.texts().len(), 6);
}

#[test]
fn sixty_requests_a_minute_are_all_a_connection_has() {
    let limits = Limits { messages_per_second: 1000, ..Limits::default() };
    let mut bench = Bench::new(Settings { agent: false, limits, ..Settings::default() });
    bench.configured(A);
    for n in 0..59 {
        assert_eq!(bench.ask(A, &text("on and on", &n.to_string()))["code"], 200);
    }
    assert_eq!(bench.ask(A, &typing())["code"], 429);
    bench.configured(B);
    assert_eq!(bench.texts().len(), 59);
}

#[test]
fn a_deployment_takes_a_thousand_new_connections_a_minute() {
    let mut bench = Bench::silent();
    for n in 0..1000 {
        bench.open(Connection(n));
    }
    let refusal = bench.backend.upgrade(NOW, Connection(1000), DEMO_DEPLOYMENT, None).unwrap_err();
    assert_eq!((refusal.status, refusal.retry_after.as_deref()), (429, Some("60")));
    bench.pass(60_000);
    bench.open(Connection(1000));
}

#[test]
fn a_text_is_measured_in_bytes() {
    let mut bench = Bench::silent();
    bench.configured(A);
    assert_eq!(bench.ask(A, &text(&"x".repeat(4096), "fits"))["code"], 200);
    let answer = bench.ask(A, &text(&"€".repeat(1366), "long"));
    assert_eq!(answer["code"], 4011);
    assert_eq!(answer["body"], "Message length 4098 is larger than 4096");
    assert_eq!(answer["tracingId"], "long");
}

#[test]
fn custom_attributes_are_measured_in_both_their_places() {
    let mut bench = Bench::silent();
    bench.configured(A);
    let attributes = json!({"metadata":{"customAttributes":{"note":"x".repeat(2048)}}});
    let mut inside = text("hi", "m1");
    inside["message"]["channel"] = attributes.clone();
    let mut outside = text("hi", "m2");
    outside["channel"] = attributes;
    for frame in [inside, outside] {
        let answer = bench.ask(A, &frame);
        assert_eq!(answer["code"], 4013);
        assert_eq!(answer["body"], "Custom Attributes in channel metadata is larger than 2048 bytes");
    }
}

#[test]
fn fourth_connection_evicts_the_oldest() {
    let mut bench = Bench::silent();
    for n in 1..=3 {
        bench.configured(Connection(n));
    }
    bench.open(Connection(4));
    let actions = bench.send(Connection(4), &configure());
    assert_eq!(gist(&actions), ["1 ConnectionClosedEvent", "1 closed 1000", "4 SessionResponse"]);
    let actions = bench.send(Connection(2), &text("still here", "m1"));
    assert_eq!(gist(&actions), ["2 still here", "3 still here", "4 still here"]);
    assert!(bench.send(A, &text("evicted", "m2")).is_empty());
}

#[test]
fn configuring_twice_on_one_socket_takes_one_place() {
    let mut bench = Bench::silent();
    bench.configured(A);
    bench.configured(B);
    bench.configured(Connection(3));
    assert_eq!(gist(&bench.send(A, &configure())), ["1 SessionResponse"]);
}

#[test]
fn the_eleventh_history_request_in_a_minute_is_refused_with_retry_after() {
    let mut bench = Bench::silent();
    bench.configured(A);
    for _ in 0..10 {
        bench.history(A, "");
    }
    let answer = bench.ask(A, &with_token(json!({"action":"getJwt"})));
    let get = Request::get("/api/v2/webmessaging/messages", ORIGIN).bearer(answer["body"]["jwt"].as_str().unwrap());
    let response = bench.backend.request(bench.now, &get);
    assert_eq!((response.status, response.headers["retry-after"].as_str()), (429, "60"));
}
