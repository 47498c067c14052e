//! `cargo xtask simulate`: many schedules on all cores, or one of them in every word.
#![allow(clippy::print_stdout, reason = "a command line program speaks on its standard output")]

mod args;
mod report;

use std::ops::RangeInclusive;
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Instant;

use args::Request;
use simulation::{Breach, Client, Damage, Options, Schedule, Tally, run, shrink};

const PROGRAM: &str = "simulate";

fn main() -> ExitCode {
    match args::parse(std::env::args_os().skip(1)) {
        Ok(Request::Help) => command_line::answer(PROGRAM, args::HELP),
        Ok(Request::Many { dialects, schedules, seed, threads, twice_every, goes_on, is_brief }) => {
            // A panic in a run is caught, counted as a broken rule, and told with its seed.
            std::panic::set_hook(Box::new(|_| {}));
            let mut is_whole = true;
            if is_brief {
                println!("{}", report::brief_head());
            }
            for dialect in dialects {
                let work = Work { twice_every, goes_on, is_brief, ..Work::new(dialect, schedules, seed) };
                let is_held = many(&work, threads);
                is_whole &= is_held;
                if !is_held && !goes_on {
                    break;
                }
            }
            if is_whole { ExitCode::SUCCESS } else { ExitCode::FAILURE }
        }
        Ok(Request::Naive { schedules, seed }) => naive(schedules, seed),
        Ok(Request::Rules) => command_line::answer(PROGRAM, &(report::rules() + "\n")),
        Ok(Request::Replay { dialect, seed, keep }) => replay(dialect, seed, keep.as_deref()),
        Err(mistakes) => command_line::refuse(PROGRAM, &mistakes),
    }
}

/// A third of a run is asking for memory and giving it back, in small pieces.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// What all threads work on.
struct Work {
    dialect: &'static str,
    seed: u64,
    next: AtomicU64,
    end: u64,
    twice_every: u64,
    /// A broken rule does not end it.
    goes_on: bool,
    /// What it came to is said in one line.
    is_brief: bool,
    is_over: AtomicBool,
    twice: AtomicU64,
    /// The digests of the runs that were run twice, added up.
    fingerprint: AtomicU64,
    tally: Mutex<Tally>,
    broken: Mutex<Vec<(u64, Breach)>>,
}

impl Work {
    fn new(dialect: &'static str, schedules: u64, seed: u64) -> Self {
        Self {
            dialect,
            seed,
            next: AtomicU64::new(seed),
            end: seed.saturating_add(schedules),
            twice_every: 1,
            goes_on: false,
            is_brief: false,
            is_over: AtomicBool::new(false),
            twice: AtomicU64::new(0),
            fingerprint: AtomicU64::new(0),
            tally: Mutex::new(Tally::default()),
            broken: Mutex::new(Vec::new()),
        }
    }
}

/// Works it off, says what it came to, and whether every rule has held.
fn many(work: &Work, threads: usize) -> bool {
    let start = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| toil(work));
        }
    });
    let tally = work.tally.lock().map(|tally| tally.clone()).unwrap_or_default();
    let (twice, fingerprint) = (work.twice.load(Ordering::Relaxed), work.fingerprint.load(Ordering::Relaxed));
    let mut broken = work.broken.lock().map(|broken| broken.clone()).unwrap_or_default();
    broken.sort_by_key(|(seed, _)| *seed);
    if work.is_brief {
        println!("{}", report::brief(&tally, work.dialect, broken.len(), fingerprint));
        if broken.is_empty() {
            return true;
        }
    } else {
        println!("{}", report::tally(&tally, work.dialect, start.elapsed(), twice, fingerprint));
    }
    let of = report::of_dialect(work.dialect);
    if work.goes_on && !broken.is_empty() {
        println!("simulate: {} schedules{of} from seed {}: {}", tally.runs, work.seed, report::broken(&broken));
        return false;
    }
    match broken.into_iter().next() {
        None => {
            println!(
                "simulate: {} schedules{of} from seed {}: 0 lost, 0 repeated, 0 reordered, 0 not converged",
                tally.runs, work.seed
            );
            true
        }
        Some((seed, breach)) => {
            let schedule = Schedule::draw_on(work.dialect, seed);
            let shrunk = shrink(&schedule, breach.rule);
            let breach = run(&shrunk, options(false)).breach.unwrap_or(breach);
            println!("\n{}", report::breach(&breach, &shrunk, schedule.steps.len()));
            println!("simulate: seed {seed}{of} breaks {}", breach.rule);
            false
        }
    }
}

fn options(is_digested: bool) -> Options {
    Options { client: Client::Real, is_digested, is_traced: false }
}

/// One thread's share: seed after seed until none is left, or one breaks a rule.
fn toil(work: &Work) {
    let mut tally = Tally::default();
    while !work.is_over.load(Ordering::Relaxed) {
        let seed = work.next.fetch_add(1, Ordering::Relaxed);
        if seed >= work.end {
            break;
        }
        let schedule = Schedule::draw_on(work.dialect, seed);
        let is_twice = seed.is_multiple_of(work.twice_every);
        let outcome = run(&schedule, options(is_twice));
        tally.add(&outcome.tally);
        let mut breach = outcome.breach;
        if is_twice && breach.is_none() {
            work.twice.fetch_add(1, Ordering::Relaxed);
            work.fingerprint.fetch_add(outcome.digest, Ordering::Relaxed);
            if run(&schedule, options(true)).digest != outcome.digest {
                breach = Some(Breach { rule: "determinism", words: "two runs of it differ".into(), at: 0 });
            }
        }
        if let Some(breach) = breach {
            work.is_over.store(!work.goes_on, Ordering::Relaxed);
            if let Ok(mut broken) = work.broken.lock() {
                broken.push((seed, breach));
            }
        }
    }
    if let Ok(mut sum) = work.tally.lock() {
        sum.add(&tally);
    }
}

fn naive(schedules: u64, seed: u64) -> ExitCode {
    let (mut sum, mut stuck) = (Damage::default(), 0);
    for seed in seed..seed.saturating_add(schedules) {
        let options = Options { client: Client::Naive, ..options(false) };
        let damage = run(&Schedule::draw(seed), options).damage;
        sum.written += damage.written;
        sum.lost += damage.lost;
        sum.repeated += damage.repeated;
        stuck += u64::from(damage.is_stuck);
    }
    println!("{}", report::naive(&sum, stuck, schedules));
    ExitCode::SUCCESS
}

fn replay(dialect: &'static str, seed: u64, keep: Option<&[RangeInclusive<usize>]>) -> ExitCode {
    let schedule = Schedule::draw_on(dialect, seed);
    let schedule = match keep {
        Some(keep) => schedule.keeping(|step| keep.iter().any(|range| range.contains(&step))),
        None => schedule,
    };
    let outcome = run(&schedule, Options { is_traced: true, ..options(false) });
    println!("{}", report::replay(&schedule, &outcome));
    if outcome.breach.is_none() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
