//! `guest-chat doctor`: reads the command line, looks, prints the report, and says by its exit code how it went.

use std::process::ExitCode;

use command_line::{CALLED_WRONGLY, answer, refuse};
use diagnosis::{Report, rules};
use doctor::args::{self, Asked};
use doctor::{Patience, examine};

const PROGRAM: &str = "guest-chat";
const CAUSE_FOUND: u8 = 1;

fn main() -> ExitCode {
    match args::read(std::env::args_os().skip(1)) {
        Err(mistakes) => refuse(PROGRAM, &mistakes),
        Ok(Asked::Help) => answer(PROGRAM, args::HELP),
        Ok(Asked::Causes) => answer(PROGRAM, &rules::table()),
        Ok(Asked::Doctor { settings, text, as_json }) => {
            let seen = examine(&settings, Patience::default(), text.as_deref());
            let report = Report::new(&seen);
            let said = answer(PROGRAM, &if as_json { report.to_json() + "\n" } else { report.to_text() });
            // 1 has a meaning of its own here.
            match (said, report.cause) {
                (said, _) if said != ExitCode::SUCCESS => ExitCode::from(CALLED_WRONGLY),
                (_, Some(_)) => ExitCode::from(CAUSE_FOUND),
                (said, None) => said,
            }
        }
    }
}
