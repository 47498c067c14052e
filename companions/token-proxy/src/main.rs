//! The process: settings in, socket open, serve, stop when told to. Decides nothing about a request.

use std::io::ErrorKind;
use std::process::ExitCode;

use token_proxy::{Command, Settings, USAGE};
use tokio::net::TcpListener;

/// Exit code for settings that cannot work, a taken port included: starting again will not help.
const UNUSABLE: u8 = 2;

#[tokio::main]
async fn main() -> ExitCode {
    let args = std::env::args_os().skip(1).map(|arg| arg.to_string_lossy().into_owned());
    // Set but empty is how compose files say "not set".
    let key = std::env::var("TOKEN_PROXY_KEY").ok().filter(|key| !key.is_empty());
    match Command::read(args, key) {
        Ok(Command::Help) => help(),
        Ok(Command::Serve(settings)) => run(*settings).await,
        Err(bad) => {
            for line in bad.to_string().lines() {
                eprintln!("token-proxy: {line}");
            }
            ExitCode::from(UNUSABLE)
        }
    }
}

#[expect(clippy::print_stdout, reason = "help that was asked for goes where it can be piped")]
fn help() -> ExitCode {
    print!("{USAGE}");
    ExitCode::SUCCESS
}

async fn run(settings: Settings) -> ExitCode {
    let address = settings.address();
    let listener = match TcpListener::bind(address).await {
        Ok(listener) => listener,
        Err(error) if error.kind() == ErrorKind::AddrInUse => {
            eprintln!("token-proxy: {address} is taken by another program; choose another --port");
            return ExitCode::from(UNUSABLE);
        }
        Err(error) => {
            eprintln!("token-proxy: cannot listen on {address}: {error}");
            return ExitCode::from(UNUSABLE);
        }
    };

    tracing_subscriber::fmt().with_writer(std::io::stderr).with_ansi(false).with_target(false).init();
    for warning in settings.warnings() {
        tracing::warn!("{warning}");
    }
    // The address that was really taken: `--port 0` asks for any.
    let address = listener.local_addr().unwrap_or(address);
    tracing::info!("listening on http://{address}");

    match token_proxy::serve(listener, token_proxy::router(settings), stop()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!("stopped: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Completes at the first signal to stop: Ctrl-C, or SIGTERM as service managers send it.
async fn stop() {
    let ctrl_c = tokio::signal::ctrl_c();
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let mut terminate = signal(SignalKind::terminate()).expect("SIGTERM may always be listened to");
        tokio::select! {
            _ = ctrl_c => {}
            _ = terminate.recv() => {}
        }
    }
    #[cfg(not(unix))]
    let _ = ctrl_c.await;
    tracing::info!("stopping");
}
