//! One request: what is asked, and what a session hears of the answer.

use std::cell::RefCell;
use std::rc::Rc;

use chat_proto::io::{Method, NetError, Request, Response};
use chat_proto::json::Value;
use guest_chat::driver::clock;
use guest_chat::driver::http::{Exchange, read_retry_after};
use wasm_bindgen_test::wasm_bindgen_test;

use crate::page::{self, Fetch, settle, until};

type Heard = Rc<RefCell<Vec<Result<Response, NetError>>>>;

fn get(url: &str) -> Request {
    Request {
        method: Method::Get,
        url: url.into(),
        authorization: None,
        trace: None,
        body: None,
        with_cookies: false,
        timeout: 10_000,
    }
}

fn ask(request: &Request) -> (Option<Exchange>, Heard) {
    let heard = Heard::default();
    let exchange = Exchange::ask(request, {
        let heard = heard.clone();
        move |answer| heard.borrow_mut().push(answer)
    });
    (exchange, heard)
}

fn ok(body: Option<Value>) -> Response {
    Response { status: 200, retry_after: None, body }
}

#[wasm_bindgen_test]
async fn json_is_a_value_whatever_it_is_called_and_a_login_page_is_none() {
    for (text, kind, body) in [
        (r#"{"token":"t"}"#, "text/plain", Some(Value::object([("token", "t".into())]))),
        ("null", "application/json", Some(Value::Null)),
        ("<!doctype html><title>Sign in</title>", "text/html", None),
        ("", "application/json", None),
    ] {
        let (_exchange, heard) = ask(&get(&page::blob(text, kind)));
        until(|| !heard.borrow().is_empty()).await;
        assert_eq!(*heard.borrow(), [Ok(ok(body))]);
    }
}

#[wasm_bindgen_test]
async fn a_question_carries_what_it_needs_and_its_url_is_left_as_it_is() {
    let network = Fetch::answers(200, "{}", "1");
    let token = Request {
        method: Method::Post,
        body: Some(Value::object([("reason", "expiring".into())])),
        with_cookies: true,
        ..get("/api/genesys/refresh")
    };
    let history = Request { authorization: Some("Bearer t".into()), ..get("https://a.example/messages?pageSize=25") };
    let _exchanges = (ask(&token), ask(&history));
    assert_eq!(
        network.asked(),
        [
            r#"POST /api/genesys/refresh same-origin no-store null {"reason":"expiring"}"#,
            "GET https://a.example/messages?pageSize=25 omit no-store Bearer t undefined",
        ]
    );
}

#[wasm_bindgen_test]
async fn the_status_and_retry_after_are_passed_on() {
    let _network = Fetch::answers(429, r#"{"Retry-After":"7"}"#, "slow down");
    let (_exchange, heard) = ask(&get("https://a.example/"));
    settle().await;
    let retry_after = Some(7_000);
    assert_eq!(*heard.borrow(), [Ok(Response { status: 429, retry_after, body: None })]);
}

#[wasm_bindgen_test]
async fn a_date_to_come_again_is_counted_from_the_answer_s_own_date() {
    let headers = r#"{"Retry-After":"Mon, 05 Oct 2026 09:00:40 GMT","Date":"Mon, 05 Oct 2026 09:00:00 GMT"}"#;
    let _network = Fetch::answers(429, headers, "slow down");
    let (_exchange, heard) = ask(&get("https://a.example/"));
    settle().await;
    let retry_after = Some(40_000);
    assert_eq!(*heard.borrow(), [Ok(Response { status: 429, retry_after, body: None })]);
}

#[wasm_bindgen_test]
fn retry_after_is_read_in_both_forms_and_garbage_is_none() {
    assert_eq!(read_retry_after("120", None), Some(120_000));
    assert_eq!(read_retry_after(" 0 ", None), Some(0));
    assert_eq!(read_retry_after("99999999999999999999", None), Some(u64::MAX));
    for text in ["", "soon", "-5", "1.5", "2026-10-05", "GMT", "99999999999999999999 GMT"] {
        assert_eq!(read_retry_after(text, None), None, "{text}");
    }
}

#[wasm_bindgen_test]
fn a_date_to_come_again_without_a_date_of_the_answer_is_counted_from_the_visitor_s_clock() {
    let in_a_minute = js_sys::Date::new(&(js_sys::Date::now() + 60_000.0).into()).to_utc_string();
    for date in [None, Some("yesterday".to_owned())] {
        let wait = read_retry_after(&String::from(in_a_minute.clone()), date).unwrap();
        assert!((50_000..=60_000).contains(&wait), "{wait}");
    }
    assert_eq!(read_retry_after("Mon, 05 Oct 2020 09:00:00 GMT", None), Some(0));
}

#[wasm_bindgen_test]
async fn requests_that_fail_in_any_way_have_failed() {
    for fail in [Fetch::rejects_with_text, Fetch::throws] {
        let _network = fail();
        let (exchange, heard) = ask(&get("https://a.example/"));
        settle().await;
        let has_failed = exchange.is_none() || *heard.borrow() == [Err(NetError::Failed)];
        assert!(has_failed);
    }
}

#[wasm_bindgen_test]
async fn a_dropped_request_is_aborted_and_says_nothing() {
    let network = Fetch::never();
    let (exchange, heard) = ask(&get("https://a.example/"));
    let wait = exchange.as_ref().unwrap().deadline().since(clock::mono());
    assert!((9_000..=10_000).contains(&wait), "{wait}");
    drop(exchange);
    settle().await;
    assert_eq!(network.asked().len(), 1);
    assert_eq!(*heard.borrow(), []);
}
