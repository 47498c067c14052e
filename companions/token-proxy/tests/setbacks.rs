//! An API that does not do as it should: which problem the page is answered with, when it is to come again, and what it is never told.

mod common;

use std::sync::Arc;

use axum::http::StatusCode;
use common::api::{Api, OAUTH, WIRES, says};
use common::{Answer, minting, refresh};
use rustls::pki_types::PrivateKeyDer;
use token_proxy::{Command, Environment, router};
use tokio::net::TcpListener;
use tokio::time::{Duration, advance};
use tokio_rustls::TlsAcceptor;

const DIALECT: &str = WIRES[3].0;
const MINT: &str = WIRES[3].1;

#[tokio::test(start_paused = true)]
async fn every_bad_answer_to_a_mint_is_a_5xx_that_names_what_to_change() {
    let api = Api::start().await;
    let service = minting(&api, &[]);
    let long = format!(
        r#"{{"conversationId":"c","guestId":"g","token":"t","expires_in":60,"x":"{}"}}"#,
        "x".repeat(64 * 1024)
    );
    let cases = [
        (says(403, ""), 502, "scope-refused", "30", "scopes"),
        (says(400, ""), 502, "api-refused", "30", "answered with 400"),
        (says(404, ""), 502, "api-refused", "30", "--api"),
        (says(405, ""), 502, "api-refused", "30", "answered with 405"),
        (says(301, "").with("location", "/elsewhere"), 502, "api-refused", "30", "follows no redirects"),
        (says(204, ""), 502, "api-refused", "30", "answered with 204"),
        (says(500, ""), 503, "api-failing", "", "answered with 500"),
        (says(502, "").with("retry-after", "soon"), 503, "api-failing", "", "answered with 502"),
        (says(200, "<html>Sign in</html>"), 502, "api-unreadable", "30", "--api"),
        (says(200, r#"{"conversationId":"c","token":"t","expires_in":60}"#), 502, "api-unreadable", "30", "dialect"),
        (says(200, long), 502, "api-unreadable", "30", "--api"),
    ];
    for (instead, status, name, retry_after, words) in cases {
        api.next(MINT, [instead]);
        let answer = refresh().dialect(DIALECT).send(&service).await;
        assert_eq!((answer.status.as_u16(), answer.problem()), (status, name.to_owned()));
        assert_eq!(answer.header("retry-after"), retry_after, "{name}");
        assert_eq!(answer.header("set-cookie"), "", "{name}");
        let detail = answer.json()["detail"].as_str().unwrap().to_owned();
        assert!(detail.contains(words), "{detail}");
    }
    assert_eq!(api.times_asked("/elsewhere") + api.times_asked("GET/elsewhere"), 0);
    assert_eq!(api.times_asked(OAUTH), 1, "none of this is the service token's fault");
    assert_eq!(refresh().dialect(DIALECT).send(&service).await.status, StatusCode::OK);
}

#[tokio::test(start_paused = true)]
async fn an_answer_in_place_of_a_service_token_is_no_service_token() {
    for (instead, status, name) in [
        (says(200, r#"{"access_token":"t","token_type":"bearer"}"#), 502, "api-unreadable"),
        (says(200, r#"{"access_token":"t","expires_in":0}"#), 502, "api-unreadable"),
        (says(200, r#"{"access_token":"a\r\nb","expires_in":60}"#), 502, "api-unreadable"),
        (says(200, r#"{"access_token":"","expires_in":60}"#), 502, "api-unreadable"),
        (says(302, "").with("location", "/login"), 502, "api-refused"),
        (says(404, ""), 502, "api-refused"),
        (says(429, ""), 503, "api-failing"),
        (says(408, ""), 503, "api-failing"),
    ] {
        let api = Api::start().await;
        api.next(OAUTH, [instead]);
        let answer = refresh().dialect(DIALECT).send(&minting(&api, &[])).await;
        assert_eq!((answer.status.as_u16(), answer.problem()), (status, name.to_owned()));
        assert!(!answer.header("retry-after").is_empty());
        assert_eq!(api.times_asked(MINT), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn a_life_of_centuries_is_as_good_as_one_of_a_year() {
    let api = Api::start().await;
    api.lives(u64::MAX, u64::MAX);
    let answer = refresh().dialect(DIALECT).send(&minting(&api, &[])).await;
    assert_eq!(answer.json()["expires_in"], 31_536_000);
}

#[tokio::test(start_paused = true)]
async fn where_the_api_says_when_to_come_again_no_visitor_asks_it_before() {
    let api = Api::start().await;
    let service = minting(&api, &[]);
    api.next(MINT, [says(429, "").with("retry-after", "12")]);
    for wait in ["12", "8", "4"] {
        let answer = refresh().dialect(DIALECT).send(&service).await;
        assert_eq!((answer.status, answer.header("retry-after")), (StatusCode::SERVICE_UNAVAILABLE, wait));
        assert_eq!(answer.problem(), "api-failing");
        assert_eq!(api.times_asked(MINT), 1);
        advance(Duration::from_secs(4)).await;
    }
    assert_eq!(refresh().dialect(DIALECT).send(&service).await.status, StatusCode::OK);
}

#[tokio::test(start_paused = true)]
async fn a_conversation_outlives_the_api_s_failures() {
    let api = Api::start().await;
    let service = minting(&api, &[]);
    let first = refresh().dialect(DIALECT).send(&service).await;
    for status in [500, 429, 403, 400, 301] {
        api.next(MINT, [says(status, "")]);
        assert!(refresh().dialect(DIALECT).cookie(&first.cookie()).send(&service).await.status.is_server_error());
    }
    let again = refresh().dialect(DIALECT).cookie(&first.cookie()).send(&service).await;
    assert_eq!(again.json()["conversation_id"], first.json()["conversation_id"]);
}

#[tokio::test(start_paused = true)]
async fn an_api_that_is_not_there_or_speaks_no_tls_is_unreachable() {
    let api = Api::start().await;
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    // The stand-in speaks plain http, which nobody takes for TLS.
    for origin in [format!("http://{closed}"), api.origin.replace("http:", "https:")] {
        let answer = ask_with_api(&origin).await;
        assert_eq!((answer.status, answer.problem()), (StatusCode::SERVICE_UNAVAILABLE, "api-unreachable".to_owned()));
        assert_eq!(answer.header("retry-after"), "1");
    }
}

async fn ask_with_api(origin: &str) -> Answer {
    let args = ["--origin=https://shop.example", "--dialect=guest-sessions", "--client-id=c", "--api", origin];
    let environment = Environment { client_secret: Some("s".into()), ..Environment::default() };
    let Ok(Command::Serve(settings)) = Command::read(args, environment) else { panic!("good settings") };
    refresh().dialect("guest-sessions").send(&router(*settings)).await
}

#[tokio::test]
async fn whose_certificate_nobody_vouches_for_is_told_no_secret() {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let versions = rustls::ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let config = versions.with_no_client_auth().with_single_cert(vec![made.cert.der().clone()], key).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let origin = format!("https://localhost:{}", listener.local_addr().unwrap().port());
    let server = tokio::spawn(async move {
        let (socket, _) = listener.accept().await.unwrap();
        let handshake = TlsAcceptor::from(Arc::new(config)).accept(socket).await;
        handshake.map(drop).unwrap_err().to_string()
    });
    let answer = ask_with_api(&origin).await;
    assert_eq!((answer.status, answer.problem()), (StatusCode::SERVICE_UNAVAILABLE, "api-unreachable".to_owned()));
    // It got as far as the certificate, and the client went no further.
    let said = server.await.unwrap();
    assert!(said.contains("UnknownCA"), "{said}");
}
