//! The project's commands. `cargo xtask demo` and `cargo xtask test` are all that a fresh machine needs: each command installs
//! what it misses, says what it runs, and fails with words. This file names the commands and hands over; each has its own file.
#![allow(clippy::print_stdout, reason = "a command line program speaks on its standard output")]

#[cfg(not(unix))]
compile_error!("the project's commands use process groups: on Windows, run them inside WSL");

mod cli;

mod build;
mod demo;
mod figures;
mod fuzz;
mod mutants;
mod setup;
mod simulate;
mod size;
mod stage;
mod test;

mod bundle;
mod diagnose;
mod failure;
mod http;
mod ports;
mod process;
mod purity;
mod tools;
mod wasm;
mod workspace;

use std::ffi::OsString;
use std::process::ExitCode;

use cli::Request;
use failure::Failure;

fn main() -> ExitCode {
    let arguments = std::env::args_os().skip(1).map(OsString::into_string).collect::<Result<Vec<_>, _>>();
    let arguments = arguments.map_err(|word| Failure::Usage(format!("`{}` is not UTF-8", word.display())));
    let outcome =
        process::watch_for_interrupts().and(arguments).and_then(|words| cli::parse(&words)).and_then(|request| {
            match request {
                Request::Help => {
                    print!("{}", cli::HELP);
                    Ok(())
                }
                Request::Demo(options) => demo::run(options),
                Request::Test(selection) => test::run(&selection),
                Request::TestSteps => {
                    println!("{}", test::list());
                    Ok(())
                }
                Request::TestInFirefox => test::run_in_firefox(),
                Request::Build => build::run(),
                Request::Size => size::run(),
                Request::Figures { schedules, seed } => figures::run(schedules, seed),
                Request::Simulate(arguments) => simulate::run(&arguments),
                Request::Fuzz { target, seconds } => fuzz::run(target, seconds),
                Request::Mutants { shard } => mutants::run(&shard),
                Request::Setup => setup::run(),
                Request::Stage => stage::run(),
            }
        });

    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("\nxtask: {failure}");
            match failure {
                Failure::Usage(_) => ExitCode::from(2),
                Failure::Step(_) => ExitCode::FAILURE,
                Failure::Interrupted => ExitCode::from(130), // 128 + SIGINT, as shells have it
            }
        }
    }
}
