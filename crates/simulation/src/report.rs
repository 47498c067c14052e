//! What a run came to, in words for a person; the last line is for machines.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use chat_proto::phase::TRANSITIONS;

use simulation::{
    Breach, CONVERGENCE_SECONDS, Damage, KIND_NAMES, Outcome, RULES, Schedule, Tally, WEB_MESSAGING, says,
};

use crate::args;

pub(crate) fn tally(tally: &Tally, dialect: &str, took: Duration, twice: u64, fingerprint: u64) -> String {
    let seconds = took.as_secs_f64().max(0.001);
    let mut lines = Vec::new();
    lines.push("faults by kind: handed in, and how often the backend's own of them struck".to_owned());
    for (kind, name) in KIND_NAMES.iter().enumerate() {
        lines.push(format!("  F{kind:<3} {name:<40} {:>10} {:>10}", tally.faults[kind], tally.struck[kind]));
    }
    let faults: u64 = tally.faults.iter().sum();
    let kinds = tally.faults.iter().filter(|count| **count > 0).count();
    lines.push(format!("  {faults} faults of {kinds} kinds, {:.1} a schedule", per(faults, tally.runs)));
    lines.push(format!(
        "messages {} ({} shown as of unknown fate at some time, {} asked about in the end), texts sent {}, frames {}",
        tally.messages, tally.unconfirmed, tally.asked, tally.texts, tally.frames
    ));
    lines.push(format!(
        "sockets {}, connections {}, token requests {}, reloads {}, takeovers {}",
        tally.sockets, tally.connections, tally.token_requests, tally.reloads, tally.takeovers
    ));
    lines.push(format!(
        "storage failed, and the page then ended: {} messages could not be kept, of {} it could not be kept how far they got",
        tally.beyond_reach, tally.unnoted
    ));
    if dialect != WEB_MESSAGING {
        lines.push(format!(
            "where nobody could know: {} lines of the agent's were lost on connections that went on, {} texts counted as taken and were not",
            tally.unheard, tally.on_trust
        ));
    }
    if dialect == WEB_MESSAGING {
        lines.push(edges(tally));
    }
    lines.push(convergence(tally));
    lines.push(format!(
        "{} schedules in {seconds:.1} s, {:.0} runs a second; {twice} of them run twice and compared, fingerprint {fingerprint:016x}",
        tally.runs,
        per(tally.runs + twice, 1) / seconds,
    ));
    lines.join("\n")
}

/// What the columns of [`brief`] are.
pub(crate) fn brief_head() -> String {
    let names = ["schedules", "faults", "messages", "sockets", "tokens", "asked", "unheard", "on trust", "broken"];
    let columns: String = names.map(|name| format!(" {name:>9}")).concat();
    format!("{:<19}{columns}  fingerprint", "wire")
}

/// What one wire came to, in a line: `asked` are messages about which the visitor is asked in the end, `unheard` lines of the agent's that
/// are missing where nobody could know, `on trust` messages that counted as taken and never were, `broken` runs that broke a rule.
pub(crate) fn brief(tally: &Tally, dialect: &str, broken: usize, fingerprint: u64) -> String {
    let Tally { runs, messages, sockets, token_requests, asked, unheard, on_trust, .. } = *tally;
    let faults = tally.faults.iter().sum();
    let counts = [runs, faults, messages, sockets, token_requests, asked, unheard, on_trust, broken as u64];
    let columns: String = counts.map(|count| format!(" {count:>9}")).concat();
    format!("{dialect:<19}{columns}  {fingerprint:016x}")
}

/// Which rules were broken, how often, and by which seeds.
pub(crate) fn broken(broken: &[(u64, Breach)]) -> String {
    let mut rules = BTreeMap::<&str, Vec<String>>::new();
    for (seed, breach) in broken {
        rules.entry(breach.rule).or_default().push(seed.to_string());
    }
    let words = |(rule, seeds): (&str, Vec<String>)| {
        format!("\n  {rule}: {} (seeds {})\n      {}", seeds.len(), seeds.join(", "), says(rule))
    };
    let rules: String = rules.into_iter().map(words).collect();
    format!("{} broke a rule{rules}", broken.len())
}

fn edges(tally: &Tally) -> String {
    let mut missing = Vec::new();
    let mut all = BTreeSet::new();
    for edge in TRANSITIONS {
        all.extend(edge.from.iter().map(|from| (*from, edge.to)));
    }
    for (from, to) in &all {
        if tally.edges[*from as usize] & 1 << (*to as usize) == 0 {
            missing.push(format!("{} to {}", from.word(), to.word()));
        }
    }
    let missing_words = if missing.is_empty() { String::new() } else { format!("; never {}", missing.join(", ")) };
    format!("transitions of the session: {} of {} covered{missing_words}", all.len() - missing.len(), all.len())
}

fn convergence(tally: &Tally) -> String {
    let runs: u64 = tally.convergence.iter().sum();
    let mut sum = 0;
    let mut parts = Vec::new();
    for (bound, count) in CONVERGENCE_SECONDS.iter().zip(tally.convergence) {
        sum += count;
        parts.push(format!("{bound} s {:.3} %", 100.0 * per(sum, runs)));
    }
    format!("screens right after healing within: {}; the slowest {} s", parts.join(", "), tally.slowest.div_ceil(1_000))
}

#[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^53")]
fn per(count: u64, of: u64) -> f64 {
    count as f64 / of.max(1) as f64
}

/// A broken rule, with the least schedule that still breaks it and how to see it again.
pub(crate) fn breach(breach: &Breach, shrunk: &Schedule, from: usize) -> String {
    let steps: Vec<usize> = shrunk.steps.iter().map(|step| step.number).collect();
    format!(
        "{}\n\nshrunk from {from} steps to {}:\n{shrunk}\nsee every word of it:\n  cargo xtask simulate {}--replay {} --keep {}\n",
        verdict(breach),
        steps.len(),
        named(shrunk.setting.dialect),
        shrunk.seed,
        args::list(&steps),
    )
}

/// The option that names a wire, if it has to be named.
fn named(dialect: &str) -> String {
    if dialect == WEB_MESSAGING { String::new() } else { format!("--dialect {dialect} ") }
}

/// The same in words.
pub(crate) fn of_dialect(dialect: &str) -> String {
    if dialect == WEB_MESSAGING { String::new() } else { format!(" of {dialect}") }
}

/// Every word of one run.
pub(crate) fn replay(schedule: &Schedule, outcome: &Outcome) -> String {
    let verdict = outcome.breach.as_ref().map_or_else(|| "nothing is broken".to_owned(), verdict);
    format!("{schedule}\n{}\n\n{verdict}", outcome.trace.join("\n"))
}

fn verdict(breach: &Breach) -> String {
    format!("BROKEN {}: {}\nThe rule: {}", breach.rule, breach.words, says(breach.rule))
}

/// Every rule by its name.
pub(crate) fn rules() -> String {
    RULES.map(|(name, sentence)| format!("{name:<12} {sentence}")).join("\n")
}

/// What the naive client did.
pub(crate) fn naive(damage: &Damage, stuck: u64, runs: u64) -> String {
    format!(
        "the naive client: of {} messages {:.2} % lost and {:.2} % repeated; stuck in {:.1} % of {runs} runs",
        damage.written,
        100.0 * per(damage.lost, damage.written),
        100.0 * per(damage.repeated, damage.written),
        100.0 * per(stuck, runs),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// By the end of the first line `cargo xtask figures` knows that it has a result.
    #[test]
    fn each_broken_rule_is_listed_with_its_seeds_and_what_it_says() {
        let breach = |rule| Breach { rule, words: "seen".into(), at: 0 };
        let list = broken(&[(3, breach("panic")), (5, breach("T18c")), (9, breach("panic"))]);
        let expected = "3 broke a rule\n  T18c: 1 (seeds 5)\n      What is shown as failed was not accepted.\n  panic: 2 (seeds 3, 9)\n      Nothing panics.";
        assert_eq!(list, expected);
    }
}
