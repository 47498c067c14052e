//! Measures how thousands of visitors come back who were dropped together, and writes it down as a section of markdown:
//! `cargo run --release --example herd [SEED]`.

#[cfg(not(target_arch = "wasm32"))]
#[path = "../tests/common/herd.rs"]
mod herd;

#[cfg(not(target_arch = "wasm32"))]
#[expect(clippy::print_stdout, reason = "its output is the document")]
fn main() {
    use herd::{Herd, table};

    let seed = std::env::args().nth(1).and_then(|seed| seed.parse().ok()).unwrap_or(1);
    let runs = |visitors, has_quota, has_slots| {
        [1_000, 5_000, 60_000].map(|outage| {
            let herd = Herd { visitors, outage, has_quota, has_slots, seed };
            (herd, herd.run())
        })
    };
    let runs = [
        runs(5_000, false, false),
        runs(5_000, true, false),
        runs(5_000, true, true),
        runs(500, true, false),
        runs(500, true, true),
    ];
    println!("## Visitors who are dropped together\n");
    println!(
        "`cargo run --release --example herd {seed}` wrote this, on virtual time, with seed {seed}. All visitors of a site are dropped at"
    );
    println!(
        "once, and the backend is away for a while. Each visitor is a real session with a seed of its own; the backend is the simulator,"
    );
    println!(
        "with the service's quota of new connections where it says so; the places are those of the token proxy; the network takes"
    );
    println!(
        "20 to 60 ms each way. Times are from when the backend was back until a visitor could write again, history read. The peak"
    );
    println!(
        "counts sockets that were opened within any 100 ms after the backend was back, in percent of all visitors.\n"
    );
    print!("{}", table(&runs.concat()));
}

#[cfg(target_arch = "wasm32")]
fn main() {}
