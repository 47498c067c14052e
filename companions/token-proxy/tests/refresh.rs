//! The session: which token a visitor gets, for how long it stays the same, and in what it is remembered.

mod common;

use std::collections::HashSet;

use axum::http::{Method, StatusCode};
use common::{Answer, plain, refresh, service, service_with_key};
use serde_json::json;

#[tokio::test]
async fn first_refresh_grants_a_fresh_lower_case_uuid_for_an_hour() {
    let answer = refresh().send(&service(&[])).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(answer.header("content-type"), "application/json");
    assert_eq!(answer.json()["expires_in"], 3600);
    let token = answer.token();
    let shape = token.bytes().map(|b| if b.is_ascii_digit() { b'a' } else { b });
    let shape = String::from_utf8(shape.collect()).unwrap();
    assert!(shape.bytes().all(|b| b == b'-' || (b'a'..=b'f').contains(&b)), "{token}");
    assert_eq!(token.split('-').map(str::len).collect::<Vec<_>>(), [8, 4, 4, 4, 12]);
    assert_eq!(token.as_bytes()[14], b'4', "version 4");
}

#[tokio::test]
async fn token_stays_the_same_while_the_cookie_comes_back() {
    let service = service(&[]);
    let first = refresh().send(&service).await;
    let mut cookie = first.cookie();
    for _ in 0..5 {
        let again = refresh().cookie(&cookie).send(&service).await;
        assert_eq!(again.token(), first.token());
        cookie = again.cookie();
    }
}

#[tokio::test]
async fn cookie_is_sealed_anew_at_each_refresh_so_that_a_returning_visitor_is_kept() {
    let service = service(&[]);
    let first = refresh().send(&service).await.cookie();
    let second = refresh().cookie(&first).send(&service).await.cookie();
    assert_ne!(first, second);
}

#[tokio::test]
async fn two_visitors_never_share_a_token() {
    let service = service(&[]);
    let one = refresh().send(&service).await;
    let other = refresh().send(&service).await;
    assert_ne!(one.token(), other.token());
    assert_ne!(one.cookie(), other.cookie());
}

#[tokio::test]
async fn new_session_is_started_on_request_and_then_kept() {
    let service = service(&[]);
    let old = refresh().send(&service).await;
    let new = refresh().cookie(&old.cookie()).new_session().send(&service).await;
    assert_ne!(new.token(), old.token());
    let kept = refresh().cookie(&new.cookie()).json(&json!({ "session": "keep" })).send(&service);
    assert_eq!(kept.await.token(), new.token());
}

#[tokio::test]
async fn tampered_cookie_is_replaced_by_a_new_session_wherever_it_was_touched() {
    let service = service(&[]);
    let first = refresh().send(&service).await;
    let cookie = first.cookie();
    let value_at = cookie.find('=').unwrap() + 1;
    for at in (value_at..cookie.len()).step_by(7) {
        let mut touched = cookie.clone().into_bytes();
        touched[at] = if touched[at] == b'A' { b'B' } else { b'A' };
        let touched = String::from_utf8(touched).unwrap();
        let answer = refresh().cookie(&touched).send(&service).await;
        assert_ne!(answer.token(), first.token(), "byte {at}");
        assert_ne!(answer.cookie(), touched, "the bad cookie is replaced");
    }
}

#[tokio::test]
async fn cookie_that_is_no_cookie_of_ours_is_replaced() {
    let service = service(&[]);
    let name = refresh().send(&service).await.cookie();
    let name = name.split('=').next().unwrap();
    for value in ["", "x", "{\"v\":1}", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "%%%"] {
        let answer = refresh().cookie(&format!("{name}={value}")).send(&service).await;
        assert_eq!(answer.status, StatusCode::OK, "{value:?}");
    }
}

#[tokio::test]
async fn cookie_sealed_with_another_key_is_replaced() {
    let foreign = service_with_key("YW5vdGhlciBrZXksIG9mIHRoaXJ0eS10d28gYnl0ZXM=", &[]);
    let theirs = refresh().send(&foreign).await;
    let ours = refresh().cookie(&theirs.cookie()).send(&service(&[])).await;
    assert_ne!(ours.token(), theirs.token());
}

#[tokio::test]
async fn instances_with_the_same_key_honour_each_others_cookies() {
    let (one, other) = (service(&[]), service(&[]));
    let first = refresh().send(&one).await;
    let second = refresh().cookie(&first.cookie()).send(&other).await;
    assert_eq!(second.token(), first.token());
    let third = refresh().cookie(&second.cookie()).send(&one).await;
    assert_eq!(third.token(), first.token());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn visitors_at_once_each_keep_their_own_session() {
    let service = service(&[]);
    let visitors = (0..64).map(|_| {
        let service = service.clone();
        tokio::spawn(async move {
            let first = refresh().send(&service).await;
            for _ in 0..8 {
                let again = refresh().cookie(&first.cookie()).send(&service).await;
                assert_eq!(again.token(), first.token());
            }
            first.token()
        })
    });
    let mut tokens = HashSet::new();
    for visitor in visitors.collect::<Vec<_>>() {
        tokens.insert(visitor.await.unwrap());
    }
    assert_eq!(tokens.len(), 64);
}

#[tokio::test]
async fn cookie_is_out_of_reach_of_scripts_other_sites_and_other_paths() {
    let answer = refresh().send(&service(&[])).await;
    let mut parts = answer.header("set-cookie").split("; ");
    assert!(parts.next().unwrap().starts_with("__Secure-guest-chat="));
    let mut attributes: Vec<_> = parts.collect();
    attributes.sort_unstable();
    // 72 hours of session, and one hour of grant in which its last message may be written. No Domain: this host alone.
    let expected = ["HttpOnly", "Max-Age=262800", "Path=/api/genesys", "SameSite=Strict", "Secure"];
    assert_eq!(attributes, expected);
}

#[tokio::test]
async fn insecure_cookie_lacks_secure_and_its_prefix_and_nothing_else() {
    let args = ["--insecure-cookie", "--origin=http://127.0.0.1:8080"];
    let Ok(token_proxy::Command::Serve(settings)) =
        token_proxy::Command::read(args, token_proxy::Environment::default())
    else {
        panic!("plain http and an insecure cookie go together")
    };
    let answer =
        refresh().without("origin").with("origin", "http://127.0.0.1:8080").send(&token_proxy::router(*settings)).await;
    let line = answer.header("set-cookie");
    assert!(line.starts_with("guest-chat="), "{line}");
    assert!(!line.contains("Secure"), "{line}");
    assert!(line.contains("HttpOnly") && line.contains("SameSite=Strict"), "{line}");
}

#[tokio::test]
async fn cookie_tells_nobody_the_token() {
    let answer = refresh().send(&service(&[])).await;
    assert!(!answer.cookie().contains(&answer.token()));
}

#[tokio::test]
async fn life_of_the_grant_is_what_was_set() {
    let answer = refresh().send(&service(&["--life", "5"])).await;
    assert_eq!(answer.json()["expires_in"], 5);
}

#[tokio::test]
async fn two_deployments_on_one_site_are_two_sessions() {
    let service = service(&["--deployment", "AAAA", "--deployment", "bbbb"]);
    let send = |id: &'static str, cookies: String| {
        refresh().cookie(&cookies).json(&json!({ "deployment_id": id })).send(&service)
    };
    let one = send("aaaa", String::new()).await;
    let other = send("bbbb", one.cookie()).await;
    assert_ne!(one.token(), other.token());
    let both = format!("{}; {}", one.cookie(), other.cookie());
    assert_eq!(send("AAAA", both.clone()).await.token(), one.token());
    assert_eq!(send("bbbb", both).await.token(), other.token());
}

#[tokio::test]
async fn health_is_answered_to_anybody() {
    let answer: Answer = plain(&service(&[]), Method::GET, "/api/genesys/health", "").await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(answer.json(), json!({ "status": "ok" }));
}
