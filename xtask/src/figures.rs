//! `cargo xtask figures`: measures what is promised about reliability, and writes it down in docs/reliability.md: every figure by the
//! command that a reader can run as well, on the machine that the page names.

use std::fs;
use std::process::{Command, ExitStatus};

use crate::bundle;
use crate::failure::{Failure, Result, While};
use crate::simulate;
use crate::tools::{cargo, command};
use crate::workspace;

/// How many schedules of the whole system the page reports.
pub(crate) const SCHEDULES: u64 = 1_000_000;

/// How many of them run on each of the wires.
const ON_EACH_WIRE: &str = "100000";

/// How many of them the naive client runs through: it breaks often enough to tell.
const NAIVE: &str = "20000";

const HEAD: &str = "# Reliability, in figures

What ARCHITECTURE.md says always holds, and how it was measured. `cargo xtask figures` measures all but the last two sections
and writes them down; every command can be run alone. That is virtual time and seeded, so the counts are the same on every machine; how
fast it goes is not. The last two sections (small changes, foreign bytes) are of runs on real time, written down by hand with their day
(`xtask/src/by_hand.md`).
";

/// `cargo xtask figures`: so many schedules, from that seed on.
pub(crate) fn run(schedules: u64, seed: u64) -> Result<()> {
    simulate::compile()?;
    let (schedules, seed) = (schedules.to_string(), seed.to_string());
    let mut page = format!("{HEAD}\n{}\n", machine()?);

    section(
        &mut page,
        "The whole system under every kind of fault",
        "Up to six tabs, token proxy, backend, network, locks, channel and storage in one process; each schedule draws its own mix of \
         faults, then everything heals. At every step and after the healing, all of the rules below are checked against what the \
         backend really accepted. A run that ends without a broken rule has lost nothing, repeated nothing, reordered nothing, and every screen \
         has come to show what the backend has. Where some break a rule, the last lines name them, and `--replay SEED` shows each in every word.",
        &format!("cargo xtask simulate --all --schedules {schedules} --seed {seed}"),
        &judged(simulate::program().args(["--all", "--schedules", &schedules, "--seed", &seed]))?,
    );
    section(
        &mut page,
        "The same storms on every wire",
        "The rules hold on all six. `asked`: messages of unknown fate about which the visitor is asked in the end, for where there is no history \
         nobody else can tell. `unheard`: lines of the agent's that are on no screen and have no notice beside them, because they were lost on a \
         connection that seemed to live; `on trust`: messages that a wire without answers let pass for taken, and that had gone into a dead \
         connection. Both are what the wire itself cannot tell anybody; [docs/wires](wires/README.md) says where. `broken`: schedules in which anything was lost, \
         repeated, out of order or not converged beyond that.",
        &format!("cargo xtask simulate --dialect all --brief --all --schedules {ON_EACH_WIRE} --seed {seed}"),
        &judged(simulate::program().args([
            "--dialect",
            "all",
            "--brief",
            "--all",
            "--schedules",
            ON_EACH_WIRE,
            "--seed",
            &seed,
        ]))?,
    );
    section(
        &mut page,
        "The rules",
        "By the names under which a run is called broken.",
        "cargo xtask simulate --rules",
        &said(simulate::program().arg("--rules"))?,
    );
    section(
        &mut page,
        "The same schedules and a naive client",
        "One that sends first after reconnecting, stops at a close with 1000 and sends again without looking: what the rules would \
         find if they had to.",
        &format!("cargo xtask simulate --naive --schedules {NAIVE} --seed {seed}"),
        &said(simulate::program().args(["--naive", "--schedules", NAIVE, "--seed", &seed]))?,
    );
    section(
        &mut page,
        "Dead connections, and what is asked to find them",
        "The worst cases over many seeds, asserted by the tests that print them.",
        "cargo test --test liveness -- --nocapture --test-threads 1",
        &measured(&said(&mut aloud("liveness"))?),
    );
    section(
        &mut page,
        "The transitions of the session",
        "How many of the table in ARCHITECTURE.md the tests take.",
        "cargo test --test states -- --nocapture --test-threads 1",
        &measured(&said(&mut aloud("states"))?),
    );
    section(
        &mut page,
        "A model explored to the end",
        "Two tabs, three messages, up to four faults and one life of a token, every order of them; and what the checker finds when one \
         rule is left out.",
        "cargo test --test model -- --nocapture --test-threads 1",
        &measured(&said(&mut aloud("model"))?),
    );
    // It writes its own section.
    let herd = said(cargo().args(["run", "--quiet", "--locked", "--release", "--example", "herd", &seed]))?;
    page.push('\n');
    page.push_str(herd.trim_end());
    page.push('\n');

    page.push_str(BY_HAND);

    let file = workspace::root().join("docs/reliability.md");
    bundle::write(&file, &page)?;
    println!("wrote {}", file.display());
    Ok(())
}

/// What takes longer than all the rest together and says the same for weeks: run now and then, and written down here by hand.
const BY_HAND: &str = include_str!("by_hand.md");

/// A test that says what it measures, in one stream with the names of its parts.
fn aloud(test: &str) -> Command {
    let mut shell = command("sh");
    shell.args([
        "-c",
        "exec cargo test --quiet --locked --test \"$0\" -- --nocapture --test-threads 1 --format pretty 2>&1",
        test,
    ]);
    shell
}

fn section(page: &mut String, title: &str, about: &str, how: &str, what: &str) {
    let what = what.trim_end();
    page.push_str(&["\n## ", title, "\n\n", about, "\n\n```text\n$ ", how, "\n", what, "\n```\n"].concat());
}

/// What tests print of themselves, each under the sentence that it is the measure of.
fn measured(lines: &str) -> String {
    let mut kept = Vec::new();
    for line in lines.lines().map(str::trim) {
        match line.strip_prefix("test ").and_then(|rest| rest.split_once(" ... ")) {
            Some((_, "ok" | "ignored")) => {}
            Some((name, words)) => kept.push(format!("{}:\n  {words}", name.replace('_', " "))),
            None if line.is_empty() || line == "ok" || line.starts_with("test ") || line.starts_with("running ") => {}
            None => kept.push(format!("  {line}")),
        }
    }
    kept.join("\n")
}

/// All that a command says. Fails if it does.
fn said(command: &mut Command) -> Result<String> {
    let (words, status) = words(command)?;
    if status.success() {
        return Ok(words);
    }
    Err(failed(command, status, &words))
}

/// All that the simulation says. Broken rules are a result like another, if it names them; fails if it fails in any other way.
fn judged(command: &mut Command) -> Result<String> {
    let (words, status) = words(command)?;
    let names_the_broken =
        || words.lines().any(|line| line.starts_with("simulate: ") && line.ends_with(" broke a rule"));
    if status.success() || status.code() == Some(1) && names_the_broken() {
        return Ok(words);
    }
    Err(failed(command, status, &words))
}

fn failed(command: &Command, status: ExitStatus, words: &str) -> Failure {
    Failure::step(format!("{command:?} failed ({status})\n{words}"))
}

/// All that a command says, and how it ends.
fn words(command: &mut Command) -> Result<(String, ExitStatus)> {
    println!("$ {command:?}");
    let output = command.output().while_(|| format!("run {command:?}"))?;
    let words = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    Ok((words, output.status))
}

/// What it was measured on, and of which state of the sources.
fn machine() -> Result<String> {
    let model = fs::read_to_string("/proc/cpuinfo").ok().and_then(|text| {
        let line = text.lines().find(|line| line.starts_with("model name"))?;
        Some(line.split_once(':')?.1.trim().to_owned())
    });
    let model = model.unwrap_or_else(|| std::env::consts::ARCH.to_owned());
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let rustc = said(command("rustc").arg("--version"))?;
    let commit = said(command("git").args(["rev-parse", "--short", "HEAD"]))?;
    Ok(format!("Measured on {cores} cores of {model}, {}, commit {}.", rustc.trim(), commit.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_simulation_that_names_what_is_broken_has_measured_and_one_that_fails_otherwise_has_not() {
        let run = |script: &str| judged(command("sh").args(["-c", script])).is_ok();
        let broke = "echo 'simulate: 9 schedules from seed 1: 3 broke a rule'; echo '  I8: 3 (seeds 1, 2, 3)'";
        assert!(run("echo 'simulate: 9 schedules from seed 1: 0 lost'"));
        assert!(run(&format!("{broke}; exit 1")));
        for failing in ["exit 1", "echo 'error: could not compile'; exit 101"] {
            assert!(!run(failing), "{failing}");
        }
        assert!(!run(&format!("{broke}; exit 101")) && !run(&format!("{broke}; kill -9 $$")));
    }

    #[test]
    fn what_a_test_says_of_itself_is_kept_under_its_name_and_the_harness_is_not() {
        let lines = "\nrunning 2 tests\ntest dead_is_found ... found after 7 ms\nand more\nok\ntest quiet ... ok\n\ntest result: ok. 2 passed";
        assert_eq!(measured(lines), "dead is found:\n  found after 7 ms\n  and more");
    }
}
