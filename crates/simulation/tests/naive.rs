//! The schedules can break a client: one as they are usually written is run through the very ones that ours survives, and loses, repeats
//! and gets stuck.
#![allow(missing_docs, reason = "a test")]

use simulation::{Client, Damage, Options, Schedule, run};

const RUNS: u64 = 100;
/// What it must come to at least, in percent of its messages and of the runs.
const LOST: u64 = 20;
const REPEATED: u64 = 1;
const STUCK: u64 = 20;

fn damage(client: Client) -> (Damage, u64) {
    let (mut sum, mut stuck) = (Damage::default(), 0);
    for seed in 1..=RUNS {
        let outcome = run(&Schedule::draw(seed), Options { client, is_digested: false, is_traced: false });
        if client == Client::Real {
            assert_eq!(outcome.breach, None, "seed {seed}");
        }
        sum.written += outcome.damage.written;
        sum.lost += outcome.damage.lost;
        sum.repeated += outcome.damage.repeated;
        stuck += u64::from(outcome.damage.is_stuck);
    }
    (sum, stuck)
}

/// In whole percent.
fn share(part: u64, whole: u64) -> u64 {
    100 * part / whole
}

#[test]
fn a_naive_client_loses_repeats_and_gets_stuck_where_ours_does_not() {
    let (naive, stuck) = damage(Client::Naive);
    let (lost, repeated, stuck) =
        (share(naive.lost, naive.written), share(naive.repeated, naive.written), share(stuck, RUNS));
    eprintln!(
        "naive: {lost} % lost, {repeated} % repeated of {} messages; {stuck} % of {RUNS} runs stuck",
        naive.written
    );
    assert!(lost >= LOST && repeated >= REPEATED && stuck >= STUCK);

    let (ours, stuck) = damage(Client::Real);
    assert_eq!((ours.repeated, stuck), (0, 0));
}
