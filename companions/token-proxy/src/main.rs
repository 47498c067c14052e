//! The process: settings in, socket open, serve, stop when told to. Decides nothing about a request.

use std::io::ErrorKind;
use std::process::ExitCode;

use command_line::{CALLED_WRONGLY, answer, complain, refuse};
use token_proxy::{Command, Environment, Settings, USAGE};
use tokio::net::TcpListener;

const PROGRAM: &str = "token-proxy";

#[tokio::main]
async fn main() -> ExitCode {
    match Command::read(std::env::args_os().skip(1), Environment::of_this_process()) {
        Ok(Command::Help) => answer(PROGRAM, USAGE),
        Ok(Command::Serve(settings)) => run(*settings).await,
        Err(mistakes) => refuse(PROGRAM, &mistakes),
    }
}

/// A port that cannot be had is a setting that cannot work: starting again will not help.
async fn run(settings: Settings) -> ExitCode {
    let address = settings.address();
    let listener = match TcpListener::bind(address).await {
        Ok(listener) => listener,
        Err(error) if error.kind() == ErrorKind::AddrInUse => {
            complain(PROGRAM, &format!("{address} is taken by another program; choose another --port"));
            return ExitCode::from(CALLED_WRONGLY);
        }
        Err(error) => {
            complain(PROGRAM, &format!("cannot listen on {address}: {error}"));
            return ExitCode::from(CALLED_WRONGLY);
        }
    };

    tracing_subscriber::fmt().with_writer(std::io::stderr).with_ansi(false).with_target(false).init();
    for warning in settings.warnings() {
        tracing::warn!("{warning}");
    }
    // From here on a signal means to stop in order: whoever reads the next line may send one at once.
    let stop = stop();
    // The address that was really taken: `--port 0` asks for any.
    let address = listener.local_addr().unwrap_or(address);
    tracing::info!("listening on http://{address}");

    match token_proxy::serve(listener, token_proxy::router(settings), stop).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!("stopped: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Listens from the call on, and completes at the first signal to stop: Ctrl-C, or SIGTERM as service managers send it.
fn stop() -> impl Future<Output = ()> {
    #[cfg(unix)]
    let (mut interrupt, mut terminate) = {
        use tokio::signal::unix::{SignalKind, signal};
        let listen = |kind| signal(kind).expect("these may always be listened to");
        (listen(SignalKind::interrupt()), listen(SignalKind::terminate()))
    };
    async move {
        #[cfg(unix)]
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        #[cfg(not(unix))]
        let _ = tokio::signal::ctrl_c().await;
        tracing::info!("stopping");
    }
}
