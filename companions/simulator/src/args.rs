//! The command line, read by hand: eight options need no parser of their own.

use std::net::IpAddr;
use std::path::PathBuf;

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

/// Reads the arguments, program name excluded. `seed` is for where none is given. The error is one line.
pub(crate) fn read(arguments: impl IntoIterator<Item = String>, seed: u64) -> Result<Asked, String> {
    let mut options = Options { seed, ..Options::default() };
    let mut deployments = Vec::new();
    let mut arguments = arguments.into_iter();
    while let Some(argument) = arguments.next() {
        let (name, given) = match argument.split_once('=') {
            Some((name, value)) => (name.to_owned(), Some(value.to_owned())),
            None => (argument, None),
        };
        let mut value = || given.clone().or_else(|| arguments.next()).ok_or(format!("{name} needs a value"));
        match name.as_str() {
            "--help" | "-h" => return Ok(Asked::Help),
            "--no-agent" => options.settings.agent = false,
            "--host" => options.address.set_ip(number::<IpAddr>(&name, &value()?)?),
            "--port" => options.address.set_port(number(&name, &value()?)?),
            "--seed" => options.seed = number(&name, &value()?)?,
            "--state" => options.state = Some(PathBuf::from(value()?)),
            "--deployment" => deployments.push(value()?),
            "--allow-origin" => {
                options.settings.allow_all_domains = false;
                options.settings.allowed_domains.push(host_of(&value()?));
            }
            _ => return Err(format!("unknown option {name} (see --help)")),
        }
    }
    if deployments.is_empty() {
        deployments.push(DEMO_DEPLOYMENT.to_owned());
    }
    options.settings.deployments =
        deployments.into_iter().map(|id| Deployment { id, ..Deployment::default() }).collect();
    Ok(Asked::Run(Box::new(options)))
}

fn number<T: std::str::FromStr>(name: &str, value: &str) -> Result<T, String> {
    value.parse().map_err(|_| format!("{name} cannot be {value}"))
}

/// People give origins where the list wants host names; both are understood.
fn host_of(origin: &str) -> String {
    let rest = origin.split_once("://").map_or(origin, |(_, rest)| rest);
    rest.split([':', '/']).next().unwrap_or(rest).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(line: &str) -> Result<Options, String> {
        match read(line.split_whitespace().map(str::to_owned), 7)? {
            Asked::Run(options) => Ok(*options),
            Asked::Help => Err("help".into()),
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
    fn mistakes_are_named_in_one_line() {
        assert_eq!(options("--port").unwrap_err(), "--port needs a value");
        assert_eq!(options("--port x").unwrap_err(), "--port cannot be x");
        assert_eq!(options("--prot 1").unwrap_err(), "unknown option --prot (see --help)");
    }
}
