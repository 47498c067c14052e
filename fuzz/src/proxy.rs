//! What the token endpoint is asked by anybody, and told on its command line.

use std::cell::RefCell;

use axum::body::{Body, to_bytes};
use axum::http::{HeaderValue, Request, StatusCode};
use token_proxy::{Command, DeploymentId, Environment, Origin, REFRESH_PATH, router};
use tower::ServiceExt;

/// Lines of headers, an empty line, and the body of a refresh. Or `$` and arguments, one a line.
pub fn proxy(text: &str) {
    if let Some(arguments) = text.strip_prefix("$\n") {
        // A file is not fuzzing's to read.
        let is_file = |word: &str| ["--key-file", "--client-secret-file"].iter().any(|option| word.starts_with(option));
        let arguments = arguments.lines().filter(|word| !is_file(word)).map(String::from);
        return drop(Command::read(arguments, Environment { key: None, client_secret: Some("s".into()) }));
    }
    for line in text.lines() {
        if let Some(id) = DeploymentId::parse(line) {
            assert_eq!(DeploymentId::parse(&id.to_string()), Some(id));
        }
        if let Some(origin) = Origin::parse(line) {
            assert_eq!(Origin::parse(&origin.to_string()), Some(origin));
        }
    }
    let (head, body) = text.split_once("\n\n").unwrap_or((text, ""));
    let mut request = Request::post(REFRESH_PATH);
    let mut is_ours = false;
    for (name, value) in head.lines().filter_map(|line| line.split_once(':')) {
        is_ours |= value.trim() == "same-origin" || is_our_page(value.trim());
        request = request.header(name, value.trim());
    }
    let Ok(request) = request.body(Body::from(body.to_owned())) else { return };
    RUNTIME.with_borrow(|runtime| runtime.block_on(ask(request, is_ours)));
}

/// Written apart from what reads origins: our host, the port that https has anyway, and perhaps a slash.
fn is_our_page(origin: &str) -> bool {
    let origin = origin.to_ascii_lowercase();
    let Some(rest) = origin.strip_prefix("https://shop.example") else { return false };
    let port = rest.strip_suffix('/').unwrap_or(rest);
    port.is_empty() || port.strip_prefix(':').is_some_and(|port| port.trim_start_matches('0') == "443")
}

async fn ask(request: Request<Body>, is_ours: bool) {
    let arguments = ["--origin", "https://shop.example", "--connections-per-minute", "0"].map(String::from);
    let environment = Environment { key: Some("k".repeat(64)), client_secret: None };
    let Ok(Command::Serve(settings)) = Command::read(arguments, environment) else { panic!("these are settings") };
    let answer = router(*settings).oneshot(request).await.expect("a router answers");
    let status = answer.status();
    // Its dialects need an API, and this proxy has none: the page may be right.
    let is_other_dialect = answer.headers().contains_key("retry-after");
    assert_eq!(status.is_server_error(), is_other_dialect, "{status}");
    assert!(is_ours || status != StatusCode::OK, "a stranger was given a token");
    let headers = answer.headers();
    assert_eq!(headers.get("cache-control").map(HeaderValue::as_bytes), Some(&b"no-store"[..]));
    assert!(!headers.contains_key("access-control-allow-origin"));
    let body = to_bytes(answer.into_body(), 64 << 10).await.expect("a short body");
    let body: serde_json::Value = serde_json::from_slice(&body).expect("JSON");
    assert_eq!(body.get("token").is_some(), status == StatusCode::OK, "{body}");
}

thread_local! {
    static RUNTIME: RefCell<tokio::runtime::Runtime> = RefCell::new(
        tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime"),
    );
}
