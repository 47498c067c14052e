//! The command line: defaults, bounds, and every mistake named at once without repeating a secret.

use token_proxy::{Command, Environment, Settings};

fn read(args: &[&str], key: Option<&str>) -> Result<Settings, String> {
    read_with(args, key, None)
}

fn read_with(args: &[&str], key: Option<&str>, client_secret: Option<&str>) -> Result<Settings, String> {
    let args = args.iter().map(|arg| (*arg).to_owned());
    let [key, client_secret] = [key, client_secret].map(|text| text.map(str::to_owned));
    match Command::read(args, Environment { key, client_secret }) {
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
    assert!(matches!(Command::read(["--help".to_owned()], Environment::default()), Ok(Command::Help)));
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
        "--dialect",
        "--api",
        "--oauth-url",
        "--mint-url",
        "--client-id",
        "--client-secret-file",
        "--guest-name",
        "--guest-email",
        "TOKEN_PROXY_CLIENT_SECRET",
    ];
    for flag in flags {
        assert!(token_proxy::USAGE.contains(flag), "{flag}");
    }
}

/// All that a minted dialect needs, but for the secret.
const MINTED: [&str; 4] = [PAGE, "--dialect=guest-sessions", "--api=https://api.mypurecloud.ie", "--client-id=c"];

#[test]
fn a_minted_dialect_needs_the_api_a_client_and_its_secret_and_all_of_it_is_named_at_once() {
    assert!(read_with(&MINTED, Some(KEY), Some("s")).is_ok());
    assert!(read_with(&[PAGE, "--dialect", "web-messaging"], Some(KEY), Some("s")).is_ok(), "served anyway");
    let said = read(&MINTED[..2], Some(KEY)).unwrap_err();
    let missing: Vec<_> = said.lines().map(|line| line.split_once(" is missing").expect(line).0).collect();
    assert_eq!(missing, ["--api", "--client-id", "--client-secret-file"]);
    assert!(said.contains("TOKEN_PROXY_CLIENT_SECRET"), "{said}");
}

#[test]
fn every_bad_setting_of_a_minted_dialect_is_named_at_once() {
    let args = [
        PAGE,
        "--dialect=guest-webchat",
        "--dialect=sms",
        "--api=https://api.mypurecloud.ie/api/v2",
        "--oauth-url=http://login.mypurecloud.ie/oauth/token",
        "--mint-url=guest-webchat",
        "--mint-url=sms=https://a.example/b",
        "--mint-url=guest-sessions=https://a.example/b",
        "--mint-url=guest-webchat=https://a.example/b",
        "--mint-url=guest-webchat=https://a.example/c",
        "--client-id=a:b",
        "--client-secret-file=/nowhere/secret",
        "--guest-name=a\tb",
        &format!("--guest-email={}@b.example", "a".repeat(250)),
    ];
    let said = read(&args, Some(KEY)).unwrap_err();
    let named = [
        "--dialect must be web-messaging, external-contacts",
        "--guest-name must",
        "--guest-email must",
        "--api must",
        "--oauth-url must",
        "--mint-url must",
        "--mint-url must",
        "--mint-url guest-sessions has no effect",
        "--mint-url guest-webchat is given more than once",
        "--client-id must",
        "--client-secret-file cannot be read: /nowhere/secret",
    ];
    assert_eq!(said.lines().count(), named.len(), "{said}");
    for (line, name) in said.lines().zip(named) {
        assert!(line.starts_with(name), "{name}: {said}");
    }
}

#[test]
fn what_has_no_effect_is_a_mistake() {
    let of_no_dialect = [
        "--api=https://api.example",
        "--oauth-url=https://a.example/b",
        "--mint-url=guest-sessions=https://a.example/b",
        "--client-id=c",
        "--client-secret-file=f",
        "--guest-name=g",
        "--guest-email=e",
    ];
    let said = read(&[&[PAGE], &of_no_dialect[..]].concat(), Some(KEY)).unwrap_err();
    assert_eq!(said.lines().filter(|line| line.contains("has no effect without")).count(), 7, "{said}");
    let said = read_with(&[&MINTED[..], &["--guest-name=g"]].concat(), Some(KEY), Some("s")).unwrap_err();
    assert_eq!(said, "--guest-name has no effect without --dialect guest-webchat");
    // The environment is often shared.
    assert!(read_with(&[PAGE], Some(KEY), Some("s")).is_ok());
}

#[test]
fn the_api_is_asked_by_plain_http_on_this_machine_only() {
    for (api, is_good) in [
        ("https://api.mypurecloud.com", true),
        ("http://127.0.0.1:9000", true),
        ("http://localhost:9000/", true),
        ("http://api.mypurecloud.com", false),
        ("http://10.0.0.7:9000", false),
        ("api.mypurecloud.com", false),
    ] {
        let args = [PAGE, "--dialect=guest-sessions", "--client-id=c", "--api", api];
        assert_eq!(read_with(&args, Some(KEY), Some("s")).is_ok(), is_good, "{api}");
    }
}

#[test]
fn the_secret_is_read_from_a_file_or_the_environment_and_never_repeated() {
    let file = format!("{}/client-secret", env!("CARGO_TARGET_TMPDIR"));
    std::fs::write(&file, "hunter2\n").unwrap();
    let with_file = |secret| read_with(&[&MINTED[..], &["--client-secret-file", &file]].concat(), Some(KEY), secret);
    assert!(!format!("{:?}", with_file(None).unwrap()).contains("hunter2"));
    assert_eq!(
        with_file(Some("s")).unwrap_err(),
        "--client-secret-file and TOKEN_PROXY_CLIENT_SECRET are both given: keep one"
    );
    std::fs::write(&file, "hunter2\nhunter3\n").unwrap();
    assert_eq!(with_file(None).unwrap_err(), "--client-secret-file must hold the client's secret, and nothing else");
    for secret in [" ", "hunter2 hunter3", "hünter2"] {
        let said = read_with(&MINTED, Some(KEY), Some(secret)).unwrap_err();
        assert_eq!(said, "TOKEN_PROXY_CLIENT_SECRET must hold the client's secret, and nothing else");
    }
    // There is no option that takes it.
    let said = read(&[&MINTED[..], &["--client-secret=hunter2"]].concat(), Some(KEY)).unwrap_err();
    assert!(said.contains("--client-secret is not known") && !said.contains("hunter2"), "{said}");
}
