//! What a page or a server says of itself when somebody looks for what is wrong.

use std::time::Duration;

use diagnosis::{Observations, Report};

/// What must not come out again.
const SECRET: &str = "xyzzy";

/// `key text`: a page's notes. Or `HTTP/…`: the bytes of an answer, whole.
pub fn report(text: &str) {
    if text.starts_with("HTTP/") {
        return answer(text);
    }
    let mut seen = Observations { page_host: "shop.example".into(), ..Observations::default() };
    for line in text.lines() {
        let (key, said) = line.split_once(' ').unwrap_or((line, ""));
        seen.note(key, said);
        if !key.starts_with("page.forbids") {
            seen.note(key, &[SECRET, said].concat());
            seen.note(key, &[said, SECRET].concat());
        }
    }
    let report = Report::new(&seen);
    let (words, machine) = (report.to_text(), report.to_json());
    let machine: serde_json::Value = serde_json::from_str(&machine).expect("JSON");
    assert_eq!(machine.get("text").and_then(|text| text.as_str()), Some(words.as_str()));
    assert!(!words.contains(SECRET) || text.contains(SECRET), "{words}");
}

fn answer(text: &str) {
    // What ended early is either not complete or a prefix of the whole.
    let half = doctor::http::read(text.get(..text.len() / 2).unwrap_or_default().as_bytes(), false);
    if let Some(whole) = doctor::http::read(text.as_bytes(), true) {
        let _ = (whole.json(), whole.clock_ahead(Duration::from_secs(1_700_000_000)));
        let cookie = doctor::http::cookie_for("https://shop.example/api/t", whole.headers("set-cookie"));
        assert!(
            cookie.is_none_or(|cookie| !cookie.contains('\n') && !cookie.contains('\r')),
            "a header was broken out of"
        );
        if let Some(half) = half {
            assert_eq!((half.status, &half.body), (whole.status, &whole.body), "what was complete changed");
        }
    }
}
