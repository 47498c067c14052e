//! The pure core of Guest Chat: a [`Session`](session::Session) turns [`Input`](io::Input)s into [`Output`](io::Output)s.
//!
//! It knows no clock, no randomness source, no network, no browser and no async: the time and a seed are handed in, and whatever is
//! to be done comes out as data. A driver performs it in the browser; tests perform it on virtual time, thousands of
//! conversations a second.
//!
//! # The driving loop
//! ```text
//! loop {
//!     let input   = what came first: a command, a word from a socket, an answer, or session.deadline() passing;
//!     let outputs = session.handle_input(now, input);
//!     for output in outputs { perform it, in order }       // the answers come back as inputs
//!     re-arm the one timer for session.deadline();
//! }
//! ```
//! There is nothing to drain, nothing to poll and nothing that can be forgotten: `handle_input` returns all there is to do.
//!
//! # Reading order
//! [`session`] decides everything about a conversation, [`tab`] which of a browser's tabs holds it; [`io`] names every word in and out.
//! What it keeps in order: `timeline` (what is shown), `outbox` (what is not certainly delivered), `credential` (the token). What it waits
//! for: `timer`, `pending`, `backoff`, `window`. How it speaks:
//! [`dialect`]. Where it is, may go and was: [`phase`], [`journal`]; what goes wrong there: [`problem`]. The rest is plain data: [`message`], [`config`], [`snapshot`], [`text`], [`json`], [`time`].
#![cfg_attr(not(test), no_std)]

extern crate alloc;

pub mod io;
pub mod session;
pub mod tab;

mod closure;
pub mod journal;
pub mod phase;
pub mod problem;

pub mod message;
mod outbox;
mod timeline;

mod backoff;
mod credential;
mod pending;
mod random;
mod timer;
mod window;

pub mod dialect;

pub mod config;
pub mod json;
pub mod snapshot;
pub mod text;
pub mod time;
pub mod timings;
pub mod trace;
