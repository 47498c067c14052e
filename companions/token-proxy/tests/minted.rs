//! Tokens that the API mints: what it is asked, what of its answer the page gets, and for how long a visitor is the same one to it.

mod common;

use std::sync::Arc;

use axum::Router;
use axum::http::StatusCode;
use common::api::{Api, Instead, OAUTH, SECRET, WIRES, says, service_token, soon};
use common::{Answer, KEY, minting, refresh, service};
use serde_json::{Value, json};
use tokio::sync::Semaphore;
use tokio::time::{Duration, advance};

async fn granted(service: &Router, dialect: &str, cookie: &str) -> Answer {
    let answer = refresh().dialect(dialect).cookie(cookie).send(service).await;
    assert_eq!(answer.status, StatusCode::OK, "{dialect}: {}", String::from_utf8_lossy(&answer.body));
    answer
}

/// What the API was asked last, as a JSON body.
fn last_question(api: &Api, path: &str) -> String {
    api.asked(path).pop().expect("it was asked").body
}

#[tokio::test(start_paused = true)]
async fn each_dialect_is_granted_by_these_bytes_and_in_these() {
    let guest = r#""name":"Guest User","email":"guest@example.com""#;
    let expected = [
        ("{}".to_owned(), r#"{"contactId":"contactId-1"}"#.to_owned(), ""),
        ("{}".to_owned(), r#"{"sessionId":"sessionId-1"}"#.to_owned(), ""),
        (format!("{{{guest}}}"), format!(r#"{{{guest},"conversationId":"conversationId-1"}}"#), ""),
        (
            "{}".to_owned(),
            r#"{"conversationId":"conversationId-1","guestId":"guestId-1"}"#.to_owned(),
            r#","conversation_id":"conversationId-1","guest_id":"guestId-1""#,
        ),
        (
            "{}".to_owned(),
            r#"{"conversationId":"conversationId-1"}"#.to_owned(),
            r#","conversation_id":"conversationId-1""#,
        ),
    ];
    for ((dialect, path, _), (first, again, ids)) in WIRES.into_iter().zip(expected) {
        let api = Api::start().await;
        let service = minting(&api, &[]);
        let answer = granted(&service, dialect, "").await;
        assert_eq!(
            String::from_utf8(answer.body.clone()).unwrap(),
            format!(r#"{{"token":"guest-token-1","expires_in":3600{ids}}}"#)
        );
        let renewed = granted(&service, dialect, &answer.cookie()).await;
        assert_eq!(
            String::from_utf8(renewed.body).unwrap(),
            format!(r#"{{"token":"guest-token-2","expires_in":3600,"resumed":true{ids}}}"#)
        );

        let [oauth] = &api.asked(OAUTH)[..] else { panic!("one service token is enough: {dialect}") };
        assert_eq!(oauth.content_type, "application/x-www-form-urlencoded");
        assert_eq!(oauth.body, "grant_type=client_credentials");
        let asked = api.asked(path);
        assert_eq!(asked.iter().map(|asked| asked.body.clone()).collect::<Vec<_>>(), [first, again], "{dialect}");
        for asked in asked {
            assert_eq!(asked.authorization, format!("Bearer {}", service_token(1)));
            assert_eq!(asked.content_type, "application/json");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_elsewhere_is_asked_there_and_nothing_else_is() {
    let (api, other) = (Api::start().await, Api::start().await);
    other.always("/login/as", says(200, json!({ "access_token": service_token(1), "expires_in": 86_400 })));
    other.always("/mint", says(200, json!({ "sessionId": "s", "token": "other-token", "expires_in": 60 })));
    let elsewhere =
        [format!("--oauth-url={}/login/as", other.origin), format!("--mint-url=guest-sessions={}/mint", other.origin)];
    let service = minting(&api, &elsewhere.each_ref().map(String::as_str));
    let answer = granted(&service, "guest-sessions", "").await;
    assert_eq!(String::from_utf8(answer.body).unwrap(), r#"{"token":"other-token","expires_in":60}"#);
    let asked = &other.asked("/mint")[0];
    assert_eq!(asked.authorization, format!("Bearer {}", service_token(1)));

    // The API has not given that token, and says so; it is asked for its own wire all the same.
    assert_eq!(refresh().dialect("guest-webchat").send(&service).await.status, StatusCode::BAD_GATEWAY);
    assert!(api.times_asked(WIRES[2].1) > 0 && api.times_asked(WIRES[1].1) == 0 && api.times_asked(OAUTH) == 0);
}

#[tokio::test(start_paused = true)]
async fn guests_of_guest_webchat_have_the_name_and_address_that_the_operator_gives_them() {
    let api = Api::start().await;
    let service = minting(&api, &["--guest-name", "Gäst \"7\"", "--guest-email=chat@shop.example"]);
    granted(&service, "guest-webchat", "").await;
    assert_eq!(last_question(&api, WIRES[2].1), r#"{"name":"Gäst \"7\"","email":"chat@shop.example"}"#);
}

#[tokio::test(start_paused = true)]
async fn a_visitor_stays_the_same_over_renewals_restarts_and_instances() {
    let api = Api::start().await;
    for (dialect, path, members) in WIRES {
        let first = granted(&minting(&api, &[]), dialect, "").await;
        let ids: Value = serde_json::from_str(&last_question(&api, path)).unwrap();
        assert!(members.iter().all(|member| ids.get(member).is_none()), "{dialect}: nobody is known yet");
        let mut answer = first;
        let mut known = None;
        // Each time a process that never saw him.
        for _ in 0..4 {
            answer = granted(&minting(&api, &[]), dialect, &answer.cookie()).await;
            let question: Value = serde_json::from_str(&last_question(&api, path)).unwrap();
            let asked_for: Vec<_> = members.iter().map(|member| question[member].as_str().map(str::to_owned)).collect();
            assert!(asked_for.iter().all(Option::is_some), "{dialect}: {question}");
            assert_eq!(*known.get_or_insert(asked_for.clone()), asked_for, "{dialect}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_new_session_is_another_conversation_and_is_then_kept() {
    let api = Api::start().await;
    let service = minting(&api, &[]);
    let old = granted(&service, "conversation-socket", "").await;
    let new = json!({ "dialect": "conversation-socket", "session": "new" });
    let new = refresh().json(&new).cookie(&old.cookie()).send(&service).await;
    assert_ne!(new.json()["conversation_id"], old.json()["conversation_id"]);
    let kept = granted(&service, "conversation-socket", &new.cookie()).await;
    assert_eq!(kept.json()["conversation_id"], new.json()["conversation_id"]);
}

#[tokio::test(start_paused = true)]
async fn a_conversation_that_the_api_knows_no_more_is_minted_anew_once() {
    let api = Api::start().await;
    let service = minting(&api, &[]);
    for (dialect, path, _) in WIRES {
        let old = granted(&service, dialect, "").await;
        api.forget_everybody();
        let before = api.times_asked(path);
        let new = granted(&service, dialect, &old.cookie()).await;
        assert_eq!(api.times_asked(path), before + 2, "{dialect}");
        granted(&service, dialect, &new.cookie()).await;
        assert_eq!(api.times_asked(path), before + 3, "{dialect}: and is known again");

        api.always(path, says(404, r#"{"status":404,"code":"not.found","message":""}"#));
        let refused = refresh().dialect(dialect).cookie(&new.cookie()).send(&service).await;
        assert_eq!((refused.status, refused.problem()), (StatusCode::BAD_GATEWAY, "api-refused".to_owned()));
        assert_eq!(api.times_asked(path), before + 5, "{dialect}: not again and again");
        api.as_ever();
    }
}

#[tokio::test(start_paused = true)]
async fn each_deployment_and_dialect_has_a_conversation_of_its_own() {
    let api = Api::start().await;
    let service = minting(&api, &[]);
    let ask = async |dialect: &str, deployment: &str, cookies: &str| {
        let body = json!({ "dialect": dialect, "deployment_id": deployment });
        refresh().json(&body).cookie(cookies).send(&service).await
    };
    let mut cookies = Vec::new();
    let mut first = Vec::new();
    let all = ["aaaa", "guest-webchat"]
        .map(|deployment| [("webmessaging-guests", deployment), ("conversation-socket", deployment)]);
    for (dialect, deployment) in all.into_iter().flatten() {
        let answer = ask(dialect, deployment, &cookies.join("; ")).await;
        cookies.push(answer.cookie());
        first.push(answer.json()["conversation_id"].clone());
    }
    for (index, (dialect, deployment)) in all.into_iter().flatten().enumerate() {
        let answer = ask(dialect, deployment, &cookies.join("; ")).await;
        assert_eq!(answer.json()["conversation_id"], first[index]);
        assert_eq!(first.iter().filter(|id| **id == first[index]).count(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn the_default_wire_is_served_as_ever_beside_the_others_and_the_api_hears_nothing_of_it() {
    let api = Api::start().await;
    let services = [minting(&api, &[]), service(&[])];
    let answers = [json!({}), json!({ "dialect": null }), json!({ "dialect": "web-messaging" })].map(|body| {
        let services = &services;
        async move {
            let first = refresh().json(&body).send(&services[0]).await;
            // A cookie of the one is as good as one of the other.
            let again = refresh().json(&body).cookie(&first.cookie()).send(&services[1]).await;
            assert_eq!(again.token(), first.token());
            assert!(first.cookie().starts_with("__Secure-guest-chat="));
            assert_eq!(first.json(), json!({ "token": first.token(), "expires_in": 3600 }));
        }
    });
    for answer in answers {
        answer.await;
    }
    assert_eq!(api.times_asked(OAUTH), 0);
}

#[tokio::test(start_paused = true)]
async fn a_dialect_that_nobody_speaks_is_a_bad_field_and_one_that_is_not_served_the_operators_to_add() {
    let api = Api::start().await;
    for dialect in [json!("sms"), json!(""), json!(7), json!("Guest-Webchat")] {
        let answer = refresh().json(&json!({ "dialect": dialect })).send(&minting(&api, &[])).await;
        assert_eq!((answer.status, answer.problem()), (StatusCode::BAD_REQUEST, "bad-fields".to_owned()));
        let said = answer.json();
        assert_eq!(said["errors"][0]["field"], "dialect");
        assert!(said["detail"].as_str().unwrap().contains("conversation-socket"), "{said}");
    }
    for (dialect, ..) in WIRES {
        let answer = refresh().dialect(dialect).send(&service(&[])).await;
        assert_eq!(
            (answer.status, answer.problem()),
            (StatusCode::INTERNAL_SERVER_ERROR, "dialect-not-served".to_owned())
        );
        assert_eq!(answer.header("retry-after"), "60");
        assert_eq!(answer.header("set-cookie"), "");
        assert!(answer.json()["detail"].as_str().unwrap().contains("--dialect"));
    }
    let args =
        ["--origin=https://shop.example", "--dialect=guest-webchat", "--client-id=c", &format!("--api={}", api.origin)];
    let environment = token_proxy::Environment { key: Some(KEY.into()), client_secret: Some(SECRET.into()) };
    let Ok(token_proxy::Command::Serve(one)) = token_proxy::Command::read(args, environment) else {
        panic!("good settings")
    };
    let answer = refresh().dialect("guest-sessions").send(&token_proxy::router(*one)).await;
    assert_eq!(answer.problem(), "dialect-not-served");
    assert_eq!(api.times_asked(OAUTH), 0);
}

#[tokio::test(start_paused = true)]
async fn strangers_and_other_deployments_are_refused_before_the_api_hears_of_them() {
    let api = Api::start().await;
    let service = minting(&api, &["--deployment", "aaaa"]);
    let evil = refresh().dialect("guest-sessions").with("origin", "https://evil.example").send(&service).await;
    assert_eq!(evil.problem(), "origin-not-allowed");
    let other = refresh().json(&json!({ "dialect": "guest-sessions", "deployment_id": "bbbb" })).send(&service).await;
    assert_eq!(other.problem(), "deployment-not-served");
    assert_eq!(api.times_asked(OAUTH), 0);
}

#[tokio::test(start_paused = true)]
async fn places_in_line_are_given_as_for_the_default_wire() {
    let api = Api::start().await;
    let service = minting(&api, &["--connections-per-minute", "2"]);
    let connect =
        async |dialect: &str| refresh().json(&json!({ "dialect": dialect, "connecting": true })).send(&service).await;
    for (dialect, wait) in
        [("guest-sessions", 0), ("web-messaging", 0), ("guest-webchat", 60_000), ("web-messaging", 90_000)]
    {
        assert_eq!(connect(dialect).await.json()["connect_after_ms"], wait, "{dialect}");
    }
    assert_eq!(granted(&service, "guest-sessions", "").await.json()["connect_after_ms"], Value::Null);
}

#[tokio::test(start_paused = true)]
async fn nobody_for_whom_there_is_no_place_starts_a_conversation() {
    let api = Api::start().await;
    let service = minting(&api, &["--connections-per-minute", "1"]);
    let body = json!({ "dialect": "guest-sessions", "connecting": true });
    for _ in 0..=10 {
        assert_eq!(refresh().json(&body).send(&service).await.status, StatusCode::OK);
    }
    let answer = refresh().json(&body).send(&service).await;
    assert_eq!((answer.status, answer.problem()), (StatusCode::SERVICE_UNAVAILABLE, "line-too-long".to_owned()));
    assert_eq!(api.times_asked(WIRES[1].1), 11);
}

#[tokio::test(start_paused = true)]
async fn nobody_who_gets_no_token_takes_a_place() {
    let api = Api::start().await;
    let service = minting(&api, &["--connections-per-minute", "1"]);
    let body = json!({ "dialect": "guest-sessions", "connecting": true });
    for wait in [0, 60_000, 120_000] {
        api.always(WIRES[1].1, says(500, ""));
        for _ in 0..20 {
            assert_eq!(refresh().json(&body).send(&service).await.status, StatusCode::SERVICE_UNAVAILABLE);
        }
        api.as_ever();
        assert_eq!(refresh().json(&body).send(&service).await.json()["connect_after_ms"], wait);
    }
}

#[tokio::test(start_paused = true)]
async fn a_place_is_counted_from_the_answer_however_long_the_api_took() {
    let api = Api::start().await;
    let service = minting(&api, &["--connections-per-minute", "1"]);
    granted(&service, "guest-sessions", "").await;
    let body = json!({ "dialect": "guest-sessions", "connecting": true });
    assert_eq!(refresh().json(&body).send(&service).await.json()["connect_after_ms"], 0);
    let permits = Arc::new(Semaphore::new(0));
    api.next(WIRES[1].1, [Instead::Later(permits.clone())]);
    let slow = tokio::spawn({
        let (service, body) = (service.clone(), body.clone());
        async move { refresh().json(&body).send(&service).await }
    });
    api.is_asked(WIRES[1].1, 3).await;
    advance(Duration::from_secs(3)).await;
    permits.add_permits(1);
    assert_eq!(soon(slow).await.json()["connect_after_ms"], 57_000);
}

#[tokio::test(start_paused = true)]
async fn who_could_not_use_his_place_gives_it_back_on_every_wire() {
    let api = Api::start().await;
    let service = minting(&api, &["--connections-per-minute", "1"]);
    let ask = async |unused: bool| {
        let body = json!({ "dialect": "guest-sessions", "connecting": true, "unused": unused });
        refresh().json(&body).send(&service).await.json()["connect_after_ms"].clone()
    };
    assert_eq!([ask(false).await, ask(true).await, ask(true).await, ask(false).await], [0, 0, 0, 60_000]);
}

#[tokio::test(start_paused = true)]
async fn a_crowd_opens_no_more_than_64_connections_and_all_of_it_is_served() {
    let api = Api::start().await;
    let service = minting(&api, &[]);
    let permits = Arc::new(Semaphore::new(0));
    api.always(WIRES[1].1, Instead::Later(permits.clone()));
    let crowd: Vec<_> = (0..200)
        .map(|_| {
            let service = service.clone();
            tokio::spawn(async move { refresh().dialect("guest-sessions").send(&service).await })
        })
        .collect();
    api.is_asked(WIRES[1].1, 64).await;
    for _ in 0..1_000 {
        tokio::task::yield_now().await;
    }
    assert_eq!(api.times_asked(WIRES[1].1), 64);
    permits.add_permits(200);
    for visitor in crowd {
        assert_eq!(soon(visitor).await.status, StatusCode::OK);
    }
}
