//! Places in line, as a page meets them.

mod common;

use std::time::Duration;

use axum::Router;
use axum::http::StatusCode;
use common::{Answer, refresh, service};
use serde_json::{Value, json};

async fn connect(service: &Router) -> Answer {
    refresh().json(&json!({ "connecting": true })).send(service).await
}

fn wait(answer: &Answer) -> Value {
    answer.json()["connect_after_ms"].clone()
}

#[tokio::test(start_paused = true)]
async fn who_is_about_to_connect_goes_at_once_while_there_is_room_and_is_put_in_line_when_there_is_none() {
    let service = service(&["--connections-per-minute", "4"]);
    for expected in [0, 0, 0, 0, 60_000, 75_000, 90_000] {
        assert_eq!(wait(&connect(&service).await), expected);
    }
    tokio::time::advance(Duration::from_secs(50)).await;
    assert_eq!(wait(&connect(&service).await), 105_000 - 50_000);
    tokio::time::advance(Duration::from_mins(3)).await;
    assert_eq!(wait(&connect(&service).await), 0);
}

#[tokio::test(start_paused = true)]
async fn renewals_take_no_place_and_are_told_of_none() {
    let service = service(&["--connections-per-minute", "1"]);
    for body in [json!({}), json!({ "session": "keep" }), json!({ "connecting": false }), json!({ "connecting": null })]
    {
        let answer = refresh().json(&body).send(&service).await;
        assert_eq!((answer.status, wait(&answer)), (StatusCode::OK, Value::Null), "{body}");
    }
    assert_eq!(wait(&connect(&service).await), 0, "the one place is still there");
}

#[tokio::test(start_paused = true)]
async fn who_could_not_use_his_place_gives_it_back_with_the_next_question() {
    let service = service(&["--connections-per-minute", "1"]);
    assert_eq!(wait(&connect(&service).await), 0);
    for _ in 0..5 {
        tokio::time::advance(Duration::from_secs(6)).await;
        let again = refresh().json(&json!({ "connecting": true, "unused": true })).send(&service).await;
        assert_eq!(wait(&again), 0);
    }
    assert_eq!(wait(&connect(&service).await), 60_000);
}

#[tokio::test(start_paused = true)]
async fn nine_hundred_a_minute_go_at_once_by_default() {
    let service = service(&[]);
    for _ in 0..900 {
        assert_eq!(wait(&connect(&service).await), 0);
    }
    assert_eq!(wait(&connect(&service).await), 60_000);
    assert_eq!(wait(&connect(&service).await), 60_067, "rounded up: never early");
}

#[tokio::test(start_paused = true)]
async fn without_a_limit_nobody_hears_of_places() {
    let service = service(&["--connections-per-minute", "0"]);
    for _ in 0..1_000 {
        assert_eq!(wait(&connect(&service).await), Value::Null);
    }
}

#[tokio::test(start_paused = true)]
async fn each_listed_deployment_has_a_line_of_its_own_and_unlisted_ones_share_one() {
    for (listed, other) in [(&["--deployment", "aa", "--deployment", "bb"][..], 0), (&[], 60_000)] {
        let service = service(&[&["--connections-per-minute", "1"], listed].concat());
        let ask = async |id: &str| {
            let body = json!({ "connecting": true, "deployment_id": id });
            wait(&refresh().json(&body).send(&service).await)
        };
        assert_eq!([ask("aa").await, ask("bb").await], [0, other]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_line_of_more_than_ten_minutes_is_a_reason_to_come_later() {
    let service = service(&["--connections-per-minute", "1"]);
    for minute in 0..=10 {
        assert_eq!(wait(&connect(&service).await), minute * 60_000);
    }
    let answer = connect(&service).await;
    assert_eq!((answer.status, answer.header("retry-after")), (StatusCode::SERVICE_UNAVAILABLE, "300"));
    assert_eq!(answer.problem(), "line-too-long");
    // Who only renews is not concerned.
    assert_eq!(refresh().send(&service).await.status, StatusCode::OK);
}
