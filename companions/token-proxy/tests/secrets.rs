//! What no page, no log and no stranger may ever see: the service token and the client's secret, in whatever form, whatever the API answers;
//! and the visitor's ids in his cookie.
#![allow(clippy::unwrap_used, reason = "what is not as a test wants it fails that test")]

mod common;

use std::io::Write;
use std::sync::{Arc, LazyLock, Mutex};

use axum::Router;
use axum::http::StatusCode;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use common::api::{Api, Instead, OAUTH, SECRET, SERVICE_TOKEN, WIRES, says};
use common::{Answer, KEY, minting, refresh};
use serde_json::{Value, json};
use tokio::time::{Duration, advance};
use tracing_subscriber::fmt::MakeWriter;

/// A text as it stands, percent-encoded, in hexadecimal, escaped for JSON and HTML, and in base64 wherever in a longer text it begins.
fn forms(text: &str) -> Vec<Vec<u8>> {
    let hex = hex(text);
    let percent = |is_kept: fn(u8) -> bool| {
        let each = text.bytes().map(|b| if is_kept(b) { char::from(b).to_string() } else { format!("%{b:02X}") });
        each.collect::<Vec<_>>().concat()
    };
    let form_urlencoded = percent(|b| b.is_ascii_alphanumeric() || b"-._*".contains(&b));
    let uri_component = percent(|b| b.is_ascii_alphanumeric() || b"-._~!*'()".contains(&b));
    let all_percent = percent(|_| false);
    let html = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let mut forms = vec![
        text.to_owned(),
        hex.to_uppercase(),
        hex,
        form_urlencoded.to_lowercase(),
        form_urlencoded,
        uri_component.to_lowercase(),
        uri_component,
        all_percent.to_lowercase(),
        all_percent,
        html,
        text.replace('/', "\\/"),
        text.replace('&', "\\u0026").replace('<', "\\u003c").replace('>', "\\u003e"),
    ];
    for skipped in 0..3 {
        let whole = &text[skipped..];
        let whole = &whole[..whole.len() / 3 * 3];
        forms.extend([STANDARD.encode(whole), URL_SAFE.encode(whole)]);
    }
    forms.into_iter().map(String::into_bytes).collect()
}

fn hex(text: &str) -> String {
    text.bytes().map(|b| format!("{b:02x}")).collect::<Vec<_>>().concat()
}

fn finds(haystack: &[u8], text: &str) -> bool {
    forms(text).iter().any(|form| haystack.windows(form.len()).any(|window| window == form))
}

/// Every byte of an answer, and the visitor's cookie opened: what is sealed there now may be opened by mistake later.
fn everything(answer: &Answer) -> Vec<u8> {
    let mut all = answer.bytes();
    for line in answer.headers.get_all("set-cookie") {
        all.extend(unsealed(line.to_str().unwrap()).into_bytes());
    }
    all
}

fn unsealed(set_cookie: &str) -> String {
    let key = cookie::Key::derive_from(&STANDARD.decode(KEY).unwrap());
    let pair = set_cookie.split(';').next().unwrap().to_owned();
    let sealed = cookie::Cookie::parse(pair).unwrap();
    cookie::CookieJar::new().private(&key).decrypt(sealed).expect("sealed with the key").value().to_owned()
}

/// What this process writes to the log, at every level, of every crate and test. Begun before anything is logged: what a thread
/// without a log says first would be heard by none.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

static LOG: LazyLock<Log> = LazyLock::new(|| {
    let log = Log::default();
    let to = tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE).with_ansi(false).with_writer(log.clone());
    to.try_init().expect("there is no other");
    log
});

async fn minting_api() -> (Api, Router) {
    LazyLock::force(&LOG);
    let api = Api::start().await;
    let service = minting(&api, &[]);
    (api, service)
}

impl Log {
    fn bytes(&self) -> Vec<u8> {
        self.0.lock().unwrap().clone()
    }
}

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Log {
    type Writer = Log;

    fn make_writer(&self) -> Log {
        self.clone()
    }
}

/// Answers to a mint that have the secrets where they do not belong; with what the page is answered.
fn treacherous(members: &[&str], planted: &str) -> Vec<(Instead, StatusCode)> {
    let grant = |token: &str, id: &str, more: Value| {
        let mut grant = json!({ "token": token, "expires_in": 3600 });
        for member in members {
            grant[member] = id.into();
        }
        grant.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        grant
    };
    let words = json!({ "status": 400, "code": planted, "message": format!("Bearer {planted} is not enough"), "service": planted });
    let (good, bad) = (StatusCode::OK, StatusCode::BAD_GATEWAY);
    let mut all = vec![
        (
            says(
                200,
                grant("guest", "id", json!({ "access_token": planted, "scope": { "of": [planted] }, planted: 1 })),
            ),
            good,
        ),
        (says(200, grant("guest", "id", json!({}))).with("set-cookie", planted).with("x-service-token", planted), good),
        (says(200, grant(planted, "id", json!({}))), bad),
        (says(200, grant(&format!("v1.{planted}.sig"), "id", json!({}))), bad),
        (says(200, grant("guest", planted, json!({}))), bad),
        (says(200, grant("guest", "id", json!({ "expires_in": planted }))), bad),
        (says(200, planted), bad),
        (says(200, format!("<p>{planted}")), bad),
        (says(307, &words).with("location", &format!("/?{planted}")), bad),
    ];
    for status in [400, 401, 403, 409, 500, 503, 429] {
        let answer = says(status, &words).with("www-authenticate", planted).with("retry-after", planted);
        let expected = if status < 500 && status != 429 { bad } else { StatusCode::SERVICE_UNAVAILABLE };
        all.push((answer, expected));
    }
    all
}

#[tokio::test(start_paused = true)]
async fn no_answer_and_no_line_of_the_log_has_the_service_token_or_the_secret_in_it_in_any_form() {
    let mut answers = 0;
    let mut check = |answer: &Answer, of: &str| {
        answers += 1;
        let sent = everything(answer);
        for planted in [SECRET, SERVICE_TOKEN] {
            assert!(!finds(&sent, planted), "{of}: {}", String::from_utf8_lossy(&sent));
        }
    };
    for (dialect, path, members) in WIRES {
        let (api, service) = minting_api().await;
        let ask = async |cookie: &str| {
            let body = json!({ "dialect": dialect, "deployment_id": "d", "connecting": true });
            refresh().json(&body).cookie(cookie).send(&service).await
        };
        let first = ask("").await;
        assert_eq!(first.status, StatusCode::OK);
        check(&first, dialect);
        check(&ask(&first.cookie()).await, dialect);
        for planted in [SECRET, SERVICE_TOKEN] {
            // The service token has its number behind the planted words.
            let planted = if planted == SECRET { SECRET.to_owned() } else { common::api::service_token(1) };
            for (instead, status) in treacherous(members, &planted) {
                api.next(path, [instead]);
                let answer = ask(&first.cookie()).await;
                check(&answer, dialect);
                assert_eq!(answer.status, status, "{dialect}: {}", String::from_utf8_lossy(&answer.body));
            }
        }
        // And an endpoint for service tokens that says too much when it refuses, or in what is none.
        let words = |status| says(status, format!("{SECRET} {SERVICE_TOKEN}")).with("www-authenticate", SERVICE_TOKEN);
        let odd = json!({ "access_token": SERVICE_TOKEN, "expires_in": SECRET });
        for instead in [words(400), words(401), words(500), words(302), words(200), says(200, odd)] {
            advance(Duration::from_hours(48)).await;
            api.next(OAUTH, [instead]);
            let answer = ask(&first.cookie()).await;
            assert!(answer.status.is_server_error());
            check(&answer, dialect);
        }
    }
    let log = LOG.bytes();
    for planted in [SECRET, SERVICE_TOKEN, "guest-token-", "guestId-1", "contactId-1"] {
        assert!(!finds(&log, planted), "{planted} in {}", String::from_utf8_lossy(&log));
    }
    let log = String::from_utf8(log).unwrap();
    assert!(log.contains("outcome=\"kept\"") && log.contains("client-refused"), "the log was really caught");
    assert_eq!(answers, 5 * (2 + 2 * 16 + 6));
}

#[test]
fn the_search_finds_a_secret_in_every_form() {
    let around = |text: &str| format!("<<{text}>>").into_bytes();
    let longer = |by: usize| format!("{}{SECRET}.", "x".repeat(by));
    assert!(finds(&around(SECRET), SECRET) && finds(&around(&hex(SECRET)), SECRET));
    assert!((0..7).all(|by| finds(STANDARD.encode(longer(by)).as_bytes(), SECRET)));
    assert!(finds(b"S3cret%2Bof%2Fthe%3Dclient~%26planted%3C0123456789%3E", SECRET));
    assert!(!finds(&around(&SECRET[1..]), SECRET));
}

#[tokio::test(start_paused = true)]
async fn the_cookie_has_the_ids_and_no_token_and_shows_nobody_even_those() {
    let (_api, service) = minting_api().await;
    for (number, (dialect, _, members)) in WIRES.into_iter().enumerate() {
        let answer = refresh().dialect(dialect).send(&service).await;
        let line = answer.header("set-cookie").to_owned();
        let attributes: Vec<_> = line.split("; ").skip(1).collect();
        let mut sorted = attributes.clone();
        sorted.sort_unstable();
        assert_eq!(sorted, ["HttpOnly", "Max-Age=262800", "Path=/api/genesys", "SameSite=Strict", "Secure"]);
        assert!(line.starts_with(&format!("__Secure-guest-chat..{dialect}=")), "{line}");

        let ids: Vec<_> = members.iter().map(|member| format!("{member}-{}", number + 1)).collect();
        let kept: Value = serde_json::from_str(&unsealed(&line)).unwrap();
        assert_eq!(kept, json!({ "v": 1, "ids": ids, "issued": kept["issued"], "lasts": 262_800 }));
        for id in &ids {
            assert!(!finds(line.as_bytes(), id), "{line}");
        }
        assert!(!finds(line.as_bytes(), &answer.token()), "{line}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_cookie_that_was_touched_or_sealed_for_another_dialect_opens_no_conversation() {
    let (api, service) = minting_api().await;
    let first = refresh().dialect("conversation-socket").send(&service).await;
    let conversation = |answer: &Answer| answer.json()["conversation_id"].clone();
    let cookie = first.cookie();
    let value_at = cookie.find('=').unwrap() + 1;
    for at in (value_at..cookie.len()).step_by(11) {
        let mut touched = cookie.clone().into_bytes();
        touched[at] = if touched[at] == b'A' { b'B' } else { b'A' };
        let answer =
            refresh().dialect("conversation-socket").cookie(&String::from_utf8(touched).unwrap()).send(&service).await;
        assert_ne!(conversation(&answer), conversation(&first), "byte {at}");
    }
    let renamed = cookie.replace("conversation-socket", "guest-webchat");
    refresh().dialect("guest-webchat").cookie(&renamed).send(&service).await;
    let asked = api.asked(WIRES[2].1).pop().unwrap();
    assert!(!asked.body.contains("conversationId"), "{}", asked.body);
}

#[tokio::test(start_paused = true)]
async fn settings_are_shown_without_the_secret() {
    let environment = token_proxy::Environment { key: Some(KEY.into()), client_secret: Some(SECRET.into()) };
    let args =
        ["--origin=https://shop.example", "--dialect=guest-sessions", "--client-id=c", "--api=https://api.example"];
    let Ok(token_proxy::Command::Serve(settings)) = token_proxy::Command::read(args, environment) else {
        panic!("good settings")
    };
    assert!(!finds(format!("{settings:?}").as_bytes(), SECRET));
}
