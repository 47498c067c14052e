//! The command line as data: arguments in, one [`Request`] out, or words about what is wrong with them. Runs nothing.

use crate::demo;
use crate::failure::{Failure, Result};
use crate::figures;
use crate::fuzz;
use crate::mutants;
use crate::test::{self, Selection};

/// What `cargo xtask help` prints; one line a command.
pub(crate) const HELP: &str = "\
cargo xtask <command>

  demo  [--port N] [--release] [--no-serve] [--dialect NAME]
          build, start simulator, token proxy and the demo page on loopback, print its address; Ctrl-C stops all three
          --port N      page on N, simulator on N+1, token proxy on N+2 (else 8080, 9000, 9001)
          --release     serve the optimised widget
          --no-serve    simulator and token proxy only, for `trunk serve` by hand
          --dialect     the wire that is spoken (else web-messaging): external-contacts, guest-sessions, guest-webchat,
                        webmessaging-guests or conversation-socket
  test  [--only STEP]… [--skip STEP]…
          everything CI checks, in order; `--only help` lists the steps
  test  --browser firefox
          the wasm-bindgen tests in Firefox instead of Chromium, and nothing else
  build   the release bundle in dist/: loader, glue, wasm, style, demo.html
  size    raw, gzip and brotli bytes of each file of the bundle; fails over budget
  simulate [--schedules N] [--seed S] [--all] [--replay SEED [--keep STEPS]]
          the whole system on virtual time under every kind of fault, or one run of it in every word; --help has the rest
  fuzz [TARGET] [--seconds N]
          what reads foreign bytes, fed by libFuzzer for so long each (10 s)
  mutants [--shard K/N]
          change the core in small ways and count how many of them a test notices; a sample of them (0/16: half an hour)
  figures [--schedules N] [--seed S]
          measure what is promised about reliability and write docs/reliability.md (a million schedules: half an hour or more)
  setup   install every tool the other commands would install, and run nothing
  stage   (called by Trunk) turn Trunk's output into the bundle that the demo page embeds
  help    this text

Every command installs what it misses: Rust's wasm target, wasm-bindgen and trunk into .tools/, npm packages, Chromium.
CHROMIUM and CHROMEDRIVER, FIREFOX and GECKODRIVER name a browser and its driver to use instead of the installed ones.
";

/// One command with its options, checked.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Request {
    Help,
    Demo(demo::Options),
    Test(Selection),
    TestSteps,
    TestInFirefox,
    Build,
    Size,
    Simulate(Vec<String>),
    Fuzz { target: Option<&'static str>, seconds: u64 },
    Mutants { shard: String },
    Figures { schedules: u64, seed: u64 },
    Setup,
    Stage,
}

/// Reads the arguments after `cargo xtask`.
pub(crate) fn parse(arguments: &[String]) -> Result<Request> {
    let mut words = arguments.iter().map(String::as_str);
    let Some(command) = words.next() else { return Ok(Request::Help) };
    let rest: Vec<&str> = words.collect();
    // The program behind `simulate` knows its own options, and says them.
    if command != "simulate" && rest.iter().any(|word| matches!(*word, "--help" | "-h")) {
        return Ok(Request::Help);
    }

    match command {
        "help" | "--help" | "-h" => no_options(command, &rest, Request::Help),
        "build" => no_options(command, &rest, Request::Build),
        "size" => no_options(command, &rest, Request::Size),
        "simulate" => Ok(Request::Simulate(rest.iter().map(|word| (*word).to_owned()).collect())),
        "fuzz" => fuzz_options(&rest),
        "mutants" => mutants_options(&rest),
        "figures" => figures_options(&rest),
        "setup" => no_options(command, &rest, Request::Setup),
        "stage" => no_options(command, &rest, Request::Stage),
        "demo" => demo_options(&rest).map(Request::Demo),
        "test" if rest == ["--only", "help"] => Ok(Request::TestSteps),
        "test" if rest.contains(&"--browser") => test_in_browser(&rest),
        "test" => test_selection(&rest).map(Request::Test),
        unknown => Err(Failure::Usage(format!("there is no command `{unknown}`"))),
    }
}

fn no_options(command: &str, rest: &[&str], request: Request) -> Result<Request> {
    rest.first().map_or(Ok(request), |word| Err(unexpected(command, word)))
}

fn fuzz_options(rest: &[&str]) -> Result<Request> {
    let (mut target, mut seconds) = (None, fuzz::SECONDS);
    let mut words = rest.iter();
    while let Some(word) = words.next() {
        if *word == "--seconds" {
            let number = value("--seconds", words.next())?;
            let number = number.parse().ok().filter(|number| *number > 0);
            seconds = number.ok_or_else(|| Failure::Usage("`--seconds` needs a number above zero".to_owned()))?;
        } else if word.starts_with('-') || target.is_some() {
            return Err(unexpected("fuzz", word));
        } else {
            target = fuzz::TARGETS.into_iter().find(|it| it == word);
            target.ok_or_else(|| {
                Failure::Usage(format!("`{word}` is no target; the targets are {}", fuzz::TARGETS.join(", ")))
            })?;
        }
    }
    Ok(Request::Fuzz { target, seconds })
}

fn mutants_options(rest: &[&str]) -> Result<Request> {
    let shard = match rest {
        [] => mutants::SHARD,
        ["--shard", shard] => shard,
        [word, ..] => return Err(unexpected("mutants", word)),
    };
    let numbers = shard.split_once('/').and_then(|(k, n)| Some((k.parse::<u32>().ok()?, n.parse::<u32>().ok()?)));
    match numbers {
        Some((k, n)) if k < n => Ok(Request::Mutants { shard: shard.to_owned() }),
        _ => Err(Failure::Usage(format!("`--shard {shard}` is no K/N with K from 0 to N - 1"))),
    }
}

fn figures_options(rest: &[&str]) -> Result<Request> {
    let (mut schedules, mut seed) = (figures::SCHEDULES, 1);
    let mut words = rest.iter();
    while let Some(word) = words.next() {
        let wanted = match *word {
            "--schedules" => &mut schedules,
            "--seed" => &mut seed,
            _ => return Err(unexpected("figures", word)),
        };
        let number = value(word, words.next())?.parse();
        *wanted = number.map_err(|_| Failure::Usage(format!("`{word}` needs a number")))?;
    }
    Ok(Request::Figures { schedules, seed })
}

fn demo_options(rest: &[&str]) -> Result<demo::Options> {
    let mut options = demo::Options { port: None, release: false, serve: true, dialect: demo::DIALECTS[0] };
    let mut words = rest.iter();
    while let Some(word) = words.next() {
        match *word {
            "--port" => options.port = Some(port(value("--port", words.next())?)?),
            "--release" => options.release = true,
            "--no-serve" => options.serve = false,
            "--dialect" => options.dialect = dialect(value("--dialect", words.next())?)?,
            other => match other.strip_prefix("--port=") {
                Some(number) => options.port = Some(port(number)?),
                None => return Err(unexpected("demo", other)),
            },
        }
    }
    Ok(options)
}

fn test_selection(rest: &[&str]) -> Result<Selection> {
    let mut selection = Selection::default();
    let mut words = rest.iter();
    while let Some(word) = words.next() {
        match *word {
            "--only" => selection.only.push(step(value("--only", words.next())?)?),
            "--skip" => selection.skip.push(step(value("--skip", words.next())?)?),
            other => return Err(unexpected("test", other)),
        }
    }
    Ok(selection)
}

fn test_in_browser(rest: &[&str]) -> Result<Request> {
    let words = match rest {
        ["--browser", "firefox"] => return Ok(Request::TestInFirefox),
        ["--browser"] => "`--browser` needs a value".to_owned(),
        ["--browser", other] => format!("`--browser {other}`: Chromium is the usual one, `firefox` the other"),
        _ => "`--browser firefox` is a run of its own, and takes nothing else".to_owned(),
    };
    Err(Failure::Usage(words))
}

fn value<'a>(flag: &str, word: Option<&&'a str>) -> Result<&'a str> {
    word.copied().ok_or_else(|| Failure::Usage(format!("`{flag}` needs a value")))
}

fn dialect(word: &str) -> Result<demo::Dialect> {
    demo::DIALECTS
        .into_iter()
        .find(|name| *name == word)
        .ok_or_else(|| Failure::Usage(format!("`--dialect {word}` is none of these: {}", demo::DIALECTS.join(", "))))
}

fn port(word: &str) -> Result<u16> {
    // Two more ports follow this one.
    word.parse::<u16>()
        .ok()
        .filter(|port| (1..=u16::MAX - 2).contains(port))
        .ok_or_else(|| Failure::Usage(format!("`--port {word}` is no port: it must be a number from 1 to 65533")))
}

fn step(word: &str) -> Result<&'static str> {
    test::STEPS
        .iter()
        .map(|step| step.name)
        .find(|name| *name == word)
        .ok_or_else(|| Failure::Usage(format!("`{word}` is no step of the test; the steps are\n{}", test::list())))
}

fn unexpected(command: &str, word: &str) -> Failure {
    Failure::Usage(format!("`{command}` does not understand `{word}`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Result<Request> {
        let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        parse(&words)
    }

    fn usage(line: &str) -> String {
        match parsed(line) {
            Err(Failure::Usage(words)) => words,
            other => panic!("`{line}` should be refused, got {other:?}"),
        }
    }

    #[test]
    fn no_command_asks_for_help() {
        assert_eq!(parsed(""), Ok(Request::Help));
    }

    #[test]
    fn the_simulation_says_its_own_options() {
        assert_eq!(parsed("simulate --help"), Ok(Request::Simulate(vec!["--help".to_owned()])));
        assert_eq!(parsed("figures --help"), Ok(Request::Help));
    }

    #[test]
    fn demo_serves_on_the_usual_ports_unless_told_otherwise() {
        let usual = demo::Options { port: None, release: false, serve: true, dialect: demo::DIALECTS[0] };
        assert_eq!(parsed("demo"), Ok(Request::Demo(usual)));

        let told = demo::Options { port: Some(4000), release: true, serve: false, ..usual };
        assert_eq!(parsed("demo --release --port 4000 --no-serve"), Ok(Request::Demo(told)));
    }

    #[test]
    fn a_demo_speaks_the_wire_that_it_is_told_to() {
        let options = demo::Options { port: None, release: false, serve: true, dialect: "guest-webchat" };
        assert_eq!(parsed("demo --dialect guest-webchat"), Ok(Request::Demo(options)));
        assert!(usage("demo --dialect webchat").contains("conversation-socket"));
    }

    #[test]
    fn a_port_may_be_written_with_an_equals_sign() {
        let options = demo::Options { port: Some(4000), release: false, serve: true, dialect: demo::DIALECTS[0] };
        assert_eq!(parsed("demo --port=4000"), Ok(Request::Demo(options)));
    }

    #[test]
    fn a_port_without_room_for_its_two_neighbours_is_refused() {
        for number in ["0", "65534", "70000", "-1", "http"] {
            assert!(usage(&format!("demo --port {number}")).contains(number));
        }
        assert!(parsed("demo --port 65533").is_ok());
    }

    #[test]
    fn a_flag_without_its_value_is_named() {
        assert_eq!(usage("demo --port"), "`--port` needs a value");
        assert_eq!(usage("test --only"), "`--only` needs a value");
        assert_eq!(usage("figures --seed"), "`--seed` needs a value");
        assert_eq!(usage("figures --seed x"), "`--seed` needs a number");
    }

    #[test]
    fn unknown_commands_and_flags_are_named() {
        assert_eq!(usage("dmeo"), "there is no command `dmeo`");
        assert_eq!(usage("build --fast"), "`build` does not understand `--fast`");
        assert_eq!(usage("demo extra"), "`demo` does not understand `extra`");
        assert_eq!(usage("figures --bogus"), "`figures` does not understand `--bogus`");
        assert_eq!(usage("figures --bogus 3"), "`figures` does not understand `--bogus`");
    }

    #[test]
    fn an_unknown_step_is_answered_with_the_list_of_steps() {
        let words = usage("test --only lint");
        assert!(test::STEPS.iter().all(|step| words.contains(step.name)), "{words}");
    }

    #[test]
    fn the_steps_are_listed_as_the_help_says() {
        assert!(HELP.contains("`--only help` lists the steps"));
        assert_eq!(parsed("test --only help"), Ok(Request::TestSteps));
        assert!(usage("test --only fmt --only help").contains("`help` is no step"));
    }

    #[test]
    fn steps_can_be_picked_and_left_out() {
        let selection = Selection { only: vec!["fmt", "host"], skip: vec!["host"] };
        assert_eq!(parsed("test --only fmt --only host --skip host"), Ok(Request::Test(selection)));
    }

    #[test]
    fn the_other_browser_is_a_run_of_its_own() {
        assert_eq!(parsed("test --browser firefox"), Ok(Request::TestInFirefox));
        assert_eq!(usage("test --browser"), "`--browser` needs a value");
        assert!(usage("test --browser opera").contains("opera"));
        for line in ["test --browser firefox --only fmt", "test --skip fmt --browser firefox"] {
            assert_eq!(usage(line), "`--browser firefox` is a run of its own, and takes nothing else");
        }
    }

    #[test]
    fn help_names_every_command() {
        for command in
            ["demo", "test", "build", "size", "simulate", "fuzz", "mutants", "figures", "setup", "stage", "help"]
        {
            assert!(HELP.lines().any(|line| line.starts_with(&format!("  {command}"))), "{command}");
        }
    }
}
