//! The whole system in one process on virtual time: up to six tabs of one browser, the site's token endpoint, the backend and the
//! network between them, from one seed. It shares no code with the widget but the core that it puts to the test.
//!
//! A [`Schedule`] is drawn from a seed: what the visitor and the agent do, and which faults strike when. [`run()`] plays it, holds every step
//! against the rules, lets everything heal, and then demands that the screens show what the backend has accepted. The same
//! schedule gives the same run, byte for byte; one that breaks a rule is [shrunk](shrink) until a person can read it.
//!
//! # What is taken for granted
//! - What is under way when its socket is closed arrives within 2.5 s or never. A client believes history's silence 3 s after a loss;
//!   about a text that lingers longer nobody can know.
//! - Where storage refused to keep how far a message had got, and another page reads it there later, one repetition is forgiven for each
//!   page that ended so. Where it refused to keep the message at all and its page ended, its loss is. Both are counted and printed.
//! - What stands in no storage when another page takes over may arrive after what was written later; so may a message that was handed over
//!   and destroyed in storage before the leader took it. Once the number of the latest reign
//!   has been lost, a leader that was frozen cannot know that it was replaced, and may write over what the next one keeps.
//! - Without locks nobody's record of the conversation is damaged alone: who loses it begins another one.
//! - A text that a fault delays is lost when its socket is closed. What the token endpoint asked of one session the next one does not know.
//! - Every screen must be right 30 s after healing, or as much later as something that was told asks for (`Retry-After`, a late frame), or
//!   as the next look into history takes where a frame was lost without a trace. The spread is printed.

mod dice;
mod draw;
mod schedule;

mod client;
mod naive;
mod page;
mod screen;

mod disk;
mod endpoint;
mod ledger;
mod locks;
mod mint;
mod network;
mod oracle;
mod rules;
mod wire;
mod world;

mod run;

pub use client::Kind as Client;
pub use rules::{RULES, says};
pub use run::{Breach, CONVERGENCE_SECONDS, Options, Outcome, Tally, run, shrink};
pub use schedule::{Act, Corruption, Fault, KIND_NAMES, KINDS, Reply, Schedule, Setting, Step, Visitor, WEB_MESSAGING};
pub use world::Damage;
