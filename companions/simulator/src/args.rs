//! The command line as data.

use std::ffi::OsString;
use std::net::IpAddr;
use std::path::PathBuf;

use command_line::{CommandLine, Mistakes, Takes};
use simulator::{DEMO_DEPLOYMENT, Deployment, Options};

/// What `--help` prints.
pub(crate) const HELP: &str = "\
A stand-in for Genesys Cloud's guest messaging backend.

Usage: simulator [OPTIONS]

  --host IP             listen here (default 127.0.0.1)
  --port N              listen there (default 9000; 0 takes any free port)
  --deployment ID       a deployment that exists; may be repeated
                        (default 3f2b1c9e-7a4d-4e0f-9b6a-2d8c5e1f0a37)
  --allow-origin HOST   a host name whose pages may connect; may be repeated (default: all)
  --state FILE          keep sessions in this file over restarts
  --seed N              decide ids and draws (default: from the clock)
  --no-agent            nobody answers by itself
  --help                this text
";

/// What the command line asks for.
#[derive(Debug)]
pub(crate) enum Asked {
    Run(Box<Options>),
    Help,
}

const OPTIONS: [(&str, Takes); 7] = [
    ("--host", Takes::Value),
    ("--port", Takes::Value),
    ("--deployment", Takes::Values),
    ("--allow-origin", Takes::Values),
    ("--state", Takes::Value),
    ("--seed", Takes::Value),
    ("--no-agent", Takes::Nothing),
];

/// Reads the arguments, program name excluded. `seed` is for where none is given.
pub(crate) fn read(arguments: impl IntoIterator<Item = impl Into<OsString>>, seed: u64) -> Result<Asked, Mistakes> {
    let mut line = CommandLine::read(&OPTIONS, arguments);
    if line.wants_help() {
        return Ok(Asked::Help);
    }
    let mut options = Options { seed, state: line.text("--state").map(PathBuf::from), ..Options::default() };
    if let Some(host) =
        line.one("--host", "must be an IP address such as 127.0.0.1", |text| text.parse::<IpAddr>().ok())
    {
        options.address.set_ip(host);
    }
    if let Some(port) = line.one("--port", "must be a number from 0 to 65535", |text| text.parse().ok()) {
        options.address.set_port(port);
    }
    if let Some(seed) = line.one("--seed", "must be a whole number below 2^64", |text| text.parse().ok()) {
        options.seed = seed;
    }
    let mut deployments = line.all("--deployment", "", |text| Some(text.to_owned()));
    if deployments.is_empty() {
        deployments.push(DEMO_DEPLOYMENT.to_owned());
    }
    let settings = &mut options.settings;
    settings.agent = !line.has("--no-agent");
    settings.deployments = deployments.into_iter().map(|id| Deployment { id, ..Deployment::default() }).collect();
    settings.allow_all_domains = !line.has("--allow-origin");
    settings.allowed_domains = line.all("--allow-origin", "must be a host name such as shop.example", host_of);
    line.judge(Asked::Run(Box::new(options)))
}

/// People give origins where the list wants host names; both are understood.
fn host_of(origin: &str) -> Option<String> {
    let rest = origin.split_once("://").map_or(origin, |(_, rest)| rest);
    rest.split([':', '/']).next().filter(|host| !host.is_empty()).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(line: &str) -> Result<Options, String> {
        match read(line.split_whitespace(), 7) {
            Ok(Asked::Run(options)) => Ok(*options),
            Ok(Asked::Help) => Err("help".into()),
            Err(mistakes) => Err(mistakes.to_string()),
        }
    }

    #[test]
    fn without_arguments_it_is_the_demo_on_loopback() {
        let options = options("").unwrap();
        assert_eq!(options.address.to_string(), "127.0.0.1:9000");
        assert_eq!(options.settings.deployments[0].id, DEMO_DEPLOYMENT);
        assert_eq!((options.seed, options.settings.allow_all_domains), (7, true));
    }

    #[test]
    fn every_option_is_understood_in_both_forms() {
        let options = options("--port 0 --host=0.0.0.0 --deployment a --deployment=b --seed 3 --no-agent --state s.json --allow-origin https://shop.example:8443").unwrap();
        assert_eq!(options.address.to_string(), "0.0.0.0:0");
        assert_eq!(options.settings.deployments.len(), 2);
        assert_eq!(options.settings.allowed_domains, ["shop.example"]);
        assert_eq!((options.seed, options.settings.agent), (3, false));
        assert_eq!(options.state, Some(PathBuf::from("s.json")));
    }

    #[test]
    fn every_mistake_is_named() {
        for (line, named) in [
            ("--port", "--port needs a value"),
            ("--port x", "--port must be a number from 0 to 65535"),
            ("--prot 1", "--prot is not known (see --help)"),
            ("--state= --deployment=", "--state needs a value\n--deployment needs a value"),
            ("--allow-origin https://", "--allow-origin must be a host name such as shop.example"),
            (
                "--seed 1 --seed 2 --host localhost",
                "--seed is given more than once\n--host must be an IP address such as 127.0.0.1",
            ),
        ] {
            assert_eq!(options(line).unwrap_err(), named, "{line}");
        }
    }
}
