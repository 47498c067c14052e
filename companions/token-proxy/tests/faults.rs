//! The failures that browser tests order, and that nobody can order without the flag.

mod common;

use std::time::Duration;

use axum::Router;
use axum::http::{Method, StatusCode};
use common::{Answer, plain, refresh, service};
use serde_json::{Value, json};
use tokio::time::Instant;

async fn order(service: &Router, orders: Value) -> Answer {
    plain(service, Method::POST, "/control/faults", &orders.to_string()).await
}

async fn seen(service: &Router) -> Value {
    plain(service, Method::GET, "/control/requests", "").await.json()
}

#[tokio::test]
async fn nobody_can_make_an_ordinary_proxy_fail() {
    let service = service(&[]);
    for path in ["/control/faults", "/control/requests"] {
        for method in [Method::GET, Method::POST, Method::DELETE] {
            let answer = plain(&service, method, path, "{}").await;
            assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}");
        }
    }
}

#[tokio::test]
async fn faults_happen_one_per_refresh_in_order_and_then_end() {
    let service = service(&["--fault-control"]);
    let orders = json!({ "next": [
        { "status": 503, "retry_after": "2" },
        {},
        { "status": 401 },
        { "html": true },
    ]});
    assert_eq!(order(&service, orders).await.status, StatusCode::OK);

    let unavailable = refresh().send(&service).await;
    assert_eq!(unavailable.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(unavailable.header("retry-after"), "2");
    assert_eq!(unavailable.problem(), "fault");
    assert_eq!(refresh().send(&service).await.status, StatusCode::OK);
    assert_eq!(refresh().send(&service).await.status, StatusCode::UNAUTHORIZED);
    let page = refresh().send(&service).await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.header("content-type").starts_with("text/html"));
    assert_eq!(refresh().send(&service).await.status, StatusCode::OK);
}

#[tokio::test]
async fn standing_fault_lasts_until_it_is_lifted() {
    let service = service(&["--fault-control"]);
    order(&service, json!({ "always": { "status": 500 }, "next": [{}] })).await;
    assert_eq!(refresh().send(&service).await.status, StatusCode::OK);
    for _ in 0..3 {
        assert_eq!(refresh().send(&service).await.status, StatusCode::INTERNAL_SERVER_ERROR);
    }
    let lifted = plain(&service, Method::DELETE, "/control/faults", "").await;
    assert_eq!(lifted.json(), json!({ "next": [], "always": {} }));
    assert_eq!(refresh().send(&service).await.status, StatusCode::OK);
}

#[tokio::test]
async fn life_of_one_grant_can_be_shortened_without_touching_the_session() {
    let service = service(&["--fault-control"]);
    let first = refresh().send(&service).await;
    order(&service, json!({ "next": [{ "life": 5 }] })).await;
    let short = refresh().cookie(&first.cookie()).send(&service).await;
    assert_eq!(short.json(), json!({ "token": first.token(), "expires_in": 5 }));
    let after = refresh().cookie(&short.cookie()).send(&service).await;
    assert_eq!(after.json(), json!({ "token": first.token(), "expires_in": 3600 }));
}

#[tokio::test]
async fn token_can_be_changed_under_a_page_that_keeps_its_session() {
    let service = service(&["--fault-control", "--deployment", "aaaa"]);
    let ours = || refresh().json(&json!({ "deployment_id": "aaaa", "session": "keep" }));
    let first = ours().send(&service).await;
    order(&service, json!({ "next": [{ "token": "new", "life": 9 }] })).await;
    let changed = ours().cookie(&first.cookie()).send(&service).await;
    assert_ne!(changed.token(), first.token());
    assert_eq!(changed.json()["expires_in"], 9);
    let kept = ours().cookie(&changed.cookie()).send(&service).await;
    assert_eq!(kept.token(), changed.token());
}

#[tokio::test(start_paused = true)]
async fn endpoint_can_hang_and_then_answer_or_fail() {
    let service = service(&["--fault-control"]);
    order(&service, json!({ "next": [{ "hang_ms": 15_000 }, { "hang_ms": 50, "status": 502 }] })).await;
    let asked = Instant::now();
    assert_eq!(refresh().send(&service).await.status, StatusCode::OK);
    // Tokio's timer has a granularity of a millisecond.
    let took = asked.elapsed();
    assert!((15_000..=15_002).contains(&took.as_millis()), "{took:?}");
    assert_eq!(refresh().send(&service).await.status, StatusCode::BAD_GATEWAY);
}

#[tokio::test(start_paused = true)]
async fn refresh_whose_page_hung_up_is_counted_and_has_no_status() {
    let service = service(&["--fault-control"]);
    order(&service, json!({ "next": [{ "hang_ms": 15_000 }] })).await;
    let gone = tokio::time::timeout(Duration::from_secs(10), refresh().send(&service)).await;
    assert!(gone.is_err());
    let seen = seen(&service).await;
    assert_eq!(seen["count"], 1);
    assert_eq!(seen["requests"][0]["status"], Value::Null);
}

#[tokio::test]
async fn refreshes_are_counted_with_what_they_asked_and_got_and_without_tokens() {
    let service = service(&["--fault-control"]);
    order(&service, json!({ "next": [{ "status": 429 }] })).await;
    refresh().send(&service).await;
    let granted = refresh().new_session().send(&service).await;
    refresh().body("{").send(&service).await;
    refresh().with("sec-fetch-site", "cross-site").send(&service).await;

    let seen = seen(&service).await;
    assert_eq!(seen["count"], 4);
    let rows = seen["requests"].as_array().unwrap().iter();
    let rows: Vec<_> = rows.map(|row| (row["session"].clone(), row["status"].clone())).collect();
    let expected = [
        (json!("keep"), json!(429)),
        (json!("new"), json!(200)),
        (Value::Null, json!(400)),
        (json!("keep"), json!(403)),
    ];
    assert_eq!(rows, expected);
    assert!(seen["requests"][0]["at_ms"].is_u64());
    assert!(!seen.to_string().contains(&granted.token()));
}

#[tokio::test]
async fn order_that_cannot_be_meant_is_refused_as_a_whole() {
    let service = service(&["--fault-control"]);
    let orders = [
        json!({ "next": [{ "stauts": 503 }] }),
        json!({ "next": [{ "status": 200 }] }),
        json!({ "next": [{}, { "retry_after": "2" }] }),
        json!({ "always": { "status": 503, "retry_after": "2\n3" } }),
        json!({ "token": "new" }),
    ];
    for bad in orders {
        let answer = order(&service, bad.clone()).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{bad}");
        assert_eq!(answer.problem(), "bad-fields");
    }
    assert_eq!(refresh().send(&service).await.status, StatusCode::OK);
}
