//! What the fuzz target holds the endpoint to, held by its seeds: each whole, and each cut short. `cargo xtask fuzz proxy` looks further.
#![allow(unreachable_pub, reason = "this module is another crate's")]

#[path = "../../../fuzz/src/proxy.rs"]
mod proxy;

#[test]
fn whoever_asks_for_whatever_no_stranger_gets_a_token_and_nothing_breaks() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fuzz/corpus/proxy");
    for seed in std::fs::read_dir(folder).expect("the seeds") {
        let seed = std::fs::read_to_string(seed.expect("a seed").path()).expect("a text");
        proxy::proxy(&seed);
        seed.char_indices().for_each(|(end, _)| proxy::proxy(&seed[..end]));
    }
}
