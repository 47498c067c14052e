//! The token that this process has for itself: when it is fetched, by how many at a time, and what becomes of those who wait where it
//! cannot be had.

mod common;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::http::StatusCode;
use common::api::{Api, Instead, OAUTH, WIRES, says, soon};
use common::{Answer, minting, refresh};
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;
use tokio::time::advance;

const DIALECT: &str = WIRES[1].0;
const MINT: &str = WIRES[1].1;

async fn ask(service: &Router) -> Answer {
    refresh().dialect(DIALECT).send(service).await
}

/// So many visitors who ask together.
fn crowd(service: &Router, visitors: usize) -> Vec<JoinHandle<Answer>> {
    (0..visitors)
        .map(|visitor| {
            let (service, dialect) = (service.clone(), WIRES[visitor % WIRES.len()].0);
            tokio::spawn(async move { refresh().dialect(dialect).send(&service).await })
        })
        .collect()
}

/// A renewal is over when visitors are minted with the token of that number.
async fn is_used(api: &Api, service: &Router, number: usize) {
    for _ in 0..100 {
        assert_eq!(ask(service).await.status, StatusCode::OK);
        if api.asked(MINT).last().is_some_and(|asked| asked.authorization.ends_with(&number.to_string())) {
            return;
        }
    }
    panic!("token {number} is not used");
}

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

#[tokio::test(start_paused = true)]
async fn two_hundred_visitors_wait_for_one_request() {
    let api = Api::start().await;
    let service = minting(&api, &[]);
    let permits = Arc::new(Semaphore::new(0));
    api.always(OAUTH, Instead::Later(permits.clone()));
    let visitors = crowd(&service, 200);
    api.is_asked(OAUTH, 1).await;
    // All of them have come as far as they can.
    for _ in 0..1_000 {
        tokio::task::yield_now().await;
    }
    assert!(visitors.iter().all(|visitor| !visitor.is_finished()));
    permits.add_permits(200);
    for visitor in visitors {
        assert_eq!(soon(visitor).await.status, StatusCode::OK);
    }
    assert_eq!(api.times_asked(OAUTH), 1);
}

#[tokio::test(start_paused = true)]
async fn it_is_renewed_when_less_than_300_s_are_left_and_nobody_waits_for_that() {
    let api = Api::start().await;
    let service = minting(&api, &[]);
    assert_eq!(ask(&service).await.status, StatusCode::OK);
    advance(seconds(86_400 - 301)).await;
    assert_eq!(ask(&service).await.status, StatusCode::OK);
    assert_eq!(api.times_asked(OAUTH), 1);

    advance(seconds(1)).await;
    let permits = Arc::new(Semaphore::new(0));
    api.always(OAUTH, Instead::Later(permits.clone()));
    for visitor in crowd(&service, 50) {
        assert_eq!(soon(visitor).await.status, StatusCode::OK, "with the token that is still good");
    }
    api.is_asked(OAUTH, 2).await;
    permits.add_permits(1);
    is_used(&api, &service, 2).await;
    assert_eq!(api.times_asked(OAUTH), 2);
}

#[tokio::test(start_paused = true)]
async fn one_of_a_short_life_is_renewed_at_half_of_it() {
    let api = Api::start().await;
    api.lives(120, 60);
    let service = minting(&api, &[]);
    for (after, times) in [(0, 1), (59, 1), (1, 2), (59, 2), (1, 3)] {
        advance(seconds(after)).await;
        assert_eq!(ask(&service).await.status, StatusCode::OK);
        api.is_asked(OAUTH, times).await;
        is_used(&api, &service, times).await;
        assert_eq!(api.times_asked(OAUTH), times);
    }
}

#[tokio::test(start_paused = true)]
async fn an_old_one_serves_until_its_end_while_no_new_one_is_to_be_had() {
    let api = Api::start().await;
    let service = minting(&api, &[]);
    ask(&service).await;
    api.always(OAUTH, says(500, ""));
    advance(seconds(86_400 - 200)).await;
    for _ in 0..19 {
        assert_eq!(ask(&service).await.status, StatusCode::OK);
        advance(seconds(10)).await;
    }
    advance(seconds(7)).await;
    let answer = ask(&service).await;
    let expected = (StatusCode::SERVICE_UNAVAILABLE, "api-failing".to_owned());
    assert_eq!((answer.status, answer.problem()), expected, "3 s before its end it might be over on arrival");
}

#[tokio::test(start_paused = true)]
async fn a_failure_is_shared_by_all_who_waited_and_by_those_who_come_soon_after() {
    let api = Api::start().await;
    let service = minting(&api, &[]);
    api.always(OAUTH, says(503, "").with("retry-after", "20"));
    for visitor in crowd(&service, 200) {
        let answer = soon(visitor).await;
        assert_eq!((answer.status, answer.header("retry-after")), (StatusCode::SERVICE_UNAVAILABLE, "20"));
        assert_eq!(answer.problem(), "api-failing");
        assert_eq!(answer.header("set-cookie"), "");
    }
    advance(Duration::from_millis(19_500)).await;
    let late = ask(&service).await;
    assert_eq!(late.header("retry-after"), "1", "what is left of it, rounded up");
    assert_eq!(api.times_asked(OAUTH), 1);
    advance(Duration::from_millis(500)).await;
    ask(&service).await;
    assert_eq!(api.times_asked(OAUTH), 2);
    assert_eq!(api.times_asked(MINT), 0);
}

#[tokio::test(start_paused = true)]
async fn a_failing_endpoint_is_asked_after_pauses_that_grow_to_a_minute_and_no_oftener() {
    let api = Api::start().await;
    let service = minting(&api, &[]);
    api.always(OAUTH, says(500, "").with("retry-after", "0"));
    let mut at = Vec::new();
    for second in 0..400 {
        let before = api.times_asked(OAUTH);
        assert_eq!(ask(&service).await.status, StatusCode::SERVICE_UNAVAILABLE);
        if api.times_asked(OAUTH) > before {
            at.push(second);
        }
        advance(seconds(1)).await;
    }
    assert_eq!(at, [0, 1, 3, 7, 15, 31, 63, 123, 183, 243, 303, 363]);
    api.as_ever();
    advance(seconds(60)).await;
    assert_eq!(ask(&service).await.status, StatusCode::OK);
}

#[tokio::test(start_paused = true)]
async fn a_refused_client_is_not_tried_again_for_half_a_minute() {
    let api = Api::start().await;
    let service = minting(&api, &[]);
    for status in [400, 401, 403] {
        api.next(OAUTH, [says(status, r#"{"error":"invalid_client"}"#)]);
        for wait in ["30", "20", "10"] {
            let answer = ask(&service).await;
            assert_eq!((answer.status, answer.problem()), (StatusCode::BAD_GATEWAY, "client-refused".to_owned()));
            assert_eq!(answer.header("retry-after"), wait);
            assert!(answer.json()["detail"].as_str().unwrap().contains("--client-id"));
            advance(seconds(10)).await;
        }
        assert_eq!(ask(&service).await.status, StatusCode::OK, "the operator has seen to it");
        // Over, so that the next one is asked for.
        advance(seconds(86_400)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_visitor_who_hangs_up_takes_nothing_from_the_others() {
    let api = Api::start().await;
    let service = minting(&api, &[]);
    let permits = Arc::new(Semaphore::new(0));
    api.always(OAUTH, Instead::Later(permits.clone()));
    let first = crowd(&service, 1).pop().unwrap();
    api.is_asked(OAUTH, 1).await;
    let others = crowd(&service, 10);
    first.abort();
    assert!(first.await.unwrap_err().is_cancelled());
    permits.add_permits(1);
    for other in others {
        assert_eq!(soon(other).await.status, StatusCode::OK);
    }
    assert_eq!(api.times_asked(OAUTH), 1);
}

#[tokio::test(start_paused = true)]
async fn one_that_the_api_withdrew_is_replaced_at_once_and_once() {
    let api = Api::start().await;
    let service = minting(&api, &[]);
    ask(&service).await;
    advance(seconds(60)).await;
    api.revoke();
    for visitor in crowd(&service, 50) {
        assert_eq!(soon(visitor).await.status, StatusCode::OK);
    }
    assert_eq!(api.times_asked(OAUTH), 2);
}

#[tokio::test(start_paused = true)]
async fn one_that_is_refused_although_it_is_new_is_not_fetched_again_and_again() {
    let api = Api::start().await;
    let service = minting(&api, &[]);
    api.always(MINT, says(401, ""));
    for second in 0..90 {
        let answer = ask(&service).await;
        assert_eq!((answer.status, answer.problem()), (StatusCode::BAD_GATEWAY, "service-token-refused".to_owned()));
        assert_eq!(api.times_asked(OAUTH), 1 + second / 30, "after {second} s");
        advance(seconds(1)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn who_waits_in_vain_is_told_before_the_widget_loses_patience() {
    let api = Api::start().await;
    let service = minting(&api, &[]);
    let never = || Instead::Later(Arc::new(Semaphore::new(0)));
    api.next(OAUTH, [never()]);
    let visitors = crowd(&service, 20);
    api.is_asked(OAUTH, 1).await;
    advance(seconds(4)).await;
    for visitor in visitors {
        let answer = soon(visitor).await;
        assert_eq!((answer.status, answer.problem()), (StatusCode::GATEWAY_TIMEOUT, "api-slow".to_owned()));
        assert_eq!(answer.header("retry-after"), "1");
    }
    assert_eq!(api.times_asked(OAUTH), 1);

    advance(seconds(1)).await;
    api.next(MINT, [never()]);
    let visitor = tokio::spawn({
        let service = service.clone();
        async move { ask(&service).await }
    });
    api.is_asked(MINT, 1).await;
    advance(seconds(4)).await;
    assert_eq!(soon(visitor).await.problem(), "api-slow");
}

#[tokio::test(start_paused = true)]
async fn all_of_it_together_takes_eight_seconds_at_most() {
    let api = Api::start().await;
    let service = minting(&api, &[]);
    let cookie = ask(&service).await.cookie();
    advance(seconds(86_400)).await;
    // A service token after 3 s, and after 3 more the news that nobody is known.
    let [oauth, unknown, never] = [0, 0, 0].map(|_| Arc::new(Semaphore::new(0)));
    api.next(OAUTH, [Instead::Later(oauth.clone())]);
    api.next(MINT, [Instead::Later(unknown.clone()), Instead::Later(never)]);
    api.forget_everybody();
    let visitor = tokio::spawn({
        let service = service.clone();
        async move { refresh().dialect(DIALECT).cookie(&cookie).send(&service).await }
    });
    api.is_asked(OAUTH, 2).await;
    advance(seconds(3)).await;
    oauth.add_permits(1);
    api.is_asked(MINT, 2).await;
    advance(seconds(3)).await;
    unknown.add_permits(1);
    api.is_asked(MINT, 3).await;
    advance(seconds(2)).await;
    assert_eq!(soon(visitor).await.problem(), "api-slow");
}
