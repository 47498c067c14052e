//! The program as a person meets it: what it prints, and how it ends.
#![allow(clippy::unwrap_used, reason = "a test may; clippy knows `#[test]` only")]

mod common;

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use common::Site;
use diagnosis::rules;
use doctor::args;

fn program(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_guest-chat")).args(arguments).output().unwrap()
}

fn doctor(site: &Site, further: &[&str]) -> (Option<i32>, String) {
    let settings = &site.settings;
    let [deployment, endpoint] = [&settings.deployment_id, &settings.endpoint].map(|it| it.clone().unwrap());
    let mut arguments =
        vec!["doctor", "--deployment", &deployment, "--endpoint", &endpoint, "--origin", &settings.page_origin];
    arguments.extend(settings.token_url.iter().flat_map(|url| ["--token-url", url]));
    arguments.extend(further);
    let output = program(&arguments);
    (output.status.code(), String::from_utf8(output.stdout).unwrap())
}

#[test]
fn a_healthy_chat_ends_with_zero() {
    let (code, said) = doctor(&Site::plain().with_proxy(&[]), &[]);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.starts_with("Guest Chat diagnosis: nothing wrong was found\n"), "{said}");
    assert!(said.contains("a grant for 3600 s, no-store, the same again"), "{said}");
}

#[test]
fn a_cause_ends_with_one_and_is_said_to_people_and_machines() {
    let site = Site::plain().with(|it| it.deployment_id = Some("d-1".into()));
    let (code, said) = doctor(&site, &[]);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.starts_with("Guest Chat diagnosis: deployment-unknown\n"), "{said}");
    let (code, json) = doctor(&site, &["--json"]);
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!((code, &json["cause"], &json["text"]), (Some(1), &"deployment-unknown".into(), &said.into()));
    assert_eq!(json["seen"][0]["what"], "page");
}

#[test]
fn a_wrong_call_ends_with_two_and_a_line_for_each_mistake() {
    let output = program(&["doctor", "--deployment", "d-1", "--token-url"]);
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8(output.stderr).unwrap();
    let mistakes = ["--token-url needs a value", "--origin is missing", "--region is missing, or --endpoint"];
    assert_eq!(said, mistakes.map(|mistake| format!("guest-chat: {mistake}\n")).concat());
}

#[cfg(unix)]
#[test]
fn an_argument_that_is_not_utf_8_is_a_wrong_call() {
    use std::os::unix::ffi::OsStrExt;
    let broken = std::ffi::OsStr::from_bytes(b"https://\xff.example");
    let output =
        Command::new(env!("CARGO_BIN_EXE_guest-chat")).args(["doctor", "--origin"]).arg(broken).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.starts_with("guest-chat: a word that is not UTF-8 after --origin\n"), "{said}");
}

#[cfg(target_os = "linux")]
#[test]
fn a_report_that_cannot_be_written_is_not_taken_for_a_good_one() {
    let site = Site::plain();
    let [deployment, endpoint] = [&site.settings.deployment_id, &site.settings.endpoint].map(|it| it.clone().unwrap());
    let arguments =
        ["doctor", "--deployment", &deployment, "--endpoint", &endpoint, "--origin", &site.settings.page_origin];
    for (arguments, code) in [(&arguments[..], 2), (&["--help"], 1)] {
        let full = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
        let output = Command::new(env!("CARGO_BIN_EXE_guest-chat")).args(arguments).stdout(full).output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(code), "{said}");
        assert!(said.starts_with("guest-chat: cannot write to standard output: "), "{said}");
    }
}

#[test]
fn the_documentation_has_every_cause_as_the_rule_book_has_it() {
    let table = String::from_utf8(program(&["causes"]).stdout).unwrap();
    assert_eq!(table, rules::table());
    assert!(page("docs/diagnosis.md").contains(&table), "put the output of `guest-chat causes` into docs/diagnosis.md");
}

/// A text of the project's, by its path from the root.
fn page(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(path)).unwrap()
}

#[test]
fn the_documentation_has_every_sentence_that_tells_a_visitor_of_a_trouble() {
    let (words, page) = (page("src/strings.rs"), page("docs/diagnosis.md"));
    for name in [
        "reconnecting",
        "busy",
        "offline",
        "evicted",
        "expired",
        "no_sign_in",
        "refused",
        "unavailable",
        "bad_attributes",
        "broken",
    ] {
        let start = format!("\n    {name}: \"");
        let (_, rest) = words.split_once(&start).unwrap_or_else(|| panic!("{name} is no word of the widget's"));
        let (sentence, _) = rest.split_once(['.', ':', '…', '"']).unwrap();
        assert!(page.contains(&format!("\"{sentence}")), "what to do about {sentence:?}?");
    }
}

#[test]
fn the_commands_of_the_documentation_are_understood() {
    for path in ["README.md", "docs/diagnosis.md", "companions/doctor/README.md"] {
        let text = page(path).replace("\\\n", "");
        let commands: Vec<_> = text.split("cargo run -p doctor -- ").skip(1).collect();
        assert!(!commands.is_empty(), "{path} does not say how to get the doctor");
        for command in commands {
            let words = command.split(['\n', '`']).next().unwrap_or_default();
            assert!(args::read(words.split_whitespace()).is_ok(), "{path}: {words}");
        }
    }
}
