//! Every wire survives the schedules that the default one survives; and each renews, and is struck by nearly every kind of fault.
#![allow(missing_docs, reason = "a test")]

use chat_proto::dialect::DIALECTS;
use simulation::{Client, KIND_NAMES, Options, Schedule, Tally, run};

const RUNS: u64 = 150;

fn tally_of(dialect: &'static str) -> Tally {
    let mut sum = Tally::default();
    for seed in 1..=RUNS {
        let options = Options { client: Client::Real, is_digested: false, is_traced: false };
        let outcome = run(&Schedule::draw_on(dialect, seed), options);
        assert_eq!(outcome.breach, None, "{dialect}, seed {seed}");
        sum.add(&outcome.tally);
    }
    sum
}

#[test]
fn no_rule_is_broken_on_any_wire() {
    for dialect in DIALECTS.iter().map(|dialect| dialect.habits().name) {
        let tally = tally_of(dialect);
        assert!(tally.messages > RUNS && tally.sockets > 3 * RUNS && tally.token_requests > 2 * RUNS, "{dialect}");
    }
}

#[test]
fn what_a_backend_does_wrong_strikes_every_wire_where_it_has_a_place() {
    // Nothing is said at the opening of these, and nothing is asked by HTTP but on one.
    let has_no_place = |dialect: &str, kind: usize| match kind {
        18 => matches!(dialect, "guest-sessions" | "guest-webchat"),
        20 => !matches!(dialect, "web-messaging" | "external-contacts"),
        _ => false,
    };
    for dialect in DIALECTS.iter().map(|dialect| dialect.habits().name) {
        let tally = tally_of(dialect);
        for kind in (1..=14).chain([16, 17, 18, 20]).filter(|kind| !has_no_place(dialect, *kind)) {
            assert!(tally.struck[kind] > 0, "{dialect}: F{kind} {}", KIND_NAMES[kind]);
        }
    }
}
