//! One run of one schedule, its outcome, and the search for the least that still breaks.

use std::panic::{self, AssertUnwindSafe};

use crate::client::Kind;
use crate::schedule::{KINDS, Schedule, Step};
use crate::world::{Damage, World};

/// A rule that was broken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Breach {
    /// Which rule, by its name in the reliability targets; `panic` for a panic.
    pub rule: &'static str,
    /// What was seen.
    pub words: String,
    /// When, in virtual milliseconds.
    pub at: u64,
}

/// What a run came to.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The first rule that was broken, if any was.
    pub breach: Option<Breach>,
    /// What happened.
    pub tally: Tally,
    /// All that went in and out, in 64 bits; 0 where it was not asked for.
    pub digest: u64,
    /// Each word in and out, where it was asked for.
    pub trace: Vec<String>,
    /// What was done to the visitor's messages.
    pub damage: Damage,
}

/// How to run.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Which client.
    pub client: Kind,
    /// Make the digest.
    pub is_digested: bool,
    /// Keep the trace.
    pub is_traced: bool,
}

/// What happened, over any number of runs.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    /// Runs.
    pub runs: u64,
    /// Faults scheduled and handed to the world, by kind.
    pub faults: [u64; KINDS],
    /// Strikes of faults that the backend carries out, by kind.
    pub struck: [u64; KINDS],
    /// Messages written by the visitor.
    pub messages: u64,
    /// Frames with a text, attempts included.
    pub texts: u64,
    /// All frames of the clients.
    pub frames: u64,
    /// Sockets opened.
    pub sockets: u64,
    /// Times that a session came online.
    pub connections: u64,
    /// Questions to the token endpoint.
    pub token_requests: u64,
    /// Pages reloaded.
    pub reloads: u64,
    /// Times that a tab became the leader after another.
    pub takeovers: u64,
    /// Messages that were shown as of unknown fate at some time.
    pub unconfirmed: u64,
    /// Messages about which the visitor is asked in the end.
    pub asked: u64,
    /// Messages that were written while storage failed, in pages that then ended: no client could have kept them.
    pub beyond_reach: u64,
    /// Messages of which storage refused to keep how far they had got, in pages that then ended.
    pub unnoted: u64,
    /// Lines of the agent's that a screen lacks without a notice where nobody could know, on a wire without history.
    pub unheard: u64,
    /// Messages that counted as taken on a wire that answers nothing, and never were.
    pub on_trust: u64,
    /// Runs that did not converge.
    pub not_converged: u64,
    /// The transitions that sessions made: for each state, by its place in the enum, a bit for each state that it went to.
    pub edges: [u16; 16],
    /// How many runs converged within so many seconds: 1, 2, 5, 10, 20, 30, 60, more.
    pub convergence: [u64; 8],
    /// The longest that a run took to converge, in milliseconds.
    pub slowest: u64,
}

/// The bounds of [`Tally::convergence`], in seconds.
pub const CONVERGENCE_SECONDS: [u64; 7] = [1, 2, 5, 10, 20, 30, 60];

impl Tally {
    pub(crate) fn converged_in(&mut self, ms: u64) {
        let place = CONVERGENCE_SECONDS.iter().position(|bound| ms <= bound * 1_000);
        self.convergence[place.unwrap_or(CONVERGENCE_SECONDS.len())] += 1;
        self.slowest = self.slowest.max(ms);
    }

    /// Adds what happened in other runs.
    pub fn add(&mut self, other: &Self) {
        for (sum, more) in self.faults.iter_mut().zip(other.faults) {
            *sum += more;
        }
        for (sum, more) in self.struck.iter_mut().zip(other.struck) {
            *sum += more;
        }
        for (sum, more) in self.convergence.iter_mut().zip(other.convergence) {
            *sum += more;
        }
        for (sum, more) in self.edges.iter_mut().zip(other.edges) {
            *sum |= more;
        }
        self.runs += other.runs;
        self.messages += other.messages;
        self.texts += other.texts;
        self.frames += other.frames;
        self.sockets += other.sockets;
        self.connections += other.connections;
        self.token_requests += other.token_requests;
        self.reloads += other.reloads;
        self.takeovers += other.takeovers;
        self.unconfirmed += other.unconfirmed;
        self.asked += other.asked;
        self.beyond_reach += other.beyond_reach;
        self.unnoted += other.unnoted;
        self.unheard += other.unheard;
        self.on_trust += other.on_trust;
        self.not_converged += other.not_converged;
        self.slowest = self.slowest.max(other.slowest);
    }
}

/// Runs a schedule to its end, or to the first broken rule. A panic is a broken rule.
pub fn run(schedule: &Schedule, options: Options) -> Outcome {
    let run = || {
        let mut world = World::new(schedule, options.client, options.is_digested, options.is_traced);
        for step in &schedule.steps {
            if world.breach.is_some() {
                break;
            }
            world.act_out(&step.act);
            world.run_for(step.pause);
        }
        if world.breach.is_none() {
            world.heal();
        }
        world.read_journals();
        world.tally.runs = 1;
        let digest = world.digest();
        let damage = world.damage();
        let trace = world.trace.take().unwrap_or_default();
        Outcome { breach: world.breach, tally: world.tally, digest, trace, damage }
    };
    panic::catch_unwind(AssertUnwindSafe(run)).unwrap_or_else(|payload| {
        let words = payload.downcast_ref::<String>().cloned();
        let words = words.or_else(|| payload.downcast_ref::<&str>().map(|words| (*words).to_owned()));
        Outcome {
            breach: Some(Breach { rule: "panic", words: words.unwrap_or_default(), at: 0 }),
            tally: Tally { runs: 1, ..Tally::default() },
            digest: 0,
            trace: Vec::new(),
            damage: Damage::default(),
        }
    })
}

/// Leaves out steps for as long as the same rule is still broken, and shortens pauses: what is left can be read by a person.
pub fn shrink(schedule: &Schedule, rule: &'static str) -> Schedule {
    let breaks = |steps: &[Step]| {
        let tried = Schedule { steps: steps.to_vec(), ..schedule.clone() };
        let options = Options { client: Kind::Real, is_digested: false, is_traced: false };
        run(&tried, options).breach.is_some_and(|breach| breach.rule == rule)
    };
    let mut steps = schedule.steps.clone();
    let mut chunk = steps.len().div_ceil(2);
    while chunk > 0 {
        let mut from = 0;
        let mut has_shrunk = false;
        while from < steps.len() {
            let mut fewer = steps.clone();
            fewer.drain(from..(from + chunk).min(steps.len()));
            if breaks(&fewer) {
                steps = fewer;
                has_shrunk = true;
            } else {
                from += chunk;
            }
        }
        if !has_shrunk || chunk > 1 {
            chunk /= 2;
        }
    }
    Schedule { steps, ..schedule.clone() }
}
