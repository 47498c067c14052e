//! The command line: defaults, bounds, and every mistake named at once without repeating a secret.

use token_proxy::{Command, Settings};

fn read(args: &[&str], key: Option<&str>) -> Result<Settings, String> {
    let args = args.iter().map(|arg| (*arg).to_owned());
    match Command::read(args, key.map(str::to_owned)) {
        Ok(Command::Serve(settings)) => Ok(*settings),
        Ok(Command::Help) => panic!("help was not asked for"),
        Err(bad) => Err(bad.to_string()),
    }
}

const PAGE: &str = "--origin=https://shop.example";
const KEY: &str = "dGhpcyBpcyB0aGUgcGxhbnRlZCBjb29raWUga2V5ISE=";

#[test]
fn an_origin_is_all_that_must_be_said() {
    let settings = read(&[PAGE], Some(KEY)).unwrap();
    assert_eq!(settings.address().to_string(), "127.0.0.1:9001");
    assert_eq!(settings.warnings(), Vec::<String>::new());
}

#[test]
fn every_bad_setting_is_named_at_once() {
    let args = [
        "--origin",
        "shop.example",
        "--port",
        "70000",
        "--life=4",
        "--host",
        "here",
        "--session-life",
        "1",
        "--connections-per-minute",
        "-1",
        "--deployment",
        "a b",
        "--colour",
        "--key-file",
    ];
    let said = read(&args, Some("c2hvcnQ=")).unwrap_err();
    let named = [
        "--origin must",
        "--port must",
        "--life must",
        "--host must",
        "--session-life must",
        "--connections-per-minute must",
        "--deployment must",
        "not known",
        "--key-file needs a value",
        "TOKEN_PROXY_KEY has 5 bytes",
    ];
    for name in named {
        assert!(said.contains(name), "{name} is missing from:\n{said}");
    }
    assert_eq!(said.lines().count(), named.len(), "{said}");
}

#[test]
fn no_option_is_passed_over_because_it_is_given_again() {
    let said = read(&[PAGE, "--port", "9001", "--port=9002", "--fault-control", "--fault-control"], None).unwrap_err();
    assert_eq!(said, "--port is given more than once\n--fault-control is given more than once");
    assert!(read(&[PAGE, PAGE, "--deployment=a", "--deployment=b"], None).is_ok());
}

#[test]
fn missing_origin_is_named() {
    assert!(read(&[], Some(KEY)).unwrap_err().starts_with("--origin is missing"));
}

#[test]
fn life_is_honoured_from_five_seconds_to_a_year() {
    for (life, good) in [("5", true), ("31536000", true), ("4", false), ("31536001", false), ("5.5", false)] {
        assert_eq!(read(&[PAGE, "--life", life], Some(KEY)).is_ok(), good, "{life}");
    }
}

#[test]
fn mistaken_key_is_not_repeated() {
    let secret = "hunter2-but-much-longer-than-that";
    let broken = format!("{secret} !");
    for said in [
        read(&[PAGE], Some(&broken)).unwrap_err(),
        read(&[PAGE, secret], Some(KEY)).unwrap_err(),
        read(&[PAGE, &format!("--key={secret}")], None).unwrap_err(),
    ] {
        assert!(!said.contains("hunter2"), "{said}");
    }
    let settings = read(&[PAGE], Some(KEY)).unwrap();
    assert!(!format!("{settings:?}").contains("planted"));
}

#[test]
fn key_of_the_moment_is_warned_of() {
    let warnings = read(&[PAGE], None).unwrap().warnings();
    assert_eq!(warnings.len(), 1);
    assert!(warnings[0].contains("lose their sessions at a restart"), "{warnings:?}");
}

#[test]
fn key_is_read_from_a_file_and_from_one_place_only() {
    let file = format!("{}/cookie-key", env!("CARGO_TARGET_TMPDIR"));
    std::fs::write(&file, format!("{KEY}\n")).unwrap();
    assert_eq!(read(&[PAGE, "--key-file", &file], None).unwrap().warnings().len(), 0);
    let both = read(&[PAGE, "--key-file", &file], Some(KEY)).unwrap_err();
    assert!(both.contains("both given"), "{both}");
    let absent = read(&[PAGE, "--key-file", "/nowhere/key"], None).unwrap_err();
    assert!(absent.contains("--key-file cannot be read: /nowhere/key"), "{absent}");
}

#[test]
fn plain_http_page_is_warned_of_a_secure_cookie() {
    let page = "--origin=http://127.0.0.1:8080";
    assert_eq!(read(&[page], Some(KEY)).unwrap().warnings().len(), 1);
    assert_eq!(read(&[page, "--insecure-cookie"], Some(KEY)).unwrap().warnings().len(), 0);
}

#[test]
fn what_is_for_development_does_not_reach_production() {
    let insecure = read(&[PAGE, "--insecure-cookie"], Some(KEY)).unwrap_err();
    assert!(insecure.contains("--insecure-cookie is for plain http"), "{insecure}");
    let faults = read(&[PAGE, "--fault-control", "--host", "0.0.0.0"], Some(KEY)).unwrap_err();
    assert!(faults.contains("--fault-control is for tests"), "{faults}");
}

#[test]
fn help_names_every_setting() {
    assert!(matches!(Command::read(["--help".to_owned()], None), Ok(Command::Help)));
    let flags = [
        "--origin",
        "--deployment",
        "--host",
        "--port",
        "--life",
        "--session-life",
        "--connections-per-minute",
        "--key-file",
        "--insecure-cookie",
        "--fault-control",
        "TOKEN_PROXY_KEY",
    ];
    for flag in flags {
        assert!(token_proxy::USAGE.contains(flag), "{flag}");
    }
}
