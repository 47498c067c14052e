//! The five wires as a page sees them: by the sockets that it may open, and by what the widget has noted of its own. What a program can meet
//! is in `companions/doctor/tests/wires.rs`.

use chat_proto::journal::UPON_ASKING;
use chat_proto::phase::State::{self, *};
use diagnosis::plan::Settings;
use diagnosis::{Observations, Report};

const FIVE: [&str; 5] =
    ["external-contacts", "guest-sessions", "guest-webchat", "webmessaging-guests", "conversation-socket"];

/// What a page on this wire sees when all is well, and then these.
fn seen(dialect: &str, further: &[(&str, &str)]) -> Observations {
    let (mut seen, plan) = Observations::begin(&Settings {
        deployment_id: Some("shop".into()),
        region: Some("mypurecloud.ie".into()),
        dialect: Some(dialect.into()),
        socket_url: Some("wss://chat.example/socket".into()),
        token_url: Some("https://shop.example/token".into()),
        page_origin: "https://shop.example".into(),
        ..Settings::default()
    });
    assert!(plan.is_some(), "{:?}", seen.bad_fields);
    let ids = match dialect {
        "webmessaging-guests" => "both",
        "conversation-socket" => "conversation",
        _ => "none",
    };
    let well = [
        ("page.secure", "yes"),
        ("page.storage", "yes"),
        ("page.locks", "yes"),
        ("page.wasm", "yes"),
        ("page.online", "yes"),
        ("page.widgets", "1"),
        ("token.reach", "200"),
        ("token.form", "json"),
        ("token.grant", "good"),
        ("token.life", "900"),
        ("token.cache-control", "no-store"),
        ("token.shared", "no"),
        ("token.service-s", "no"),
        ("token.ids", ids),
        ("clock.ahead", "2"),
    ];
    for (key, text) in well.iter().chain(further) {
        assert!(seen.note(key, text), "{key} {text}");
    }
    seen
}

/// The widget's last steps, as it tells them.
type Steps = Vec<(u64, State, State, u16)>;

/// What is well, what was looked at, and what the widget has noted.
type Case<'a> = (&'a str, &'a [(&'a str, &'a str)], Steps);

fn with_steps(mut seen: Observations, steps: &Steps) -> Observations {
    for (at, from, to, code) in steps {
        assert!(seen.note("journal", &format!("{at} {} {} {code}", *from as u8, *to as u8)));
    }
    seen
}

fn named(seen: &Observations) -> &'static str {
    Report::new(seen).cause.map_or("nothing", |cause| cause.id)
}

/// Connected at this time, and for so long, until a loss with this code.
fn lost(at: u64, lived: u64, code: u16) -> Steps {
    vec![
        (at, Connecting, Handshaking, 0),
        (at + 100, Handshaking, Online, 0),
        (at + 100 + lived, Online, Backoff, code),
    ]
}

/// Lost while the hello, or what follows it, was not answered yet.
fn lost_on_the_way(at: u64, code: u16) -> Steps {
    vec![(at, Connecting, Handshaking, 0), (at + 120, Handshaking, Backoff, code)]
}

fn online(at: u64) -> Steps {
    vec![(at, Connecting, Handshaking, 0), (at + 100, Handshaking, Online, 0)]
}

#[test]
fn what_is_healthy_is_never_accused() {
    let minute = 60_000;
    let live = [("page.live", "yes")];
    let tried = [("token.again", "another"), ("trial.endpoint", "accepted")];
    let cases: Vec<Case<'_>> = vec![
        ("fresh, nobody has opened it yet", &tried, vec![]),
        ("just connected", &live, online(0)),
        ("after a reload", &live, [vec![(0, Idle, Starting, 0), (50, Starting, Connecting, 0)], online(100)].concat()),
        ("a life of ten seconds", &[("page.live", "yes"), ("token.life", "10")], online(0)),
        ("while a token is renewed, by a second socket", &live, [online(0), vec![(800, Online, Online, 0)]].concat()),
        ("a slow network", &live, [lost_on_the_way(0, 1006), lost_on_the_way(9_000, 1006), online(30_000)].concat()),
        ("a bad network", &tried, (0..9).flat_map(|n| lost(n * minute, 7_000 * n, 1006)).collect()),
        (
            "a tunnel",
            &live,
            [online(0), vec![(9_000, Online, Offline, 0), (20_000, Offline, Backoff, 0)], online(21_000)].concat(),
        ),
        ("a token that ended while the page slept", &live, [lost(0, 60 * minute, 1000), online(61 * minute)].concat()),
        ("a token that expired unseen, and was renewed", &live, [lost(0, 900, 403), online(2_000)].concat()),
        ("one loss upon a message", &live, [lost(0, 900, UPON_ASKING + 1006), online(2_000)].concat()),
        (
            "two losses upon a message, hours after another",
            &live,
            [lost(0, minute, UPON_ASKING + 1000), lost(99 * minute, 40_000, UPON_ASKING + 1000), online(200 * minute)]
                .concat(),
        ),
        ("the conversation has ended", &live, [online(0), vec![(minute, Online, ReadOnly, 0)]].concat()),
        (
            "it ended, and the socket is gone",
            &live,
            [online(0), vec![(minute, Online, ReadOnly, 0), (2 * minute, ReadOnly, ReadOnly, 1000)]].concat(),
        ),
    ];
    for dialect in FIVE {
        for (what, further, steps) in &cases {
            let seen = with_steps(seen(dialect, further), steps);
            assert_eq!(named(&seen), "nothing", "{dialect}, {what}: {}", Report::new(&seen).to_text());
        }
        // Nothing is wrong with the set-up, and it is said why nothing works.
        assert_eq!(
            named(&seen(
                dialect,
                &[("page.online", "no"), ("token.reach", "failed"), ("trial.endpoint", "never-opened")]
            )),
            "offline"
        );
    }
}

/// What only shows when a visitor writes is seen by what became of the connections on which he did. They are live while nobody does.
#[test]
fn what_the_widget_has_noted_names_a_right_that_is_missing() {
    let upon = |code: u16| -> Steps {
        let three = (0..3).flat_map(|n| lost(n * 45_000, 40_000, UPON_ASKING + code));
        three.chain(online(200_000)).collect()
    };
    let live = [("page.live", "yes")];
    for (dialect, further, steps, cause) in [
        ("guest-sessions", &live[..], upon(1000), "token-scope"),
        ("guest-sessions", &[("page.live", "yes"), ("token.age", "800")], upon(1000), "token-expired"),
        ("guest-sessions", &[("page.live", "yes"), ("token.life", "20")], upon(1000), "token-expired"),
        ("conversation-socket", &live, upon(1006), "token-scope"),
        (
            "conversation-socket",
            &live,
            (0..3).flat_map(|n| lost_on_the_way(n * 3_000, UPON_ASKING + 1006)).collect(),
            "token-scope",
        ),
        (
            "webmessaging-guests",
            &live,
            [lost(0, 900, 403), lost(2_000, 900, 403), online(4_000), vec![(5_000, Online, Refused, 403)]].concat(),
            "token-spent",
        ),
        ("external-contacts", &live, [online(0), vec![(5_000, Online, Refused, 409)]].concat(), "contact-mismatch"),
    ] {
        let seen = with_steps(seen(dialect, further), &steps);
        assert_eq!(named(&seen), cause, "{dialect}: {}", Report::new(&seen).to_text());
    }
    // On the wire both look the same, and where nothing told them apart both are said.
    let seen = with_steps(seen("guest-sessions", &live), &upon(1000));
    let text = Report::new(&seen).to_text();
    assert!(text.contains("token-expired") && text.contains("new session"), "{text}");
}

#[test]
fn what_a_page_sees_of_its_own_socket_is_named() {
    let never = ("trial.endpoint", "never-opened");
    for (dialect, further, cause) in [
        ("guest-webchat", &[never, ("trial.own", "never-opened")][..], "socket-never-opens"),
        ("guest-webchat", &[never, ("trial.own", "accepted")], "token-expired"),
        ("external-contacts", &[("trial.endpoint", "mute 403"), ("trial.own", "mute 403")], "token-scope"),
        ("external-contacts", &[("trial.endpoint", "mute 401"), ("trial.own", "accepted")], "token-expired"),
        ("external-contacts", &[("trial.endpoint", "mute 401"), ("trial.own", "mute 401")], "session-refused"),
        ("external-contacts", &[("trial.endpoint", "mute 409")], "contact-mismatch"),
        ("external-contacts", &[("trial.endpoint", "unposted")], "post-unreachable"),
        (
            "external-contacts",
            &[("trial.endpoint", "unposted"), ("page.forbids-connect", "https://api.mypurecloud.ie/api/v2")],
            "policy-connect",
        ),
        ("external-contacts", &[("trial.endpoint", "silent")], "hello-unanswered"),
        ("webmessaging-guests", &[("token.again", "same"), ("trial.endpoint", "accepted")], "token-spent"),
        ("webmessaging-guests", &[("trial.endpoint", "error 401"), ("trial.own", "accepted")], "token-expired"),
        ("webmessaging-guests", &[("trial.endpoint", "error 401"), ("trial.own", "error 401")], "session-refused"),
        (
            "conversation-socket",
            &[("trial.endpoint", "unentered 1006"), ("trial.own", "unentered 1006")],
            "token-scope",
        ),
        ("conversation-socket", &[("trial.endpoint", "unentered-late 1006")], "join-unheard"),
        ("conversation-socket", &[("trial.endpoint", "unheard 1006")], "auth-unheard"),
        ("conversation-socket", &[("trial.endpoint", "expired")], "token-expired"),
        ("conversation-socket", &[("trial.endpoint", "closed 1006")], "connection-cut"),
        (
            "guest-webchat",
            &[("token.reach", "502"), ("token.problem", "urn:guest-chat:problem:scope-refused")],
            "token-client-scope",
        ),
        ("guest-webchat", &[("token.ids", "both")], "token-other-dialect"),
        ("conversation-socket", &[("token.ids", "none")], "token-ids-missing"),
        ("guest-sessions", &[("token.service-s", "yes")], "token-service"),
        ("guest-sessions", &[("token.again", "same"), ("token.everybody-s", "yes")], "token-service"),
        (
            "guest-sessions",
            &[("token.again", "same"), ("token.everybody-s", "yes"), ("token.age", "5")],
            "token-cacheable",
        ),
        ("guest-sessions", &[("token.again", "same")], "token-repeats"),
        ("conversation-socket", &[("token.again", "elsewhere")], "conversation-changes"),
    ] {
        let seen = seen(dialect, further);
        assert_eq!(named(&seen), cause, "{dialect} {further:?}: {}", Report::new(&seen).to_text());
    }
}

/// A token that is everybody's is each visitor's own again as well; that is no second cause.
#[test]
fn what_follows_from_the_cause_is_not_told_beside_it() {
    for dialect in FIVE {
        let seen = seen(dialect, &[("token.again", "same"), ("token.everybody-s", "yes")]);
        let report = Report::new(&seen);
        assert!(report.cause.is_some() && report.also.is_empty(), "{}", report.to_text());
    }
}

#[test]
fn no_end_of_a_socket_is_passed_over_and_none_has_two_causes() {
    let ends = (1000..=1015).flat_map(|code| {
        ["closed", "unheard", "unentered", "unentered-late", "mute"].map(|word| format!("{word} {code}"))
    });
    let ends = ends.chain((400..=599).flat_map(|code| ["error", "mute"].map(|word| format!("{word} {code}"))));
    let ends: Vec<_> =
        ends.chain(["silent", "expired", "unposted", "never-opened", "mute"].map(str::to_owned)).collect();
    for dialect in FIVE {
        for end in &ends {
            let seen = seen(dialect, &[("trial.endpoint", end), ("trial.own", end)]);
            let report = Report::new(&seen);
            assert!(report.cause.is_some() && report.also.is_empty(), "{dialect} {end}: {}", report.to_text());
        }
    }
}

#[test]
fn of_the_socket_s_address_the_report_has_no_query() {
    for dialect in FIVE {
        let text = Report::new(&seen(dialect, &[])).to_text();
        assert!(text.contains(&format!("{dialect}, wss://chat.example/socket\n")), "{text}");
    }
}

#[test]
fn ids_are_said_where_the_wire_wants_them_and_are_no_secret_of_another_s() {
    for (dialect, ids, lacks) in [
        ("webmessaging-guests", "none", "conversation_id guest_id"),
        ("webmessaging-guests", "conversation", "guest_id"),
        ("webmessaging-guests", "guest", "conversation_id"),
        ("conversation-socket", "none", "conversation_id"),
    ] {
        let text = Report::new(&seen(dialect, &[("token.ids", ids)])).to_text();
        assert!(text.contains(&format!("itself on this wire: {lacks}.")), "{text}");
    }
}
