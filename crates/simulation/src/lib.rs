//! The whole system in one process on virtual time: up to six tabs of one browser, the site's token endpoint, the backend and the
//! network between them, from one seed. It shares no code with the widget but the core that it puts to the test.
//!
//! A [`Schedule`] is drawn from a seed: what the visitor and the agent do, and which faults strike when. [`run()`] plays it, holds every step
//! against the rules, lets everything heal, and then demands that the screens show what the backend has accepted. The same
//! schedule gives the same run, byte for byte; one that breaks a rule is [shrunk](shrink) until a person can read it.

mod dice;
mod draw;
mod schedule;

mod client;
mod naive;
mod page;
mod screen;

mod disk;
mod endpoint;
mod locks;
mod network;
mod oracle;
mod world;

mod run;

pub use client::Kind as Client;
pub use run::{Breach, CONVERGENCE_SECONDS, Options, Outcome, Tally, run, shrink};
pub use schedule::{Act, Corruption, Fault, KIND_NAMES, KINDS, Reply, Schedule, Setting, Step, Visitor, Wait};
pub use world::Damage;
