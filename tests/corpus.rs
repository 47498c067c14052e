//! What the fuzz targets hold the core and the simulator to, held by their seeds: each whole, and each cut short wherever it can be. So
//! the functions of `fuzz/src` compile and mean something on every machine; `cargo xtask fuzz` looks further.
#![cfg(not(target_arch = "wasm32"))]
#![allow(unreachable_pub, reason = "these modules are those of another crate")]

mod common;
#[path = "../fuzz/src/kept.rs"]
mod kept;
#[path = "../fuzz/src/session.rs"]
mod session;
#[path = "../fuzz/src/simulated.rs"]
mod simulated;
#[path = "../fuzz/src/wire.rs"]
mod wire;

/// Feeds every seed of a target, and a hundred beginnings of each.
fn feed(target: &str, hold: fn(&str)) {
    let folder = format!("{}/fuzz/corpus/{target}", env!("CARGO_MANIFEST_DIR"));
    let mut fed = 0;
    for seed in std::fs::read_dir(folder).expect("the seeds") {
        let seed = std::fs::read_to_string(seed.expect("a seed").path()).expect("a text");
        hold(&seed);
        let step = (seed.len() / 100).max(1);
        seed.char_indices().step_by(step).for_each(|(end, _)| hold(&seed[..end]));
        fed += 1;
    }
    assert!(fed > 1, "a target without seeds");
}

#[test]
fn no_frame_is_read_as_what_it_cannot_be() {
    feed("frame", wire::frame);
}

#[test]
fn no_answer_is_read_as_what_it_cannot_be() {
    feed("answer", wire::answer);
}

#[test]
fn no_text_is_read_as_a_time_a_link_or_a_setting_that_it_is_not() {
    feed("words", wire::words);
}

#[test]
fn what_was_kept_is_kept_again_as_it_was() {
    feed("record", kept::record);
}

#[test]
fn whatever_tabs_say_a_follower_loses_nothing_and_asks_nobody() {
    feed("post", kept::post);
}

#[test]
fn whatever_is_heard_nothing_is_accepted_twice_or_out_of_order() {
    feed("session", session::session);
}

#[test]
fn whatever_the_simulator_is_told_it_speaks_json_and_comes_back_as_it_was_saved() {
    feed("backend", simulated::backend);
}
