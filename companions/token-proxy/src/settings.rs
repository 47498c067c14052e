//! The command line and the one environment variable, checked as a whole: every bad setting is named at once,
//! by someone who is about to correct them all.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use crate::ask::DeploymentId;
use crate::origin::Origin;
use crate::session_cookie::{CookieKey, SessionCookie};

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

    TOKEN_PROXY_KEY          the cookie key, where there is no --key-file
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
    pub(crate) fault_control: bool,
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

    pub(crate) fn session_cookie<'a>(&'a self, deployment: Option<&'a DeploymentId>) -> SessionCookie<'a> {
        SessionCookie {
            key: &self.key,
            deployment,
            secure: !self.insecure_cookie,
            // The session's life counts from the visitor's last message, which may be written as late as a
            // grant's life after the cookie was issued.
            max_age: (self.session_life + self.life).min(COOKIE_MAX_AGE),
        }
    }
}

/// Browsers forget a cookie after 400 days, whatever it says (RFC 6265bis, 5.5).
const COOKIE_MAX_AGE: Duration = Duration::from_hours(400 * 24);

impl Command {
    /// Reads the arguments (without the program's name), the key in the environment and the key file.
    pub fn read(
        args: impl IntoIterator<Item = String>,
        key_in_environment: Option<String>,
    ) -> Result<Command, BadSettings> {
        let mut draft = Draft::new(key_in_environment);
        let mut args = args.into_iter().peekable();
        while let Some(arg) = args.next() {
            let (flag, glued) = match arg.split_once('=') {
                Some((flag, value)) => (flag, Some(value.to_owned())),
                None => (arg.as_str(), None),
            };
            match flag {
                "--help" | "-h" => return Ok(Command::Help),
                "--insecure-cookie" if glued.is_none() => draft.insecure_cookie = true,
                "--fault-control" if glued.is_none() => draft.fault_control = true,
                "--origin"
                | "--deployment"
                | "--host"
                | "--port"
                | "--life"
                | "--session-life"
                | "--connections-per-minute"
                | "--key-file" => match glued.or_else(|| args.next_if(|next| !next.starts_with("--"))) {
                    Some(value) => draft.set(flag, &value),
                    None => draft.bad(format!("{flag} needs a value")),
                },
                // The text itself is not repeated: it may be a key that lost its flag.
                _ => draft.bad("an argument that is not known; --help lists those that are"),
            }
        }
        draft.check()
    }
}

/// Settings under way, with what is wrong so far.
struct Draft {
    host: IpAddr,
    port: u16,
    origins: Vec<Origin>,
    an_origin_was_given: bool,
    deployments: Vec<DeploymentId>,
    life: u64,
    session_life: u64,
    connections_per_minute: u32,
    insecure_cookie: bool,
    fault_control: bool,
    key_file: Option<String>,
    key_in_environment: Option<String>,
    bad: Vec<String>,
}

impl Draft {
    fn new(key_in_environment: Option<String>) -> Draft {
        Draft {
            host: IpAddr::V4(Ipv4Addr::LOCALHOST),
            port: 9001,
            origins: Vec::new(),
            an_origin_was_given: false,
            deployments: Vec::new(),
            life: 60 * 60,
            // Genesys' default: a session ends 72 hours after its last message.
            session_life: 72 * 60 * 60,
            // Of Genesys' 1,000 for a deployment, less what clocks and networks may shift from one minute into another.
            connections_per_minute: 900,
            insecure_cookie: false,
            fault_control: false,
            key_file: None,
            key_in_environment,
            bad: Vec::new(),
        }
    }

    fn bad(&mut self, what: impl Into<String>) {
        self.bad.push(what.into());
    }

    fn set(&mut self, flag: &str, value: &str) {
        match flag {
            "--origin" => {
                self.an_origin_was_given = true;
                match Origin::parse(value) {
                    Some(origin) => self.origins.push(origin),
                    None => self.bad(format!("--origin {}", Origin::FORM)),
                }
            }
            "--deployment" => match DeploymentId::parse(value) {
                Some(id) => self.deployments.push(id),
                None => self.bad(format!("--deployment {}", DeploymentId::FORM)),
            },
            "--host" => match value.parse() {
                Ok(host) => self.host = host,
                Err(_) => self.bad("--host must be an IP address such as 127.0.0.1 or 0.0.0.0"),
            },
            "--port" => match value.parse() {
                Ok(port) => self.port = port,
                Err(_) => self.bad("--port must be a number from 0 to 65535"),
            },
            // A longer grant would outlive the cookie that remembers its session.
            "--life" => match seconds(value, 5, 365 * 24 * 60 * 60) {
                Ok(life) => self.life = life,
                Err(range) => self.bad(format!("--life {range}")),
            },
            // 15 minutes is the shortest that Genesys offers; 400 days the longest that a browser keeps.
            "--session-life" => match seconds(value, 15 * 60, COOKIE_MAX_AGE.as_secs()) {
                Ok(life) => self.session_life = life,
                Err(range) => self.bad(format!("--session-life {range}")),
            },
            "--connections-per-minute" => match value.parse().ok().filter(|number| *number <= 60_000) {
                Some(number) => self.connections_per_minute = number,
                None => self.bad("--connections-per-minute must be a whole number from 0 to 60000"),
            },
            "--key-file" => self.key_file = Some(value.to_owned()),
            _ => unreachable!("the caller passes the flags above and no other"),
        }
    }

    fn check(mut self) -> Result<Command, BadSettings> {
        if !self.an_origin_was_given {
            self.bad("--origin is missing: name the origin of the page, such as https://shop.example");
        }
        if self.insecure_cookie && self.origins.iter().any(Origin::is_https) {
            self.bad("--insecure-cookie is for plain http: not with an https --origin");
        }
        if self.fault_control && !self.host.is_loopback() {
            self.bad("--fault-control is for tests: only with a loopback --host");
        }
        let key = self.key();
        if !self.bad.is_empty() {
            return Err(BadSettings(self.bad));
        }
        Ok(Command::Serve(Box::new(Settings {
            address: SocketAddr::new(self.host, self.port),
            origins: self.origins,
            deployments: self.deployments,
            life: Duration::from_secs(self.life),
            session_life: Duration::from_secs(self.session_life),
            connections_per_minute: self.connections_per_minute,
            insecure_cookie: self.insecure_cookie,
            key_is_temporary: key.is_none(),
            key: key.unwrap_or_else(CookieKey::random),
            fault_control: self.fault_control,
        })))
    }

    /// `None` where none was given, or where what was given is bad and now named so.
    fn key(&mut self) -> Option<CookieKey> {
        let (from, text) = match (self.key_file.take(), self.key_in_environment.take()) {
            (None, None) => return None,
            (Some(_), Some(_)) => {
                self.bad("--key-file and TOKEN_PROXY_KEY are both given: keep one");
                return None;
            }
            (None, Some(text)) => ("TOKEN_PROXY_KEY", text),
            (Some(file), None) => match std::fs::read_to_string(&file) {
                Ok(text) => ("--key-file", text),
                Err(error) => {
                    self.bad(format!("--key-file cannot be read: {file}: {error}"));
                    return None;
                }
            },
        };
        CookieKey::from_base64(&text).map_err(|bad| self.bad(format!("{from} {bad}"))).ok()
    }
}

fn seconds(value: &str, least: u64, most: u64) -> Result<u64, String> {
    let parsed = value.parse().ok().filter(|seconds| (least..=most).contains(seconds));
    parsed.ok_or_else(|| format!("must be whole seconds from {least} to {most}"))
}

/// All that is wrong with the settings, a line each.
#[derive(Debug)]
pub struct BadSettings(Vec<String>);

impl fmt::Display for BadSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("\n"))
    }
}

impl std::error::Error for BadSettings {}
