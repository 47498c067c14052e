//! The rule book as a whole: what it says is of one piece, it accuses nobody on no evidence, and no secret gets through it.

use std::collections::BTreeSet;

use diagnosis::note::KEYS;
use diagnosis::plan::Settings;
use diagnosis::{Observations, Report, rules};

const SECRET: &str = "5f0c1c9e-7a4d-4e0f-9b6a-2d8c5e1f0a37";

fn settings() -> Settings {
    Settings {
        deployment_id: Some("d-1".into()),
        region: Some("mypurecloud.ie".into()),
        token_url: Some("https://shop.example/token".into()),
        page_origin: "https://shop.example".into(),
        ..Settings::default()
    }
}

/// What a page sees when all is well, and then these.
fn seen(further: &[(&str, &str)]) -> Observations {
    seen_on("web-messaging", further)
}

fn seen_on(dialect: &str, further: &[(&str, &str)]) -> Observations {
    let (mut seen, plan) = Observations::begin(&Settings { dialect: Some(dialect.into()), ..settings() });
    assert!(plan.is_some());
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
        ("token.life", "3600"),
        ("token.cache-control", "no-store"),
        ("token.shared", "no"),
        ("token.again", "same"),
        ("config.reach", "200"),
        ("config.form", "json"),
        ("config.status", "Active"),
        ("domains.reach", "200"),
        ("domains.form", "json"),
        ("domains.all", "no"),
        ("domains.entry", "shop.example"),
        ("clock.ahead", "2"),
    ];
    for (key, text) in well.iter().chain(further) {
        assert!(seen.note(key, text), "{key} {text}");
    }
    seen
}

fn named(further: &[(&str, &str)]) -> &'static str {
    Report::new(&seen(further)).cause.map_or("nothing", |cause| cause.id)
}

#[test]
fn ids_are_unique_and_what_looks_alike_has_a_name() {
    let ids: BTreeSet<_> = rules::all().map(|cause| cause.id).collect();
    assert_eq!(ids.len(), rules::all().count());
    for cause in rules::all() {
        for alike in cause.alike {
            assert!(ids.contains(alike.id) && alike.id != cause.id, "{} looks like {}", cause.id, alike.id);
        }
        assert!(cause.change.ends_with('.') && !cause.title.ends_with('.'), "{}", cause.id);
        assert!(!cause.title.contains('|') && !cause.change.contains('|'), "{} would break its table", cause.id);
    }
}

#[test]
fn nothing_observed_accuses_nobody() {
    assert!(Report::new(&Observations::default()).cause.is_none());
}

#[test]
fn a_healthy_page_is_never_accused() {
    assert_eq!(named(&[("trial.endpoint", "accepted")]), "nothing");
    assert_eq!(named(&[("page.live", "yes"), ("journal", "1 3 5 0")]), "nothing");
    // It had a bad night, and is well again.
    let night = [("journal", "1 3 8 1000"); 5];
    assert_eq!(named(&[&night[..], &[("journal", "2 4 5 0"), ("page.live", "yes")]].concat()), "nothing");
    // Its connections are closed without a word when they have been good for a while; or with one in between that was lost otherwise.
    let used = [("journal", "1000 4 5 0"), ("journal", "31000 5 8 1000")];
    assert_eq!(named(&[&used[..], &used[..], &used[..]].concat()), "nothing");
    let mixed =
        [("journal", "1 5 8 1000"), ("journal", "2 5 8 1000"), ("journal", "3 5 8 1006"), ("journal", "4 5 8 1000")];
    assert_eq!(named(&mixed), "nothing");
    assert_eq!(named(&[("clock.ahead", "-290"), ("trial.endpoint", "accepted")]), "nothing");
}

#[test]
fn what_only_a_page_can_see_is_named() {
    for (further, expected) in [
        (&[("page.wasm", "no"), ("page.forbids-script", "wasm-eval")][..], "wasm-forbidden"),
        (&[("page.wasm", "no")], "browser-without-wasm"),
        (
            &[("page.forbids-connect", "wss://webmessaging.mypurecloud.ie/v1"), ("trial.own", "policy")],
            "policy-connect",
        ),
        (&[("page.missing", "guest-chat-app.wasm")], "bundle-missing"),
        (&[("page.broken", "yes")], "broken"),
        (&[("page.unfit", "yes")], "bundle-broken"),
        (&[("page.online", "no"), ("config.reach", "failed")], "offline"),
        (&[("page.widgets", "2")], "two-widgets"),
        (&[("page.storage", "no"), ("trial.endpoint", "accepted")], "storage-denied"),
        (&[("page.locks", "no")], "locks-missing"),
        (&[("clock.ahead", "-3600")], "clock-skew"),
        (&[("trial.endpoint", "never-opened")], "socket-never-opens"),
        (&[("trial.endpoint", "never-opened"), ("config.status", "Inactive")], "deployment-inactive"),
        (&[("config.reach", "failed"), ("domains.reach", "failed"), ("trial.own", "never-opened")], "host-unreachable"),
        (&[("token.reach", "redirected")], "token-redirected"),
        (&[("trial.endpoint", "evicted")], "session-taken-over"),
    ] {
        assert_eq!(named(further), expected, "{further:?}");
    }
}

#[test]
fn a_widget_that_does_not_start_is_called_so_only_where_nothing_says_why() {
    let missing = ("page.missing", "guest-chat-app.wasm");
    for why in [missing, ("page.wasm", "no"), ("page.forbids-script", "wasm-eval")] {
        let seen = seen(&[("page.unfit", "yes"), why]);
        let report = Report::new(&seen);
        assert!(
            report.cause.iter().chain(&report.also).all(|cause| cause.id != "bundle-broken"),
            "{}",
            report.to_text()
        );
    }
}

#[test]
fn a_certificate_that_is_not_trusted_is_no_more_than_unreachable_to_a_page_and_the_report_says_how_to_tell() {
    for (further, named, other) in [
        (&[("token.reach", "failed")][..], "token-unreachable", "token-certificate"),
        (
            &[("config.reach", "failed"), ("domains.reach", "failed"), ("trial.own", "never-opened")],
            "host-unreachable",
            "certificate",
        ),
    ] {
        let seen = seen(further);
        let report = Report::new(&seen);
        assert_eq!(report.cause.unwrap().id, named);
        let alike = report.alike.iter().find(|alike| alike.id == other).unwrap();
        assert!(alike.experiment.contains("in a tab of the same browser"), "{}", alike.experiment);
        assert!(report.to_text().contains(alike.experiment), "{}", report.to_text());
    }
}

#[test]
fn what_was_seen_not_to_be_so_is_not_offered_as_what_looks_the_same() {
    let refused = [("trial.endpoint", "error 401"), ("trial.own", "error 401")];
    let closed = [("journal", "1 3 8 1000"); 3];
    let answered = [("journal", "1 4 5 0"), ("journal", "9 5 8 1005")];
    let answered = [&answered[..], &answered[..], &answered[..]].concat();
    for (further, named, other) in [
        // A name that cannot be resolved fails at once.
        (
            &[("config.reach", "timeout"), ("domains.reach", "timeout"), ("trial.own", "timeout")][..],
            "host-unreachable",
            "host-unknown",
        ),
        (&refused, "session-refused", "token-scope"),
        (&refused[1..], "session-refused", "token-scope"),
        (&[&closed[..], &[("trial.endpoint", "accepted")]].concat(), "token-expired", "token-scope"),
        // An expired token would not have got past the hello.
        (&answered, "token-scope", "token-expired"),
    ] {
        let seen = seen(further);
        let report = Report::new(&seen);
        assert_eq!(report.cause.map(|cause| cause.id), Some(named), "{further:?}");
        assert!(report.alike.iter().all(|alike| alike.id != other), "{}", report.to_text());
        assert!(!report.to_text().contains(other) && !report.to_json().contains(other), "{}", report.to_json());
    }
    // Where nothing says otherwise, it is offered.
    assert!(Report::new(&seen(&refused[..1])).alike.iter().any(|alike| alike.id == "token-scope"));
    assert!(Report::new(&seen(&closed)).alike.iter().any(|alike| alike.id == "token-scope"));
}

#[test]
fn a_socket_that_is_closed_before_the_hello_is_answered_is_never_passed_over() {
    for code in 1000..=4999 {
        let end = format!("closed {code}");
        let seen = seen(&[("trial.endpoint", &end), ("trial.own", &end)]);
        let report = Report::new(&seen);
        assert!(report.cause.is_some(), "{}", report.to_text());
        assert!(report.also.is_empty(), "{}", report.to_text());
    }
    for code in [1004, 1016, 3004, 4000, 4006, 4007, 4029, 4999] {
        assert_eq!(named(&[("trial.endpoint", "accepted"), ("trial.own", &format!("closed {code}"))]), "hello-refused");
    }
}

#[test]
fn an_attribute_is_named_once_and_as_the_page_writes_it() {
    let elsewhere = Settings { token_url: Some("https://elsewhere.example/token".into()), ..settings() };
    let (seen, _) = Observations::begin(&elsewhere);
    let text = Report::new(&seen).to_text();
    assert!(
        text.starts_with("Guest Chat diagnosis: token-cross-origin\n\nThe token endpoint (data-token-url) is not "),
        "{text}"
    );
    assert_eq!(text.matches("data-token-url").count(), 1, "{text}");
    // The first letter of a title becomes a capital.
    assert!(rules::all().all(|cause| !cause.title.starts_with("data-")));
}

#[test]
fn the_widget_s_own_steps_speak_where_no_socket_may_be_opened() {
    let closed = [("journal", "1 3 8 1000"); 3];
    assert_eq!(named(&closed), "token-expired");
    assert_eq!(named(&closed[..2]), "nothing");
    // A token that is fresh now is accepted: the widget's is an older one.
    assert_eq!(named(&[&closed[..], &[("trial.endpoint", "accepted")]].concat()), "token-expired");
    assert_eq!(
        named(&[&closed[..], &[("trial.endpoint", "closed 1000"), ("trial.own", "accepted")]].concat()),
        "token-scope"
    );
    // The hello is answered and whatever comes next closed upon: an expired token would not have come so far.
    let answered = [("journal", "1 4 5 0"), ("journal", "9 5 8 1005")];
    let answered = [&answered[..], &answered[..], &answered[..]].concat();
    assert_eq!(named(&answered), "token-scope");
    assert_eq!(named(&[&answered[..], &[("trial.endpoint", "accepted")]].concat()), "token-scope");
}

#[test]
fn what_the_policy_lacks_is_named_by_its_origin() {
    let seen = seen(&[
        ("page.forbids-connect", "wss://webmessaging.mypurecloud.ie:8443/v1?deploymentId=d-1"),
        ("page.forbids-connect", "wss://webmessaging.mypurecloud.ie:8443/v1"),
        ("page.forbids-connect", "https://api-cdn.mypurecloud.ie/x"),
    ]);
    let text = Report::new(&seen).to_text();
    assert!(text.contains("needs: wss://webmessaging.mypurecloud.ie:8443 https://api-cdn.mypurecloud.ie."), "{text}");
}

/// Found by fuzzing: a control letter got through into the text, which is then another one in JSON.
#[test]
fn what_is_no_origin_is_not_repeated() {
    for url in ["my words://shop.example", "wss://shop\u{0}.example/v1", "wss://a b/", "wss://shop.example\n"] {
        let seen = seen(&[("page.forbids-connect", url)]);
        let origins: Vec<_> = seen.page.iter().flat_map(|page| &page.forbidden).map(|it| it.origin.as_str()).collect();
        assert_eq!(origins, [""], "{url:?}");
    }
}

/// Whatever a field is given, and however it is wrapped: only words of ours, numbers and hosts come out.
#[test]
fn no_secret_gets_from_any_observation_into_the_report() {
    let wrappings = [
        SECRET.to_owned(),
        format!("https://{SECRET}@shop.example/{SECRET}?token={SECRET}#{SECRET}"),
        format!("https://{SECRET}:{SECRET}@shop.example:{SECRET}"),
        format!("urn:guest-chat:problem:{SECRET}"),
        format!("closed {SECRET}"),
        format!("error 4006 {SECRET}"),
        format!("1 2 3 4 {SECRET}"),
        format!("1 2 3 {SECRET}"),
        format!("max-age=60, {SECRET}"),
        format!("text/html; {SECRET}"),
        format!("{SECRET}.{SECRET}"),
        format!("mute 403 {SECRET}"),
    ];
    for key in KEYS {
        for (text, dialect) in wrappings.iter().flat_map(|text| ["web-messaging", "guest-webchat"].map(|it| (text, it)))
        {
            let mut seen = seen_on(dialect, &[]);
            seen.note(key, text);
            let report = Report::new(&seen);
            for said in [report.to_text(), report.to_json(), format!("{seen:?}")] {
                assert!(!said.contains(SECRET), "{key} {text}: {said}");
            }
        }
    }
}

#[test]
fn every_key_means_something_and_no_other_does() {
    let texts = [
        "yes",
        "1",
        "200",
        "json",
        "good",
        "same",
        "both",
        "no-store",
        "accepted",
        "1 2 3 4",
        "guest-chat.css",
        "urn:guest-chat:problem:cross-site",
    ];
    for key in KEYS {
        assert!(texts.iter().any(|text| seen(&[]).note(key, text)), "{key} takes nothing");
    }
    assert!(
        !seen(&[]).note("page.secret", "yes") && !seen(&[]).note("", "yes") && !seen(&[]).note("journals", "1 2 3 4")
    );
}
