//! The command line as data.

use diagnosis::plan::Settings;

/// What `--help` prints.
pub const HELP: &str = "\
Finds out why a chat is dead, without a browser.

Usage: guest-chat doctor --deployment ID --origin ORIGIN (--region DOMAIN | --endpoint ORIGIN) [OPTIONS]
       guest-chat causes

  --deployment ID    the tag's data-deployment-id
  --region DOMAIN    the tag's data-region, like mypurecloud.ie
  --endpoint ORIGIN  the tag's data-endpoint, in place of the region's hosts
  --origin ORIGIN    the page's, like https://shop.example
  --token-url URL    the tag's data-token-url: a path on that origin (default: none)
  --json             the report for machines
  --help             this text

doctor ends with 0 if nothing is wrong, 1 if a cause was found, 2 if it was called wrongly. It sends no message and shows no
token. causes prints every cause that there is, as a table.
";

/// What is asked for.
#[derive(Debug, PartialEq, Eq)]
pub enum Asked {
    /// The help.
    Help,
    /// The table of causes.
    Causes,
    /// A look.
    Doctor {
        /// At what.
        settings: Settings,
        /// For a machine.
        as_json: bool,
    },
}

/// Reads the arguments, program name excluded. The error is one line.
pub fn read(arguments: impl IntoIterator<Item = String>) -> Result<Asked, String> {
    let mut arguments = arguments.into_iter();
    match arguments.next().as_deref() {
        None | Some("--help" | "-h" | "help") => return Ok(Asked::Help),
        Some("causes") => return Ok(Asked::Causes),
        Some("doctor") => {}
        Some(other) => return Err(format!("there is no command {other} (see --help)")),
    }
    let mut settings = Settings::default();
    let mut as_json = false;
    while let Some(argument) = arguments.next() {
        let (name, given) = match argument.split_once('=') {
            Some((name, value)) => (name.to_owned(), Some(value.to_owned())),
            None => (argument, None),
        };
        let mut value = || given.clone().or_else(|| arguments.next()).ok_or(format!("{name} needs a value"));
        match name.as_str() {
            "--help" | "-h" => return Ok(Asked::Help),
            "--json" => as_json = true,
            "--deployment" => settings.deployment_id = Some(value()?),
            "--region" => settings.region = Some(value()?),
            "--endpoint" => settings.endpoint = Some(value()?),
            "--origin" => value()?.trim_end_matches('/').clone_into(&mut settings.page_origin),
            "--token-url" => settings.token_url = Some(value()?),
            _ => return Err(format!("unknown option {name} (see --help)")),
        }
    }
    if settings.deployment_id.is_none() {
        return Err("--deployment is missing".into());
    }
    if settings.region.is_none() && settings.endpoint.is_none() {
        return Err("--region is missing, or --endpoint".into());
    }
    if diagnosis::plan::host_of(&settings.page_origin).is_empty() {
        return Err("--origin has to be the page's origin, like https://shop.example".into());
    }
    // As a browser does: a path counts from the page's origin.
    if let Some(path) = settings.token_url.take_if(|url| url.starts_with('/')) {
        settings.token_url = Some(settings.page_origin.clone() + &path);
    }
    Ok(Asked::Doctor { settings, as_json })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Result<Asked, String> {
        read(line.split_whitespace().map(str::to_owned))
    }

    #[test]
    fn a_token_path_counts_from_the_page() {
        let line = "doctor --deployment d --region r.example --origin=https://shop.example/ --token-url /t --json";
        let Ok(Asked::Doctor { settings, as_json: true }) = parsed(line) else { panic!("{:?}", parsed(line)) };
        assert_eq!(settings.page_origin, "https://shop.example");
        assert_eq!(settings.token_url.as_deref(), Some("https://shop.example/t"));
    }

    #[test]
    fn what_is_missing_or_unknown_is_named() {
        for (line, word) in [
            ("doctor --region r --origin https://a.example", "--deployment"),
            ("doctor --deployment d --origin https://a.example", "--region"),
            ("doctor --deployment d --region r", "--origin"),
            ("doctor --deployment", "needs a value"),
            ("doctor --secret x", "--secret"),
            ("heal", "heal"),
        ] {
            assert!(parsed(line).unwrap_err().contains(word), "{line}");
        }
    }
}
