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
//!
//! # On the five other wires
//! The same deeds and faults strike them (`wire.rs` says a fault in their words). F18 has nothing to strike on `guest-sessions` and
//! `guest-webchat`, where nothing is said at the opening, and F20 strikes posts of `external-contacts` alone: the others ask nothing by HTTP.
//! The rules hold there as they stand, but for what follows.
//! - A connection may be replaced by a second one, so that a page has two for as long as one takes to open (15 s) and the other to be heard
//!   out (3 s). What took longer than that on its way to the former is the network's.
//! - There is no history, so that a screen cannot get back what it missed (I20, I23). Every text of the visitor's that was taken stands in its
//!   tab; what is shown is in order; tabs that share a session show the same; a line that is said after the healing is heard on every
//!   screen. A line of the agent's that is missing has a notice between its neighbours, unless nobody could know of it: it was said before
//!   anybody was there, or was lost on a connection that seemed to live and on which the next line was heard. Where nothing tells a dead
//!   connection from a quiet one, that is until the next token at the latest. They are counted and printed (`unheard`).
//! - `guest-sessions` answers nothing: a text that was said on a connection which lived a second longer is shown as sent. Where it had gone into
//!   a dead one it is lost, counted and printed (`on trust`). One that was said there on one connection may arrive after one that was said on
//!   the next. A page that slept unseen may show it as being sent for as long again as its timers are late. Its order among the agent's
//!   lines is not known; on the other wires what is echoed or answered has the backend's time.
//! - A text of unknown fate is never sent again by itself, and the visitor is asked.
//! - Where a record was destroyed in storage, how far its message had got is not known, and one repetition is forgiven. Whoever took over
//!   while storage gave nothing knows of nothing before.
//! - On `conversation-socket` packets on one way differ by 500 ms at most in how long they take, unless a fault holds them up: half a second
//!   behind the auth a join must be there, however far away it comes from.
//! - The endpoint keeps the visitor's ids, whatever becomes of its answer, and no token lives for more than two hours.

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
