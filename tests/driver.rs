//! The driver against a real browser: its storage, locks, timers and events, and sockets and answers that only a broken network or a
//! hostile page would give. No server: what comes from one is played by the page (`tests/driver/page.js`).
#![cfg(target_arch = "wasm32")]
#![allow(clippy::unwrap_used, reason = "a test may; clippy knows `#[test]` only")]

#[path = "driver/page.rs"]
mod page;

#[path = "driver/api.rs"]
mod api;
#[path = "driver/http.rs"]
mod http;
#[path = "driver/life.rs"]
mod life;
#[path = "driver/socket.rs"]
mod socket;
#[path = "driver/storage.rs"]
mod storage;
#[path = "driver/tabs.rs"]
mod tabs;

use chat_proto::json::Value;
use chat_proto::time::Instant;
use guest_chat::driver::{clock, json, random};
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};

wasm_bindgen_test_configure!(run_in_browser);

#[wasm_bindgen_test]
fn what_is_printed_is_parsed_again() {
    let value = Value::object([
        ("text", "grüß 👋 \"quoted\" \u{2028}".into()),
        ("time", 9_007_199_254_740_991_u64.into()),
        ("ratio", Value::Number(-2.5)),
        ("list", [Value::Null, true.into(), Value::object([("deep", 1_u64.into())])].into()),
    ]);
    let text = json::print(&value).unwrap();
    assert!(text.contains("9007199254740991"), "whole numbers stay whole: {text}");
    assert_eq!(json::parse(&text), Some(value));
}

#[wasm_bindgen_test]
fn what_is_no_json_or_too_deep_is_none() {
    for text in ["", "{", "<!doctype html>", "undefined"] {
        assert_eq!(json::parse(text), None, "{text}");
    }
    let nested = |levels| "[".repeat(levels) + &"]".repeat(levels);
    assert!(json::parse(&nested(32)).is_some());
    assert!(json::parse(&nested(33)).is_none());
    assert!(json::parse(&nested(100_000)).is_none());
}

#[wasm_bindgen_test]
fn tokens_are_lower_case_version_4_uuids_and_differ() {
    let (one, other) = (random::uuid(), random::uuid());
    assert_ne!(one, other);
    assert_ne!(random::seed(), random::seed());
    for uuid in [one, other] {
        let parts: Vec<usize> = uuid.split('-').map(str::len).collect();
        assert_eq!(parts, [8, 4, 4, 4, 12]);
        assert!(uuid.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f' | b'-')), "{uuid}");
        assert_eq!(uuid.as_bytes()[14], b'4');
        assert!(matches!(uuid.as_bytes()[19], b'8' | b'9' | b'a' | b'b'));
    }
}

#[wasm_bindgen_test]
fn a_far_deadline_is_waited_for_in_slices() {
    let delays = page::Timers::watch();
    // 25 days and more would be a negative delay, and fire at once.
    drop(clock::timer(clock::mono() + 30 * 24 * 3_600_000, || ()));
    drop(clock::timer(Instant(0), || ()));
    assert_eq!(delays.asked(), [60_000.0, 0.0]);
    assert_eq!(delays.pending(), 0);
}
