//! The command line as data.

use std::ffi::OsString;
use std::ops::RangeInclusive;

use chat_proto::dialect::DIALECTS;
use command_line::{CommandLine, Mistakes, Takes};
use simulation::{Schedule, WEB_MESSAGING};

pub(crate) const HELP: &str = "\
simulation [--dialect NAME] [--schedules N] [--seed S] [--threads T] [--twice-every K] [--all] [--brief] [--naive]
simulation [--dialect NAME] --replay SEED [--keep 0,3,7-9]
simulation --rules

  --dialect NAME    what is spoken, as data-dialect has it (web-messaging); all: each of them, one after the other
  --schedules N     how many schedules to run (20000), with the seeds S, S+1, …
  --seed S          the first seed (1)
  --threads T       on so many threads (one a core)
  --twice-every K   run every Kth schedule a second time and compare (1 up to 50000 schedules, else 100)
  --all             go on where a rule is broken, and list all that are in the end
  --brief           say what each wire came to in one line
  --naive           run the naive client instead, and say what it does to the visitor's messages
  --replay SEED     run this one alone and print every word of it
  --keep STEPS      only these steps of it, by number
  --rules           print what each rule says, by the name under which it is called broken
  --help            this text
";

/// What is wanted.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Request {
    Help,
    Rules,
    Many {
        dialects: Vec<&'static str>,
        schedules: u64,
        seed: u64,
        threads: usize,
        twice_every: u64,
        goes_on: bool,
        is_brief: bool,
    },
    Naive {
        schedules: u64,
        seed: u64,
    },
    Replay {
        dialect: &'static str,
        seed: u64,
        keep: Option<Vec<RangeInclusive<usize>>>,
    },
}

const OPTIONS: [(&str, Takes); 11] = [
    ("--dialect", Takes::Value),
    ("--schedules", Takes::Value),
    ("--seed", Takes::Value),
    ("--threads", Takes::Value),
    ("--twice-every", Takes::Value),
    ("--all", Takes::Nothing),
    ("--brief", Takes::Nothing),
    ("--naive", Takes::Nothing),
    ("--replay", Takes::Value),
    ("--keep", Takes::Value),
    ("--rules", Takes::Nothing),
];

/// What says nothing to a run of one schedule; what says nothing to the naive client's, which is on one thread and once; and what says
/// nothing where nothing runs.
const OF_MANY: [&str; 7] = ["--schedules", "--seed", "--threads", "--twice-every", "--all", "--brief", "--naive"];
const OF_THE_REAL: [&str; 5] = ["--threads", "--twice-every", "--all", "--brief", "--dialect"];
const OF_RUNS: [&str; 10] = [
    "--schedules",
    "--seed",
    "--threads",
    "--twice-every",
    "--all",
    "--brief",
    "--naive",
    "--replay",
    "--keep",
    "--dialect",
];

pub(crate) fn parse(arguments: impl IntoIterator<Item = impl Into<OsString>>) -> Result<Request, Mistakes> {
    let mut line = CommandLine::read(&OPTIONS, arguments);
    if line.wants_help() {
        return Ok(Request::Help);
    }
    let is_naive = line.has("--naive");
    let (beside, idle) = if line.has("--rules") {
        ("--rules", &OF_RUNS[..])
    } else if line.has("--replay") {
        ("--replay", &OF_MANY[..])
    } else {
        ("--naive", &OF_THE_REAL[..])
    };
    for option in idle {
        if line.has(beside) && line.has(option) {
            line.mistake(format!("{option} does not go with {beside}"));
        }
    }
    if line.has("--keep") && !line.has("--replay") {
        line.mistake("--keep goes with --replay only");
    }
    let names = DIALECTS.iter().map(|dialect| dialect.habits().name);
    let form = format!("must be all, or one of {}", names.clone().collect::<Vec<_>>().join(", "));
    let dialects = line.one("--dialect", &form, |text| {
        let named: Vec<_> = names.clone().filter(|name| *name == text || text == "all").collect();
        (!named.is_empty()).then_some(named)
    });
    let dialects = dialects.unwrap_or_else(|| vec![WEB_MESSAGING]);
    let dialect = dialects[0];
    if line.has("--replay") && dialects.len() > 1 {
        line.mistake("--dialect all does not go with --replay");
    }
    let replay = number(&mut line, "--replay", 0, u64::MAX);
    let keep =
        line.one("--keep", "must be steps, and ranges of them from a lower to a higher, such as 0,3,7-9", ranges);
    if let (Some(seed), Some(keep)) = (replay, &keep) {
        let last = Schedule::draw_on(dialect, seed).steps.len().saturating_sub(1);
        if let Some(step) = keep.iter().map(RangeInclusive::end).find(|step| **step > last) {
            line.mistake(format!("--keep names step {step}, but the last of seed {seed} is {last}"));
        }
    }
    let schedules = number(&mut line, "--schedules", 1, u64::MAX).unwrap_or(20_000);
    let seed = number(&mut line, "--seed", 0, u64::MAX).unwrap_or(1);
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let threads = number(&mut line, "--threads", 1, MANY_THREADS);
    let threads = threads.map_or(cores, |threads| usize::try_from(threads).unwrap_or(cores));
    let twice_every = number(&mut line, "--twice-every", 1, u64::MAX);
    // Each thread looks at one seed beyond the end.
    if seed.checked_add(schedules).is_none_or(|end| end > u64::MAX - MANY_THREADS) {
        line.mistake("--seed and --schedules lead beyond the last seed that there is");
    }
    let (goes_on, is_brief, wants_rules) = (line.has("--all"), line.has("--brief"), line.has("--rules"));
    line.judge(match replay {
        _ if wants_rules => Request::Rules,
        Some(seed) => Request::Replay { dialect, seed, keep },
        None if is_naive => Request::Naive { schedules, seed },
        None => Request::Many {
            dialects,
            schedules,
            seed,
            threads,
            twice_every: twice_every.unwrap_or(if schedules <= 50_000 { 1 } else { 100 }),
            goes_on,
            is_brief,
        },
    })
}

/// More than any machine has cores, and fewer than it refuses to start.
const MANY_THREADS: u64 = 1024;

/// `1_000_000` is a number, too.
fn number(line: &mut CommandLine, name: &str, least: u64, most: u64) -> Option<u64> {
    line.one(name, &format!("must be a whole number from {least} to {most}"), |text| {
        text.replace('_', "").parse().ok().filter(|number| (least..=most).contains(number))
    })
}

/// `0,3,7-9`; `None` for what is none, or runs backwards.
fn ranges(list: &str) -> Option<Vec<RangeInclusive<usize>>> {
    let range = |part: &str| {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let range = first.parse().ok()?..=last.parse().ok()?;
        (!range.is_empty()).then_some(range)
    };
    list.split(',').map(range).collect()
}

/// The reverse of what `--keep` reads.
pub(crate) fn list(steps: &[usize]) -> String {
    let mut parts: Vec<(usize, usize)> = Vec::new();
    for step in steps {
        match parts.last_mut() {
            Some((_, last)) if *last + 1 == *step => *last = *step,
            _ => parts.push((*step, *step)),
        }
    }
    let word = |(first, last)| if first == last { format!("{first}") } else { format!("{first}-{last}") };
    parts.into_iter().map(word).collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Result<Request, String> {
        parse(line.split_whitespace()).map_err(|mistakes| mistakes.to_string())
    }

    #[test]
    fn a_list_of_steps_is_read_as_it_was_written() {
        let numbers = [0, 3, 7, 8, 9, 12];
        assert_eq!(list(&numbers), "0,3,7-9,12");
        assert_eq!(ranges(&list(&numbers)).unwrap().into_iter().flatten().collect::<Vec<_>>(), numbers);
    }

    #[test]
    fn every_schedule_of_a_small_run_is_run_twice() {
        let every = |line| match parsed(line) {
            Ok(Request::Many { twice_every, .. }) => twice_every,
            other => panic!("{other:?}"),
        };
        assert_eq!(every("--schedules 20_000"), 1);
        assert_eq!(every("--schedules 1000000"), 100);
    }

    #[test]
    fn nothing_is_passed_over() {
        let last = Schedule::draw(7).steps.len() - 1;
        let form = "--keep must be steps, and ranges of them from a lower to a higher, such as 0,3,7-9";
        let beyond = |step: u64| format!("--keep names step {step}, but the last of seed 7 is {last}");
        for (line, named) in [
            ("--keep 1", "--keep goes with --replay only"),
            ("--replay 7 --keep 3-1", form),
            ("--replay 7 --keep 1,x", form),
            ("--replay 7 --keep 1,9999", &beyond(9999)),
            ("--replay 7 --keep 0-18446744073709551615", &beyond(u64::MAX)),
            ("--replay 7 --seed 3 --all", "--seed does not go with --replay\n--all does not go with --replay"),
            ("--naive --threads 2", "--threads does not go with --naive"),
            ("--rules --seed 7", "--seed does not go with --rules"),
            ("--schedules 0", "--schedules must be a whole number from 1 to 18446744073709551615"),
            (
                "--threads 0 --twice-every 0",
                "--threads must be a whole number from 1 to 1024\n--twice-every must be a whole number from 1 to 18446744073709551615",
            ),
            ("--schedules many", "--schedules must be a whole number from 1 to 18446744073709551615"),
            ("--seed 18446744073709551615", "--seed and --schedules lead beyond the last seed that there is"),
            ("--replays 7", "--replays is not known (see --help)"),
        ] {
            assert_eq!(parsed(line), Err(named.to_owned()), "{line}");
        }
        assert!(parsed(&format!("--replay 7 --keep 0-{last}")).is_ok());
    }
}
