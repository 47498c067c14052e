//! The arrows of ARCHITECTURE.md: who may know whom. Read off the sources, so that a new `use` in the wrong room fails here first.
#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used, reason = "a test may; clippy knows `#[test]` only")]

use chat_proto::dialect::DIALECTS;
use std::fs;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_path_buf()
}

/// Every Rust source below a folder (or the file itself), without its tests.
fn sources(place: &str) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    let mut open = vec![root().join(place)];
    while let Some(path) = open.pop() {
        if path.is_dir() {
            open.extend(fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path).unwrap();
            let text = text.split("#[cfg(test)]").next().unwrap_or_default().to_owned();
            found.push((path, text));
        }
    }
    assert!(!found.is_empty(), "nothing to look at in {place}: this test would pass whatever it says");
    found
}

/// Code lines (no comments) that hold one of the words.
fn mentions(place: &str, words: &[&str]) -> Vec<String> {
    let mut hits = Vec::new();
    for (path, text) in sources(place) {
        for line in text.lines().filter(|line| !line.trim_start().starts_with("//")) {
            if let Some(word) = words.iter().find(|word| line.contains(**word)) {
                hits.push(format!("{} knows {word}: {}", path.display(), line.trim()));
            }
        }
    }
    hits
}

#[test]
fn the_driver_knows_neither_leptos_nor_the_page_s_interface() {
    assert_eq!(mentions("src/driver.rs", &["leptos", "crate::store", "crate::ui", "crate::api"]), [""; 0]);
    assert_eq!(mentions("src/driver", &["leptos", "crate::store", "crate::ui", "crate::api"]), [""; 0]);
}

#[test]
fn the_face_knows_no_socket_no_token_and_no_session() {
    let io = [
        "crate::driver",
        "crate::api",
        "gloo_net",
        "WebSocket",
        "fetch_with",
        "chat_proto::session",
        "Snapshot",
        "local_storage",
    ];
    assert_eq!(mentions("src/ui", &io), [""; 0]);
    assert_eq!(mentions("src/store.rs", &io), [""; 0]);
}

#[test]
fn only_the_session_changes_the_phase_and_arms_timers() {
    for (path, text) in sources("crates/chat-proto/src") {
        let is_session =
            path.ends_with("session.rs") || path.parent().is_some_and(|folder| folder.ends_with("session"));
        let is_owner = path.ends_with("timer.rs") || path.ends_with("phase.rs");
        if !is_session && !is_owner {
            for word in ["Phase::", "Timer::", "TimerTable"] {
                assert!(!text.contains(word), "{} uses {word}", path.display());
            }
        }
    }
}

#[test]
fn one_method_changes_the_phase() {
    let mut assignments = mentions("crates/chat-proto/src/session", &["phase = "]);
    assignments.extend(mentions("crates/chat-proto/src/session.rs", &["phase = "]));
    assert_eq!(assignments.len(), 1, "{assignments:#?}");
}

#[test]
fn the_words_of_a_wire_stay_in_its_dialect() {
    for (dialect, words) in [
        ("web_messaging.rs", &["configureSession", "onMessage", "StructuredMessage", "tracingId", "getJwt"][..]),
        ("external_contacts.rs", &["greeting", "contactId"]),
        ("webmessaging_guests.rs", &["CONNECT", "SEND_MESSAGE", "CONVERSATION_UPDATED", "HEARTBEAT"]),
        ("conversation_socket.rs", &["auth", "auth-success", "join"]),
    ] {
        for word in words {
            let quoted = format!("\"{word}\"");
            for (path, text) in sources("crates/chat-proto/src") {
                assert_eq!(text.contains(&quoted), path.ends_with(dialect), "{} and {word}", path.display());
            }
        }
    }
}

/// A session asks for a wire's habits, and a rule of the diagnosis for its signs: neither asks which wire it is.
#[test]
fn only_a_dialect_knows_its_name() {
    for dialect in &DIALECTS[1..] {
        let name = dialect.habits().name;
        let file = name.replace('-', "_") + ".rs";
        let mut knows = Vec::new();
        for place in ["crates/chat-proto/src", "crates/diagnosis/src", "companions/doctor/src", "src"] {
            for (path, text) in sources(place) {
                let mut code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
                knows.extend(code.any(|line| line.contains(name)).then(|| path.file_name().unwrap().to_owned()));
            }
        }
        assert_eq!(knows, [file.as_str()], "{name}");
    }
}

#[test]
fn simulator_and_token_proxy_share_no_code_with_the_widget() {
    for companion in ["simulator", "token-proxy"] {
        let manifest = fs::read_to_string(root().join("companions").join(companion).join("Cargo.toml")).unwrap();
        assert!(!manifest.contains("chat-proto") && !manifest.contains("guest-chat"), "{companion}");
        let ours = ["chat_proto", "guest_chat"];
        assert_eq!(mentions(&format!("companions/{companion}/src"), &ours), [""; 0]);
    }
}

#[test]
fn the_rule_book_of_the_diagnosis_judges_and_does_not_look() {
    let io = ["std::net", "std::time", "std::fs", "std::env", "web_sys", "js_sys", "println!"];
    assert_eq!(mentions("crates/diagnosis/src", &io), [""; 0]);
}

#[test]
fn nothing_makes_markup_or_code_from_a_string_or_looks_into_a_token() {
    let forbidden = ["inner_html", "insert_adjacent_html", "outer_html", "js_sys::eval", "atob(", "decode_jwt"];
    assert_eq!(mentions("src", &forbidden), [""; 0]);
}
