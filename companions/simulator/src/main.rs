//! The simulator as a program: reads the command line, listens, says where, and stops on SIGINT or SIGTERM.

mod args;

use std::io::{self, Write};
use std::process::{ExitCode, id};
use std::time::{SystemTime, UNIX_EPOCH};

use args::Asked;
use command_line::{CALLED_WRONGLY, answer, complain, refuse};
use simulator::{Options, Server};
use tokio::signal::unix::{SignalKind, signal};

const PROGRAM: &str = "simulator";

fn main() -> ExitCode {
    let seconds = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let seed = (seconds << 20) ^ u64::from(id());
    let options = match args::read(std::env::args_os().skip(1), seed) {
        Ok(Asked::Run(options)) => *options,
        Ok(Asked::Help) => return answer(PROGRAM, args::HELP),
        Err(mistakes) => return refuse(PROGRAM, &mistakes),
    };
    let runtime = match tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return cannot_start(&error.to_string()),
    };
    let exit = runtime.block_on(serve(options));
    // A request that hangs by fault would hold the runtime for ever.
    runtime.shutdown_background();
    exit
}

async fn serve(options: Options) -> ExitCode {
    let server = match Server::bind(options).await {
        Ok(server) => server,
        Err(reason) => return cannot_start(&reason.to_string()),
    };
    let (Ok(mut interrupt), Ok(mut terminate)) = (signal(SignalKind::interrupt()), signal(SignalKind::terminate()))
    else {
        return cannot_start("cannot listen for signals");
    };
    say(&format!("simulator: listening on http://{}", server.address()));
    let stop = async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    };
    match server.run(stop).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(PROGRAM, &error.to_string());
            ExitCode::FAILURE
        }
    }
}

/// A taken port, an unreadable state: the user can mend it.
fn cannot_start(reason: &str) -> ExitCode {
    complain(PROGRAM, reason);
    ExitCode::from(CALLED_WRONGLY)
}

/// To standard output, where a closed pipe is nobody's problem.
fn say(line: &str) {
    let _ = writeln!(io::stdout(), "{line}");
}
