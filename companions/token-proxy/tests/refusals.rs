//! What is refused, with which words, and what no answer ever does or says.

mod common;

use axum::Router;
use axum::body::Body;
use axum::http::{Method, StatusCode};
use common::{Answer, KEY, KEY_BYTES, plain, refresh, service};
use serde_json::json;
use token_proxy::REFRESH_PATH;

#[tokio::test]
async fn request_of_another_site_is_refused_by_each_signal_alone() {
    let service = service(&[]);
    for site in ["cross-site", "same-site", "none", "Same-Origin", ""] {
        let signal = || refresh().without("sec-fetch-site").with("sec-fetch-site", site);
        for request in [signal(), signal().without("origin")] {
            let answer = request.send(&service).await;
            assert_eq!(answer.status, StatusCode::FORBIDDEN, "{site:?}");
            assert_eq!(answer.problem(), "cross-site");
        }
    }
    for origin in ["https://evil.example", "http://shop.example", "https://shop.example:8443", "null"] {
        let signal = || refresh().without("origin").with("origin", origin);
        for request in [signal(), signal().without("sec-fetch-site")] {
            let answer = request.send(&service).await;
            assert_eq!(answer.status, StatusCode::FORBIDDEN, "{origin:?}");
            assert_eq!(answer.problem(), "origin-not-allowed");
        }
    }
}

#[tokio::test]
async fn either_signal_alone_suffices_when_it_is_good() {
    let service = service(&[]);
    for absent in ["origin", "sec-fetch-site"] {
        assert_eq!(refresh().without(absent).send(&service).await.status, StatusCode::OK);
    }
}

#[tokio::test]
async fn request_without_any_signal_is_refused() {
    let answer = refresh().without("origin").without("sec-fetch-site").send(&service(&[])).await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN);
    assert_eq!(answer.problem(), "origin-missing");
}

#[tokio::test]
async fn good_signal_does_not_excuse_a_bad_one_sent_beside_it() {
    let service = service(&[]);
    let two_origins = refresh().with("origin", "https://evil.example").send(&service).await;
    assert_eq!(two_origins.problem(), "origin-not-allowed");
    let two_sites = refresh().with("sec-fetch-site", "cross-site").send(&service).await;
    assert_eq!(two_sites.problem(), "cross-site");
}

#[tokio::test]
async fn host_header_says_nothing_because_proxies_rewrite_it() {
    let answer = refresh().with("host", "127.0.0.1:9001").send(&service(&[])).await;
    assert_eq!(answer.status, StatusCode::OK);
}

#[tokio::test]
async fn refused_origin_is_named_with_the_setting_that_would_allow_it() {
    let request = refresh().without("origin").with("origin", "http://localhost:8080");
    let detail = request.send(&service(&[])).await.json()["detail"].to_string();
    assert!(detail.contains("add --origin http://localhost:8080"), "{detail}");
}

#[tokio::test]
async fn deployment_outside_the_list_is_refused_and_one_inside_is_served() {
    let service = service(&["--deployment", "aaaa", "--deployment=BBBB"]);
    let other = refresh().json(&json!({ "deployment_id": "cccc" })).send(&service).await;
    assert_eq!(other.status, StatusCode::FORBIDDEN);
    assert_eq!(other.problem(), "deployment-not-served");
    let unnamed = refresh().send(&service).await;
    assert_eq!(unnamed.status, StatusCode::FORBIDDEN);
    assert_eq!(unnamed.problem(), "deployment-missing");
    let ours = refresh().json(&json!({ "deployment_id": "bbbb" })).send(&service).await;
    assert_eq!(ours.status, StatusCode::OK);
}

#[tokio::test]
async fn body_that_is_no_json_object_is_refused() {
    let service = service(&[]);
    let deep = "[".repeat(2000);
    for body in ["{", "[]", "7", "\"new\"", "session=new", "{\"session\":\"new\"} x", &deep] {
        let answer = refresh().body(body.to_owned()).send(&service).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{body:?}");
        assert_eq!(answer.problem(), "body-malformed");
    }
}

#[tokio::test]
async fn every_bad_field_is_named_at_once() {
    let answer = refresh().json(&json!({ "session": "old", "deployment_id": "a;b" })).send(&service(&[])).await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    assert_eq!(answer.problem(), "bad-fields");
    let body = answer.json();
    let named: Vec<_> = body["errors"].as_array().unwrap().iter().map(|e| &e["field"]).collect();
    assert_eq!(named, ["deployment_id", "session"]);
    let detail = body["detail"].as_str().unwrap();
    assert!(detail.contains("deployment_id") && detail.contains("session"), "{detail}");
}

#[tokio::test]
async fn body_is_read_up_to_four_kibibytes_and_no_further() {
    let service = service(&[]);
    let fits = format!("{{}}{}", " ".repeat(4094));
    assert_eq!(refresh().body(fits.clone()).send(&service).await.status, StatusCode::OK);
    let answer = refresh().body(fits + " ").send(&service).await;
    assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(answer.problem(), "body-too-large");
}

#[tokio::test(start_paused = true)]
async fn body_that_never_ends_is_given_up() {
    let answer = refresh().body(Body::from_stream(Never)).send(&service(&[])).await;
    assert_eq!(answer.status, StatusCode::REQUEST_TIMEOUT);
    assert_eq!(answer.problem(), "body-too-slow");
}

#[tokio::test]
async fn other_methods_are_refused_and_the_right_one_is_named() {
    let service = service(&[]);
    for method in [Method::GET, Method::HEAD, Method::PUT, Method::DELETE, Method::OPTIONS] {
        let answer = plain(&service, method.clone(), REFRESH_PATH, "").await;
        assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED, "{method}");
        assert_eq!(answer.headers.get_all("allow").iter().collect::<Vec<_>>(), ["POST"]);
        if method != Method::HEAD {
            assert_eq!(answer.problem(), "method-not-allowed");
        }
    }
    let health = plain(&service, Method::POST, "/api/genesys/health", "").await;
    assert_eq!(health.status, StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(health.header("allow"), "GET, HEAD");
}

#[tokio::test]
async fn unknown_path_is_a_problem_too() {
    let answer = plain(&service(&[]), Method::GET, "/api/genesys/other", "").await;
    assert_eq!(answer.status, StatusCode::NOT_FOUND);
    assert_eq!(answer.problem(), "not-found");
}

#[tokio::test]
async fn refusal_sets_no_cookie_and_leaves_the_visitors_own_alone() {
    let service = service(&[]);
    let cookie = refresh().send(&service).await.cookie();
    let refused = refresh().cookie(&cookie).body("{").send(&service).await;
    assert_eq!(refused.header("set-cookie"), "");
}

#[tokio::test]
async fn no_answer_may_be_cached_sniffed_or_read_by_another_origin() {
    for answer in one_of_each(&service(&["--fault-control"])).await {
        let of = format!("{} {:?}", answer.status, answer.headers);
        assert_eq!(answer.header("cache-control"), "no-store", "{of}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{of}");
        assert_eq!(answer.header("referrer-policy"), "no-referrer", "{of}");
        assert_eq!(answer.header("vary"), "Origin, Sec-Fetch-Site, Cookie", "{of}");
        assert_eq!(answer.header("x-request-id").len(), 32, "{of}");
        assert!(!of.contains("access-control"), "{of}");
    }
}

#[tokio::test]
async fn planted_key_occurs_in_no_answer() {
    for answer in one_of_each(&service(&["--fault-control"])).await {
        let bytes = answer.bytes();
        for secret in [KEY.as_bytes(), KEY_BYTES] {
            assert!(!bytes.windows(secret.len()).any(|window| window == secret));
        }
    }
}

/// Every kind of answer there is: granted, refused in each way, health, controls, unknown.
async fn one_of_each(service: &Router) -> Vec<Answer> {
    let large = "x".repeat(5000);
    vec![
        refresh().send(service).await,
        refresh().new_session().send(service).await,
        refresh().cookie(&format!("__Secure-guest-chat={KEY}")).send(service).await,
        refresh().without("origin").without("sec-fetch-site").send(service).await,
        refresh().with("origin", "https://evil.example").send(service).await,
        refresh().with("sec-fetch-site", "cross-site").send(service).await,
        refresh().body("{").send(service).await,
        refresh().json(&json!({ "session": 1 })).send(service).await,
        refresh().body(large).send(service).await,
        plain(service, Method::GET, REFRESH_PATH, "").await,
        plain(service, Method::OPTIONS, REFRESH_PATH, "").await,
        plain(service, Method::GET, "/api/genesys/health", "").await,
        plain(service, Method::GET, "/control/requests", "").await,
        plain(service, Method::POST, "/control/faults", "{").await,
        plain(service, Method::GET, "/", "").await,
    ]
}

/// A body of which nothing ever arrives.
struct Never;

impl futures_core::Stream for Never {
    type Item = Result<Vec<u8>, std::io::Error>;

    fn poll_next(
        self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Self::Item>> {
        std::task::Poll::Pending
    }
}
