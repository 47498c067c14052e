//! `cargo xtask fuzz`: hands what libFuzzer thinks of to everything that reads foreign bytes, beginning with the seeds in fuzz/corpus.
//! What is found on the way stays in the target folder, so that the next run goes on from there.

use std::process::Command;

use crate::failure::{Failure, Result, While};
use crate::process;
use crate::tools::{self, cargo};
use crate::workspace;

/// Every target, as fuzz/Cargo.toml names them.
pub(crate) const TARGETS: [&str; 9] =
    ["frame", "answer", "words", "record", "post", "session", "backend", "proxy", "report"];

/// For how long each target runs unless told otherwise, in seconds: a look, not a search.
pub(crate) const SECONDS: u64 = 10;

/// The longest text that is tried, in bytes. What the protocol allows is longer in one field only, the text of a message.
const LONGEST: &str = "-max_len=4096";

/// Runs one target, or all.
pub(crate) fn run(target: Option<&str>, seconds: u64) -> Result<()> {
    tools::fuzzer()?;
    let picked: Vec<&str> = TARGETS.into_iter().filter(|it| target.is_none_or(|target| target == *it)).collect();
    let mut found = Vec::new();
    process::run(&mut cargo_fuzz("build", &target.into_iter().collect::<Vec<_>>())?)?;
    for target in picked {
        let live = workspace::target()?.join("fuzz/found").join(target);
        std::fs::create_dir_all(&live).while_(|| format!("make {}", live.display()))?;
        let mut command = cargo_fuzz("run", &[target])?;
        command.arg(&live).arg(format!("fuzz/corpus/{target}"));
        command.args(["--", "-dict=fuzz/words.dict", LONGEST, "-timeout=20", "-print_final_stats=1"]);
        command.arg(format!("-max_total_time={seconds}"));
        let output = command.output().while_(|| format!("run {command:?}"))?;
        let words = String::from_utf8_lossy(&output.stderr);
        let stat = |name: &str| words.lines().find_map(|line| line.strip_prefix(name)).map_or("?", str::trim);
        let (runs, speed) = (stat("stat::number_of_executed_units:"), stat("stat::average_exec_per_sec:"));
        let verdict = if output.status.success() { "nothing found" } else { "FAILED" };
        println!("{target:<8} {runs:>10} runs, {speed:>7} a second: {verdict}");
        if !output.status.success() {
            println!("{words}");
            found.push(target);
        }
    }
    if found.is_empty() { Ok(()) } else { Err(Failure::step(format!("found by: {}", found.join(", ")))) }
}

/// Without a sanitizer: there is no unsafe code of ours to watch, and the pinned compiler offers none.
fn cargo_fuzz(what: &str, targets: &[&str]) -> Result<Command> {
    let mut command = cargo();
    command.args(["fuzz", what, "--fuzz-dir", "fuzz", "--sanitizer", "none", "--codegen-units", "16", "--target-dir"]);
    command.arg(workspace::target()?.join("fuzz")).args(targets);
    Ok(command)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_target_is_declared_and_has_seeds() {
        let root = workspace::root().join("fuzz");
        let manifest = std::fs::read_to_string(root.join("Cargo.toml")).unwrap();
        assert_eq!(manifest.matches("[[bin]]").count(), TARGETS.len());
        for target in TARGETS {
            assert!(manifest.contains(&format!("name = \"{target}\"")), "{target}");
            assert!(root.join("corpus").join(target).is_dir(), "{target}");
        }
    }
}
