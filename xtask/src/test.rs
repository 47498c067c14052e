//! `cargo xtask test`: everything that CI checks, in order, cheap before dear. Each step installs what it needs, is announced, and
//! timed; the first that fails ends the run, and the summary says how far it came.

mod steps;

use std::time::{Duration, Instant};

use crate::failure::{Failure, Result};
use crate::purity;
use crate::simulate;
use crate::size;

/// One step of the test.
#[derive(Debug)]
pub(crate) struct Step {
    /// What `--only` and `--skip` call it.
    pub(crate) name: &'static str,
    /// What it proves.
    pub(crate) about: &'static str,
    run: fn() -> Result<()>,
}

/// All steps in the order in which they run.
pub(crate) const STEPS: [Step; 10] = [
    Step { name: "fmt", about: "formatting", run: steps::fmt },
    Step { name: "clippy", about: "lints on the host, warnings denied", run: steps::clippy },
    Step { name: "clippy-wasm", about: "lints for the browser, warnings denied", run: steps::clippy_wasm },
    Step { name: "host", about: "tests on the host: core, storms, companions, xtask", run: steps::host },
    Step {
        name: "simulate",
        about: "20,000 simulated schedules of faults, and 5,000 on each wire, each run twice",
        run: simulate::check,
    },
    Step { name: "purity", about: "the core imports nothing", run: purity::check },
    Step { name: "browser", about: "wasm-bindgen tests in headless Chromium", run: steps::in_browser },
    Step { name: "size", about: "the release bundle and its budget", run: size::run },
    Step { name: "e2e", about: "the release bundle in Chromium against the simulator", run: steps::end_to_end },
    Step { name: "demo", about: "`cargo xtask demo` comes up and goes down", run: steps::demo_comes_up },
];

/// The step of `cargo xtask test --browser firefox`, which is a run of its own: CI's browser is Chromium.
const IN_FIREFOX: Step =
    Step { name: "firefox", about: "wasm-bindgen tests in headless Firefox", run: steps::in_firefox };

/// Which steps to run: those in `only`, or all; without those in `skip`.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Selection {
    pub(crate) only: Vec<&'static str>,
    pub(crate) skip: Vec<&'static str>,
}

impl Selection {
    fn includes(&self, step: &Step) -> bool {
        (self.only.is_empty() || self.only.contains(&step.name)) && !self.skip.contains(&step.name)
    }
}

/// Every step by its name, a line each.
pub(crate) fn list() -> String {
    STEPS.map(|step| format!("  {:<12} {}", step.name, step.about)).join("\n")
}

/// `cargo xtask test`.
pub(crate) fn run(selection: &Selection) -> Result<()> {
    let (picked, skipped): (Vec<&Step>, Vec<&Step>) = STEPS.iter().partition(|step| selection.includes(step));
    run_steps(picked, Log { ran: Vec::new(), skipped: skipped.iter().map(|step| step.name).collect() })
}

/// `cargo xtask test --browser firefox`.
pub(crate) fn run_in_firefox() -> Result<()> {
    run_steps(vec![&IN_FIREFOX], Log::default())
}

fn run_steps(steps: Vec<&Step>, mut log: Log) -> Result<()> {
    for step in steps {
        println!("\n━━ {}: {}", step.name, step.about);
        let start = Instant::now();
        let outcome = (step.run)();
        log.ran.push((step.name, start.elapsed(), outcome.is_ok()));
        if let Err(failure) = outcome {
            println!("{}", log.summary());
            return Err(match failure {
                Failure::Step(words) => Failure::Step(format!("{}: {words}", step.name)),
                other => other,
            });
        }
    }
    println!("{}", log.summary());
    Ok(())
}

/// What has run so far.
#[derive(Debug, Default)]
struct Log {
    ran: Vec<(&'static str, Duration, bool)>,
    skipped: Vec<&'static str>,
}

impl Log {
    /// A line a step, then the totals in the form that CI reads.
    fn summary(&self) -> String {
        let mut lines = vec![String::new()];
        for (name, took, passed) in &self.ran {
            let verdict = if *passed { "ok" } else { "FAILED" };
            lines.push(format!("{name:<12} {:>6.1} s  {verdict}", took.as_secs_f64()));
        }
        let passed = self.ran.iter().filter(|(.., passed)| *passed).count();
        let failed = self.ran.len() - passed;
        lines.push(format!("steps: {passed} passed, {failed} failed, {} skipped", self.skipped.len()));
        lines.join("\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_steps_run_unless_some_are_picked_or_left_out() {
        let names = |selection: Selection| -> Vec<&str> {
            STEPS.iter().filter(|step| selection.includes(step)).map(|step| step.name).collect()
        };
        assert_eq!(names(Selection::default()).len(), STEPS.len());
        assert_eq!(names(Selection { only: vec!["host", "fmt"], skip: vec![] }), ["fmt", "host"]);
        assert_eq!(names(Selection { only: vec!["host", "fmt"], skip: vec!["fmt"] }), ["host"]);
    }

    #[test]
    fn the_summary_ends_with_the_line_that_ci_reads() {
        let log = Log {
            ran: vec![("fmt", Duration::from_secs(1), true), ("host", Duration::from_secs(90), false)],
            skipped: vec!["e2e"],
        };
        let summary = log.summary();
        assert_eq!(summary.lines().last(), Some("steps: 1 passed, 1 failed, 1 skipped"));
        assert!(summary.contains("host           90.0 s  FAILED"), "{summary}");
    }
}
