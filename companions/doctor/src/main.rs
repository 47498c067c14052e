//! `guest-chat doctor`: reads the command line, looks, prints the report, and says by its exit code how it went.

use std::io::{self, Write};
use std::process::ExitCode;

use diagnosis::{Report, rules};
use doctor::args::{self, Asked};
use doctor::{Patience, examine};

const CAUSE_FOUND: u8 = 1;
const CALLED_WRONGLY: u8 = 2;

fn main() -> ExitCode {
    match args::read(std::env::args().skip(1)) {
        Err(mistake) => {
            eprintln!("guest-chat: {mistake}");
            ExitCode::from(CALLED_WRONGLY)
        }
        Ok(Asked::Help) => {
            say(args::HELP);
            ExitCode::SUCCESS
        }
        Ok(Asked::Causes) => {
            say(&rules::table());
            ExitCode::SUCCESS
        }
        Ok(Asked::Doctor { settings, as_json }) => {
            let seen = examine(&settings, Patience::default());
            let report = Report::new(&seen);
            say(&if as_json { report.to_json() + "\n" } else { report.to_text() });
            if report.cause.is_some() { ExitCode::from(CAUSE_FOUND) } else { ExitCode::SUCCESS }
        }
    }
}

/// To standard output, where a closed pipe is nobody's problem.
fn say(text: &str) {
    let _ = write!(io::stdout(), "{text}");
}
