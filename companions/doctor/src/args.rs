//! The command line as data.

use std::ffi::OsString;

use command_line::{CommandLine, Mistakes, Takes};
use diagnosis::plan::Settings;
use url::Url;

/// What `--help` prints.
pub const HELP: &str = "\
Finds out why a chat is dead, without a browser.

Usage: guest-chat doctor --deployment ID --origin ORIGIN (--region DOMAIN | --endpoint ORIGIN) [OPTIONS]
       guest-chat causes

  --deployment ID    the tag's data-deployment-id
  --region DOMAIN    the tag's data-region, like mypurecloud.ie
  --endpoint ORIGIN  the tag's data-endpoint, in place of the region's hosts
  --origin ORIGIN    the page's, like https://shop.example
  --token-url URL    the tag's data-token-url, from that origin on: /api/genesys/refresh (default: none)
  --dialect NAME     the tag's data-dialect (default: web-messaging)
  --socket-url URL   the tag's data-socket-url
  --post-url URL     the tag's data-post-url
  --say TEXT         on another wire than web-messaging, also write this as a message, into a conversation of its own: some
                     rights are looked at only then. An agent may see it
  --json             the report for machines
  --help             this text

doctor ends with 0 if nothing is wrong, 1 if a cause was found, 2 if it was called wrongly or nobody can read what it says. Without
--say it sends no message; it shows no token. causes prints every cause that there is, as a table.
";

/// What is asked for.
#[derive(Debug, PartialEq, Eq)]
#[expect(clippy::large_enum_variant, reason = "there is one of it")]
pub enum Asked {
    /// The help.
    Help,
    /// The table of causes.
    Causes,
    /// A look.
    Doctor {
        /// At what.
        settings: Settings,
        /// To be written as a message.
        text: Option<String>,
        /// For a machine.
        as_json: bool,
    },
}

/// What may follow `doctor`.
const OPTIONS: [(&str, Takes); 10] = [
    ("--deployment", Takes::Value),
    ("--region", Takes::Value),
    ("--endpoint", Takes::Value),
    ("--origin", Takes::Value),
    ("--token-url", Takes::Value),
    ("--dialect", Takes::Value),
    ("--socket-url", Takes::Value),
    ("--post-url", Takes::Value),
    ("--say", Takes::Value),
    ("--json", Takes::Nothing),
];

/// Reads the arguments, program name excluded.
pub fn read(arguments: impl IntoIterator<Item = impl Into<OsString>>) -> Result<Asked, Mistakes> {
    let mut arguments = arguments.into_iter().map(Into::into);
    let command = arguments.next().unwrap_or_else(|| "help".into());
    let command = command.to_string_lossy();
    let options = if command == "doctor" { &OPTIONS[..] } else { &[] };
    let mut line = CommandLine::read(options, arguments);
    if line.wants_help() {
        return Ok(Asked::Help);
    }
    match &*command {
        "--help" | "-h" | "help" => line.judge(Asked::Help),
        "causes" => line.judge(Asked::Causes),
        "doctor" => doctor(line),
        _ => {
            line.mistake(format!("there is no command {command} (see --help)"));
            line.judge(Asked::Help)
        }
    }
}

fn doctor(mut line: CommandLine) -> Result<Asked, Mistakes> {
    for required in ["--deployment", "--origin"] {
        if !line.has(required) {
            line.mistake(format!("{required} is missing"));
        }
    }
    match (line.has("--region"), line.has("--endpoint")) {
        (false, false) => line.mistake("--region is missing, or --endpoint"),
        (true, true) => line.mistake("--region and --endpoint are both given: keep one"),
        (true, false) | (false, true) => {}
    }
    let origin = line.one("--origin", "must be an origin like https://shop.example, without a path", origin);
    let token_url = line.text("--token-url");
    let dialect = line.text("--dialect");
    let text = line.text("--say").filter(|text| !text.is_empty());
    if text.is_some() && dialect.as_deref().is_none_or(|name| name == "web-messaging") {
        line.mistake("--say is for another --dialect than web-messaging: there it tells nothing more");
    }
    let settings = Settings {
        deployment_id: line.text("--deployment"),
        region: line.text("--region"),
        endpoint: line.text("--endpoint"),
        token_url: token_url.map(|url| origin.as_ref().and_then(|origin| resolved(origin, &url)).unwrap_or(url)),
        dialect,
        socket_url: line.text("--socket-url"),
        post_url: line.text("--post-url"),
        page_origin: origin.map(|origin| origin.origin().ascii_serialization()).unwrap_or_default(),
        ..Settings::default()
    };
    let as_json = line.has("--json");
    line.judge(Asked::Doctor { settings, text, as_json })
}

/// An address that is an origin and nothing else; a slash at its end is nothing.
fn origin(text: &str) -> Option<Url> {
    let url = Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https"))?;
    let bare = url.origin().ascii_serialization() + "/";
    (url.as_str() == bare).then_some(url)
}

/// As a page at the origin's root resolves it.
fn resolved(origin: &Url, url: &str) -> Option<String> {
    let mut url = origin.join(url).ok()?;
    url.set_fragment(None);
    Some(url.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Result<Asked, String> {
        read(line.split_whitespace()).map_err(|mistakes| mistakes.to_string())
    }

    fn settings(line: &str) -> Settings {
        match parsed(&format!("doctor --deployment d {line}")) {
            Ok(Asked::Doctor { settings, .. }) => settings,
            other => panic!("{line}: {other:?}"),
        }
    }

    #[test]
    fn a_token_url_counts_from_the_page_as_in_a_browser() {
        for (given, resolved) in [
            ("/api/refresh", "https://shop.example/api/refresh"),
            ("api/refresh?a=b", "https://shop.example/api/refresh?a=b"),
            ("./refresh", "https://shop.example/refresh"),
            ("../a/../refresh#top", "https://shop.example/refresh"),
            ("//shop.example/refresh", "https://shop.example/refresh"),
            ("HTTPS://Shop.example:443/refresh", "https://shop.example/refresh"),
            ("https://elsewhere.example/refresh", "https://elsewhere.example/refresh"),
            ("//elsewhere.example/refresh", "https://elsewhere.example/refresh"),
            // What a browser cannot resolve is judged as it stands.
            ("https://", "https://"),
        ] {
            let settings = settings(&format!("--region r.example --origin=https://shop.example/ --token-url {given}"));
            assert_eq!(settings.token_url.as_deref(), Some(resolved), "{given}");
        }
    }

    #[test]
    fn an_origin_is_read_as_the_address_bar_has_it() {
        for (given, origin) in [
            ("https://shop.example/", "https://shop.example"),
            ("HTTPS://Shop.Example:443", "https://shop.example"),
            ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
            ("http://[::1]:8080", "http://[::1]:8080"),
        ] {
            assert_eq!(settings(&format!("--region r.example --origin {given}")).page_origin, origin);
        }
        for given in [
            "shop.example",
            "https://shop.example/chat",
            "https://shop.example?a",
            "https://a@shop.example",
            "ftp://a.example",
        ] {
            let said = parsed(&format!("doctor --deployment d --region r --origin {given}")).unwrap_err();
            assert_eq!(said, "--origin must be an origin like https://shop.example, without a path", "{given}");
        }
    }

    #[test]
    fn every_bad_argument_is_named() {
        for (line, named) in [
            ("doctor", "--deployment is missing\n--origin is missing\n--region is missing, or --endpoint"),
            (
                "doctor --deployment d --region r --endpoint --origin https://a.example",
                "--endpoint needs a value\n--region and --endpoint are both given: keep one",
            ),
            ("doctor --deployment d --endpoint --origin https://a.example", "--endpoint needs a value"),
            (
                "doctor --deployment d --region r --region r --origin https://a.example --json --json",
                "--region is given more than once\n--json is given more than once",
            ),
            (
                "doctor --deployment d --region r --origin https://a.example --secret x",
                "--secret is not known (see --help)",
            ),
            (
                "doctor --deployment d --region r --origin https://a.example --say hello",
                "--say is for another --dialect than web-messaging: there it tells nothing more",
            ),
            ("causes --json", "--json is not known (see --help)"),
            ("heal", "there is no command heal (see --help)"),
        ] {
            assert_eq!(parsed(line).unwrap_err(), named, "{line}");
        }
    }

    #[test]
    fn help_is_given_wherever_it_is_asked_for() {
        for line in ["", "help", "-h", "doctor --help", "causes --help", "doctor --deployment --help"] {
            assert_eq!(parsed(line), Ok(Asked::Help), "{line}");
        }
    }
}
