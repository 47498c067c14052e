//! `cargo xtask simulate`: the whole system on virtual time, optimised, since a thousand runs a second are worth a minute of compiling.

use std::process::Command;

use crate::failure::Result;
use crate::process;
use crate::tools::cargo;

/// How many schedules `cargo xtask test` runs, each of them twice; and how many on each of all the wires.
const SCHEDULES: &str = "20000";
const ON_EACH_WIRE: &str = "5000";

/// Runs the simulation with these options of its own.
pub(crate) fn run(arguments: &[String]) -> Result<()> {
    compile()?;
    process::run(program().args(arguments))
}

/// Compiles the simulation, in its own profile and in cargo's words: it takes minutes.
pub(crate) fn compile() -> Result<()> {
    process::run(&mut compiler())
}

fn compiler() -> Command {
    let mut cargo = cargo();
    cargo.arg("build").args(WHICH);
    cargo
}

/// The simulation, of which nothing is heard but its own words once it is compiled.
pub(crate) fn program() -> Command {
    let mut cargo = cargo();
    cargo.args(["run", "--quiet"]).args(WHICH).arg("--");
    cargo
}

const WHICH: [&str; 5] = ["--locked", "--profile", "simulation", "--package", "simulation"];

/// The step of the test.
pub(crate) fn check() -> Result<()> {
    run(&["--schedules", SCHEDULES].map(str::to_owned))?;
    // From where the default wire's own have ended.
    run(&["--dialect", "all", "--schedules", ON_EACH_WIRE, "--seed", "20001"].map(str::to_owned))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_takes_minutes_says_so_and_what_is_written_down_says_nothing_else() {
        let is_quiet = |command: Command| command.get_args().any(|word| word == "--quiet");
        assert!(!is_quiet(compiler()) && is_quiet(program()));
    }
}
