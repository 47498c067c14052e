//! The program as a person meets it, where it does not even start.
#![allow(clippy::unwrap_used, reason = "a test may; clippy knows `#[test]` only")]

use std::ffi::OsStr;
use std::process::Command;

/// The exit code, and all that was said on standard error.
fn run(arguments: &[&OsStr]) -> (Option<i32>, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_simulator")).args(arguments).output().unwrap();
    (output.status.code(), String::from_utf8(output.stderr).unwrap())
}

#[test]
fn a_state_that_cannot_be_used_is_named_and_not_the_address() {
    let folder = std::env::temp_dir();
    let garbage = folder.join(format!("simulator-garbage-{}.json", std::process::id()));
    std::fs::write(&garbage, "no state").unwrap();
    let nowhere = folder.join("no-such-folder").join("state.json");
    for path in [&garbage, &nowhere, &folder] {
        let (code, said) = run(&["--port".as_ref(), "0".as_ref(), "--state".as_ref(), path.as_ref()]);
        let named = format!("simulator: --state {} cannot be used: ", path.display());
        assert!(code == Some(2) && said.starts_with(&named) && said.lines().count() == 1, "{code:?} {said}");
    }
    std::fs::remove_file(garbage).unwrap();
}

#[cfg(unix)]
#[test]
fn an_argument_that_is_not_utf_8_is_a_wrong_call() {
    use std::os::unix::ffi::OsStrExt;
    let (code, said) = run(&["--state".as_ref(), OsStr::from_bytes(b"/tmp/\xff")]);
    assert_eq!((code, said.as_str()), (Some(2), "simulator: a word that is not UTF-8 after --state\n"));
}
