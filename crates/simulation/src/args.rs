//! The command line as data.

pub(crate) const HELP: &str = "\
simulation [--schedules N] [--seed S] [--threads T] [--twice-every K] [--all] [--naive]
simulation --replay SEED [--keep 0,3,7-9]

  --schedules N     how many schedules to run (20000), with the seeds S, S+1, …
  --seed S          the first seed (1)
  --threads T       on so many threads (one a core)
  --twice-every K   run every Kth schedule a second time and compare (1 up to 50000 schedules, else 100)
  --all             go on where a rule is broken, and list all that are in the end
  --naive           run the naive client instead, and say what it does to the visitor's messages
  --replay SEED     run this one alone and print every word of it
  --keep STEPS      only these steps of it, by number
";

/// What is wanted.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Request {
    Help,
    Many { schedules: u64, seed: u64, threads: usize, twice_every: u64, goes_on: bool, is_naive: bool },
    Replay { seed: u64, keep: Option<Vec<usize>> },
}

pub(crate) fn parse(arguments: &[String]) -> Result<Request, String> {
    let (mut schedules, mut seed, mut twice_every) = (20_000, 1, None);
    let (mut goes_on, mut is_naive) = (false, false);
    let mut threads = std::thread::available_parallelism().map_or(1, usize::from);
    let (mut replay, mut keep) = (None, None);
    let mut words = arguments.iter();
    while let Some(word) = words.next() {
        let mut value = || words.next().ok_or_else(|| format!("`{word}` needs a value"));
        match word.as_str() {
            "--help" | "-h" => return Ok(Request::Help),
            "--schedules" => schedules = number(word, value()?)?,
            "--seed" => seed = number(word, value()?)?,
            "--threads" => threads = usize::try_from(number(word, value()?)?).unwrap_or(1).max(1),
            "--twice-every" => twice_every = Some(number(word, value()?)?.max(1)),
            "--all" => goes_on = true,
            "--naive" => is_naive = true,
            "--replay" => replay = Some(number(word, value()?)?),
            "--keep" => keep = Some(steps(value()?)?),
            other => return Err(format!("`{other}` is not understood")),
        }
    }
    if let Some(seed) = replay {
        return Ok(Request::Replay { seed, keep });
    }
    let twice_every = twice_every.unwrap_or(if schedules <= 50_000 { 1 } else { 100 });
    Ok(Request::Many { schedules, seed, threads, twice_every, goes_on, is_naive })
}

fn number(flag: &str, word: &str) -> Result<u64, String> {
    word.replace('_', "").parse().map_err(|_| format!("`{flag} {word}` is no number"))
}

/// `0,3,7-9`
fn steps(list: &str) -> Result<Vec<usize>, String> {
    let mut steps = Vec::new();
    for part in list.split(',') {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let bound = |word: &str| word.parse::<usize>().map_err(|_| format!("`{part}` names no steps"));
        steps.extend(bound(first)?..=bound(last)?);
    }
    Ok(steps)
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

    #[test]
    fn a_list_of_steps_is_read_as_it_was_written() {
        let numbers = [0, 3, 7, 8, 9, 12];
        assert_eq!(list(&numbers), "0,3,7-9,12");
        assert_eq!(steps(&list(&numbers)), Ok(numbers.to_vec()));
        assert!(steps("1,x").is_err());
    }

    #[test]
    fn every_schedule_of_a_small_run_is_run_twice() {
        let parsed = |line: &str| parse(&line.split(' ').map(str::to_owned).collect::<Vec<_>>());
        let every = |line| match parsed(line) {
            Ok(Request::Many { twice_every, .. }) => twice_every,
            other => panic!("{other:?}"),
        };
        assert_eq!(every("--schedules 20_000"), 1);
        assert_eq!(every("--schedules 1000000"), 100);
        assert!(parsed("--schedules many").is_err());
    }
}
