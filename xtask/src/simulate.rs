//! `cargo xtask simulate`: the whole system on virtual time, optimised, since a thousand runs a second are worth a minute of compiling.

use std::process::Command;

use crate::failure::Result;
use crate::process;
use crate::tools::cargo;

/// How many schedules `cargo xtask test` runs, each of them twice.
const SCHEDULES: &str = "20000";

/// Runs the simulation with these options of its own.
pub(crate) fn run(arguments: &[String]) -> Result<()> {
    process::run(program().args(arguments))
}

/// The simulation, compiled in its own profile.
pub(crate) fn program() -> Command {
    let mut cargo = cargo();
    cargo.args(["run", "--quiet", "--locked", "--profile", "simulation", "--package", "simulation", "--"]);
    cargo
}

/// The step of the test.
pub(crate) fn check() -> Result<()> {
    run(&["--schedules".to_owned(), SCHEDULES.to_owned()])
}
