//! The command line and the two environment variables, checked as a whole: every bad setting is named at once,
//! for someone who is about to correct them all. Reads no environment itself.

mod backend;

use std::ffi::OsString;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use command_line::{CommandLine, Mistakes, Takes};

use crate::ask::{Ask, DeploymentId};
use crate::backend::BackendSettings;
use crate::origin::Origin;
use crate::session_cookie::{COOKIE_MAX_AGE, CookieKey, SessionCookie};

/// What `--help` prints.
pub const USAGE: &str = "\
token-proxy: the site's own endpoint that grants and renews a chat visitor's guest token

    token-proxy --origin https://shop.example [OPTIONS]

    --origin ORIGIN          origin of a page that embeds the widget; at least one, may be repeated
    --deployment ID          serve this deployment only; may be repeated (default: any)
    --host ADDRESS           IP address to listen on (default: 127.0.0.1)
    --port PORT              port to listen on, 0 for any free one (default: 9001)
    --life SECONDS           life of a grant, 5 to 31536000 (default: 3600)
    --connections-per-minute N
                             how many visitors may connect in a minute, to each deployment, 0 to 60000; 0 for
                             no limit. The rest is given a place in line (default: 900, of the 1000 that
                             Genesys Cloud allows; divide it by the number of instances)
    --session-life SECONDS   how long a visitor who stays away is remembered: the session duration of
                             the deployment, 900 to 34560000 (default: 259200, three days)
    --key-file FILE          file with the cookie key, base64 of at least 32 random bytes
    --insecure-cookie        cookie without Secure, for development over plain http only
    --fault-control          /control/... lets tests make the endpoint fail; loopback only
    --help                   this text

    --dialect NAME           serve this wire as well; may be repeated (web-messaging is always served): external-contacts,
                             guest-sessions, guest-webchat, webmessaging-guests, conversation-socket. Its tokens are minted:
    --api ORIGIN             the API's origin, such as https://api.mypurecloud.ie
    --oauth-url URL          where service tokens are asked for, if not at /oauth/token of the API. Genesys' own documentation
                             has it on another host: https://login.mypurecloud.ie/oauth/token
    --mint-url NAME=URL      where that dialect's credential is minted, if not where the README has it; may be repeated
    --client-id ID           OAuth client (grant type client credentials) that may mint guests
    --client-secret-file FILE
                             file with its secret
    --guest-name TEXT        name of guest-webchat's guests (default: Guest User)
    --guest-email ADDRESS    and their address (default: guest@example.com)

    TOKEN_PROXY_KEY          the cookie key, where there is no --key-file
    TOKEN_PROXY_CLIENT_SECRET
                             the client's secret, where there is no --client-secret-file
";

/// Everything that an operator may choose.
#[derive(Debug, Clone)]
pub struct Settings {
    pub(crate) address: SocketAddr,
    /// At least one.
    pub(crate) origins: Vec<Origin>,
    /// Empty: any deployment is served.
    pub(crate) deployments: Vec<DeploymentId>,
    /// Life of a grant, in whole seconds.
    pub(crate) life: Duration,
    pub(crate) session_life: Duration,
    /// 0: without limit.
    pub(crate) connections_per_minute: u32,
    pub(crate) insecure_cookie: bool,
    pub(crate) key: CookieKey,
    pub(crate) key_is_temporary: bool,
    /// `None` where web-messaging alone is served.
    pub(crate) backend: Option<BackendSettings>,
    pub(crate) fault_control: bool,
}

/// What the environment may say: the secrets that are no arguments, for everybody on the machine sees those.
#[derive(Default)]
pub struct Environment {
    /// `TOKEN_PROXY_KEY`: the cookie key.
    pub key: Option<String>,
    /// `TOKEN_PROXY_CLIENT_SECRET`: the secret of `--client-id`.
    pub client_secret: Option<String>,
}

impl Environment {
    /// That of this process.
    pub fn of_this_process() -> Environment {
        // Set but empty is how compose files say "not set".
        let read = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
        Environment { key: read("TOKEN_PROXY_KEY"), client_secret: read("TOKEN_PROXY_CLIENT_SECRET") }
    }
}

/// What the command line asks for.
#[derive(Debug)]
pub enum Command {
    /// Print [`USAGE`].
    Help,
    /// Serve with these settings.
    Serve(Box<Settings>),
}

impl Settings {
    /// Where to listen.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What works but is probably not meant, a line each.
    pub fn warnings(&self) -> Vec<String> {
        let mut warnings = Vec::new();
        if self.key_is_temporary {
            warnings.push(
                "no TOKEN_PROXY_KEY or --key-file: with a key of the moment, visitors lose their \
                 sessions at a restart"
                    .to_owned(),
            );
        }
        for origin in self.origins.iter().filter(|origin| !origin.is_https()) {
            if !self.insecure_cookie {
                warnings.push(format!(
                    "{origin} is plain http, where browsers may drop the Secure cookie and sessions \
                     with it: --insecure-cookie is for development"
                ));
            }
        }
        warnings
    }

    pub(crate) fn session_cookie<'a>(&'a self, ask: &'a Ask) -> SessionCookie<'a> {
        SessionCookie {
            key: &self.key,
            deployment: ask.deployment.as_ref(),
            dialect: ask.dialect,
            secure: !self.insecure_cookie,
            session_life: self.session_life,
            life: self.life,
        }
    }
}

const OPTIONS: [(&str, Takes); 18] = [
    ("--origin", Takes::Values),
    ("--deployment", Takes::Values),
    ("--host", Takes::Value),
    ("--port", Takes::Value),
    ("--life", Takes::Value),
    ("--connections-per-minute", Takes::Value),
    ("--session-life", Takes::Value),
    ("--key-file", Takes::Value),
    ("--dialect", Takes::Values),
    ("--api", Takes::Value),
    ("--oauth-url", Takes::Value),
    ("--mint-url", Takes::Values),
    ("--client-id", Takes::Value),
    ("--client-secret-file", Takes::Value),
    ("--guest-name", Takes::Value),
    ("--guest-email", Takes::Value),
    ("--insecure-cookie", Takes::Nothing),
    ("--fault-control", Takes::Nothing),
];

impl Command {
    /// Reads the arguments (without the program's name), the secrets of the environment, and the files that are named.
    pub fn read(
        args: impl IntoIterator<Item = impl Into<OsString>>,
        environment: Environment,
    ) -> Result<Command, Mistakes> {
        let mut line = CommandLine::read(&OPTIONS, args);
        if line.wants_help() {
            return Ok(Command::Help);
        }
        if !line.has("--origin") {
            line.mistake("--origin is missing: name the origin of the page, such as https://shop.example");
        }
        let origins = line.all("--origin", Origin::FORM, Origin::parse);
        let deployments = line.all("--deployment", DeploymentId::FORM, DeploymentId::parse);
        let host = line.one("--host", "must be an IP address such as 127.0.0.1 or 0.0.0.0", |text| text.parse().ok());
        let host = host.unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST));
        let port = line.one("--port", "must be a number from 0 to 65535", |text| text.parse().ok());
        // A longer grant would outlive the cookie that remembers its session.
        let life = seconds(&mut line, "--life", 5, 365 * 24 * 60 * 60);
        // 15 minutes is the shortest that Genesys offers; 400 days the longest that a browser keeps.
        let session_life = seconds(&mut line, "--session-life", 15 * 60, COOKIE_MAX_AGE.as_secs());
        let connections = line.one("--connections-per-minute", "must be a whole number from 0 to 60000", |text| {
            text.parse().ok().filter(|number| *number <= 60_000)
        });
        let insecure_cookie = line.has("--insecure-cookie");
        if insecure_cookie && origins.iter().any(Origin::is_https) {
            line.mistake("--insecure-cookie is for plain http: not with an https --origin");
        }
        let fault_control = line.has("--fault-control");
        if fault_control && !host.is_loopback() {
            line.mistake("--fault-control is for tests: only with a loopback --host");
        }
        let key = key(&mut line, environment.key);
        let backend = backend::read(&mut line, environment.client_secret);
        line.judge(Command::Serve(Box::new(Settings {
            address: SocketAddr::new(host, port.unwrap_or(9001)),
            origins,
            deployments,
            life: life.unwrap_or(Duration::from_hours(1)),
            // Genesys' default: a session ends 72 hours after its last message.
            session_life: session_life.unwrap_or(Duration::from_hours(72)),
            // Of Genesys' 1,000 for a deployment, less what clocks and networks may shift from one minute into another.
            connections_per_minute: connections.unwrap_or(900),
            insecure_cookie,
            key_is_temporary: key.is_none(),
            key: key.unwrap_or_else(CookieKey::random),
            backend,
            fault_control,
        })))
    }
}

/// `None` where none was given, or where what was given is bad and now named so.
fn key(line: &mut CommandLine, in_environment: Option<String>) -> Option<CookieKey> {
    let (from, text) = one_of_two(line, "--key-file", "TOKEN_PROXY_KEY", in_environment)?;
    CookieKey::from_base64(&text).map_err(|bad| line.mistake(format!("{from} {bad}"))).ok()
}

/// A secret out of a file or the environment, and the name of its place; `None` where it is in neither, in both, or cannot be read.
fn one_of_two(
    line: &mut CommandLine,
    file_option: &'static str,
    variable: &'static str,
    in_environment: Option<String>,
) -> Option<(&'static str, String)> {
    match (line.text(file_option), in_environment) {
        (None, None) => None,
        (Some(_), Some(_)) => {
            line.mistake(format!("{file_option} and {variable} are both given: keep one"));
            None
        }
        (None, Some(text)) => Some((variable, text)),
        (Some(file), None) => match std::fs::read_to_string(&file) {
            Ok(text) => Some((file_option, text)),
            Err(error) => {
                line.mistake(format!("{file_option} cannot be read: {file}: {error}"));
                None
            }
        },
    }
}

fn seconds(line: &mut CommandLine, name: &str, least: u64, most: u64) -> Option<Duration> {
    line.one(name, &format!("must be whole seconds from {least} to {most}"), |text| {
        text.parse().ok().filter(|seconds| (least..=most).contains(seconds)).map(Duration::from_secs)
    })
}
