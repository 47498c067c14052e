//! Thousands of visitors who are dropped together come back soon, apart from each other, and within the backend's quota. The targets
//! are those of `docs/reliability.md`, whose table `cargo run --release --example herd` writes.
#![cfg(not(target_arch = "wasm32"))]

#[path = "common/herd.rs"]
mod herd;

use herd::{Herd, Recovery, table};

const SEED: u64 = 1;

fn recovery(visitors: usize, outage: u64, has_quota: bool, has_slots: bool) -> Recovery {
    let herd = Herd { visitors, outage, has_quota, has_slots, seed: SEED };
    let runs = [(herd, herd.run())];
    eprintln!("seed {SEED}\n{}", table(&runs));
    let [(_, recovery)] = runs;
    recovery
}

#[test]
fn five_thousand_visitors_are_soon_back_and_do_not_come_at_once() {
    for (outage, p50, p95, peak) in
        [(1_000, 1_000, 3_000, 10.0), (5_000, 3_000, 7_000, 5.0), (60_000, 6_000, 12_000, 2.0)]
    {
        let recovery = recovery(5_000, outage, false, false);
        assert!(recovery.percentile(50) <= p50, "{outage}: half are back after {} ms", recovery.percentile(50));
        assert!(recovery.percentile(95) <= p95, "{outage}: 95 % are back after {} ms", recovery.percentile(95));
        assert!(recovery.peak <= peak, "{outage}: {} % in 100 ms", recovery.peak);
    }
}

#[test]
fn places_in_line_spare_five_thousand_visitors_every_refused_handshake() {
    let recovery = recovery(5_000, 1_000, true, true);
    assert!(recovery.refused == 0.0, "{} refused for each visitor", recovery.refused);
    assert!(recovery.percentile(95) <= 320_000, "the first minute's places are used, the others at the quota's pace");
}

#[test]
fn without_places_in_line_they_are_refused_again_and_again() {
    let recovery = recovery(1_500, 1_000, true, false);
    assert!(recovery.refused > 1.0, "the quota bites, or the test above would show nothing: {}", recovery.refused);
}

#[test]
fn five_hundred_visitors_do_not_feel_the_line_not_even_after_an_outage_that_used_up_its_places() {
    for (outage, p50, p95) in [(1_000, 1_000, 3_000), (60_000, 6_000, 12_000)] {
        let recovery = recovery(500, outage, true, true);
        assert!(recovery.refused == 0.0, "{outage}");
        assert!(recovery.percentile(50) <= p50, "{outage}: {}", recovery.percentile(50));
        assert!(recovery.percentile(95) <= p95, "{outage}: {}", recovery.percentile(95));
    }
}
