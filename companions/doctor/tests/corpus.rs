//! What the fuzz target holds reports and answers to, held by its seeds: each whole, and each cut short. `cargo xtask fuzz report` looks
//! further.
#![allow(unreachable_pub, reason = "this module is another crate's")]

#[path = "../../../fuzz/src/report.rs"]
mod report;

#[test]
fn whatever_was_seen_the_report_is_json_and_holds_no_secret() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fuzz/corpus/report");
    for seed in std::fs::read_dir(folder).expect("the seeds") {
        let seed = std::fs::read_to_string(seed.expect("a seed").path()).expect("a text");
        report::report(&seed);
        seed.char_indices().for_each(|(end, _)| report::report(&seed[..end]));
    }
}
