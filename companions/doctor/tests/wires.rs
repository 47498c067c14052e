//! How each of the five wires fails, made for real against the simulator and the token proxy, and the cause that has to be named for it. A
//! healthy set-up is never accused on any of them.
#![allow(clippy::unwrap_used, reason = "a test may; clippy knows `#[test]` only")]

mod common;

use std::sync::Mutex;
use std::time::Duration;

use common::{PATIENCE, Site, canned, forwarding, nobody};
use diagnosis::Report;
use doctor::Patience;
use simulator::Settings;

const FIVE: [&str; 5] =
    ["external-contacts", "guest-sessions", "guest-webchat", "webmessaging-guests", "conversation-socket"];

/// What is made, and what has to be named.
type Case = (&'static str, fn() -> Site, &'static str);

/// Nothing that is written in a test is repeated in a report.
const TEXT: &str = "a text that is nobody else's business";

fn on(dialect: &'static str) -> Site {
    Site::on(dialect, Settings { agent: false, ..Settings::default() })
}

fn without(dialect: &'static str, scope: &str) -> Site {
    let mut settings = Settings { agent: false, ..Settings::default() };
    settings.oauth.scopes.remove(scope);
    Site::on(dialect, settings)
}

/// With guests' tokens that live so long, in seconds.
fn with_tokens_of(dialect: &'static str, life: u64) -> Site {
    let mut settings = Settings { agent: false, ..Settings::default() };
    settings.oauth.guest_token_seconds = life;
    Site::on(dialect, settings)
}

/// With a token endpoint that always says this.
fn granting(dialect: &'static str, head: &'static str, body: &'static str) -> Site {
    on(dialect).with_endpoint(head, body)
}

/// With a token endpoint whose grants lack these members.
fn lacking(dialect: &'static str, members: &'static [&'static str]) -> Site {
    on(dialect).between(|question, proxy| {
        let (head, body) = proxy(question);
        let mut grant: serde_json::Value = serde_json::from_str(&body).unwrap();
        grant.as_object_mut().unwrap().retain(|member, _| !members.contains(&&**member));
        (head, grant.to_string())
    })
}

const KEPT: &str = "200 OK\r\nContent-Type: application/json\r\nCache-Control: no-store";
const LONG_GONE: &str = r#"{"token":"long-gone","expires_in":3600}"#;
const CACHED: &str = "200 OK\r\nContent-Type: application/json\r\nAge: 3590";

/// With a token endpoint that mints for another wire than the page asks for.
fn minting_for(dialect: &'static str, other: &'static str) -> Site {
    let site = Site::on(other, Settings { agent: false, ..Settings::default() });
    let site = site.between(move |question, proxy| {
        let length = |body: &str| format!("Content-Length: {}", body.len());
        let (head, asked) = question.split_once("\r\n\r\n").unwrap();
        let body = asked.replace(dialect, other);
        proxy(&[&head.replace(&length(asked), &length(&body)), "\r\n\r\n", &body].concat())
    });
    site.with(|it| it.dialect = Some(dialect.into()))
}

/// Lets every frame of this kind be lost on its way to the backend.
fn losing(site: Site, word: &str) -> Site {
    site.fault(&format!(r#"{{"on":{{"request":"{word}"}},"count":null,"effect":"lose"}}"#))
}

fn check(cases: &[Case]) {
    let wrong: Vec<_> = cases.iter().filter_map(|(what, make, expected)| misnamed(what, &make(), expected)).collect();
    assert!(wrong.is_empty(), "{} of {} misnamed\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}

/// What is said of a site if it is not this, and whatever is in the report that should not be.
fn misnamed(what: &str, site: &Site, expected: &str) -> Option<String> {
    let seen = site.examine();
    let report = Report::new(&seen);
    let text = report.to_text();
    for said in [&text, &report.to_json(), &format!("{seen:?}")] {
        assert!(!said.contains(TEXT) && !said.contains("token="), "{what}: {said}");
    }
    let named = report.cause.map_or("nothing", |cause| cause.id);
    (named != expected).then(|| format!("{what}: {named} instead of {expected}\n{text}"))
}

#[test]
fn what_is_healthy_is_never_accused() {
    for dialect in FIVE {
        let wrong: Vec<_> = [
            ("fresh", on(dialect)),
            ("fresh, and something is written", on(dialect).saying(TEXT)),
            ("a short life", with_tokens_of(dialect, 10)),
            ("an agent who talks at once", Site::on(dialect, Settings::default()).saying(TEXT)),
            (
                "a slow network",
                on(dialect)
                    .token_fault(r#"{"always":{"hang_ms":500}}"#)
                    .fault(r#"{"on":{"http":"*"},"count":null,"effect":{"delay":{"ms":100}}}"#)
                    .fault(r#"{"on":{"request":"*"},"count":null,"effect":{"delay":{"ms":100}}}"#)
                    .fault(r#"{"on":{"push":"*"},"count":null,"effect":{"delay":{"ms":100}}}"#)
                    .saying(TEXT),
            ),
        ]
        .iter()
        .filter_map(|(what, site)| misnamed(&format!("{dialect}: {what}"), site, "nothing"))
        .collect();
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }
}

#[test]
fn each_wire_s_own_failure_is_named() {
    check(&[
        // A
        (
            "A: the token expires between greeting and POST",
            || on("external-contacts").fault(r#"{"on":{"request":"message"},"effect":{"expire":{}}}"#),
            "token-expired",
        ),
        ("A: a scope is missing", || without("external-contacts", "conversation:write"), "token-scope"),
        (
            "A: another contact than the greeting's",
            || {
                on("external-contacts")
                    .fault(r#"{"on":{"request":"message"},"count":null,"effect":{"error":{"code":409}}}"#)
            },
            "contact-mismatch",
        ),
        (
            "A: nobody greets",
            || on("external-contacts").fault(r#"{"on":{"push":"greeting"},"effect":"lose"}"#),
            "hello-unanswered",
        ),
        (
            "A: posts go to where nobody listens",
            || on("external-contacts").with(|it| it.post_url = Some(nobody() + "/{contactId}/messages")),
            "post-unreachable",
        ),
        (
            "A: posts go where the page says",
            || {
                on("external-contacts").with(|it| {
                    let elsewhere = it.endpoint.as_deref().unwrap().replace("127.0.0.1", "localhost");
                    let path = "/api/v2/conversations/messaging/external/contacts/{contactId}/messages";
                    it.post_url = Some(elsewhere + path);
                })
            },
            "nothing",
        ),
        // B
        ("B: a scope is missing", || without("guest-sessions", "guest:write").saying(TEXT), "token-scope"),
        (
            "B: an old token, out of a cache",
            || granting("guest-sessions", CACHED, LONG_GONE).saying(TEXT),
            "token-expired",
        ),
        (
            "B: a token that has expired before its time, and a new one that is good",
            || on("guest-sessions").fault(&closing("message", 1000)).saying(TEXT),
            "token-expired",
        ),
        (
            "B: whatever token closes at once, with its life before it",
            || on("guest-sessions").fault(&closing("message", 1000).replacen('{', r#"{"count":null,"#, 1)).saying(TEXT),
            "token-scope",
        ),
        // C
        ("C: a scope is missing", || without("guest-webchat", "guest:write"), "token-scope"),
        ("C: the other scope is missing", || without("guest-webchat", "guest:read"), "token-scope"),
        ("C: the token has expired", || granting("guest-webchat", CACHED, LONG_GONE), "token-expired"),
        (
            "C: this visitor's token is refused, and a new one is not",
            || {
                on("guest-webchat")
                    .fault(r#"{"on":"upgrade","effect":{"status":{"status":403}}}"#)
                    .fault(r#"{"on":"upgrade","nth":2,"effect":{"status":{"status":403}}}"#)
            },
            "token-expired",
        ),
        (
            "C: the token does not reach the backend in the address",
            || {
                on("guest-webchat").with(|it| {
                    let origin =
                        forwarding(it.endpoint.as_deref().unwrap(), |head| head.replacen("?token=", "?lost=", 1));
                    it.socket_url = Some(origin.replace("http:", "ws:") + "/api/v2/guest/conversations/webchat");
                })
            },
            "token-scope",
        ),
        // D
        (
            "D: resumed on a token that was used before",
            || {
                on("webmessaging-guests")
                    .fault(r#"{"on":{"request":"SEND_MESSAGE"},"count":null,"effect":{"error":{"code":403}}}"#)
                    .saying(TEXT)
            },
            "token-spent",
        ),
        (
            "D: a grant without ids",
            || lacking("webmessaging-guests", &["conversation_id", "guest_id"]),
            "token-ids-missing",
        ),
        ("D: a grant without a guest", || lacking("webmessaging-guests", &["guest_id"]), "token-ids-missing"),
        // E
        ("E: nobody may listen", || without("conversation-socket", "conversation:read"), "token-scope"),
        ("E: nobody may write", || without("conversation-socket", "conversation:write").saying(TEXT), "token-scope"),
        ("E: the join is lost on its way", || losing(on("conversation-socket"), "join"), "join-unheard"),
        (
            "E: a network that is slower than the backend is patient",
            || {
                on("conversation-socket")
                    .fault(r#"{"on":{"request":"*"},"count":null,"effect":{"delay":{"ms":400}}}"#)
                    .fault(r#"{"on":{"push":"*"},"count":null,"effect":{"delay":{"ms":400}}}"#)
            },
            "join-unheard",
        ),
        ("E: the auth is lost on its way", || losing(patient(on("conversation-socket")), "auth"), "auth-unheard"),
        (
            "E: the token expires in place",
            || {
                on("conversation-socket")
                    .fault(r#"{"on":{"request":"message"},"count":null,"effect":{"expire":{}}}"#)
                    .saying(TEXT)
            },
            "token-expired",
        ),
        (
            "E: a grant without the conversation",
            || lacking("conversation-socket", &["conversation_id"]),
            "token-ids-missing",
        ),
        (
            "E: the other address",
            || on("conversation-socket").with(|it| it.socket_url = Some(socket(it, "/api/v2/conversations/websocket"))),
            "nothing",
        ),
    ]);
}

/// The backend's patience with a hello is longer than a test's.
fn patient(mut site: Site) -> Site {
    site.patience = Patience { hello: Duration::from_secs(8), ..PATIENCE };
    site
}

fn closing(word: &str, code: u16) -> String {
    format!(r#"{{"on":{{"request":"{word}"}},"effect":{{"close":{{"code":{code},"cut":"beforeAccept"}}}}}}"#)
}

fn socket(settings: &diagnosis::plan::Settings, path: &str) -> String {
    settings.endpoint.as_deref().unwrap().replace("http:", "ws:") + path
}

#[test]
fn what_can_fail_on_all_of_them_is_named_on_each() {
    for dialect in FIVE {
        let wrong: Vec<_> = [
            (
                "an endpoint that does not know the dialect",
                Site::plain().with_proxy(&[]).with(|it| it.dialect = Some(dialect.into())),
                "token-dialect-not-served",
            ),
            (
                "an endpoint of another dialect",
                minting_for(
                    dialect,
                    if dialect == "webmessaging-guests" { "guest-sessions" } else { "webmessaging-guests" },
                ),
                if dialect == "webmessaging-guests" { "token-ids-missing" } else { "token-other-dialect" },
            ),
            (
                "an endpoint that hands the OAuth server's answer on",
                granting(dialect, KEPT, r#"{"access_token":"s","token":"s","token_type":"bearer","expires_in":86400}"#),
                "token-service",
            ),
            (
                "an endpoint that gives everybody the same token",
                granting(dialect, KEPT, r#"{"token":"s","expires_in":86400}"#),
                "token-service",
            ),
            (
                "another path",
                on(dialect).with(|it| it.socket_url = Some(socket(it, "/api/v2/nowhere"))),
                "socket-not-found",
            ),
            (
                "another host",
                on(dialect).with(|it| it.socket_url = Some("ws://no-such-host.invalid/api".into())),
                "host-unknown",
            ),
            (
                "a host where nobody listens",
                on(dialect).with(|it| it.socket_url = Some(nobody().replace("http:", "ws:") + "/api")),
                "host-unreachable",
            ),
            (
                "a web site in the place of the socket",
                on(dialect).with(|it| {
                    let site = canned("200 OK\r\nContent-Type: text/html", "<!doctype html><p>Shop");
                    it.socket_url = Some(site.replace("http:", "ws:") + "/api");
                }),
                "middlebox",
            ),
            (
                "another origin",
                Site::on(
                    dialect,
                    Settings {
                        agent: false,
                        allow_all_domains: false,
                        allowed_domains: vec!["shop.example".into()],
                        ..Settings::default()
                    },
                ),
                "origin-refused",
            ),
            (
                "a gateway that lets nobody in",
                on(dialect).fault(r#"{"on":"upgrade","count":null,"effect":{"status":{"status":403}}}"#),
                if dialect == "guest-webchat" { "token-scope" } else { "upgrade-refused" },
            ),
            (
                "a backend that fails",
                on(dialect).fault(r#"{"on":"upgrade","count":null,"effect":{"status":{"status":503}}}"#),
                "backend-failing",
            ),
            (
                "a cookie that does not come back",
                on(dialect).token_fault(r#"{"always":{"token":"new"}}"#),
                if matches!(dialect, "webmessaging-guests" | "conversation-socket") {
                    "conversation-changes"
                } else {
                    "nothing"
                },
            ),
            (
                "a client that the API does not know",
                on(dialect).set(r#"{"oauth":{"clientSecret":"another"}}"#),
                "token-client-refused",
            ),
        ]
        .iter()
        .filter_map(|(what, site, expected)| misnamed(&format!("{dialect}: {what}"), site, expected))
        .collect();
        assert!(wrong.is_empty(), "{} misnamed\n{}", wrong.len(), wrong.join("\n"));
    }
}

/// One visitor is told the same token each time, and each visitor another.
#[test]
fn a_token_that_is_said_twice_is_spent_on_one_wire_and_a_harm_on_the_others() {
    for dialect in FIVE {
        let expected = if dialect == "webmessaging-guests" { "token-spent" } else { "token-repeats" };
        let known = Mutex::new(None);
        let site = on(dialect).between(move |question, proxy| {
            let mut known = known.lock().unwrap();
            if question.contains("Cookie:") { known.clone().unwrap() } else { known.insert(proxy(question)).clone() }
        });
        assert_eq!(misnamed(dialect, &site, expected), None);
    }
}

#[test]
fn what_looks_the_same_on_the_wire_is_named_with_the_experiment_that_separates_it() {
    for (site, other) in [
        (without("guest-sessions", "guest:write").saying(TEXT), "token-expired"),
        (without("conversation-socket", "conversation:read"), "join-unheard"),
        (losing(on("conversation-socket"), "join"), "token-scope"),
    ] {
        let seen = site.examine();
        let report = Report::new(&seen);
        assert!(report.alike.iter().any(|alike| alike.id == other), "{other}: {}", report.to_text());
    }
    // Here the experiment has been made: a token of a new conversation was refused at the upgrade as well.
    let seen = without("guest-webchat", "guest:write").examine();
    let report = Report::new(&seen);
    assert!(report.alike.iter().all(|alike| alike.id != "token-expired"), "{}", report.to_text());
}

/// What is asked of the API to see whether a message would be taken cannot be one.
#[test]
fn without_being_told_to_a_look_writes_nothing_and_leaves_no_connection() {
    for dialect in FIVE {
        let site = on(dialect);
        site.examine();
        let sessions: serde_json::Value = serde_json::from_str(&site.get("/control/sessions")).unwrap();
        assert!(!sessions.as_array().unwrap().is_empty(), "{dialect}");
        for session in sessions.as_array().unwrap() {
            let token = session["token"].as_str().unwrap();
            assert_eq!(site.get(&format!("/control/transcript?token={token}")), "[]", "{dialect}");
        }
        let gone = std::time::Instant::now() + PATIENCE.hello;
        while site.get("/control/connections") != "[]" {
            assert!(std::time::Instant::now() < gone, "{dialect}: {}", site.get("/control/connections"));
        }
    }
}

#[test]
fn what_it_is_told_to_say_is_said_once() {
    for dialect in FIVE {
        let site = on(dialect).saying(TEXT);
        site.examine();
        assert_eq!(site.get("/control/transcript").matches(TEXT).count(), 1, "{dialect}");
    }
}
