//! `cargo xtask mutants`: changes the core in small ways, one at a time, and counts how many of them a test notices. All of them take
//! hours; a shard is a sample of all files, and what it says is given with its margin.

use std::fs;
use std::path::Path;

use crate::failure::{Failure, Result, While};
use crate::process;
use crate::tools::{self, cargo};
use crate::workspace;

/// Which sample is taken unless told otherwise: every sixteenth, about a hundred, half an hour.
pub(crate) const SHARD: &str = "0/16";

/// What has to notice, beside the core's own tests. The others say little more about one changed operator, and take minutes.
const TESTS: [&str; 18] = [
    "bug_bank",
    "corpus",
    "end",
    "fuzz",
    "handshake",
    "life",
    "liveness",
    "machine",
    "posts",
    "regressions",
    "renewal",
    "resume",
    "send",
    "slots",
    "states",
    "storm",
    "tabs",
    "why",
];

/// Five seconds of its own, and finds what the others find.
const SKIPPED: &str = "hostile_pages_do_no_harm";

/// How much of the random tests is run: a few seconds of each.
const FEWER: [(&str, &str); 5] = [
    ("STORM_RUNS", "300"),
    ("LIFE_RUNS", "60"),
    ("FUZZ_RUNS", "20"),
    ("PROPTEST_CASES", "500"),
    ("CARGO_INCREMENTAL", "1"),
];

/// Runs the shard `k/n`, counted from 0.
pub(crate) fn run(shard: &str) -> Result<()> {
    tools::mutants()?;
    let tests = TESTS.map(|test| format!("--test={test}"));
    let skipped = ["--", "--skip", SKIPPED];

    // Its own baseline would look for these tests in the core's package.
    println!("without any change:");
    let mut baseline = cargo();
    baseline.args(["test", "--quiet", "--locked", "--profile", "mutants", "--package", "chat-proto"]);
    baseline.args(["--package", "guest-chat", "--lib"]).args(&tests).args(skipped).envs(FEWER);
    process::run(&mut baseline)?;

    let output = workspace::target()?.join("mutants-found");
    fs::create_dir_all(&output).while_(|| format!("make {}", output.display()))?;
    let mut command = cargo();
    command.args(["mutants", "--package", "chat-proto", "--test-package", "chat-proto,guest-chat"]);
    command.args(["--shard", shard, "--sharding", "round-robin", "--baseline", "skip", "--profile", "mutants"]);
    command.args(["--jobs", "1", "--timeout", "60", "--build-timeout", "600", "--output"]).arg(&output);
    command.args(["--cargo-arg=--locked", "--cargo-arg=--lib"]);
    command.args(tests.map(|test| format!("--cargo-arg={test}")));
    command.arg("--").args(skipped).envs(FEWER);
    // It fails where a mutant was missed, which is the usual case and what is counted here.
    let _ = command.status().while_(|| "run cargo mutants".into())?;
    let count = Count::read(&output.join("mutants.out"))?;
    println!("{}", count.line());
    if count.tested() == 0 { Err(Failure::step("no mutant was tested")) } else { Ok(()) }
}

/// What became of the mutants of a shard.
#[derive(Debug, PartialEq, Eq)]
struct Count {
    caught: u32,
    missed: u32,
    timeouts: u32,
    unviable: u32,
}

impl Count {
    fn read(folder: &Path) -> Result<Self> {
        let lines = |name: &str| -> Result<u32> {
            let file = folder.join(name);
            let text = fs::read_to_string(&file).while_(|| format!("read {}", file.display()))?;
            Ok(u32::try_from(text.lines().count()).unwrap_or(u32::MAX))
        };
        Ok(Self {
            caught: lines("caught.txt")?,
            missed: lines("missed.txt")?,
            timeouts: lines("timeout.txt")?,
            unviable: lines("unviable.txt")?,
        })
    }

    /// Those that compiled.
    fn tested(&self) -> u32 {
        self.caught + self.missed + self.timeouts
    }

    /// A mutant that runs for ever is noticed, too.
    fn line(&self) -> String {
        let (noticed, tested) = (self.caught + self.timeouts, self.tested());
        let (low, high) = margin(noticed, tested);
        let percent = 100.0 * f64::from(noticed) / f64::from(tested.max(1));
        let Self { caught, missed, timeouts, unviable } = self;
        format!(
            "{noticed} of {tested} noticed, {percent:.1} % (of all: {low:.1} to {high:.1} %, with 95 % confidence); \
             caught {caught}, timed out {timeouts}, missed {missed}, did not compile {unviable}"
        )
    }
}

/// Wilson's interval for a share, in percent: honest near the ends, where the usual one reaches beyond 100 %.
fn margin(noticed: u32, tested: u32) -> (f64, f64) {
    const Z: f64 = 1.96;
    let count = f64::from(tested.max(1));
    let share = f64::from(noticed) / count;
    let middle = share + Z * Z / (2.0 * count);
    let width = Z * (share * (1.0 - share) / count + Z * Z / (4.0 * count * count)).sqrt();
    let whole = 1.0 + Z * Z / count;
    (100.0 * (middle - width) / whole, 100.0 * (middle + width) / whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_is_told_with_its_margin() {
        let count = Count { caught: 89, missed: 10, timeouts: 1, unviable: 5 };
        let line = count.line();
        assert!(line.starts_with("90 of 100 noticed, 90.0 % (of all: 82.6 to 94.5 %"), "{line}");
    }

    #[test]
    fn every_test_that_has_to_notice_is_there() {
        for test in TESTS {
            assert!(workspace::root().join("tests").join(test).with_extension("rs").is_file(), "{test}");
        }
    }
}
