//! Every misconfiguration and failure that a program can meet, made for real against the simulator and the token proxy, and the cause
//! that has to be named for it. A healthy set-up is never accused.
#![allow(clippy::unwrap_used, reason = "a test may; clippy knows `#[test]` only")]

mod common;

use common::{PATIENCE, Site, canned, nobody, self_signed};
use diagnosis::Report;
use simulator::{DEMO_DEPLOYMENT, Deployment, Settings};

/// What is made, and what has to be named.
type Case = (&'static str, fn() -> Site, &'static str);

fn quiet() -> Settings {
    Settings { agent: false, ..Settings::default() }
}

fn proxied() -> Site {
    Site::plain().with_proxy(&[])
}

fn granted(head: &'static str) -> Site {
    Site::plain().with_endpoint(head, r#"{"token":"5f0c1c9e-7a4d-4e0f-9b6a-2d8c5e1f0a37","expires_in":3600}"#)
}

/// Asserts the named cause of each case, and says all that differ.
fn check(cases: &[Case]) {
    let wrong: Vec<_> = cases
        .iter()
        .filter_map(|(what, make, expected)| {
            let site = make();
            let seen = site.examine();
            let report = Report::new(&seen);
            let named = report.cause.map_or("nothing", |cause| cause.id);
            (named != *expected).then(|| format!("{what}: {named} instead of {expected}\n{}", report.to_text()))
        })
        .collect();
    assert!(wrong.is_empty(), "{} of {} misnamed\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}

#[test]
fn what_is_healthy_is_never_accused() {
    check(&[
        ("no token endpoint", Site::plain, "nothing"),
        ("a token endpoint", proxied, "nothing"),
        (
            "a token endpoint for this deployment",
            || Site::plain().with_proxy(&["--deployment", DEMO_DEPLOYMENT]),
            "nothing",
        ),
        ("a page on a domain that is listed", || listed("localhost"), "nothing"),
        (
            "a page on a subdomain of one",
            || listed("example").with(|it| it.page_origin = "https://shop.example".into()),
            "nothing",
        ),
        ("a short but honest life", || proxied().token_fault(r#"{"always":{"life":60}}"#), "nothing"),
        (
            "a slow network",
            || {
                proxied()
                    .token_fault(r#"{"always":{"hang_ms":500}}"#)
                    .fault(r#"{"on":{"http":"*"},"count":null,"effect":{"delay":{"ms":500}}}"#)
                    .fault(r#"{"on":{"push":"*"},"count":null,"effect":{"delay":{"ms":500}}}"#)
            },
            "nothing",
        ),
        (
            "frames before the answer to the hello",
            || Site::plain().fault(r#"{"on":{"push":"SessionResponse"},"effect":{"reorder":{"ms":300}}}"#),
            "nothing",
        ),
        ("a grant that is marked private besides", || granted("200 OK\r\nCache-Control: private, no-store"), "nothing"),
    ]);
}

fn listed(domain: &str) -> Site {
    Site::new(Settings { allow_all_domains: false, allowed_domains: vec![domain.into()], ..quiet() })
}

#[test]
fn what_is_wrong_with_the_deployment_is_named() {
    check(&[
        (
            "another deployment's id",
            || Site::plain().with(|it| it.deployment_id = Some("d-1".into())),
            "deployment-unknown",
        ),
        (
            "an inactive deployment",
            || {
                Site::new(Settings {
                    deployments: vec![Deployment { active: false, ..Deployment::default() }],
                    ..quiet()
                })
            },
            "deployment-inactive",
        ),
        ("a page whose domain is not listed", || listed("shop.example"), "domain-not-allowed"),
        ("localhost for 127.0.0.1", || listed("127.0.0.1"), "domain-not-allowed"),
        (
            "an empty list of domains",
            || Site::new(Settings { allow_all_domains: false, ..quiet() }),
            "domain-not-allowed",
        ),
        ("an id that is none", || Site::plain().with(|it| it.deployment_id = Some("d 1".into())), "attributes"),
        (
            "an endpoint with a path",
            || Site::plain().with(|it| it.endpoint = Some("http://a.example/v1".into())),
            "attributes",
        ),
        (
            "an endpoint by http under a page by https",
            || {
                Site::plain().with(|it| {
                    it.endpoint = Some("http://no-such-host.invalid".into());
                    it.page_origin = "https://shop.example".into();
                })
            },
            "mixed-content",
        ),
        (
            "a host that does not exist",
            || Site::plain().with(|it| it.endpoint = Some("http://no-such-host.invalid".into())),
            "host-unknown",
        ),
        ("a host where nobody listens", || Site::plain().with(|it| it.endpoint = Some(nobody())), "host-unreachable"),
        (
            "a host that speaks no TLS",
            || Site::plain().with(|it| it.endpoint = it.endpoint.take().map(|url| url.replace("http:", "https:"))),
            "tls-failed",
        ),
        (
            "a certificate that the host has signed itself",
            || Site::plain().with(|it| it.endpoint = Some(self_signed(JSON, r#"{"status":"Active"}"#))),
            "certificate",
        ),
        (
            "a web site in the place of the endpoint",
            || {
                Site::plain().with(|it| {
                    it.endpoint = Some(canned("200 OK\r\nContent-Type: text/html", "<!doctype html><p>Shop"));
                })
            },
            "middlebox",
        ),
        (
            "a login page of the network's",
            || Site::plain().with(|it| it.endpoint = Some(canned("302 Found\r\nLocation: http://login.example/", ""))),
            "middlebox",
        ),
        (
            "files that fail beside a socket that works",
            || Site::plain().fault(r#"{"on":{"http":"config.json"},"count":null,"effect":{"status":{"status":503}}}"#),
            "settings-unavailable",
        ),
    ]);
}

#[test]
fn what_is_wrong_with_the_socket_is_named() {
    check(&[
        ("403 although the files admit the page", || upgrade(403), "upgrade-refused"),
        ("429 at the upgrade", || upgrade(429), "upgrade-rate-limited"),
        ("503 at the upgrade", || upgrade(503), "backend-failing"),
        ("407 of a proxy's at the upgrade", || upgrade(407), "middlebox"),
        (
            "a web page at the upgrade",
            || Site::plain().fault(r#"{"on":"upgrade","count":null,"effect":{"status":{"status":200,"html":true}}}"#),
            "middlebox",
        ),
        (
            "a hello that is lost",
            || Site::plain().fault(r#"{"on":{"push":"SessionResponse"},"effect":"lose"}"#),
            "hello-unanswered",
        ),
        (
            "a wire that opens and is dead",
            || Site::plain().fault(r#"{"on":"upgrade","effect":{"blackHole":{}}}"#),
            "hello-unanswered",
        ),
        ("an expired session", || refused(4006), "session-expired"),
        ("a session that is not known", || refused(4007), "session-unknown"),
        ("a signed-in visitor's token", || refused(4017), "session-signed-in"),
        ("a token that is refused in words", || refused(401), "session-refused"),
        ("a token that is refused by a close code", || closed(1008), "session-refused"),
        ("a deployment that the hello does not find", || refused(400), "deployment-unknown"),
        ("too many requests", || hello(r#"{"tooManyRequests":{"retryAfter":3}}"#), "rate-limited"),
        ("a failure of the backend's", || refused(500), "backend-failing"),
        ("a backend that restarts", || closed(1012), "backend-failing"),
        ("an error that nobody knows", || refused(4020), "hello-refused"),
        ("a connection that is cut", || hello(r#"{"drop":{}}"#), "connection-cut"),
        ("a service that goes away", || closed(1001), "connection-cut"),
    ]);
}

fn upgrade(status: u16) -> Site {
    Site::plain().fault(&format!(r#"{{"on":"upgrade","count":null,"effect":{{"status":{{"status":{status}}}}}}}"#))
}

fn hello(effect: &str) -> Site {
    Site::plain().fault(&format!(r#"{{"on":{{"request":"configureSession"}},"count":null,"effect":{effect}}}"#))
}

fn refused(code: u16) -> Site {
    hello(&format!(r#"{{"error":{{"code":{code}}}}}"#))
}

fn closed(code: u16) -> Site {
    hello(&format!(r#"{{"close":{{"code":{code}}}}}"#))
}

#[test]
fn what_is_wrong_with_the_token_endpoint_is_named() {
    check(&[
        (
            "on another origin",
            || proxied().with(|it| it.page_origin = "https://shop.example".into()),
            "token-cross-origin",
        ),
        (
            "not running",
            || {
                Site::plain().with(|it| {
                    it.page_origin = nobody();
                    it.token_url = Some(it.page_origin.clone() + "/token");
                })
            },
            "token-unreachable",
        ),
        (
            "with a certificate that it has signed itself",
            || Site::plain().with_endpoint_at(self_signed(JSON, r#"{"token":"x","expires_in":60}"#)),
            "token-certificate",
        ),
        (
            "without encryption",
            || {
                proxied().with(|it| {
                    it.page_origin = it.page_origin.replace("http:", "https:");
                    it.token_url = it.token_url.take().map(|url| url.replace("http:", "https:"));
                })
            },
            "token-tls",
        ),
        ("hanging", || proxied().token_fault(r#"{"always":{"hang_ms":60000}}"#), "token-timeout"),
        ("failing", || proxied().token_fault(r#"{"always":{"status":503}}"#), "token-failing"),
        (
            "overloaded",
            || proxied().token_fault(r#"{"always":{"status":429,"retry_after":"5"}}"#),
            "token-rate-limited",
        ),
        ("refusing", || proxied().token_fault(r#"{"always":{"status":401}}"#), "token-refused"),
        ("behind a login page", || proxied().token_fault(r#"{"always":{"html":true}}"#), "token-html"),
        ("granting for two seconds", || proxied().token_fault(r#"{"always":{"life":2}}"#), "token-short-life"),
        ("granting for no time", || proxied().token_fault(r#"{"always":{"life":0}}"#), "token-no-grant"),
        ("changing the token", || proxied().token_fault(r#"{"always":{"token":"new"}}"#), "token-changes"),
        (
            "of another page",
            || Site::plain().with_proxy(&["--origin", "http://shop.example"]),
            "token-origin-not-allowed",
        ),
        ("of another deployment", || Site::plain().with_proxy(&["--deployment", "d-1"]), "token-deployment-not-served"),
        (
            "on another path",
            || proxied().with(|it| it.token_url = Some(it.page_origin.clone() + "/api/refresh")),
            "token-not-found",
        ),
        (
            "on a path that only reads",
            || proxied().with(|it| it.token_url = Some(it.page_origin.clone() + "/api/genesys/health")),
            "token-not-found",
        ),
        (
            "redirecting",
            || Site::plain().with_endpoint("301 Moved Permanently\r\nLocation: /token/", ""),
            "token-redirected",
        ),
        (
            "leading to a login page elsewhere",
            || Site::plain().with_endpoint("302 Found\r\nLocation: https://login.example/", ""),
            "token-redirected",
        ),
        ("answering null", || Site::plain().with_endpoint(JSON, "null"), "token-no-grant"),
        ("answering nothing", || Site::plain().with_endpoint("204 No Content", ""), "token-no-grant"),
        ("answering nothing for JSON", || Site::plain().with_endpoint(JSON, ""), "token-no-grant"),
        (
            "answering in plain text",
            || Site::plain().with_endpoint("200 OK\r\nContent-Type: text/plain", "OK"),
            "token-no-grant",
        ),
        (
            "answering without a token",
            || Site::plain().with_endpoint(JSON, r#"{"access_token":"x","expires_in":60}"#),
            "token-no-grant",
        ),
        ("answering without a life", || Site::plain().with_endpoint(JSON, r#"{"token":"x"}"#), "token-no-grant"),
        ("that caches may keep", || granted("200 OK\r\nCache-Control: max-age=60"), "token-cacheable"),
        ("that says nothing of caches", || granted("200 OK"), "token-cacheable"),
        ("out of a cache", || granted("200 OK\r\nCache-Control: no-store\r\nAge: 40"), "token-cacheable"),
        (
            "open to other origins",
            || granted("200 OK\r\nCache-Control: no-store\r\nAccess-Control-Allow-Origin: *"),
            "token-shared",
        ),
        (
            "behind a proxy that drops headers",
            || Site::plain().with_endpoint(PROBLEM, r#"{"type":"urn:guest-chat:problem:origin-missing","status":403}"#),
            "token-origin-missing",
        ),
        (
            "that holds the page for a foreign one",
            || Site::plain().with_endpoint(PROBLEM, r#"{"type":"urn:guest-chat:problem:cross-site","status":403}"#),
            "token-cross-site",
        ),
    ]);
}

const JSON: &str = "200 OK\r\nContent-Type: application/json\r\nCache-Control: no-store";
const PROBLEM: &str = "403 Forbidden\r\nContent-Type: application/problem+json";

/// Closes the first socket, the one with the endpoint's token, and lets the second be.
const FIRST_ONLY: &str =
    r#"{"on":{"request":"configureSession"},"effect":{"close":{"code":1000,"cut":"beforeAccept"}}}"#;

#[test]
fn a_silent_close_is_told_apart_by_what_the_endpoint_says_of_its_token() {
    check(&[
        ("a fresh token", || proxied().fault(FIRST_ONLY), "token-scope"),
        (
            "the rest of an old one",
            || proxied().token_fault(r#"{"always":{"life":20}}"#).fault(FIRST_ONLY),
            "token-expired",
        ),
        ("one that a cache kept", || granted("200 OK\r\nAge: 3590").fault(FIRST_ONLY), "token-expired"),
        ("any token", || proxied().fault(&FIRST_ONLY.replacen('{', r#"{"count":null,"#, 1)), "silent-close"),
        ("any token, without an endpoint", || Site::plain().fault(FIRST_ONLY), "silent-close"),
    ]);
}

#[test]
fn what_looks_the_same_is_named_with_the_experiment_that_separates_it() {
    for (site, other, experiment) in [
        (proxied().fault(FIRST_ONLY), "token-expired", "new session"),
        (proxied().token_fault(r#"{"always":{"life":20}}"#).fault(FIRST_ONLY), "token-scope", "new session"),
        (upgrade(403), "domain-not-allowed", "allow all domains"),
        (Site::plain().fault(FIRST_ONLY), "middlebox", "another network"),
    ] {
        let seen = site.examine();
        let report = Report::new(&seen);
        let alike = report.alike.iter().find(|alike| alike.id == other);
        assert!(alike.is_some_and(|alike| alike.experiment.contains(experiment)), "{}", report.to_text());
        assert!(report.to_text().contains(experiment), "{}", report.to_text());
    }
}

#[test]
fn what_a_look_has_ruled_out_is_not_offered_as_what_looks_the_same() {
    for (site, cause) in [
        (Site::plain().with(|it| it.endpoint = Some(nobody())), "host-unreachable"),
        (Site::plain().with_endpoint_at(nobody()), "token-unreachable"),
        // The simulator and the token endpoint say what time it is.
        (Site::plain().with_endpoint_at(self_signed(JSON, "{}")), "token-certificate"),
        (proxied().with(|it| it.endpoint = Some(self_signed(JSON, "{}"))), "certificate"),
    ] {
        let seen = site.examine();
        let report = Report::new(&seen);
        assert_eq!(report.cause.map(|cause| cause.id), Some(cause), "{}", report.to_text());
        assert!(report.alike.is_empty(), "{}", report.to_text());
    }
}

#[test]
fn two_things_that_are_wrong_are_both_named() {
    let site = granted("200 OK").with(|it| it.deployment_id = Some("d-1".into()));
    let seen = site.examine();
    let report = Report::new(&seen);
    assert_eq!(report.cause.map(|cause| cause.id), Some("deployment-unknown"), "{}", report.to_text());
    assert!(report.also.iter().any(|cause| cause.id == "token-cacheable"), "{}", report.to_text());
}

#[test]
fn a_look_says_nothing_but_the_hello_and_leaves_no_connection() {
    let site = proxied();
    site.examine();
    let sessions = site.get("/control/sessions");
    let sessions: serde_json::Value = serde_json::from_str(&sessions).unwrap();
    assert_eq!(sessions.as_array().map(Vec::len), Some(1), "{sessions}");
    for session in sessions.as_array().unwrap() {
        let token = session["token"].as_str().unwrap();
        assert_eq!(site.get(&format!("/control/transcript?token={token}")), "[]");
    }
    // The goodbye is read by a task of its own.
    let gone = std::time::Instant::now() + PATIENCE.hello;
    while site.get("/control/connections") != "[]" {
        assert!(std::time::Instant::now() < gone, "{}", site.get("/control/connections"));
    }
}
